"""Signing what was compared: once, by who answers for it, never while something has no explanation."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from engine.canon.days import spoken_day
from engine.canon.money import spoken
from studio.accounts.roles import TIE_OUT
from studio.core.action import Actor, acting
from studio.core.paper import moment, safe
from studio.tieout.models import Signed, StockComparison, TieOut
from studio.webhooks.outbox import amount, tell


def period_of(tie: TieOut) -> str:
    """The days that were compared, in words."""
    if not (tie.period_from or tie.period_to):
        return "all documents"
    since = spoken_day(tie.period_from) if tie.period_from else "beginning"
    return f"{since} to {spoken_day(tie.period_to) if tie.period_to else 'now'}"


def sign(actor: Actor, tie: TieOut, note: str) -> None:
    """Sign a tie-out of documents.

    Raises:
        ValidationError: it was signed already, a cent has no name, or the two sides do not tie and no reason is
            given.
    """
    _may_be_signed(tie, tie.unexplained != 0, spoken(tie.unexplained, tie.currency), note)
    with acting(actor, TIE_OUT, "tieout.signed", f"tieout:{tie.uuid}") as line:
        _write(actor, TieOut.objects.filter(pk=tie.pk), note)
        line.data = {
            "flow": tie.flow.name,
            "since": str(tie.period_from or ""),
            "until": str(tie.period_to or ""),
            "currency": tie.currency,
            "residual": str(tie.residual),
            "verdict": tie.verdict,
            "note": note.strip(),
        }
        said = {"flow": tie.flow.key, "green": tie.green, **amount(tie.residual, tie.currency)}
        page = reverse("tieout:detail", args=[tie.uuid])
        tell(tie.flow.workspace_id, "tieout.signed", f"tieout:{tie.uuid}", said, page=page)


def sign_stock(actor: Actor, comparison: StockComparison, note: str) -> None:
    """Sign a comparison of quantities.

    Raises:
        ValidationError: it is not ready, was signed already, or a difference has no explanation.
    """
    if comparison.state != "ready":
        raise ValidationError(_("Only a comparison that is ready can be signed."))
    left = spoken(comparison.unexplained, comparison.currency)
    _may_be_signed(comparison, not comparison.green, _("A difference worth %s") % left, note)
    with acting(actor, TIE_OUT, "stock.signed", f"stock:{comparison.uuid}") as line:
        _write(actor, StockComparison.objects.filter(pk=comparison.pk), note)
        line.data = {
            "flow": comparison.flow.name,
            "items": comparison.items,
            "apart": comparison.apart,
            "worth": spoken(comparison.residual, comparison.currency),
        }


def _may_be_signed(row: TieOut | StockComparison, unexplained: bool, what: str, note: str) -> None:
    if row.signed_at:
        raise ValidationError(
            _("%s signed this already; a signature is never replaced.") % row.signed_by
        )
    if unexplained:
        raise ValidationError(
            _("%s is not explained yet; what is not explained cannot be signed.") % what
        )
    if not row.green and not note.strip():
        raise ValidationError(
            _("The two sides do not tie. Write the reason why it can be signed all the same.")
        )
    if isinstance(row, TieOut) and row.verdict == "pending" and not note.strip():
        raise ValidationError(
            _("Not all is posted or settled yet. Write why it can be signed all the same.")
        )


def _write(actor: Actor, row: QuerySet[Any], note: str) -> None:
    now = timezone.now()
    won = row.filter(signed_at__isnull=True).update(
        signed_by=actor.name, signed_at=now, sign_note=note.strip(), updated_at=now
    )
    if not won:
        raise ValidationError(_("Somebody else signed this just now."))


def signature(row: Signed) -> str:
    """Who signed what was compared, when and with which words."""
    if not row.signed_at:
        return "Not signed."
    note = f" “{safe(row.sign_note)}”" if row.sign_note else ""
    return f"Signed by {safe(row.signed_by)}, {moment(row.signed_at)}.{note}"
