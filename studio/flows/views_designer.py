"""Pages of the flow designer: canvas and table, one step, edits with undo, versions side by side."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from studio.accounts.middleware import StudioRequest, page
from studio.accounts.roles import APPROVE, OPERATE, PUBLISH, READ
from studio.core.htmx import wants_part
from studio.flows import actions, drafts, queries
from studio.flows.design_diff import as_text, differences, mapping_differences, side_by_side
from studio.flows.designer import PALETTE, TITLES, Node, canvas_of
from studio.flows.drafts import Change
from studio.flows.edits import SINGLE, Design, add, change, move, normal, part, remove
from studio.flows.models import Flow
from studio.flows.panels import condition_form, document_before, judged, panel_of
from studio.flows.pins import changed_pins, pins_now, pins_of
from studio.flows.problems import Found, examine
from studio.flows.rehearsal.sign import risk_of
from studio.flows.rehearsal.standing import newest_of_draft, waits_for
from studio.flows.rungs import rungs_for, why_not_up
from studio.flows.trial import Trial, case_of, records_of, try_out

CONDITIONS = {"filter": "when", "branch": "when", "rule": "holds"}
DRAFT = "draft"


def _flow(request: StudioRequest, key: str) -> Flow:
    return get_object_or_404(
        Flow.between.select_related("source", "target"), workspace=request.workspace, key=key
    )


def note_place(flow: Flow) -> str:
    """Where the session keeps the note of a version that is not published yet."""
    return f"note:{flow.pk}"


def _record(request: StudioRequest, flow: Flow) -> tuple[list[Any], str]:
    """The records a draft may be tried on, and the chosen one; the choice is kept for the session."""
    name = f"record:{flow.pk}"
    said = request.GET.get("record", "")
    wanted = said or request.session.get(name, "")
    choices = records_of(flow, str(flow.design["trigger"]["entity"]), wanted)
    keys = [c.key for c in choices]
    if said in keys:
        request.session[name] = said
    chosen = request.session.get(name, "")
    return choices, chosen if chosen in keys else next(iter(keys), "")


def _context(
    request: StudioRequest,
    flow: Flow,
    step: str,
    *,
    whole: bool = True,
    said: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What canvas and panel show; ``said`` is what was typed and is not saved yet."""
    found = examine(flow, flow.design)
    choices, record = _record(request, flow)
    trial = try_out(flow, flow.design, found, record)
    canvas = canvas_of(flow, flow.design, found, trial)
    node = canvas.node(step) or next((n for n in canvas.nodes if n.tone == "bad"), canvas.nodes[0])
    may_edit = request.actor.may(PUBLISH)
    needs_signature = risk_of(flow.design) == "money"
    rehearsed = newest_of_draft(flow) if needs_signature else None
    context: dict[str, Any] = {
        "flow": flow,
        "canvas": canvas,
        "node": node,
        "trial": trial,
        "records": choices,
        "case": case_of(flow, record),
        "refusals": [p for p in found.problems if p.refuses],
        "may_edit": may_edit,
        "palette": [
            (kind, TITLES[kind], words)
            for kind, words in PALETTE
            if kind not in SINGLE or not flow.design.get(kind)
        ],
        "last_done": flow.edits.filter(state="done").first(),
        "last_undone": flow.edits.filter(state="undone").order_by("id").first(),
        "is_changed": _is_changed(flow),
        "newer_mappings": _newer_mappings(flow, found),
        "needs_signature": needs_signature,
        "rehearsed": rehearsed,
        "waits_for": waits_for(rehearsed) if rehearsed and not rehearsed.signed_at else "",
        "note": request.session.get(note_place(flow), ""),
        **_panel(flow, found, node, record, as_text=request.GET.get("mode") == "text", said=said),
    }
    return context | (_around(request, flow) if whole else {})


def _is_changed(flow: Flow) -> bool:
    live = flow.versions.filter(state="published").first()
    return live is None or normal(live.content["design"]) != normal(flow.design)


def _newer_mappings(flow: Flow, found: Found) -> list[str]:
    """Mappings of which a newer version is published than the one the live version was made with."""
    live = flow.versions.filter(state="published").first()
    if live is None:
        return []
    changed = changed_pins(pins_of(live.content), pins_now(flow, found))
    return [f"{one.words} (version {two.number} instead of {one.number})" for one, two in changed]


