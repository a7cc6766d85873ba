"""Integrity, format and business rules of documents; the target's peculiarities come as facts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from engine.canon.days import spoken_day
from engine.canon.money import ZERO, round_half_up, spoken
from engine.canon.tax import TaxedLine, Totals, compare, predict
from engine.errors import Audience, CaseClass, Severity
from engine.issue import Fix, Issue
from engine.rules.rule import DATED, DOCUMENTS, SALES, Subject, rule

CENT = Decimal("0.01")
_EDIT = (Fix("edit", "Edit the value"),)


def amount(record: dict[str, Any], name: str) -> Decimal | None:
    """A money field as Decimal; None when it is not there."""
    value = record.get(name)
    return Decimal(value) if isinstance(value, (int, Decimal)) else None


def lines_of(subject: Subject) -> list[dict[str, Any]]:
    """The lines that are there."""
    lines = subject.record.get("lines")
    return [one for one in lines if isinstance(one, dict)] if isinstance(lines, list) else []


def text_of(record: dict[str, Any], name: str) -> str:
    """A text field; empty when it is not there."""
    value = record.get(name)
    return value if isinstance(value, str) else ""


@rule("lines_sum", "The lines add up to the net total", *DOCUMENTS)
def lines_sum(subject: Subject) -> Iterator[Issue]:
    """Net amounts of the lines (and freight of an order) against the total before tax."""
    wanted = amount(subject.record, "net_total")
    nets = [amount(line, "net_amount") for line in lines_of(subject)]
    if wanted is None or not nets or None in nets:
        return
    summed = sum((n for n in nets if n is not None), ZERO)
    freight = amount(subject.record, "freight") or ZERO
    has_freight_line = any(line.get("kind") == "freight" for line in lines_of(subject))
    if not has_freight_line:
        summed += freight
    if summed != wanted:
        yield _money("lines_sum", "net_total", "The lines add up to", summed, "net total", wanted)


@rule("tax_sum", "The taxes add up to the tax total", *DOCUMENTS)
def tax_sum(subject: Subject) -> Iterator[Issue]:
    """Tax by code, else tax by line, against the total tax."""
    wanted = amount(subject.record, "tax_total")
    taxes = subject.record.get("taxes")
    rows = taxes if isinstance(taxes, list) and taxes else lines_of(subject)
    found = [amount(r, "tax_amount") for r in rows if isinstance(r, dict)]
    if wanted is None or not found or None in found:
        return
    summed = sum((n for n in found if n is not None), ZERO)
    if summed != wanted:
        yield _money("tax_sum", "tax_total", "The taxes add up to", summed, "tax total", wanted)


@rule("header_sum", "Net and tax make the gross total", *DOCUMENTS)
def header_sum(subject: Subject) -> Iterator[Issue]:
    """Net total + tax total = gross total."""
    net, tax, gross = (amount(subject.record, n) for n in ("net_total", "tax_total", "gross_total"))
    if net is not None and tax is not None and gross is not None and net + tax != gross:
        yield _money(
            "header_sum", "gross_total", "Net and tax make", net + tax, "gross total", gross
        )


@rule("line_product", "Quantity times price is the line amount", *DOCUMENTS)
def line_product(subject: Subject) -> Iterator[Issue]:
    """The invariant that unit conversions must keep: quantity x price less discount = amount."""
    strict = subject.facts.amount_is_product
    for index, line in enumerate(lines_of(subject)):
        quantity, price = amount(line, "quantity"), amount(line, "unit_price")
        net = amount(line, "net_amount")
        if quantity is None or price is None or net is None:
            continue
        percent = amount(line, "discount_percent") or ZERO
        off = amount(line, "discount_amount") or ZERO
        product = round_half_up(quantity * price * (100 - percent) / 100 - off)
        if product != net:
            path = f"lines[{index}].net_amount"
            yield _money(
                "line_product", path, "Quantity times price is", product, "line amount", net,
                Severity.BLOCK if strict else Severity.WARN,
            )  # fmt: skip


@rule("target_totals", "The target will compute the same totals", *DOCUMENTS)
def target_totals(subject: Subject) -> Iterator[Issue]:
    """Totals and tax as the target will compute them, before anything is sent."""
    model, record = subject.facts.model, subject.record
    totals = [amount(record, n) for n in ("net_total", "tax_total", "gross_total")]
    lines = _taxed(subject)
    if model is None or lines is None or None in totals:
        return
    net, tax, gross = (t if t is not None else ZERO for t in totals)
    found = predict(lines, model, inclusive=record.get("tax_inclusive") is True).totals
    gap = compare(Totals(net, tax, gross), found)
    if not gap:
        return
    within = abs(gap.gross) <= subject.facts.tolerance and abs(gap.tax) <= subject.facts.tolerance
    yield Issue(
        "target_totals",
        "gross_total",
        f"{subject.facts.label} will compute {spoken(found.gross)} (tax {spoken(found.tax)}) instead of "
        f"{spoken(gross)} (tax {spoken(tax)}).",
        Severity.WARN if within else Severity.BLOCK,
        CaseClass.AMOUNT,
        evidence={
            "wanted": gross,
            "computed": found.gross,
            "difference": gap.gross,
            "tax": gap.tax,
        },
        fixes=(
            Fix("round", "Let the rounding solver tie it"),
            Fix("explain", "Explain the difference"),
        ),
    )


def _taxed(subject: Subject) -> list[TaxedLine] | None:
    """The lines with their rates, where every line says net amount and tax code with a rate."""
    rates = _rates(subject)
    made: list[TaxedLine] = []
    for line in lines_of(subject):
        net, code = amount(line, "net_amount"), text_of(line, "tax_code")
        given = amount(line, "tax_rate")
        if net is None or (given is None and code and code not in rates):
            return None
        made.append(
            TaxedLine(
                Decimal(1),
                net,
                given if given is not None else rates.get(code, ZERO),
                amount=net,
                tax=amount(line, "tax_amount"),
            )
        )
    return made or None


def _rates(subject: Subject) -> dict[str, Decimal]:
    """Rates by tax code, given in ``custom.tax_rates`` by the resolve step."""
    custom = subject.record.get("custom")
    found = custom.get("tax_rates") if isinstance(custom, dict) else None
    if not isinstance(found, dict):
        return {}
    return {k: Decimal(v) for k, v in found.items() if isinstance(v, (int, Decimal))}


@rule("dates", "Dates are dates and in order", *DATED)
def dates(subject: Subject) -> Iterator[Issue]:
    """The document has a date, and is not due before it."""
    found: dict[str, dt.date] = {}
    for name in ("date", "due_date", "ship_date"):
        raw = text_of(subject.record, name)
        if not raw:
            continue
        try:
            found[name] = dt.date.fromisoformat(raw)
        except ValueError:
            yield _value("not_a_date", name, f"“{raw}” is not a date (YYYY-MM-DD).")
    if "date" not in found:
        if not text_of(subject.record, "date"):
            yield _value("no_date", "date", "The document has no date.")
    elif "due_date" in found and found["due_date"] < found["date"]:
        yield _value(
            "due_before_date", "due_date", "The document is due before its date.", Severity.WARN
        )


@rule("period", "The period is open", *DATED)
def period(subject: Subject) -> Iterator[Issue]:
    """Nothing is sent into a closed period."""
    day, facts = text_of(subject.record, "date"), subject.facts
    if not day:
        return
    hard = bool(facts.lock_date) and day <= facts.lock_date
    soft = bool(facts.soft_lock_date) and day <= facts.soft_lock_date
    if not hard and not soft:
        return
    lock = facts.lock_date if hard else facts.soft_lock_date
    words = "is closed" if hard else "is closed for most people"
    yield Issue(
        "period_closed",
        "date",
        f"{facts.label}: the period up to {spoken_day(lock)} {words}; the document is dated "
        f"{spoken_day(day)}.",
        Severity.BLOCK,
        CaseClass.PERIOD,
        Audience.APPROVER,
        {"date": day, "lock_date": lock, "hard": hard},
        (
            Fix("move_date", "Post on the first open day, keep the date in the memo"),
            Fix("unlock", "Ask to open the period"),
            Fix("hold", "Hold it"),
        ),
    )


@rule("currency", "The currency is usable and agrees with the party", *DATED)
def currency(subject: Subject) -> Iterator[Issue]:
    """Known currency, rate above zero, same currency as the party's."""
    record, facts = subject.record, subject.facts
    code = text_of(record, "currency")
    if code and facts.currencies and code not in facts.currencies:
        yield _value("currency_unknown", "currency", f"{facts.label} does not use {code}.")
    rate = amount(record, "rate")
    if rate is not None and rate <= 0:
        yield _value("rate", "rate", "The exchange rate must be above zero.")
    if code and facts.base_currency and code == facts.base_currency and rate not in (None, 1):
        yield _value("rate", "rate", f"{code} is the base currency; its rate is 1.", Severity.WARN)
    party = _party(subject)
    if party is not None and party.currency and code and party.currency != code:
        sentence = (
            f"{party.label or party.code} trades in {party.currency}, the document is in {code}."
        )
        yield _value("party_currency", "currency", sentence)


