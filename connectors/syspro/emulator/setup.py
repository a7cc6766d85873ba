"""Setup objects: add, update, delete master records with SYSPRO's checks (3.2-3.4)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation

from connectors.syspro.emulator.answers import BusinessError, Piece, document, tag
from connectors.syspro.emulator.context import BusinessObject, Context
from connectors.syspro.emulator.keys import stored
from connectors.syspro.emulator.tables import Row
from connectors.syspro.facts import Column, Table, setters, tables
from connectors.syspro.objects import MASTERS, SAME_OBJECT
from connectors.syspro.xml import Node
from engine.schema.model import FieldType

_BY_OBJECT = {bo: (table, root) for table, (bo, root) in MASTERS.items()}
_DEFAULTS: dict[str, Row] = {
    "ArCustomer": {"CustomerOnHold": "N", "CreditStatus": "0", "BalanceType": "I",
                   "TaxStatus": "N", "StatementReqd": "Y", "BackOrdReqd": "Y"},
    "ApSupplier": {"OnHold": "N", "SupplierType": "P"},
    "InvMaster": {"ConvFactAltUom": Decimal(1), "ConvMulDiv": "M", "ConvFactOthUom": Decimal(1),
                  "MulDiv": "M", "PartCategory": "B", "ListPriceCode": "A"},
}  # fmt: skip
_NEEDED = {"ArCustomer": ("Name",), "ApSupplier": ("SupplierName",), "InvMaster": ("StockUom",)}
_ADDED = {"ArCustomer": "DateCustAdded", "ApSupplier": "DateSuppAdded", "InvMaster": "DateStkAdded"}


def objects(verb: str) -> dict[str, BusinessObject]:
    """All setup objects for ``Add``, ``Update`` or ``Delete``."""
    return {bo: _object(verb, bo) for bo in _BY_OBJECT}


def _object(verb: str, bo: str) -> BusinessObject:
    def run(ctx: Context, data: Node, parameters: Node | None) -> str:
        return _setup(ctx, (verb, bo), data, parameters)

    return run


def _setup(ctx: Context, what: tuple[str, str], data: Node, parameters: Node | None) -> str:
    verb, bo = what
    table, root = _BY_OBJECT[bo]
    inner = parameters.first("Parameters") if parameters else None
    validate = inner is not None and inner.value("ValidateOnly").upper() == "Y"
    if data.name != root.lower():
        raise BusinessError(data.tag, "", 990041, f"Root element must be {root}")
    made, invalid = [], 0
    items = data.all("Item")
    for item in items:
        keys = [tag(c.tag.lower(), c.text) for c in (item.first("Key") or Node("Key")).children]
        try:
            _apply(ctx, (verb, bo, tables()[table]), item, validate=validate)
            made.append(tag("item", (tag("key", keys),)))
        except BusinessError as error:
            invalid += 1
            made.append(tag("item", (tag("key", keys), error.wrapped(lower=True))))
    status: tuple[Piece, ...] = (
        tag("RecordsRead", str(len(items))),
        tag("RecordsInvalid", str(invalid)),
    )
    return document(root.lower(), [*made, tag("StatusOfItems", status)])


def _apply(ctx: Context, what: tuple[str, str, Table], item: Node, *, validate: bool) -> None:
    verb, bo, table = what
    given = dict(_given(ctx, bo, table, item))
    parts = [_key_part(ctx, table, name, given.get((table.name, name))) for name in table.keys]
    old = ctx.db.get(table.name, *parts)
    shown = str(given.get((table.name, table.keys[0]), ""))
    if verb == "Add" and old is not None:
        raise BusinessError(
            table.keys[0], shown, 120001, f"Duplicate key '{shown}' on '{table.name}'"
        )
    if verb != "Add" and old is None:
        raise BusinessError(table.keys[0], shown, 990001, f"{table.label} '{shown}' not found")
    if verb == "Delete" and old is not None:
        _delete(ctx, table, old, validate=validate)
        return
    own = {n: v for (t, n), v in given.items() if t == table.name and n not in table.keys}
    start: Row = old or {
        **_DEFAULTS.get(table.name, {}),
        **({_ADDED[table.name]: ctx.today()} if table.name in _ADDED else {}),
    }
    row = {**start, **own, **dict(zip(table.keys, parts, strict=True))}
    for name in _NEEDED.get(table.name, ()) if verb == "Add" else ():
        if not row.get(name):
            words = f"XML element '{{Item}}{{{name}}}' cannot be spaces"
            raise BusinessError(name, "", 100030, words)
    _references(ctx, table, row, own)
    if not validate:
        ctx.db.put(table.name, row)
        _beside(ctx, table, row, given)


def _given(
    ctx: Context, bo: str, table: Table, item: Node
) -> Iterator[tuple[tuple[str, str], object]]:
    known = setters(bo)
    for path, node in _leaves(item, "item"):
        name = path.rpartition("/")[2]
        # A key is named by both tables of an object that writes two: the own table wins.
        column = next((c for c in table.columns if c.name.lower() == name), None)
        owner = table.name
        if column is None:
            owner, column = known.get(path, (table.name, None))
        if column is None or column.name == "TimeStamp":
            ctx.log.append(f"{bo}: {node.tag} ignored")
            continue
        yield (owner, column.name), checked(column, node.text)


def _leaves(node: Node, path: str) -> Iterator[tuple[str, Node]]:
    for child in node.children:
        here = f"{path}/{child.name}"
        if child.children:
            yield from _leaves(child, here)
        else:
            yield here, child


def checked(column: Column, text: str) -> object:
    """A value as the column takes it.

    Raises:
        BusinessError: wrong type, too long, or not in the list.
    """
    if column.type in (FieldType.INTEGER, FieldType.DECIMAL):
        try:
            value = Decimal(text or "0")
        except InvalidOperation:
            raise BusinessError(column.name, text, 990042, f"'{text}' not numeric") from None
        return int(value) if column.type is FieldType.INTEGER else value
    if column.type is FieldType.DATE and text:
        try:
            date.fromisoformat(text)
        except ValueError:
            words = f"Date '{text}' is invalid for XML element '{column.name}' - must be CCYY-MM-DD"
            raise BusinessError(column.name, text, 100028, words) from None
    if column.length and len(text) > column.length and not text.strip("0").isdigit():
        words = f"'{column.label}' holds {column.length} characters"
        raise BusinessError(column.name, text, 990040, words)
    if column.enum and text and text not in dict(column.enum):
        raise BusinessError(column.name, text, 990043, f"{column.label} '{text}' invalid")
    return text


def _key_part(ctx: Context, table: Table, name: str, value: object) -> object:
    column = table.column(name)
    if column is not None and column.type is FieldType.INTEGER:
        return int(str(value or 0))
    text = str(value or "")
    if name == "Company":
        return text or ctx.company.id
    if not text:
        words = f"XML element '{{Item}}{{{name}}}' cannot be spaces"
        raise BusinessError(name, "", 100030, words)
    first = next(iter(ctx.db.from_key(table.name, "")), None)
    numbered = name in ("Customer", "Supplier") and first is not None and str(first[name]).isdigit()
    if numbered and not text.isdigit():
        raise BusinessError(name, text, 990003, f"{table.label} '{text}' not numeric")
    return stored(name, text)


def _references(ctx: Context, table: Table, row: Row, own: Row) -> None:
    for name in own:
        column = table.column(name)
        target = column.references.partition(".")[0] if column else ""
        value = str(row.get(name) or "")
        if not value or target not in tables() or target == table.name:
            continue
        if target == "SalSalesperson":
            found = ctx.db.get(target, str(row.get("Branch", "")), value)
        elif target == "GenMaster":
            found = ctx.db.get(target, ctx.company.id, value)
        elif len(tables()[target].keys) == 1:
            found = ctx.db.get(target, stored(tables()[target].keys[0], value))
        else:
            continue
        if found is None:
            label = tables()[target].label
            raise BusinessError(name, value, 990004, f"{label} '{value}' not found")


def _beside(ctx: Context, table: Table, row: Row, given: dict[tuple[str, str], object]) -> None:
    other = SAME_OBJECT.get(table.name)
    if other:
        values = {n: v for (t, n), v in given.items() if t == other}
        keys = {k: row[k] for k in tables()[other].keys}
        old = ctx.db.get(other, *keys.values()) or keys
        ctx.db.put(other, {**old, **values, **keys})
    if table.name == "ArCustomer" and ctx.db.get("ArCustomerBal", row["Customer"]) is None:
        ctx.db.put("ArCustomerBal", {"Customer": row["Customer"], "CurrentBalance1": Decimal(0)})


def _delete(ctx: Context, table: Table, row: Row, *, validate: bool) -> None:
    if table.name == "ArCustomer":
        key = str(row["Customer"])
        if ctx.db.where("ArInvoice", "Customer", key) or ctx.db.where("SorMaster", "Customer", key):
            raise BusinessError("Customer", key, 990005, "Customer has transactions")
    if not validate:
        ctx.db.delete(table.name, row)
