"""The auditor's pack of a period: one ZIP that can be read and verified without the studio."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from studio.accounts.models import Workspace
from studio.accounts.roles import READ
from studio.core.action import Actor, acting
from studio.core.models import AuditEvent, SealHead
from studio.flows.corrections import decisions_about
from studio.flows.models import Delivery, InboxItem
from studio.linking.models import Judgement
from studio.mapping.models import Decision, LookupRow
from studio.monitor import duties, seal
from studio.monitor import verify_pack as verifier
from studio.tieout.models import Difference, TieOut
from studio.triage.models import Case

Row = tuple[Any, ...]
WORDS = """The auditor's pack of {workspace}, {since} to {until}

decisions.csv    field mappings: who decided what, when, what was shown with which confidence and evidence
judgements.csv   customers, suppliers and items: who said what about which pair
postings.csv     every document posted in the period, with the version it was made by and who published it
overrides.csv    exceptions that were accepted or closed without posting, values and dates set by people
tieouts.csv      control totals in source, ledger and target, with who signed them
differences.csv  the named parts of every difference
duties.csv       who did how much of what, and which two duties should not be with one person
sample.csv       postings drawn by the seed in manifest.json
audit.jsonl      the whole trail; each line carries the hash of the one before (lines of other
                 workspaces carry their hashes only)
manifest.json    fingerprint of every file, end of the chain, seed, sums

Verify it without us, with any Python:  python verify.py
"""


def make_pack(actor: Actor, workspace: Workspace, since: date, until: date) -> bytes:
    """The pack as the bytes of a ZIP file.

    Args:
        actor: who asks; the asking stands in the trail.
        workspace: whose books.
        since: first day, in UTC.
        until: last day, in UTC.

    Raises:
        ValidationError: the last day is before the first.
    """
    if until < since:
        raise ValidationError(_("The last day is before the first."))
    with acting(actor, READ, "audit.packed", f"workspace:{workspace.uuid}") as line:
        line.data = {"from": since.isoformat(), "to": until.isoformat()}
    while seal.seal_events():
        pass
    period = (since, until)
    postings = _postings(workspace, period)
    seed = f"{workspace.slug}:{since}:{until}"
    drawn = set(verifier.draw([p[0] for p in postings], seed))
    files = {
        "decisions.csv": _csv(DECISIONS, _decisions(workspace, period)),
        "judgements.csv": _csv(JUDGEMENTS, _judgements(workspace, period)),
        "postings.csv": _csv(POSTINGS, postings),
        "sample.csv": _csv(POSTINGS, sorted(p for p in postings if p[0] in drawn)),
        "lookups.csv": _csv(LOOKUPS, _lookups(workspace, period)),
        "overrides.csv": _csv(OVERRIDES, _overrides(workspace, period)),
        "tieouts.csv": _csv(TIEOUTS, _tieouts(workspace, period)),
        "differences.csv": _csv(DIFFERENCES, _differences(workspace, period)),
        "duties.csv": _csv(
            ("who", "roles", *duties.DUTIES, "conflicts"), _duties(workspace, period)
        ),
        "audit.jsonl": "".join(trail(str(workspace.uuid))).encode(),
        "verify.py": Path(verifier.__file__).read_bytes(),
        "README.txt": WORDS.format(workspace=workspace, since=since, until=until).encode(),
    }
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for posting in postings:
        sums[posting[10]] += posting[9]
    manifest = {
        "workspace": workspace.name,
        "from": since.isoformat(),
        "to": until.isoformat(),
        "seed": seed,
        "head": SealHead.objects.get(pk=1).hash,
        "posted": {currency: str(sum_) for currency, sum_ in sums.items()},
        "files": {name: verifier.fingerprint(content) for name, content in files.items()},
    }
    files["manifest.json"] = json.dumps(manifest, indent=1, sort_keys=True).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(name, content)
    return out.getvalue()


def trail(workspace_key: str) -> Iterable[str]:
    """The sealed chain as JSON lines; lines of other workspaces carry only what the chain needs."""
    for event in AuditEvent.objects.filter(seal__isnull=False).order_by("seal").iterator():
        content = seal.content_of(event)
        if event.workspace_key != workspace_key:
            content = {"seal": content["seal"], "previous": content["previous"]}
        yield json.dumps({**content, "hash": event.hash}, ensure_ascii=False) + "\n"


def _csv(columns: Sequence[str], rows: Iterable[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([_plain(v) for v in row] for row in rows)
    return text.getvalue().encode()


def _plain(value: Any) -> Any:
    """A record's own text never becomes a formula in a spreadsheet."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value


Period = tuple[date, date]
DECISIONS = (
    *("at", "who", "role", "mapping", "field", "verdict", "expression", "before", "method"),
    *("confidence_shown", "sentence_shown", "candidates_shown", "unseen", "bulk", "comment"),
)


def _decisions(workspace: Workspace, period: Period) -> Iterable[Row]:
    found = Decision.objects.filter(
        row__mapping__workspace=workspace, created_at__date__range=period
    )
    for d in found.select_related("row__mapping__connection").order_by("pk").iterator():
        yield (
            *(d.created_at.isoformat(), d.actor, d.role, str(d.row.mapping), d.row.target_path),
            *(d.verdict, d.after.get("expression", ""), d.before.get("expression", "")),
            *(d.method, d.confidence, d.evidence.get("sentence", ""), len(d.candidates)),
            *(d.unseen, str(d.bulk or ""), d.comment or d.after.get("reason", "")),
        )


