"""The source document beside what was posted: a delivery of its own, after the posting and never part of it.

The first try writes down the values the paper is made of, before anything is sent, so every try sends the same
bytes under the same name. A try without an answer is looked up by document and name before anything is sent
again. What goes wrong, the making of the paper among it, concerns the file alone: the posting, its record and
its connection stay as they are.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import cast

from connectors.http.jsontext import dump, load
from connectors.registry import capabilities
from engine.errors import (
    AccessDenied,
    CaseClass,
    PermissionMissing,
    RemoteBusy,
    StudioError,
)
from engine.issue import Issue
from engine.ports import Connector, File, Filing, Receipt
from engine.runtime.idempotency import content_hash, idempotency_key
from engine.schema.model import Record
from studio.core.dispatch import nudge
from studio.flows.files import STEP, case_subject, is_asked
from studio.flows.ledger import Claim, still_mine
from studio.flows.models import Delivery
from studio.flows.reversal import asked_back
from studio.flows.source_paper import KIND, paper_of, said_about
from studio.flows.work import trouble_of
from studio.triage.actions import close_cases, open_case

NOT_ATTACHED = "not-attached"
# What the file is called until the first try has made it.
UNMADE = "The source document"


def attach_source(posted: Delivery, receipt: Receipt) -> None:
    """Ask for the paper beside a posting that was just confirmed; call inside its transaction."""
    files = capabilities(posted.connection.system).files
    if not is_asked(posted.version.content["design"]) or files is None:
        return
    content = content_hash([posted.idempotency_key, STEP])
    Delivery.objects.get_or_create(
        idempotency_key=idempotency_key(
            connection=str(posted.connection.uuid),
            flow=posted.flow.key,
            entity=files.entity,
            business_key=posted.business_key,
            content=content,
            step=STEP,
        ),
        defaults={
            "flow": posted.flow,
            "version": posted.version,
            "item": posted.item,
            "follows": posted,
            "step": STEP,
            "connection": posted.connection,
            "entity": files.entity,
            "business_key": posted.business_key,
            "content_hash": content,
            "reference": UNMADE,
            "payload": "",
            "basis": {"entity": receipt.entity, "key": receipt.key},
            "currency": posted.currency,
            "document_on": posted.document_on,
        },
    )
    nudge("flows.pump_deliveries", posted.connection_id)


def stands(delivery: Delivery) -> bool:
    """Whether the posting that the file belongs to stands and nobody asked for it back."""
    posted = Delivery.objects.filter(followers=delivery, state="done").first()
    return posted is not None and asked_back(posted) is None


def _write_down(claim: Claim) -> None:
    """Keep what the paper says; nothing of it was sent yet."""
    delivery = claim.delivery
    said = said_about(Delivery.objects.get(followers=delivery))
    delivery.payload, delivery.reference = dump(said).decode(), said["name"]
    delivery.basis = {**delivery.basis, "name": said["name"]}
    still_mine(claim).update(
        payload=delivery.payload, reference=delivery.reference, basis=delivery.basis
    )


def put_beside(claim: Claim, connector: Connector) -> Receipt:
    """Send the file, unless an earlier, unanswered try left it there.

    Raises:
        RemoteFault: what the target said.
    """
    # Such a delivery is only made where the system keeps files.
    filing, delivery = cast("Filing", connector), claim.delivery
    if not delivery.payload:
        _write_down(claim)
    basis = delivery.basis
    raw = paper_of(load(delivery.payload))
    file = File(
        entity=basis["entity"],
        key=basis["key"],
        name=basis["name"],
        kind=KIND,
        content=raw,
        idempotency_key=delivery.idempotency_key,
    )
    found = filing.attached(file.entity, file.key, file.name) if claim.unclear else None
    answer = found or filing.attach(file)
    # The vendor's own words may hold an address that opens the file for everybody.
    facts: Record = {
        "name": file.name,
        "bytes": len(raw),
        "sha256": hashlib.sha256(raw).hexdigest(),
    }
    return replace(answer, data=facts, replayed=found is not None or answer.replayed)


def after_attaching(delivery: Delivery, receipt: Receipt) -> None:
    """Keep what was attached beside the row; call inside the transaction of the success."""
    delivery.basis = {**delivery.basis, **receipt.data}
    Delivery.objects.filter(pk=delivery.pk).update(basis=delivery.basis)
    close_cases(
        case_subject(delivery),
        state="auto_closed",
        reason=f"Attached as {receipt.number}.",
        by="machine",
    )


def is_about_the_system(error: StudioError) -> bool:
    """Whether a refused or failed upload says anything about the connection as a whole.

    A missing scope for files and an upload service that is down must not hold up postings.
    """
    return isinstance(error, RemoteBusy | AccessDenied)


def parks_at_once(error: StudioError) -> bool:
    """Whether only a person can help, although a posting would wait for the connection."""
    return isinstance(error, PermissionMissing)


def hold_up_file(delivery: Delivery, error: StudioError) -> None:
    """Open the case of a file that could not be attached; the record stays posted."""
    posted = delivery.follows
    number = (posted.target_number or posted.target_key) if posted else ""
    evidence = {k: str(v) for k, v in error.evidence().items() if v not in ("", None)}
    issue = Issue(
        code=NOT_ATTACHED,
        path="",
        sentence=f"{delivery.reference} is not attached to {number}: {error}",
        case_class=CaseClass.VALUE,
        audience=error.audience,
        evidence={**evidence, "cause": evidence.get("vendor_code", "") or error.code},
    )
    trouble = replace(
        trouble_of(delivery.item, issue),
        subject=case_subject(delivery),
        cause_label=f"Source documents are not attached in {delivery.connection}: {error}",
    )
    open_case(delivery.flow.workspace, trouble)
