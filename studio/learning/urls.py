"""Routes of second looks and calibrations."""

from __future__ import annotations

from django.urls import path

from studio.learning import views

app_name = "learning"
urlpatterns = [
    path("second-looks/", views.looks, name="looks"),
    path("second-looks/<uuid:key>/answer/", views.answer, name="answer"),
    path("second-looks/<uuid:key>/settle/", views.settle, name="settle"),
    path("calibrations/<uuid:key>/take-back/", views.take_back, name="take-back"),
    path("calibrations/<uuid:key>/put-back/", views.put_back, name="put-back"),
]
