"""How the value is made: the expression proposed for a pair, as a small dict and as a formula.

``{"kind": ..., "source": [path, …], "formula": "…", "table": …, "says": "…"}``. Kinds: ``direct``,
``trim`` (must be cut to the target's length), ``date``, ``number``, ``text``, ``flag`` (yes/no to
true/false), ``values`` (one code list to another), ``lookup`` (a code translated by a table),
``link`` (the key of a synced record), ``split`` (part of a name), ``concatenation``, ``unit``. A ``doubt`` says why the
formula cannot run as it stands. The formula is in the mapping language (``engine.mapping``); paths with signs stand in square brackets.
"""

from __future__ import annotations

import re

from engine.propose.leaves import Leaf
from engine.propose.values import map_values
from engine.propose.words import canonical
from engine.schema.model import FieldType, JsonValue

_NAME = re.compile(r"[^\W\d][\w#$@]*")
_RECORDS = frozenset({"customer", "supplier", "item", "contact", "invoice"})
_DOCUMENTS = frozenset({"invoice"})
_NUMBERS = (FieldType.DECIMAL, FieldType.INTEGER)

# What a target is, in the vendors' words -> the table that yields its codes. The studio keeps these
# tables (``studio.mapping.values.TABLES``); a formula that names any other could never be published.
TABLES: dict[str, str] = {
    "taxcode": "tax_codes",
    "taxtype": "tax_codes",
    "term": "terms",
    "terms": "terms",
    "salesterm": "terms",
    "salesterms": "terms",
    "paymentterm": "terms",
    "paymentterms": "terms",
    "paymentmethod": "payment_methods",
    "account": "accounts",
    "bankaccount": "bank_accounts",
    "department": "branches",
    "branch": "branches",
    "location": "branches",
}
_CURRENCIES = frozenset({"currency", "companycurrency", "currencycode"})
# Where the words of a source name something else as well, its value is not the record's key.
_NO_KEYS = frozenset(
    ["account", "tax", "term", "currency", "class", "price", "amount", "quantity", "warehouse"]
)
_ALSO = {"customer": {"party"}, "supplier": {"party"}, "contact": {"party"}}


def written(path: str) -> str:
    """A path as the mapping language writes it: ``Lines[].Qty``, odd names in square brackets."""
    parts = []
    for part in path.split("."):
        name = part.removesuffix("[]")
        plain = name if _NAME.fullmatch(name) else f"[{name}]"
        parts.append(plain + ("[]" if part.endswith("[]") else ""))
    return ".".join(parts)


def _made(
    kind: str, source: Leaf, formula: str, says: str, **more: JsonValue
) -> dict[str, JsonValue]:
    paths: list[JsonValue] = [source.field.path]
    return {"kind": kind, "source": paths, "formula": formula, "says": says, **more}


def _is_flag(one: Leaf) -> bool:
    codes = {c.strip().upper() for c, _ in one.field.enum}
    return one.field.type is FieldType.BOOLEAN or (bool(codes) and codes <= {"Y", "N", ""})


def _points_at(target: Leaf) -> str:
    """What the target names: the entity it refers to, or its own last words."""
    pointed = target.field.references.split(".", maxsplit=1)[0]
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", pointed).lower() or _own_name(target) or "values"


def _own_name(target: Leaf) -> str:
    words = [w for w in target.words if w not in ("code", "type", "id", "default", "reference")]
    return "_".join(words)


def _table(source: Leaf, target: Leaf, pointed: str) -> str:
    """The table that yields codes of what the target names; empty where there is none."""
    # What a system calls the list it points at may say nothing; the field's own words may.
    known = next(
        (TABLES[n] for p in (pointed, _own_name(target)) if (n := p.replace("_", "")) in TABLES), ""
    )
    words = {canonical(w) for w in (*target.words, *target.above)}
    if known == "tax_codes" and {canonical(w) for w in target.owner} & {"bill", "supplier"}:
        return "purchase_tax_codes"
    # Accounts of items hang on a class of products; a source that names an account needs no detour.
    if known == "accounts" and {"class", "category"} & {canonical(w) for w in source.words}:
        if words & {"income", "sale", "revenue"}:
            return "income_accounts"
        if words & {"expense", "cost", "purchase"}:
            return "expense_accounts"
    return known


def _record(target: Leaf, pointed: str) -> str:
    """The kind of synced record a reference is to; empty for any other list."""
    if target.field.references:
        kind = canonical(pointed)
        return kind if kind in _RECORDS else ""
    return next((canonical(w) for w in target.words if canonical(w) in _RECORDS), "")


