"""Writes about flows: publish, pause, resume, replay, close without posting."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from engine.errors import MappingRefused
from studio.accounts.roles import OPERATE, PUBLISH, TRIAGE
from studio.core.action import Actor, acting
from studio.core.dispatch import nudge
from studio.flows.comparing import add_comparing, is_comparing
from studio.flows.keeping import add_keeping, is_forward, opposite, pin
from studio.flows.models import Delivery, Flow, FlowVersion, InboxItem
from studio.flows.poll import BY_HAND
from studio.flows.problems import examine
from studio.flows.reversal import STEPS as TAKE_BACK
from studio.flows.telling import tell_flow
from studio.triage.actions import close_cases
from studio.triage.models import OPEN_STATES, Case


def assemble(flow: Flow) -> dict[str, Any]:
    """The content of the next version: the design and the exact versions of everything it uses.

    Raises:
        MappingRefused: with everything a compile objects to.
    """
    design, found = flow.design, examine(flow, flow.design)
    content: dict[str, Any] = {
        "design": design,
        "outbound": {entity: pin(version) for entity, version in found.outbound.items()},
        "creates": {
            kind: {**design["creates"][kind], **pin(version)}
            for kind, version in found.creates.items()
        },
    }
    problems = list(found.refusals)
    if found.inbound is not None:
        content["inbound"] = pin(found.inbound)
    if "keeps" in design and not problems:
        add_keeping(flow, content, problems)
    if is_comparing(design) and not problems:
        add_comparing(flow, content, problems)
    if problems:
        raise MappingRefused(problems=tuple(problems))
    return content


def publish_flow(actor: Actor, flow: Flow, *, note: str = "") -> FlowVersion:
    """Let the version that the design makes run: compiled, and as signed where it moves money.

    The same content gives the same version. Every mapping is compiled again here, so a version that
    cannot run cannot exist. A version that moves money is rehearsed once more just before.

    Raises:
        MappingRefused: with every reason.
        DecisionRefused: nobody signed its rehearsal, or reality differs from what was signed.
    """
    # Up here it would be a circle: a rehearsal runs the version that `assemble` makes.
    from studio.flows.rehearsal.run import candidate
    from studio.flows.rehearsal.sign import check_reality, risk_of

    actor.require(PUBLISH)
    version = candidate(actor, flow)
    fresh = version.state != "published"
    if fresh and risk_of(version.content["design"]) == "money":
        check_reality(actor, flow, version)
    with acting(actor, PUBLISH, "flow.published", f"flow:{flow.uuid}") as line:
        line.data = {"version": version.number, "hash": version.content_hash, "flow": flow.name}
        if fresh:
            flow.versions.filter(state="published").update(state="retired")
            version.state, version.note = "published", note
            version.published_by, version.published_at = actor.name, timezone.now()
            version.save()
            line.data["signed_by"] = version.signed_by
        else:
            line.data["unchanged"] = True
        flow.state, flow.paused_reason = "live", ""
        flow.save(update_fields=["state", "paused_reason", "updated_at"])
        said = {"version": version.number, "hash": version.content_hash, "unchanged": not fresh}
        tell_flow("flow.published", flow, **said)
        nudge("flows.match_masters", flow.workspace_id)
        if version.content["design"]["trigger"].get("kind", "poll") in ("poll", "webhook"):
            nudge("flows.poll", flow.pk)
        _publish_way_back(actor, flow, version)
    return version


def _publish_way_back(actor: Actor, flow: Flow, version: FlowVersion) -> None:
    """The flow that goes back works by this flow's owners: where they changed it is published with it."""
    back = opposite(flow) if is_forward(flow.design) else None
    standing = back.versions.filter(state="published").first() if back else None
    if back is None or standing is None or back.state != "live":
        return
    if standing.content["keeps"]["owners"] != version.content["keeps"]["owners"]:
        publish_flow(actor, back, note=f"follows version {version.number} of {flow.name}")


