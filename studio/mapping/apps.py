from __future__ import annotations

from django.apps import AppConfig


class MappingConfig(AppConfig):
    name = "studio.mapping"
    label = "mapping"

    def ready(self) -> None:
        """Tell the drift page what a change of a schema does to mappings, and what teaches."""
        from studio.catalog.uses import register_finder, register_suggester
        from studio.learning.learners import register_learner
        from studio.learning.sources import register_source
        from studio.learning.topics import register_topic
        from studio.mapping.calibrated import LEARNER
        from studio.mapping.drift import mappings_hit, replacements
        from studio.mapping.opinions import TOPIC
        from studio.mapping.repeats import SOURCE

        register_finder(mappings_hit)
        register_suggester(replacements)
        register_source(SOURCE)
        register_learner(LEARNER)
        register_topic(TOPIC)