def _party(subject: Subject) -> Any:
    kind = "supplier" if subject.kind == "bill" else "customer"
    if subject.kind == "payment" and subject.record.get("direction") == "paid":
        kind = "supplier"
    code = text_of(subject.record, "party")
    return subject.neighbours.reference(kind, code) if code else None


@rule("references", "What the document refers to may be used", *DOCUMENTS, "journal")
def references(subject: Subject) -> Iterator[Issue]:
    """Inactive parties, items, accounts and tax codes are not used on new documents."""
    party = _party(subject)
    if party is not None and not party.active:
        yield _inactive("party", party)
    for index, line in enumerate(lines_of(subject)):
        for name in ("item", "account", "tax_code"):
            code = text_of(line, name)
            found = subject.neighbours.reference(name, code) if code else None
            if found is not None and not found.active:
                yield _inactive(f"lines[{index}].{name}", found)


def _inactive(path: str, found: Any) -> Issue:
    return Issue(
        "inactive",
        path,
        f"{found.label or found.code} is inactive{f' in {found.where}' if found.where else ''}.",
        Severity.BLOCK,
        CaseClass.MISSING_REFERENCE,
        evidence={
            "kind": found.kind,
            "code": found.code,
            "label": found.label,
            "cause": found.code,
        },
        fixes=(Fix("link", "Choose another one"), Fix("reactivate", "Make it active again")),
    )


