from __future__ import annotations

from connectors.emulation.faults import FaultKind
from connectors.qbo.catalogue import catalogue, expand
from engine.schema.model import FieldType, Visibility


def test_a_snapshot_holds_every_documented_field_with_its_facts(bench):
    schema = bench.connector.snapshot()
    assert len(schema.entities) >= 25
    for entity, facts in catalogue().items():
        seen = schema.entity(entity)
        assert seen is not None, entity
        fields = {f.path: f for f in seen.fields}
        for stated in facts.fields:
            for fact in expand(stated):
                field = fields[fact.path]
                assert field.length == fact.length
                assert field.required == fact.required
                assert field.references == fact.references
                assert field.description
                if fact.enum:
                    assert [v for v, _ in field.enum] == list(fact.enum)


def test_references_to_small_lists_offer_the_companys_own_choices(bench):
    schema = bench.connector.snapshot(sample=5)
    terms = schema.entity("Invoice").field("SalesTermRef.value")
    assert ("1", "Net 30") in terms.enum
    codes = schema.entity("Invoice").field("TxnTaxDetail.TxnTaxCodeRef.value")
    assert ("2", "Texas Sales Tax") in codes.enum
    accounts = dict(schema.entity("Item").field("IncomeAccountRef.value").enum)
    assert "4000 Sales of Product Income" in accounts.values()


def test_custom_fields_and_facts_come_from_the_live_preferences(bench):
    schema = bench.connector.snapshot(sample=5)
    own = [f for f in schema.entity("Invoice").fields if f.custom]
    assert [(f.path, f.label) for f in own] == [("Custom.1", "Sales order"), ("Custom.2", "Rep")]
    assert schema.facts["lock_date"] == "2026-03-31"
    assert schema.facts["base_currency"] == "USD"
    assert schema.facts["own_numbers"] == "true"


def test_a_profile_counts_the_records_without_a_value_too(bench):
    schema = bench.connector.snapshot(sample=20)
    mail = schema.entity("Customer").field("PrimaryEmailAddr.Address")
    assert mail.profile.rows == 20
    assert 0 < mail.profile.filled <= 20
    price = schema.entity("Invoice").field("Line[].Amount")
    assert price.type is FieldType.DECIMAL
    assert price.profile.filled >= 20


def test_a_field_nobody_documented_and_a_hidden_one_show_in_the_snapshot(bench):
    before = bench.connector.snapshot(sample=10)
    assert (
        before.entity("Customer").field("PrimaryPhone.FreeFormNumber").visibility is Visibility.SEEN
    )
    detail = {"entity": "Customer", "field": "PrimaryPhone", "change": "rename", "to": "MainPhone"}
    bench.arm(FaultKind.SCHEMA_CHANGE, detail=detail, count=None)
    after = bench.connector.snapshot(sample=10)
    customer = after.entity("Customer")
    assert customer.field("PrimaryPhone").visibility is Visibility.CATALOGUE
    assert customer.field("MainPhone.FreeFormNumber").visibility is Visibility.SEEN
