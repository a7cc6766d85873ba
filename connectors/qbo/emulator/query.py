"""The service's query language: parse one statement, filter and order plain documents.

Grammar as documented: one entity, conditions joined by AND, ``=  <  >  <=  >=  IN  LIKE`` (and, as a
2025 sandbox test found, ``!=``), ``ORDERBY``, ``STARTPOSITION``, ``MAXRESULTS``, ``COUNT(*)``.
Keywords, names and text comparison ignore case.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.qbo.catalogue import EntityFacts, Fact, by_resource
from connectors.qbo.emulator.refusals import query_invalid, query_syntax, unsupported_object

DEFAULT_ROWS = 100
MOST_ROWS = 1000
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<op><=|>=|!=|=|<|>)|(?P<punct>[(),*])"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_.]*)|(?P<number>-?\d+(?:\.\d+)?))",
    re.DOTALL,
)
_REFUSED = frozenset(
    {
        ("PurchaseOrder", "CustomerRef"),
        ("Bill", "CustomerRef"),
        ("Purchase", "EntityRef"),
        ("Deposit", "TotalAmt"),
    }
)


@dataclass(frozen=True, slots=True)
class Condition:
    """``path op values``; ``values`` has one member except for ``IN``."""

    path: str
    op: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """A parsed statement; ``columns`` is empty for ``*``."""

    entity: str
    columns: tuple[str, ...]
    count: bool
    where: tuple[Condition, ...]
    order: tuple[tuple[str, bool], ...]
    start: int
    rows: int


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def _scan(text: str) -> list[_Token]:
    tokens, at = [], 0
    text = text.strip().rstrip(";").rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise query_syntax(
                f'Lexical error at line 1, column {at + 1}.  Encountered: "{text[at]}"'
            )
        tokens.append(_Token(match.lastgroup, match.group(match.lastgroup), match.start() + 1))
        at = match.end()
    return tokens


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _scan(text)
        self._at = 0

    def peek(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def next(self) -> _Token:
        token = self.peek()
        if token is None:
            raise query_syntax('Encountered "<EOF>" at the end of the statement.')
        self._at += 1
        return token

    def fail(self, token: _Token) -> Exception:
        kind = "<IDENTIFIER>" if token.kind == "word" else token.text
        return query_syntax(f'Encountered " {kind} "{token.text} "" at line 1, column {token.at}.')

    def word(self, *wanted: str) -> bool:
        """Consume these words if they come next."""
        ahead = self._tokens[self._at : self._at + len(wanted)]
        if [t.text.upper() for t in ahead if t.kind == "word"] != list(wanted):
            return False
        self._at += len(wanted)
        return True

    def expect(self, kind: str, text: str = "") -> _Token:
        token = self.next()
        if token.kind != kind or (text and token.text.upper() != text):
            raise self.fail(token)
        return token

    def statement(self) -> Statement:
        self.expect("word", "SELECT")
        columns, count = self._columns()
        self.expect("word", "FROM")
        entity = self.expect("word").text
        where = tuple(self._conditions()) if self.word("WHERE") else ()
        order: tuple[tuple[str, bool], ...] = ()
        if self.word("ORDERBY") or self.word("ORDER", "BY"):
            order = tuple(self._orders())
        start = self._count_after("STARTPOSITION", 1)
        rows = self._count_after("MAXRESULTS", DEFAULT_ROWS)
        left = self.peek()
        if left is not None:
            raise self.fail(left)
        if rows > MOST_ROWS:
            raise query_invalid(f"value {rows} is too large. The max allowed value is {MOST_ROWS}.")
        return Statement(entity, columns, count, where, order, max(start, 1), rows)

    def _count_after(self, word: str, otherwise: int) -> int:
        if not self.word(word):
            return otherwise
        return int(Decimal(self.expect("number").text))

    def _columns(self) -> tuple[tuple[str, ...], bool]:
        names: list[str] = []
        everything = False
        while True:
            token = self.next()
            if token.text == "*":
                everything = True
            elif token.kind == "word" and token.text.upper() == "COUNT":
                for piece in "(*)":
                    self.expect("punct", piece)
                return (), True
            elif token.kind == "word":
                names.append(token.text)
            else:
                raise self.fail(token)
            ahead = self.peek()
            if ahead is None or ahead.text != ",":
                return (() if everything else tuple(names)), False
            self.next()

    def _orders(self) -> Iterable[tuple[str, bool]]:
        while True:
            name = self.expect("word").text
            descending = self.word("DESC")
            if not descending:
                self.word("ASC")
            yield name, descending
            ahead = self.peek()
            if ahead is None or ahead.text != ",":
                return
            self.next()

    def _conditions(self) -> Iterable[Condition]:
        while True:
            yield self._condition()
            if not self.word("AND"):
                return

    def _condition(self) -> Condition:
        path = self.expect("word").text
        token = self.next()
        if token.kind == "op":
            return Condition(path, token.text, (self._literal(),))
        if token.text.upper() == "LIKE":
            return Condition(path, "LIKE", (self._literal(),))
        if token.text.upper() == "IN":
            self.expect("punct", "(")
            values = [self._literal()]
            while self.next().text == ",":
                values.append(self._literal())
            return Condition(path, "IN", tuple(values))
        raise self.fail(token)

    def _literal(self) -> str:
        token = self.next()
        if token.kind == "text":
            return re.sub(r"\\(.)", r"\1", token.text[1:-1], flags=re.DOTALL)
        if token.kind == "number" or token.text.lower() in ("true", "false", "current_date"):
            return token.text
        raise self.fail(token)


def parse(text: str, today: str = "") -> Statement:
    """Parse a statement and check its names against the catalogue.

    Args:
        text: the statement.
        today: what ``CURRENT_DATE`` stands for.

    Raises:
        RefusedError: 4000 (syntax), 4001 (a property that cannot be queried), 2000 (entity).
    """
    raw = _Parser(text).statement()
    facts = by_resource().get(raw.entity.lower())
    if facts is None or not facts.can("Q"):
        raise unsupported_object(raw.entity)
    return Statement(
        entity=facts.name,
        columns=tuple(_named(facts, c).path for c in raw.columns if c.lower() != "sku"),
        count=raw.count,
        where=tuple(_checked(facts, c, today) for c in raw.where),
        order=tuple((_named(facts, name).path, down) for name, down in raw.order),
        start=raw.start,
        rows=raw.rows,
    )


def _checked(facts: EntityFacts, one: Condition, today: str) -> Condition:
    path = _filterable(facts, one.path)
    if path == "Id" and one.op not in ("=", "IN"):
        raise query_invalid("property 'Id' supports only = and IN")
    values = tuple(today if v.upper() == "CURRENT_DATE" and today else v for v in one.values)
    return Condition(path, one.op, values)


def _named(facts: EntityFacts, name: str) -> Fact:
    for fact in facts.fields:
        if fact.path.replace("[]", "").lower() == name.lower():
            return fact
    raise query_invalid(f"Property {name} not found for Entity {facts.name}")


_LINK = "AttachableRef."
_LINKS = {
    f"{_LINK}EntityRef.{part}".lower(): f"{_LINK}EntityRef.{part}" for part in ("type", "value")
}


def _filterable(facts: EntityFacts, name: str) -> str:
    if name.lower() in _LINKS and facts.name == "Attachable":
        return _LINKS[name.lower()]
    fact = _named(facts, name)
    plain = "." not in fact.path or fact.path.startswith("MetaData.")
    if "f" in fact.flags or (facts.name, fact.path) in _REFUSED:
        raise query_invalid(f"property '{name}' is not queryable")
    # Lenient mode of the reference: flags are incomplete, so plain header values pass.
    if "F" not in fact.flags and (fact.type in "oaA" or not plain):
        raise query_invalid(f"property '{name}' is not queryable")
    return fact.path


def instant(text: str) -> datetime | None:
    """A time, a date, or None; without an offset it is read as Pacific standard time."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone(timedelta(hours=-8)))