JUDGEMENTS = (
    *("at", "who", "role", "kind", "left", "right", "verdict"),
    *("probability_shown", "sentence_shown", "candidates_shown", "unseen", "bulk", "comment"),
)


def _judgements(workspace: Workspace, period: Period) -> Iterable[Row]:
    found = Judgement.objects.filter(
        left__connection__workspace=workspace, created_at__date__range=period
    )
    for j in found.select_related("left", "right").order_by("pk").iterator():
        yield (
            *(j.created_at.isoformat(), j.actor, j.role, j.kind, str(j.left)),
            *(str(j.right or ""), j.verdict, j.probability, j.evidence.get("sentence", "")),
            *(len(j.candidates), j.unseen, str(j.bulk or ""), j.comment),
        )


POSTINGS = (
    *("key", "at", "flow", "version", "version_hash", "published_by", "source_record"),
    *("target", "target_document", "gross", "currency", "document_date"),
)


def _postings(workspace: Workspace, period: Period) -> list[Row]:
    found: QuerySet[Delivery] = Delivery.objects.filter(
        flow__workspace=workspace, step="post", state="done", done_at__date__range=period
    )
    return [
        (
            *(d.idempotency_key, d.done_at.isoformat() if d.done_at else "", d.flow.key),
            *(d.version.number, d.version.content_hash, d.version.published_by, d.business_key),
            *(str(d.connection), d.target_number or d.target_key, d.gross, d.currency),
            d.document_on.isoformat() if d.document_on else "",
        )
        for d in found.select_related("flow", "version", "connection").order_by("pk").iterator()
    ]


LOOKUPS = (
    *("at", "who", "connection", "table", "change", "source", "source_label", "target"),
    *("target_label", "valid_from", "valid_to", "note"),
)
_CHANGES = {"+": "added", "~": "changed", "-": "removed"}


def _lookups(workspace: Workspace, period: Period) -> Iterable[Row]:
    found = LookupRow.history.filter(table__workspace=workspace, history_date__date__range=period)
    for h in found.select_related("table__connection").order_by("history_id").iterator():
        yield (
            *(h.history_date.isoformat(), h.decided_by, str(h.table.connection), h.table.label),
            *(_CHANGES[h.history_type], h.source, h.source_label, h.target, h.target_label),
            *(h.valid_from or "", h.valid_to or "", h.note),
        )


OVERRIDES = ("at", "who", "record", "what", "value", "reason", "amount", "currency")


def _overrides(workspace: Workspace, period: Period) -> Iterable[Row]:
    closed = Case.objects.filter(
        workspace=workspace, state__in=("accepted", "void"), closed_at__date__range=period
    )
    for case in closed.order_by("pk").iterator():
        yield (
            *(case.closed_at.isoformat() if case.closed_at else "", case.closed_by),
            *(case.record_label, case.sentence, case.state, case.closed_reason),
            *(case.amount, case.currency),
        )
    items = InboxItem.objects.filter(flow__workspace=workspace, updated_at__date__range=period)
    told = set[tuple[object, ...]]()
    for item in items.exclude(overrides={}).order_by("pk").iterator():
        for one in decisions_about(item):
            decided = (item.flow_id, item.entity, item.key, one.path, one.value, one.at)
            if one.at and decided in told:
                # The same decision, standing for a later version of the record.
                continue
            told.add(decided)
            yield (
                *((one.at or item.updated_at).isoformat(), one.by, item.label),
                *(one.path, one.value, one.reason, item.amount, item.currency),
            )


_PLACES = ("source", "ledger", "target")
_SUMS = ("count", "gross", "net", "tax")
TIEOUTS = (
    *("at", "flow", "currency", "from", "to"),
    *(f"{place}_{name}" for place in _PLACES for name in _SUMS),
    *("residual", "unexplained", "green", "signed_by", "signed_at", "note"),
)


def _ties(workspace: Workspace, period: Period) -> QuerySet[TieOut]:
    found = TieOut.objects.filter(flow__workspace=workspace, created_at__date__range=period)
    return found.select_related("flow").order_by("pk")


def _tieouts(workspace: Workspace, period: Period) -> Iterable[Row]:
    for tie in _ties(workspace, period):
        yield (
            *(tie.created_at.isoformat(), tie.flow.key, tie.currency, tie.period_from or ""),
            tie.period_to or "",
            *(tie.totals.get(place, {}).get(name, "") for place in _PLACES for name in _SUMS),
            *(tie.residual, tie.unexplained, tie.green, tie.signed_by),
            *(tie.signed_at.isoformat() if tie.signed_at else "", tie.sign_note),
        )


DIFFERENCES = ("tieout", "flow", "currency", "kind", "record", "amount")


def _differences(workspace: Workspace, period: Period) -> Iterable[Row]:
    found = Difference.objects.filter(tieout__in=_ties(workspace, period))
    for one in found.select_related("tieout__flow").order_by("pk").iterator():
        tie = one.tieout
        yield (
            *(tie.created_at.isoformat(), tie.flow.key, tie.currency, one.kind),
            *(one.record_key, one.amount),
        )


def _duties(workspace: Workspace, period: Period) -> Iterable[Row]:
    events = AuditEvent.objects.filter(workspace_key=str(workspace.uuid), at__date__range=period)
    for person in duties.duties(events):
        yield (person.actor, " ".join(person.roles), *person.times, "; ".join(person.conflicts))
