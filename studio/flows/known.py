"""What the studio has read about customers, suppliers and items; rules make no call of their own."""

from __future__ import annotations

from decimal import Decimal

from engine.rules.facts import Reference, Twin
from engine.schema.model import Record
from studio.catalog.models import Connection
from studio.linking.models import Party


class Known:
    """The parties and items of one company, each read once for all records of a batch.

    Args:
        source: whose parties the documents name.
    """

    def __init__(self, source: Connection) -> None:
        self._source = source
        self._where = str(source)
        self._read = set[str]()
        self._parties: dict[tuple[str, str], Party] = {}

    def read(self, document: Record) -> None:
        """Look up whom and what a document names, unless another of this batch named it too."""
        lines = document.get("lines")
        codes = {str(document.get("party") or "")}
        codes |= {
            str(x.get("item") or "")
            for x in (lines if isinstance(lines, list) else [])
            if isinstance(x, dict)
        }
        if missing := codes - self._read - {""}:
            rows = Party.objects.filter(connection=self._source, code__in=missing)
            self._parties |= {(p.kind, p.code): p for p in rows}
            self._read |= missing

    def reference(self, kind: str, code: str) -> Reference | None:
        """A customer, supplier or item of the source; None where it was never read."""
        party = self._parties.get((kind, code))
        if party is None:
            return None
        limit = party.data.get("credit_limit")
        return Reference(
            kind=kind,
            code=code,
            label=party.label,
            active=party.active,
            on_hold=bool(party.data.get("on_hold")),
            credit_limit=Decimal(str(limit)) if limit else None,
            where=self._where,
        )

    def twins(self, kind: str, number: str, party: str, date: str, gross: Decimal) -> list[Twin]:
        """Twins are looked up at the target when an outcome is unclear, not here."""
        return []
