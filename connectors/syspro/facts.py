"""What is known about SYSPRO's tables before looking: names, types, lengths, meanings, who writes.

Source: ``reference/syspro/schema.json`` through ``facts_build``. Custom-form tables carry a ``+``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

from engine.schema.model import FieldType

_TYPES = {
    "string": FieldType.STRING,
    "decimal": FieldType.DECIMAL,
    "integer": FieldType.INTEGER,
    "enum": FieldType.ENUM,
    "date": FieldType.DATE,
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        name: exact name, case-sensitive.
        label: the words a person would use.
        type: reduced type.
        length: characters, or None.
        scale: digits after the point, or None.
        key: part of the primary key.
        required: key, or called mandatory by the business object.
        core: worth offering first.
        enum: code and meaning.
        references: ``Table.Column`` or empty.
        description: meaning.
        bo: business object that sets the column, or empty.
        element: path of the element inside that object's document, e.g. ``Item/Key/Customer``.
    """

    name: str
    label: str
    type: FieldType
    length: int | None
    scale: int | None
    key: bool
    required: bool
    core: bool
    enum: tuple[tuple[str, str], ...]
    references: str
    description: str
    bo: str
    element: str

    def empty(self) -> str | int | Decimal:
        """What an unset column holds: blank, zero or (dates) nothing."""
        if self.type is FieldType.INTEGER:
            return 0
        if self.type is FieldType.DECIMAL:
            return Decimal(0)
        return ""


@dataclass(frozen=True, slots=True)
class Table:
    """One table and the business objects around it.

    Attributes:
        name: exact name; ``+`` marks a custom-form table.
        label: the words a person would use.
        keys: primary key columns in order.
        columns: in the system's order.
        objects: business objects by class (``query``, ``setup``, ``transaction``).
        form: name of its custom-form table, or empty.
        is_form: this is a custom-form table.
        lines_of: header table, for a table of lines.
    """

    name: str
    label: str
    keys: tuple[str, ...]
    columns: tuple[Column, ...]
    objects: dict[str, tuple[str, ...]]
    form: str
    is_form: bool
    lines_of: str

    def column(self, name: str) -> Column | None:
        """The column called ``name``, or None."""
        return by_name(self.name).get(name)


def _column(row: list[Any]) -> Column:
    name, label, kind, length, scale, flags, enum, references, description, bo, element = row
    return Column(
        name=name,
        label=label,
        type=_TYPES[kind],
        length=length,
        scale=scale,
        key="k" in flags,
        required="r" in flags,
        core="c" in flags,
        enum=tuple((str(code), str(meaning)) for code, meaning in enum),
        references=references,
        description=description,
        bo=bo,
        element=element,
    )


@cache
def tables() -> dict[str, Table]:
    """All tables by name, in the catalogue's order."""
    text = resources.files("connectors.syspro").joinpath("catalogue.json").read_text("utf-8")
    entities = json.loads(text)["entities"]
    names = {e["name"] for e in entities}
    return {
        e["name"]: Table(
            name=e["name"],
            label=e["label"],
            keys=tuple(e["keys"]),
            columns=tuple(_column(row) for row in e["fields"]),
            objects={
                kind: tuple(names)
                for kind, names in e["objects"].items()
                if isinstance(names, list)
            },
            form=e["form"] if e["form"] in names else "",
            is_form=e["is_form"],
            lines_of=e["lines_of"],
        )
        for e in entities
    }


@cache
def by_name(table: str) -> dict[str, Column]:
    """The columns of a table by name."""
    return {c.name: c for c in tables()[table].columns}


@cache
def setters(bo: str) -> dict[str, tuple[str, Column]]:
    """What a business object writes: lower-case element path -> (table, column)."""
    return {
        c.element.lower(): (t.name, c) for t in tables().values() for c in t.columns if c.bo == bo
    }


# Form type codes: STK, SUP and POR are confirmed; the others are customary and can be overridden.
FORM_TYPES = {
    "ArCustomer+": "CUS",
    "ArMultAddress+": "CMA",
    "ApSupplier+": "SUP",
    "InvMaster+": "STK",
    "InvWarehouse+": "STW",
    "CusSorMaster+": "ORD",
    "CusSorDetailMerch+": "ORDLIN",
    "PorMasterHdr+": "POR",
}


def form_path(form: str) -> str:
    """The object under which a form's fields hang in a record: ``CusSorMaster``, ``CusInvMaster``."""
    bare = form.removesuffix("+")
    return bare if bare.startswith("Cus") else f"Cus{bare}"
