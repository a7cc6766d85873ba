"""Running the items of a transaction document: each by itself, all or nothing, or only validated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from connectors.syspro.emulator.answers import BusinessError, Piece, tag
from connectors.syspro.emulator.context import Context
from connectors.syspro.emulator.tables import Row
from connectors.syspro.xml import Node


class _UndoError(Exception):
    """Take back what the items did."""


@dataclass(frozen=True, slots=True)
class Options:
    """A parameters document."""

    node: Node | None

    def value(self, name: str, otherwise: str = "") -> str:
        """A parameter in upper case, or the default where it is absent or blank."""
        inner = self.node.first("Parameters") if self.node else None
        return (inner.value(name) if inner else "").upper() or otherwise

    @property
    def validate_only(self) -> bool:
        """Run all checks, post nothing."""
        return self.value("ValidateOnly", "N") == "Y" or self.value("Process") == "VALIDATE"


@dataclass(frozen=True, slots=True)
class Result:
    """One item: what to answer, or its error."""

    number: int
    pieces: Sequence[Piece] = ()
    error: BusinessError | None = None


def run(
    ctx: Context,
    items: Sequence[Node],
    one: Callable[[Node], Sequence[Piece]],
    options: Options,
    *,
    whole: bool,
) -> list[Result]:
    """Run each item; undo all when only validating, or when ``whole`` and one is invalid."""
    results: list[Result] = []
    with suppress(_UndoError), ctx.db.store.transaction():
        for number, item in enumerate(items, start=1):
            results.append(_one(ctx, number, item, one))
        if options.validate_only or (whole and any(r.error for r in results)):
            raise _UndoError
    return results


def _one(ctx: Context, number: int, item: Node, one: Callable[[Node], Sequence[Piece]]) -> Result:
    try:
        with ctx.db.store.transaction():
            return Result(number, tuple(one(item)))
    except BusinessError as error:
        return Result(number, error=error)


def amount(node: Node, name: str, otherwise: str = "0", *, decimals: int = 2) -> Decimal:
    """A number in an element.

    Raises:
        BusinessError: not a number, or too many decimals (which SYSPRO calls not numeric).
    """
    text = node.value(name) or otherwise
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise BusinessError(name, text, 990042, f"{name} '{text}' not numeric") from None
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or -exponent > decimals:
        raise BusinessError(name, text, 990042, f"{name} '{text}' not numeric")
    return value


def day(ctx: Context, node: Node, name: str) -> date:
    """A date in an element, today where it is absent.

    Raises:
        BusinessError: no date.
    """
    text = node.value(name) or ctx.today()
    try:
        return date.fromisoformat(text)
    except ValueError:
        words = f"Date '{text}' is invalid for XML element '{name}' - must be CCYY-MM-DD"
        raise BusinessError(name, text, 100028, words) from None


def open_period(ctx: Context, name: str, when: date) -> None:
    """Refuse a date in the closed period (text unverified, 4.3)."""
    if when <= ctx.company.closed_to:
        words = f"Ledger period of {when.isoformat()} is closed"
        raise BusinessError(name, when.isoformat(), 990013, words)


def needed(node: Node, name: str) -> str:
    """A text that may not be blank."""
    text = node.value(name)
    if not text:
        raise BusinessError(name, "", 100030, f"XML element '{{Item}}{{{name}}}' cannot be spaces")
    return text


def row_or_error(row: Row | None, element: str, value: str, number: int, label: str) -> Row:
    """The row, or the error that it is not there."""
    if row is None:
        raise BusinessError(element, value, number, f"{label} '{value}' not found")
    return row


def no_gl_journal() -> Piece:
    """The empty group of a sub-ledger that is integrated to the general ledger later."""
    names = ("GlYear", "GlPeriod", "GlJournal", "GlJournalError", "GlJournalMessage")
    return tag("GlJournal", [tag(name) for name in names])
