"""What our own rows know about documents that are open: who posted them, what waits, what is linked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Min, Q

from engine.errors import MappingRefused
from engine.runtime.balances import Pending
from engine.runtime.residual import Name
from studio.catalog.models import Connection
from studio.flows.bundle import bundle_of, context_of
from studio.flows.models import Delivery, Flow, InboxItem
from studio.flows.open_items import shares_in, taken_of
from studio.flows.poll import HISTORY
from studio.flows.reversal import ENDED
from studio.flows.reversal import STEPS as TAKE_BACK
from studio.flows.work import as_read
from studio.linking.models import Link, Party
from studio.linking.references import links_for
from studio.mapping.models import LookupRow
from studio.tieout.balances.sides import Held

RUNNING = ("live", "paused", "draining")
# Area -> kinds of documents whose links flows make, and who owes or is owed.
AREAS: dict[str, tuple[tuple[str, ...], str]] = {
    "receivable": (("invoice", "credit_note"), "customer"),
    "payable": (("bill",), "supplier"),
}
UNDER_WAY = ("new", "working", "waiting")
# State of a payment -> why it is not at the source yet.
UNSETTLED = {"case": Name.PAYMENT_CASE, "in_flight": Name.PAYMENT_IN_FLIGHT}


def made_by(flow: Flow) -> set[str]:
    """Kinds of documents that a flow makes and links at its target."""
    entities: dict[str, Any] = flow.design.get("entities", {})
    return {str(plan["link"]["kind"]) for plan in entities.values() if "link" in plan}


def pairs_of(flows: Iterable[Flow]) -> dict[tuple[int, int], set[str]]:
    """(source, target) of running flows that make documents -> areas that can be compared."""
    found: dict[tuple[int, int], set[str]] = {}
    for flow in flows:
        kinds = made_by(flow) if flow.state in RUNNING else set()
        for area, (wanted, _party) in AREAS.items():
            if kinds.intersection(wanted):
                found.setdefault((flow.source_id, flow.target_id), set()).add(area)
    return found


@dataclass(frozen=True, slots=True)
class Standing:
    """What the ledger says of one document: state as in ``Position``, reason, and where it is shown."""

    state: str = ""
    reason: Name | None = None
    subject: str = ""


@dataclass(slots=True)
class Known:
    """Everything about one area between two companies, read at once.

    Attributes:
        links: (kind, code at the source) -> key at the target.
        parties: code at the source -> key at the target.
        back: key at the target -> code at the source.
        labels: (connection, key or code) -> name of the party.
        posted: (entity, target key) -> its living posting.
        pending: code at the source -> settlements the target has and the source has not.
        receipts: reference of a posted receipt -> key of the payment it was made of.
        unapplied: those of them that left money on account -> their posting.
        held: key of a payment -> what of it somebody kept from the documents it names.
        payments: key of a payment -> what became of it.
        subjects: key of a payment, as ``Pending`` names it -> where it is shown.
        carriers: kind -> running flows that make such documents.
        items: (flow, record) -> its newest version.
        living: (flow, record) -> the posting that stands or is under way.
        began: kind -> day of the first document that a flow carries.
    """

    links: dict[tuple[str, str], str] = field(default_factory=dict)
    parties: dict[str, str] = field(default_factory=dict)
    back: dict[str, str] = field(default_factory=dict)
    labels: dict[tuple[int, str], str] = field(default_factory=dict)
    posted: dict[tuple[str, str], Delivery] = field(default_factory=dict)
    pending: dict[str, list[Pending]] = field(default_factory=lambda: defaultdict(list))
    receipts: dict[str, str] = field(default_factory=dict)
    unapplied: dict[str, Delivery] = field(default_factory=dict)
    held: dict[str, Pending] = field(default_factory=dict)
    payments: dict[str, Standing] = field(default_factory=dict)
    subjects: dict[str, str] = field(default_factory=dict)
    carriers: dict[str, list[Flow]] = field(default_factory=dict)
    items: dict[tuple[int, str], InboxItem] = field(default_factory=dict)
    living: dict[tuple[int, str], Delivery] = field(default_factory=dict)
    began: dict[str, date] = field(default_factory=dict)

    def standing(self, held: Held) -> Standing:
        """What became of the record that a document of the source belongs to."""
        carriers = self.carriers.get(held.called, [])
        if not held.record and (posted := self._receipt(held)) is not None:
            return Standing(reason=Name.RECEIPT_UNAPPLIED, subject=f"delivery:{posted.uuid}")
        if not carriers or not held.record:
            return Standing(reason=Name.OUT_OF_SCOPE)
        for flow in carriers:
            item = self.items.get((flow.pk, held.record))
            if item is None:
                continue
            living = self.living.get((flow.pk, held.record))
            return _standing(item, living)
        return Standing()

    def before(self, held: Held) -> bool:
        """Whether a document is older than all that the flows of its kind carry."""
        began = self.began.get(held.called)
        return began is not None and held.on is not None and held.on < began

    def _receipt(self, held: Held) -> Delivery | None:
        """The receipt of ours that money on account at the source is."""
        if held.kind != "credit_note":
            return None
        return next((self.unapplied[r] for r in held.receipts if r in self.unapplied), None)


def _standing(item: InboxItem, living: Delivery | None) -> Standing:
    subject = f"inbox:{item.uuid}"
    if item.state == "filtered" and living is None:
        reason = Name.BEFORE_START if item.why == HISTORY else Name.LEFT_OUT
        return Standing(reason=reason, subject=subject)
    if item.state in ("parked", "void"):
        return Standing("case" if item.state == "parked" else "void", subject=subject)
    if item.state in UNDER_WAY:
        return Standing("in_flight", subject=subject)
    if living is None:
        return Standing("void", subject=subject)
    state = {"done": "posted", "parked": "case"}.get(living.state, "in_flight")
    return Standing(state, subject=f"delivery:{living.uuid}")


def known(source: Connection, target: Connection, area: str) -> Known:
    """Read what the ledger knows of an area between two companies."""
    kinds, party = AREAS[area]
    found = Known()
    _links(found, source, target, kinds, party)
    between = Flow.objects.filter(source=source, target=target, state__in=RUNNING)
    for flow in between:
        for kind in made_by(flow).intersection(kinds):
            found.carriers.setdefault(kind, []).append(flow)
    carriers = {f.pk for flows in found.carriers.values() for f in flows}
    for item in _newest(carriers):
        found.items[item.flow_id, item.key] = item
    _began(found)
    posts = Delivery.objects.filter(flow__in=carriers, step="post").exclude(state__in=ENDED)
    for one in posts.select_related("item").defer("payload", "trace", "receipt", "item__payload"):
        found.living[one.flow_id, one.item.key] = one
        if one.state == "done":
            found.posted[one.entity, one.target_key] = one
    _payments(found, source, target, kinds)
    return found


def _links(
    found: Known, source: Connection, target: Connection, kinds: tuple[str, ...], party: str
) -> None:
    there = Q(left_connection=source, right_connection=target)
    here = Q(left_connection=target, right_connection=source)
    rows = Link.objects.filter(there | here, kind__in=kinds, active=True).order_by("pk")
    for link in rows:
        forwards = link.left_connection_id == source.pk
        code, key = (link.left_code, link.right_key)[:: 1 if forwards else -1]
        found.links[link.kind, code] = key
    found.parties = dict(links_for(source, target).get(party, {}))
    found.back = {key: code for code, key in found.parties.items()}
    rows_of_parties = Party.objects.filter(connection__in=(source, target), kind=party)
    for connection, key, code, label in rows_of_parties.values_list(
        "connection_id", "key", "code", "label"
    ):
        found.labels[connection, key] = found.labels[connection, code] = label


def _began(found: Known) -> None:
    """The day of the first document of each kind; what a filter leaves out is not carried."""
    for kind, flows in found.carriers.items():
        carried = InboxItem.objects.filter(flow__in=flows).exclude(state="filtered")
        first = carried.aggregate(day=Min("document_on"))["day"]
        if first is not None:
            found.began[kind] = first


def _newest(flows: Iterable[int]) -> Iterable[InboxItem]:
    """The items of flows, oldest first: a later version of a record replaces an earlier one."""
    items = InboxItem.objects.filter(flow__in=flows).order_by("pk")
    return items.only("uuid", "flow_id", "key", "state", "why").iterator()


def _payments(found: Known, source: Connection, target: Connection, kinds: tuple[str, ...]) -> None:
    """Settlements the target has and the source not (or the other way, while one is taken back)."""
    flows = [
        flow
        for flow in Flow.objects.filter(source=target, target=source, state__in=RUNNING)
        if flow.design.get("settle", {}).get("document") in kinds
    ]
    for item, posted in _payment_items(flows):
        said = _standing(item, posted)
        found.payments[item.key] = said
        if posted is not None and posted.state == "done":
            found.receipts[posted.reference] = item.key
            if Decimal(str(posted.item.canonical.get("unapplied") or 0)):
                found.unapplied[posted.reference] = posted
                _held_back(found, posted)
        name = UNSETTLED.get(said.state)
        if name:
            _wait(found, item.canonical, name, said.subject, 1)
    _taken_back(found, flows)


def _held_back(found: Known, posted: Delivery) -> None:
    """Shares of a posted payment that somebody held: the books have them on a document, the source on account."""
    item = posted.item
    if not item.overrides:
        return
    try:
        said = as_read(item, bundle_of(posted.version), context_of(posted.flow))
    except (MappingRefused, LookupError):
        # The schema it was compiled on is gone: the receipt itself is known all the same.
        return
    applied = defaultdict[str, Decimal](Decimal)
    for share in shares_in(item.canonical):
        applied[str(share.get("document"))] += taken_of(share)
    shares = [
        {**share, "amount": back, "discount": None, "written_off": None}
        for share in shares_in(said)
        if (back := taken_of(share) - applied[str(share.get("document"))]) > 0
    ]
    number, subject = str(item.canonical.get("number") or ""), f"delivery:{posted.uuid}"
    payment = {"number": number, "allocations": shares}
    _wait(found, payment, Name.RECEIPT_UNAPPLIED, subject, 1)
    total = sum((taken_of(share) for share in shares), Decimal(0))
    found.held[item.key] = Pending(number, -total, Name.RECEIPT_UNAPPLIED)
    found.subjects[number] = subject


@dataclass(slots=True)
class CashKnown:
    """What our rows know of the accounts that payments name.

    Attributes:
        accounts: codes of the accounts in the books.
        banks: code of an account -> code of the bank at the source.
        moves: code of an account -> what came in (went out) there and is not at the source yet.
        subjects: key of a payment -> where it is shown.
    """

    accounts: set[str] = field(default_factory=set)
    banks: dict[str, str] = field(default_factory=dict)
    moves: dict[str, list[Pending]] = field(default_factory=lambda: defaultdict(list))
    subjects: dict[str, str] = field(default_factory=dict)


def cash_known(source: Connection, target: Connection, tables: Iterable[str]) -> CashKnown:
    """Accounts that running payment flows name, their banks, and payments that are under way.

    Args:
        source: whose banks.
        target: the books that payments are read from.
        tables: names of the lookup tables that give an account its bank.
    """
    found = CashKnown()
    payments = Flow.objects.filter(source=target, target=source, state__in=RUNNING)
    flows = [flow for flow in payments if "settle" in flow.design]
    if not flows:
        return found
    rows = LookupRow.objects.filter(table__connection=source, table__name__in=tables)
    found.banks = dict(rows.order_by("pk").values_list("source", "target"))
    found.accounts = set(found.banks)
    for item, living in _payment_items(flows):
        account = str(item.canonical.get("bank_account") or "")
        if not account:
            continue
        found.accounts.add(account)
        said = _standing(item, living)
        name = UNSETTLED.get(said.state)
        if name:
            key = str(item.canonical.get("number") or item.key)
            amount = Decimal(str(item.canonical.get("amount") or 0))
            paid = item.canonical.get("direction") == "paid"
            found.moves[account].append(Pending(key, -amount if paid else amount, name))
            found.subjects[key] = said.subject
    return found


def _payment_items(flows: Iterable[Flow]) -> list[tuple[InboxItem, Delivery | None]]:
    """The newest version of every payment, and its posting that stands or is under way."""
    living = {
        (d.flow_id, d.item.key): d
        for d in Delivery.objects.filter(flow__in=flows, step="post")
        .exclude(state__in=ENDED)
        .select_related("item")
        .defer("payload", "trace", "receipt", "item__payload")
    }
    newest: dict[tuple[int, str], InboxItem] = {}
    items = InboxItem.objects.filter(flow__in=flows).order_by("pk").defer("payload", "log")
    for item in items.iterator():
        newest[item.flow_id, item.key] = item
    return [(item, living.get(place)) for place, item in newest.items()]


def _taken_back(found: Known, flows: list[Flow]) -> None:
    """Receipts that stand at the source although their payment is gone: the other way round."""
    asked = Delivery.objects.filter(flow__in=flows, step__in=TAKE_BACK)
    for one in asked.exclude(state__in=("done", *ENDED)).select_related("follows__item"):
        if one.follows is not None:
            name = Name.PAYMENT_CASE if one.state == "parked" else Name.PAYMENT_IN_FLIGHT
            _wait(found, one.follows.item.canonical, name, f"delivery:{one.uuid}", -1)


def _wait(found: Known, payment: dict[str, Any], name: Name, subject: str, way: int) -> None:
    key = str(payment.get("number") or "")
    found.subjects[key] = subject
    for share in shares_in(payment):
        code = str(share.get("document") or "")
        # A credit is spent: what is open of it grows towards nothing from below.
        spent = -way if share.get("document_kind") == "credit_note" else way
        amount = spent * taken_of(share)
        if code and amount != Decimal(0):
            found.pending[code].append(Pending(key, amount, name))