@rule("credit", "The party may be sold to", *SALES)
def credit(subject: Subject) -> Iterator[Issue]:
    """Blocked parties and credit limits."""
    if subject.kind == "credit_note":
        return
    party, gross = _party(subject), amount(subject.record, "gross_total") or ZERO
    if party is None:
        return
    if party.on_hold:
        yield Issue(
            "on_hold", "party", f"{party.label or party.code} is on hold.", Severity.BLOCK,
            CaseClass.AMOUNT, Audience.APPROVER, {"code": party.code},
            (Fix("override", "Release with a reason"),),
        )  # fmt: skip
    limit, after = party.credit_limit, party.owed + gross
    if limit is not None and after > limit:
        yield Issue(
            "credit_limit", "gross_total",
            f"{party.label or party.code} would owe {spoken(after)}, the credit limit is {spoken(limit)}.",
            Severity.WARN, CaseClass.AMOUNT, Audience.APPROVER,
            {"limit": limit, "owed": party.owed, "amount": gross},
            (Fix("override", "Accept with a reason"),),
        )  # fmt: skip


@rule("duplicate", "The document is not at the target yet", *DOCUMENTS, "payment")
def duplicate(subject: Subject) -> Iterator[Issue]:
    """Looks for twins before anything is created."""
    if not subject.creating:
        return
    record = subject.record
    number = text_of(record, "invoice_number") or text_of(record, "number")
    gross = amount(record, "gross_total") or amount(record, "amount") or ZERO
    found = subject.neighbours.twins(
        subject.kind, number, text_of(record, "party"), text_of(record, "date"), gross
    )
    for twin in found:
        unique = twin.same_number and subject.kind in subject.facts.unique_numbers
        same = "has the same number" if twin.same_number else "has the same party and amount"
        yield Issue(
            "duplicate",
            "number",
            f"{subject.facts.label} already has {twin.number or twin.key} of {spoken_day(twin.date)} over "
            f"{spoken(twin.gross)}; it {same}.",
            Severity.BLOCK if twin.same_number else Severity.WARN,
            CaseClass.DUPLICATE,
            evidence={"key": twin.key, "number": twin.number, "unique": unique},
            fixes=(
                Fix("link", "It is the same: link them", {"key": twin.key}),
                *(() if unique else (Fix("create", "Create it anyway, with a reason"),)),
                Fix("ignore", "Do not send this one"),
            ),
        )


def _money(
    code: str, path: str, words: str, found: Decimal, name: str, wanted: Decimal,
    severity: Severity = Severity.BLOCK,
) -> Issue:  # fmt: skip
    gap = found - wanted
    return Issue(
        code,
        path,
        f"{words} {spoken(found)}, but the {name} is {spoken(wanted)} ({gap:+,} difference).",
        severity,
        CaseClass.AMOUNT,
        evidence={"found": found, "wanted": wanted, "difference": gap},
        fixes=(Fix("explain", "Explain the difference"), *_EDIT),
    )


def _value(code: str, path: str, sentence: str, severity: Severity = Severity.BLOCK) -> Issue:
    return Issue(code, path, sentence, severity, CaseClass.VALUE, fixes=_EDIT)