def _panel(
    flow: Flow,
    found: Found,
    node: Node,
    record: str,
    *,
    as_text: bool = False,
    said: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "panel": panel_of(flow, flow.design, node),
        "notes": flow.notes.filter(step=node.key),
        "form_template": f"flows/steps/{node.kind}.html",
    }
    if node.kind in CONDITIONS:
        held = part(normal(flow.design), node.key)
        said = said or ({"mode": "text"} if as_text else None)
        form = condition_form(CONDITIONS[node.kind], held, str(flow.design["document"]), said)
        document = document_before(flow, flow.design, found, record, node.key)
        shown["condition"] = judged(form, str(flow.design["document"]), held, document)
    elif node.kind not in TITLES:
        shown["form_template"] = "flows/steps/other.html"
    return shown


def _around(request: StudioRequest, flow: Flow) -> dict[str, Any]:
    return {
        "versions": flow.versions.all()[:12],
        "may_publish": request.actor.may(PUBLISH),
        "may_operate": request.actor.may(OPERATE),
        "decisions": queries.decisions_about(flow)[:10],
        "notices": flow.notices.select_related("item")[:8],
        "digests": flow.digests.all()[:5],
        "rungs": rungs_for(request.actor, flow),
        "why_not_up": why_not_up(request.actor, flow) if request.actor.may(APPROVE) else "",
    }


@page(READ)
@require_GET
def flow(request: StudioRequest, key: str) -> HttpResponse:
    """One flow: its draft as a canvas, the panel of a step, versions."""
    found = _flow(request, key)
    return render(request, "flows/flow.html", _context(request, found, request.GET.get("step", "")))


@page(READ)
@require_GET
def step(request: StudioRequest, key: str, step: str) -> HttpResponse:
    """One step: for htmx its panel, for a browser the page with that panel open."""
    found = _flow(request, key)
    part_only = wants_part(request)
    context = _context(request, found, step, whole=not part_only)
    if context["node"].key != step:
        raise Http404(f"no step {step}")
    return render(request, "flows/_panel.html" if part_only else "flows/flow.html", context)


@page(READ)
@require_GET
def table(request: StudioRequest, key: str) -> HttpResponse:
    """The steps as a table with their forms: the canvas without script and for readers."""
    found = _flow(request, key)
    context = _context(request, found, "")
    record = context["trial"].key
    checked = examine(found, found.design)
    context["rows"] = [
        {"node": node, **_panel(found, checked, node, record)} for node in context["canvas"].nodes
    ]
    return render(request, "flows/flow_table.html", context)


def _change(do: str, step: str, form: Mapping[str, Any]) -> Change:
    """The edit a form asks for."""

    def apply(design: Design) -> tuple[Design, str, str]:
        match do:
            case "add":
                return add(design, str(form.get("kind", "")), str(form.get("after", "")))
            case "remove":
                made, words = remove(design, step)
                return made, "", words
            case "move":
                by, before = str(form.get("by", "0")), str(form.get("before", ""))
                made, words = move(design, step, by=int(by or 0), before=before)
                return made, step, words
            case "change":
                made, words = change(design, step, form)
                return made, step, words
            case _:
                raise ValidationError(_("This button does nothing here."))

    return apply


@page(PUBLISH)
@require_POST
def edit(request: StudioRequest, key: str) -> HttpResponse:
    """Change the draft; production keeps running the published version."""
    found, form = _flow(request, key), request.POST
    step, back = form.get("step", ""), form.get("back", "")
    revision = form.get("revision", "")
    try:
        apply = _change(form.get("do", "change"), step, form)
        made = drafts.edit(request.actor, found, int(revision) if revision.isdigit() else -1, apply)
    except ValidationError as error:
        return _refused(request, found, step or back, " ".join(error.messages))
    words = f"{made.words[:1].upper()}{made.words[1:]}. It is in the draft until you publish."
    return _answered(request, found, made.step or back, words, undo=str(made.uuid))


@page(PUBLISH)
@require_POST
def undo(request: StudioRequest, key: str) -> HttpResponse:
    """Take the last change of the draft back, or the one the page names if it is that still."""
    named = request.POST.get("of", "")
    return _walked(request, _flow(request, key), partial(drafts.undo, named=named), "Took back")


@page(PUBLISH)
@require_POST
def redo(request: StudioRequest, key: str) -> HttpResponse:
    """Make the change again that was taken back last."""
    return _walked(request, _flow(request, key), drafts.redo, "Done again")


def _walked(request: StudioRequest, found: Flow, walk: Any, verb: str) -> HttpResponse:
    back = request.POST.get("back", "")
    try:
        made = walk(request.actor, found)
    except ValidationError as error:
        return _refused(request, found, back, " ".join(error.messages))
    return _answered(request, found, made.step or back, f"{verb}: {made.words}.")


