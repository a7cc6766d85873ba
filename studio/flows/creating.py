"""Why a customer, supplier or item cannot be created at the target from a case, and who changes that."""

from __future__ import annotations

from studio.accounts.roles import PUBLISH, who_may
from studio.flows.actions import item_of
from studio.flows.models import Flow, FlowVersion
from studio.flows.problems import chosen_version
from studio.linking.models import KINDS, Party
from studio.triage.models import Case


def asks_for_record(case: Case) -> bool:
    """Whether the case asks for a customer, supplier or item; documents have a search of their own."""
    said = case.evidence
    named = said.get("kind") == "link" and bool(said.get("code"))
    return named and said.get("table") in dict(KINDS)


def obstacle(case: Case) -> str:
    """What stands in the way of creating the record a case asks for; empty if nothing does."""
    item = item_of(case)
    if item is None:
        return "The record of this case is not there any more."
    flow, kind, code = item.flow, str(case.evidence["table"]), str(case.evidence["code"])
    version = flow.versions.filter(state="published").first()
    if version is None or kind not in version.content.get("creates", {}):
        return _of_the_flow(flow, kind, version)
    # What the source itself does not keep (a one-off item) cannot be described at the target.
    if not Party.objects.filter(connection=flow.source, kind=kind, code=code).exists():
        return (
            f"{flow.source} keeps no {kind} “{code}” that was read, so there is nothing to describe it by "
            f"in {flow.target}. Where it is new there, it is read within the hour; else link an existing one."
        )
    return ""


def _of_the_flow(flow: Flow, kind: str, version: FlowVersion | None) -> str:
    who = who_may(PUBLISH)
    plan = flow.design.get("creates", {}).get(kind)
    if plan is None:
        return (
            f"The design of {flow} does not say how a {kind} is created in {flow.target}. "
            f"A person in the role {who} can add it and publish the flow."
        )
    _, mapping = chosen_version(flow.target_id, "outbound", plan["entity"], plan["document"], None)
    if mapping is None:
        return (
            f"The mapping that describes a new {kind} ({plan['document']} to {plan['entity']}) is not "
            f"published. A person in the role {who} reviews and publishes it, then publishes {flow} again."
        )
    running = f"version {version.number} of {flow}" if version else f"{flow}"
    return (
        f"The mapping that describes a new {kind} was published after {running}, which runs without it. "
        f"A person in the role {who} publishes {flow} again; then the button stands here."
    )
