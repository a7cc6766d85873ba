"""Publishing a mapping, its versions, and the two hops side by side."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from engine.errors import MappingRefused
from engine.mapping import Refusal, content_hash, read
from studio.accounts.middleware import StudioRequest, page
from studio.accounts.roles import MAP, PUBLISH, READ
from studio.core import addresses
from studio.core.action import person_of
from studio.core.htmx import page_or_part
from studio.mapping import actions
from studio.mapping.actions.publish import approved_document, open_taxes_of, unconfirmed
from studio.mapping.assemble import take_apart
from studio.mapping.composed import lines_of
from studio.mapping.examples import NAME, behind, example_of, may_try_again
from studio.mapping.models import Mapping, MappingRow, MappingVersion
from studio.mapping.queries import BANDS, published
from studio.mapping.schemas import latest_snapshot
from studio.mapping.stored import from_store
from studio.mapping.unresolved import unresolved
from studio.mapping.uses import users_of
from studio.mapping.views import mapping_of, may_confirm

CERTAIN = dict(BANDS)["certain"]


@dataclass(frozen=True, slots=True)
class Problem:
    """A refusal with the row it concerns, so that the page can offer the way there."""

    refusal: Refusal
    row: MappingRow | None
    create_url: str = ""
    second: bool = False

    @property
    def approver(self) -> str:
        """The person behind the decision, who is not the one to confirm it."""
        return person_of(self.row.decided_by) if self.row else ""

    @property
    def wants_own(self) -> bool:
        """Whether nothing stands there to be accepted, so that the way leads to an expression."""
        return self.row is None or self.row.state != "open" or not self.row.confidence


@dataclass(frozen=True, slots=True)
class Change:
    """One target path that differs from the version in force."""

    path: str
    before: str
    after: str


@page(READ)
@require_GET
def publishing(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """What publishing would say now, what changed, and the versions so far."""
    mapping = mapping_of(request, key)
    return page_or_part(
        request, "mapping/publish.html", "mapping/_publish.html", _context(request, mapping)
    )


def _context(request: StudioRequest, mapping: Mapping) -> dict[str, Any]:
    version = published(mapping)
    example = example_of(request.workspace, request.GET, mapping)
    every = list(mapping.rows.defer("candidates"))
    # Several rows may fill one field: counted are rows, a problem leads to the first of its field.
    rows = {r.target_path: r for r in reversed(every)}
    second = unconfirmed(mapping)
    failing, tried = unresolved(mapping)
    return {
        "mapping": mapping,
        "problems": [
            Problem(p, rows.get(p.target), _create_url(request, mapping, p.table), p in second)
            for p in actions.refusals(mapping)
        ],
        "open_taxes": open_taxes_of(mapping),
        "failing": failing,
        "tried": tried,
        "changes": changes(mapping),
        "version": version,
        "is_in_force": version is not None and _is_in_force(mapping, version),
        "users": users_of(mapping) if version else [],
        "versions": list(mapping.versions.all()[:20]),
        "certain": sum(r.state == "open" and r.confidence >= CERTAIN for r in every),
        "approved": sum(1 for r in every if r.state == "approved"),
        "may_publish": request.actor.may(PUBLISH),
        "may_map": request.actor.may(MAP),
        "may_confirm": may_confirm(request),
        "me": request.actor.person,
        "example": example,
        "follows": behind(example.case, mapping) if example else None,
        "may_try_again": example is not None and may_try_again(request.actor, example.case),
    }


def _is_in_force(mapping: Mapping, version: MappingVersion) -> bool:
    """Whether publishing now would change nothing: same content, checked on the newest schema."""
    latest = latest_snapshot(mapping.connection)
    tree, unread = read(approved_document(mapping))
    return (
        not unread
        and latest is not None
        and latest.pk == mapping.snapshot_id
        and content_hash(tree) == version.content_hash
    )


def _create_url(request: StudioRequest, mapping: Mapping, table: str) -> str:
    """The admin's form for a missing table, for those who may use it."""
    user = request.user
    if not table or not user.is_staff or not user.has_perm("mapping.add_lookuptable"):
        return ""
    label = table.replace("_", " ").capitalize()
    where = {"workspace": mapping.workspace_id, "connection": mapping.connection_id}
    filled = urlencode({**where, "name": table, "label": label})
    return f"{reverse('admin:mapping_lookuptable_add')}?{filled}"


def changes(mapping: Mapping) -> list[Change]:
    """What is approved now against the version in force, by target path."""
    version = published(mapping)
    before = _said(from_store(version.document)) if version else {}
    after = _said(approved_document(mapping))
    return [
        Change(path, before.get(path, ""), after.get(path, ""))
        for path in sorted(before.keys() | after.keys())
        if before.get(path) != after.get(path)
    ]


def _said(document: dict[str, Any]) -> dict[str, str]:
    return {
        f"{r.target_path}{f' ({r.alternative + 1})' if r.alternative else ''}": r.expression
        + (f" when {r.condition}" if r.condition else "")
        for r in take_apart(document).rows
    }


@page(PUBLISH)
@require_POST
def publish(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """Publish, or show why not."""
    mapping = mapping_of(request, key)
    try:
        version = actions.publish(request.actor, mapping, note=request.POST.get("note", ""))
    except MappingRefused:
        messages.error(request, _("Not published: see the reasons below."))
    else:
        messages.success(
            request,
            _("Version %(number)d is published (%(hash)s).")
            % {"number": version.number, "hash": version.content_hash[:12]},
        )
        if taxes := open_taxes_of(mapping):
            messages.warning(
                request,
                _("Open in this version, so that no tax is known: %(fields)s.")
                % {"fields": ", ".join(taxes)},
            )
    query = QueryDict(mutable=True)
    if said := request.POST.get(NAME):
        query[NAME] = said
    return redirect(addresses.here(reverse("mapping:publishing", args=[mapping.uuid]), query))


@page(READ)
@require_GET
def composed(request: StudioRequest, inbound: uuid.UUID, outbound: uuid.UUID) -> HttpResponse:
    """Source | canonical | target, one line each, with the weaker of the two confidences."""
    here = Mapping.objects.select_related("connection").filter(workspace=request.workspace)
    first = get_object_or_404(here, uuid=inbound, direction="inbound")
    second = get_object_or_404(here, uuid=outbound, direction="outbound", document=first.document)
    lines = lines_of(first, second)
    only_open = request.GET.get("state") == "open"
    shown = [line for line in lines if not only_open or line.state == "open"]
    context = {
        "first": first,
        "second": second,
        "lines": shown,
        "total": len(lines),
        "open": sum(1 for line in lines if line.state == "open"),
        "only_open": only_open,
    }
    return render(request, "mapping/composed.html", context)
