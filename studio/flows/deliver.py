"""Sending a claimed delivery: look up where unclear, send, and write down what happened.

The attempt row exists before the call. An answer that never came is *unknown*, not failed: the next
claim looks the document up at the target before anything is sent again.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from connectors.http.jsontext import dump
from connectors.registry import capabilities
from engine.canon.money import spoken
from engine.errors import (
    Audience,
    CaseClass,
    DuplicateAtTarget,
    OutcomeUnknown,
    RemoteFault,
    RemoteRejected,
    StaleVersion,
    StudioError,
)
from engine.issue import Issue
from engine.ports import Connector, Receipt
from engine.runtime.disposition import Verdict, dispose
from engine.runtime.idempotency import content_hash, idempotency_key
from engine.runtime.retry import RetryPolicy
from engine.schema.paths import put
from studio.accounts.models import machine
from studio.accounts.roles import MATCH
from studio.catalog.services import evidence_about
from studio.catalog.wiring import note_fault, note_success
from studio.core.dispatch import nudge
from studio.flows.attaching import (
    after_attaching,
    attach_source,
    hold_up_file,
    is_about_the_system,
    parks_at_once,
    stands,
)
from studio.flows.changing import (
    CHANGES,
    after_change,
    after_create,
    decide_again,
    left_to_the_next,
)
from studio.flows.files import STEP as ATTACH
from studio.flows.files import leave_away
from studio.flows.heal import MISSING
from studio.flows.ledger import Claim, still_mine
from studio.flows.models import Attempt, Delivery, Flow, InboxItem
from studio.flows.notices import tell
from studio.flows.reposting import TOTAL_DIFFERS
from studio.flows.reversal import STEPS as TAKE_BACK
from studio.flows.reversal import after_reversal
from studio.flows.sending import draft_of, found_again, same, send, total_of
from studio.flows.telling import tell_delivery
from studio.flows.work import trouble_of
from studio.linking.actions import Ends, add_link
from studio.linking.models import Party
from studio.linking.queries import creations
from studio.triage.actions import close_cases, open_case
from studio.triage.models import OPEN_STATES, Case
from studio.webhooks.outbox import amount

log = logging.getLogger(__name__)
# A call of many that got no answer may still be at work at the target: its documents are looked for
# after this pause, because a regrouped call does not carry the first one's idempotency key.
SETTLE_SECONDS = 10.0


def policy_of(design: dict[str, Any]) -> RetryPolicy:
    """How a flow tries again: its own retry rule, the usual one where it has none."""
    plan = design.get("retry") or {}
    usual = RetryPolicy()
    return RetryPolicy(
        first_seconds=float(plan.get("first_seconds", usual.first_seconds)),
        factor=float(plan.get("factor", usual.factor)),
        cap_seconds=float(plan.get("cap_seconds", usual.cap_seconds)),
        give_up_after=int(plan.get("give_up_after", usual.give_up_after)),
    )


def deliver(claims: Sequence[Claim], connector: Connector) -> list[str]:
    """Carry out deliveries that were claimed together; returns their new states, in order.

    One or many, the path is the same. Each has its own answer and its own end: what happens to one
    never touches its neighbours.
    """
    if claims[0].delivery.step == ATTACH and not stands(claims[0].delivery):
        return [_left_away(claims[0])]
    alone = len(claims) == 1
    batch = "" if alone else uuid.uuid4().hex
    attempts = Attempt.objects.bulk_create(
        [Attempt(delivery=claim.delivery, batch=batch) for claim in claims]
    )
    subject = f"delivery:{claims[0].delivery.uuid}" if alone else f"batch:{batch}"
    with evidence_about(subject):
        answers = send(claims, connector)
        tries = list(zip(claims, attempts, answers, strict=True))
        states = _succeeded([(c, a, r) for c, a, r in tries if isinstance(r, Receipt)])
        noted: set[int] = set()
        for claim, attempt, answer in tries:
            if isinstance(answer, Receipt):
                continue
            error = answer if isinstance(answer, StudioError) else _bug(answer, claim.delivery)
            if isinstance(error, RemoteFault):
                # People know the company by its name, not the vendor by its key.
                error.system = claim.delivery.connection.name
            is_theirs = claim.delivery.step != ATTACH or is_about_the_system(error)
            if is_theirs and id(answer) not in noted:
                # An outage that hit a whole call is one outage.
                noted.add(id(answer))
                note_fault(claim.delivery.connection, error)
            states[claim.delivery.pk] = _failed(claim, attempt, error, connector)
    return [states[claim.delivery.pk] for claim in claims]


def _succeeded(done: list[tuple[Claim, Attempt, Receipt]]) -> dict[int, str]:
    """Write down all successes of a call in one transaction."""
    if not done:
        return {}
    note_success(done[0][0].delivery.connection)
    try:
        with transaction.atomic():
            states = {c.delivery.pk: record_success(c, a, r) for c, a, r in done}
    except Exception:
        if len(done) == 1:
            raise
        # One of them cannot be written down: then each by itself, so that the others can.
        log.exception("successes of a batch")
    else:
        # Not inside: two workers would wait for each other at the flow's row.
        flows = {c.delivery.flow_id for c, _, _ in done}
        Flow.objects.filter(pk__in=flows).update(last_success_at=timezone.now())
        return states
    states = {}
    for one in done:
        try:
            states |= _succeeded([one])
        except Exception:
            # Stays as it is; when its lease ends the document is found by its reference.
            log.exception("delivery %s", one[0].delivery.uuid)
            states[one[0].delivery.pk] = "sending"
    return states


def _failed(claim: Claim, attempt: Attempt, error: StudioError, connector: Connector) -> str:
    """Decide what the error means for this delivery."""
    if claim.delivery.step == ATTACH:
        return _failed_file(claim, attempt, error)
    said = dispose(error)
    if said.verdict is Verdict.LOOK_UP and isinstance(error, RemoteRejected):
        return _look_up(claim, attempt, error, connector)
    if said.verdict is Verdict.PARK or said.verdict is Verdict.STOP:
        return _park(claim, attempt, error)
    state = "unknown" if said.verdict is Verdict.LOOK_UP or claim.unclear else "ready"
    wait = said.wait_seconds
    if attempt.batch and said.verdict is Verdict.LOOK_UP:
        wait = SETTLE_SECONDS
    return _again(claim, attempt, error, state, wait, counts=said.counts)


def _failed_file(claim: Claim, attempt: Attempt, error: StudioError) -> str:
    """Decide what the error means for a file; whatever it is, the posting is not looked at again."""
    if not stands(claim.delivery):
        # It went back while the file was on its way.
        _note(attempt, error.code, str(error))
        return _left_away(claim)
    said = dispose(error)
    unsure = said.verdict is Verdict.LOOK_UP and isinstance(error, OutcomeUnknown)
    waits = unsure or said.verdict in (Verdict.RETRY, Verdict.PAUSE)
    if parks_at_once(error) or not waits:
        return _park(claim, attempt, error)
    state = "unknown" if unsure or claim.unclear else "ready"
    return _again(claim, attempt, error, state, said.wait_seconds, counts=said.counts)


def _left_away(claim: Claim) -> str:
    with transaction.atomic():
        leave_away(claim.delivery, still_mine(claim))
    return "void"


def _look_up(claim: Claim, attempt: Attempt, error: RemoteRejected, connector: Connector) -> str:
    """“Exists already” may be our own document of an earlier try; anything else is a person's call."""
    delivery = claim.delivery
    draft = draft_of(delivery)
    if isinstance(error, StaleVersion) and (delivery.step in CHANGES or delivery.basis):
        return _overtaken(claim, attempt, error)
    if isinstance(error, DuplicateAtTarget) and delivery.step != "write_back":
        try:
            found = found_again(delivery, draft, connector)
        except StudioError as again:
            wait = dispose(again).wait_seconds
            return _again(claim, attempt, again, "unknown", wait, counts=True)
        if found is not None and same(delivery, found):
            return record_success(claim, attempt, found)
    if delivery.step == "write_back":
        return _again(claim, attempt, error, "ready", 1.0, counts=True)
    return _park(claim, attempt, error)


