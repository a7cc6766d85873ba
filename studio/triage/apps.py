from __future__ import annotations

from django.apps import AppConfig


class TriageConfig(AppConfig):
    name = "studio.triage"
    label = "triage"
