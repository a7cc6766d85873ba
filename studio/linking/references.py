"""Cross-references between two companies, as the mapping language reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from studio.catalog.models import Connection
from studio.linking.models import KINDS, Link

# Kinds with so few links that all of them are read together.
MASTERS = tuple(kind for kind, _label in KINDS)


def links_for(
    source: Connection, target: Connection, at: datetime | None = None
) -> Mapping[str, Mapping[str, str]]:
    """Canonical kind -> code at the source -> key at the target.

    A link made in the other direction says the same, read backwards, as long as it says one thing.
    Customers, suppliers and items are read at once; documents, of which there are as many as postings,
    are asked for one by one.

    Args:
        source: whose codes.
        target: whose keys.
        at: the links as they were at that moment; None for now.
    """
    return _Links(_Ends(source, target, at))


@dataclass(frozen=True, slots=True)
class _Ends:
    """Between which companies, and as of when."""

    source: Connection
    target: Connection
    at: datetime | None

    def standing(self) -> QuerySet[Link]:
        """Links that are (or were, at a moment) in force, the latest last."""
        if self.at is None:
            return Link.objects.filter(active=True).order_by("pk")
        made = Link.objects.filter(created_at__lte=self.at)
        return made.exclude(ended_at__lte=self.at).order_by("created_at")

    def forwards(self) -> QuerySet[Link]:
        """From the source to the target."""
        return self.standing().filter(left_connection=self.source, right_connection=self.target)

    def backwards(self) -> QuerySet[Link]:
        """Made from the target to the source."""
        return self.standing().filter(left_connection=self.target, right_connection=self.source)


class _Links(Mapping[str, Mapping[str, str]]):
    """Kind -> code -> key."""

    def __init__(self, ends: _Ends) -> None:
        self._ends = ends
        self._masters = _masters(ends)

    def __getitem__(self, kind: str) -> Mapping[str, str]:
        return self._masters[kind] if kind in MASTERS else _Documents(self._ends, kind)

    def __iter__(self) -> Iterator[str]:
        kinds = set(self._masters)
        for links in (self._ends.forwards(), self._ends.backwards()):
            kinds |= set(links.order_by().values_list("kind", flat=True).distinct())
        return iter(sorted(kinds))

    def __len__(self) -> int:
        return len(list(iter(self)))


class _Documents(Mapping[str, str]):
    """Links of one kind of document; nothing is kept, a link may be made at any moment."""

    def __init__(self, ends: _Ends, kind: str) -> None:
        self._ends, self._kind = ends, kind

    def __getitem__(self, code: str) -> str:
        there = self._ends.forwards().filter(kind=self._kind, left_code=code)
        if (key := there.values_list("right_key", flat=True).last()) is not None:
            return key
        here = self._ends.backwards().filter(kind=self._kind, right_key=code)
        codes = set(here.values_list("left_code", flat=True))
        if len(codes) != 1:
            raise KeyError(code)
        return codes.pop()

    def __iter__(self) -> Iterator[str]:
        there = self._ends.forwards().filter(kind=self._kind).values_list("left_code", flat=True)
        here = self._ends.backwards().filter(kind=self._kind).values_list("right_key", flat=True)
        return (code for code in dict.fromkeys([*here, *there]) if code in self)

    def __len__(self) -> int:
        return len(list(iter(self)))


def _masters(ends: _Ends) -> dict[str, dict[str, str]]:
    """All links of customers, suppliers and items; keys that several codes share have none backwards."""
    found: dict[str, dict[str, str]] = {}
    shared: set[tuple[str, str]] = set()
    for kind, code, key in _rows(ends.backwards()):
        if found.setdefault(kind, {}).setdefault(key, code) != code:
            shared.add((kind, key))
    for kind, key in shared:
        del found[kind][key]
    for kind, code, key in _rows(ends.forwards()):
        found.setdefault(kind, {})[code] = key
    return found


def _rows(links: QuerySet[Link]) -> Iterator[tuple[str, str, str]]:
    rows = links.filter(kind__in=MASTERS).values_list("kind", "left_code", "right_key")
    return rows.iterator(chunk_size=5000)
