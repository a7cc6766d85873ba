"""Creating a customer, supplier or item at the target, once, whoever needs it first."""

from __future__ import annotations

from dataclasses import replace

from django.utils.translation import gettext as _

from connectors.http.jsontext import dump
from engine.errors import CaseClass
from engine.issue import Issue
from engine.runtime.idempotency import content_hash, idempotency_key
from studio.flows.bundle import Bundle, context_of
from studio.flows.models import Delivery, Flow, InboxItem
from studio.linking.models import Party
from studio.mapping.actions import load_compiled
from studio.mapping.models import MappingVersion


def ask_for_party(item: InboxItem, bundle: Bundle, kind: str, code: str) -> str | Issue:
    """The key of the delivery that creates the record, new or already asked for.

    Call inside a transaction. Returns an Issue where the record cannot be created.
    """
    flow = item.flow
    creates = bundle.version.content.get("creates", {}).get(kind)
    party = Party.objects.filter(connection=flow.source, kind=kind, code=code).first()
    if creates is None or party is None:
        return Issue(
            code="missing_link",
            path="",
            sentence=f"No {kind} of {flow.target} is linked to “{code}”, and it cannot be created: "
            + (
                "it is not known at the source."
                if party is None
                else "no mapping for it is published."
            ),
            case_class=CaseClass.MISSING_REFERENCE,
            evidence={"kind": "link", "table": kind, "code": code},
        )
    key = idempotency_key(
        connection=str(flow.target.uuid),
        flow="parties",
        entity=creates["entity"],
        business_key=code,
        content="create",
        step=f"create_{kind}",
    )
    existing = Delivery.objects.filter(idempotency_key=key).first()
    if existing and existing.state not in ("parked", "void"):
        return key
    mapping = load_compiled(MappingVersion.objects.get(pk=creates["version"]))
    result = mapping.apply(party.data, context_of(flow).outbound, trace=True)
    blocking = [i for i in result.issues if i.blocks]
    if blocking:
        return _told(blocking[0], flow, party)
    body = dump(result.record).decode()
    values = {
        "flow": flow,
        "version": bundle.version,
        "item": item,
        "step": f"create_{kind}",
        "connection": flow.target,
        "entity": creates["entity"],
        "business_key": code,
        "content_hash": content_hash(body),
        "reference": str(result.record.get(creates["reference"]) or party.label),
        "payload": body,
        "state": "ready",
        "not_before": None,
        "attempts": 0,
    }
    Delivery.objects.update_or_create(idempotency_key=key, defaults=values)
    return key


def _told(issue: Issue, flow: Flow, party: Party) -> Issue:
    """The fault with the record it lies in: the document that waits for the record has no such field."""
    if "table" in issue.evidence:
        # A code without a meaning is asked about by itself, whoever uses it.
        return issue
    told = {
        "kind": party.kind.capitalize(),
        "record": party,
        "target": flow.target,
        "field": issue.path,
        "fault": issue.sentence,
    }
    words = _("%(kind)s %(record)s cannot be created in %(target)s. Its field %(field)s: %(fault)s")
    evidence = {"creates": party.kind, "code": party.code, "cause": f"{party.kind} {party.code}"}
    return replace(issue, sentence=words % told, evidence={**issue.evidence, **evidence})
