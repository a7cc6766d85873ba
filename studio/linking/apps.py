from __future__ import annotations

from django.apps import AppConfig


class LinkingConfig(AppConfig):
    name = "studio.linking"
    label = "linking"
