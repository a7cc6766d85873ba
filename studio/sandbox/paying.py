"""Invoices and bills of the sample company are paid in the books, as a person would enter it; no vendor here."""

from __future__ import annotations

import copy
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.db.models import Q

from engine.canon.money import round_half_up
from engine.ports import Connector, Draft
from studio.catalog.wiring import opened
from studio.flows.models import Delivery, Flow
from studio.flows.places import assign, first

DAY = "2026-06-29"
# Of ten postings the first are paid: in full, a third of it, and more than it says.
SHARES = (Decimal(1), Decimal(1) / 3, Decimal(1), Decimal(1) / 2)
MOST = 6
# The workers may have used up the minute; a person would wait until the books answer again.
BUSY_MINUTE = 90.0


@cache
def _plans() -> dict[str, dict[str, dict[str, Any]]]:
    found: dict[str, dict[str, dict[str, Any]]] = yaml.safe_load(
        (Path(__file__).parent / "payments.yaml").read_text(encoding="utf-8")
    )
    return found


def pay_some(flow: Flow) -> int:
    """Pay the first documents that were posted to the books of a payment flow; returns how many.

    Args:
        flow: a flow that reads payments; its source are the books, its target the ERP.
    """
    plan = plan_of(flow)
    if plan is None:
        return 0
    kind = flow.design["settle"]["document"]
    bills = Q(flow__design__document="bill")
    posted = Delivery.objects.filter(
        bills if kind == "bill" else ~bills,
        connection=flow.source, step="post", state="done", entity=plan["document"],
    ).order_by("pk")  # fmt: skip
    count = 0
    with opened(flow.source, patience=BUSY_MINUTE) as books:
        for one in posted[:MOST]:
            if one.currency != flow.source.currency:
                continue
            left = still_open(books, plan, one)
            if left > 0:
                share = round_half_up(left * SHARES[count % len(SHARES)])
                extra = Decimal("15.00") if plan["too_much"] and count == 2 else Decimal(0)
                pay(books, plan, one, share, extra=extra)
                count += 1
    return count


def plan_of(flow: Flow) -> dict[str, Any] | None:
    """How what a payment flow settles is paid in its books; None where nobody wrote that down."""
    kind = str(flow.design.get("settle", {}).get("document", ""))
    return _plans().get(flow.source.system, {}).get(kind)


def still_open(books: Connector, plan: dict[str, Any], posted: Delivery) -> Decimal:
    """What a posted document is still owed, as the books say."""
    document = books.read(plan["document"], posted.target_key)
    data: dict[str, Any] = dict(document.data) if document else {}
    return Decimal(str(first(data, plan["open"]) or 0))


def pay(
    books: Connector,
    plan: dict[str, Any],
    posted: Delivery,
    applied: Decimal,
    *,
    extra: Decimal = Decimal(0),
    again: int = 0,
) -> str:
    """Pay an amount of a posted document, ``extra`` on account; ``again`` tells payments of one document apart.

    Returns:
        the payment's key in the books.
    """
    document = books.read(plan["document"], posted.target_key)
    data: dict[str, Any] = dict(document.data) if document else {}
    number = f"PAY{again or ''} {posted.target_number}"[:21]
    said: dict[str, Any] = {
        "party": first(data, plan["party"]),
        "amount": applied + extra,
        "applied": applied,
        "day": DAY,
        "reference": number,
        "document": posted.target_key,
        "bank": _bank(books, plan),
    }
    body = copy.deepcopy(plan["body"])
    for path, name in plan["fill"].items():
        assign(body, path, said[name])
    said_once = f"story-{posted.idempotency_key}-{again}"
    return books.create(Draft(plan["entity"], body, said_once, number)).key


def _bank(books: Connector, plan: dict[str, Any]) -> str:
    wanted = plan.get("bank")
    found = books.find(wanted["entity"], wanted["where"], limit=1) if wanted else []
    return found[0].key if found else ""
