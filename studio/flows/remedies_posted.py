"""What a person can do about a document that stands at the target already; registered with triage."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from engine.canon.money import spoken
from studio.accounts.roles import APPROVE, TRIAGE
from studio.core.action import Actor
from studio.flows.actions import item_of
from studio.flows.files import STEP as ATTACH
from studio.flows.models import Delivery, InboxItem
from studio.flows.reposting import (
    CHANGED,
    DROPPED,
    TOTAL_DIFFERS,
    is_going_back,
    leave_posted,
    number_of,
    posting_of,
    take_back_and_post_again,
)
from studio.flows.splitting import ROWS, difference_of, split
from studio.triage.models import Case
from studio.triage.remedies import Input, Remedy, register


def _item(case: Case) -> InboxItem:
    item = item_of(case)
    if item is None:
        raise ValidationError(_("The record of this case is not there any more."))
    return item


def posted_for(case: Case) -> Delivery | None:
    """The standing posting of the record a case is about."""
    item = item_of(case)
    return posting_of(item) if item is not None else None


def _about(case: Case, *codes: str) -> bool:
    if case.code not in codes:
        return False
    posted = posted_for(case)
    return posted is not None and not is_going_back(posted)


def _repost(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    posted = take_back_and_post_again(actor, _item(case), values["reason"])
    return (
        f"{number_of(posted)} is being voided in {posted.connection}; then {case.record_label} is posted "
        "again by the version in force."
    )


def _take_back(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    posted = take_back_and_post_again(actor, _item(case), values["reason"])
    return f"{number_of(posted)} is being voided in {posted.connection}."


def _leave(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    item = _item(case)
    posted = posting_of(item)
    leave_posted(actor, item, values["reason"])
    stays = f"{number_of(posted)} stays in {posted.connection} as it is." if posted else ""
    return f"Closed. {stays}".strip()


def _leavable(case: Case) -> bool:
    """Whether something is held up beside the posting itself: a later version, telling the source."""
    item = item_of(case)
    if item is None or case.case_class in ("amount", "conflict") or posting_of(item) is None:
        return False
    held_up = item.deliveries.filter(state="parked").exclude(step=ATTACH)
    return item.state == "parked" or held_up.exists()


def _what_repost_does(case: Case) -> str:
    posted = posted_for(case)
    if posted is None:
        return ""
    return (
        f"{number_of(posted)} is voided in {posted.connection} and the record is posted anew by the version "
        "of the flow in force. Put the cause right and publish first, else it comes out the same again."
    )


def _what_leaving_does(case: Case) -> str:
    posted = posted_for(case)
    return (
        f"{number_of(posted)} is posted in {posted.connection} already and stays as it is; only what this "
        "case holds up is given up."
        if posted
        else ""
    )


def _what_splitting_does(case: Case) -> str:
    return (
        f"The difference is {spoken(difference_of(case), case.currency)}, source less target. The amounts of "
        "the parts must add up to it to the cent; each part is named in the tie-out and under Explain."
    )


REASON = Input("reason", "Reason", "reason")
# A row each: why, and how much of the difference it is.
PARTS = tuple(
    one
    for n in ROWS
    for one in (
        Input(f"reason_{n}", f"Reason {n}", required=n < 3, row=str(n)),
        Input(f"amount_{n}", f"Amount {n}", "amount", required=n < 3, row=str(n)),
    )
)


def register_all() -> None:
    """Add the remedies of posted documents; called once from ``FlowsConfig.ready``."""
    for remedy in (
        Remedy("repost", "Void it there and post it again", TRIAGE,
               lambda c: _about(c, TOTAL_DIFFERS, CHANGED), _repost, (REASON,), primary=True, about=_what_repost_does),
        Remedy("split", "Split over several reasons", APPROVE, lambda c: _about(c, TOTAL_DIFFERS), split, PARTS,
               about=_what_splitting_does),
        Remedy("take_back", "Void it there", TRIAGE, lambda c: _about(c, *DROPPED), _take_back, (REASON,), primary=True),
        Remedy("leave_posted", "Close; the posted document stays", TRIAGE, _leavable, _leave, (REASON,),
               about=_what_leaving_does),
    ):  # fmt: skip
        register(remedy)
