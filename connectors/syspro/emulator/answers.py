"""How SYSPRO's answers look: declaration, root attributes, padded numbers, error wrappers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from xml.sax.saxutils import escape

from connectors.syspro.facts import Column
from engine.schema.model import FieldType

DECLARATION = '<?xml version="1.0" encoding="Windows-1252"?>\n'
_ATTRIBUTES = (
    "Language='05' Language2='EN' CssStyle='' DecFormat='1' DateFormat='01' Role='01' "
    "Version='8.0.161' OperatorPrimaryRole='   '"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """XML that is already written."""

    text: str


Content = str | int | Decimal | Piece | Iterable[Piece]


class BusinessError(Exception):
    """A refused element: it is answered in place, wrapped with number and description.

    Args:
        element: tag of the element in error.
        value: what was sent.
        number: SYSPRO's message number (9900xx: invented where no public number exists).
        words: the message.
    """

    def __init__(self, element: str, value: str, number: int, words: str) -> None:
        super().__init__(words)
        self.element = element
        self.value = value
        self.number = number
        self.words = words

    def wrapped(self, *, lower: bool = False) -> Piece:
        """``<StockCode><Value/><ErrorNumber/><ErrorDescription/></StockCode>``."""
        inner = (
            tag("Value", self.value),
            tag("ErrorNumber", f"{self.number:06d}"),
            tag("ErrorDescription", self.words),
        )
        return tag(self.element.lower() if lower else self.element, inner)


class EnetError(Exception):
    """An answer that is plain text, e.g. ``ERROR: …`` or an e.net exception."""


def not_licensed(bo: str) -> EnetError:
    """The business object does not exist or is not licensed (reference 1.2)."""
    return EnetError(f"e.net exception raised: 100000 (business object {bo})")


def tag(name: str, content: Content = "") -> Piece:
    """One element."""
    if isinstance(content, Piece):
        inner = content.text
    elif isinstance(content, str):
        inner = escape(content)
    elif isinstance(content, int | Decimal):
        inner = format(content, "f") if isinstance(content, Decimal) else str(content)
    else:
        inner = "".join(piece.text for piece in content)
    return Piece(f"<{name}>{inner}</{name}>" if inner else f"<{name}/>")


def document(root: str, content: Iterable[Piece], namespaces: str = "") -> str:
    """A whole answer: declaration, root with its attributes, trailing newline and blank."""
    inner = "".join(piece.text for piece in content)
    return f"{DECLARATION}<{root} {_ATTRIBUTES}{namespaces}>{inner}</{root}>\n "


def shown(column: Column, value: object) -> str:
    """A stored value as an answer shows it: numbers right-justified with blanks."""
    if column.type is FieldType.DECIMAL:
        scale = column.scale if column.scale is not None else 2
        return f"{Decimal(str(value or 0)):.{scale}f}".rjust(13)
    if column.type is FieldType.INTEGER:
        return str(value or 0).rjust(10)
    return str(value or "")


def counter(value: int, width: int = 6) -> str:
    """A zero-padded counter."""
    return f"{value:0{width}d}"
