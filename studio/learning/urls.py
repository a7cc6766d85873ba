"""Routes of second looks."""

from __future__ import annotations

from django.urls import path

from studio.learning import views

app_name = "learning"
urlpatterns = [
    path("second-looks/", views.looks, name="looks"),
    path("second-looks/<uuid:key>/answer/", views.answer, name="answer"),
    path("second-looks/<uuid:key>/settle/", views.settle, name="settle"),
]
