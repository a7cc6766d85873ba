"""Reads expressions as an accountant writes them in a spreadsheet.

Grammar, loosest first: comparison, ``&``, ``+ -``, ``* /``, minus, atom. An atom is a number, a text
in double quotes (a quote inside is doubled), ``TRUE``, ``FALSE``, ``BLANK``, a function call, a path,
or anything in brackets. Path segments with blanks or signs stand in square brackets:
``custom.[Delivery note]``. Nothing is ever evaluated as Python.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from engine.mapping.nodes import At, Binary, Call, Expr, Literal, Negative, Path, walk
from engine.mapping.refusals import Unreadable

MAX_TEXT = 4000
MAX_DEPTH = 40
MAX_NODES = 400
MAX_DIGITS = 28

NUMBER = "number"
TEXT = "text"
NAME = "name"
QUOTED = "quoted"
SIGN = "sign"
END = "end"

_TOKEN = re.compile(
    r"""(?P<blank>\s+)
      | (?P<number>\d+(?:\.\d+)?)
      | (?P<text>"(?:[^"]|"")*")
      | (?P<name>[^\W\d][\w#$@]*)
      | (?P<quoted>\[[^\[\]\n]+\])
      | (?P<list>\[\])
      | (?P<sign><=|>=|<>|[-+*/&=<>(),.;])
    """,
    re.VERBOSE,
)
_COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
_WORDS: dict[str, bool | None] = {"TRUE": True, "FALSE": False, "BLANK": None}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text with its kind and position."""

    kind: str
    text: str
    at: At


def _position(text: str, offset: int) -> At:
    line = text.count("\n", 0, offset) + 1
    return line, offset - (text.rfind("\n", 0, offset) + 1) + 1


def tokens(text: str) -> list[Token]:
    """Cut the text into tokens.

    Raises:
        Unreadable: a sign that has no meaning, or a text that is not closed.
    """
    found: list[Token] = []
    offset = 0
    while offset < len(text):
        match = _TOKEN.match(text, offset)
        at = _position(text, offset)
        if match is None:
            if text[offset] == '"':
                raise Unreadable("The text is not closed.", 'Add a closing ".', *at)
            raise Unreadable(
                f"The sign {text[offset]!r} has no meaning here.",
                "Remove it, or put the text in double quotes or the name in square brackets.",
                *at,
            )
        kind = match.lastgroup or END
        if kind not in ("blank", "list"):
            found.append(Token(kind, match.group(), at))
        offset = match.end()
    found.append(Token(END, "", _position(text, len(text))))
    return found


class _Reader:
    """Recursive descent over the tokens, with a bound on depth."""

    def __init__(self, found: list[Token]) -> None:
        self.tokens = found
        self.index = 0
        self.depth = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    def take(self) -> Token:
        token = self.token
        self.index += 1
        return token

    def skip(self, sign: str, why: str) -> None:
        if self.token.text != sign or self.token.kind != SIGN:
            seen = f"“{self.token.text}”" if self.token.text else "the end"
            raise Unreadable(
                f"“{sign}” is expected {why}, not {seen}.", f"Add “{sign}”.", *self.token.at
            )
        self.index += 1

    def comparison(self) -> Expr:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Unreadable(
                f"Nested deeper than {MAX_DEPTH} levels.",
                "Use SWITCH or a lookup table instead.",
                *self.token.at,
            )
        left = self.chain(0)
        if self.token.kind == SIGN and self.token.text in _COMPARISONS:
            sign = self.take()
            left = Binary(sign.text, left, self.chain(0), sign.at)
            if self.token.kind == SIGN and self.token.text in _COMPARISONS:
                raise Unreadable(
                    "Two comparisons follow each other.",
                    "Write AND(a < b, b < c).",
                    *self.token.at,
                )
        self.depth -= 1
        return left

    def chain(self, level: int) -> Expr:
        signs = (("&",), ("+", "-"), ("*", "/"))[level]
        deeper = self.unary if level == 2 else lambda: self.chain(level + 1)
        left = deeper()
        while self.token.kind == SIGN and self.token.text in signs:
            sign = self.take()
            left = Binary(sign.text, left, deeper(), sign.at)
        return left

    def unary(self) -> Expr:
        minus: list[At] = []
        while self.token.kind == SIGN and self.token.text in ("-", "+"):
            sign = self.take()
            if sign.text == "-":
                minus.append(sign.at)
        if len(minus) > MAX_DEPTH:
            raise Unreadable("Too many signs.", "Remove some.", *minus[0])
        value = self.atom()
        for at in reversed(minus):
            plain = isinstance(value, Literal) and isinstance(value.value, Decimal)
            if plain and isinstance(value, Literal) and isinstance(value.value, Decimal):
                value = Literal(-value.value, at)
            else:
                value = Negative(value, at)
        return value

    def atom(self) -> Expr:
        token = self.take()
        match token.kind:
            case "number":
                return self.number(token)
            case "text":
                return Literal(token.text[1:-1].replace('""', '"'), token.at)
            case "name" | "quoted":
                return self.named(token)
            case "sign" if token.text == "(":
                inner = self.comparison()
                self.skip(")", "to close the bracket")
                return inner
        seen = f"“{token.text}”" if token.text else "the end"
        raise Unreadable(
            f"A value is expected here, not {seen}.",
            "Write a field, a number, a text or a function.",
            *token.at,
        )

    def number(self, token: Token) -> Literal:
        if len(token.text) > MAX_DIGITS:
            raise Unreadable("The number has too many digits.", "Use at most 28.", *token.at)
        return Literal(Decimal(token.text), token.at)

    def named(self, token: Token) -> Expr:
        if token.kind == NAME and self.token.kind == SIGN and self.token.text == "(":
            return self.call(token)
        after_dot = self.token.kind == SIGN and self.token.text == "."
        word = token.text.upper()
        if token.kind == NAME and word in _WORDS and not after_dot:
            return Literal(_WORDS[word], token.at)
        names = [_segment(token)]
        while self.token.kind == SIGN and self.token.text == ".":
            self.take()
            part = self.take()
            if part.kind not in (NAME, QUOTED):
                raise Unreadable(
                    "A field name is expected after the dot.", "Finish the path.", *part.at
                )
            names.append(_segment(part))
        return Path(tuple(names), token.at)

    def call(self, token: Token) -> Call:
        self.take()
        args: list[Expr] = []
        while not (self.token.kind == SIGN and self.token.text == ")"):
            if args:
                if self.token.kind == SIGN and self.token.text == ";":
                    self.take()
                else:
                    self.skip(",", f"between the arguments of {token.text.upper()}")
            args.append(self.comparison())
        self.take()
        return Call(token.text.upper(), tuple(args), token.at)


def _segment(token: Token) -> str:
    return token.text[1:-1] if token.kind == QUOTED else token.text


def parse_expression(text: str) -> Expr:
    """Read one expression.

    Raises:
        Unreadable: with line, column, sentence and fix.
    """
    if len(text) > MAX_TEXT:
        raise Unreadable(f"Longer than {MAX_TEXT} characters.", "Split it into several rows.", 1, 1)
    reader = _Reader(tokens(text))
    expr = reader.comparison()
    if reader.token.kind != END:
        raise Unreadable(
            f"“{reader.token.text}” is left over.",
            "Join the parts with an operator such as & or +, or remove it.",
            *reader.token.at,
        )
    if sum(1 for _ in walk(expr)) > MAX_NODES:
        raise Unreadable(f"More than {MAX_NODES} parts.", "Split it into several rows.", 1, 1)
    return expr