def pause(actor: Actor, flow: Flow, reason: str, *, permission: str = OPERATE) -> None:
    """Stop taking and sending; what is under way ends in order.

    Args:
        actor: who stops it.
        flow: what is stopped.
        reason: a word to colleagues.
        permission: what the actor needs; another one where the pause follows from another deed.
    """
    with acting(actor, permission, "flow.paused", f"flow:{flow.uuid}") as line:
        flow.state, flow.paused_reason = "paused", reason.strip() or f"paused by {actor.name}"
        flow.save(update_fields=["state", "paused_reason", "updated_at"])
        line.data = {"flow": flow.name, "reason": flow.paused_reason}
        tell_flow("flow.paused", flow)


def resume(actor: Actor, flow: Flow) -> None:
    """Go on where it stopped."""
    if not flow.versions.filter(state="published").exists():
        raise ValidationError(_("Publish the flow before it can run."))
    with acting(actor, OPERATE, "flow.resumed", f"flow:{flow.uuid}") as line:
        flow.state, flow.paused_reason = "live", ""
        flow.save(update_fields=["state", "paused_reason", "updated_at"])
        line.data = {"flow": flow.name}
        tell_flow("flow.resumed", flow)
        nudge("flows.pump_items", flow.pk)


def run_now(actor: Actor, flow: Flow) -> None:
    """Look at the source now, whatever the trigger says."""
    if flow.state != "live":
        raise ValidationError(_("The flow is not live. Publish or resume it first."))
    with acting(actor, OPERATE, "flow.run", f"flow:{flow.uuid}") as line:
        line.data = {"flow": flow.name}
        nudge("flows.poll", flow.pk, BY_HAND)


def replay(item: InboxItem, *, version: FlowVersion | None = None) -> bool:
    """Send a parked record through again, always validated anew; False if it is under way.

    Args:
        item: the record.
        version: the flow version to use; None means the one in force.
    """
    won = InboxItem.objects.filter(pk=item.pk, state__in=("parked", "filtered", "void")).update(
        state="new", not_before=None, use_version=version, attempts=0, why="", waiting_on=""
    )
    if won:
        nudge("flows.pump_items", item.flow_id)
    return bool(won)


def item_of(case: Case) -> InboxItem | None:
    """The record a case is about."""
    kind, _, key = case.subject.partition(":")
    if kind != "inbox":
        return None
    return (
        InboxItem.objects.select_related("flow", "flow__source", "flow__target")
        .filter(uuid=key)
        .first()
    )


def replay_cause(case: Case) -> int:
    """Send through again every record whose open case has the same cause; returns how many."""
    subjects = Case.objects.filter(
        workspace=case.workspace, cause=case.cause, state__in=OPEN_STATES
    ).values_list("subject", flat=True)
    keys = [s.partition(":")[2] for s in subjects if s.startswith("inbox:")]
    return sum(replay(item) for item in InboxItem.objects.filter(uuid__in=keys))


def override(item: InboxItem, path: str, value: str) -> None:
    """Keep a person's value for one field of the canonical document; used at every later try."""
    if not path:
        raise ValidationError(_("This case names no field that could be edited."))
    with transaction.atomic():
        # Read and written in one: of two people with two fields neither may lose the other's.
        held = InboxItem.objects.select_for_update().only("overrides").get(pk=item.pk)
        InboxItem.objects.filter(pk=item.pk).update(overrides={**held.overrides, path: value})


def close_without_posting(actor: Actor, item: InboxItem, reason: str) -> None:
    """End a record's journey without posting it; it stays visible in the tie-out by name."""
    with acting(actor, TRIAGE, "item.closed", f"inbox:{item.uuid}") as line:
        won = InboxItem.objects.filter(pk=item.pk, state__in=("parked", "new", "waiting")).update(
            state="void", why=reason[:300]
        )
        # A posted record whose write-back was refused: only the write-back is given up.
        steps = ("post", *TAKE_BACK) if won else ("write_back",)
        given_up = Delivery.objects.filter(item=item, state="parked", step__in=steps)
        if not given_up.update(state="void") and not won:
            raise ValidationError(_("The record is being worked just now. Try again in a moment."))
        line.data = {"record": item.label, "reason": reason, **item.worth}
        close_cases(f"inbox:{item.uuid}", state="void", reason=reason, by=actor.name)
