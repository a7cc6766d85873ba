from __future__ import annotations

from django.urls import path

from studio.tieout import views

app_name = "tieout"
urlpatterns = [
    path("", views.periods, name="periods"),
    path("run/", views.run, name="run"),
    path("<uuid:key>/", views.detail, name="detail"),
    path("<uuid:key>/sign/", views.sign, name="sign"),
    path("<uuid:key>/export.<slug:form>", views.export, name="export"),
]
