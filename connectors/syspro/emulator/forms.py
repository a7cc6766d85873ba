"""Custom forms: COMQFM reads definitions and values, COMTFM and COMSFM write them (3.14)."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.emulation.company_model import CustomField
from connectors.syspro import form_limits as limits
from connectors.syspro.emulator.answers import BusinessError, Piece, counter, document, tag
from connectors.syspro.emulator.context import Context, cell
from connectors.syspro.emulator.keys import stored
from connectors.syspro.emulator.tables import Database, Row
from connectors.syspro.facts import FORM_TYPES, Column, Table
from connectors.syspro.xml import Node
from engine.schema.model import FieldType

TABLES = {v: k for k, v in FORM_TYPES.items()}
_OF_FORM = {
    "order": "CusSorMaster+",
    "order_line": "CusSorDetailMerch+",
    "customer": "ArCustomer+",
    "supplier": "ApSupplier+",
    "item": "InvMaster+",
}
_TYPES = {"alpha": FieldType.STRING, "numeric": FieldType.DECIMAL, "date": FieldType.DATE}
_LETTERS = {"alpha": "A", "numeric": "N", "date": "D"}
_PARENTS = {
    "CusSorMaster+": "SorMaster",
    "CusSorDetailMerch+": "SorDetail",
    "PorMasterHdr+": "PorMasterHdr",
}


def definitions(fields: tuple[CustomField, ...]) -> dict[str, list[dict[str, Any]]]:
    """Custom fields by form table, as the emulator keeps them."""
    made: dict[str, list[dict[str, Any]]] = {table: [] for table in FORM_TYPES}
    for one in fields:
        made[_OF_FORM[one.form]].append(
            {
                "name": one.name,
                "column": one.column,
                "prompt": one.prompt,
                "kind": one.kind,
                "length": one.length,
                "decimals": one.decimals,
            }
        )
    return made


def design(db: Database, key: str, changes: dict[str, Any]) -> dict[str, Any]:
    """Custom Form Design: a person adds or changes a field of a form.

    Args:
        db: tables of the company.
        key: form type and field name, ``ORD|QBOINV``.
        changes: ``column``, ``prompt``, ``kind`` (alpha, numeric, date), ``length``, ``decimals``.

    Raises:
        LookupError: no such form type.
        ValueError: a limit of the program is broken.
    """
    code, _, name = key.upper().partition("|")
    if code not in TABLES:
        raise LookupError(f"form type {code}")
    table = TABLES[code]
    held = (db.store.get(f"{db.company}._forms", table) or {"fields": []})["fields"]
    old = next((f for f in held if f["name"] == name), None)
    new = {"name": name, "kind": "alpha", "length": 30, "decimals": 0, **(old or {}), **changes}
    new.setdefault("prompt", new.get("column", name))
    new.setdefault("column", str(new["prompt"]).title().replace(" ", ""))
    others = [f for f in held if f["name"] != name]
    faults = limits.broken(
        name, str(new["prompt"]), str(new["kind"]), (int(new["length"]), int(new["decimals"]))
    )
    for mark in ("prompt", "column"):
        if any(str(f[mark]).casefold() == str(new[mark]).casefold() for f in others):
            faults.append(f"{mark} {new[mark]} is taken")
    if len(others) >= limits.FIELDS:
        faults.append(f"a form holds {limits.FIELDS} fields")
    if faults:
        raise ValueError("; ".join(faults))
    kept = [new if f["name"] == name else f for f in held] if old else [*held, new]
    db.store.put(f"{db.company}._forms", table, {"fields": kept})
    return new


def as_column(table: str, one: dict[str, Any]) -> Column:
    """A custom field as a column of its form table."""
    return Column(
        name=one["column"],
        label=one["prompt"],
        type=_TYPES[one["kind"]],
        length=one["length"],
        scale=one["decimals"] if one["kind"] == "numeric" else None,
        key=False,
        required=False,
        core=True,
        enum=(),
        references="",
        description=one["prompt"],
        bo="COMTFM",
        element=f"Item/Fields/{one['column']}",
    )


def _form(ctx: Context, key: Node) -> tuple[str, Table, dict[str, str], list[object]]:
    code = key.value("FormType").upper()
    if code not in TABLES:
        raise BusinessError("FormType", code, 990030, f"Form type '{code}' not found")
    table = ctx.table(TABLES[code])
    given = key.first("KeyFields")
    values: dict[str, str] = {}
    parts: list[object] = []
    for column in table.keys:
        text = given.value(column) if given else ""
        if column == table.keys[0] and not text:
            text = key.value("KeyField")
        known = table.column(column)
        if known is not None and known.type is FieldType.INTEGER:
            parts.append(int(text or 0))
        else:
            parts.append(stored(column, text))
        values[column] = text
    return code, table, values, parts


def _parent_exists(ctx: Context, table: Table, parts: list[object]) -> None:
    parent = ctx.table(_PARENTS.get(table.name, table.name.removesuffix("+")))
    row = ctx.db.get(parent.name, *parts[: len(parent.keys)])
    if row is None:
        key = str(parts[0])
        words = f"{parent.label} '{key}' not found"
        raise BusinessError(table.keys[0], key, 990002, words)


def query(ctx: Context, request: Node, _parameters: Node | None) -> str:
    """COMQFM: definition of a form and the values of one record."""
    key = request.first("Key") or Node("Key")
    code, table, values, parts = _form(ctx, key)
    row = ctx.db.get(table.name, *parts) or {}
    keys = [
        tag(
            "KeyField",
            (
                tag("Sequence", counter(n, 3)),
                tag("Column", c),
                tag("Type", "A"),
                tag("Length", "20"),
            ),
        )
        for n, c in enumerate(table.keys, start=1)
    ]
    fields = [
        tag("Field", _described(ctx, table.name, n, one, row))
        for n, one in enumerate(ctx.form_fields(table.name), start=1)
    ]
    head = (
        tag("FormType", code),
        tag("FormDescription", table.label),
        tag("KeyField", values[table.keys[0]]),
    )
    return document("CustomForm", [tag("Key", head), *keys, *fields])


def _described(
    ctx: Context, table: str, n: int, one: dict[str, Any], row: Row
) -> tuple[Piece, ...]:
    value = cell(as_column(table, one), row.get(one["column"])) if row.get(one["column"]) else ""
    return (
        tag("Sequence", counter(n, 3)),
        tag("Name", one["name"]),
        tag("Prompt", one["prompt"]),
        tag("Column", one["column"]),
        tag("Type", _LETTERS[one["kind"]]),
        tag("Length", str(one["length"]).rjust(5)),
        tag("Decimals", str(one["decimals"]).rjust(3)),
        tag("Default", ""),
        tag("AllowNull", "Y"),
        tag("ValidationType", ""),
        tag("Value", value),
    )


def _checked(one: dict[str, Any], text: str) -> object:
    if one["kind"] == "numeric":
        try:
            return Decimal(text.strip() or "0")
        except InvalidOperation:
            raise BusinessError(one["column"], text, 990031, f"'{text}' not numeric") from None
    if one["kind"] == "alpha" and len(text) > one["length"]:
        words = f"'{one['prompt']}' holds {one['length']} characters"
        raise BusinessError(one["column"], text, 990032, words)
    return text


def post_row(ctx: Context, data: Node, parameters: Node | None) -> str:
    """COMTFM: write a row of a form table; elements are column names."""
    validate = _flag(parameters, "ValidateOnly")
    if not validate and _flag(parameters, "ApplyIfEntireDocumentValid"):
        validate = _any_invalid(ctx, data.all("Item"))
    made, invalid = [], 0
    for number, item in enumerate(data.all("Item"), start=1):
        head = tag("ItemNumber", counter(number))
        try:
            made.append(tag("Item", (head, _row_written(ctx, item, validate=validate))))
        except BusinessError as error:
            invalid += 1
            made.append(tag("Item", (head, error.wrapped())))
    status = (
        tag("ItemsProcessed", counter(len(made) - invalid)),
        tag("ItemsInvalid", counter(invalid)),
    )
    return document("postcustomform", [*made, tag("StatusOfItems", status)])


def _any_invalid(ctx: Context, items: list[Node]) -> bool:
    try:
        for item in items:
            _row_written(ctx, item, validate=True)
    except BusinessError:
        return True
    return False


def _row_written(ctx: Context, item: Node, *, validate: bool) -> Piece:
    code, table, values, parts = _form(ctx, item.first("Key") or Node("Key"))
    _parent_exists(ctx, table, parts)
    known = {f["column"].lower(): f for f in ctx.form_fields(table.name)}
    changed: Row = {}
    fields = item.first("Fields")
    for element in fields.children if fields else ():
        if element.name not in known:
            words = f"Column '{element.tag}' not found in table '{table.name}'"
            raise BusinessError(element.tag, element.text, 990020, words)
        one = known[element.name]
        changed[one["column"]] = _checked(one, element.text)
    if not validate:
        _store(ctx, table, parts, changed)
    return tag("Key", (tag("FormType", code), *(tag(k, v) for k, v in values.items())))


def _store(ctx: Context, table: Table, parts: list[object], changed: Row) -> None:
    old = ctx.db.get(table.name, *parts) or dict(zip(table.keys, parts, strict=True))
    ctx.db.put(table.name, {**old, **changed})


def setup_field(ctx: Context, data: Node, parameters: Node | None) -> str:
    """COMSFM: write single fields by their six-character name."""
    validate = _flag(parameters, "ValidateOnly")
    made, invalid = [], 0
    items = data.all("Item")
    for item in items:
        try:
            made.append(tag("item", (_field_written(ctx, item, validate=validate),)))
        except BusinessError as error:
            invalid += 1
            made.append(tag("item", (tag("key", ()), error.wrapped(lower=True))))
    status = (tag("RecordsRead", str(len(items))), tag("RecordsInvalid", str(invalid)))
    return document("setupcustomform", [*made, tag("StatusOfItems", status)])


def _field_written(ctx: Context, item: Node, *, validate: bool) -> Piece:
    key = item.first("Key") or Node("Key")
    code, table, _, parts = _form(ctx, key)
    _parent_exists(ctx, table, parts)
    name = key.value("FieldName").upper()
    one = next((f for f in ctx.form_fields(table.name) if f["name"] == name), None)
    if one is None:
        raise BusinessError("FieldName", name, 990033, f"Field '{name}' not found")
    element = {"alpha": "AlphaValue", "numeric": "NumericValue", "date": "DateValue"}
    value = _checked(one, item.value(element[one["kind"]]))
    if not validate:
        _store(ctx, table, parts, {one["column"]: value})
    return tag("key", (tag("formtype", code), tag("fieldname", name)))


def _flag(parameters: Node | None, name: str) -> bool:
    inner = parameters.first("Parameters") if parameters else None
    return inner is not None and inner.value(name).upper() == "Y"
