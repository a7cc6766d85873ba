"""A change of a schema that hits what runs is a case for the integrator; it ends by itself once nothing is hit.

What runs is the published version of a flow and the mapping versions it is pinned to: a mapping that was
put right but not published, or published without its flow, still breaks. One case stands for a connection
and keeps the look at which all was well, so that the next looks add to it rather than open another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext

from engine.errors import Audience, CaseClass
from engine.schema.drift import Change, ChangeKind, Risk
from engine.schema.model import SystemSchema
from studio.accounts.roles import MAP
from studio.catalog.models import Connection, SchemaSnapshot
from studio.catalog.schemas import differences, schema_of
from studio.catalog.uses import Hit, register_seen
from studio.core.action import Actor
from studio.flows.drift import uses_of_design
from studio.flows.models import Flow, FlowVersion
from studio.flows.pins import pins_of
from studio.mapping.drift import version_hit
from studio.mapping.models import MappingVersion
from studio.triage.actions import Trouble, close_cases, open_case
from studio.triage.evidence import Evidence
from studio.triage.evidence import register as register_evidence
from studio.triage.models import OPEN_STATES, Case
from studio.triage.remedies import Input, Remedy, register
from studio.triage.ways import Way, register_way

CODE = "schema-drift"
KIND = "schema"
RUNS = ("live", "paused", "draining")
# Changes a case names one by one.
MOST = 40


def look_at(connection: Connection) -> Case | None:
    """Compare what was well with what is seen now; the case there is afterwards, None for none."""
    standing = _standing(connection).first()
    looks = connection.snapshots.order_by("-number")
    after = looks.first()
    number = standing.evidence["before"] if standing else after.number - 1 if after else 0
    before = looks.filter(number=number).first()
    if before is None or after is None or before.pk == after.pk:
        return None
    hit = list(_hit(connection, before, after))
    subject = f"{KIND}:{connection.uuid}"
    with transaction.atomic():
        if not hit:
            words = _("Nothing that runs is hit any more.")
            close_cases(subject, state="auto_closed", reason=words, by="machine")
            return None
        return open_case(connection.workspace, _trouble(connection, before, after, hit))


def _standing(connection: Connection) -> Any:
    return Case.objects.filter(
        workspace=connection.workspace_id,
        subject=f"{KIND}:{connection.uuid}",
        code=CODE,
        state__in=OPEN_STATES,
    )


def _hit(
    connection: Connection, before: SchemaSnapshot, after: SchemaSnapshot
) -> Iterator[tuple[Change, list[Hit]]]:
    """The changes that are not harmless, each with what runs on it."""
    old = schema_of(before)
    running = list(_running(connection))
    for change in differences(before, after):
        if change.risk is Risk.HARMLESS:
            continue
        hits = [h for one in running for h in _hits(connection, one, change, old)]
        if hits:
            yield change, list(dict.fromkeys(hits))


def _running(connection: Connection) -> Iterator[FlowVersion]:
    here = Q(flow__source=connection) | Q(flow__target=connection)
    rows = FlowVersion.objects.filter(here, state="published", flow__state__in=RUNS)
    yield from rows.filter(flow__own=False).select_related("flow").order_by("flow__name")


def _hits(
    connection: Connection, running: FlowVersion, change: Change, old: SystemSchema
) -> list[Hit]:
    flow = running.flow
    pinned = [pin.version for pin in pins_of(running.content).values()]
    versions = MappingVersion.objects.filter(pk__in=pinned, mapping__connection=connection)
    found = [h for v in versions.select_related("mapping") for h in version_hit(v, change, old)]
    why = uses_of_design(flow, running.content["design"], connection, change)
    # What names a field fills or reads it: that it must be filled now does it no harm.
    if why and change.kind is not ChangeKind.NOW_REQUIRED:
        address = reverse("flows:flow", args=[flow.key])
        found.append(Hit("flow", f"{flow.name}: {why}", address))
    return found


def _trouble(
    connection: Connection,
    before: SchemaSnapshot,
    after: SchemaSnapshot,
    hit: list[tuple[Change, list[Hit]]],
) -> Trouble:
    broken = sum(change.risk is Risk.BREAKING for change, _hits in hit)
    more = len(hit) - 1
    sentence = f"{connection}: {_sentence(hit[0][0])}"
    if more:
        also = ngettext("%d more change hits what runs.", "%d more changes hit what runs.", more)
        sentence = f"{sentence} {also % more}"
    return Trouble(
        subject=f"{KIND}:{connection.uuid}",
        code=CODE,
        case_class=str(CaseClass.SCHEMA),
        audience=str(Audience.INTEGRATOR),
        severity="block" if broken else "warn",
        sentence=sentence,
        cause=f"{KIND}:{connection.uuid}:{CODE}",
        cause_label=_("The schema of %s changed under what runs") % connection,
        record_label=_("Schema of %s") % connection,
        evidence={
            "looked_at": timezone.now().isoformat(),
            "before": before.number,
            "after": after.number,
            "changes": [
                {
                    "entity": change.entity,
                    "path": change.path,
                    "kind": str(change.kind),
                    "risk": str(change.risk),
                    "sentence": _sentence(change),
                    "hits": [{"words": h.words, "url": h.url} for h in hits],
                }
                for change, hits in hit[:MOST]
            ],
        },
    )


def _sentence(change: Change) -> str:
    return change.sentence if change.sentence.endswith(".") else f"{change.sentence}."


def look_again() -> int:
    """Look at every standing case where a flow was published, stopped or begun since; returns how many ended."""
    ended = 0
    for case in Case.objects.filter(code=CODE, state__in=OPEN_STATES):
        # Not the case's own time: who assigns it does not look.
        looked = datetime.fromisoformat(case.evidence["looked_at"])
        flows = Flow.objects.filter(workspace=case.workspace_id)
        since = Q(updated_at__gt=looked) | Q(versions__published_at__gt=looked)
        connection = _connection(case)
        if connection and flows.filter(since).exists():
            ended += look_at(connection) is None
    return ended


def _connection(case: Case) -> Connection | None:
    kind, _colon, key = case.subject.partition(":")
    if kind != KIND:
        return None
    return Connection.objects.filter(workspace=case.workspace_id, uuid=key).first()


# --- what the case shows ----------------------------------------------------------------------------


def _page(case: Case) -> str:
    connection = _connection(case) if case.code == CODE else None
    if connection is None:
        return ""
    looks = {"before": case.evidence["before"], "after": case.evidence["after"]}
    return f"{reverse('catalog:drift', args=[connection.uuid])}?{urlencode(looks)}"


def drift_evidence(case: Case) -> Evidence | None:
    """Each change with how bad it is, and what runs on it."""
    page = _page(case)
    if not page:
        return None
    risks = {"breaking": _("breaking"), "risky": _("risky")}
    changes = case.evidence["changes"]
    return Evidence(
        title=_("What changed, and what it hits"),
        left_title=_("Between two looks"),
        left=[
            (f"{c['entity']}.{c['path']}".rstrip("."), f"{risks[c['risk']]}: {c['sentence']}",
             c["risk"] == "breaking")
            for c in changes
        ],
        right_title=_("What runs on it"),
        right=[
            (f"{c['entity']} {c['path']}".rstrip(), hit["words"], False)
            for c in changes
            for hit in c["hits"]
        ],
        links=[(_("Compare the two looks"), page)],
    )  # fmt: skip


def _drifted(case: Case) -> bool:
    return case.code == CODE


def _close(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    close_cases(case.subject, state="accepted", reason=values["reason"], by=actor.name)
    return _("Closed: what runs stays as it is.")


def register_all() -> None:
    """Listen to new looks, and add what a case of drift shows; called from ``FlowsConfig.ready``."""
    register_seen(_seen)
    register_evidence(KIND, drift_evidence)
    register_way(
        Way(
            _lazy("See it as a draft"),
            MAP,
            _page,
            _lazy(
                "Each change with what it hits and what could be read instead. The case ends by itself "
                "once the flows are published with other fields, or the change is gone."
            ),
        )
    )
    register(
        Remedy("keep_as_is", "Leave it as it is", MAP, _drifted, _close,
               (Input("reason", "Why nothing has to change", "reason"),))
    )  # fmt: skip


def _seen(connection: Connection) -> None:
    look_at(connection)
