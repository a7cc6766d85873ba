from __future__ import annotations

from django.urls import path

from studio.core import views

app_name = "core"
urlpatterns = [
    path("theme/", views.theme, name="theme"),
    path("healthz", views.health, name="health"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("admin/login/", views.admin_sign_in, name="admin-sign-in"),
    path("_style", views.style_guide, name="style"),
]