def _answered(
    request: StudioRequest, found: Flow, step: str, words: str, *, undo: str = ""
) -> HttpResponse:
    if not wants_part(request):
        messages.success(request, words)
        return redirect(_place(request, found, step))
    found.refresh_from_db()
    context = _context(request, found, step, whole=False)
    return render(
        request, "flows/_designer_answer.html", {**context, "said": words, "undo_of": undo}
    )


def _refused(request: StudioRequest, found: Flow, step: str, words: str) -> HttpResponse:
    if not wants_part(request):
        messages.error(request, words)
        return redirect(_place(request, found, step))
    found.refresh_from_db()
    # What was typed stays, and the sentence stands beside it.
    changed = request.POST.get("do") == "change"
    context = _context(request, found, step, whole=False, said=request.POST if changed else None)
    where = "refused_here" if changed and context["node"].key == step else "refused"
    return render(request, "flows/_designer.html", {**context, where: words}, status=422)


def _place(request: StudioRequest, found: Flow, step: str) -> str:
    if request.POST.get("view") == "table":
        return reverse("flows:flow-table", args=[found.key]) + (f"#step-{step}" if step else "")
    known = step and canvas_of(found, found.design, Found(), Trial()).node(step)
    return (
        reverse("flows:flow-step", args=[found.key, step])
        if known
        else reverse("flows:flow", args=[found.key])
    )


@page(READ)
@require_POST
def condition(request: StudioRequest, key: str, step: str) -> HttpResponse:
    """The condition as it is typed: checked, and what it says about the chosen record."""
    found = _flow(request, key)
    design = normal(found.design)
    each = "lines" if request.POST.get("each") == "lines" else ""
    held = {**part(design, step), "each": each}
    name, document = request.POST.get("name", "when"), str(design["document"])
    _, record = _record(request, found)
    form = condition_form("holds" if name == "holds" else "when", held, document, request.POST)
    before = document_before(found, found.design, examine(found, found.design), record, step)
    form = judged(form, document, held, before)
    # What is typed meanwhile stays: only what is said about it is drawn again.
    said = request.headers.get("HX-Target", "").startswith("condition-said")
    return render(
        request,
        "flows/steps/_condition_said.html" if said else "flows/steps/_condition.html",
        {
            "condition": form,
            "flow": found,
            "node": {"key": step},
            "may_edit": request.actor.may(PUBLISH),
        },
    )


@page(READ)
@require_POST
def remark(request: StudioRequest, key: str, step: str) -> HttpResponse:
    """Write a remark beside a step."""
    found = _flow(request, key)
    try:
        drafts.remark(request.actor, found, step, request.POST.get("text", ""))
    except ValidationError as error:
        return _refused(request, found, step, " ".join(error.messages))
    return _answered(request, found, step, "Your remark is beside the step.")


@page(READ)
@require_GET
def compare(request: StudioRequest, key: str) -> HttpResponse:
    """Any two versions beside each other, in words and as text; the draft counts as one."""
    found = _flow(request, key)
    versions = list(found.versions.all()[:50])
    names = [DRAFT, *(str(v.number) for v in versions)]
    live = next((str(v.number) for v in versions if v.state == "published"), DRAFT)
    before, after = request.GET.get("before", live), request.GET.get("after", DRAFT)
    if before not in names or after not in names:
        raise Http404("no such version")
    designs = {str(v.number): v.content["design"] for v in versions} | {DRAFT: found.design}
    pins = {str(v.number): pins_of(v.content) for v in versions}
    pins[DRAFT] = pins_now(found, examine(found, found.design))
    return render(
        request,
        "flows/compare.html",
        {
            "flow": found,
            "names": names,
            "before": before,
            "after": after,
            "changes": differences(designs[before], designs[after])
            + mapping_differences(pins[before], pins[after]),
            "rows": side_by_side(as_text(designs[before]), as_text(designs[after])),
        },
    )


@page(PUBLISH)
@require_POST
def restore(request: StudioRequest, key: str, number: int) -> HttpResponse:
    """Make a published version the draft again."""
    found = _flow(request, key)
    version = get_object_or_404(found.versions, number=number)
    try:
        drafts.restore(request.actor, found, version)
        messages.success(
            request,
            _("Version %(number)s is the draft now. Publish it to make it effective.")
            % {"number": number},
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("flows:flow", key=key)


@page(OPERATE)
@require_POST
def run_now(request: StudioRequest, key: str) -> HttpResponse:
    """Look at the source now."""
    found = _flow(request, key)
    try:
        actions.run_now(request.actor, found)
        messages.success(
            request,
            _("%(name)s looks at %(source)s now.") % {"name": found.name, "source": found.source},
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("flows:flow", key=key)
