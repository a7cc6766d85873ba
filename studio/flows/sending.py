"""The calls of deliveries that were claimed together: what to say to the target, and its answers.

Where an outcome is unclear the document is looked up before anything is sent. What is left to create
goes in one call where the vendor has one for many; a call that was refused as a whole, or that a fault
of ours spoiled, is taken apart so that one bad record never stops its neighbours.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from connectors.http.jsontext import load
from connectors.registry import capabilities
from engine.errors import DuplicateAtTarget, OutcomeUnknown, StudioError
from engine.ports import Connector, Draft, ItemResult, Receipt
from engine.runtime.disposition import Verdict, dispose
from studio.flows.amounts import amount_at
from studio.flows.attaching import put_beside
from studio.flows.changing import CHANGES, check_basis, send_change
from studio.flows.files import STEP as ATTACH
from studio.flows.ledger import Claim, hold
from studio.flows.models import Delivery
from studio.flows.places import first
from studio.flows.reversal import STEPS as TAKE_BACK

log = logging.getLogger(__name__)
# Our own document may differ from the source by what a target's rounding can do.
CENTS = Decimal("0.05")
Answer = Receipt | Exception


def draft_of(delivery: Delivery) -> Draft:
    """The delivery as the connector takes it."""
    return Draft(
        entity=delivery.entity,
        data=load(delivery.payload),
        idempotency_key=delivery.idempotency_key,
        reference=delivery.reference,
        key=delivery.target_key if delivery.step in ("write_back", *TAKE_BACK) else "",
        version=delivery.target_version,
    )


def send(claims: Sequence[Claim], connector: Connector) -> list[Answer]:
    """Send claimed deliveries; for each, in order, what the target said or why it did not."""
    if claims[0].delivery.step == "write_back":
        return _told(claims, connector)
    answers: dict[int, Answer] = {}
    fresh: list[Claim] = []
    for claim in claims:
        answer = _tried(partial(_settled, claim, connector))
        if answer is None:
            fresh.append(claim)
        else:
            answers[claim.delivery.pk] = answer
    if len(claims) > 1 and any(claim.unclear for claim in claims):
        # Looking up took its time; what another worker took over meanwhile is left to it.
        fresh = _kept(fresh, answers)
    answers |= _created(fresh, connector)
    return [answers[claim.delivery.pk] for claim in claims]


def _tried(call: Callable[[], Answer | None]) -> Answer | None:
    """The answer of a call, its error as a value."""
    try:
        return call()
    except Exception as error:
        # The caller decides what each kind means for its delivery.
        return error


def _told(claims: Sequence[Claim], connector: Connector) -> list[Answer]:
    """Write back; saying the same again does no harm, so nothing is looked up before."""
    drafts = [draft_of(claim.delivery) for claim in claims]
    if len(claims) > 1:
        try:
            results = connector.update_many(drafts)
            return [_answer(claim, result) for claim, result in zip(claims, results, strict=True)]
        except StudioError as error:
            return [error] * len(claims)
        except Exception:
            log.exception("a call of %s", len(claims))
    tried = [_tried(partial(connector.update, draft)) for draft in drafts]
    return [a or _no_answer(c.delivery) for c, a in zip(claims, tried, strict=True)]


def _settled(claim: Claim, connector: Connector) -> Receipt | None:
    """The receipt of a delivery that needs no creation (any more), else None."""
    delivery = claim.delivery
    if delivery.step in CHANGES:
        return send_change(delivery, connector)
    if delivery.step in TAKE_BACK:
        return _taken_back(claim, connector)
    if delivery.step == ATTACH:
        return put_beside(claim, connector)
    draft = draft_of(delivery)
    found = found_again(delivery, draft, connector) if claim.unclear else None
    if found is None:
        check_basis(delivery, connector)
        return None
    if delivery.step.startswith("create_") or same(delivery, found):
        return found
    raise DuplicateAtTarget(
        system=str(delivery.connection),
        call=f"create {draft.entity}",
        value=draft.reference,
        existing_key=found.key,
        detail="A document with this number is there, but its total is another.",
    )


def found_again(delivery: Delivery, draft: Draft, connector: Connector) -> Receipt | None:
    """What stands at the target under this reference; of this party, where numbers are not unique.

    Suppliers number their invoices themselves, so two bills may carry one number (golden test 10). The
    design then names where the party stands (``party``), and another party's document is not looked at.
    """
    plan = _totals(delivery)
    if not plan.get("party"):
        return connector.find_by_reference(draft.entity, draft.reference, draft.idempotency_key)
    party = str(first(dict(draft.data), plan["party"]) or "")
    where = {plan["reference"]: draft.reference, plan["party"]: party}
    live = [r for r in connector.find(draft.entity, where) if not r.deleted]
    if not live:
        return None
    best = next((r for r in live if total_of(delivery, dict(r.data)) == delivery.gross), live[-1])
    return Receipt(best.entity, best.key, draft.reference, best.version, best.data, replayed=True)


def _taken_back(claim: Claim, connector: Connector) -> Receipt:
    """End the document; after an unclear try one that is gone already was ended by us."""
    draft = draft_of(claim.delivery)
    if claim.unclear:
        seen = connector.read(draft.entity, draft.key)
        if seen is None or seen.deleted:
            return Receipt(draft.entity, draft.key, draft.reference, replayed=True)
    how = capabilities(claim.delivery.connection.system).ending(draft.entity)
    return connector.act(draft, how)


def _kept(claims: list[Claim], answers: dict[int, Answer]) -> list[Claim]:
    """Claims that are still ours; the others are left as unknown to whoever has them now."""
    kept = hold(claims)
    for claim in claims:
        if claim not in kept:
            answers[claim.delivery.pk] = OutcomeUnknown(
                system=str(claim.delivery.connection),
                call=f"create {claim.delivery.entity}",
                detail="Another worker took it over.",
            )
    return kept


def _created(claims: list[Claim], connector: Connector) -> dict[int, Answer]:
    """Create what is left, in one call where there are several."""
    if not claims:
        return {}
    if len(claims) == 1:
        only = claims[0].delivery
        return {only.pk: _tried(lambda: connector.create(draft_of(only))) or _no_answer(only)}
    drafts = [draft_of(claim.delivery) for claim in claims]
    try:
        results = list(connector.create_many(drafts))
        answers = {c.delivery.pk: _answer(c, r) for c, r in zip(claims, results, strict=True)}
    except StudioError as error:
        answers = {claim.delivery.pk: error for claim in claims}
    except Exception:
        log.exception("a call of %s", len(claims))
        # Which of them spoiled it, and whether anything was sent, is found out one by one.
        return _one_by_one([Claim(c.delivery, c.token, unclear=True) for c in claims], connector)
    refused = [c for c in claims if _refused_with_others(c, answers)]
    return answers | _one_by_one(refused, connector)


def _answer(claim: Claim, result: ItemResult) -> Answer:
    return result.receipt or result.error or _no_answer(claim.delivery)


def _no_answer(delivery: Delivery) -> OutcomeUnknown:
    return OutcomeUnknown(
        system=str(delivery.connection),
        call=f"create {delivery.entity}",
        detail="The call did not answer for this record.",
    )


def _refused_with_others(claim: Claim, answers: dict[int, Answer]) -> bool:
    """Whether this record got the very refusal that others got: it was not judged by itself."""
    mine = answers[claim.delivery.pk]
    if isinstance(mine, Receipt) or dispose(mine).verdict not in (Verdict.PARK, Verdict.STOP):
        return False
    return sum(answer is mine for answer in answers.values()) > 1


def _one_by_one(claims: list[Claim], connector: Connector) -> dict[int, Answer]:
    """Each record in a call of its own, as long as it is still ours."""
    answers: dict[int, Answer] = {}
    for claim in claims:
        if _kept([claim], answers):
            answers |= {claim.delivery.pk: send([claim], connector)[0]}
    return answers


def _totals(delivery: Delivery) -> dict[str, Any]:
    entities = delivery.version.content["design"].get("entities", {})
    found: dict[str, Any] = entities.get(delivery.entity, {})
    return found


def total_of(delivery: Delivery, record: dict[str, Any]) -> Decimal | None:
    """The document's total as the target says it, None where it says none."""
    plan = _totals(delivery)
    # Where a document is several records there (sum), no single one says its total.
    where = None if plan.get("sum") else plan.get("gross")
    return amount_at(record, where) if where else None


def same(delivery: Delivery, found: Receipt) -> bool:
    """Whether a document found under our reference is ours: same total, if it has one."""
    if delivery.step.startswith("create_"):
        return False
    total = total_of(delivery, dict(found.data))
    return total is None or abs(total - delivery.gross) <= CENTS
