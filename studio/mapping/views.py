"""Pages of mapping review: the list, the review, and the decisions taken on it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from studio.accounts.middleware import StudioRequest, page
from studio.accounts.roles import APPROVE, MAP, MATCH, PUBLISH, READ
from studio.core import addresses
from studio.core.dispatch import nudge
from studio.core.htmx import page_or_part, wants_part
from studio.core.paging import keyset
from studio.core.refused import DecisionRefused
from studio.core.surest import allowed_of
from studio.learning.opinions import may_ask
from studio.mapping import actions
from studio.mapping.detail import detail_of
from studio.mapping.examples import Example, example_of
from studio.mapping.facets import Narrowing, counted
from studio.mapping.later import LAST, put_off_by
from studio.mapping.models import Decision, Mapping, MappingRow, RowNote
from studio.mapping.opinions import suggestions_on
from studio.mapping.preview import preview
from studio.mapping.queries import budget_size, composed_of, mappings_of, published
from studio.mapping.risk import why_not_confirmed
from studio.mapping.rows import views as row_views
from studio.mapping.ticks import ticks
from studio.mapping.uses import ways_of

SIZE = 40
# How many wrong ones are allowed, in the address and in the form.
ALLOWED = "expected_wrong"


@page(READ)
@require_GET
def mappings(request: StudioRequest) -> HttpResponse:
    """Every mapping with how far its review is."""
    found = list(mappings_of(request.workspace))
    pairs, ways = composed_of(found), ways_of(request.workspace)
    used = [one for one in pairs if one.way() in ways]
    every = request.GET.get("pairs") == "all"
    context = {
        "mappings": found,
        # Customers and suppliers are one document: most pairs of hops through it are nobody's way.
        "routes": pairs if every else used,
        "pairs": len(pairs),
        "used": len(used),
        "every": every,
        "may_map": request.actor.may(MAP),
    }
    return page_or_part(request, "mapping/mappings.html", "mapping/_mappings.html", context)


@page(READ)
@require_GET
def review(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """The rows of one mapping with their candidates."""
    mapping = mapping_of(request, key)
    context = review_context(request, mapping, request.GET)
    return page_or_part(request, "mapping/review.html", "mapping/_review.html", context)


def mapping_of(request: StudioRequest, key: uuid.UUID) -> Mapping:
    """The mapping, if it is in the person's workspace."""
    return get_object_or_404(
        Mapping.objects.select_related("connection"), uuid=key, workspace=request.workspace
    )


def row_of(request: StudioRequest, key: uuid.UUID) -> MappingRow:
    """The row, if it is in the person's workspace."""
    return get_object_or_404(
        MappingRow.objects.select_related("mapping__connection"),
        uuid=key,
        mapping__workspace=request.workspace,
    )


def review_context(request: StudioRequest, mapping: Mapping, query: QueryDict) -> dict[str, Any]:
    """Everything the review shows; the number of queries does not depend on the number of rows."""
    narrowing = Narrowing.of(query)
    counts, groups = counted(mapping, narrowing, query)
    found = narrowing.apply(mapping.rows.select_related("mapping__connection"))
    rows = keyset(
        put_off_by(found, request.actor.person, "row"),
        (LAST, *narrowing.order) if narrowing.is_open else narrowing.order,
        after=query.get("after"),
        before=query.get("before"),
        size=SIZE,
    )
    example = example_of(request.workspace, query, mapping)
    seen = preview(mapping, rows.rows, example)
    notes = dict(
        RowNote.objects.filter(row__in=[r.pk for r in rows.rows])
        .values("row_id")
        .annotate(n=Count("id"))
        .values_list("row_id", "n")
    )
    chosen = query.get("row", "")
    return {
        "mapping": mapping,
        "rows": rows,
        "views": row_views(mapping, rows.rows, seen, notes, suggestions_on(rows.rows)),
        "sample": seen.label,
        "example": example,
        "counts": counts,
        "groups": groups,
        "narrowing": narrowing,
        **_budget(mapping, query),
        "version": published(mapping),
        "blocks": {b["id"]: b for b in mapping.blocks},
        "may_map": request.actor.may(MAP),
        "may_publish": request.actor.may(PUBLISH),
        "may_confirm": may_confirm(request),
        "may_ask": may_ask(request.actor),
        "me": request.actor.person,
        "may_note": may_note(request),
        "sorts": [
            ("position", _("Document order")),
            ("surest", _("Surest first")),
            ("weakest", _("Weakest first")),
            ("worth", _("Settles most first")),
        ],
        "back": _here(mapping, query),
        "detail": _chosen_detail(request, chosen, example),
        "chosen": chosen,
        "ask": query.get("ask", ""),
        "ticked": query.get("tick") == "all",
        "hints": _hints(request, narrowing, rows.rows),
    }


