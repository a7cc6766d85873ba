"""Schema snapshots as values: SystemSchema > EntitySchema > FieldSchema.

A field *path* is dotted and marks array levels with ``[]``: ``Line[].SalesItemLineDetail.Qty``.
Records that a schema describes are JSON-like: ``str``, ``bool``, ``None``, ``int``, ``Decimal``,
lists and dicts. Dates are ``YYYY-MM-DD`` text, times ISO 8601 text with an offset; numbers never
pass through ``float``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

JsonValue = str | int | Decimal | bool | None | list["JsonValue"] | dict[str, "JsonValue"]
Record = dict[str, JsonValue]


class FieldType(StrEnum):
    """The types every vendor type is reduced to."""

    STRING = "string"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    ENUM = "enum"
    REFERENCE = "reference"
    OBJECT = "object"
    ARRAY = "array"


class Visibility(StrEnum):
    """Whether a catalogue field was seen live: SYSPRO security hides fields (not the same as missing)."""

    SEEN = "seen"
    HIDDEN = "hidden"
    MISSING = "missing"
    CATALOGUE = "catalogue"


@dataclass(frozen=True, slots=True)
class ValueProfile:
    """What a sample of values of one field looks like.

    Attributes:
        rows: how many records were looked at.
        filled: how many had a value that is neither null nor blank.
        distinct: number of different values among the filled ones.
        samples: up to ten example values as text, most frequent first.
        patterns: up to five shapes (``A`` letter, ``9`` digit, others as they are), most frequent first.
        low: smallest value as text (numbers and dates by value), or empty.
        high: largest value as text, or empty.
        longest: length of the longest value in characters.
    """

    rows: int = 0
    filled: int = 0
    distinct: int = 0
    samples: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    low: str = ""
    high: str = ""
    longest: int = 0


@dataclass(frozen=True, slots=True)
class FieldSchema:
    """One field of an entity.

    Attributes:
        path: dotted path inside the entity; ``[]`` marks an array level.
        label: the words a person would use.
        type: the reduced type.
        length: greatest number of characters, or None where unlimited or unknown.
        scale: digits after the decimal point, or None.
        required: must be supplied on create.
        read_only: assigned by the system; never a target of a mapping.
        enum: allowed values; code -> meaning (meaning may be empty).
        references: entity this field points at (``Customer`` or ``Customer.Id``), or empty.
        description: what it means, in our own words.
        key: part of the entity's key.
        custom: defined by the customer, not by the vendor.
        visibility: whether introspection saw it.
        profile: sample of values, or None where none was taken.
    """

    path: str
    label: str = ""
    type: FieldType = FieldType.STRING
    length: int | None = None
    scale: int | None = None
    required: bool = False
    read_only: bool = False
    enum: tuple[tuple[str, str], ...] = ()
    references: str = ""
    description: str = ""
    key: bool = False
    custom: bool = False
    visibility: Visibility = Visibility.CATALOGUE
    profile: ValueProfile | None = None


@dataclass(frozen=True, slots=True)
class EntitySchema:
    """One entity (table, resource, document) of a system.

    Attributes:
        name: the system's own name, e.g. ``SorMaster``, ``Invoice``.
        label: the words a person would use.
        fields: in the system's order; paths are unique.
        keys: paths that identify a record.
        lines_of: for an entity whose rows belong to another (``SorDetail`` -> ``SorMaster``).
        description: what it holds.
    """

    name: str
    label: str = ""
    fields: tuple[FieldSchema, ...] = ()
    keys: tuple[str, ...] = ()
    lines_of: str = ""
    description: str = ""

    def field(self, path: str) -> FieldSchema | None:
        """The field at ``path``, or None."""
        return next((f for f in self.fields if f.path == path), None)


@dataclass(frozen=True, slots=True)
class SystemSchema:
    """What one look at a system saw; immutable once stored.

    Attributes:
        system: ``syspro``, ``qbo``, ``xero``, ``canonical`` or any other name in a file.
        version: API or product version.
        entities: in the system's order; names are unique.
        looked_as: which operator or scope looked, because security hides fields.
        facts: short facts about the company (name, base currency, lock date, edition, …).
    """

    system: str
    version: str = ""
    entities: tuple[EntitySchema, ...] = ()
    looked_as: str = ""
    facts: dict[str, str] = field(default_factory=dict)

    def entity(self, name: str) -> EntitySchema | None:
        """The entity called ``name``, or None."""
        return next((e for e in self.entities if e.name == name), None)

    def each_field(self) -> Iterator[tuple[EntitySchema, FieldSchema]]:
        """Every field with its entity, in order."""
        for entity in self.entities:
            for one in entity.fields:
                yield entity, one
