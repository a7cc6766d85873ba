"""Bank and clearing accounts that payments name: what both systems say is in them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from engine.ports import Connector
from engine.runtime.balances import cash
from engine.runtime.residual import compare
from studio.catalog.actions import every
from studio.catalog.wiring import PATIENCE_APART, opened
from studio.flows.places import first
from studio.tieout.balances.ledger import CashKnown, cash_known
from studio.tieout.balances.sides import plans
from studio.tieout.models import CashBalance, Reading

Account = tuple[str, str, Decimal | None]


def read_cash(reading: Reading) -> list[CashBalance]:
    """Rows for every account that a running payment flow names, not stored yet; none without such a flow."""
    source, target = reading.source, reading.target
    ours, theirs = (plans().get(c.system, {}).get("cash") for c in (source, target))
    if not ours or not theirs:
        return []
    known = cash_known(source, target, ours.get("tables", ()))
    if not known.accounts:
        return []
    with opened(source, patience=PATIENCE_APART) as connector:
        banks = _accounts(connector, ours)
    with opened(target, patience=PATIENCE_APART) as connector:
        accounts = _accounts(connector, theirs)
    rows = [_row(known, code, banks, accounts) for code in sorted(known.accounts)]
    for row in rows:
        row.reading = reading
        row.currency = row.currency or source.currency
    return rows


def _accounts(connector: Connector, plan: dict[str, Any]) -> dict[str, Account]:
    """Code -> label, currency and balance; None where the system says no balance."""
    found: dict[str, Account] = {}
    for record in every(connector, plan["entity"]):
        data: dict[str, Any] = dict(record.data)
        code = str(first(data, plan["key"]) or record.key)
        label, currency = (str(first(data, plan[n]) or "") for n in ("label", "currency"))
        said = first(data, plan["balance"]) if "balance" in plan else None
        balance = Decimal(str(said or 0)) if "balance" in plan else None
        found[code] = (label or code, currency, balance)
    return found


def _row(
    known: CashKnown, code: str, banks: dict[str, Account], accounts: dict[str, Account]
) -> CashBalance:
    bank = known.banks.get(code, "")
    here, there = banks.get(bank), accounts.get(code)
    row = CashBalance(
        source_key=bank,
        source_label=here[0] if here else "",
        target_key=code,
        target_label=there[0] if there else "",
        currency=(there or here or ("", "", None))[1],
        source_balance=here[2] if here else None,
        target_balance=there[2] if there else None,
        why=_why(bank, here, there),
    )
    if row.source_balance is not None and row.target_balance is not None and not row.why:
        moves = known.moves.get(code, [])
        residual = compare(cash(bank, row.source_balance, row.target_balance, moves))
        row.named = [
            [str(one.name), one.key, str(one.amount), known.subjects.get(one.key, "")]
            for one in residual.differences
        ]
    return row


def _why(bank: str, here: Account | None, there: Account | None) -> str:
    """Why the two are not compared; empty where they are."""
    if there is None:
        return "account_gone"
    if not bank:
        return "no_bank"
    if here is None:
        return "bank_gone"
    if here[2] is None or there[2] is None:
        return "no_balance"
    return "currency" if here[1] and there[1] and here[1] != there[1] else ""
