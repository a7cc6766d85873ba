"""Properties: reading back what was written, and the compiled way equal to the careful way."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from engine.mapping import (
    ActionRow,
    Block,
    Catalog,
    CompiledMapping,
    Confirm,
    Context,
    Mapping,
    Row,
    Side,
    UnitRow,
    content_hash,
    dump,
    from_yaml,
    parse,
    parse_expression,
    read,
    to_yaml,
    write_expression,
)
from engine.mapping.careful import run_careful
from engine.mapping.codegen.function import GiveUp, generate
from engine.mapping.evaluate import FAULTS
from engine.mapping.nodes import Binary, Call, Expr, Literal, Negative, Path
from engine.mapping.passes.bind_paths import bind_paths
from engine.mapping.passes.check_calls import check_calls
from engine.mapping.passes.draft import Draft
from engine.mapping.passes.fold_constants import fold_constants
from engine.mapping.plan import plan
from engine.mapping.schemas import tree
from engine.mapping.types import Known
from engine.schema.model import SystemSchema

World = tuple[SystemSchema, SystemSchema, Catalog]
QUIET = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

NAMES = st.text("abcXYZ_", min_size=1, max_size=6) | st.sampled_from(
    ["De x", "if", "TRUE", "a+b", "9"]
)
LITERALS = st.builds(
    Literal,
    st.text(max_size=8)
    | st.integers(-999, 999).map(lambda n: Decimal(n) / 100)
    | st.booleans()
    | st.none(),
)
PATHS = st.builds(lambda names: Path(tuple(names)), st.lists(NAMES, min_size=1, max_size=3))


def _grow(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    signs = st.sampled_from(["+", "-", "*", "/", "&", "=", "<>", "<", "<=", ">", ">="])
    names = st.sampled_from(["IF", "SUM", "LOOKUP", "MID", "AND"])
    return (
        st.builds(Binary, signs, inner, inner)
        | st.builds(lambda n, a: Call(n, tuple(a)), names, st.lists(inner, max_size=4))
        | st.builds(Negative, PATHS)
    )


ANY_EXPRESSION: st.SearchStrategy[Expr] = st.recursive(LITERALS | PATHS, _grow, max_leaves=12)


@QUIET
@given(ANY_EXPRESSION)
def test_an_expression_that_is_written_reads_back_as_the_same_tree(expr: Expr) -> None:
    text = write_expression(expr)

    assert parse_expression(text) == expr
    assert write_expression(parse_expression(text)) == text


WORDS = st.text(max_size=12).filter(lambda s: s == s.strip() and "\x00" not in s)
PRINTABLE = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=8)
ROWS = st.builds(
    Row,
    PRINTABLE,
    ANY_EXPRESSION,
    st.none() | ANY_EXPRESSION,
    st.sampled_from(Confirm),
    PRINTABLE | st.just(""),
)
BLOCKS: st.SearchStrategy[Block] = st.builds(
    Block,
    st.sampled_from(["Line", "Tax"]),
    st.none() | PATHS,
    st.sampled_from(["line", "part"]),
    st.none() | ANY_EXPRESSION,
    st.lists(ANY_EXPRESSION, max_size=2).map(tuple),
    st.lists(ROWS, max_size=2).map(tuple),
)
CONSTANTS = st.dictionaries(
    PRINTABLE, PRINTABLE | st.booleans() | st.integers(0, 99).map(Decimal), max_size=3
)
MAPPINGS = st.builds(
    Mapping,
    PRINTABLE,
    st.builds(Side, PRINTABLE, PRINTABLE),
    st.builds(Side, PRINTABLE, PRINTABLE),
    st.lists(ROWS, max_size=3).map(tuple),
    st.lists(BLOCKS, max_size=2).map(tuple),
    st.lists(st.builds(ActionRow, PRINTABLE, ANY_EXPRESSION), max_size=2).map(tuple),
    CONSTANTS.map(lambda d: tuple(sorted(d.items()))),
    st.none() | ANY_EXPRESSION,
)


@QUIET
@given(MAPPINGS)
def test_export_then_import_is_the_same_document_byte_for_byte(mapping: Mapping) -> None:
    text = to_yaml(mapping)
    again = from_yaml(text)

    assert again == mapping
    assert to_yaml(again) == text
    assert parse(dump(mapping)) == mapping
    assert content_hash(again) == content_hash(mapping)


@QUIET
@given(st.text(max_size=40))
def test_any_text_is_either_an_expression_or_refused_never_an_accident(text: str) -> None:
    document = {
        "mapping": "m",
        "source": {"system": "a", "entity": "b"},
        "target": {"system": "a", "entity": "b"},
        "rows": [{"to": "x", "from": text}],
    }

    mapping, refusals = read(document)

    assert bool(mapping.rows) is not bool(refusals)


# The compiled way against the careful way --------------------------------------------------------

NUMBERS = ["total", "rate", "1", "0", "2.5", "line.qty", "line.price", "line.net", "SUM(lines.net)",
           'LOOKUP("days", terms, 30)', "LEN(name)", "COUNT(lines)"]  # fmt: skip
TEXTS = ["number", "party", "note", "name", '"x"', '""', "line.item", "line.text", "status",
         'LOOKUP("terms", terms)', 'LOOKUP("item_account", line.item, "200")', 'LINK("customer", party)',
         'LINK("item", line.item)', 'JOIN(lines.item, "+")', "billing.city"]  # fmt: skip
FLAGS = ["paid", 'status = "8"', "ISBLANK(note)", 'line.kind <> "6"', "TRUE"]
DATES = ["date", "line.day", "ADDDAYS(date, 30)", "ENDOFMONTH(date)"]


def _numbers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    signs = st.sampled_from(["+", "-", "*", "/"])
    return (
        st.builds(lambda a, s, b: f"({a} {s} {b})", inner, signs, inner)
        | inner.map(lambda a: f"ROUND({a}, 2)")
        | inner.map(lambda a: f"-({a})")
        | st.builds(lambda a, b: f"MAX({a}, {b})", inner, inner)
        | st.builds(lambda f, a, b: f"IF({f}, {a}, {b})", FLAG, inner, inner)
        | st.builds(lambda a, b: f"COALESCE({a}, {b})", inner, inner)
    )


def _texts(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return (
        st.builds(lambda a, b: f"({a} & {b})", inner, inner)
        | inner.map(lambda a: f"TRIM(UPPER({a}))")
        | inner.map(lambda a: f"LEFT({a}, 3)")
        | st.builds(lambda f, a, b: f"IF({f}, {a}, {b})", FLAG, inner, inner)
        | st.builds(lambda a, b: f'SWITCH({a}, "x", {b}, "8", "eight", {a})', inner, inner)
        | st.builds(lambda a, b: f"COALESCE({a}, {b})", inner, inner)
    )


_SIMPLE = st.sampled_from(FLAGS)
FLAG: st.SearchStrategy[str] = st.recursive(
    _SIMPLE,
    lambda i: (
        st.builds(lambda a, b: f"AND({a}, NOT({b}))", i, i)
        | st.builds(lambda a, b: f"OR({a}, {b})", i, i)
    ),
    max_leaves=3,
)
NUMBER = st.recursive(st.sampled_from(NUMBERS), _numbers, max_leaves=4)
TEXT = st.recursive(st.sampled_from(TEXTS), _texts, max_leaves=4)
COMPARED = st.builds(
    lambda a, s, b: f"{a} {s} {b}",
    NUMBER,
    st.sampled_from(["<", "<=", "=", "<>", ">", ">="]),
    NUMBER,
)

_MONEY = st.integers(-5000, 5000).map(lambda n: Decimal(n) / 100)
_ODD = st.sampled_from([None, "", "abc", "12.5", " ", 7, True])
_TEXT = st.sampled_from(["A", "B", "x", "8", "", "longer text with words", "30"])
_MOSTLY = lambda plain: st.one_of(plain, plain, plain, plain, _ODD)  # noqa: E731
LINE = st.fixed_dictionaries(
    {},
    optional={
        "no": _MOSTLY(st.integers(1, 99)), "kind": _MOSTLY(st.sampled_from(["1", "6"])),
        "item": _MOSTLY(_TEXT), "text": _MOSTLY(_TEXT), "qty": _MOSTLY(_MONEY), "price": _MOSTLY(_MONEY),
        "net": _MOSTLY(_MONEY), "day": _MOSTLY(st.sampled_from(["2026-01-31", "2026-02-30", ""])),
    },
)  # fmt: skip
RECORD = st.fixed_dictionaries(
    {},
    optional={
        "number": _MOSTLY(_TEXT), "party": _MOSTLY(_TEXT), "name": _MOSTLY(_TEXT), "note": _MOSTLY(_TEXT),
        "date": _MOSTLY(st.sampled_from(["2026-11-21", "2024-02-29"])), "status": _MOSTLY(_TEXT),
        "terms": _MOSTLY(_TEXT), "paid": _MOSTLY(st.booleans()), "total": _MOSTLY(_MONEY),
        "rate": _MOSTLY(_MONEY), "billing": st.sampled_from([None, {}, {"city": "Kelso"}, "x"]),
        "lines": st.lists(LINE, max_size=4) | st.none() | LINE,
    },
)  # fmt: skip
CONTEXT = Context(
    lookups={
        "terms": {"30": "Net 30"},
        "days": {"30": Decimal(30), "A": 5},
        "item_account": {"A": "410", "B": 7},
    },
    links={"customer": {"A": "58"}, "item": {"A": "1", "x": "2"}},
    units={"A": {"B": UnitRow(Decimal(12))}},
    today="2026-11-21",
)


def _outer(text: str) -> bool:
    return "line." not in text


@st.composite
def documents(draw: Any) -> dict[str, Any]:
    def rows(inside: bool, *targets: tuple[str, Any]) -> list[dict[str, Any]]:
        made = []
        for target, strategy in targets:
            value = draw(strategy)
            if not inside and not _outer(value):
                continue
            one = {"to": target, "from": value, "confirm": "lossy"}
            when = draw(st.none() | FLAG | COMPARED)
            made.append(one | ({"when": when} if when and (inside or _outer(when)) else {}))
        return made

    top = rows(
        False, ("DocNumber", TEXT), ("Total", NUMBER), ("Cents", NUMBER), ("Count", NUMBER), ("Paid", FLAG),
        ("TxnDate", st.sampled_from(DATES)), ("Addr.City", TEXT), ("Addr.Zip", TEXT), ("CustomerRef.value", TEXT),
    )  # fmt: skip
    inner = rows(
        True, ("Amount", NUMBER), ("Item", TEXT), ("Qty", NUMBER), ("No", NUMBER), ("Text", TEXT),
        ("Day", st.sampled_from(DATES)), ("Ref.value", TEXT),
    )  # fmt: skip
    block: dict[str, Any] = {"to": "Line", "each": "lines", "rows": inner}
    if draw(st.booleans()):
        block["where"] = draw(FLAG | COMPARED)
    if draw(st.booleans()):
        block["group"] = draw(
            st.lists(st.sampled_from(["line.item", "line.kind", "party"]), min_size=1, max_size=2)
        )
        block["rows"] = [*inner[1:], {"to": "Amount", "from": "SUM(group.net)"}]
    return {
        "mapping": "m",
        "source": {"system": "erp", "entity": "order"},
        "target": {"system": "books", "entity": "Loose"},
        "rows": top,
        "blocks": [block],
        "actions": [{"do": "void", "when": draw(FLAG.filter(_outer))}],
    }


def built(world: World, document: dict[str, Any]) -> CompiledMapping | None:
    """Compiled although branches may be unreachable or values ill-fitting: both ways must cope."""
    source, target, catalog = world
    entities = source.entity("order"), target.entity("Loose")
    assert entities[0]
    assert entities[1]
    mapping = parse(document)
    draft = bind_paths(
        Draft(mapping, tree(source, entities[0]), tree(target, entities[1]), catalog)
    )
    if check_calls(draft).refusals:
        return None
    draft = fold_constants(draft)
    ready = plan(draft.mapping, draft.target)
    return CompiledMapping(mapping, "", ready, generate(ready, Known(catalog, {})))


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(documents(), st.lists(RECORD, min_size=1, max_size=6))
def test_the_compiled_way_gives_what_the_careful_way_gives(
    world: World, document: dict[str, Any], records: list[dict[str, Any]]
) -> None:
    compiled = built(world, document)
    assume(compiled is not None)
    assert compiled is not None
    for record in records:
        careful = run_careful(compiled.plan, record, CONTEXT, trace=True)
        try:
            made, actions = compiled.fast(record, CONTEXT)
        except (GiveUp, *FAULTS):
            assert compiled.apply(record, CONTEXT) == careful._replace(trace=None)
            continue
        assert careful.issues == ()
        assert made == careful.record
        assert actions == careful.actions


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(documents(), RECORD)
def test_the_same_record_gives_the_same_result_every_time(
    world: World, document: dict[str, Any], record: dict[str, Any]
) -> None:
    first, second = built(world, document), built(world, document)
    assume(first is not None and second is not None)
    assert first is not None
    assert second is not None

    assert repr(first.apply(record, CONTEXT)) == repr(second.apply(record, CONTEXT))
