from __future__ import annotations

from django.apps import AppConfig


class MappingConfig(AppConfig):
    name = "studio.mapping"
    label = "mapping"

    def ready(self) -> None:
        """Tell the drift page what a change of a schema does to mappings."""
        from studio.catalog.uses import register_finder, register_suggester
        from studio.mapping.drift import mappings_hit, replacements

        register_finder(mappings_hit)
        register_suggester(replacements)
