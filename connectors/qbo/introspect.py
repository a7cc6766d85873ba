"""What this company's data looks like: the catalogue, live lists, custom fields, value profiles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from connectors.qbo.catalogue import EntityFacts, Fact, catalogue, expand
from connectors.qbo.client import Json, QboClient
from connectors.qbo.describe import describe, label
from connectors.qbo.facts import MINOR_VERSION, NAMED_BY, SYSTEM
from connectors.qbo.source import everything
from connectors.qbo.translate import CUSTOM, inbound
from engine.errors import RemoteRejected, SurpriseAnswer
from engine.schema.model import (
    EntitySchema,
    FieldSchema,
    FieldType,
    JsonValue,
    Record,
    SystemSchema,
    Visibility,
)
from engine.schema.profile import guess_type, profile

_TYPES = {
    "s": FieldType.STRING,
    "d": FieldType.DECIMAL,
    "i": FieldType.INTEGER,
    "b": FieldType.BOOLEAN,
    "D": FieldType.DATE,
    "T": FieldType.DATETIME,
    "e": FieldType.ENUM,
    "o": FieldType.OBJECT,
    "A": FieldType.OBJECT,
    "a": FieldType.ARRAY,
    "r": FieldType.REFERENCE,
}
_SETS = ("Account", "TaxCode", "Term", "PaymentMethod", "Class", "Department", "CompanyCurrency")
"""Small lists whose members become the enumeration of the references to them."""

_MOST_CHOICES = 200
_SALES = frozenset({"Invoice", "SalesReceipt", "CreditMemo", "RefundReceipt", "Estimate"})
_CENTS = 2


class QboIntrospector:
    """Implements ``engine.ports.Introspector``."""

    def __init__(self, client: QboClient) -> None:
        self._client = client

    def snapshot(self, *, sample: int = 200) -> SystemSchema:
        """Entities, fields, custom fields and value profiles from ``sample`` records each."""
        company = self._client.get("CompanyInfo", "")
        preferences = self._client.get("Preferences", "")
        choices = {name: self._choices(name) for name in _SETS}
        entities = tuple(
            self._entity(facts, sample, preferences, choices)
            for facts in catalogue().values()
            if facts.can("Q")
        )
        return SystemSchema(
            system=SYSTEM,
            version=MINOR_VERSION,
            entities=entities,
            looked_as=f"realm {self._client.realm}",
            facts=company_facts(company, preferences),
        )

    def _choices(self, entity: str) -> tuple[tuple[str, str], ...]:
        rows, _ = self._client.query(everything(entity).page(1, _MOST_CHOICES + 1))
        if len(rows) > _MOST_CHOICES:
            return ()
        key = "Code" if entity == "CompanyCurrency" else "Id"
        return tuple((str(r.get(key, "")), _shown(entity, r)) for r in rows)

    def _entity(
        self,
        facts: EntityFacts,
        sample: int,
        preferences: Json,
        choices: dict[str, tuple[tuple[str, str], ...]],
    ) -> EntitySchema:
        try:
            rows, _ = self._client.query(everything(facts.name).page(1, min(max(sample, 1), 1000)))
        except (RemoteRejected, SurpriseAnswer):
            rows = []  # not part of this subscription, or not queryable here: facts alone
        records = [inbound(facts.name, r) for r in rows[:sample]]
        values = _values(records)
        fields = [
            _field(facts, fact, values, choices, len(records))
            for stated in facts.fields
            for fact in expand(stated)
        ]
        fields += _custom(facts, preferences, values, len(records))
        known = {f.path for f in fields}
        fields += [
            _unknown(path, values[path], len(records))
            for path in values
            if path not in known and not path.startswith((f"{CUSTOM}.", "status"))
        ]
        return EntitySchema(
            name=facts.name,
            label=facts.label,
            fields=tuple(fields),
            keys=("Id",),
            description=describe(facts.name, ""),
        )


def company_facts(company: Json, preferences: Json) -> dict[str, str]:
    """Short facts that switch mapping rules: country, currency, numbering, closing date, edition."""
    pairs = {str(p.get("Name")): str(p.get("Value")) for p in company.get("NameValue") or ()}
    return {
        "name": str(company.get("CompanyName", "")),
        "country": str(company.get("Country", "")),
        "edition": pairs.get("OfferingSku", ""),
        "base_currency": _dig(preferences, "CurrencyPrefs.HomeCurrency.value"),
        "multicurrency": _dig(preferences, "CurrencyPrefs.MultiCurrencyEnabled") or "false",
        "lock_date": _dig(preferences, "AccountingInfoPrefs.BookCloseDate"),
        "sales_tax": _dig(preferences, "TaxPrefs.UsingSalesTax") or "false",
        "automated_sales_tax": _dig(preferences, "TaxPrefs.PartnerTaxEnabled") or "false",
        "own_numbers": _dig(preferences, "SalesFormsPrefs.CustomTxnNumbers") or "false",
        "classes": _dig(preferences, "AccountingInfoPrefs.ClassTrackingPerTxnLine") or "false",
        "locations": _dig(preferences, "AccountingInfoPrefs.TrackDepartments") or "false",
        "inventory": _dig(preferences, "ProductAndServicesPrefs.QuantityOnHand") or "false",
    }


def _dig(values: Any, path: str) -> str:
    for step in path.split("."):
        values = values.get(step) if isinstance(values, dict) else None
    if isinstance(values, bool):
        return "true" if values else "false"
    return "" if values is None else str(values)


def _shown(entity: str, row: Json) -> str:
    name = str(
        row.get("FullyQualifiedName") or row.get(NAMED_BY[entity], "") or row.get("Name", "")
    )
    number = f"{row['AcctNum']} " if row.get("AcctNum") else ""
    return f"{number}{name}" + ("" if row.get("Active", True) else " (inactive)")


def _values(records: list[Record]) -> dict[str, list[JsonValue]]:
    """Every value in the sample by schema path, in the order first seen."""
    found: dict[str, list[JsonValue]] = {}
    for one in records:
        for path, value in _walk("", one):
            found.setdefault(path, []).append(value)
    return found


def _walk(path: str, value: JsonValue) -> Iterator[tuple[str, JsonValue]]:
    if isinstance(value, dict):
        if path:
            yield path, None
        for name, inner in value.items():
            yield from _walk(f"{path}.{name}" if path else name, inner)
    elif isinstance(value, list):
        yield f"{path}[]", None
        for inner in value:
            if isinstance(inner, dict):
                yield from ((p, v) for p, v in _walk(f"{path}[]", inner) if p != f"{path}[]")
    else:
        yield path, value


def _field(
    facts: EntityFacts,
    fact: Fact,
    values: dict[str, list[JsonValue]],
    choices: dict[str, tuple[tuple[str, str], ...]],
    rows: int,
) -> FieldSchema:
    seen = values.get(fact.path)
    enum = tuple((v, "") for v in fact.enum)
    if fact.path.endswith(".value") and fact.references in choices:
        enum = choices[fact.references]
    money = fact.type == "d" and fact.path.rpartition(".")[2] not in (
        "Qty",
        "UnitPrice",
        "ExchangeRate",
    )
    scalar = fact.type not in "oaAr"
    return FieldSchema(
        path=fact.path,
        label=label(fact.path),
        type=_TYPES[fact.type],
        length=fact.length,
        scale=_CENTS if money else None,
        required=fact.required,
        read_only=fact.read_only and fact.path != "Id",
        enum=enum,
        references=fact.references,
        description=describe(facts.name, fact.path),
        key=fact.path == "Id",
        visibility=Visibility.SEEN if seen else Visibility.CATALOGUE,
        profile=profile(_padded(seen, fact.path, rows)) if seen and scalar else None,
    )


def _padded(seen: list[JsonValue], path: str, rows: int) -> list[JsonValue]:
    """Header fields count the records that lack them; line fields count lines that have them."""
    return seen if "[]" in path else [*seen, *([None] * max(0, rows - len(seen)))]


def _custom(
    facts: EntityFacts, preferences: Json, values: dict[str, list[JsonValue]], rows: int
) -> list[FieldSchema]:
    """The company's own fields on sales forms, from the preferences; flat as ``Custom.<id>``."""
    found = []
    for number, name in custom_fields(preferences) if facts.name in _SALES else ():
        path = f"{CUSTOM}.{number}"
        found.append(
            FieldSchema(
                path=path,
                label=name,
                type=FieldType.STRING,
                length=31,
                description=f"Custom field “{name}” of sales forms, defined by this company",
                custom=True,
                visibility=Visibility.SEEN,
                profile=profile(_padded(values.get(path, []), path, rows)),
            )
        )
    return found


