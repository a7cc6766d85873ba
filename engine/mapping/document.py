"""Mapping documents as data: dict, YAML and JSON with a stable order, and the content hash.

Export followed by import gives the same tree, and exporting that gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal, InvalidOperation
from typing import Any

import yaml

from engine.mapping.nodes import (
    ActionRow,
    Block,
    Confirm,
    Expr,
    Mapping,
    Path,
    Row,
    Scalar,
    Side,
)
from engine.mapping.parse import parse_expression
from engine.mapping.refusals import Refusal, Unreadable, refused
from engine.mapping.write import write_expression

MAX_ROWS = 2000
MAX_BLOCK_DEPTH = 4

_KEYS = {
    "mapping": {
        "mapping", "source", "target", "note", "as_of", "constants", "rows", "blocks", "actions"
    },
    "row": {"to", "from", "when", "confirm", "note"},
    "block": {"to", "each", "as", "where", "group", "note", "rows", "blocks"},
    "action": {"do", "when", "note"},
}  # fmt: skip


class _Reader:
    """Collects every fault of a document instead of stopping at the first."""

    def __init__(self) -> None:
        self.refusals: list[Refusal] = []
        self.rows = 0

    def refuse(self, place: str, sentence: str, fix: str, target: str = "") -> None:
        self.refusals.append(Refusal(place, sentence, fix, target))

    def expression(self, raw: Any, place: str, target: str = "") -> Expr | None:
        if raw is None:
            return None
        text = "TRUE" if raw is True else "FALSE" if raw is False else str(raw)
        try:
            return parse_expression(text)
        except Unreadable as fault:
            self.refusals.append(fault.refusal(place, target))
            return None

    def keys(self, raw: dict[str, Any], kind: str, place: str) -> None:
        for key in raw:
            if key not in _KEYS[kind]:
                known = ", ".join(sorted(_KEYS[kind]))
                self.refuse(place, f"“{key}” has no meaning here.", f"Use one of: {known}.")

    def many(self, raw: Any, place: str) -> list[dict[str, Any]]:
        if raw is None:
            return []
        if not isinstance(raw, list) or not all(isinstance(r, dict) for r in raw):
            self.refuse(place, "A list of entries is expected.", "Start each entry with “- to:”.")
            return []
        self.rows += len(raw)
        if self.rows > MAX_ROWS:
            self.refuse(place, f"More than {MAX_ROWS} entries.", "Split the mapping.")
            return []
        return raw

    def row(self, raw: dict[str, Any], place: str) -> Row | None:
        target = _text(raw.get("to"))
        place = f"{place}{target or '?'}"
        self.keys(raw, "row", place)
        if not target or "from" not in raw:
            self.refuse(place, "A row needs “to” and “from”.", "Add what is missing.", target)
            return None
        value = self.expression(raw["from"], place, target)
        when = self.expression(raw.get("when"), f"{place}, condition", target)
        confirm = _text(raw.get("confirm"))
        if confirm not in (Confirm.NOTHING, Confirm.LOSSY):
            self.refuse(
                place, f"“{confirm}” cannot be confirmed.", "Write “confirm: lossy”.", target
            )
            confirm = ""
        if value is None:
            return None
        return Row(target, value, when, Confirm(confirm), _text(raw.get("note")))

    def rows_of(self, raw: Any, place: str) -> tuple[Row, ...]:
        return tuple(r for one in self.many(raw, place or "rows") if (r := self.row(one, place)))

    def block(self, raw: dict[str, Any], place: str, depth: int) -> Block | None:
        target = _text(raw.get("to")).removesuffix("[]")
        place = f"{place}{target or '?'}"
        self.keys(raw, "block", place)
        if not target:
            self.refuse(place, "A block needs “to”.", "Name the target list.")
            return None
        if depth > MAX_BLOCK_DEPTH:
            self.refuse(place, "Blocks are nested too deeply.", f"Use {MAX_BLOCK_DEPTH} at most.")
            return None
        each = self.expression(raw.get("each"), f"{place}, each", target)
        if each is not None and not isinstance(each, Path):
            self.refuse(place, "“each” must name a list of the source.", "Write its path.", target)
            return None
        group = raw.get("group") or []
        keys = [self.expression(g, f"{place}, group", target) for g in _as_list(group)]
        inner = f"{place} › "
        return Block(
            target=target,
            each=each,
            alias=_text(raw.get("as")) or "line",
            where=self.expression(raw.get("where"), f"{place}, where", target),
            group=tuple(k for k in keys if k is not None),
            rows=self.rows_of(raw.get("rows"), inner),
            blocks=self.blocks_of(raw.get("blocks"), inner, depth + 1),
            note=_text(raw.get("note")),
        )

    def blocks_of(self, raw: Any, place: str, depth: int) -> tuple[Block, ...]:
        found = (self.block(one, place, depth) for one in self.many(raw, place or "blocks"))
        return tuple(b for b in found if b)

    def action(self, raw: dict[str, Any]) -> ActionRow | None:
        name = _text(raw.get("do"))
        self.keys(raw, "action", f"action {name}")
        when = self.expression(raw.get("when"), f"action {name}, condition")
        if not name or when is None:
            self.refuse(
                f"action {name}", "An action needs “do” and “when”.", "Add what is missing."
            )
            return None
        return ActionRow(name, when, _text(raw.get("note")))

    def side(self, raw: Any, word: str) -> Side:
        found = raw if isinstance(raw, dict) else {}
        side = Side(_text(found.get("system")), _text(found.get("entity")))
        if not side.system or not side.entity:
            self.refuse(
                word, "System and entity are needed.", f"Write “{word}: {{system, entity}}”."
            )
        return side

    def constant(self, name: str, raw: Any) -> Scalar:
        if raw is None or isinstance(raw, (bool, Decimal, str)):
            return raw
        try:
            return Decimal(str(raw))
        except InvalidOperation:
            self.refuse(f"constant {name}", "Not a text, number or yes/no.", "Put it in quotes.")
            return None

    def mapping(self, raw: dict[str, Any]) -> Mapping:
        self.keys(raw, "mapping", "mapping")
        if not _text(raw.get("mapping")):
            self.refuse("mapping", "The mapping has no name.", "Add “mapping: name”.")
        constants = raw.get("constants") or {}
        actions = (self.action(one) for one in self.many(raw.get("actions"), "actions"))
        return Mapping(
            name=_text(raw.get("mapping")),
            source=self.side(raw.get("source"), "source"),
            target=self.side(raw.get("target"), "target"),
            rows=self.rows_of(raw.get("rows"), ""),
            blocks=self.blocks_of(raw.get("blocks"), "", 1),
            actions=tuple(a for a in actions if a),
            constants=tuple(
                (str(k), self.constant(str(k), constants[k])) for k in sorted(constants, key=str)
            ),
            as_of=self.expression(raw.get("as_of"), "as_of"),
            note=_text(raw.get("note")),
        )


def _text(raw: Any) -> str:
    return "" if raw is None else str(raw)


def _as_list(raw: Any) -> list[Any]:
    return raw if isinstance(raw, list) else [raw]


def read(document: dict[str, Any] | str) -> tuple[Mapping, list[Refusal]]:
    """The mapping and everything that could not be read, as far as it could be read."""
    reader = _Reader()
    if isinstance(document, str):
        try:
            document = yaml.load(document, Loader=_Loader)  # noqa: S506 - a subclass of SafeLoader
        except yaml.YAMLError as fault:
            place = getattr(fault, "problem_mark", None)
            spot = f"line {place.line + 1} column {place.column + 1}" if place else "document"
            reader.refuse(spot, "This is not YAML.", str(getattr(fault, "problem", "") or ""))
            document = {}
    if not isinstance(document, dict):
        reader.refuse("mapping", "A mapping document is expected.", "Start with “mapping: name”.")
        document = {}
    return reader.mapping(document), reader.refusals


def parse(document: dict[str, Any] | str) -> Mapping:
    """Read a mapping document (dict, YAML or JSON text).

    Raises:
        MappingRefused: with all places that cannot be read.
    """
    mapping, refusals = read(document)
    if refusals:
        raise refused(refusals)
    return mapping


def _row(row: Row) -> dict[str, Any]:
    raw: dict[str, Any] = {"to": row.target, "from": write_expression(row.value)}
    if row.when is not None:
        raw["when"] = write_expression(row.when)
    if row.confirm:
        raw["confirm"] = row.confirm.value
    return raw | _note(row.note)


def _block(block: Block) -> dict[str, Any]:
    raw: dict[str, Any] = {"to": block.target}
    if block.each is not None:
        raw["each"] = write_expression(block.each)
    if block.alias != "line":
        raw["as"] = block.alias
    if block.where is not None:
        raw["where"] = write_expression(block.where)
    if block.group:
        raw["group"] = [write_expression(g) for g in block.group]
    raw |= _note(block.note)
    if block.rows:
        raw["rows"] = [_row(r) for r in block.rows]
    if block.blocks:
        raw["blocks"] = [_block(b) for b in block.blocks]
    return raw


def _note(note: str) -> dict[str, Any]:
    return {"note": note} if note else {}


def dump(mapping: Mapping) -> dict[str, Any]:
    """The canonical document: known keys in a fixed order, empty ones left out."""
    raw: dict[str, Any] = {
        "mapping": mapping.name,
        "source": {"system": mapping.source.system, "entity": mapping.source.entity},
        "target": {"system": mapping.target.system, "entity": mapping.target.entity},
    } | _note(mapping.note)
    if mapping.as_of is not None:
        raw["as_of"] = write_expression(mapping.as_of)
    if mapping.constants:
        raw["constants"] = dict(mapping.constants)
    if mapping.rows:
        raw["rows"] = [_row(r) for r in mapping.rows]
    if mapping.blocks:
        raw["blocks"] = [_block(b) for b in mapping.blocks]
    if mapping.actions:
        raw["actions"] = [
            {"do": a.action, "when": write_expression(a.when)} | _note(a.note)
            for a in mapping.actions
        ]
    return raw


class _Loader(yaml.SafeLoader):
    """YAML whose numbers and dates stay exact text until we read them."""


class _Dumper(yaml.SafeDumper):
    """YAML that can write decimals."""


def _number(loader: yaml.SafeLoader, node: yaml.Node) -> Decimal | str:
    text = str(loader.construct_scalar(node))  # type: ignore[arg-type]
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


def _plain(loader: yaml.SafeLoader, node: yaml.Node) -> str:
    return str(loader.construct_scalar(node))  # type: ignore[arg-type]


_Loader.add_constructor("tag:yaml.org,2002:float", _number)
_Loader.add_constructor("tag:yaml.org,2002:int", _number)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _plain)


def _write_number(dumper: yaml.SafeDumper, value: Decimal) -> yaml.Node:
    text = format(value, "f")
    kind = "float" if "." in text else "int"
    return dumper.represent_scalar(f"tag:yaml.org,2002:{kind}", text)


def _write_text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    # YAML takes these for line breaks and would fold them; in double quotes they are escaped.
    style = '"' if any(sign in value for sign in "\r\x85\u2028\u2029\ufeff") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(Decimal, _write_number)
_Dumper.add_representer(str, _write_text)


def to_yaml(mapping: Mapping) -> str:
    """The canonical document as YAML."""
    return yaml.dump(dump(mapping), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def from_yaml(text: str) -> Mapping:
    """Read YAML (or JSON, which is YAML too); see ``parse``."""
    return parse(text)


def _json_number(value: object) -> object:
    if isinstance(value, Decimal):
        # A marker keeps 5 and "5" apart in the canonical form.
        return {"number": format(value, "f")}
    raise TypeError(type(value).__name__)


def to_json(mapping: Mapping) -> str:
    """Canonical JSON: the text the content hash is taken of."""
    return json.dumps(
        dump(mapping), ensure_ascii=False, separators=(",", ":"), default=_json_number
    )


def content_hash(mapping: Mapping) -> str:
    """sha256 of the canonical JSON, in hexadecimal."""
    return hashlib.sha256(to_json(mapping).encode()).hexdigest()
