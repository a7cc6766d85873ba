"""What a person can do where a document names another one that is linked to nothing: a credit note its invoice.

No link is made. The number a document gives is often its own, or that of another list, and a link says something
of every document to come and of what comes back. The answer stands for this record alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from engine.canon.days import spoken_day
from engine.canon.money import spoken
from engine.canon.typed import typed_number
from studio.accounts.roles import MATCH, TRIAGE
from studio.catalog.schemas import schema_of
from studio.core.action import Actor
from studio.flows.actions import item_of, override, replay
from studio.flows.models import Delivery, InboxItem
from studio.flows.reposting import number_of
from studio.flows.work import MEANT
from studio.linking.models import KINDS, Link
from studio.triage.models import Case
from studio.triage.remedies import Choice, Input, Remedy, register

MOST_CHOICES = 30
MOST_POSTINGS = 400
REASON = Input("reason", "Reason", "reason")


def asks_for_document(case: Case) -> bool:
    """Whether the case asks which document another system has is meant; payments settle theirs in a way of their own."""
    said, item = case.evidence, item_of(case)
    named = said.get("kind") == "link" and bool(said.get("code"))
    if not named or said.get("table") in dict(KINDS) or case.case_class == "payment":
        return False
    return item is not None and item.state == "parked"


def _needed(case: Case) -> InboxItem:
    item = item_of(case)
    if item is None:
        raise ValidationError(_("The record of this case is not there any more."))
    return item


def _links(case: Case) -> QuerySet[Link]:
    """Everything of the kind the case asks for that is known at the target."""
    flow = _needed(case).flow
    return Link.objects.filter(
        kind=case.evidence["table"],
        left_connection=flow.source,
        right_connection=flow.target,
        active=True,
    )


def _postings(case: Case, text: str) -> list[tuple[Link, Delivery]]:
    """What was posted between the two companies, the likeliest first: same party, nearest amount.

    Without a text only what the same party has.
    """
    item = _needed(case)
    found = Delivery.objects.filter(
        connection=item.flow.target, flow__source=item.flow.source, step="post", state="done"
    )
    if text:
        numbers = Q(business_key__icontains=text) | Q(target_number__icontains=text)
        found = found.filter(numbers | Q(item__party__icontains=text) | Q(gross=_amount(text)))
    else:
        found = found.filter(item__party=item.party)
    newest = list(found.select_related("item").order_by("-document_on", "-pk")[:MOST_POSTINGS])
    there = Q(right_key__in=[one.target_key for one in newest])
    called = Q(right_label__in=[one.target_number for one in newest if one.target_number])
    links = list(_links(case).filter(there | called))
    by_key = {one.right_key: one for one in links} | {one.right_label: one for one in links}
    rows = [
        (link, one)
        for one in newest
        if (link := by_key.get(one.target_key) or by_key.get(one.target_number)) is not None
    ]
    rows.sort(
        key=lambda row: (row[1].item.party != item.party, abs(row[1].gross - abs(item.amount)))
    )
    return rows[:MOST_CHOICES]


def _amount(text: str) -> Decimal | None:
    try:
        return typed_number(text)
    except ValueError:
        return None


def _choices(case: Case, text: str) -> list[Choice]:
    return [
        Choice(link.right_key, number_of(one), _hint(one))
        for link, one in _postings(case, text.strip())
    ]


def _hint(one: Delivery) -> str:
    day = spoken_day(one.document_on) if one.document_on else ""
    words = (one.item.label, one.item.party, day, spoken(one.gross, one.currency))
    return " · ".join(word for word in words if word)


def _choose(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    item = _needed(case)
    chosen = _links(case).filter(right_key=values["target"]).first()
    if chosen is None:
        words = _(
            "No posted document is called so. Search by number, party or amount and pick one."
        )
        raise ValidationError({"target": words})
    override(item, _place(case), chosen.right_key)
    replay(item)
    return _("%(record)s is about %(number)s. It goes through again.") % {
        "record": case.record_label,
        "number": chosen.right_label or chosen.right_key,
    }


def _what_choosing_does(case: Case) -> str:
    return _("This holds for %(record)s alone; nothing is linked for other records.") % {
        "record": case.record_label
    }


# --- without it -------------------------------------------------------------------------------------


def _may_go_without(case: Case) -> bool:
    """Whether the target takes the document without the field; one it demands cannot be left out."""
    return asks_for_document(case) and bool(case.field) and not _is_demanded(case)


def _is_demanded(case: Case) -> bool:
    flow = _needed(case).flow
    snapshot = flow.target.snapshots.first()
    schema = schema_of(snapshot) if snapshot else None
    path = re.sub(r"\[\d+\]", "[]", case.field)
    parts = path.split(".")
    steps = [".".join(parts[: n + 1]) for n in range(len(parts))]
    for branch in flow.design.get("branches", []):
        entity = schema.entity(str(branch["entity"])) if schema else None
        found = [entity.field(step.removesuffix("[]")) for step in steps] if entity else []
        known = [one for one in found if one is not None]
        # What lies in an object that may be left out is left out with it.
        if known and all(one.required for one in known):
            return True
    return False


def _without(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    item = _needed(case)
    override(item, _place(case), "")
    replay(item)
    return _("%(record)s goes out without it.") % {"record": case.record_label}


def _place(case: Case) -> str:
    return f"{MEANT}{case.evidence['table']}:{case.evidence['code']}"


def register_all() -> None:
    """Add the remedies of documents that name another one; called once from ``FlowsConfig.ready``."""
    for remedy in (
        Remedy("choose_document", "Choose the posted document", MATCH, asks_for_document, _choose,
               (Input("target", "It is about", "choice", choices=_choices), REASON), primary=True, about=_what_choosing_does),
        Remedy("no_document", "Send it without the reference", TRIAGE, _may_go_without, _without, (REASON,)),
    ):  # fmt: skip
        register(remedy)
