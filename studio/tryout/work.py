"""Working a trial: claimed by one worker, told how far it is, taken up again where that worker died.

Records are matched and fields proposed by what the commands ``match-records`` and ``propose-fields`` call.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from engine.resolve import match
from engine.resolve.roles import name_column
from engine.resolve.table import Table
from engine.schema.exports import Upload
from studio.core.dispatch import nudge
from studio.core.match_files import CERTAIN, pair_row
from studio.core.proposal_files import (
    FOUND,
    options_for_files,
    pair_name,
    proposal_line,
    propose_between,
)
from studio.core.templatetags.studio import BANDS
from studio.flows.ledger import lease
from studio.mapping.wiring import embedder
from studio.tryout.actions import delete_old
from studio.tryout.files import Unreadable, schema_of, table_of
from studio.tryout.models import SIDES, Finding, Trial, TrialFile

log = logging.getLogger(__name__)
# A trial that took so many workers with it is not given to another one.
MOST_ATTEMPTS = 3
# Findings that are stored by one transaction.
AT_ONCE = 1000
# Parts of the whole that are done when both files are read, and when everything is matched.
READ, MATCHED = 0.1, 0.8
NONE = "none"

Progress = Callable[[str, float], None]
Found = tuple[dict[str, Any], Iterator[tuple[str, dict[str, Any]]]]


class TakenAway(Exception):
    """The trial was deleted, or another worker has it."""


def due() -> None:
    """Wake trials that nobody has begun or whose worker died; delete the old ones."""
    delete_old()
    stale = Q(state="running", lease_until__lt=timezone.now())
    given_up = Trial.objects.filter(stale, attempts__gte=MOST_ATTEMPTS)
    for trial in given_up:
        _end(
            trial,
            given_up,
            error=_("It could not be worked in several attempts. Try less at once."),
        )
    for key in Trial.objects.filter(Q(state="waiting") | stale).values_list("pk", flat=True):
        nudge("tryout.work", key)


def claim(pk: int) -> Trial | None:
    """Take a trial for this worker; None where it is another's, or done, or deleted."""
    now = timezone.now()
    free = Q(state="waiting") | Q(state="running", lease_until__lt=now)
    won = Trial.objects.filter(free, pk=pk).update(
        state="running",
        claimed_by=uuid.uuid4().hex,
        lease_until=now + lease(),
        attempts=F("attempts") + 1,
        started_at=now,
        moved_at=now,
        step="",
        share=0,
    )
    return Trial.objects.get(pk=pk) if won else None


def run(trial: Trial) -> None:
    """Work a claimed trial; what stops it is said on its page."""
    try:
        with _held(trial):
            tell = _teller(trial)
            tell("reading the files", 0.0)
            counts, found = (_fields if trial.of_fields else _records)(trial, tell)
            counts["bands"] = _store(trial, found, tell, counts["found"])
            _end(trial, _mine(trial), counts=counts)
    except TakenAway:
        return
    except Unreadable as error:
        _end(trial, _mine(trial), error=str(error))
    except Exception as error:
        log.exception("trial %s", trial.uuid)
        fault = _("The studio met a fault of its own (%(fault)s).")
        _end(trial, _mine(trial), error=fault % {"fault": type(error).__name__})


def _mine(trial: Trial) -> QuerySet[Trial]:
    """The row, if it is still this worker's."""
    return Trial.objects.filter(pk=trial.pk, state="running", claimed_by=trial.claimed_by)


def _end(
    trial: Trial, mine: QuerySet[Trial], *, counts: dict[str, Any] | None = None, error: str = ""
) -> None:
    """Done, or failed with a sentence; the files are not needed any more."""
    with transaction.atomic():
        ended = mine.filter(pk=trial.pk).update(
            state="failed" if error else "done",
            error=error,
            counts=counts or {},
            share=1,
            lease_until=None,
            finished_at=timezone.now(),
        )
        if ended:
            TrialFile.objects.filter(trial=trial).delete()


