"""Writes about a flow's draft: edit, undo, redo, restore a version, remark. Production never sees them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import F
from django.utils.translation import gettext as _

from studio.accounts.roles import PUBLISH, READ
from studio.core.action import Actor, acting
from studio.flows.design_diff import differences
from studio.flows.edits import Design, normal
from studio.flows.models import DraftEdit, Flow, FlowVersion, StepNote

Change = Callable[[Design], tuple[Design, str, str]]


def edit(actor: Actor, flow: Flow, revision: int, change: Change) -> DraftEdit:
    """Change the draft and keep the step, so that it can be undone.

    Args:
        actor: who.
        flow: whose draft.
        revision: of the draft the person saw.
        change: makes of the design ``(new design, key of the step, change in words)``.

    Raises:
        ValidationError: somebody changed the draft meanwhile, the value cannot be used, or nothing
            would change.
    """
    before = normal(flow.design)
    after, step, words = change(before)
    if after == before:
        raise ValidationError(_("Nothing was changed."))
    with acting(actor, PUBLISH, "flow.changed", f"flow:{flow.uuid}") as line:
        _put(flow, revision, after)
        flow.edits.filter(state="undone").update(state="dropped")
        made = DraftEdit.objects.create(
            flow=flow, step=step, words=words, author=actor.name, before=flow.design, after=after
        )
        line.data = {
            "flow": flow.name,
            "step": step,
            "words": words,
            "changes": [one.words for one in differences(before, after)],
            "edit": str(made.uuid),
        }
    flow.design = after
    return made


def undo(actor: Actor, flow: Flow, named: str = "") -> DraftEdit:
    """Take the last change of the draft back; repeatable.

    Args:
        actor: who.
        flow: whose draft.
        named: key of the change that a page said it would take back; any last one without.

    Raises:
        ValidationError: there is nothing to take back, or the named change is not the last one now.
    """
    last = flow.edits.filter(state="done").first()
    if named:
        _still_last(flow, last, named)
    if last is None:
        raise ValidationError(_("There is nothing left to undo in this draft."))
    _swap(actor, flow, last, "undone", last.before)
    return last


def _still_last(flow: Flow, last: DraftEdit | None, named: str) -> None:
    """Refuse where another change is the last one by now, and say which."""
    try:
        meant = flow.edits.get(uuid=named)
    except (DraftEdit.DoesNotExist, ValidationError) as error:
        raise ValidationError(_("There is no such change in this draft.")) from error
    if meant.state != "done":
        words = _("“%(change)s” was taken back already. Nothing was changed.")
        raise ValidationError(words % {"change": meant.words})
    if last is not None and last.pk != meant.pk:
        words = _("%(who)s %(change)s since. Nothing was changed; undo that first.")
        raise ValidationError(words % {"who": last.author, "change": last.words})


def redo(actor: Actor, flow: Flow) -> DraftEdit:
    """Make the change again that was taken back last.

    Raises:
        ValidationError: nothing was taken back.
    """
    last = flow.edits.filter(state="undone").order_by("id").first()
    if last is None:
        raise ValidationError(_("There is nothing to do again."))
    _swap(actor, flow, last, "done", last.after)
    return last


def _swap(actor: Actor, flow: Flow, made: DraftEdit, state: str, design: Design) -> None:
    with acting(actor, PUBLISH, "flow.changed", f"flow:{flow.uuid}") as line:
        _put(flow, flow.revision, design)
        DraftEdit.objects.filter(pk=made.pk).update(state=state)
        verb = "took back" if state == "undone" else "made again"
        line.data = {
            "flow": flow.name,
            "step": made.step,
            "words": f"{verb}: {made.words}",
            "changes": [one.words for one in differences(flow.design, design)],
        }
    flow.design = design


def restore(actor: Actor, flow: Flow, version: FlowVersion) -> DraftEdit:
    """Make a published version the draft again; it becomes effective only when it is published."""
    design: dict[str, Any] = version.content["design"]
    words = f"restored version {version.number}"
    return edit(actor, flow, flow.revision, lambda _standing: (normal(design), "", words))


def remark(actor: Actor, flow: Flow, step: str, text: str) -> StepNote:
    """Write a remark beside a step."""
    if not text.strip():
        raise ValidationError(_("Write something before you send it."))
    with acting(actor, READ, "flow.remarked", f"flow:{flow.uuid}") as line:
        note = StepNote.objects.create(
            flow=flow, step=step[:40], author=actor.name, text=text.strip()[:2000]
        )
        line.data = {"flow": flow.name, "step": step, "text": note.text}
    return note


def _put(flow: Flow, revision: int, design: Design) -> None:
    """Store the design if nobody changed it since; call inside a transaction."""
    won = Flow.objects.filter(pk=flow.pk, revision=revision).update(
        design=design, revision=F("revision") + 1
    )
    if not won:
        other = flow.edits.first()
        who = f"{other.author} {other.words}" if other else "Somebody changed the draft"
        raise ValidationError(
            _("%(who)s meanwhile. Look at the draft as it is now, then do it again.") % {"who": who}
        )
    flow.revision = revision + 1
