"""Where a rehearsal stands: superseded by a newer one, or waiting for the name of somebody who may put it there."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import cached_property

from django.utils.translation import gettext as _

from engine.errors import MappingRefused
from engine.runtime.idempotency import content_hash
from studio.accounts.models import few, who_can
from studio.accounts.roles import APPROVE
from studio.core.action import person_of
from studio.flows.actions import assemble
from studio.flows.models import Flow, Rehearsal
from studio.flows.rehearsal.narrowed import is_narrowed


@dataclass(frozen=True, slots=True)
class Superseded:
    """Why a rehearsal tells nothing any more, and the newest one of the flow, if that is another."""

    sentence: str
    newest: uuid.UUID | None = None


class Present:
    """A flow as it is now: what would go live, and which rehearsals are newest. Asked once for many."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow

    def over(self, one: Rehearsal) -> Superseded | None:
        """What took the place of a rehearsal; None while it tells what would go live."""
        if one.kind != "rehearsal" or (one.signed_at and one.version.state != "rehearsal"):
            # What was signed and went live is history, whatever came after it.
            return None
        newest = self._newest if self._newest and self._newest[0] > one.pk else None
        key = newest[1] if newest else None
        # What is signed stays signed over a newer rehearsal of the same version; going live compares again.
        if not one.signed_at and self._by_version.get(one.version_id, 0) > one.pk:
            return Superseded(_("A newer rehearsal of this version took its place."), key)
        if one.version.state == "retired" or one.version.content_hash != self._digest:
            said = _("The flow, or a mapping it uses, was changed since this was rehearsed.")
            return Superseded(said, key)
        return None

    @cached_property
    def _digest(self) -> str:
        """The hash of the version that would go live; empty where none can."""
        try:
            return content_hash(assemble(self._flow))
        except MappingRefused:
            return ""

    @cached_property
    def _rows(self) -> list[tuple[int, uuid.UUID, int]]:
        """Rehearsals that say what would go live or are about to, newest first."""
        told = (
            self._flow.rehearsals.filter(kind="rehearsal").exclude(state="failed").order_by("-pk")
        )
        rows = told.values_list("pk", "uuid", "version_id", "scope")
        return [(pk, key, version) for pk, key, version, scope in rows if not is_narrowed(scope)]

    @property
    def _newest(self) -> tuple[int, uuid.UUID, int] | None:
        return self._rows[0] if self._rows else None

    @cached_property
    def _by_version(self) -> dict[int, int]:
        found: dict[int, int] = {}
        for pk, _key, version in self._rows:
            found.setdefault(version, pk)
        return found


def superseded(one: Rehearsal) -> Superseded | None:
    """What took the place of this rehearsal; None while it tells what would go live."""
    return Present(one.flow).over(one)


def newest_of_draft(flow: Flow) -> Rehearsal | None:
    """The rehearsal of what would go live that is signed, else the newest to be signed; None without either."""
    told = flow.rehearsals.filter(kind="rehearsal", state="ready", version__state="rehearsal")
    rows = told.select_related("version").defer("totals")
    newest = next((one for one in rows if not is_narrowed(one.scope)), None)
    if newest is None:
        return None
    signed = rows.filter(version=newest.version, signed_at__isnull=False)
    best = next((one for one in signed if not is_narrowed(one.scope)), newest)
    best.flow = flow
    return None if superseded(best) else best


def makers_of(one: Rehearsal) -> tuple[str, str]:
    """The people who prepared what was rehearsed: where it moves money they do not sign it."""
    return person_of(one.version.prepared_by), person_of(one.asked_by)


def waits_for(one: Rehearsal) -> str:
    """Whose signature a rehearsal waits for, in a sentence that names the people."""
    makers = makers_of(one)
    names = [n for p in who_can(one.flow.workspace_id, APPROVE) if (n := str(p)) not in makers]
    if not names:
        return _(
            "It waits for the signature of an accountant who did not prepare it, and there is none here. "
            "An administrator gives somebody that role."
        )
    told = {"people": few(names, ", ")}
    return _("It waits for the signature of an accountant: %(people)s.") % told
