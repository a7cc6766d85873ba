"""Routes of webhooks."""

from __future__ import annotations

from django.urls import path

from studio.webhooks import views

app_name = "webhooks"
urlpatterns = [
    path("", views.hooks, name="hooks"),
    path("<uuid:key>/", views.hook, name="hook"),
    path("<uuid:key>/change/", views.change, name="change"),
    path("<uuid:key>/secret/", views.renew_secret, name="renew-secret"),
    path("<uuid:key>/switch/", views.switch, name="switch"),
    path("<uuid:key>/remove/", views.remove, name="remove"),
    path("<uuid:key>/ping/", views.ping, name="ping"),
    path("messages/<uuid:key>/again/", views.send_again, name="send-again"),
]
