"""What a person can do where a record names a customer, supplier or item that its own system closed.

The source keeps it as inactive, so nothing new is to be posted for it. It is made active again there,
if that system lets an app do that, or the records use another one; then they go through.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from connectors.registry import capabilities
from engine.errors import StudioError
from engine.ports import Action, Connector, Draft
from engine.runtime.idempotency import idempotency_key
from studio.accounts.roles import APPROVE, TRIAGE
from studio.catalog.services import evidence_about
from studio.catalog.wiring import opened
from studio.core.action import Actor
from studio.flows.actions import item_of, override, replay_cause
from studio.flows.masters import read_again, read_one
from studio.flows.models import Flow
from studio.flows.remedies import MOST_CHOICES, healed
from studio.linking.actions import mark_active
from studio.linking.models import Party
from studio.triage.models import OPEN_STATES, Case
from studio.triage.remedies import Choice, Input, Remedy, register

CLOSED = "inactive"


def _closed(case: Case) -> bool:
    """Whether the case is about a record of the source that is inactive there."""
    item = item_of(case) if case.code == CLOSED and case.field else None
    return item is not None and item.state == "parked"


def _flow(case: Case) -> Flow:
    item = item_of(case)
    if item is None:
        raise ValidationError(_("The record of this case is not there any more."))
    return item.flow


def _said(case: Case) -> dict[str, object]:
    name = case.evidence.get("label") or case.evidence["code"]
    return {"name": name, "source": _flow(case).source}


# --- another one ------------------------------------------------------------------------------------


def _others(case: Case, text: str) -> list[Choice]:
    if not text:
        return []
    kind, source = case.evidence["kind"], _flow(case).source
    found = Party.objects.filter(connection=source, kind=kind, active=True).filter(
        Q(label__icontains=text) | Q(code__icontains=text)
    )
    return [
        Choice(p.code, p.label or p.code, p.code) for p in found.order_by("label")[:MOST_CHOICES]
    ]


def _use_instead(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    kind, source = case.evidence["kind"], _flow(case).source
    chosen = Party.objects.filter(connection=source, kind=kind, code=values["code"], active=True)
    if not chosen.exists():
        words = _("%(source)s has no active %(kind)s “%(code)s”. Search and pick one.")
        raise ValidationError(words % {"source": source, "kind": kind, "code": values["code"]})
    alike = Case.objects.filter(
        workspace=case.workspace, cause=case.cause, state__in=OPEN_STATES
    ).order_by("pk")
    # A record may name it on several lines: each line is a case of the same cause.
    for one in alike:
        item = item_of(one)
        if item is not None and item.state == "parked":
            override(item, one.field, values["code"])
    return healed(replay_cause(case), _("%(code)s is used instead.") % {"code": values["code"]})


def _what_using_does(case: Case) -> str:
    return _(
        "Only these records use another one; %(name)s stays as it is in %(source)s, and so does what "
        "the records themselves say there."
    ) % _said(case)


# --- active again -----------------------------------------------------------------------------------


def _revivable(case: Case) -> bool:
    return _closed(case) and Action.REACTIVATE in capabilities(_flow(case).source.system).actions


def _revive(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    flow, said = _flow(case), _said(case)
    parties = Party.objects.filter(
        connection=flow.source, kind=case.evidence["kind"], code=case.evidence["code"]
    )
    party = parties.first()
    if party is None:
        raise ValidationError(_("%(source)s has no “%(name)s” any more. Use another one.") % said)
    try:
        with evidence_about(case.subject), opened(flow.source) as connector:
            _make_active(flow, party, connector)
    except StudioError as error:
        words = _(
            "%(name)s could not be made active: %(error)s Make it active in %(source)s by hand, then try "
            "again, or use another one."
        )
        raise ValidationError(words % {**said, "error": error}) from error
    mark_active(parties)
    return healed(replay_cause(case), _("%(name)s is active in %(source)s again.") % said)


def _make_active(flow: Flow, party: Party, connector: Connector) -> None:
    held = read_one(connector, flow.source, party.kind, party.key)
    found = held.record if held else None
    if found is None:
        words = _("%(source)s has no “%(name)s” any more. Use another one.")
        raise ValidationError(words % {"source": flow.source, "name": party.label or party.code})
    key = idempotency_key(
        connection=str(flow.source.uuid),
        flow=flow.key,
        entity=found.entity,
        business_key=party.code,
        content=found.version,
        step="reactivate",
    )
    draft = Draft(found.entity, {}, key, key=found.key, version=found.version)
    connector.act(draft, Action.REACTIVATE)
    # Whatever is made of it from now on, at the target too, is made of the active record.
    read_again(party, connector)


def _what_reviving_does(case: Case) -> str:
    return _(
        "%(name)s is made active in %(source)s at once; then the records go through again."
    ) % _said(case)


REASON = Input("reason", "Why it is used again", "reason")


def register_all() -> None:
    """Add the remedies of records the source closed; called once from ``FlowsConfig.ready``."""
    for remedy in (
        Remedy("use_instead", "Use another one instead", TRIAGE, _closed, _use_instead,
               (Input("code", "Instead", "choice", choices=_others),), heals_cause=True, primary=True,
               about=_what_using_does),
        Remedy("reactivate_source", "Make it active again there", APPROVE, _revivable, _revive, (REASON,),
               heals_cause=True, primary=True, about=_what_reviving_does),
    ):  # fmt: skip
        register(remedy)
