"""Includes each app's routes; nothing else."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("accounts/", include("studio.accounts.urls")),
    path("admin/", admin.site.urls),
]
