"""What a person can do where the target will not use a customer, supplier or item that is linked.

The record was made inactive there, or is gone. It is made active again, if the target lets an app do
that, or the code of the source is linked to another record; then everything it held up goes through.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from connectors.registry import capabilities
from engine.errors import ReferenceUnknown, StudioError
from engine.ports import Action, Connector, Draft, SourceRecord
from engine.runtime.idempotency import idempotency_key
from studio.accounts.roles import APPROVE, MATCH
from studio.catalog.services import evidence_about
from studio.catalog.wiring import opened
from studio.core.action import Actor
from studio.flows.actions import item_of, replay_cause
from studio.flows.models import Flow, InboxItem
from studio.flows.remedies import counterparts, healed, join
from studio.linking.actions import mark_active, unlink
from studio.linking.models import KINDS, Link, Party
from studio.triage.models import Case
from studio.triage.remedies import Choice, Input, Remedy, register


@dataclass(frozen=True, slots=True)
class Unusable:
    """A linked record that the target will not use; ``entity`` is what the target calls its kind."""

    flow: Flow
    link: Link
    entity: str

    @property
    def name(self) -> str:
        """What people call the record."""
        return self.link.right_label or self.link.right_key

    @property
    def said(self) -> dict[str, object]:
        """What sentences about it name."""
        return {"name": self.name, "target": self.flow.target}


def unusable(case: Case) -> Unusable | None:
    """The record a refused posting names, found through the links of what the document names."""
    said, item = case.evidence, item_of(case)
    kind = str(said.get("kind", ""))
    if case.code != ReferenceUnknown.code or kind not in dict(KINDS):
        return None
    if item is None or item.state != "parked":
        return None
    links = list(_links(item, kind))
    named = (said.get("key"), said.get("value"))
    fitting = [one for one in links if one.right_key in named or one.right_label in named] or links
    if len({one.right_key for one in fitting}) != 1:
        return None
    creates = item.flow.design.get("creates", {}).get(kind, {})
    return Unusable(item.flow, fitting[0], str(said.get("of") or creates.get("entity") or ""))


def _links(item: InboxItem, kind: str) -> Any:
    lines = item.canonical.get("lines")
    rows = [row for row in (lines if isinstance(lines, list) else []) if isinstance(row, dict)]
    codes = {item.canonical.get("party"), *(row.get("item") for row in rows)}
    return Link.objects.filter(
        kind=kind,
        left_connection=item.flow.source,
        left_code__in=[code for code in codes if code],
        right_connection=item.flow.target,
        active=True,
    )


def _needed(case: Case) -> Unusable:
    found = unusable(case)
    if found is None:
        raise ValidationError(
            _("It is not known any more which record was refused. Try the record again.")
        )
    return found


# --- another record ---------------------------------------------------------------------------------


def _others(case: Case, text: str) -> list[Choice]:
    one = _needed(case)
    found = counterparts(one.flow, one.link.kind, one.link.left_code, text)
    # The record was refused for being inactive: no other such one would serve better.
    usable = Party.objects.filter(connection=one.flow.target, kind=one.link.kind, active=True)
    keys = set(usable.filter(key__in=[c.value for c in found]).values_list("key", flat=True))
    return [c for c in found if c.value in keys and c.value != one.link.right_key]


def _choose(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    one = _needed(case)
    flow, link = one.flow, one.link
    if values["target"] == link.right_key:
        raise ValidationError(
            _("%(name)s is the record that was refused. Choose another.") % {"name": one.name}
        )
    words = _("%(target)s refuses %(name)s; another record was chosen")
    unlink(actor, link, reason=words % {"target": flow.target, "name": one.name})
    target = join(actor, case, (flow, link.kind, link.left_code), values["target"])
    words = _("%(code)s is now linked to %(name)s.")
    return healed(replay_cause(case), words % {"code": link.left_code, "name": target.label})


def _what_choosing_does(case: Case) -> str:
    one = _needed(case)
    return _(
        "%(code)s of %(source)s is linked to %(name)s of %(target)s now. The link is changed for every "
        "posting from now on; what is posted stays as it is."
    ) % {**one.said, "code": one.link.left_code, "source": one.flow.source}


# --- active again -----------------------------------------------------------------------------------


def _revivable(case: Case) -> bool:
    found = unusable(case) if case.evidence.get("does") == "refuses" else None
    if found is None or not found.entity:
        return False
    return Action.REACTIVATE in capabilities(found.flow.target.system).actions


def _revive(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    one = _needed(case)
    target = one.flow.target
    try:
        with evidence_about(case.subject), opened(target) as connector:
            _make_active(one, connector)
    except StudioError as error:
        words = _(
            "%(name)s could not be made active: %(error)s Make it active in %(target)s by hand, then try "
            "again, or choose another record."
        )
        raise ValidationError(words % {**one.said, "error": error}) from error
    mark_active(Party.objects.filter(connection=target, kind=one.link.kind, key=one.link.right_key))
    return healed(replay_cause(case), _("%(name)s is active in %(target)s again.") % one.said)


def _make_active(one: Unusable, connector: Connector) -> None:
    found = _read(one, connector)
    if found is None or found.deleted:
        raise ValidationError(
            _("%(target)s has no “%(name)s” any more. Choose another record.") % one.said
        )
    key = idempotency_key(
        connection=str(one.flow.target.uuid),
        flow=one.flow.key,
        entity=one.entity,
        business_key=one.link.left_code,
        content=found.version,
        step="reactivate",
    )
    draft = Draft(one.entity, {}, key, key=found.key, version=found.version)
    connector.act(draft, Action.REACTIVATE)


def _read(one: Unusable, connector: Connector) -> SourceRecord | None:
    """The record as it stands now, by its key or by what links call it."""
    field = capabilities(one.flow.target.system).refer.get(one.entity)
    if field is None:
        return connector.read(one.entity, one.link.right_key)
    return next(iter(connector.find(one.entity, {field: one.link.right_key}, limit=1)), None)


def _what_reviving_does(case: Case) -> str:
    one = _needed(case)
    return (
        _("%(name)s is made active in %(target)s at once; then the records go through again.")
        % one.said
    )


REASON = Input("reason", "Why it is used again", "reason")


def register_all() -> None:
    """Add the remedies of records that may not be used; called once from ``FlowsConfig.ready``."""
    for remedy in (
        Remedy("choose_other", "Choose another record there", MATCH, lambda c: unusable(c) is not None, _choose,
               (Input("target", "Is the same as", "choice", choices=_others),), heals_cause=True, primary=True,
               about=_what_choosing_does),
        Remedy("reactivate", "Make it active there again", APPROVE, _revivable, _revive, (REASON,), heals_cause=True,
               primary=True, about=_what_reviving_does),
    ):  # fmt: skip
        register(remedy)
