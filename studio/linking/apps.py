from __future__ import annotations

from django.apps import AppConfig


class LinkingConfig(AppConfig):
    name = "studio.linking"
    label = "linking"

    def ready(self) -> None:
        """Say which judgements are asked again and what they teach."""
        from studio.learning.learners import LEARNERS
        from studio.learning.sources import SOURCES
        from studio.learning.topics import TOPICS
        from studio.linking.calibrated import LEARNER
        from studio.linking.opinions import QUESTIONS
        from studio.linking.repeats import SOURCE

        SOURCES.register(SOURCE)
        LEARNERS.register(LEARNER)
        for topic in QUESTIONS:
            TOPICS.register(topic)
