"""What a trial found, read for the page and for programs: one finding, and everything as a file."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from typing import Any

from django.http import Http404, StreamingHttpResponse
from django.utils.translation import gettext as _

from studio.core.match_files import HEAD
from studio.core.paper import TYPES, as_text
from studio.tryout.models import Finding, Trial

# Findings that are read at once for a download.
_CHUNK = 2000


def pair(row: Finding) -> dict[str, Any]:
    """A pair of records, with the names beside the keys."""
    left, right, probability, word, method, sentence = row.said["row"]
    return {
        "position": row.position,
        "left_key": left,
        "left_name": row.said["left_name"],
        "right_key": right,
        "right_name": row.said["right_name"],
        "probability": float(probability),
        "word": word,
        "method": method,
        "sentence": sentence,
    }


def field(row: Finding) -> dict[str, Any]:
    """A target field with what may fill it, the best first."""
    line = row.said["line"]
    return {
        "position": row.position,
        "target_entity": line["target_entity"],
        "target_field": line["target_field"],
        "candidates": line["candidates"],
        "reason": row.said["reason"],
    }


def download(trial: Trial) -> StreamingHttpResponse:
    """Everything that was found: pairs as CSV, fields as JSON lines.

    Raises:
        Http404: it is not done.
    """
    if trial.state != "done":
        raise Http404(_("There is no result of a trial that is not done."))
    form = "jsonl" if trial.of_fields else "csv"
    lines = _json_lines(trial) if trial.of_fields else _csv_lines(trial)
    answer = StreamingHttpResponse(lines, content_type=TYPES.get(form, "application/jsonl"))
    name = f"trial-{trial.kind}-{trial.created_at:%Y%m%d-%H%M}.{form}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _said(trial: Trial) -> Iterator[dict[str, Any]]:
    rows = Finding.objects.filter(trial=trial).order_by("position").values_list("said", flat=True)
    return rows.iterator(chunk_size=_CHUNK)


class _Echo:
    """What ``csv`` writes to, which hands the line back."""

    def write(self, text: str) -> str:
        return text


def _csv_lines(trial: Trial) -> Iterator[str]:
    out = csv.writer(_Echo(), lineterminator="\n")
    yield out.writerow(HEAD)
    for said in _said(trial):
        yield out.writerow([as_text(cell) for cell in said["row"]])


def _json_lines(trial: Trial) -> Iterator[str]:
    for said in _said(trial):
        yield json.dumps(said["line"]) + "\n"
