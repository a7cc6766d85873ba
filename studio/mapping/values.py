"""Codes of both sides: which source codes were seen, and what they may be called at the target."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from engine.canon.fields import canonical_schema
from engine.mapping.nodes import Literal, Path, walk
from engine.mapping.parse import parse_expression
from engine.mapping.refusals import Unreadable
from engine.propose.accounts import Account, AccountMatch, Chart
from engine.propose.proposal import Waterfall
from engine.propose.values import ENOUGH, alike
from studio.catalog.models import Code, Connection
from studio.catalog.schemas import schema_of
from studio.mapping.catalog import calls, first_text
from studio.mapping.models import LookupTable, MappingRow
from studio.mapping.queries import BANDS, word_of
from studio.mapping.schemas import latest_snapshot, whole_entity
from studio.mapping.stored import bars

# Name in LOOKUP -> label for people, list of the target it yields from, list of the source it reads.
TABLES: dict[str, tuple[str, str, str]] = {
    "terms": ("Payment terms", "term", "term"),
    "tax_codes": ("Tax codes", "tax_code", "tax_code"),
    "payment_methods": ("Payment methods", "payment_method", "payment_method"),
    "accounts": ("Ledger accounts", "account", "account"),
    "journal_accounts": ("Ledger accounts that journals may use", "journal_account", "account"),
    "bank_accounts": ("Bank accounts", "account", "bank"),
    "income_accounts": ("Income accounts by product class", "income_account", "product_class"),
    "expense_accounts": ("Cost accounts by product class", "expense_account", "product_class"),
    "charge_items": ("Items for freight and other charges", "item", ""),
    "charge_accounts": ("Accounts for freight and other charges", "income_account", ""),
    "receipt_banks": ("Banks of receipts, by account of the books", "bank", "account"),
    "payment_banks": ("Banks of payments to suppliers, by account of the books", "bank", "account"),
    "difference_accounts": ("Accounts of small differences", "account", ""),
    "bill_accounts": ("Cost accounts by supplier", "expense_account", "supplier"),
    "purchase_tax_codes": ("Tax codes of purchases", "purchase_tax_code", "tax_code"),
    "currencies": ("Currencies", "currency", "currency"),
    "branches": ("Branches", "branch", "branch"),
    "tax_rates": ("Rates of tax codes, in percent", "", ""),
    "term_days": ("Days of payment terms", "", ""),
    "adjustment_accounts": (
        "Accounts of stock adjustments by product class",
        "expense_account",
        "product_class",
    ),
    "adjustment_contacts": ("Contact of stock adjustments, by its ID", "", ""),
    "item_units": ("Items that the books keep in another unit", "", ""),
}
# Tables whose target is a ledger account -> what their source codes are about, where they do not say so.
CHARTS: dict[str, str] = {
    "accounts": "",
    "journal_accounts": "",
    "bank_accounts": "bank",
    "receipt_banks": "bank",
    "payment_banks": "bank",
    "income_accounts": "revenue",
    "charge_accounts": "revenue",
    "expense_accounts": "cost of goods sold",
    "bill_accounts": "expense",
    "difference_accounts": "",
    "adjustment_accounts": "cost of goods sold",
}
# Of a whole chart only these types are ever looked up in a table.
ONLY_TYPES = {"receipt_banks": {"bank"}, "payment_banks": {"bank", "credit card"}}
KEPT = 5
# Below the weakest band nothing is offered: product.md 7.1.
SHOWN = BANDS[-1][1]


@dataclass(frozen=True, slots=True)
class SeenCode:
    """A source code with its words and how many records carry it."""

    code: str
    label: str = ""
    count: int = 0
    detail: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Offer:
    """A target code that may be meant."""

    key: str
    code: str
    label: str
    confidence: float
    method: str
    sentence: str
    waterfall: Waterfall

    def plain(self) -> dict[str, Any]:
        """As a JSON column keeps it."""
        said = {"word": word_of(self.confidence), "waterfall": bars(self.waterfall)}
        return asdict(self) | said


def seen_codes(table: LookupTable) -> dict[str, SeenCode]:
    """Codes of the feeding connections' lists, and values seen in the fields that are looked up."""
    sources = feeding(table.connection)
    kind = TABLES[table.name][2] if table.name in TABLES else table.code_kind
    found: dict[str, SeenCode] = {}
    listed = Code.objects.filter(connection__in=sources, kind=kind).exclude(kind="").order_by("key")
    only = ONLY_TYPES.get(table.name)
    for code in listed:
        if only is None or code.detail.get("type", "").casefold() in only:
            # Documents carry the key; the number people know stands beside the name.
            label = code.label if code.code in ("", code.key) else f"{code.code} {code.label}"
            found[code.key] = SeenCode(code.key, label, 0, _followed(code))
    if only is not None:
        return found
    for value in _sampled(table, sources):
        found.setdefault(value, SeenCode(value))
    return found


