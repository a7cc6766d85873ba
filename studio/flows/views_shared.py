"""Pages of shared records: what two systems say about one customer, supplier or item, and who owns what."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from engine.runtime.merge import Owner
from engine.schema.model import JsonValue
from studio.accounts.middleware import StudioRequest, page
from studio.accounts.roles import PUBLISH, READ
from studio.core.paging import keyset
from studio.flows.evidence import place_words
from studio.flows.keeping import OWNERS, is_forward, owners_in, owners_of
from studio.flows.models import Delivery, Flow, Golden
from studio.flows.owners import change_owners

WHY_WORDS = {
    "same": "both say the same",
    "changed": "changed on one side",
    "owner": "the owner's value",
    "newest": "the later change",
    "chosen": "a person chose it",
    "untouched": "differs since they met; nobody touched it",
    "apart": "each keeps its own",
    "conflict": "changed on both sides; a person decides",
}
OWNER_LABELS = {
    "source": "the source",
    "target": "the target",
    "newest": "the later change",
    "ask": "either; a person when both changed",
    "apart": "each keeps its own",
}
WORD_OF = {owner: word for word, owner in OWNERS.items()}


@dataclass(frozen=True, slots=True)
class Line:
    """One field of a shared record as the page shows it."""

    path: str
    words: str
    owner: str
    left: JsonValue
    right: JsonValue
    value: JsonValue
    why: str

    @property
    def differs(self) -> bool:
        """Whether the two sides say different things."""
        return self.left != self.right


def forward_of(golden: Golden) -> Flow | None:
    """The flow that keeps the record and says who owns its fields."""
    flows = Flow.objects.filter(
        source=golden.left_connection_id, target=golden.right_connection_id
    ).select_related("source", "target")
    return next(
        (
            f
            for f in flows
            if f.design.get("keeps", {}).get("kind") == golden.kind and is_forward(f.design)
        ),
        None,
    )


def lines_of(golden: Golden, owners: dict[str, Owner]) -> list[Line]:
    """Every kept field with both values and what stands."""
    found = []
    for path, owner in owners.items():
        said = golden.merged.get(path, {})
        found.append(
            Line(
                path,
                place_words(path),
                OWNER_LABELS[WORD_OF[owner]],
                golden.left.get(path),
                golden.right.get(path),
                said.get("value"),
                WHY_WORDS.get(str(said.get("why", "")), "not brought together yet"),
            )
        )
    return found


@page(READ)
@require_GET
def shared(request: StudioRequest) -> HttpResponse:
    """Records that two systems keep together, the latest change first."""
    text = request.GET.get("q", "").strip()[:80]
    rows = Golden.objects.filter(workspace=request.workspace).select_related(
        "left_connection", "right_connection"
    )
    if text:
        rows = rows.filter(
            Q(label__icontains=text) | Q(left_key__icontains=text) | Q(right_key__icontains=text)
        )
    window = keyset(
        rows,
        ["-updated_at", "-id"],
        after=request.GET.get("after"),
        before=request.GET.get("before"),
    )
    return render(request, "flows/shared.html", {"rows": window, "text": text})


@page(READ)
@require_GET
def shared_record(request: StudioRequest, key: str) -> HttpResponse:
    """One record: who owns each field, what both sides say, where the value that stands came from."""
    golden = get_object_or_404(
        Golden.objects.select_related("left_connection", "right_connection"),
        workspace=request.workspace,
        uuid=key,
    )
    flow = forward_of(golden)
    version = flow.versions.filter(state="published").first() if flow else None
    writes = Delivery.objects.filter(
        business_key=golden.left_key, basis__golden=str(golden.uuid)
    ).select_related("connection", "item")
    return render(
        request,
        "flows/shared_record.html",
        {
            "golden": golden,
            "flow": flow,
            "lines": lines_of(golden, owners_in(version)) if version else [],
            "writes": writes.order_by("-id")[:20],
            "may_publish": request.actor.may(PUBLISH),
        },
    )


@page(READ)
@require_GET
def owners(request: StudioRequest, key: str) -> HttpResponse:
    """Who owns each field of the records a flow keeps equal."""
    flow = _keeping_flow(request, key)
    problems: list[str] = []
    return render(
        request,
        "flows/owners.html",
        {
            "flow": flow,
            "rows": [
                (path, place_words(path), WORD_OF[owner])
                for path, owner in owners_of(flow, problems).items()
            ],
            "labels": list(OWNER_LABELS.items()),
            "problems": problems,
            "may_publish": request.actor.may(PUBLISH),
        },
    )


@page(PUBLISH)
@require_POST
def owners_change(request: StudioRequest, key: str) -> HttpResponse:
    """Give fields to other owners, in the draft."""
    flow = _keeping_flow(request, key)
    said = {
        name.removeprefix("owner:"): str(value)
        for name, value in request.POST.items()
        if name.startswith("owner:")
    }
    try:
        change_owners(request.actor, flow, said)
        messages.success(request, _("Saved in the draft. Publish the flow to make it effective."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("flows:owners", key=key)


def _keeping_flow(request: StudioRequest, key: str) -> Flow:
    flows = Flow.objects.filter(workspace=request.workspace, design__has_key="owners")
    return get_object_or_404(flows.select_related("source", "target"), key=key)
