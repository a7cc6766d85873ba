from __future__ import annotations

from django.apps import AppConfig


class TieoutConfig(AppConfig):
    name = "studio.tieout"
    label = "tieout"