def _overtaken(claim: Claim, attempt: Attempt, error: StaleVersion) -> str:
    """The record at the target is not what was decided on: decide anew, an adjustment by comparing anew."""
    with transaction.atomic():
        won = still_mine(claim).update(state="void", lease_until=None, last_error=str(error))
        _note(attempt, error.code, str(error))
        if won and claim.delivery.step in CHANGES:
            decide_again(claim.delivery)
        elif won:
            left_to_the_next(claim.delivery)
    return "void"


def _again(
    claim: Claim,
    attempt: Attempt,
    error: StudioError,
    state: str,
    wait: float | None,
    *,
    counts: bool,
) -> str:
    """Try again later, or ask a person when it has been tried often enough."""
    delivery = claim.delivery
    tries = delivery.attempts if counts else max(0, delivery.attempts - 1)
    policy = policy_of(delivery.version.content["design"])
    pause = policy.pause(tries, delivery.idempotency_key, wait)
    with transaction.atomic():
        won = still_mine(claim).update(
            state=state,
            attempts=tries,
            lease_until=None,
            not_before=timezone.now() + timedelta(seconds=pause or policy.cap_seconds),
            last_error=str(error),
        )
        if pause is None and won:
            if delivery.step == ATTACH:
                hold_up_file(delivery, error)
            else:
                open_case(delivery.flow.workspace, trouble_of(delivery.item, _issue(error)))
            _tell(delivery, "gave_up", str(error))
            tell_delivery("delivery.failed", delivery, code=error.code, gave_up=True)
        _note(attempt, error.code, str(error))
    return state


