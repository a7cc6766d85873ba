"""What a person can do about payments that cannot be applied, and about what waits for approval."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from engine.canon.money import spoken
from engine.canon.typed import typed, typed_number
from engine.errors import StudioError
from studio.accounts.roles import APPROVE, MATCH, TRIAGE
from studio.core.action import Actor
from studio.flows.actions import item_of, override, replay, replay_cause
from studio.flows.models import InboxItem
from studio.flows.open_items import Held, OpenItems, shares_in
from studio.flows.settling import DOCUMENTS, HOLD, NO_ACCOUNT, number
from studio.flows.work import ACCEPTED
from studio.linking.actions import Ends, add_link
from studio.triage.models import Case
from studio.triage.remedies import Choice, Input, Remedy, register

MOST = 30
# What a share that was refused can be answered with.
TOO_MUCH = ("over_applied", "payment_used_up")
REFUSED = (*TOO_MUCH, "other_currency", "other_party", "document_unknown")


def _item(case: Case) -> InboxItem:
    item = item_of(case)
    if item is None:
        raise ValidationError(_("The record of this case is not there any more."))
    return item


def _reader(case: Case) -> OpenItems:
    reader = OpenItems.of(_item(case).flow)
    if reader is None:
        raise ValidationError(_("This flow applies no payments."))
    return reader


def _unlinked(case: Case) -> bool:
    """Whether the case asks which document a payment pays."""
    return case.case_class == "payment" and case.evidence.get("table") in DOCUMENTS


def candidates(case: Case, text: str) -> list[Choice]:
    """Open documents of the payment's customer: the same amount first, then by date.

    A payment is matched to an open document before anything else is done with it (golden test 23).
    """
    party = str(_item(case).canonical.get("party") or "")
    paid = number(case.evidence.get("amount"))
    try:
        reader = _reader(case)
        held = reader.of_party(party) if party else []
        if text:
            held += [h for h in reader.documents([text]).values() if h not in held]
    except StudioError as error:
        raise ValidationError(str(error)) from error
    wanted = [h for h in held if not text or text.casefold() in h.code.casefold()]
    wanted.sort(key=lambda h: (h.item.open_amount != paid, h.total != paid))
    return [Choice(h.code, h.code, _hint(h, paid)) for h in wanted[:MOST]]


def _hint(held: Held, paid: Decimal) -> str:
    said = f"{spoken(held.item.open_amount, held.item.currency)} open of {spoken(held.total)}, {held.on or ''}"
    return f"the same amount · {said}" if held.item.open_amount == paid else said


def _likeliest(case: Case) -> str:
    found = candidates(case, "")
    return found[0].value if found and found[0].hint.startswith("the same amount") else ""


def _apply_to(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    item, code = _item(case), str(case.evidence["code"])
    wanted = values["document"]
    if wanted not in _reader(case).documents([wanted]):
        raise ValidationError(
            _("%(target)s has no document “%(wanted)s”. Search and pick one.")
            % {"target": item.flow.target, "wanted": wanted}
        )
    ends = Ends(item.flow.source, code, item.flow.target, wanted, wanted)
    add_link(actor, str(case.evidence["table"]), ends, origin="case")
    count = replay_cause(case)
    return f"{code} is {wanted}. {count} payment{'s' if count != 1 else ''} sent through again."


def _document(case: Case) -> str:
    """The document of the share, as settling knows it."""
    return str(case.evidence.get("code") or case.evidence.get("document") or "")


def _hold(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    item = _item(case)
    override(item, HOLD + _document(case), values["reason"])
    replay(item)
    return f"What was meant for {_document(case)} is not applied to it."


def _share(case: Case) -> dict[str, object]:
    index = int(case.field.partition("[")[2].partition("]")[0] or 0)
    shares = list(shares_in(_item(case).canonical))
    if index >= len(shares):
        raise ValidationError(_("The payment does not name this document any more."))
    return shares[index]


def _has_a_part(case: Case) -> bool:
    """Of nothing that is open, or left of the payment, no part can be applied."""
    too_much = case.case_class == "payment" and case.code in TOO_MUCH
    return too_much and ("left" not in case.evidence or number(case.evidence["left"]) > 0)


def _most(case: Case) -> str:
    """What can be applied at most: what is open there, and what the payment has."""
    share = _share(case)
    code = str(share.get("document") or "")
    item = _item(case)
    try:
        known = (
            _reader(case).documents([code], but=str(item.canonical.get("number") or "")).get(code)
        )
    except StudioError as error:
        raise ValidationError(str(error)) from error
    left = known.item.open_amount if known else Decimal(0)
    return typed(min(left, number(share.get("amount"))))


def _part(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    item, amount = _item(case), _money(values["amount"])
    if amount > typed_number(_most(case)):
        raise ValidationError(
            _("At most %(most)s can be applied to %(document)s.")
            % {"most": _most(case), "document": _document(case)}
        )
    override(item, f"{case.field}.amount", str(amount))
    replay(item)
    return f"{amount} are applied to {_document(case)}; the rest stays unapplied."


def _money(text: str) -> Decimal:
    try:
        found = typed_number(text)
    except ValueError as error:
        raise ValidationError({"amount": str(error)}) from error
    if found < 0:
        raise ValidationError(_("Give an amount of zero or more."))
    return found


def _left(case: Case) -> str:
    return str(case.evidence.get("left", ""))


def _discount(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    item = _item(case)
    override(item, f"{case.field}.discount", _left(case))
    override(_item(case), ACCEPTED + "discount", values["reason"])
    replay(item)
    return f"{_left(case)} count as settlement discount on {_document(case)}."


def _difference(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    item = _item(case)
    override(item, f"{case.field}.written_off", _left(case))
    override(_item(case), ACCEPTED + "currency_residual", values["reason"])
    replay(item)
    return f"{_left(case)} on {_document(case)} are closed as a difference, with this reason."


def _leave(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    item = _item(case)
    override(item, ACCEPTED + case.code, values["reason"])
    replay(item)
    return f"{_left(case)} stay open on {_document(case)}."


def _without_rest(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    applied = number(case.evidence.get("applied"))
    if applied <= 0:
        raise ValidationError(
            _("Nothing of this payment is applied. Apply it to a bill in the books.")
        )
    item = _item(case)
    override(item, case.field, str(applied))
    override(_item(case), ACCEPTED + case.code, values["reason"])
    replay(item)
    return f"{applied} are posted; {_left(case)} are left out, with this reason."


def _approve(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    item = _item(case)
    override(item, ACCEPTED + case.code, f"{actor.name}: {values.get('reason', '')}".rstrip(": "))
    replay(item)
    return f"{case.record_label} is approved and goes out."


REASON = Input("reason", "Reason", "reason")


def register_all() -> None:
    """Add the remedies of payments and approvals; called once from ``FlowsConfig.ready``."""
    for remedy in (
        Remedy("apply_to", "Apply to this document", MATCH, _unlinked, _apply_to,
               (Input("document", "Pays", "choice", choices=candidates, initial=_likeliest),),
               heals_cause=True, primary=True),
        Remedy("hold", "Hold as unapplied", TRIAGE,
               lambda c: _unlinked(c) or (c.case_class == "payment" and c.code in REFUSED), _hold, (REASON,)),
        Remedy("part", "Apply a part", TRIAGE, _has_a_part, _part,
               (Input("amount", "Amount to apply", "amount", initial=_most),), primary=True),
        Remedy("discount", "Take the rest as discount", APPROVE,
               lambda c: c.case_class == "payment" and c.code == "short_paid", _discount, (REASON,)),
        Remedy("difference", "Close as a difference", APPROVE,
               lambda c: c.case_class == "payment" and c.code in ("short_paid", "currency_residual"), _difference,
               (REASON,), primary=True),
        Remedy("leave_open", "Leave it open", TRIAGE,
               lambda c: c.case_class == "payment" and c.code in ("short_paid", "currency_residual"), _leave, (REASON,)),
        Remedy("without_rest", "Post what is applied", APPROVE,
               lambda c: c.case_class == "payment" and c.code == NO_ACCOUNT, _without_rest, (REASON,), primary=True),
        Remedy("approve", "Approve and post", APPROVE, lambda c: c.case_class == "approval" and c.code == "needs_approval",
               _approve, (Input("reason", "Remark", "reason", required=False),), primary=True),
    ):  # fmt: skip
        register(remedy)