def _followed(code: Code) -> dict[str, str]:
    """The details of a code; of a ledger account among them also its name and type."""
    account = code.detail.get("account")
    own = (
        account
        and Code.objects.filter(
            connection_id=code.connection_id, kind="account", key=account
        ).first()
    )
    if not own:
        return dict(code.detail)
    named = {"account_label": own.label, "account_type": own.detail.get("type", "")}
    return {**code.detail, **named}


def feeding(connection: Connection) -> list[Connection]:
    """The connections whose records are written to this one."""
    return list(Connection.objects.filter(feeds__connection=connection).distinct())


def _sampled(table: LookupTable, sources: list[Connection]) -> Iterator[str]:
    """Values of the canonical field which the table translates: its own list, or as fed."""
    for row, document, canonical in _looked_up(table):
        entity = canonical_schema().entity(document)
        field = next(
            (f for f in (entity.fields if entity else ()) if f.path.replace("[]", "") == canonical),
            None,
        )
        if field is not None and field.enum:
            named = texts(row.condition) | {
                t for c in row.candidates for t in texts(c["condition"])
            }
            yield from (code for code, _ in field.enum if not named or code in named)
            continue
        fed = MappingRow.objects.filter(
            mapping__connection__in=sources,
            mapping__direction="inbound",
            mapping__document=document,
        ).select_related("mapping__connection")
        for one in fed:
            if one.target_path.replace("[]", "") == canonical:
                yield from _profile_values(one)


def texts(expression: str) -> set[str]:
    """The texts written out in an expression."""
    try:
        tree = parse_expression(expression) if expression else None
    except Unreadable:
        return set()
    if tree is None:
        return set()
    return {n.value for n in walk(tree) if isinstance(n, Literal) and isinstance(n.value, str)}


def _looked_up(table: LookupTable) -> list[tuple[MappingRow, str, str]]:
    """Row, canonical document and path of every LOOKUP of this table."""
    found: list[tuple[MappingRow, str, str]] = []
    rows = MappingRow.objects.filter(
        mapping__connection_id=table.connection_id, mapping__direction="outbound"
    ).select_related("mapping")
    for row in rows:
        said = row.expression or (row.candidates[0]["expression"] if row.candidates else "")
        for call in calls(said):
            if call.name == "LOOKUP" and first_text(call) == table.name and len(call.args) > 1:
                found += [
                    (row, row.mapping.document, _canonical(one.names, row))
                    for one in walk(call.args[1])
                    if isinstance(one, Path)
                ]
    return found


def _canonical(names: tuple[str, ...], row: MappingRow) -> str:
    block = next((b for b in row.mapping.blocks if b["id"] == row.block), None)
    if block and names[0] == block.get("as", "line"):
        return f"{block.get('each', '')}." + ".".join(names[1:])
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
    path = _canonical(tree.names, row)
    found = next((f for f in entity.fields if f.path.replace("[]", "") == path), None)
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
    found = (
        _accounts(table.name, seen, targets)
        if table.name in CHARTS
        else {one.code: _ranked(one, targets) for one in seen}
    )
    return {
        code: [offer for offer in offers if offer.confidence >= SHOWN]
        for code, offers in found.items()
    }


def _accounts(name: str, seen: list[SeenCode], targets: dict[str, Code]) -> dict[str, list[Offer]]:
    implied = CHARTS[name]
    chart = Chart(
        [
            Account(c.key, c.label, c.code, c.detail.get("type", "") or implied)
            for c in targets.values()
        ]
    )
    found = {}
    for one in seen:
        ranked = chart.rank(_account(one, implied), KEPT)
        offers = [_offered(one, targets[m.key], m) for m in ranked]
        found[one.code] = sorted(offers, key=lambda offer: -offer.confidence)
    return found


def _account(one: SeenCode, implied: str) -> Account:
    """A source code as an account: itself, or the account it goes to in its own system."""
    if "account_label" in one.detail:
        kind = one.detail["account_type"] or implied
        return Account(one.code, one.detail["account_label"], one.detail["account"], kind)
    return Account(one.code, one.label or one.code, one.code, one.detail.get("type", "") or implied)


