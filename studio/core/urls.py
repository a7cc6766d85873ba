from __future__ import annotations

from django.urls import path

from studio.core import views

app_name = "core"
urlpatterns = [
    path("theme/", views.theme, name="theme"),
    path("healthz", views.health, name="health"),
    path("_style", views.style_guide, name="style"),
]
