"""The automation ladder where it asks a person first: each document waits for its own approval.

Credits stand on this rung when they are shipped (golden test 24): money given back is never posted by the
machine alone, however sure it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from engine.canon.money import spoken
from engine.errors import Audience, CaseClass
from engine.issue import Fix, Issue
from engine.schema.model import Record
from studio.flows.models import InboxItem

ASKING = ("suggest", "approve")


def approval_of(
    item: InboxItem, design: Mapping[str, Any], document: Record, business_key: str
) -> list[Issue]:
    """The question whether this document may go out, where each is approved by itself."""
    if design.get("approval") != "each" or item.flow.ladder not in ASKING:
        return []
    kind = str(design.get("document", "record")).replace("_", " ")
    amount = document.get("gross_total") or document.get("amount")
    total = (
        spoken(Decimal(str(amount)), str(document.get("currency") or "")) if amount else "nothing"
    )
    return [
        Issue(
            code="needs_approval",
            path="",
            sentence=(
                f"{kind.capitalize()} {business_key} over {total} for "
                f"{document.get('party_name') or document.get('party') or 'nobody named'} "
                f"waits for an approval before it goes to {item.flow.target}."
            ),
            case_class=CaseClass.APPROVAL,
            audience=Audience.APPROVER,
            evidence={"cause": business_key},
            fixes=(Fix("approve", "Approve and post"),),
        )
    ]
