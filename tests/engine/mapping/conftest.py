"""A small source and target that show every kind of field."""

from __future__ import annotations

import pytest

from engine.mapping import Catalog, Kind, TableInfo
from engine.schema.model import EntitySchema, FieldSchema, FieldType, SystemSchema

_TYPES = {
    "s": FieldType.STRING, "n": FieldType.DECIMAL, "i": FieldType.INTEGER, "b": FieldType.BOOLEAN,
    "d": FieldType.DATE, "t": FieldType.DATETIME, "a": FieldType.ARRAY, "o": FieldType.OBJECT,
    "e": FieldType.ENUM, "c": FieldType.OBJECT,
}  # fmt: skip

ORDER = """number:s20 party:s15 name:s50 date:d shipped:t status:e=1,8,9 terms:s2 paid:b flag:s1 note:s
 total:n rate:n count:i email:s255 billing.city:s30 billing.zip:s10 custom:c lines[].taxes[].code:s3
 lines[].taxes[].amount:n other[].x:n"""
LINE = "no:i kind:s1 item:s30 text:s50 qty:n unit:s10 price:n discount:n net:n tax:s3 day:d"
INVOICE = """Id:s! DocNumber:s21! TxnDate:d DueDate:d Due:d CustomerRef.value:s* Status:e=OPEN,PAID,VOID
 Memo:s40 Text:s Count:i Paid:b Total:n Cents:n.2 Stamp:t Addr.City:s30 Addr.Zip:s5 Addr.Line.Deep:s
 Custom:c Line[].Amount:n! Line[].Item:s30 Line[].Qty:n Line[].Price:n Line[].Text:s Line[].No:i
 Line[].Day:d Line[].Ref.value:s Line[].Sub[].Code:s Line[].Sub[].Amount:n Tax[].Code:s Tax[].Sum:n
 Read:a Read[].x:s!"""


def fields(text: str, required: bool = True) -> tuple[FieldSchema, ...]:
    """``path:type`` with a length, ``.places``, ``=codes``, ``!`` (``*`` without check: required)."""
    found = []
    for word in text.split():
        path, kind = word.split(":")
        codes = kind.partition("=")[2]
        plain = kind.partition("=")[0]
        read_only = path in ("Id", "Read")
        digits = plain.strip("snibdtaoec!*")
        found.append(
            FieldSchema(
                path,
                type=_TYPES[plain[0]],
                length=int(digits) if digits and not digits.startswith(".") else None,
                scale=int(digits[1:]) if digits.startswith(".") else None,
                required=not read_only and plain.endswith(("!", "*")) and required,
                read_only=read_only,
                enum=tuple((c, "") for c in codes.split(",")) if codes else (),
                custom=plain[0] == "c",
            )
        )
    return tuple(found)


def build() -> tuple[SystemSchema, SystemSchema, Catalog]:
    source = SystemSchema(
        "erp",
        entities=(
            EntitySchema("order", fields=fields(ORDER)
                         + fields(" ".join("lines[]." + w for w in LINE.split()))),
            EntitySchema("detail", fields=fields("code:s amount:n"), lines_of="order"),
        ),
    )  # fmt: skip
    target = SystemSchema("books", entities=(EntitySchema("Invoice", fields=fields(INVOICE)),))
    loose = SystemSchema(
        "loose", entities=(EntitySchema("Invoice", fields=fields(INVOICE, required=False)),)
    )
    catalog = Catalog(
        lookups={
            "terms": TableInfo(codes=frozenset(("30", "60"))),
            "days": TableInfo(Kind.NUMBER),
            "item_account": TableInfo(),
            "class_account": TableInfo(),
        },
        facts={"base_currency": Kind.TEXT},
    )
    return source, SystemSchema("books", entities=(*target.entities, *_renamed(loose))), catalog


def _renamed(schema: SystemSchema) -> tuple[EntitySchema, ...]:
    return tuple(EntitySchema("Loose", fields=e.fields) for e in schema.entities)


@pytest.fixture(scope="session")
def world() -> tuple[SystemSchema, SystemSchema, Catalog]:
    return build()
