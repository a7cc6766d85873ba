"""The auditor's pack of a period: one ZIP that can be read and verified without the studio."""

from __future__ import annotations

import csv
import io
import json
import uuid
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.timezone import override
from django.utils.translation import gettext as _

from studio.accounts.models import Workspace
from studio.accounts.roles import READ
from studio.core.action import Actor, record
from studio.core.models import AuditEvent, SealHead
from studio.flows.models import Delivery
from studio.linking.models import Judgement
from studio.mapping.models import Decision, LookupRow
from studio.monitor import duties, seal
from studio.monitor import verify_pack as verifier
from studio.tieout.models import Difference, TieOut
from studio.triage.models import Case

Row = tuple[Any, ...]
Period = tuple[date, date]
WORDS = """The auditor's pack of {workspace}, {since} to {until}

decisions.csv    field mappings: who decided what, when, what was shown with which confidence and evidence
judgements.csv   customers, suppliers and items: who said what about which pair
postings.csv     every document posted in the period, with the version it was made by, who prepared, signed
                 and published that, and who let this posting go where it took a person
overrides.csv    every decision to go past the rules, one row per line of the trail: exceptions accepted or
                 closed without posting, approvals, values and dates set by people
tieouts.csv      control totals in source, ledger and target, with who signed them
differences.csv  the named parts of every difference
duties.csv       who did how much of what, and which two duties should not be with one person
sample.csv       postings drawn by the seed in manifest.json
audit.jsonl      the whole trail; each line carries the hash of the one before (lines of other
                 workspaces carry their hashes only)
manifest.json    fingerprint of every file, end of the chain, seed, sums; the tables' fingerprints also stand in
                 the last line of the trail

Verify it without us, with any Python:  python verify.py
It prints the number and hash of the last line of the trail. Compare them with what you wrote down when you
took the pack, or with the page Audit: a pack that agrees with itself could still be one that was made anew.
With a line that you wrote down earlier:  python verify.py NUMBER:HASH
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
    # Days are those of the trail's own moments, whatever the reader's zone; the verifier has no other.
    with override(UTC):
        return _pack(actor, workspace, (since, until))


def _pack(actor: Actor, workspace: Workspace, period: Period) -> bytes:
    since, until = period
    while seal.seal_events():
        pass
    sealed = SealHead.objects.get(pk=1).seal
    postings = _postings(workspace, period)
    seed = f"{workspace.slug}:{since}:{until}"
    drawn = set(verifier.draw([p[0] for p in postings], seed))
    tables = {
        "decisions.csv": _csv(DECISIONS, _decisions(workspace, period)),
        "judgements.csv": _csv(JUDGEMENTS, _judgements(workspace, period)),
        "postings.csv": _csv(POSTINGS, postings),
        "sample.csv": _csv(POSTINGS, sorted(p for p in postings if p[0] in drawn)),
        "lookups.csv": _csv(LOOKUPS, _lookups(workspace, period)),
        "overrides.csv": _csv(verifier.OVERRIDES, _overrides(workspace, period, sealed)),
        "tieouts.csv": _csv(TIEOUTS, _tieouts(workspace, period)),
        "differences.csv": _csv(DIFFERENCES, _differences(workspace, period)),
        "duties.csv": _csv(
            ("who", "roles", *duties.DUTIES, "conflicts"), _duties(workspace, period)
        ),
    }
    end = _sealed(actor, workspace, period, sealed, tables)
    files = {
        **tables,
        "audit.jsonl": "".join(trail(str(workspace.uuid), end.seal)).encode(),
        "verify.py": Path(verifier.__file__).read_bytes(),
        "README.txt": WORDS.format(workspace=workspace, since=since, until=until).encode(),
    }
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for posting in postings:
        sums[posting[CURRENCY]] += posting[GROSS]
    manifest = {
        "workspace": workspace.name,
        "from": since.isoformat(),
        "to": until.isoformat(),
        "seed": seed,
        "end": end.seal,
        "head": end.hash,
        "posted": {currency: str(sum_) for currency, sum_ in sums.items()},
        "files": {name: verifier.fingerprint(content) for name, content in files.items()},
    }
    files["manifest.json"] = json.dumps(manifest, indent=1, sort_keys=True).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(name, content)
    return out.getvalue()


def _sealed(
    actor: Actor, workspace: Workspace, period: Period, sealed: int, tables: Mapping[str, bytes]
) -> AuditEvent:
    """The line that keeps what the tables were; the pack's trail ends with it.

    Without it the tables would stand beside the chain, and whoever edits one could mend the manifest.
    """
    actor.require(READ)
    data = {
        "from": period[0].isoformat(),
        "to": period[1].isoformat(),
        "sealed": sealed,
        "files": {name: verifier.fingerprint(content) for name, content in tables.items()},
    }
    line = record(actor, "audit.packed", f"workspace:{workspace.uuid}", data)
    while seal.seal_events():
        pass
    line.refresh_from_db()
    return line


def trail(workspace_key: str, end: int | None = None) -> Iterable[str]:
    """The sealed chain up to a line as JSON; lines of other workspaces carry only what it needs."""
    events = AuditEvent.objects.filter(seal__isnull=False).order_by("seal")
    if end is not None:
        events = events.filter(seal__lte=end)
    for event in events.iterator():
        content = seal.content_of(event)
        if event.workspace_key != workspace_key:
            content = {"seal": content["seal"], "previous": content["previous"]}
        yield json.dumps({**content, "hash": event.hash}, ensure_ascii=False) + "\n"


def _csv(columns: Sequence[str], rows: Iterable[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([verifier.plain(v) for v in row] for row in rows)
    return text.getvalue().encode()


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
    *("key", "at", "flow", "version", "version_hash", "prepared_by", "signed_by", "published_by"),
    *("approved_by", "source_record", "target", "target_document", "gross", "currency"),
    *("document_date", "state"),
)
GROSS, CURRENCY = POSTINGS.index("gross"), POSTINGS.index("currency")


def _postings(workspace: Workspace, period: Period) -> list[Row]:
    """What was posted in the period, also what was taken back since."""
    found: QuerySet[Delivery] = Delivery.objects.filter(
        flow__workspace=workspace,
        step="post",
        state__in=("done", "reversed"),
        done_at__date__range=period,
    )
    approved = _approvers(workspace)
    rows = []
    for d in found.select_related("flow", "version", "connection", "item__run").order_by("pk"):
        run = f"run:{d.item.run.uuid}" if d.item.run else ""
        version = d.version
        by = approved.get(f"inbox:{d.item.uuid}") or approved.get(run) or ""
        rows.append(
            (
                *(d.idempotency_key, d.done_at.isoformat() if d.done_at else "", d.flow.key),
                *(version.number, version.content_hash, version.prepared_by, version.signed_by),
                *(version.published_by, by, d.business_key),
                *(str(d.connection), d.target_number or d.target_key, d.gross, d.currency),
                d.document_on.isoformat() if d.document_on else "",
                "posted" if d.state == "done" else "taken back",
            )
        )
    return rows


def _approvers(workspace: Workspace) -> dict[str, str]:
    """Record or batch -> who let its postings go, the latest last."""
    events = AuditEvent.objects.filter(
        workspace_key=str(workspace.uuid), key__in=("batch.approved", "case.approve")
    ).order_by("id")
    asked = Case.objects.filter(workspace=workspace, code="needs_approval")
    about = {f"case:{key}": subject for key, subject in asked.values_list("uuid", "subject")}
    return {about.get(e.subject, e.subject): e.actor for e in events}


LOOKUPS = (
    *("at", "who", "connection", "table", "change", "source", "source_label", "target"),
    *("target_label", "valid_from", "valid_to", "note", "confirmed_by"),
)
_CHANGES = {"+": "added", "~": "changed", "-": "removed"}


def _lookups(workspace: Workspace, period: Period) -> Iterable[Row]:
    found = LookupRow.history.filter(table__workspace=workspace, history_date__date__range=period)
    stand = LookupRow.objects.filter(table__workspace=workspace).exclude(seconded_by="")
    seconds = {
        (key, target, by): second
        for key, target, by, second in stand.values_list(
            "uuid", "target", "decided_by", "seconded_by"
        )
    }
    for h in found.select_related("table__connection").order_by("history_id").iterator():
        yield (
            *(h.history_date.isoformat(), h.decided_by, str(h.table.connection), h.table.label),
            *(_CHANGES[h.history_type], h.source, h.source_label, h.target, h.target_label),
            *(h.valid_from or "", h.valid_to or "", h.note),
            "" if h.history_type == "-" else seconds.get((h.uuid, h.target, h.decided_by), ""),
        )


def _overrides(workspace: Workspace, period: Period, sealed: int) -> Iterable[Row]:
    """From the trail, as the verifier makes them again; a case's amount where its line has none."""
    events = AuditEvent.objects.filter(
        Q(key__startswith="case.") | Q(key__in=verifier.SET_ASIDE),
        workspace_key=str(workspace.uuid),
        at__date__range=period,
        seal__lte=sealed,
    ).exclude(key__in=verifier.NO_OVERRIDE)
    found = list(events.order_by("seal"))
    # A line from before amounts were kept.
    bare = [e.subject for e in found if not e.data.get("amount")]
    keys = [uuid.UUID(s.removeprefix("case:")) for s in bare if s.startswith("case:")]
    cases = Case.objects.filter(workspace=workspace, uuid__in=keys)
    worth = {f"case:{k}": said for k, *said in cases.values_list("uuid", "amount", "currency")}
    at = [verifier.OVERRIDES.index(name) for name in ("amount", "currency")]
    for event in found:
        row = list(verifier.override_row(seal.content_of(event)))
        if not row[at[0]]:
            for column, value in zip(at, worth.get(event.subject, ("", "")), strict=True):
                row[column] = value
        yield tuple(row)


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
