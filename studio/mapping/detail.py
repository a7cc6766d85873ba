"""One row in depth: candidates with waterfalls, samples of both sides, remarks, history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from engine.schema.model import FieldSchema
from studio.core.waterfalls import drawn
from studio.mapping.examples import Example
from studio.mapping.models import Decision, MappingRow, RowNote
from studio.mapping.opinions import suggestions_on
from studio.mapping.preview import Preview, Shown, preview
from studio.mapping.queries import identical_rows
from studio.mapping.rows import RowView, fields_of, ranked, views


@dataclass(frozen=True, slots=True)
class CandidateView:
    """A candidate with its picture."""

    number: int
    index: int
    data: dict[str, Any]
    picture: SafeString


@dataclass(frozen=True, slots=True)
class Detail:
    """Everything about one row."""

    row: MappingRow
    view: RowView
    candidates: list[CandidateView]
    target: FieldSchema | None
    shown: Shown
    sample: str
    notes: list[RowNote]
    history: list[Decision]
    twins: int


def detail_of(row: MappingRow, example: Example | None = None) -> Detail:
    """A fixed number of queries, whatever the row has been through."""
    seen: Preview = preview(row.mapping, [row], example)
    notes = list(row.notes.all())
    return Detail(
        row=row,
        view=views(row.mapping, [row], seen, {row.pk: len(notes)}, suggestions_on([row]))[0],
        candidates=[
            CandidateView(
                one.number,
                one.index,
                one.data,
                drawn(
                    one.data.get("waterfall", []),
                    float(one.data["confidence"]),
                    _("How %(percent)s came about") % {"percent": f"{one.data['confidence']:.0%}"},
                ),
            )
            for one in ranked(row.candidates)[:5]
        ],
        target=fields_of(row.mapping).target.get(row.target_path.replace("[]", "")),
        shown=seen.of(row.target_path),
        sample=seen.label,
        notes=notes,
        history=list(row.decisions.all()[:10]),
        twins=len(identical_rows(row)) if row.state == "approved" else 0,
    )
