"""Decisions on mapping rows as blind repeats ask them once more."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from studio.accounts.models import Workspace
from studio.accounts.roles import APPROVE, MAP
from studio.core.action import Actor
from studio.learning.sources import CANNOT_SAY, NONE, Decided, Option, Question, Source
from studio.mapping.actions.decide import best
from studio.mapping.actions.undo import undo
from studio.mapping.models import Decision
from studio.mapping.rows import Fields, fields_of, read_by

KIND = "field"
SAMPLES = 3


def standing_decisions() -> QuerySet[Decision]:
    """Decisions in force: the newest of their row that was not taken back."""
    # Whatever is decided later on the row makes an earlier decision history; on a row that is open again
    # nothing stands: a second person sent it back.
    standing = Decision.objects.filter(undo_of=None, undone_by=None).exclude(row__state="open")
    return standing.order_by("row_id", "-id")


def _newest(decisions: Iterable[tuple[int, uuid.UUID]]) -> list[uuid.UUID]:
    found: dict[int, uuid.UUID] = {}
    for row, key in decisions:
        found.setdefault(row, key)
    return list(found.values())


def keys(workspace: Workspace) -> list[uuid.UUID]:
    """Keys of all decisions in force that had candidates to choose from."""
    rows = standing_decisions().filter(row__mapping__workspace=workspace).exclude(candidates=[])
    return _newest(rows.values_list("row_id", "uuid"))


def standing(asked: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Which of these decisions are still in force."""
    rows = Decision.objects.filter(uuid__in=asked).values("row_id")
    of_them = standing_decisions().filter(row_id__in=rows)
    return set(_newest(of_them.values_list("row_id", "uuid"))) & set(asked)


def load(workspace: Workspace, asked: Sequence[uuid.UUID]) -> list[Decided]:
    """The decisions in the words of their repeats."""
    rows = Decision.objects.filter(uuid__in=asked, row__mapping__workspace=workspace)
    found = []
    for one in rows.select_related("row__mapping__connection"):
        top = best(one.candidates)
        found.append(
            Decided(
                kind=KIND,
                decision=one.uuid,
                subject=one.row.uuid,
                label=str(one.row),
                answer=_answer(one),
                machine=_says(top) if top else "",
                confidence=float(top["confidence"]) if top else 0.0,
                by=one.actor,
                at=one.created_at,
                unseen=one.unseen,
            )
        )
    return found


def _answer(decision: Decision) -> str:
    """What fills the row: an expression with its condition, or nothing."""
    return _says(decision.after) if decision.verdict == "approved" else NONE


def _says(one: dict[str, Any]) -> str:
    condition = one.get("condition") or ""
    return f"{one['expression']} · {condition}" if condition else str(one["expression"])


def question(key: uuid.UUID) -> Question | None:
    """The row with everything that was offered, and what was written instead, in an order by hash."""
    rows = Decision.objects.select_related("row__mapping__connection")
    one = rows.filter(uuid=key).first()
    if one is None:
        return None
    row, mapping = one.row, one.row.mapping
    fields = fields_of(mapping)
    ways = {_says(c): c["expression"] for c in one.candidates}
    if one.verdict == "approved":
        ways.setdefault(_says(one.after), one.after["expression"])
    options = [
        Option(said, said, _hint(fields, read_by(text, row.block, mapping.blocks)), code=True)
        for said, text in sorted(ways.items(), key=lambda way: _order(key, way[0]))
    ]
    target = fields.target.get(row.target_path.replace("[]", ""))
    facts = [
        (_("Field"), row.target_path, ""),
        (_("Name"), row.target_label, ""),
        (_("Type"), row.target_type, ""),
        (_("Required"), _("yes") if row.required else _("no"), ""),
        (_("Meaning"), target.description if target else "", ""),
    ]
    return Question(
        title=f"{mapping} · {row.target_path}",
        words=_("What fills this field?"),
        facts=[fact for fact in facts if fact[1]],
        options=[
            *options,
            Option(NONE, _("Nothing of these")),
            Option(CANNOT_SAY, _("I cannot say")),
        ],
    )


def _order(key: uuid.UUID, said: str) -> str:
    """An order that says nothing about scores, the same every time the page is opened."""
    return hashlib.sha256(f"{key}|{said}".encode()).hexdigest()


def _hint(fields: Fields, paths: list[str]) -> str:
    """Names and a few values of the source fields."""
    told = []
    for path in paths:
        one = fields.source.get(path)
        if one is None:
            continue
        seen = [v for v in one.profile.samples if v.strip()][:SAMPLES] if one.profile else []
        told.append(f"{one.label or path}{': ' + ', '.join(seen) if seen else ''}")
    return "; ".join(told)


def take_back(actor: Actor, key: uuid.UUID) -> None:
    """Undo the decision as its author could."""
    undo(actor, Decision.objects.select_related("row__mapping__connection").get(uuid=key))


def address(row: uuid.UUID) -> str:
    """Where the row is reviewed."""
    return reverse("mapping:row-explain", args=[row])


SOURCE = Source(
    kinds=(KIND,),
    # An accountant may say what a field means; approving it stays the integrator's.
    permissions=(MAP, APPROVE),
    back_permission=MAP,
    keys=keys,
    load=load,
    standing=standing,
    question=question,
    take_back=take_back,
    address=address,
)
