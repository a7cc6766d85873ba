"""Codes of both sides: which source codes were seen, and what they may be called at the target."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from engine.mapping.nodes import Path, walk
from engine.mapping.parse import parse_expression
from engine.mapping.refusals import Unreadable
from studio.catalog.models import Code, Connection
from studio.mapping.catalog import calls, first_text
from studio.mapping.models import LookupTable, MappingRow
from studio.mapping.queries import word_of
from studio.mapping.schemas import latest_snapshot, schema_of, whole_entity

# Name in LOOKUP -> label for people, list of the target it yields from.
TABLES: dict[str, tuple[str, str]] = {
    "terms": ("Payment terms", "term"),
    "term": ("Payment terms", "term"),
    "tax_codes": ("Tax codes", "tax_code"),
    "tax_code": ("Tax codes", "tax_code"),
    "payment_methods": ("Payment methods", "payment_method"),
    "payment_method": ("Payment methods", "payment_method"),
    "accounts": ("Ledger accounts", "account"),
    "account": ("Ledger accounts", "account"),
    "bank_accounts": ("Bank accounts", "account"),
    "income_accounts": ("Income accounts by product class", "account"),
    "expense_accounts": ("Cost accounts by product class", "account"),
    "charge_items": ("Items for freight and other charges", "item"),
    "charge_accounts": ("Accounts for freight and other charges", "account"),
    "currencies": ("Currencies", "currency"),
    "units": ("Units of measure", "unit"),
    "classes": ("Classes", "class"),
    "departments": ("Departments", "department"),
    "branches": ("Branches", "department"),
}
KEPT = 5


@dataclass(frozen=True, slots=True)
class SeenCode:
    """A source code with its words and how many records carry it."""

    code: str
    label: str = ""
    count: int = 0


@dataclass(frozen=True, slots=True)
class Offer:
    """A target code that may be meant."""

    key: str
    code: str
    label: str
    confidence: float
    method: str
    sentence: str

    def plain(self) -> dict[str, Any]:
        """As a JSON column keeps it."""
        return asdict(self) | {"word": word_of(self.confidence)}


def seen_codes(table: LookupTable) -> dict[str, SeenCode]:
    """Codes of the other connections' lists of the same kind, and values seen in their fields."""
    found: dict[str, SeenCode] = {}
    others = Connection.objects.filter(workspace_id=table.workspace_id).exclude(
        pk=table.connection_id
    )
    sources = [c for c in others if c.system == "syspro"] or list(others)
    listed = Code.objects.filter(connection__in=sources, kind=table.code_kind).order_by("key")
    for code in listed:
        value = code.code or code.key
        found[value] = SeenCode(value, code.label, int(code.detail.get("count", 0) or 0))
    for value in _sampled(table, sources):
        found.setdefault(value, SeenCode(value, "", 0))
    return found


def _sampled(table: LookupTable, sources: list[Connection]) -> Iterator[str]:
    """Values in the source fields that feed the canonical field which the table translates."""
    for document, canonical in _looked_up(table):
        feeding = MappingRow.objects.filter(
            mapping__connection__in=sources,
            mapping__direction="inbound",
            mapping__document=document,
            target_path=canonical,
        ).select_related("mapping__connection")
        for row in feeding:
            yield from _profile_values(row)


def _looked_up(table: LookupTable) -> set[tuple[str, str]]:
    """Canonical document and path of every LOOKUP of this table."""
    found: set[tuple[str, str]] = set()
    rows = MappingRow.objects.filter(
        mapping__connection_id=table.connection_id, mapping__direction="outbound"
    ).select_related("mapping")
    for row in rows:
        texts = (
            [row.expression] if row.expression else [c["expression"] for c in row.candidates[:1]]
        )
        for text in texts:
            for call in calls(text):
                if call.name == "LOOKUP" and first_text(call) == table.name and len(call.args) > 1:
                    for one in walk(call.args[1]):
                        if isinstance(one, Path):
                            found.add((row.mapping.document, _canonical(one.names, row)))
    return found


def _canonical(names: tuple[str, ...], row: MappingRow) -> str:
    block = next((b for b in row.mapping.blocks if b["id"] == row.block), None)
    if block and names[0] == block.get("as", "line"):
        return f"{block.get('each', '')}[]." + ".".join(names[1:])
    return ".".join(names)


def _profile_values(row: MappingRow) -> Iterator[str]:
    snapshot = latest_snapshot(row.mapping.connection)
    text = row.expression or (row.candidates[0]["expression"] if row.candidates else "")
    if snapshot is None or not text:
        return
    entity = whole_entity(schema_of(snapshot), row.mapping.entity)
    try:
        tree = parse_expression(text)
    except Unreadable:
        return
    if entity is None or not isinstance(tree, Path):
        return
    found = entity.field(_canonical(tree.names, row))
    if found is None:
        return
    if found.enum:
        yield from (code for code, _ in found.enum)
    elif found.profile is not None:
        yield from (v for v in found.profile.samples if v.strip())


def offers_for(table: LookupTable, seen: list[SeenCode]) -> dict[str, list[Offer]]:
    """Up to five target codes for each source code, best first."""
    targets = {
        code.key: code
        for code in Code.objects.filter(
            connection_id=table.connection_id, kind=table.code_kind, active=True
        ).order_by("label", "key")
    }
    if not targets or not seen:
        return {}
    return {one.code: _ranked(one, targets) for one in seen}


def _ranked(one: SeenCode, targets: dict[str, Code]) -> list[Offer]:
    """The best target, then the best of the rest, and so on."""
    from engine.propose.values import map_values

    left = {key: (key, f"{c.label} {c.code}".strip()) for key, c in targets.items()}
    found: list[Offer] = []
    while left and len(found) < KEPT:
        match = map_values([(one.code, one.label)], list(left.values()))[0]
        if not match.target:
            break
        del left[match.target]
        code = targets[match.target]
        found.append(
            Offer(
                key=code.key,
                code=code.code,
                label=code.label,
                confidence=round(match.score, 3),
                method="Identity" if match.score >= 1 else "Similarity",
                sentence=f"{match.sentence[:1].upper()}{match.sentence[1:]}.",
            )
        )
    return found
