"""Who decided the codes and links that a posting used, and when: as it was when it was posted.

The row of a mapping and the translation it uses are two decisions, often of two people. Codes and keys come
with what people call them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from studio.flows.corrections import corrections_of
from studio.flows.models import Delivery
from studio.flows.work import MEANT
from studio.linking.models import Link, Party
from studio.mapping.models import LookupRow

# What the trace keeps of everything used: kind, table, code, value, key of the lookup row.
Used = list[Any]


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision about a code or a record, and what both sides of it are called."""

    by: str = ""
    at: datetime | None = None
    table: str = ""
    code_name: str = ""
    value_name: str = ""


class Deciders:
    """The people behind everything that one delivery used; a constant number of queries.

    Args:
        delivery: whose trace tells what was used on the way out.
        before: what was used on the way in.
    """

    def __init__(self, delivery: Delivery, before: Iterable[Used] = ()) -> None:
        self._flow = delivery.flow
        self._moment = delivery.decided_at or delivery.created_at
        used: list[Used] = [u for seen in delivery.trace.values() for u in seen["used"]]
        used += before
        self._rows = self._of_rows({str(u[4]) for u in used if u[0] == "lookup" and u[4]})
        self._links = self._of_links({(str(u[1]), str(u[2])) for u in used if u[0] == "link"})
        self._links |= self._meant(delivery)

    def of(self, used: list[Used]) -> list[dict[str, Any]]:
        """Everything a value used: both codes with their names, who decided it and when, if known."""
        found = []
        for kind, table, code, value, key in used:
            known = self._rows.get(str(key))
            if kind == "link":
                known = self._links.get((str(table), str(code), str(value)))
            known = known or Decided(table=str(table).capitalize())
            said = {"kind": kind, "code": code, "value": value, **asdict(known)}
            found.append(said)
        return found

    def _of_rows(self, keys: set[str]) -> dict[str, Decided]:
        """Key of a lookup row -> its decision in force then; later corrections are not of this posting."""
        past = LookupRow.history.filter(uuid__in=keys, history_date__lte=self._moment)
        rows = past.order_by("history_date", "history_id")
        # The latest overwrites the earlier ones.
        return {
            str(key): Decided(by, at, table, code_name, value_name)
            for key, by, at, table, code_name, value_name in rows.values_list(
                *("uuid", "decided_by", "history_date", "table__label"),
                *("source_label", "target_label"),
            )
        }

    def _of_links(self, wanted: set[tuple[str, str]]) -> dict[tuple[str, str, str], Decided]:
        """(kind, code, value) -> who linked them; a link says the same read backwards."""
        codes, kinds = {code for _, code in wanted}, {kind for kind, _ in wanted}
        source, target = self._flow.source_id, self._flow.target_id
        ours = Q(left_connection=source, right_connection=target)
        theirs = Q(left_connection=target, right_connection=source)
        named = Q(left_code__in=codes) | Q(right_key__in=codes)
        links = list(
            Link.objects.filter(ours | theirs, named, kind__in=kinds)
            .filter(created_at__lte=self._moment)
            .order_by("created_at")
        )
        names = self._names(codes | {one.left_code for one in links})
        found: dict[tuple[str, str, str], Decided] = {}
        for link in links:
            # As it was called then; of a link older than that being kept, as it is called now.
            now = names.get((link.left_connection_id, link.kind, link.left_code), "")
            left = link.left_label or now
            right = link.right_label
            said = link.decided_by, link.created_at, link.kind.capitalize()
            found[link.kind, link.left_code, link.right_key] = Decided(*said, left, right)
            found[link.kind, link.right_key, link.left_code] = Decided(*said, right, left)
        return found

    def _meant(self, delivery: Delivery) -> dict[tuple[str, str, str], Decided]:
        """(kind, code, value) -> who said that the code means this record, in this document alone."""
        found: dict[tuple[str, str, str], Decided] = {}
        for one in corrections_of(delivery.item):
            if one.path.startswith(MEANT):
                kind, _colon, code = one.path.removeprefix(MEANT).partition(":")
                found[kind, code, one.value] = Decided(one.by, one.at, kind.capitalize())
        return found

    def _names(self, codes: set[str]) -> dict[tuple[int, str, str], str]:
        """(connection, kind, code) -> what the record is called there."""
        sides = (self._flow.source_id, self._flow.target_id)
        rows = Party.objects.filter(connection__in=sides, code__in=codes)
        return {
            (connection, kind, code): label
            for connection, kind, code, label in rows.values_list(
                "connection_id", "kind", "code", "label"
            )
        }
