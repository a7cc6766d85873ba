from __future__ import annotations

from django.apps import AppConfig


class TriageConfig(AppConfig):
    name = "studio.triage"
    label = "triage"

    def ready(self) -> None:
        """Show the number of records that are held up beside the navigation item."""
        from studio.core.context import register_count
        from studio.triage.queries import held_up, held_up_words, open_cases
        from studio.triage.words import COUNTED

        register_count(
            "triage:queue",
            lambda w: held_up(open_cases(w)),
            lambda n: f"{held_up_words(n)}. {COUNTED}",
        )
