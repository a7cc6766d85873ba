"""Signing a rehearsal over its hash, and letting only what was signed go live.

Flow versions that write money need a signature of somebody else than the person who prepared them.
Just before they go live they are rehearsed once more: reality may differ from what was signed only as
far as the signature allows.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from studio.accounts.roles import APPROVE, PUBLISH
from studio.core.action import Actor, acting
from studio.core.refused import DecisionRefused
from studio.flows.models import Flow, FlowVersion, Planned, Rehearsal
from studio.flows.rehearsal.caution import caution_of
from studio.flows.rehearsal.narrowed import is_narrowed, narrowed
from studio.flows.rehearsal.run import begin_check, run
from studio.flows.rehearsal.standing import Present, makers_of, superseded, waits_for

# What is written to the target; everything else in a plan leaves it as it is.
WRITES = ("create", "update", "void")
# Records named when going live is refused.
NAMED = 5
Marks = dict[tuple[str, str, str], tuple[str, str]]


def risk_of(design: dict[str, Any]) -> str:
    """``money`` where a version writes documents with totals, ``records`` where it does not.

    The batch lane is ``records`` although it carries money: each of its batches is approved by itself,
    over its control totals. A design may say otherwise under ``risk``.
    """
    said = design.get("risk")
    if said:
        return str(said)
    if design.get("lane") == "batch":
        return "records"
    entities = design.get("entities", {})
    return "money" if any(plan.get("gross") for plan in entities.values()) else "records"


def plan_hash(rehearsal: Rehearsal) -> str:
    """The hash of a plan as its rows say it, with the version it belongs to."""
    said = hashlib.sha256(rehearsal.version.content_hash.encode())
    rows = rehearsal.plan.order_by("pk").values_list("outcome", "key", "intent")
    for outcome, key, intent in rows.iterator():
        said.update(f"{outcome}\x1f{key}\x1f{intent}\n".encode())
    return said.hexdigest()


def why_not_signed(actor: Actor, rehearsal: Rehearsal) -> str:
    """Why this person cannot sign this rehearsal; empty when they can."""
    version = rehearsal.version
    if rehearsal.kind != "rehearsal" or rehearsal.state != "ready":
        return "Only a finished rehearsal can be signed."
    if rehearsal.signed_at:
        return f"{rehearsal.signed_by} signed this already; a signature is never replaced."
    if less := narrowed(rehearsal):
        return less
    gone = superseded(rehearsal)
    if gone is not None:
        return gone.sentence
    if not actor.may(APPROVE):
        return waits_for(rehearsal)
    if risk_of(version.content["design"]) == "money" and actor.person in makers_of(rehearsal):
        said = _("Who prepared it cannot sign it: it moves money, so it takes four eyes.")
        return f"{said} {waits_for(rehearsal)}"
    return ""


def standing_of(rehearsal: Rehearsal, now: Present) -> tuple[str, str]:
    """Where a rehearsal stands, for a chip: the state that gives its tone, and the words."""
    if rehearsal.state != "ready":
        return rehearsal.state, rehearsal.get_state_display()
    if rehearsal.signed_at:
        return "signed", _("Signed by %(who)s") % {"who": rehearsal.signed_by}
    if now.over(rehearsal) is not None:
        return "superseded", _("Superseded")
    if narrowed(rehearsal):
        return "done", _("Only a look")
    version = rehearsal.version
    awaited = rehearsal.kind == "rehearsal" and version.state == "rehearsal"
    if awaited and risk_of(version.content["design"]) == "money":
        return "waiting", _("Waits for a signature")
    return "done", _("Ready")


def sign(
    actor: Actor,
    rehearsal: Rehearsal,
    *,
    content_hash: str,
    allow_new: bool = True,
    share: str = "0",
    note: str = "",
    aware: bool = False,
) -> None:
    """Put a name under a rehearsal, over the hash of exactly what was shown.

    Args:
        actor: may approve, and is not who prepared the version if it moves money.
        rehearsal: finished and not signed.
        content_hash: the hash of the plan that the person saw.
        allow_new: whether records that came since may go along when it goes live.
        share: percentage of the planned writes that may differ or be gone by then.
        note: remark of the person.
        aware: the person says to know that it would post nothing; asked for only where that is so.

    Raises:
        ValidationError: it cannot be signed; the sentence says why.
    """
    reason = why_not_signed(actor, rehearsal)
    if reason:
        raise ValidationError(reason)
    try:
        percent = Decimal(share.strip() or "0")
    except InvalidOperation as error:
        raise ValidationError(_("The share is a number of percent, such as 0 or 2.5.")) from error
    if not 0 <= percent <= 100:
        raise ValidationError(_("The share lies between 0 and 100 percent."))
    if content_hash != rehearsal.content_hash or plan_hash(rehearsal) != content_hash:
        raise ValidationError(
            _("This is not the plan that was shown. Look at it again, then sign.")
        )
    caution = caution_of(rehearsal)
    if caution is not None and caution.nothing and not aware:
        raise ValidationError(
            _("%(what)s Say that you know it, then sign.") % {"what": caution.sentence}
        )
    with acting(actor, APPROVE, "flow.rehearsal_signed", f"flow:{rehearsal.flow.uuid}") as line:
        now = timezone.now()
        allowed = {"new": allow_new, "share": str(percent)}
        won = Rehearsal.objects.filter(pk=rehearsal.pk, signed_at__isnull=True).update(
            signed_by=actor.name, signed_at=now, allowed=allowed, note=note.strip(), updated_at=now
        )
        if not won:
            raise ValidationError(_("Somebody else signed this just now."))
        FlowVersion.objects.filter(pk=rehearsal.version_id).update(
            rehearsal=rehearsal.totals, rehearsal_hash=content_hash, signed_by=actor.name
        )
        line.data = {
            "flow": rehearsal.flow.name,
            "version": rehearsal.version.number,
            "hash": content_hash,
            "allowed": allowed,
            "note": note.strip(),
            **({"caution": caution.sentence} if caution else {}),
        }


@dataclass(slots=True)
class Delta:
    """How reality differs from what was signed; keys are (step, entity, business key)."""

    planned: int = 0
    new: list[tuple[str, str, str]] = field(default_factory=list)
    changed: list[tuple[str, str, str]] = field(default_factory=list)
    gone: list[tuple[str, str, str]] = field(default_factory=list)

    def beyond(self, allowed: dict[str, Any]) -> str:
        """What goes beyond what was allowed, in a sentence; empty when nothing does."""
        other = [*self.changed, *self.gone]
        most = Decimal(str(allowed.get("share", "0"))) * self.planned / 100
        if len(other) > most:
            return (
                f"{len(self.changed)} writes are different from what was signed and {len(self.gone)} "
                f"are gone, of {self.planned}: {_names(other)}."
            )
        if self.new and not allowed.get("new", True):
            return f"{len(self.new)} records came since it was signed: {_names(self.new)}."
        return ""


def _names(keys: list[tuple[str, str, str]]) -> str:
    more = f" and {len(keys) - NAMED} more" if len(keys) > NAMED else ""
    return ", ".join(key for _, _, key in keys[:NAMED]) + more


def _marks(rehearsal: Rehearsal) -> Marks:
    rows = Planned.objects.filter(rehearsal=rehearsal, outcome__in=WRITES)
    return {
        (step, entity, key): (outcome, intent)
        for step, entity, key, outcome, intent in rows.values_list(
            "step", "entity", "key", "outcome", "intent"
        ).iterator()
    }


def compare(signed: Rehearsal, now: Rehearsal) -> Delta:
    """What a fresh plan would write against what the signed one would."""
    before, after = _marks(signed), _marks(now)
    return Delta(
        planned=len(before),
        new=sorted(after.keys() - before.keys()),
        changed=sorted(k for k in before.keys() & after.keys() if before[k] != after[k]),
        gone=sorted(before.keys() - after.keys()),
    )


def signed_rehearsal(version: FlowVersion) -> Rehearsal | None:
    """The newest rehearsal of the version that carries a signature over all that would go live."""
    signed = version.rehearsals.filter(kind="rehearsal", signed_at__isnull=False)
    # Before 2026-11-28 one that had looked at documents from a day on only could be signed.
    return next((one for one in signed if not is_narrowed(one.scope)), None)


def _unsigned(flow: Flow, version: FlowVersion) -> DecisionRefused:
    """Why a version cannot go live that nobody has signed: for whom it waits, or that nobody was asked."""
    told = {"number": version.number, "flow": flow.name}
    ready = version.rehearsals.filter(kind="rehearsal", state="ready")
    asked = next((one for one in ready if not is_narrowed(one.scope)), None)
    if asked is None:
        said = _(
            "Version %(number)s of %(flow)s moves money and nobody has signed what it will do."
        )
        fix = _("Rehearse it, and let an accountant sign the rehearsal.")
        return DecisionRefused(said % told, fix)
    asked.flow, asked.version = flow, version
    said = _("Version %(number)s of %(flow)s moves money and its rehearsal is not signed yet.")
    return DecisionRefused(said % told, waits_for(asked))


def check_reality(actor: Actor, flow: Flow, version: FlowVersion) -> None:
    """Rehearse once more and let pass only what the signature allows; calls both systems.

    Raises:
        DecisionRefused: not signed, or reality differs too much; the sentence says what to do.
    """
    signed = signed_rehearsal(version)
    if signed is None:
        raise _unsigned(flow, version)
    actor.require(PUBLISH)
    done = run(begin_check(actor, version, signed.scope))
    if done.state != "ready":
        raise DecisionRefused(f"What it would do now could not be seen: {done.error}", "Try again.")
    delta = compare(signed, done)
    beyond = delta.beyond(signed.allowed)
    counts = {"new": len(delta.new), "changed": len(delta.changed), "gone": len(delta.gone)}
    totals = {**done.totals, "delta": counts}
    Rehearsal.objects.filter(pk=done.pk).update(totals=totals, error=beyond)
    if beyond:
        raise DecisionRefused(
            f"Not live: since {signed.signed_by} signed, {beyond}",
            "Rehearse again and have it signed, or allow a share of changes when signing.",
        )
