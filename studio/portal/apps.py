from __future__ import annotations

from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "studio.portal"
    verbose_name = "Portal of buyers"
