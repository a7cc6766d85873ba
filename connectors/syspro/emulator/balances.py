"""Customer balances move with every posting."""

from __future__ import annotations

from decimal import Decimal

from connectors.syspro.emulator.context import Context


def move_balance(ctx: Context, customer: str, by: Decimal) -> None:
    """Add to the customer's current balance."""
    row = ctx.db.get("ArCustomerBal", customer) or {"Customer": customer}
    now = Decimal(str(row.get("CurrentBalance1") or 0))
    ctx.db.put("ArCustomerBal", {**row, "CurrentBalance1": now + by})
