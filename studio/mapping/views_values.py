"""Value mapping: codes of both sides, proposed pairs, one key; writes the lookup tables."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.db.models import Count, QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from studio.accounts.middleware import StudioRequest, page
from studio.accounts.roles import APPROVE, LOOKUP, MAP, READ
from studio.catalog.models import Code, Connection
from studio.core import addresses
from studio.core.dispatch import nudge
from studio.core.htmx import page_or_part, wants_part
from studio.core.paging import keyset
from studio.core.refused import DecisionRefused
from studio.mapping import actions
from studio.mapping.later import LAST, put_off_by
from studio.mapping.models import LookupTable, ValueNote, ValueProposal
from studio.mapping.rates import RateDiffers
from studio.mapping.risk import risk_name
from studio.mapping.ticks import ticks
from studio.mapping.value_risk import ALONE, class_of_table

SIZE = 40
LIST = "mapping:values"
# Of the states to narrow to: in force, of tax or accounts, and looked at by one person alone.
UNCONFIRMED = "unconfirmed"
ORDER = (LAST, "table_id", "-count", "source", "id")


@page(READ)
@require_GET
def values(request: StudioRequest) -> HttpResponse:
    """Codes that were seen and what they are called at the target."""
    context = _context(request, request.GET)
    return page_or_part(request, "mapping/values.html", "mapping/_values.html", context)


def _context(request: StudioRequest, query: QueryDict) -> dict[str, Any]:
    tables = list(
        LookupTable.objects.filter(workspace=request.workspace)
        .select_related("connection")
        .order_by("connection__name", "label")
    )
    chosen = query.get("table", "")
    state = query.get("state", "open")
    base = ValueProposal.objects.filter(table__workspace=request.workspace)
    counts: Counter[tuple[int, str]] = Counter(base.values_list("table_id", "state"))
    counts.update(
        (table, UNCONFIRMED) for table in base.filter(ALONE).values_list("table_id", flat=True)
    )
    rows = base.select_related("table__connection", "row")
    if chosen:
        rows = rows.filter(table__uuid=chosen) if _is_uuid(chosen) else rows.none()
    if state == UNCONFIRMED:
        rows = rows.filter(ALONE)
    elif state != "all":
        rows = rows.filter(state=state)
    if text := query.get("q", "").strip()[:80]:
        rows = rows.filter(source__icontains=text) | rows.filter(source_label__icontains=text)
    rows = put_off_by(rows, request.actor.person, "proposal")
    named = next((t for t in tables if str(t.uuid) == chosen), None)
    found = keyset(rows, ORDER, after=query.get("after"), before=query.get("before"), size=SIZE)
    return {
        "tables": tables,
        "rows": found,
        "codes": _codes(tables, found.rows),
        "notes": _notes(found.rows),
        "groups": _facets(query, tables, counts, chosen, state),
        "open": sum(
            n
            for (table, s), n in counts.items()
            if s == "open" and (named is None or table == named.pk)
        ),
        "named": named,
        "risks": {t.pk: risk_name(class_of_table(t)) for t in tables},
        "may_confirm": request.actor.may(APPROVE) or request.actor.may(MAP),
        "me": request.actor.person,
        "state": state,
        "text": text,
        "may_edit": request.actor.may(LOOKUP),
        "back": addresses.here(reverse(LIST), query),
        "connections": list(dict.fromkeys(t.connection for t in tables)),
        "chosen": chosen,
        "unseen": _is_uuid(chosen) and not base.filter(table__uuid=chosen).exists(),
        "narrowed": bool(text),
        "hints": [
            ("↓ ↑", _("move")),
            ("Enter", _("accept")),
            ("1–5", _("another")),
            ("r", _("none of these")),
            ("s", _("later")),
            ("e", _("explain")),
            ("x", _("tick")),
            ("y", _("confirm")),
            ("u", _("undo")),
        ]
        if request.actor.may(LOOKUP)
        else [("↓ ↑", _("move")), ("e", _("explain"))],
    }


def _notes(rows: list[ValueProposal]) -> dict[int, int]:
    """How many remarks stand beside each code of the page."""
    counted = ValueNote.objects.filter(proposal__in=[r.pk for r in rows]).values("proposal_id")
    return dict(counted.annotate(n=Count("id")).values_list("proposal_id", "n"))


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def _codes(tables: list[LookupTable], rows: list[ValueProposal]) -> dict[int, list[Code]]:
    """All target codes of the tables on the page, for the list to choose from."""
    wanted = {row.table_id for row in rows}
    shown = [t for t in tables if t.pk in wanted]
    codes = Code.objects.filter(
        connection__in={t.connection_id for t in shown}, kind__in={t.code_kind for t in shown}
    ).order_by("-active", "label", "key")
    by_list: dict[tuple[int, str], list[Code]] = {}
    for code in codes:
        by_list.setdefault((code.connection_id, code.kind), []).append(code)
    return {t.pk: by_list.get((t.connection_id, t.code_kind), []) for t in shown}


def _facets(
    query: QueryDict,
    tables: list[LookupTable],
    counts: Counter[tuple[int, str]],
    chosen: str,
    state: str,
) -> list[dict[str, Any]]:
    proposed = {table for table, _state in counts}
    # The one that was asked for is there although nothing was proposed for it yet.
    listed = [t for t in tables if t.pk in proposed or str(t.uuid) == chosen]
    states = [
        ("open", _("To review")),
        ("approved", _("Approved")),
        (UNCONFIRMED, _("Wants a second person")),
        ("rejected", _("Rejected")),
    ]
    return [
        {
            "name": _("Status"),
            "key": "state",
            "rows": [
                {
                    "value": value,
                    "label": label,
                    "count": sum(n for (_t, s), n in counts.items() if s == value),
                    "on": value == state,
                    "url": addresses.narrowed(query, state=value),
                }
                for value, label in states
            ],
        },
        *(
            {
                "name": str(connection),
                "key": "table",
                "rows": [
                    {
                        "value": str(table.uuid),
                        "label": table.label,
                        "count": counts[(table.pk, state)],
                        "on": str(table.uuid) == chosen,
                        "url": addresses.narrowed(
                            query, table="" if str(table.uuid) == chosen else str(table.uuid)
                        ),
                    }
                    for table in listed
                    if table.connection_id == connection.pk
                ],
            }
            for connection in dict.fromkeys(t.connection for t in listed)
        ),
    ]


def answer(
    request: StudioRequest,
    text: str,
    tone: str = "success",
    *,
    undo: str = "",
    undo_url: str = "",
) -> HttpResponse:
    """The list again with a toast; ``undo`` names what its button takes back, ``undo_url`` where."""
    target = addresses.back(request, reverse(LIST))
    if not wants_part(request):
        level = messages.SUCCESS if tone == "success" else messages.WARNING
        messages.add_message(request, level, text)
        return redirect(target)
    context = _context(request, QueryDict(urlsplit(target).query))
    context |= {"toast": text, "tone": tone}
    if undo:
        context |= {"undo_url": undo_url or reverse("mapping:values-undo"), "undo_of": undo}
    return render(request, "mapping/_values_answer.html", context)


def proposal_of(request: StudioRequest, key: uuid.UUID) -> ValueProposal:
    """The code, if it is in the person's workspace."""
    return get_object_or_404(
        ValueProposal.objects.select_related("table__connection", "row"),
        uuid=key,
        table__workspace=request.workspace,
    )