def _issue(error: StudioError) -> Issue:
    evidence = {k: str(v) for k, v in error.evidence().items() if v not in ("", None)}
    return Issue(
        code=error.code,
        path=str(evidence.get("field", "")),
        sentence=str(error),
        case_class=error.case_class,
        # A case begins where the machine is at its end: look-ups and tries are over.
        audience=Audience.INTEGRATOR if error.audience is Audience.MACHINE else error.audience,
        evidence={
            **evidence,
            "cause": evidence.get("value", "") or evidence.get("vendor_code", ""),
        },
    )


def _bug(error: Exception, delivery: Delivery) -> StudioError:
    """A fault of ours must not leave the row to be sent for ever: it is parked for the integrator."""
    log.error("delivery %s", delivery.uuid, exc_info=error)

    class Unforeseen(StudioError):
        code = "unforeseen"
        audience = Audience.OPERATOR
        case_class = CaseClass.VALUE
        template = f"The studio met a fault of its own ({type(error).__name__}); nothing was lost."

    return Unforeseen()


def _park(claim: Claim, attempt: Attempt, error: StudioError) -> str:
    delivery = claim.delivery
    with transaction.atomic():
        won = still_mine(claim).update(state="parked", lease_until=None, last_error=str(error))
        _note(attempt, error.code, str(error))
        if won:
            _hold_up(delivery, error)
    return "parked"


def _hold_up(delivery: Delivery, error: StudioError) -> None:
    """Open a case for every record that cannot go on because of this delivery, and park it."""
    tell_delivery("delivery.failed", delivery, code=error.code, gave_up=False)
    if delivery.step == ATTACH:
        hold_up_file(delivery, error)
        _tell(delivery, "held", str(error))
        return
    issue = _issue(error)
    items = [delivery.item]
    if delivery.step.startswith("create_"):
        # With the reference named, the person may link an existing record instead of creating one.
        said = {"kind": "link", "table": delivery.step.removeprefix("create_")}
        issue = replace(issue, evidence={**issue.evidence, **said, "code": delivery.business_key})
        waiting = InboxItem.objects.filter(state="waiting", waiting_on=delivery.idempotency_key)
        items += list(waiting.exclude(pk=delivery.item_id).select_related("flow"))
    for item in items:
        trouble = trouble_of(item, issue)
        if delivery.step != "write_back":
            _what_is_answered(f"inbox:{item.uuid}", trouble.cause)
        open_case(delivery.flow.workspace, trouble)
        tell(delivery.flow, delivery.version.content["design"], "held", item, str(error))
        if delivery.step != "write_back":
            InboxItem.objects.filter(pk=item.pk, state__in=("done", "waiting")).update(
                state="parked", why=str(error)[:300]
            )


def _what_is_answered(subject: str, cause: str) -> None:
    """What was missing before this was sent is there now; left open, it would be answered for ever."""
    other = Case.objects.filter(subject=subject, state__in=OPEN_STATES).exclude(code__in=MISSING)
    close_cases(
        subject,
        state="auto_closed",
        reason="This part is in order now.",
        by="machine",
        keep=[cause, *other.values_list("cause", flat=True)],
    )


def _tell(delivery: Delivery, event: str, words: str) -> None:
    tell(delivery.flow, delivery.version.content["design"], event, delivery.item, words)


