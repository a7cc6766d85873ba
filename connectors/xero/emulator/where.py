"""The ``where`` and ``order`` language of the Accounting API (xero.md section 8)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from connectors.xero.emulator.errors import BadQueryError

Look = Callable[[str], Any]
Test = Callable[[Look], bool]
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>"(?:[^"\\]|\\.)*")
    | (?P<number>-?\d+(?:\.\d+)?[mMdD]?)
    | (?P<op>==|!=|>=|<=|&&|\|\||=|>|<|\(|\)|,|!)
    | (?P<name>\.?[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)
    )""",
    re.VERBOSE,
)
_METHODS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda a, b: b in a,
    "startswith": lambda a, b: a.startswith(b),
    "endswith": lambda a, b: a.endswith(b),
}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}
_DEEPEST = 40


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise BadQueryError(f"Syntax error at position {at}")
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


def _unquote(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)


def _comparable(value: Any, other: Any) -> Any:
    """A stored value in the form that ``other`` (a literal) can be compared with."""
    if isinstance(other, datetime) and isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return None
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    if isinstance(value, str):
        return value.casefold()
    return value


def _same(value: Any, other: Any) -> bool:
    if isinstance(other, str):
        other = other.casefold()
    return bool(_comparable(value, other) == other)


def _compare(op: str, value: Any, other: Any) -> bool:
    if op in {"==", "="}:
        return _same(value, other)
    if op == "!=":
        return not _same(value, other)
    value = _comparable(value, other)
    if value is None or other is None:
        return False
    if isinstance(other, str):
        other = other.casefold()
    try:
        return _COMPARE[op](value, other)
    except TypeError as error:
        raise BadQueryError(f"Operator '{op}' incompatible with operand types") from error


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0

    def parse(self) -> Test:
        test = self._or()
        if self._at != len(self._tokens):
            raise BadQueryError(f"Syntax error near '{self._tokens[self._at][1]}'")
        return test

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        self._at += 1
        return token

    def _expect(self, text: str) -> None:
        if self._next()[1] != text:
            raise BadQueryError(f"'{text}' expected")

    def _joined(self, words: set[str], inner: Callable[[], Test]) -> list[Test]:
        tests = [inner()]
        while self._peek()[1].upper() in words and self._peek()[0] in {"op", "name"}:
            self._next()
            tests.append(inner())
        return tests

    def _or(self) -> Test:
        tests = self._joined({"OR", "||"}, self._and)
        return tests[0] if len(tests) == 1 else lambda look: any(t(look) for t in tests)

    def _and(self) -> Test:
        tests = self._joined({"AND", "&&"}, self._term)
        return tests[0] if len(tests) == 1 else lambda look: all(t(look) for t in tests)

    def _term(self) -> Test:
        kind, text = self._next()
        if text == "(":
            self._depth += 1
            if self._depth > _DEEPEST:
                raise BadQueryError("Expression nested too deeply")
            test = self._or()
            self._expect(")")
            return test
        if text == "!":
            inner = self._term()
            return lambda look: not inner(look)
        if kind != "name":
            raise BadQueryError("Expression expected")
        return self._about(text)

    def _about(self, path: str) -> Test:
        path, fold = self._folded(path)
        head, _, method = path.rpartition(".")
        if self._peek()[1] == "(" and method.lower() in _METHODS:
            return self._method(head, method.lower(), fold=fold)
        op = self._peek()[1]
        if op in {"==", "=", "!=", ">", ">=", "<", "<="}:
            self._next()
            value = self._value()
            return lambda look: _compare(op, look(path), value)
        return lambda look: look(path) is True

    def _folded(self, path: str) -> tuple[str, bool]:
        """Swallow ``.ToLower()`` and ``.ToUpper()``: text is compared without case anyway."""
        fold = False
        while path.rpartition(".")[2].lower() in {"tolower", "toupper"}:
            path, fold = path.rpartition(".")[0], True
            self._expect("(")
            self._expect(")")
            kind, text = self._peek()
            if kind == "name" and text.startswith("."):
                self._next()
                path += text
        return path, fold

    def _method(self, path: str, method: str, *, fold: bool) -> Test:
        self._expect("(")
        value = self._value()
        self._expect(")")
        if not isinstance(value, str):
            raise BadQueryError(f"No applicable method '{method}'")
        wanted = True
        if self._peek()[1] in {"==", "=", "!="}:
            negative = self._next()[1] == "!="
            wanted = (self._value() is True) != negative

        def test(look: Look) -> bool:
            held = look(path)
            if held is None:
                raise BadQueryError(f"Object reference not set: {path} is null")
            return _METHODS[method](str(held).casefold(), value.casefold()) is wanted

        return test

    def _value(self) -> Any:
        kind, text = self._next()
        if kind == "text":
            return _unquote(text)
        if kind == "number":
            return Decimal(text.rstrip("mMdD"))
        words = {"true": True, "false": False, "null": None}
        if kind == "name" and text.lower() in words:
            return words[text.lower()]
        if kind == "name" and text.lower() in {"guid", "datetime", "datetime.parse"}:
            return self._made(text.lower())
        raise BadQueryError(f"No property or field '{text}' exists")

    def _made(self, kind: str) -> Any:
        self._expect("(")
        parts = [self._value()]
        while self._peek()[1] == ",":
            self._next()
            parts.append(self._value())
        self._expect(")")
        try:
            if kind == "guid":
                return str(parts[0])
            if kind == "datetime.parse":
                moment = datetime.fromisoformat(str(parts[0]))
                return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
            year, month, day, hour, minute, second = (*(int(p) for p in parts), 0, 0, 0)[:6]
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        except (ValueError, TypeError) as error:
            raise BadQueryError(f"Invalid value for {kind}") from error


def parse_where(text: str) -> Test:
    """A test of one record from a ``where`` expression.

    Raises:
        BadQueryError: the expression is malformed; also raised by the test when a null field is
            under a method, as the vendor does.
    """
    try:
        return _Parser(text).parse()
    except RecursionError as error:
        raise BadQueryError("Expression nested too deeply") from error


def parse_order(text: str) -> list[tuple[str, bool]]:
    """``Field [ASC|DESC]`` pairs; the flag says descending."""
    made = []
    for part in text.split(","):
        words = part.split()
        if not words or len(words) > 2 or not re.fullmatch(r"[A-Za-z_][\w.]*", words[0]):
            raise BadQueryError(f"Cannot order by '{part.strip()}'")
        direction = words[1].upper() if len(words) == 2 else "ASC"
        if direction not in {"ASC", "DESC", "ASCENDING", "DESCENDING"}:
            raise BadQueryError(f"Cannot order by '{part.strip()}'")
        made.append((words[0], direction.startswith("DESC")))
    return made


def sort_key(value: Any) -> tuple[int, Any]:
    """Values of one field in an order that never mixes types; nothing sorts first."""
    if value is None:
        return (0, 0)
    if isinstance(value, bool | int | Decimal):
        return (1, value)
    if isinstance(value, date):
        return (2, value.isoformat())
    return (3, str(value).casefold())