@contextmanager
def _held(trial: Trial) -> Iterator[None]:
    """Keep the claim while one step computes for longer than a lease."""
    over = threading.Event()

    def renew() -> None:
        while not over.wait(settings.LEASE_SECONDS / 3):
            try:
                _mine(trial).update(lease_until=timezone.now() + lease())
            except DatabaseError:
                log.warning("the claim of trial %s was not renewed", trial.uuid)
            finally:
                connection.close()

    keeper = threading.Thread(target=renew, daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()


def _teller(trial: Trial) -> Progress:
    """Writes down how far the trial is; raises TakenAway where it is no longer this worker's."""

    def tell(step: str, share: float) -> None:
        now = timezone.now()
        if not _mine(trial).update(
            step=step, share=min(share, 1.0), moved_at=now, lease_until=now + lease()
        ):
            raise TakenAway

    return tell


def _uploads(trial: Trial) -> list[Upload]:
    held = dict(TrialFile.objects.filter(trial=trial).values_list("side", "content"))
    if set(held) != set(SIDES):
        raise TakenAway
    return [
        Upload(trial.left_name, bytes(held["left"])),
        Upload(trial.right_name, bytes(held["right"])),
    ]


# --- finding --------------------------------------------------------------------------------------


def _records(trial: Trial, tell: Progress) -> Found:
    left, right = (table_of(upload, trial.kind) for upload in _uploads(trial))
    tell("reading the columns", READ)
    result = match(
        left,
        right,
        kind=trial.kind,  # type: ignore[arg-type]
        progress=lambda step, share: tell(step, READ + share * (MATCHED - READ)),
    )
    partnered = set(result.i[result.probability >= FOUND].tolist())
    counts = {
        "left": len(left),
        "right": len(right),
        "found": len(result),
        "certain": int((result.probability >= CERTAIN).sum()),
        "alone": len(left) - len(partnered),
    }
    names = _names(left, trial.kind), _names(right, trial.kind)

    def lines() -> Iterator[tuple[str, dict[str, Any]]]:
        for at in range(len(result)):
            row = pair_row(result.pair(at))
            yield (
                _band(float(row[2])),
                {
                    "row": row,
                    "left_name": names[0][int(result.i[at])] if names[0] else "",
                    "right_name": names[1][int(result.j[at])] if names[1] else "",
                },
            )

    return counts, lines()


def _names(table: Table, kind: str) -> list[str]:
    """How people know the records; empty where no column says."""
    column = name_column(table, kind)
    return list(table.columns[column]) if column else []


def _fields(trial: Trial, tell: Progress) -> Found:
    source, target = (schema_of(upload) for upload in _uploads(trial))
    tell("reading the columns", READ)
    proposals = propose_between(
        source,
        (),
        target,
        (),
        embedder=embedder(),
        options=options_for_files(),
        progress=lambda share: tell("comparing", READ + share * (MATCHED - READ)),
    )
    best = [p.candidates[0].confidence if p.candidates else 0.0 for p in proposals]
    likely = sum(one >= FOUND for one in best)
    counts = {
        "left": sum(len(e.fields) for e in source.entities),
        "right": len(proposals),
        "found": len(proposals),
        "likely": likely,
        "certain": sum(one >= CERTAIN for one in best),
        "alone": len(proposals) - likely,
    }
    name = pair_name(Upload(trial.left_name, b"").stem, Upload(trial.right_name, b"").stem)
    return counts, (
        (
            _band(sure) if proposal.candidates else NONE,
            {"line": proposal_line(name, proposal), "reason": proposal.reason},
        )
        for sure, proposal in zip(best, proposals, strict=True)
    )


def _band(share: float) -> str:
    """The word under which the page shows a confidence."""
    return next(style for least, _word, style in BANDS if share >= least)


# --- storing --------------------------------------------------------------------------------------


def _store(
    trial: Trial, found: Iterator[tuple[str, dict[str, Any]]], tell: Progress, total: int
) -> dict[str, int]:
    """Write the findings down, a batch after the other; returns how many there are of each band."""
    tell("writing it down", MATCHED)
    Finding.objects.filter(trial=trial).delete()
    bands: Counter[str] = Counter()
    done = 0
    while batch := list(islice(found, AT_ONCE)):
        with transaction.atomic():
            # First the claim: whoever took the trial over waits for this row.
            tell("writing it down", MATCHED + (1 - MATCHED) * done / total)
            Finding.objects.bulk_create(
                Finding(trial=trial, position=done + at, band=band, said=_storable(said))
                for at, (band, said) in enumerate(batch)
            )
        bands.update(band for band, _said in batch)
        done += len(batch)
    return dict(bands)


def _storable(value: Any) -> Any:
    """What a file may have in it and no database takes: NUL, halves of a character."""
    match value:
        case str():
            return value.replace("\0", "").encode("utf-8", "replace").decode()
        case dict():
            return {_storable(k): _storable(v) for k, v in value.items()}
        case list() | tuple():
            return [_storable(one) for one in value]
        case _:
            return value