def custom_fields(preferences: Json) -> list[tuple[str, str]]:
    """Active custom fields of sales forms: definition id and name."""
    blocks = (preferences.get("SalesFormsPrefs") or {}).get("CustomField") or []
    named = {
        str(f.get("Name", "")).rpartition(".")[2]: f
        for b in blocks
        for f in (b.get("CustomField") or ())
    }
    found = []
    for number in ("1", "2", "3"):
        name = named.get(f"SalesCustomName{number}", {}).get("StringValue")
        if name and named.get(f"UseSalesCustom{number}", {}).get("BooleanValue"):
            found.append((number, str(name)))
    return found


def _unknown(path: str, seen: list[JsonValue], rows: int) -> FieldSchema:
    """A field the live answers have and the documentation does not: reported, never dropped."""
    kind = FieldType.ARRAY if path.endswith("[]") else guess_type(seen)
    if all(v is None for v in seen) and kind is not FieldType.ARRAY:
        kind = FieldType.OBJECT
    made = FieldSchema(
        path=path,
        label=label(path),
        type=kind,
        description="Seen in live answers; not in Intuit's documentation that we hold",
        visibility=Visibility.SEEN,
    )
    return (
        made
        if kind in (FieldType.OBJECT, FieldType.ARRAY)
        else replace(made, profile=profile(_padded(seen, path, rows)))
    )
