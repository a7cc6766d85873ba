from __future__ import annotations

from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "studio.catalog"
    label = "catalog"

    def ready(self) -> None:
        """Tell triage what the case of a connection shows."""
        from studio.catalog.cases import connection_evidence
        from studio.triage.evidence import register

        register("connection", connection_evidence)
