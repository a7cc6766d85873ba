"""What a case shows about a record of a flow."""

from __future__ import annotations

import re
from typing import Any

from django.urls import reverse

from connectors.http.jsontext import load
from studio.flows.actions import item_of
from studio.flows.culprits import culprits_of, marked
from studio.flows.keeping import is_forward, opposite
from studio.flows.models import Delivery, Golden, InboxItem
from studio.triage.evidence import Evidence
from studio.triage.models import Case

MOST_ROWS = 60
STEP_WORDS = {
    "post": "Post",
    "update": "Change",
    "void": "Void",
    "reverse": "Reverse",
    "deactivate": "Make inactive",
    "reactivate": "Make active",
    "create_customer": "Create customer",
    "create_supplier": "Create supplier",
    "create_item": "Create item",
    "write_back": "Write back",
    "attach": "Attach",
}
OUTCOME_WORDS = {"done": "done", "replayed": "was there already", "sending": "no answer yet"}


def tried_words(step: str, where: object, outcome: str) -> str:
    """One try in words: “Post to Xero UK: done”."""
    said = OUTCOME_WORDS.get(outcome, outcome.replace("-", " "))
    return f"{STEP_WORDS.get(step, step.replace('_', ' '))} to {where}: {said}"


def place_words(path: str) -> str:
    """A place of our own document for people: ``lines[0].tax_code`` is “line 1, tax code”."""
    said = re.sub(r"s?\[(\d+)\]", lambda m: f" {int(m[1]) + 1}", path)
    return said.replace(".", ", ").replace("_", " ")


def marked_first(rows: list[tuple[str, Any, bool]]) -> list[tuple[str, Any, bool]]:
    """What the case is about stands at the top."""
    return sorted(rows, key=lambda row: not row[2])


def flat(value: Any, path: str = "") -> list[tuple[str, Any]]:
    """A record as (place, value) rows, empty values left out."""
    if isinstance(value, dict):
        return [r for k, v in value.items() for r in flat(v, f"{path}.{k}" if path else str(k))]
    if isinstance(value, list):
        return [r for n, v in enumerate(value) for r in flat(v, f"{path}[{n}]")]
    return [] if value in (None, "") else [(path, value)]


def case_evidence(case: Case) -> Evidence | None:
    """Source record and what would be written, with what was tried."""
    item = item_of(case)
    return case_evidence_of(case, item) if item else None


def case_evidence_of(case: Case, item: InboxItem) -> Evidence:
    """The same for a case about something else of a record."""
    shared = str(case.evidence.get("golden", ""))
    golden = Golden.objects.filter(uuid=shared).first() if shared else None
    found = _shared_evidence(case, item, golden) if golden else _own_evidence(case, item)
    for delivery in (
        Delivery.objects.filter(item=item).select_related("connection").prefetch_related("tries")
    ):
        for attempt in delivery.tries.all():
            tone = "good" if attempt.outcome in ("done", "replayed") else "bad"
            words = tried_words(delivery.step, delivery.connection, attempt.outcome)
            found.tried.append((attempt.started_at, f"{words}. {attempt.detail}".strip(), tone))
    return found


def _shared_evidence(case: Case, item: InboxItem, golden: Golden) -> Evidence:
    """What both systems say about a record they share."""
    sides = [
        marked_first(
            [(place_words(p), v, p == case.field) for p, v in said.items() if v is not None]
        )
        for said in (golden.left, golden.right)
    ]
    return Evidence(
        left_title=f"{golden.left_connection} · {golden.left_key}",
        left=sides[0][:MOST_ROWS],
        right_title=f"{golden.right_connection} · {golden.right_key}",
        right=sides[1][:MOST_ROWS],
        links=[
            (
                f"Shared record: {golden.label or golden.left_key}",
                reverse("flows:shared-record", args=[golden.uuid]),
            ),
            *_owners_page(item),
            ("Whole journey", reverse("flows:item", args=[item.uuid])),
        ],
    )


def _owners_page(item: InboxItem) -> list[tuple[str, str]]:
    """Where the owner of each field is said: with the flow that goes from the ERP to the books."""
    flow = item.flow if is_forward(item.flow.design) else opposite(item.flow)
    return [("Who owns the fields", reverse("flows:owners", args=[flow.key]))] if flow else []


def _own_evidence(case: Case, item: InboxItem) -> Evidence:
    """The source record and what the studio made of it."""
    source = flat(load(item.payload)["data"])
    canonical = flat(item.canonical)
    about = culprits_of(case, item)
    return Evidence(
        left_title=f"{item.flow.source} · {item.entity} {item.key}",
        left=marked_first(marked(source, about.source, case))[:MOST_ROWS],
        right_title="As the studio understands it",
        right=marked_first(
            [(place_words(p), v, m) for p, v, m in marked(canonical, about.canonical, case)]
        )[:MOST_ROWS],
        links=[("Whole journey", reverse("flows:item", args=[item.uuid]))],
    )
