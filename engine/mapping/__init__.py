"""The mapping language: parse, check, compile, apply.

>>> mapping = parse(yaml_text)
>>> refusals = check(mapping, source_schema, target_schema, catalog)
>>> compiled = compile_mapping(mapping, source_schema, target_schema, catalog)
>>> result = compiled.apply(record, Context(lookups=..., links=...))
"""

from __future__ import annotations

from engine.mapping.check import check
from engine.mapping.compile import CompiledMapping, compile_mapping
from engine.mapping.context import (
    Context,
    FieldTrace,
    LookupRow,
    LookupTable,
    Need,
    Read,
    Result,
    UnitRow,
    Used,
)
from engine.mapping.diff import Change, diff
from engine.mapping.document import content_hash, dump, from_yaml, parse, read, to_json, to_yaml
from engine.mapping.functions import FUNCTIONS, Function, Kind
from engine.mapping.lineage import FieldLineage
from engine.mapping.nodes import ActionRow, Block, Confirm, Expr, Mapping, Row, Side
from engine.mapping.parse import parse_expression
from engine.mapping.passes.draft import Catalog, TableInfo
from engine.mapping.refusals import Refusal, Unreadable
from engine.mapping.write import write_expression

__all__ = [
    "FUNCTIONS",
    "ActionRow",
    "Block",
    "Catalog",
    "Change",
    "CompiledMapping",
    "Confirm",
    "Context",
    "Expr",
    "FieldLineage",
    "FieldTrace",
    "Function",
    "Kind",
    "LookupRow",
    "LookupTable",
    "Mapping",
    "Need",
    "Read",
    "Refusal",
    "Result",
    "Row",
    "Side",
    "TableInfo",
    "UnitRow",
    "Unreadable",
    "Used",
    "check",
    "compile_mapping",
    "content_hash",
    "diff",
    "dump",
    "from_yaml",
    "parse",
    "parse_expression",
    "read",
    "to_json",
    "to_yaml",
    "write_expression",
]
