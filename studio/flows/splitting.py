"""A difference between what the source says and what was posted, split over several reasons.

The parts add up to the difference exactly, or nothing is kept: a rest without a name is what a tie-out is
there to find. They stay with the case they settle, from where the tie-out and Explain read them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from engine.canon.money import spoken
from studio.core.action import Actor
from studio.flows.reposting import TOTAL_DIFFERS
from studio.triage.actions import close_cases
from studio.triage.models import OPEN_STATES, Case

# Rows of the form; a difference with more reasons than these is not one that is accepted.
ROWS = range(1, 6)
CENT = Decimal("0.01")
PARTS = "parts"


@dataclass(frozen=True, slots=True)
class Part:
    """One reason and the money it answers for, signed like the difference: source less target."""

    reason: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Answer:
    """How somebody answered for a document that was posted with another total.

    No ``parts``: all of the difference has the one reason, whatever it is.
    """

    by: str
    reason: str
    parts: tuple[Part, ...] = ()

    def covers(self, difference: Decimal) -> bool:
        """Whether all of a difference is answered for; parts answer for no more than their sum."""
        return not self.parts or sum(p.amount for p in self.parts) == difference

    def of(self, difference: Decimal) -> tuple[Part, ...]:
        """The parts of a difference that this covers."""
        return self.parts or (Part(self.reason, difference),)


def difference_of(case: Case) -> Decimal:
    """Source less target, of a case about a total that differs."""
    return Decimal(case.evidence["source"]) - Decimal(case.evidence["target"])


def split(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    """Accept a difference for several reasons, each with its amount.

    Raises:
        ValidationError: a row is half filled in, or the rows do not make the difference to the cent.
    """
    parts = _parts(values)
    difference, said = difference_of(case), sum((p.amount for p in parts), Decimal(0))
    if len(parts) < 2:
        raise ValidationError(
            _("Give two reasons or more. For a single one press “Accept with a reason”.")
        )
    if said != difference:
        raise ValidationError(
            _(
                "The parts make %(said)s, the difference is %(difference)s: %(what)s is left over. "
                "Nothing was kept; change the amounts until nothing is left."
            )
            % {
                "said": spoken(said, case.currency),
                "difference": spoken(difference, case.currency),
                "what": spoken(difference - said, case.currency),
            }
        )
    words = "; ".join(f"{spoken(p.amount, case.currency)} {p.reason}" for p in parts)
    case.evidence = {
        **case.evidence,
        PARTS: [{"reason": p.reason, "amount": str(p.amount)} for p in parts],
    }
    case.save(update_fields=["evidence", "updated_at"])
    others = Case.objects.filter(subject=case.subject, state__in=OPEN_STATES).exclude(pk=case.pk)
    close_cases(
        case.subject,
        state="accepted",
        reason=words,
        by=actor.name,
        keep=list(others.values_list("cause", flat=True)),
    )
    return f"The difference of {spoken(difference, case.currency)} is split: {words}."


def _parts(values: Mapping[str, str]) -> list[Part]:
    found = []
    for n in ROWS:
        reason, said = (str(values.get(f"{k}_{n}", "")).strip() for k in ("reason", "amount"))
        if not reason and not said:
            continue
        if not reason or not said:
            raise ValidationError(_("Row %(n)s needs both a reason and an amount.") % {"n": n})
        found.append(Part(reason, _amount(said, n)))
    return found


def _amount(said: str, row: int) -> Decimal:
    try:
        # What has more places than cents, or no size at all, is refused rather than rounded.
        amount = Decimal(said)
        exact = amount.quantize(CENT) if amount.is_finite() else None
    except InvalidOperation:
        exact = None
    if not exact or exact != amount:
        raise ValidationError(
            _("Row %(row)s: “%(said)s” is no amount. Write it like 12.50 or -12.50, to the cent.")
            % {"row": row, "said": said}
        )
    return exact


def answers_to(subjects: Iterable[str]) -> dict[str, Answer]:
    """Record -> who answered last for the total it was posted with, and how."""
    cases = Case.objects.filter(
        code=TOTAL_DIFFERS, state="accepted", subject__in=list(subjects)
    ).order_by("closed_at")
    return {
        c.subject: Answer(
            c.closed_by,
            c.closed_reason,
            tuple(Part(p["reason"], Decimal(p["amount"])) for p in c.evidence.get(PARTS, ())),
        )
        for c in cases
    }
