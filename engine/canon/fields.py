"""The canonical model as a ``SystemSchema``, derived from ``engine.canon.model``."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from engine.canon.model import DOCUMENTS, Canon
from engine.schema.model import EntitySchema, FieldSchema, FieldType, SystemSchema

_TYPES: dict[type, FieldType] = {
    str: FieldType.STRING,
    bool: FieldType.BOOLEAN,
    int: FieldType.INTEGER,
    Decimal: FieldType.DECIMAL,
    date: FieldType.DATE,
    datetime: FieldType.DATETIME,
}
VERSION = "1"


def _bare(annotation: Any) -> Any:
    """The annotation without ``| None``."""
    if get_origin(annotation) in (Union, types.UnionType):
        return next(a for a in get_args(annotation) if a is not type(None))
    return annotation


def synonyms(info: FieldInfo) -> tuple[str, ...]:
    """Other words for the field, from its metadata."""
    extra = info.json_schema_extra
    words = extra.get("synonyms", []) if isinstance(extra, dict) else []
    return tuple(str(w) for w in typing.cast("list[Any]", words))


def _names_itself(info: FieldInfo) -> bool:
    """Whether a field that is called like another document's number is the document's own, from its metadata."""
    extra = info.json_schema_extra
    return bool(extra.get("key")) if isinstance(extra, dict) else False


def _fields(model: type[BaseModel], prefix: str) -> Iterator[FieldSchema]:
    for name, info in model.model_fields.items():
        kind = _bare(info.annotation)
        path = prefix + name
        words = "; also: " + ", ".join(synonyms(info)) if synonyms(info) else ""
        shared: dict[str, Any] = {
            "label": name.replace("_", " "),
            "description": (info.description or "") + words,
            "key": _names_itself(info),
        }
        if get_origin(kind) is list:
            yield FieldSchema(path=path, type=FieldType.ARRAY, **shared)
            yield from _fields(get_args(kind)[0], f"{path}[].")
        elif get_origin(kind) is dict:
            yield FieldSchema(path=path, type=FieldType.OBJECT, custom=True, **shared)
        elif get_origin(kind) is Literal:
            values = tuple((str(v), "") for v in get_args(kind))
            yield FieldSchema(path=path, type=FieldType.ENUM, enum=values, **shared)
        elif isinstance(kind, type) and issubclass(kind, Canon):
            yield FieldSchema(path=path, type=FieldType.OBJECT, **shared)
            yield from _fields(kind, f"{path}.")
        else:
            yield FieldSchema(path=path, type=_TYPES[kind], **shared)


@cache
def canonical_schema() -> SystemSchema:
    """The canonical model described like any other system."""
    return SystemSchema(
        system="canonical",
        version=VERSION,
        entities=tuple(
            EntitySchema(
                name=name,
                label=name.replace("_", " "),
                description=(model.__doc__ or "").split("\n")[0],
                fields=tuple(_fields(model, "")),
                keys=("code",) if "code" in model.model_fields else ("number",),
            )
            for name, model in DOCUMENTS.items()
        ),
    )
