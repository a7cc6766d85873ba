from __future__ import annotations

from django.urls import path

from studio.catalog import views

app_name = "catalog"
urlpatterns = [
    path("", views.connections, name="connections"),
    path("new/", views.connect, name="connect"),
    path("<uuid:key>/", views.connection, name="connection"),
    path("<uuid:key>/check/", views.check, name="connection-check"),
    path("<uuid:key>/introspect/", views.introspect, name="connection-introspect"),
    path("<uuid:key>/schema/", views.schema, name="schema"),
    path("<uuid:key>/drift/", views.drift, name="drift"),
]