def _note(attempt: Attempt, outcome: str, detail: str = "") -> None:
    attempt.outcome, attempt.detail = outcome[:30], detail
    attempt.finished_at = timezone.now()
    attempt.save(update_fields=["outcome", "detail", "finished_at"])


def record_success(claim: Claim, attempt: Attempt, receipt: Receipt) -> str:
    """Write down the success and what follows from it, in one transaction."""
    delivery = claim.delivery
    now = timezone.now()
    with transaction.atomic():
        won = still_mine(claim).update(
            state="done",
            lease_until=None,
            not_before=None,
            done_at=now,
            target_key=receipt.key,
            target_number=receipt.number,
            target_version=receipt.version,
            receipt=dump(dict(receipt.data)).decode(),
            last_error="",
        )
        _note(attempt, "replayed" if receipt.replayed else "done")
        if not won:
            # Another worker took over after our lease; it will find the document by its reference.
            return "taken over"
        delivery.state, delivery.done_at, delivery.target_key = "done", now, receipt.key
        delivery.target_number, delivery.target_version = receipt.number, receipt.version
        if delivery.step == "post":
            _after_post(delivery, receipt)
        elif delivery.step.startswith("create_"):
            _after_create(delivery, receipt)
        elif delivery.step == "write_back":
            _after_write_back(delivery)
        elif delivery.step == ATTACH:
            after_attaching(delivery, receipt)
        elif delivery.step in CHANGES:
            after_change(delivery, receipt)
        elif delivery.step in TAKE_BACK:
            after_reversal(delivery)
            release(delivery.idempotency_key)
            nudge("flows.pump_items", delivery.flow_id)
    return "done"


def count_as_posted(delivery: Delivery, receipt: Receipt) -> bool:
    """Take a document that a person entered at the target for a refused posting; False if too late."""
    with transaction.atomic():
        won = Delivery.objects.filter(pk=delivery.pk, state="parked").update(
            state="done",
            done_at=timezone.now(),
            target_key=receipt.key,
            target_number=receipt.number,
            target_version=receipt.version,
            receipt=dump(dict(receipt.data)).decode(),
            last_error="",
        )
        if won:
            delivery.refresh_from_db()
            _after_post(delivery, receipt)
    return won == 1


def _after_post(delivery: Delivery, receipt: Receipt) -> None:
    flow = delivery.flow
    close_cases(
        f"inbox:{delivery.item.uuid}",
        state="auto_closed",
        reason=f"Posted as {receipt.number or receipt.key}.",
        by="machine",
    )
    total = total_of(delivery, dict(receipt.data))
    kind = delivery.version.content["design"]["document"]
    _link(delivery, kind, receipt, "posted", posting=_posting(delivery, receipt, total))
    _link_document(delivery, receipt)
    if total is not None and total != delivery.gross:
        # The ledger says what the target took; the tie-out names the difference to the source.
        Delivery.objects.filter(pk=delivery.pk).update(gross=total, net=total - delivery.tax)
        open_case(
            flow.workspace,
            trouble_of(
                delivery.item,
                Issue(
                    code=TOTAL_DIFFERS,
                    path="gross_total",
                    sentence=(
                        f"{flow.target} computed {spoken(total, delivery.currency)} where {flow.source} "
                        f"says {spoken(delivery.gross, delivery.currency)} "
                        f"({receipt.number or receipt.key})."
                    ),
                    case_class=CaseClass.AMOUNT,
                    evidence={"source": str(delivery.gross), "target": str(total)},
                ),
            ),
        )
    where = receipt.number or receipt.key
    _tell(delivery, "posted", f"{delivery.item.label} was posted as {where}.")
    gross = delivery.gross if total is None else total
    said = amount(gross, delivery.currency)
    numbers = {"target_key": receipt.key, "target_number": receipt.number}
    tell_delivery("delivery.posted", delivery, **numbers, **said)
    _write_back(delivery, receipt)
    attach_source(delivery, receipt)


def _link_document(delivery: Delivery, receipt: Receipt) -> None:
    """What payments call the document: its number at the source, or what it is known by here."""
    design = delivery.version.content["design"]
    plan = design.get("entities", {}).get(receipt.entity, {}).get("link")
    if plan and plan["kind"] != design["document"]:
        code = str(delivery.item.canonical.get(plan.get("code", "")) or delivery.business_key)
        _link(delivery, plan["kind"], receipt, "posted", code=code)


