"""What a person can do about a source document that could not be attached; registered with triage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from studio.accounts.roles import TRIAGE
from studio.core.action import Actor, acting
from studio.core.dispatch import nudge
from studio.flows.attaching import NOT_ATTACHED
from studio.flows.evidence import case_evidence_of
from studio.flows.files import STEP, leave_away
from studio.flows.models import Delivery
from studio.flows.reposting import number_of
from studio.triage.actions import close_cases
from studio.triage.evidence import Evidence
from studio.triage.models import Case
from studio.triage.remedies import Input, Remedy, register

MOVED_ON = _lazy("The file is being sent just now, or it is attached. Look again in a moment.")


def file_of(case: Case) -> Delivery | None:
    """The file a case is about."""
    kind, _, key = case.subject.partition(":")
    if kind != "delivery":
        return None
    found = Delivery.objects.filter(uuid=key, step=STEP)
    return found.select_related("item", "follows", "connection", "flow__source").first()


def evidence(case: Case) -> Evidence | None:
    """The record of a file that could not be attached, with what was tried."""
    file = file_of(case)
    return case_evidence_of(case, file.item) if file else None


def _fits(case: Case) -> bool:
    return case.code == NOT_ATTACHED and file_of(case) is not None


def _file(case: Case) -> Delivery:
    """The file of a case that the remedies fit."""
    file = file_of(case)
    if file is None:
        raise ValidationError(_("The record of this case is not there any more."))
    return file


def _again(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    file = _file(case)
    # Whether an earlier try arrived is not known after an unknown outcome: then it is looked for first.
    free = Delivery.objects.filter(pk=file.pk)
    with acting(actor, TRIAGE, "attachment.tried_again", case.subject) as line:
        line.data = {"record": file.item.label, "file": file.reference}
        won = free.filter(state="parked").update(state="unknown", attempts=0, not_before=None)
        won += free.filter(state__in=("ready", "unknown")).update(attempts=0, not_before=None)
        if not won:
            raise ValidationError(MOVED_ON)
        nudge("flows.pump_deliveries", file.connection_id)
    return _("%(file)s is sent again; what is posted stays posted.") % {"file": file.reference}


def _leave(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    file = _file(case)
    with acting(actor, TRIAGE, "attachment.left_away", case.subject) as line:
        line.data = {"record": file.item.label, "file": file.reference, "reason": values["reason"]}
        at_rest = Delivery.objects.filter(pk=file.pk, state__in=("ready", "unknown", "parked"))
        close_cases(case.subject, state="accepted", reason=values["reason"], by=actor.name)
        if not leave_away(file, at_rest, values["reason"]):
            raise ValidationError(MOVED_ON)
    words = _("Closed. %(number)s stays in %(books)s without its source document.")
    return words % _named(file)


def _named(file: Delivery) -> dict[str, Any]:
    number = number_of(file.follows) if file.follows else file.business_key
    return {"file": file.reference, "number": number, "books": file.connection}


def _what_again_does(case: Case) -> str:
    words = _(
        "%(file)s is looked for beside %(number)s in %(books)s, and sent if it is not there. "
        "The posting is not touched."
    )
    return words % _named(_file(case))


def _what_leaving_does(case: Case) -> str:
    words = _("%(number)s stays posted in %(books)s; only its source document is left away.")
    return words % _named(_file(case))


def register_all() -> None:
    """Add the remedies of files; called once from ``FlowsConfig.ready``."""
    reason = Input("reason", "Reason", "reason")
    for remedy in (
        Remedy("attach_again", "Try again", TRIAGE, _fits, _again, primary=True, about=_what_again_does),
        Remedy("leave_file", "Close without attaching", TRIAGE, _fits, _leave, (reason,),
               about=_what_leaving_does),
    ):  # fmt: skip
        register(remedy)
