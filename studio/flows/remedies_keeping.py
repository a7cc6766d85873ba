"""What a person can do about records that two systems share; registered with triage.

A field that both sides changed is a case of its own, so that one record can be answered field by field,
and the same field of many records at once. ``Left`` is the side named first in the case's sentence.
"""

from __future__ import annotations

from collections.abc import Mapping

from studio.accounts.roles import APPROVE, TRIAGE
from studio.core.action import Actor
from studio.flows.actions import item_of, override, replay
from studio.flows.models import InboxItem
from studio.flows.upkeep import BOTH_CHANGED, CLOSED, STATE
from studio.flows.work import KEEP
from studio.triage.models import OPEN_STATES, Case
from studio.triage.remedies import Input, Remedy, register


def _item(case: Case) -> InboxItem:
    item = item_of(case)
    if item is None:
        raise LookupError(case.subject)
    return item


def _answer(case: Case, paths: Mapping[str, str]) -> InboxItem:
    """Keep a person's answers with the record and send it through again."""
    item = _item(case)
    for path, side in paths.items():
        override(item, path, side)
        item.refresh_from_db()
    replay(item)
    return item


def _keep(side: str, case: Case) -> str:
    _answer(case, {KEEP + case.field: side})
    return f"“{case.evidence[side]}” stands; the other side is told."


def _keep_record(side: str, case: Case) -> str:
    fields = Case.objects.filter(
        subject=case.subject, code=BOTH_CHANGED, state__in=OPEN_STATES
    ).values_list("field", flat=True)
    _answer(case, {KEEP + path: side for path in (*fields, case.field)})
    return (
        f"What {case.evidence[f'{side}_name']} says stands in every open question of this record."
    )


def _keep_left(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    return _keep("left", case)


def _keep_right(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    return _keep("right", case)


def _keep_left_record(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    return _keep_record("left", case)


def _keep_right_record(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    return _keep_record("right", case)


def _follow(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    _answer(case, {STATE: "follow"})
    return "It is closed on the other side too."


def _reopen(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    _answer(case, {STATE: "reopen"})
    return "It is made active again where it was closed."


def _disputed(case: Case) -> bool:
    return case.code == BOTH_CHANGED and item_of(case) is not None


def _closed(case: Case) -> bool:
    return case.code == CLOSED and bool(case.evidence.get("state")) and item_of(case) is not None


def _inactive(case: Case) -> bool:
    return _closed(case) and case.evidence["state"] == "inactive"


REASON = Input("reason", "Why", "reason", required=False)


def register_all() -> None:
    """Add every remedy about shared records; called once from ``FlowsConfig.ready``."""
    for remedy in (
        Remedy("keep_left", "Keep the first system's value", TRIAGE, _disputed, _keep_left, primary=True),
        Remedy("keep_right", "Keep the second system's value", TRIAGE, _disputed, _keep_right, primary=True),
        Remedy("keep_left_record", "Keep the first system's record", TRIAGE, _disputed, _keep_left_record),
        Remedy("keep_right_record", "Keep the second system's record", TRIAGE, _disputed, _keep_right_record),
        Remedy("follow", "Close it on the other side too", APPROVE, _closed, _follow, (REASON,)),
        Remedy("reopen", "Make it active again", APPROVE, _inactive, _reopen, (REASON,)),
    ):  # fmt: skip
        register(remedy)