def value_at(doc: dict[str, Any], path: str) -> Any:
    """The value at a dotted path; a reference counts by its id."""
    value: Any = doc
    for step in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value.get("value") if isinstance(value, dict) and "value" in value else value


def _key(value: Any) -> tuple[int, Any]:
    if isinstance(value, bool):
        return 1, Decimal(value)
    if isinstance(value, int | Decimal):
        return 1, Decimal(value)
    text = str(value)
    if text.isdigit():
        return 1, Decimal(text)
    if len(text) > 10 and (moment := instant(text)) is not None:
        return 2, moment.astimezone(UTC).timestamp()
    return 3, text.casefold()


def _compare(have: Any, wanted: str) -> int | None:
    """-1, 0, 1, or None when the two cannot be compared."""
    if have is None:
        return None
    if isinstance(have, bool):
        return 0 if str(have).lower() == wanted.lower() else 1
    if isinstance(have, int | Decimal):
        try:
            number = Decimal(wanted)
        except InvalidOperation:
            return None
        return (have > number) - (have < number)
    text = str(have)
    moments = (instant(text), instant(wanted)) if "T" in text else (None, None)
    if moments[0] is not None and moments[1] is not None:
        return (moments[0] > moments[1]) - (moments[0] < moments[1])
    one, two = text.casefold(), wanted.casefold()
    return (one > two) - (one < two)


