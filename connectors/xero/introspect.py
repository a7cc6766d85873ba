"""What this organisation's data looks like: catalogue facts, live codes, value profiles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

from connectors.xero import catalogue
from connectors.xero.client import XeroApi
from connectors.xero.facts import API, PAGE, SYSTEM
from connectors.xero.source import XeroSource
from engine.errors import PermissionMissing, RemoteRejected
from engine.ports import SourceRecord
from engine.schema.model import (
    EntitySchema,
    FieldSchema,
    JsonValue,
    SystemSchema,
    Visibility,
)
from engine.schema.profile import profile

_LINES = {"Invoice", "CreditNote", "BankTransaction", "PurchaseOrder", "Quote"}
_MOST_OPTIONS = 100


class XeroIntrospector:
    """Implements ``engine.ports.Introspector``: one call per entity."""

    def __init__(self, api: XeroApi, source: XeroSource) -> None:
        self._api = api
        self._source = source

    def snapshot(self, *, sample: int = 200) -> SystemSchema:
        """Read entities, fields, live codes and value profiles from ``sample`` records each."""
        samples = {name: self._sample(name, sample) for name in catalogue.resources()}
        facts = self._facts(samples)
        codes = _codes(samples)
        lines = [
            row
            for name in _LINES
            for record in samples[name] or ()
            for row in _rows(record.data.get("LineItems"))
        ]
        made = []
        for entity in catalogue.entities():
            found = samples.get(entity.name)
            if entity.name == "LineItem":
                made.append(_profiled(entity, lines, codes))
            elif found is None:
                made.append(_hidden(entity))
            else:
                made.append(_profiled(entity, [r.data for r in found], codes))
        return SystemSchema(
            system=SYSTEM,
            version=catalogue.version(),
            entities=tuple(made),
            looked_as=f"{API} of {facts.get('name', '')}",
            facts=facts,
        )

    def _sample(self, entity: str, sample: int) -> list[SourceRecord] | None:
        """Some records; None where the scopes do not reach them."""
        try:
            return list(self._source.changes(entity, limit=max(1, min(sample, PAGE))).records)
        except (PermissionMissing, RemoteRejected):
            return None

    def _facts(self, samples: dict[str, list[SourceRecord] | None]) -> dict[str, str]:
        """Facts of the organisation; ``lock_date`` is the later of both lock dates, empty if none."""
        rows = samples.get("Organisation") or ()
        facts: dict[str, str] = {}
        for record in rows:
            held = record.data
            for fact, name in (
                ("name", "Name"),
                ("legal_name", "LegalName"),
                ("base_currency", "BaseCurrency"),
                ("country", "CountryCode"),
                ("region", "Version"),
                ("tax_number", "TaxNumber"),
                ("timezone", "Timezone"),
                ("edition", "Class"),
                ("sales_tax_basis", "SalesTaxBasis"),
                ("default_sales_tax", "DefaultSalesTax"),
                ("period_lock_date", "PeriodLockDate"),
                ("end_of_year_lock_date", "EndOfYearLockDate"),
                ("financial_year_end_month", "FinancialYearEndMonth"),
                ("demo", "IsDemoCompany"),
            ):
                if held.get(name) not in (None, ""):
                    facts[fact] = str(held[name])
        locks = [facts[k] for k in ("period_lock_date", "end_of_year_lock_date") if k in facts]
        if locks:
            facts["lock_date"] = max(locks)
            day = date.fromisoformat(facts["lock_date"]) + timedelta(days=1)
            facts["first_open_date"] = day.isoformat()
        for fact, entity, name in (
            ("currencies", "Currency", "Code"),
            ("tracking_categories", "TrackingCategory", "Name"),
        ):
            values = [str(r.data.get(name, "")) for r in samples.get(entity) or ()]
            if values:
                facts[fact] = ", ".join(values)
        facts["rounding"] = "per line, half up, tax of a document is the sum of its lines"
        facts["unit_price_decimals"] = "4"
        return facts


def _rows(value: JsonValue) -> Iterable[dict[str, JsonValue]]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def _codes(samples: dict[str, list[SourceRecord] | None]) -> dict[str, tuple[tuple[str, str], ...]]:
    """Live code lists by the last name of the fields that take them."""

    def pairs(entity: str, code: str, name: str, state: str = "") -> tuple[tuple[str, str], ...]:
        made = []
        for record in samples.get(entity) or ():
            alive = not state or record.data.get(state) in (None, "ACTIVE")
            if alive and record.data.get(code):
                made.append((str(record.data[code]), str(record.data.get(name) or "")))
        return tuple(made[:_MOST_OPTIONS])

    taxes = pairs("TaxRate", "TaxType", "Name", "Status")
    accounts = pairs("Account", "Code", "Name", "Status")
    currencies = pairs("Currency", "Code", "Description")
    return {
        "TaxType": taxes,
        "AccountCode": accounts,
        "COGSAccountCode": accounts,
        "InventoryAssetAccountCode": accounts,
        "CurrencyCode": currencies,
        "DefaultCurrency": currencies,
    }


def _values(value: JsonValue, parts: tuple[str, ...]) -> Iterable[JsonValue]:
    if not parts:
        yield value
    elif isinstance(value, dict):
        inner = value.get(parts[0].removesuffix("[]"))
        if parts[0].endswith("[]"):
            for one in inner if isinstance(inner, list) else ():
                yield from _values(one, parts[1:])
        else:
            yield from _values(inner, parts[1:])
    else:
        yield None


def _profiled(
    entity: EntitySchema,
    rows: list[dict[str, JsonValue]],
    codes: dict[str, tuple[tuple[str, str], ...]],
) -> EntitySchema:
    return replace(entity, fields=tuple(_field(one, rows, codes) for one in entity.fields))


def _field(
    one: FieldSchema,
    rows: list[dict[str, JsonValue]],
    codes: dict[str, tuple[tuple[str, str], ...]],
) -> FieldSchema:
    parts = tuple(one.path.split("."))
    values = [v for row in rows for v in _values(row, parts)]
    found = profile(values)
    live = codes.get(parts[-1].removesuffix("[]"), ())
    return replace(
        one,
        enum=live or one.enum,
        visibility=Visibility.SEEN if found.filled else Visibility.CATALOGUE,
        profile=found if rows else None,
    )


def _hidden(entity: EntitySchema) -> EntitySchema:
    """An entity that the granted scopes do not reach."""
    return replace(
        entity, fields=tuple(replace(f, visibility=Visibility.HIDDEN) for f in entity.fields)
    )
