from __future__ import annotations

from django.apps import AppConfig


class MappingConfig(AppConfig):
    name = "studio.mapping"
    label = "mapping"

    def ready(self) -> None:
        """Tell the drift page what a change of a schema does to mappings, and what teaches."""
        from studio.catalog.uses import register_finder, register_suggester
        from studio.learning.learners import LEARNERS
        from studio.learning.sources import SOURCES
        from studio.learning.topics import TOPICS
        from studio.mapping.calibrated import LEARNER
        from studio.mapping.drift import mappings_hit, replacements
        from studio.mapping.opinions import TOPIC
        from studio.mapping.repeats import SOURCE

        register_finder(mappings_hit)
        register_suggester(replacements)
        SOURCES.register(SOURCE)
        LEARNERS.register(LEARNER)
        TOPICS.register(TOPIC)