def _posting(delivery: Delivery, receipt: Receipt, total: Decimal | None) -> dict[str, str]:
    """What the trail seals of a posting, by the names of the columns of the auditor's pack."""
    on, at = delivery.document_on, delivery.done_at
    return {
        "key": delivery.idempotency_key,
        "at": at.isoformat() if at else "",
        "flow": delivery.flow.key,
        "version_hash": delivery.version.content_hash,
        "source_record": delivery.business_key,
        "target_document": receipt.number or receipt.key,
        "gross": f"{delivery.gross if total is None else total:.2f}",
        "currency": delivery.currency,
        "document_date": on.isoformat() if on else "",
    }


def _link(
    delivery: Delivery,
    kind: str,
    receipt: Receipt,
    origin: str,
    *,
    code: str = "",
    posting: dict[str, str] | None = None,
) -> None:
    """The confirmed write is a cross-reference: this code is that key."""
    flow = delivery.flow
    label = receipt.number or delivery.reference
    refer = capabilities(delivery.connection.system).refer.get(receipt.entity)
    key = str(receipt.data.get(refer) or receipt.key) if refer else receipt.key
    code = code or delivery.business_key
    name, by = _ordered(flow, kind, code) if origin == "created" else ("", "")
    ends = Ends(flow.source, code, flow.target, key, label, name or delivery.item.label)
    add_link(
        machine(flow.workspace, "machine", MATCH),
        kind,
        ends,
        origin=origin,
        ordered_by=by,
        posting=posting,
    )


def _ordered(flow: Flow, kind: str, code: str) -> tuple[str, str]:
    """The own name of a party that an order needs, and who said that it be created; empty where nobody did."""
    party = Party.objects.filter(connection=flow.source, kind=kind, code=code).first()
    if party is None:
        return "", ""
    asked = creations([flow.target], [party]).get((party.pk, flow.target_id))
    return party.label, asked.actor if asked else ""


def _write_back(delivery: Delivery, receipt: Receipt) -> None:
    """Telling the source is a delivery of its own: its failure never touches the invoice."""
    flow = delivery.flow
    plan = delivery.version.content["design"].get("write_back")
    if not plan:
        return
    said = {"key": receipt.key, "number": receipt.number or receipt.key, "entity": receipt.entity}
    body: dict[str, Any] = {}
    for path, name in plan["fields"].items():
        put(body, path, said[name])
    payload = dump(body).decode()
    Delivery.objects.get_or_create(
        idempotency_key=idempotency_key(
            connection=str(flow.source.uuid),
            flow=flow.key,
            entity=plan["entity"],
            business_key=delivery.business_key,
            content=content_hash(payload),
            step="write_back",
        ),
        defaults={
            "flow": flow,
            "version": delivery.version,
            "item": delivery.item,
            "follows": delivery,
            "step": "write_back",
            "connection": flow.source,
            "entity": plan["entity"],
            "business_key": delivery.business_key,
            "content_hash": content_hash(payload),
            "reference": delivery.business_key,
            "payload": payload,
            "target_key": delivery.item.key,
            "currency": delivery.currency,
            "document_on": delivery.document_on,
        },
    )
    nudge("flows.pump_deliveries", flow.source_id)


def _after_write_back(delivery: Delivery) -> None:
    """The source knows now; a case about amounts is another matter and stays."""
    subject = f"inbox:{delivery.item.uuid}"
    other = Case.objects.filter(subject=subject, case_class=CaseClass.AMOUNT)
    close_cases(
        subject,
        state="auto_closed",
        reason=f"Written back to {delivery.connection}.",
        by="machine",
        keep=list(other.values_list("cause", flat=True)),
    )


def _after_create(delivery: Delivery, receipt: Receipt) -> None:
    """The new customer or item is linked, and the records that waited for it go on."""
    flow = delivery.flow
    _link(delivery, delivery.step.removeprefix("create_"), receipt, "created")
    after_create(delivery, receipt)
    release(delivery.idempotency_key)
    nudge("flows.pump_items", flow.pk)


def release(key: str) -> int:
    """Let the items that waited for a delivery go on."""
    return InboxItem.objects.filter(state="waiting", waiting_on=key).update(
        state="new", waiting_on="", why=""
    )
