from __future__ import annotations

from django.apps import AppConfig


class TieoutConfig(AppConfig):
    name = "studio.tieout"
    label = "tieout"

    def ready(self) -> None:
        """Tell the review of matches what is open with the parties."""
        from studio.linking.owed import register
        from studio.tieout.balances.owed import owed

        register(owed)
