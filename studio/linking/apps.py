from __future__ import annotations

from django.apps import AppConfig


class LinkingConfig(AppConfig):
    name = "studio.linking"
    label = "linking"

    def ready(self) -> None:
        """Say which judgements are asked again and what they teach."""
        from studio.learning.learners import register_learner
        from studio.learning.sources import register_source
        from studio.learning.topics import register_topic
        from studio.linking.calibrated import LEARNER
        from studio.linking.opinions import TOPICS
        from studio.linking.repeats import SOURCE

        register_source(SOURCE)
        register_learner(LEARNER)
        for topic in TOPICS:
            register_topic(topic)
