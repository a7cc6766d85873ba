"""Balances of customers and of the cash book move with every posting."""

from __future__ import annotations

from decimal import Decimal

from connectors.syspro.emulator.context import Context
from connectors.syspro.emulator.tables import Row


def move_balance(ctx: Context, customer: str, by: Decimal) -> None:
    """Add to the customer's current balance."""
    row = ctx.db.get("ArCustomerBal", customer) or {"Customer": customer}
    now = Decimal(str(row.get("CurrentBalance1") or 0))
    ctx.db.put("ArCustomerBal", {**row, "CurrentBalance1": now + by})


def move_bank(
    ctx: Context, bank: Row, by: Decimal, waiting: tuple[str, int], money: tuple[str, Decimal]
) -> None:
    """Add to the cash book balance of a bank, in the bank's currency.

    Args:
        ctx: the call.
        bank: its row.
        by: what comes in, negative for what goes out, in the currency of the party.
        waiting: column of what the statement does not show yet (``OutstDep1``, ``OutstWith1``), and the
            sign with which it moves.
        money: the party's currency and its rate.
    """
    own, (currency, rate) = ctx.company.currency, money
    value = by
    if (currency or own) != own and str(bank.get("Currency") or own) == own:
        value = (by * (rate or Decimal(1))).quantize(Decimal("0.01"))
    column, sign = waiting
    held = Decimal(str(bank.get("CbCurBal1") or 0)) + value
    open_ = Decimal(str(bank.get(column) or 0)) + sign * value
    ctx.db.change("ApBank", bank, **{"CbCurBal1": held, column: open_})