def _budget(mapping: Mapping, query: QueryDict) -> dict[str, Any]:
    """How many would be accepted unseen within what the address allows, and at which risk."""
    allowed = query.get(ALLOWED, "1")
    return {
        "allowed": allowed,
        "budget": budget_size(mapping, allowed_of(allowed) or 0.0),
        "budget_url": addresses.narrowed(query, **{ALLOWED: ""}),
    }


def _hints(
    request: StudioRequest, narrowing: Narrowing, rows: Iterable[MappingRow]
) -> list[tuple[str, str]]:
    """The keys of the buttons that this person is shown."""
    found = [("↓ ↑", _("move"))]
    if request.actor.may(MAP) and narrowing.is_open:
        found += [("Enter", _("accept")), ("1–5", _("another")), ("r", _("none of these"))]
    elif any(not why_not_confirmed(request.actor, row) for row in rows):
        found += [("y", _("confirm")), ("b", _("send back"))]
    if request.actor.may(MAP):
        found += [("m", _("do not map"))]
    if request.actor.may(MAP) and narrowing.is_open:
        found += [("s", _("later"))]
    found += [("e", _("explain"))]
    if request.actor.may(MAP) or (may_confirm(request) and narrowing.state == "unconfirmed"):
        found += [("x", _("tick"))]
    return [*found, ("u", _("undo"))] if request.actor.may(MAP) else found


def may_note(request: StudioRequest) -> bool:
    """Integrators ask, accountants answer; auditors only read."""
    return request.actor.may(MAP) or request.actor.may(MATCH)


def may_confirm(request: StudioRequest) -> bool:
    """Whether the person may be the second one on what somebody else approved."""
    return request.actor.may(APPROVE) or request.actor.may(MAP)


def _chosen_detail(request: StudioRequest, key: str, example: Example | None) -> Any:
    try:
        wanted = uuid.UUID(key)
    except ValueError:
        return None
    return detail_of(row_of(request, wanted), example)


def _list(mapping: Mapping) -> str:
    return reverse("mapping:review", args=[mapping.uuid])


def _here(mapping: Mapping, query: QueryDict) -> str:
    params = query.copy()
    for once in ("row", "tick"):
        params.pop(once, None)
    return addresses.here(_list(mapping), params)


def back_to(request: HttpRequest, mapping: Mapping) -> str:
    """Where the person came from, if that is this review; never another site."""
    return addresses.back(request, _list(mapping))


def answer_review(
    request: StudioRequest,
    mapping: Mapping,
    text: str,
    tone: str = "success",
    *,
    undo_of: uuid.UUID | None = None,
    undo_url: str = "",
    target: str = "",
) -> HttpResponse:
    """The whole list again with a toast, for writes that touch many rows.

    Args:
        request: who asked, and from where.
        mapping: whose list it is.
        text: what the toast says.
        tone: of the toast.
        undo_of: the decision, or the bulk, that the toast's Undo takes back.
        undo_url: where that is posted to, if not to the undo of the mapping.
        target: the list to show, if not the one the person came from.
    """
    target = target or back_to(request, mapping)
    if not wants_part(request):
        messages.add_message(request, _level(tone), text)
        return redirect(target)
    query = QueryDict(urlsplit(target).query)
    context = review_context(request, mapping, query)
    context |= {"text": text, "tone": tone, "announce": text}
    if undo_of is not None:
        address = undo_url or reverse("mapping:undo", args=[mapping.uuid])
        context |= {"undo_url": address, "undo_of": undo_of}
    return render(request, "mapping/_review_answer.html", context)


def _answer_bulk(
    request: StudioRequest, mapping: Mapping, result: actions.BulkResult[MappingRow]
) -> HttpResponse:
    """What many decisions came to, with an Undo for what was done."""
    tone = "warning" if result.left else "success"
    undo_of = result.bulk if result.done else None
    return answer_review(request, mapping, result.sentence, tone, undo_of=undo_of)


def _level(tone: str) -> int:
    return {"success": messages.SUCCESS, "warning": messages.WARNING}.get(tone, messages.ERROR)