@page(LOOKUP)
@require_POST
def decide(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """One decision about one code."""
    proposal = proposal_of(request, key)
    post = request.POST
    number = post.get("candidate", "")
    other = post.get("target", "") if post.get("own") else ""
    choice = actions.ValueChoice(
        candidate=int(number) if number.isdigit() else None,
        target=other,
        reason=post.get("reason", ""),
        aware=post.get("aware") == "yes",
    )
    revision = int(post["revision"]) if post.get("revision", "").isdigit() else None
    try:
        done = actions.decide_value(
            request.actor, proposal, post.get("verdict", "approved"), choice, revision=revision
        )
    except RateDiffers as fault:
        return _ask_again(request, proposal, choice, fault)
    except DecisionRefused as fault:
        return answer(request, f"{fault.sentence} {fault.fix}".strip(), "error")
    if done.row is not None:
        text = _("“%(code)s” now means %(label)s.") % {
            "code": done.source,
            "label": done.row.target_label or done.row.target,
        }
    else:
        text = _("“%s”: remembered.") % done.source
    return answer(request, text, undo=f"{done.uuid}:{done.revision}")


def _ask_again(
    request: StudioRequest, proposal: ValueProposal, choice: actions.ValueChoice, fault: RateDiffers
) -> HttpResponse:
    """The list with the question, beside the code, whether another rate is meant; nothing was decided."""
    query = QueryDict(urlsplit(addresses.back(request, reverse(LIST))).query)
    context = _context(request, query)
    context["doubt"] = {"row": proposal.pk, "choice": choice, "sentence": fault.sentence}
    part = wants_part(request)
    return render(request, "mapping/_values.html" if part else "mapping/values.html", context)


@page(READ)
@require_POST
def confirm(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """Put a second name under what a code means."""
    proposal = proposal_of(request, key)
    revision = int(request.POST["revision"]) if request.POST.get("revision", "").isdigit() else None
    try:
        actions.confirm_value(request.actor, proposal, revision=revision)
    except DecisionRefused as fault:
        return answer(request, f"{fault.sentence} {fault.fix}".strip(), "error")
    row = proposal.row
    said = {"code": proposal.source, "label": row.target_label or row.target if row else ""}
    return answer(request, _("Confirmed: “%(code)s” means %(label)s.") % said)


@page(LOOKUP)
@require_POST
def bulk(request: StudioRequest) -> HttpResponse:
    """Accept the best of every ticked code; each is one decision."""
    seen = dict(ticks(request.POST))
    rows = list(
        ValueProposal.objects.filter(
            uuid__in=seen, table__workspace=request.workspace
        ).select_related("table__connection")
    )
    if not rows:
        return answer(request, _("Tick some codes first (x)."), "warning")
    result = actions.accept_values(request.actor, rows, {r.pk: seen[r.uuid] for r in rows})
    tone = "warning" if result.left else "success"
    return answer(request, result.sentence, tone, undo=f"{result.bulk}:" if result.done else "")


@page(LOOKUP)
@require_POST
def undo(request: StudioRequest) -> HttpResponse:
    """Take back what the page names, else the person's last decision about a value, with its bulk."""
    proposals = ValueProposal.objects.filter(
        table__connection__workspace=request.workspace
    ).select_related("table__connection", "row")
    named = request.POST.get("of", "")
    try:
        done = (
            _undo_named(request, proposals, named)
            if named
            else actions.undo_last_value(request.actor, proposals)
        )
    except DecisionRefused as fault:
        return answer(request, f"{fault.sentence} {fault.fix}".strip(), "warning")
    if len(done) == 1:
        return answer(request, _("Taken back: “%s”.") % done[0])
    return answer(request, _("%d translations taken back.") % len(done))


def _undo_named(
    request: StudioRequest, proposals: QuerySet[ValueProposal], named: str
) -> list[str]:
    """Take back ``<uuid>:<revision>``, one decision, or ``<bulk>:``, what stands of many."""
    key, _colon, revision = named.partition(":")
    if not revision and _is_uuid(key):
        return actions.undo_values(request.actor, proposals, uuid.UUID(key))
    return [actions.undo_value(request.actor, _named(proposals, named)).source]


def _named(proposals: QuerySet[ValueProposal], named: str) -> ValueProposal:
    """The decided code that a page named as ``<uuid>:<revision>``, if it is still as decided then."""
    key, _colon, revision = named.partition(":")
    try:
        found = proposals.filter(uuid=uuid.UUID(key)).first()
    except ValueError:
        found = None
    if found is None:
        raise DecisionRefused(_("There is no such decision."), _("Nothing was changed."))
    if str(found.revision) == revision:
        return found
    words = (
        _("The decision on “%(code)s” was taken back already.")
        if found.state == "open"
        else _("“%(code)s” was decided again by %(by)s since.")
    )
    said = words % {"code": found.source, "by": found.decided_by}
    raise DecisionRefused(said, _("Nothing was changed."))


@page(LOOKUP)
@require_POST
def propose(request: StudioRequest) -> HttpResponse:
    """Ask a worker to look for codes again."""
    for key in (
        Connection.objects.filter(workspace=request.workspace, mappings__direction="outbound")
        .distinct()
        .values_list("pk", flat=True)
    ):
        nudge("mapping.propose_values", key)
    return answer(request, _("Codes are being looked up; this page shows them in a few seconds."))
