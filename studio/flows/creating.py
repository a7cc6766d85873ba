"""Why a customer, supplier or item cannot be created at the target from a case, and who changes that."""

from __future__ import annotations

from django.utils.translation import gettext as _

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
        return _("The record of this case is not there any more.")
    flow, kind, code = item.flow, str(case.evidence["table"]), str(case.evidence["code"])
    version = flow.versions.filter(state="published").first()
    if version is None or kind not in version.content.get("creates", {}):
        return _of_the_flow(flow, kind, version)
    # What the source itself does not keep (a one-off item) cannot be described at the target.
    if not Party.objects.filter(connection=flow.source, kind=kind, code=code).exists():
        return _(
            "%(source)s keeps no %(kind)s “%(code)s” that was read, so there is nothing to describe it by "
            "in %(target)s. Where it is new there, it is read within the hour; else link an existing one."
        ) % {"source": flow.source, "kind": kind, "code": code, "target": flow.target}
    return ""


def _of_the_flow(flow: Flow, kind: str, version: FlowVersion | None) -> str:
    plan = flow.design.get("creates", {}).get(kind)
    said = {"flow": flow, "kind": kind, "target": flow.target, "who": who_may(PUBLISH)}
    if plan is None:
        return (
            _(
                "The design of %(flow)s does not say how a %(kind)s is created in %(target)s. A person in "
                "the role %(who)s can add it and publish the flow."
            )
            % said
        )
    said |= {"document": plan["document"], "entity": plan["entity"]}
    mapping = chosen_version(flow.target_id, "outbound", plan["entity"], plan["document"], None)[1]
    if mapping is None:
        return (
            _(
                "The mapping that describes a new %(kind)s (%(document)s to %(entity)s) is not published. A "
                "person in the role %(who)s reviews and publishes it, then publishes %(flow)s again."
            )
            % said
        )
    said["number"] = version.number if version else "–"
    return (
        _(
            "The mapping that describes a new %(kind)s was published after version %(number)s of %(flow)s, "
            "which runs without it. A person in the role %(who)s publishes %(flow)s again; then the button "
            "stands here."
        )
        % said
    )
