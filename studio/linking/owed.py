"""What is open with a party in its own system. This app reads no balances: who does registers here and tells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from engine.canon.money import spoken
from studio.accounts.models import Workspace
from studio.linking.models import Party


@dataclass(frozen=True, slots=True)
class Owed:
    """What was open when somebody looked last; no sums where nothing was."""

    read_at: datetime
    sums: tuple[tuple[Decimal, str], ...] = ()

    def __str__(self) -> str:
        said = [spoken(amount, currency) for amount, currency in self.sums]
        return ", ".join(said) or _("nothing")


Teller = Callable[[Workspace, str, Sequence[Party]], Mapping[int, Owed]]
_TELLERS: list[Teller] = []


def register(teller: Teller) -> None:
    """Add who knows what is open; called from ``AppConfig.ready`` of its app."""
    _TELLERS.append(teller)


def owed_of(workspace: Workspace, kind: str, parties: Iterable[Party]) -> dict[int, Owed]:
    """Party -> what is open with it; parties of companies that nobody has read are left out."""
    asked = list({one.pk: one for one in parties}.values())
    found: dict[int, Owed] = {}
    for teller in _TELLERS:
        found |= teller(workspace, kind, asked)
    return found
