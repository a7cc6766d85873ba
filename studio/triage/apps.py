from __future__ import annotations

from django.apps import AppConfig


class TriageConfig(AppConfig):
    name = "studio.triage"
    label = "triage"

    def ready(self) -> None:
        """Show the number of open cases beside the navigation item."""
        from studio.core.context import register_count
        from studio.triage.queries import open_cases

        register_count("triage:queue", lambda workspace: open_cases(workspace).count())