@page(MAP)
@require_POST
def decide(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """One decision: the button pressed says which."""
    row = row_of(request, key)
    post = request.POST
    own = post.get("expression", "").strip()
    verdict = post.get("verdict", "approved")
    number = post.get("candidate", "")
    try:
        made = actions.decide(
            request.actor,
            row,
            verdict,
            candidate=int(number) if number.isdigit() else None,
            expression=own if verdict == "approved" and post.get("own") else None,
            condition=post.get("condition", "").strip() or None if post.get("own") else None,
            confirm_lossy=post.get("confirm_lossy") == "1",
            reason=post.get("reason", ""),
            comment=post.get("comment", ""),
            revision=int(post["revision"]) if post.get("revision", "").isdigit() else None,
        )
    except DecisionRefused as fault:
        return _refused(request, row, fault)
    words = {
        "approved": _("%(field)s is filled by %(expression)s."),
        "rejected": _("%(field)s: none of these. It is remembered."),
        "do_not_map": _("%(field)s is not mapped."),
    }
    text = words[verdict] % {"field": row.target_path, "expression": row.expression}
    return _answer_row(request, row, text, made)


@page(MAP)
@require_POST
def undo_row(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """Take back what is decided on one row; its candidates are as they were."""
    row = row_of(request, key)
    try:
        actions.undo_row(request.actor, row)
    except DecisionRefused as fault:
        return _refused(request, row, fault)
    row.refresh_from_db()
    return answer_review(request, row.mapping, _("%s is open again.") % row.target_path)


def _refused(request: StudioRequest, row: MappingRow, fault: DecisionRefused) -> HttpResponse:
    if not wants_part(request):
        messages.error(request, f"{fault.sentence} {fault.fix}".strip())
        return redirect(back_to(request, row.mapping) + f"#row-{row.uuid}")
    row.refresh_from_db()
    context = _row_context(request, row) | {"problem": fault}
    return render(request, "mapping/_row.html", context, status=422)


def _row_context(request: StudioRequest, row: MappingRow) -> dict[str, Any]:
    back = back_to(request, row.mapping)
    seen = preview(row.mapping, [row], _example(request, row.mapping, back))
    return {
        "mapping": row.mapping,
        "view": row_views(
            row.mapping, [row], seen, {row.pk: row.notes.count()}, suggestions_on([row])
        )[0],
        "may_map": request.actor.may(MAP),
        "may_confirm": may_confirm(request),
        "may_ask": may_ask(request.actor),
        "may_note": may_note(request),
        "me": request.actor.person,
        "back": back,
    }


def _example(request: StudioRequest, mapping: Mapping, address: str) -> Example | None:
    """The case that an address of the review names."""
    return example_of(request.workspace, QueryDict(urlsplit(address).query), mapping)


def _answer_row(request: StudioRequest, row: MappingRow, text: str, made: Decision) -> HttpResponse:
    if not wants_part(request):
        messages.success(request, text)
        return redirect(back_to(request, row.mapping))
    target = back_to(request, row.mapping)
    query = QueryDict(urlsplit(target).query)
    narrowing = Narrowing.of(query)
    if narrowing.is_open and not narrowing.apply(row.mapping.rows.all()).exists():
        # The last one of the list: what comes next is said in its place.
        answer = answer_review(request, row.mapping, text, undo_of=made.uuid)
        answer["HX-Retarget"], answer["HX-Reswap"] = "#review", "innerHTML"
        return answer
    counts, groups = counted(row.mapping, narrowing, query)
    context: dict[str, Any] = {
        "mapping": row.mapping,
        "narrowing": narrowing,
        "may_map": request.actor.may(MAP),
        "may_confirm": may_confirm(request),
        "text": text,
        "tone": "success",
        "back": target,
        "undo_url": reverse("mapping:undo", args=[row.mapping.uuid]),
        "undo_of": made.uuid,
        # Every number on the page that this decision changes, but one: what fits into the budget is
        # read from all the surest rows, so it is asked for when the reviewer pauses.
        "counts": counts,
        "groups": groups,
        "budget_due": addresses.here(reverse("mapping:budget", args=[row.mapping.uuid]), query),
        "version": published(row.mapping),
    }
    if not narrowing.is_open:
        context |= _row_context(request, row)
    return render(request, "mapping/_row_answer.html", context)


@page(READ)
@require_GET
def explain(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """Waterfall, samples, alternatives, remarks and history of one row."""
    row = row_of(request, key)
    ask = request.GET.get("ask", "")
    if not wants_part(request):
        base = reverse("mapping:review", args=[row.mapping.uuid])
        return redirect(f"{base}?state=all&q={row.target_path}&row={key}&ask={ask}#row-{key}")
    came_from = addresses.came_from(request, _list(row.mapping))
    context = {
        "detail": detail_of(row, _example(request, row.mapping, came_from)),
        "ask": ask,
        "mapping": row.mapping,
        "may_map": request.actor.may(MAP),
        "may_confirm": may_confirm(request),
        "may_ask": may_ask(request.actor),
        "may_note": may_note(request),
        "me": request.actor.person,
        "back": came_from,
    }
    return render(request, "mapping/_detail.html", context)


@page(READ)
@require_POST
def note(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """A remark or a question to a colleague."""
    row = row_of(request, key)
    try:
        actions.comment(request.actor, row, request.POST.get("text", ""))
    except DecisionRefused as fault:
        return answer_review(request, row.mapping, fault.sentence, "error")
    return answer_review(request, row.mapping, _("Your remark stands beside %s.") % row.target_path)


@page(MAP)
@require_POST
def later(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """Show a field last on this person's list; ``of`` (the toast's Undo) or ``back``: in its place."""
    row = row_of(request, key)
    back = bool(request.POST.get("of") or request.POST.get("back"))
    try:
        actions.put_off(request.actor, row, back=back)
    except DecisionRefused as fault:
        return answer_review(request, row.mapping, fault.sentence, "warning")
    if back:
        return answer_review(request, row.mapping, _("%s is in its place again.") % row.target_path)
    address = reverse("mapping:row-later", args=[key])
    text = _("%s comes back at the end of your list.") % row.target_path
    return answer_review(request, row.mapping, text, undo_of=key, undo_url=address)


@page(MAP)
@require_POST
def identical(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """Approve the same elsewhere."""
    row = row_of(request, key)
    try:
        if row.state == "open":
            actions.decide(request.actor, row, "approved")
        result = actions.apply_to_identical(request.actor, row)
    except DecisionRefused as fault:
        return answer_review(request, row.mapping, fault.sentence, "error")
    count = len(result.done)
    text = ngettext(
        "%(n)d identical field elsewhere is filled the same way.",
        "%(n)d identical fields elsewhere are filled the same way.",
        count,
    )
    undo_of = result.bulk if result.done else None
    return answer_review(request, row.mapping, text % {"n": count}, undo_of=undo_of)


@page(MAP)
@require_POST
def bulk(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """Decide everything ticked; each is one decision."""
    mapping = mapping_of(request, key)
    seen = dict(ticks(request.POST))
    rows = list(mapping.rows.filter(uuid__in=seen).select_related("mapping__connection"))
    if not rows:
        return answer_review(request, mapping, _("Tick some rows first (x)."), "warning")
    result = actions.bulk(
        request.actor,
        rows,
        verdict=request.POST.get("verdict", "approved"),
        reason=request.POST.get("reason", ""),
        revisions={row.pk: seen[row.uuid] for row in rows},
    )
    return _answer_bulk(request, mapping, result)


@page(MAP)
@require_GET
def budget(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """How many would now be accepted unseen, in place of the number on the page."""
    mapping = mapping_of(request, key)
    if not wants_part(request):
        return redirect(addresses.here(_list(mapping), request.GET))
    return render(request, "mapping/_budget_answer.html", _budget(mapping, request.GET))


@page(MAP)
@require_POST
def accept_within(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """Accept as many as possible with at most so many expected wrong, if that is what the page said."""
    mapping = mapping_of(request, key)
    asked = request.POST.get(ALLOWED, "1")
    allowed = allowed_of(asked)
    if allowed is None:
        return answer_review(request, mapping, _("Give a number, such as 1."), "error")
    rows = mapping.rows.select_related("mapping__connection")
    try:
        told = request.POST.get("told", "")
        result = actions.accept_within(request.actor, rows, allowed, told=told)
    except DecisionRefused as fault:
        query = QueryDict(urlsplit(back_to(request, mapping)).query, mutable=True)
        query[ALLOWED] = asked
        here = addresses.here(_list(mapping), query)
        return answer_review(
            request, mapping, f"{fault.sentence} {fault.fix}", "warning", target=here
        )
    if not result.done and not result.left:
        text = _(
            "Nothing was taken: what is open is too doubtful for this budget, or the budget is spent "
            "on what was taken this way before. Decide singly, or allow more."
        )
        return answer_review(request, mapping, f"{text} {result.eyes}".strip(), "warning")
    return _answer_bulk(request, mapping, result)


@page(MAP)
@require_POST
def undo(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """Take back the decision the page names, else the person's last one here."""
    mapping = mapping_of(request, key)
    named = request.POST.get("of", "")
    try:
        done = (
            actions.undo_named(request.actor, mapping, _key(named))
            if named
            else actions.undo_last(request.actor, mapping)
        )
    except DecisionRefused as fault:
        return answer_review(request, mapping, f"{fault.sentence} {fault.fix}".strip(), "warning")
    if len(done) == 1:
        text = _("Taken back: %s. Its candidates are as they were.") % done[0].row.target_path
    else:
        text = _("%d decisions taken back. Their candidates are as they were.") % len(done)
    return answer_review(request, mapping, text)


def _key(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise DecisionRefused(_("There is no such decision.")) from error


@page(MAP)
@require_POST
def propose(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """Ask a worker for proposals on the newest snapshot."""
    mapping = mapping_of(request, key)
    nudge("mapping.propose", mapping.pk)
    return answer_review(
        request, mapping, _("Proposals are being made; this page shows them in a few seconds.")
    )
