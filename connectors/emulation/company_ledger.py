"""What lay in the ledgers before the integration: open invoices, receipts, bills, journals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from connectors.emulation.company_model import (
    LedgerJournal,
    OpenDocument,
    Party,
    Receipt,
    Settled,
    SupplierInvoice,
    cents,
)
from connectors.emulation.company_tables import Tables

D = Decimal
_START = date(2026, 1, 5)


def documents(
    tables: Tables, customers: Sequence[Party], many: int, seed: int
) -> Iterator[OpenDocument]:
    """Sales documents of the customers that the books know; every seventh is a credit note."""
    known = [c for c in customers if c.twins and c.twins[0].active]
    for index in range(many):
        rng = Random(f"{seed}/{tables.id}/document/{index}")
        who = known[(index * 5) % len(known)]
        dated = _START + timedelta(days=(index * 4) % 85)
        rate = tables.tax(who.tax_code).rate
        net = D(rng.randrange(2000, 400000)).scaleb(-2)
        tax = cents(net * rate / 100)
        credit = index % 7 == 6
        paid = {0: net + tax, 1: cents((net + tax) / 3)}.get(index % 4, D(0))
        yield OpenDocument(
            number=f"{100000 + index:06d}",
            customer=who.code,
            kind="credit_note" if credit else "invoice",
            dated=dated,
            due=dated + timedelta(days=tables.term(who.terms).due_days),
            currency=who.currency,
            rate=tables.rate(who.currency),
            net=net,
            tax=tax,
            balance=net + tax if credit else net + tax - paid,
            tax_code=who.tax_code,
            customer_po=f"PO-{4000 + index}",
            terms=who.terms,
            product_class="HDW",
            twin_number=f"INV-{index + 1:04d}" if index % 3 else f"{100000 + index:06d}",
            in_books=index % 12 != 11,
        )


def receipts(tables: Tables, made: Sequence[OpenDocument]) -> Iterator[Receipt]:
    """One receipt for each document on which something was paid; every fifth has money left over."""
    paid = [d for d in made if d.kind == "invoice" and d.balance < d.gross]
    for index, one in enumerate(paid):
        unapplied = D("25.00") if index % 5 == 4 else D(0)
        amount = one.gross - one.balance
        yield Receipt(
            reference=f"RCPT-{5000 + index}",
            customer=one.customer,
            dated=one.dated + timedelta(days=20),
            currency=one.currency,
            amount=amount + unapplied,
            method=("Check", "ACH", "Card")[index % 3],
            bank=next(b.code for b in tables.banks if b.currency == one.currency),
            settled=(Settled(one.number, amount),),
            unapplied=unapplied,
            in_books=one.in_books,
        )


def supplier_invoices(
    tables: Tables, suppliers: Sequence[Party], many: int, seed: int
) -> Iterator[SupplierInvoice]:
    """Bills with one or two ledger lines; every third is partly paid."""
    known = [s for s in suppliers if s.twins and s.twins[0].active]
    for index in range(many):
        rng = Random(f"{seed}/{tables.id}/bill/{index}")
        who = known[index % len(known)]
        dated = _START + timedelta(days=(index * 9) % 150)
        first, second = D(rng.randrange(5000, 90000)).scaleb(-2), D(rng.randrange(9000)).scaleb(-2)
        net = first + second
        code = who.tax_code if tables.country == "GB" else tables.exempt_tax
        tax = cents(net * tables.tax(code).rate / 100)
        yield SupplierInvoice(
            number=f"SI-{who.index:03d}-{index + 1:03d}",
            supplier=who.code,
            dated=dated,
            due=dated + timedelta(days=30),
            currency=who.currency,
            rate=tables.rate(who.currency),
            net=net,
            tax=tax,
            balance=cents((net + tax) / 2) if index % 3 == 2 else net + tax,
            tax_code=code,
            terms=who.terms,
            distribution=((who.account, first), ("10-5500", second)),
            in_books=index % 4 != 3,
        )


# Accounts that ordinary journals move amounts between; bank and control accounts are not among them.
_MOVED = (
    "10-4100", "10-4110", "10-4120", "10-4300", "10-4400", "10-4500", "10-5100", "10-5110",
    "10-5120", "10-5300", "10-5400", "10-6100", "10-6200", "10-6300", "10-6900",
)  # fmt: skip
_KINDS = ("Reclassification", "Accrual", "Cost centre transfer", "Correction of analysis")


def posted_journals(
    tables: Tables, many: int, seed: int, *, first: date, last: date, lines: int = 0
) -> Iterator[LedgerJournal]:
    """Balanced journals between two days, in order; numbers go on from 101.

    Args:
        tables: the division.
        many: how many.
        seed: of the division.
        first: day of the earliest.
        last: day of the latest.
        lines: postings of each; 0 draws between two and six.
    """
    days = (last - first).days
    for index in range(many):
        rng = Random(f"{seed}/{tables.id}/journal/{index}")
        count = lines or rng.randrange(2, 7)
        amounts = [D(rng.randrange(100, 900000)).scaleb(-2) for _ in range(count - 1)]
        signs = [1] + [rng.choice((1, -1)) for _ in amounts[1:]]
        postings = [a * s for a, s in zip(amounts, signs, strict=True)]
        if not sum(postings):
            postings[0] += D("0.01")
        postings.append(-sum(postings, D(0)))
        kind = _KINDS[index % len(_KINDS)]
        yield LedgerJournal(
            number=f"{101 + index:05d}",
            dated=first + timedelta(days=index * days // max(1, many - 1)),
            reference=f"GJ-{101 + index:06d}",
            memo=kind,
            lines=tuple(
                (_MOVED[(index + at * 4) % len(_MOVED)], f"{kind} {at + 1}", amount)
                for at, amount in enumerate(postings)
            ),
            in_books=False,
        )


def journals(tables: Tables, many: int, seed: int) -> tuple[LedgerJournal, ...]:
    """Three month-end journals, and what was posted around the change-over to the books."""
    made = []
    for month, amount in ((4, D("4200.00")), (5, D("4250.50")), (6, D("4199.95"))):
        made.append(
            LedgerJournal(
                number=f"{month:05d}",
                dated=date(2026, month, 28),
                reference=f"RENT-{month:02d}",
                memo="Monthly rent and energy",
                lines=(
                    ("10-6100", "Rent", amount),
                    ("10-6200", "Energy", D("310.25")),
                    ("10-1000", "Paid from bank", -amount - D("310.25")),
                ),
                in_books=month != 6,
            )
        )
    around = posted_journals(tables, many, seed, first=date(2026, 6, 1), last=date(2026, 7, 10))
    return (*made, *around)
