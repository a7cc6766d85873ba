"""What chaos does with each shipped flow: a change at the source, and what must stand at the target.

A scenario knows the business of one flow; ``bench/chaos.py`` knows how to break a worker. To cover a
new flow, write a module with a class that fits ``Scenario`` and name it in ``SCENARIOS``; a live flow
without a scenario is an error, so that no flow is ever left out quietly.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from bench.chaos_world import World


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one change.

    Attributes:
        lost: effects that should be there and are not (a parked record of a kind that went through
            before counts as well).
        doubled: effects that are there more often than once.
        residual: money that differs between the target and our ledger, without a name.
    """

    lost: int = 0
    doubled: int = 0
    residual: Decimal = Decimal(0)


class Scenario(Protocol):
    """One flow under attack."""

    # Kinds of trouble beside the common ones, e.g. a half-written batch; ``arm`` is told of each.
    kinds: tuple[str, ...]

    def __init__(self, world: World, flow: Any) -> None:
        """``flow`` is a ``studio.flows.models.Flow`` that is live."""

    def change(self, draw: random.Random) -> Any:
        """Make one new change at the source; returns a handle for the other methods."""

    def arm(self, kind: str, draw: random.Random) -> None:
        """Prepare trouble of one of the scenario's own ``kinds``."""

    def edit_at_target(self, handle: Any) -> None:
        """A person changes a remark on what was written."""

    def judge(self, handle: Any) -> Judged:
        """Compare source, ledger and target for one change, after everything has settled."""


def scenario_for(world: World, flow: Any) -> Scenario:
    """The scenario of a flow.

    Raises:
        LookupError: no scenario covers the flow.
    """
    from bench.chaos_scenarios.bill_payments import BillPayments, XeroBillPayments
    from bench.chaos_scenarios.documents import Bills, Credits
    from bench.chaos_scenarios.journals import Journals
    from bench.chaos_scenarios.kept import Kept
    from bench.chaos_scenarios.levels import Levels
    from bench.chaos_scenarios.orders import Orders
    from bench.chaos_scenarios.payments import Payments, XeroPayments
    from bench.chaos_scenarios.portal import Portal

    scenarios: dict[str, type[Scenario]] = {
        "journals-history-to-qbo": Journals,
        "journals-history-to-xero": Journals,
        "journals-to-qbo": Journals,
        "journals-to-xero": Journals,
        "orders-to-qbo": Orders,
        "orders-to-xero": Orders,
        "credits-to-qbo": Credits,
        "credits-to-xero": Credits,
        "payments-from-qbo": Payments,
        "payments-from-xero": XeroPayments,
        "bill-payments-from-qbo": BillPayments,
        "bill-payments-from-xero": XeroBillPayments,
        "bills-to-qbo": Bills,
        "bills-to-xero": Bills,
        "customers-to-qbo": Kept,
        "customers-from-qbo": Kept,
        "customers-to-xero": Kept,
        "customers-from-xero": Kept,
        "suppliers-to-qbo": Kept,
        "suppliers-from-qbo": Kept,
        "suppliers-to-xero": Kept,
        "suppliers-from-xero": Kept,
        "items-to-qbo": Kept,
        "items-to-xero": Kept,
        "stock-to-qbo": Levels,
        "stock-to-xero": Levels,
    }
    if flow.key.startswith("portal-"):  # one for each shop, with the shop's own key
        return Portal(world, flow)
    if flow.key not in scenarios:
        raise LookupError(f"no scenario in bench/chaos_scenarios covers the flow {flow.key}")
    return scenarios[flow.key](world, flow)
