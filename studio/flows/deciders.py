"""Who decided the codes and links that a posting used, and when: as it was when it was posted.

The row of a mapping and the translation it uses are two decisions, often of two people.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q

from studio.flows.models import Delivery
from studio.linking.models import Link
from studio.mapping.models import LookupRow

Decided = tuple[str, datetime]
# What the trace keeps of everything used: kind, table, code, value, key of the lookup row.
Used = list[Any]


class Deciders:
    """The people behind everything that one delivery used; a constant number of queries."""

    def __init__(self, delivery: Delivery) -> None:
        self._flow = delivery.flow
        self._moment = delivery.decided_at or delivery.created_at
        used: list[Used] = [u for seen in delivery.trace.values() for u in seen["used"]]
        self._rows = self._of_rows({str(u[4]) for u in used if u[0] == "lookup" and u[4]})
        self._links = self._of_links({(str(u[1]), str(u[2])) for u in used if u[0] == "link"})

    def of(self, used: list[Used]) -> list[dict[str, Any]]:
        """Everything a value used, each with who decided it and when; empty where it is not known."""
        found = []
        for kind, table, code, value, key in used:
            known = self._rows.get(str(key))
            if kind == "link":
                known = self._links.get((str(table), str(code), str(value)))
            by, at = known or ("", None)
            said = {"kind": kind, "table": table, "code": code, "value": value}
            found.append({**said, "by": by, "at": at})
        return found

    def _of_rows(self, keys: set[str]) -> dict[str, Decided]:
        """Key of a lookup row -> its decision in force then; later corrections are not of this posting."""
        past = LookupRow.history.filter(uuid__in=keys, history_date__lte=self._moment)
        rows = past.order_by("history_date", "history_id")
        # The latest overwrites the earlier ones.
        return {
            str(key): (by, at)
            for key, by, at in rows.values_list("uuid", "decided_by", "history_date")
        }

    def _of_links(self, wanted: set[tuple[str, str]]) -> dict[tuple[str, str, str], Decided]:
        """(kind, code, value) -> who linked them; a link says the same read backwards."""
        codes, kinds = {code for _, code in wanted}, {kind for kind, _ in wanted}
        source, target = self._flow.source_id, self._flow.target_id
        ours = Q(left_connection=source, right_connection=target)
        theirs = Q(left_connection=target, right_connection=source)
        named = Q(left_code__in=codes) | Q(right_key__in=codes)
        links = Link.objects.filter(ours | theirs, named, kind__in=kinds)
        found: dict[tuple[str, str, str], Decided] = {}
        for link in links.filter(created_at__lte=self._moment).order_by("created_at"):
            said = (link.decided_by, link.created_at)
            found[link.kind, link.left_code, link.right_key] = said
            found[link.kind, link.right_key, link.left_code] = said
        return found