_TESTS: dict[str, Callable[[int], bool]] = {
    "=": lambda c: c == 0,
    "!=": lambda c: c != 0,
    "<": lambda c: c < 0,
    ">": lambda c: c > 0,
    "<=": lambda c: c <= 0,
    ">=": lambda c: c >= 0,
}


def fits(doc: dict[str, Any], condition: Condition) -> bool:
    """Whether the document meets the condition."""
    have = value_at(doc, condition.path)
    if condition.op == "IN":
        return any(_compare(have, v) == 0 for v in condition.values)
    wanted = condition.values[0]
    if condition.op == "LIKE":
        pattern = ".*".join(re.escape(part) for part in wanted.split("%"))
        return have is not None and bool(
            re.fullmatch(pattern, str(have), re.IGNORECASE | re.DOTALL)
        )
    if wanted.strip() == "" and condition.op == "=":
        return have in (None, "")
    compared = _compare(have, wanted)
    if compared is None:
        return condition.op == "!="
    return _TESTS[condition.op](compared)


def _fits(doc: dict[str, Any], where: Iterable[Condition]) -> bool:
    """Whether the document meets all conditions; those about a link are met by one and the same link."""
    plain: list[Condition] = []
    linked: list[Condition] = []
    for condition in where:
        (linked if condition.path.startswith(_LINK) else plain).append(condition)
    if not all(fits(doc, c) for c in plain):
        return False
    links = [{_LINK.rstrip("."): link} for link in doc.get(_LINK.rstrip("."), ())]
    return not linked or any(all(fits(one, c) for c in linked) for one in links)


def run(statement: Statement, docs: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Documents that fit, ordered, not yet cut to the page; inactive ones hidden unless asked for."""
    found = [d for d in docs if _fits(d, statement.where)]
    if not any(c.path == "Active" for c in statement.where):
        found = [d for d in found if d.get("Active", True)]
    order = statement.order or (("Id", False),)
    for path, descending in reversed(order):
        found.sort(
            key=lambda d, path=path: _order_key(d, path),  # type: ignore[misc]
            reverse=descending,
        )
    return found


def _order_key(doc: dict[str, Any], path: str) -> tuple[int, Any]:
    value = value_at(doc, path)
    return (0, 0) if value is None else _key(value)


def project(doc: dict[str, Any], columns: tuple[str, ...]) -> dict[str, Any]:
    """Only the asked columns, marked sparse."""
    if not columns:
        return doc
    kept = {c: doc[c] for c in columns if c in doc}
    return {**kept, "sparse": True}