def _is_key_of(source: Leaf, kind: str) -> bool:
    """Whether the source tells which record of the kind is meant, rather than something about it."""
    said = {canonical(w) for w in source.words}
    if said & _NO_KEYS:
        return False
    names = {kind} | _ALSO.get(kind, set())
    owned = source.field.key and bool(names & {canonical(w) for w in source.owner})
    if kind in _DOCUMENTS and source.field.key:
        # The number of a credit note is not the number of the invoice it credits, whatever its field is called.
        return owned
    return owned or bool(said & names)


def _is_reference(one: Leaf) -> bool:
    return one.wrapped or bool(one.field.references) or one.field.type is FieldType.REFERENCE


def _from_flag(source: Leaf, path: str, target: Leaf) -> dict[str, JsonValue] | None:
    if not _is_flag(source) or not (_is_flag(target) or target.field.enum):
        return None
    codes = [c for c, _ in source.field.enum if c.strip()]
    if target.field.type is FieldType.BOOLEAN:
        if not codes:
            return _made("direct", source, path, "yes or no as it is")
        return _made("flag", source, f'{path} = "Y"', "Y is true, anything else false")
    return None


def _from_codes(source: Leaf, path: str, target: Leaf) -> dict[str, JsonValue] | None:
    """Code list to code list; a lookup table where the meanings do not decide."""
    if source.field.enum and target.field.enum:
        pairs = map_values(source.field.enum, target.field.enum)
        cases = "".join(f', "{m.source}", "{m.target}"' for m in pairs if m.target)
        if cases:
            table: dict[str, JsonValue] = {m.source: m.target for m in pairs}
            return _made("values", source, f"SWITCH({path}{cases})", "code by code", values=table)
    if _is_reference(target) or (target.field.enum and source.field.type is FieldType.STRING):
        return _from_reference(source, path, target)
    return None


def _from_reference(source: Leaf, path: str, target: Leaf) -> dict[str, JsonValue]:
    """The key of a record or of a code at the target, by link or by table."""
    pointed = _points_at(target)
    if pointed.replace("_", "") in _CURRENCIES:
        return _made("direct", source, path, "as it is: currencies have one code everywhere")
    kind = _record(target, pointed) if _is_reference(target) else ""
    words = pointed.replace("_", " ")
    if kind and _is_key_of(source, kind):
        return _made("link", source, f'LINK("{kind}", {path})', f"the linked {kind}", table=kind)
    if kind:
        doubt = f"The target wants a linked {kind}; this source field does not say which {kind}."
        return _made("direct", source, path, "as it is", doubt=doubt)
    table = _table(source, target, pointed)
    name = table or pointed
    made = _made("lookup", source, f'LOOKUP("{name}", {path})', f"by the table {name}", table=name)
    if not table:
        made["doubt"] = f"A table of translations is needed for this: there is none for “{words}”."
    return made


def _from_type(source: Leaf, path: str, target: Leaf) -> dict[str, JsonValue] | None:
    have, want = source.field.type, target.field.type
    if have is want:
        return None
    if want is FieldType.DATE:
        return _made("date", source, f"TODATE({path})", "as a date")
    if want in _NUMBERS and have not in _NUMBERS:
        return _made("number", source, f"NUMBER({path})", "as a number")
    if want is FieldType.STRING and have in _NUMBERS:
        return _made("text", source, f"TEXT({path})", "as text")
    return None


def _from_name(source: Leaf, path: str, target: Leaf) -> dict[str, JsonValue] | None:
    """A person's whole name into its parts."""
    want = {canonical(w) for w in target.words}
    have = {canonical(w) for w in source.words}
    if "name" not in want or not want & {"first", "last"} or have & {"first", "last"}:
        return None
    if "first" in want:
        return _made("split", source, f'SPLIT({path}, " ", 1)', "the first word", part="first")
    return _made("split", source, f'SPLIT({path}, " ", -1)', "the last word", part="last")


def expression_for(source: Leaf, target: Leaf) -> dict[str, JsonValue]:
    """The expression proposed for one pair."""
    path = written(source.field.path)
    for way in (_from_flag, _from_codes, _from_name, _from_type):
        made = way(source, path, target)
        if made:
            return made
    long, room = source.field.length, target.field.length
    if long and room and long > room and target.field.type is FieldType.STRING:
        return _made("trim", source, f"LEFT({path}, {room})", f"cut to {room} characters")
    return _made("direct", source, path, "as it is")
