"""The app of the REST surface."""

from __future__ import annotations

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "studio.api"
    label = "api"

    def ready(self) -> None:
        from studio.api import openapi  # noqa: F401 - registers how tokens look in the document