def _offered(one: SeenCode, code: Code, match: AccountMatch) -> Offer:
    score, words, water = _with_details(match.confidence, one.detail, code.detail, match.waterfall)
    said = match.sentence
    if "account_label" in one.detail:
        said = f"Goes to {one.detail['account']} {one.detail['account_label']} there. {said}"
    if words:
        said = f"{said.removesuffix('.')}{words}."
    return Offer(code.key, code.code, code.label, round(score, 3), "Similarity", said, water)


def _ranked(one: SeenCode, targets: dict[str, Code]) -> list[Offer]:
    """The targets whose words or details fit, best first."""
    start = Waterfall.among(len(targets))
    offers = (
        _by_words(one, code, start) or _by_detail(one, code, start)
        for code in targets.values()
        if not _other_rate(one, code)
    )
    found = [offer for offer in offers if offer is not None]
    return sorted(found, key=lambda offer: -offer.confidence)[:KEPT]


def _other_rate(one: SeenCode, code: Code) -> bool:
    """Whether the rates are known and differ: posting tax at another rate is a person's to decide."""
    told = one.detail.get("rate"), code.detail.get("rate")
    return all(told) and _figure(told[0]) != _figure(told[1])


def _by_words(one: SeenCode, code: Code, start: Waterfall) -> Offer | None:
    # The key may be a number of the vendor's own, which says nothing: it is not compared.
    score, why = alike((one.code, one.label), (code.code, code.label))
    if score < ENOUGH:
        return None
    surer, words, water = _with_details(
        score, one.detail, code.detail, start.then("words", why, min(score, MOST))
    )
    sentence = f"{why[:1].upper()}{why[1:]} ({score:.2f}){words}."
    method = "Identity" if score >= 1 else "Similarity"
    return Offer(code.key, code.code, code.label, round(surer, 3), method, sentence, water)


def _by_detail(one: SeenCode, code: Code, start: Waterfall) -> Offer | None:
    """A target that shares no word but the very rate or days, such as 20 % of VAT on income."""
    rate = _figure(one.detail.get("rate"))
    same_rate = bool(rate) and rate == _figure(code.detail.get("rate"))
    both_days = "days" in one.detail and "days" in code.detail
    if not same_rate and not (both_days and one.detail["days"] == code.detail["days"]):
        return None
    bare = start.then("words", "no word in common", DETAIL_ALONE)
    score, words, water = _with_details(DETAIL_ALONE, one.detail, code.detail, bare)
    said = f"No word in common{words}."
    return Offer(code.key, code.code, code.label, round(score, 3), "Similarity", said, water)


# Before its details are compared: a target of the same rate or days among a short list.
DETAIL_ALONE = 0.30


# What an equal or a differing detail (days, discount, rate) does to the odds: equal days among a
# handful of terms are strong evidence, different ones rule a pair out for practical purposes.
EQUAL_ODDS, DIFFERENT_ODDS = 6.0, 0.05
# However alike the words, details may still speak against a pair.
MOST = 0.98


def _with_details(
    score: float, left: dict[str, str], right: dict[str, str], water: Waterfall
) -> tuple[float, str, Waterfall]:
    """The score after comparing the numbers both sides tell, the words for it, and its way there."""
    if score > MOST:
        score = MOST
        water = water.then("caution", "two lists are never known to mean quite the same", MOST)
    odds = score / (1 - score)
    words = ""
    for name in ("days", "discount", "rate", "currency"):
        if name not in left and name not in right:
            continue
        a, b = _said(name, left), _said(name, right)
        # A missing discount is a discount of nothing; missing days or rates say nothing.
        if name != "discount" and (name not in left or name not in right):
            continue
        same = a == b
        odds *= EQUAL_ODDS if same else DIFFERENT_ODDS
        told = b if isinstance(b, str) else f"{b.normalize():f}"
        said = f"{'same' if same else 'another'} {name} ({told})"
        words += f", {said}"
        water = water.then(name, said, odds / (1 + odds))
    return odds / (1 + odds), words, water


def _said(name: str, detail: dict[str, str]) -> Decimal | str:
    return detail.get(name, "") if name == "currency" else _figure(detail.get(name))


def _figure(text: str | None) -> Decimal:
    try:
        return Decimal(text or "0")
    except InvalidOperation:
        return Decimal(0)
