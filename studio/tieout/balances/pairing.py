"""Which open document here is which there, and what makes them differ; nothing is asked of a system."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from engine.runtime.balances import Document, Open, positions
from engine.runtime.residual import Difference, Name, Residual, compare
from studio.catalog.models import Connection
from studio.flows.models import Delivery
from studio.tieout.balances.ledger import UNSETTLED, Known
from studio.tieout.balances.sides import GIVES, Held, Side

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Party:
    """A customer or supplier, known in one system or in both."""

    key: str
    code: str
    label: str


@dataclass(slots=True)
class Line:
    """One document of one party in one currency, with its differences by name."""

    party: Party
    currency: str
    kind: str
    source: Held | None
    target: Held | None
    residual: Residual
    subject: str = ""
    subjects: dict[str, str] = field(default_factory=dict)

    @property
    def here(self) -> Decimal | None:
        """Open at the source; None where the source does not have it."""
        return self.source.open.left if self.source else None

    @property
    def there(self) -> Decimal | None:
        """Open at the target."""
        return self.target.open.left if self.target else None

    @property
    def on(self) -> date | None:
        """Its date."""
        one = self.source or self.target
        return one.on if one else None

    def subject_of(self, difference: Difference) -> str:
        """The row of ours behind a difference."""
        return self.subjects.get(difference.key, self.subject)


class Pairing:
    """Lays the documents of an area beside one another.

    Args:
        source: the company whose records the flows read.
        target: the books.
        known: what the ledger knows.
    """

    def __init__(self, source: Connection, target: Connection, known: Known) -> None:
        self._source, self._target, self._known = source, target, known

    def lines(self, here: Side, there: Side) -> list[Line]:
        """One line for every document that is open on a side, and for both sides together."""
        self._there = there
        self._by_key = {key: (kind, key) for kind, key in there.documents if kind != "money"}
        pairs, rest_here, rest_there = self._matched(here, there)
        copies = {(t.party, t.number) for _, t in pairs}
        found: list[Line] = []
        for source, target in pairs:
            found += self._pair(source, target)
        for source in rest_here:
            found.append(self._line(self._of_source(source), source, None))
        for target in rest_there:
            copy = (target.party, target.number) in copies
            found.append(self._line(self._of_target(target, copy=copy), None, target))
        return [one for one in found if one.here or one.there]

    # --- which is which -----------------------------------------------------------------------------

    def _matched(
        self, here: Side, there: Side
    ) -> tuple[list[tuple[Held, Held]], list[Held], list[Held]]:
        """Pairs by link or receipt, then by number of the party, then by day and total; and what is left over."""
        left = dict(there.documents)
        pairs: list[tuple[Held, Held]] = []
        rest: list[Held] = []
        for source in here.documents.values():
            target = left.pop(self._counterpart(source), None)
            if target is None:
                rest.append(source)
            else:
                pairs.append((source, target))
        # What a flow posted or will post has its counterpart by link; only others are looked for.
        ours = [one for one in rest if not self._loose(one)]
        rest = [one for one in rest if self._loose(one)]
        copied = {(t.party, t.number) for _, t in pairs}
        theirs: list[Held] = []
        others: list[Held] = []
        for one in left.values():
            known = (one.entity, one.key) in self._known.posted
            (theirs if known or (one.party, one.number) in copied else others).append(one)
        for mark in (_by_number, _by_day):
            more, rest, others = _pair_off(rest, others, mark, self._known.parties)
            pairs += more
        return pairs, [*ours, *rest], [*theirs, *others]

    def _loose(self, source: Held) -> bool:
        """Whether no flow has to do with the document: its counterpart was entered by a person."""
        linked = (source.called, source.code) in self._known.links
        return not linked and self._known.standing(source).state in ("", "void")

    def _counterpart(self, source: Held) -> tuple[str, str]:
        known = self._known
        linked = known.links.get((source.called, source.code))
        if linked is not None:
            return self._by_key.get(linked, ("", ""))
        for reference in source.receipts if source.kind in GIVES and not source.record else ():
            if reference in known.receipts:
                return "money", known.receipts[reference]
        return "", ""

    # --- what makes them differ -----------------------------------------------------------------------

    def _pair(self, source: Held, target: Held) -> list[Line]:
        """One line; two where the two sides book it to different parties or in other currencies."""
        wanted = self._known.parties.get(source.party, target.party)
        if wanted == target.party and self._money(source, self._source) == self._money(
            target, self._target
        ):
            return [self._line(self._of_both(source, target), source, target)]
        reason = Name.OTHER_PARTY if wanted != target.party else Name.CHANGED_AT_TARGET
        return [
            self._line(Document(source.number, source=source.open, reason=reason), source, None),
            self._line(Document(target.number, target=target.open, reason=reason), None, target),
        ]

    def _of_both(self, source: Held, target: Held) -> Document:
        known = self._known
        gives = source.kind in GIVES
        there, pending = target.open, known.pending.get(source.code, [])
        if target.kind == "money":
            # Money on account is what a receipt left over; its total is what it was at the source.
            there = Open(source.open.total, there.left)
            pending = [*pending, *(known.held[k] for k in (target.key,) if k in known.held)]
        posted = known.posted.get((target.entity, target.key))
        sent, asked = self._said(posted, target)
        return Document(
            key=source.number,
            source=source.open,
            target=there,
            state="posted",
            sent=sent,
            asked=asked,
            tolerance=CENT * (self._lines_of(posted)),
            gives=gives,
            pending=pending,
        )

    @staticmethod
    def _lines_of(posted: Delivery | None) -> int:
        lines = posted.item.canonical.get("lines") if posted else None
        return max(1, len(lines)) if isinstance(lines, list) else 1

    @staticmethod
    def _said(posted: Delivery | None, target: Held) -> tuple[Decimal | None, Decimal | None]:
        """What we sent and of what record, signed like the document."""
        if posted is None:
            return None, None
        sign = -1 if target.open.total < 0 else 1
        return sign * abs(posted.gross), sign * abs(posted.item.amount)

    def _of_source(self, source: Held) -> Document:
        said = self._known.standing(source)
        linked = self._known.links.get((source.called, source.code))
        reason = said.reason
        if linked in self._there.drafts:
            reason = Name.DRAFT_AT_TARGET
        elif reason is Name.OUT_OF_SCOPE and source.party not in self._known.parties:
            reason = Name.UNLINKED_PARTY
        elif reason is Name.OUT_OF_SCOPE and self._known.before(source):
            reason = Name.BEFORE_START
        return Document(source.number, source=source.open, state=said.state, reason=reason)

    def _of_target(self, target: Held, *, copy: bool) -> Document:
        known = self._known
        posted = known.posted.get((target.entity, target.key))
        paid = known.payments.get(target.key) if target.kind == "money" else None
        reason: Name | None = None
        if paid is not None:
            reason = UNSETTLED.get(paid.state, paid.reason)
        elif posted is None and copy:
            reason = Name.DUPLICATE
        if reason is None and posted is None and target.party not in known.back:
            reason = Name.UNLINKED_PARTY
        sent, _asked = self._said(posted, target)
        return Document(target.number, target=target.open, sent=sent, reason=reason)

    # --- lines ------------------------------------------------------------------------------------------

    def _line(self, document: Document, source: Held | None, target: Held | None) -> Line:
        sides = ((source, self._source), (target, self._target))
        said = [(held.kind, self._money(held, company)) for held, company in sides if held]
        kind, currency = said[0]
        return Line(
            party=self._party(source, target),
            currency=currency,
            kind=kind,
            source=source,
            target=target,
            residual=compare(positions(document)),
            subject=self._subject(source, target),
            subjects={p.key: self._known.subjects.get(p.key, "") for p in document.pending},
        )

    def _subject(self, source: Held | None, target: Held | None) -> str:
        known = self._known
        if target is not None:
            posted = known.posted.get((target.entity, target.key))
            if posted is not None:
                return f"delivery:{posted.uuid}"
            if target.kind == "money" and target.key in known.payments:
                return known.payments[target.key].subject
        return known.standing(source).subject if source else ""

    def _party(self, source: Held | None, target: Held | None) -> Party:
        known = self._known
        code = source.party if source else known.back.get(target.party, "") if target else ""
        key = target.party if target else known.parties.get(code, "")
        label = (
            known.labels.get((self._source.pk, code))
            or known.labels.get((self._target.pk, key))
            or (target.name if target else "")
            or code
            or key
        )
        return Party(key, code, label)

    @staticmethod
    def _money(held: Held, connection: Connection) -> str:
        return held.currency or connection.currency


def _by_number(held: Held, party: str) -> Hashable:
    return party, held.kind, held.number


def _by_day(held: Held, party: str) -> Hashable:
    return party, held.kind, held.on, held.open.total


def _pair_off(
    here: Iterable[Held],
    there: Iterable[Held],
    mark: Callable[[Held, str], Hashable],
    parties: dict[str, str],
) -> tuple[list[tuple[Held, Held]], list[Held], list[Held]]:
    """Pair documents of linked parties that a mark names once on each side; nothing is guessed."""
    ours = _marked(here, lambda h: mark(h, parties[h.party]) if h.party in parties else None)
    theirs = _marked(there, lambda h: mark(h, h.party))
    pairs: list[tuple[Held, Held]] = []
    rest: list[Held] = []
    for key, held in ours.items():
        others = theirs.get(key, []) if key is not None else []
        if len(held) == len(others) == 1:
            pairs.append((held[0], others[0]))
            del theirs[key]
        else:
            rest += held
    return pairs, rest, list(_all(theirs))


def _marked(
    rows: Iterable[Held], mark: Callable[[Held], Hashable | None]
) -> dict[Hashable | None, list[Held]]:
    found: dict[Hashable | None, list[Held]] = defaultdict(list)
    for one in rows:
        found[mark(one)].append(one)
    return found


def _all(groups: dict[Hashable | None, list[Held]]) -> Iterator[Held]:
    for rows in groups.values():
        yield from rows


def joined(lines: Iterable[Line]) -> list[tuple[Party, str, list[Line]]]:
    """Lines by party and currency; two codes that are one party of the books stand together."""
    groups: dict[tuple[str, str, str], list[Line]] = defaultdict(list)
    for line in lines:
        party = line.party
        mark = ("", party.key) if party.key else (party.code, "")
        groups[(*mark, line.currency)].append(line)
    found = []
    for group in groups.values():
        codes = ", ".join(sorted({one.party.code for one in group if one.party.code}))
        found.append((replace(group[0].party, code=codes), group[0].currency, group))
    return sorted(found, key=lambda row: row[0].label.casefold())
