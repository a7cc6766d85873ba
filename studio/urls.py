"""Includes each app's routes; nothing else."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

handler403 = "studio.core.views.refused"
handler404 = "studio.core.views.missing"
handler500 = "studio.core.views.broken"

urlpatterns = [
    path("", include("studio.core.urls")),
    path("accounts/", include("studio.accounts.urls")),
    path("admin/", admin.site.urls),
]
