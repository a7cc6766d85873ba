from __future__ import annotations

from typing import Any

import pytest

from connectors.emulation.faults import Fault, FaultKind
from connectors.emulation.serve import Running
from connectors.syspro import facts
from connectors.syspro.connector import SysproConnector
from engine.schema.model import FieldType, SystemSchema, Visibility


@pytest.fixture
def schema(syspro: SysproConnector) -> SystemSchema:
    return syspro.snapshot(sample=20)


def test_every_table_and_column_of_the_catalogue_is_there(schema: SystemSchema) -> None:
    assert len(schema.entities) == len(facts.tables()) == 55
    for table in facts.tables().values():
        entity = schema.entity(table.name)
        assert entity is not None
        assert {c.name for c in table.columns} <= {f.path for f in entity.fields}


def test_facts_of_the_catalogue_arrive_in_the_fields(schema: SystemSchema) -> None:
    order = schema.entity("SorMaster")
    assert order is not None
    status = order.field("OrderStatus")
    customer = order.field("Customer")
    assert status is not None
    assert customer is not None
    assert dict(status.enum)["9"] == "complete"
    assert status.read_only
    assert (customer.type, customer.references) == (FieldType.REFERENCE, "ArCustomer.Customer")
    assert customer.length == 15
    assert order.keys == ("SalesOrder",)
    lines = schema.entity("SorDetail")
    assert lines is not None
    assert lines.lines_of == "SorMaster"
    assert order.field("SorDetail[].MStockCode") is not None


@pytest.mark.proves("syspro", "Custom form fields", "describe")
def test_custom_fields_are_found_with_prompt_type_and_length(schema: SystemSchema) -> None:
    order, customer = schema.entity("SorMaster"), schema.entity("ArCustomer")
    assert order is not None
    assert customer is not None
    document = order.field("CusSorMaster.InvoiceDocId")
    rebate = customer.field("CusArCustomer.RebatePct")
    assert document is not None
    assert rebate is not None
    assert (document.label, document.length, document.custom) == ("Invoice in the books", 50, True)
    assert not document.read_only
    assert (rebate.type, rebate.scale) == (FieldType.DECIMAL, 2)
    assert order.field("SorDetail[].CusSorDetailMerch.Engraving") is not None


@pytest.mark.golden(28)
def test_columns_hidden_by_operator_security_are_not_called_missing(connect: Any) -> None:
    schema = connect(operator="CLERK").snapshot(sample=5)
    found = {(e.name, f.path): f.visibility for e, f in schema.each_field()}
    assert found["InvWarehouse", "UnitCost"] is Visibility.HIDDEN
    assert found["SorMaster", "SorDetail[].MUnitCost"] is Visibility.HIDDEN
    assert found["InvWarehouse", "QtyOnHand"] is Visibility.SEEN
    assert Visibility.MISSING not in found.values()
    assert schema.looked_as == "CLERK in EDU1"


@pytest.mark.parametrize(
    ("change", "expected"), [("removed", Visibility.MISSING), ("hidden", Visibility.HIDDEN)]
)
def test_a_schema_change_is_seen(
    syspro: SysproConnector, served: Running, change: str, expected: Visibility
) -> None:
    detail = {"entity": "ArCustomer", "field": "Telephone", "change": change}
    fault = Fault(kind=FaultKind.SCHEMA_CHANGE, count=None, detail=detail)
    served.emulator.faults.arm(fault)  # type: ignore[attr-defined]
    entity = syspro.snapshot(sample=5).entity("ArCustomer")
    assert entity is not None
    field = entity.field("Telephone")
    assert field is not None
    assert field.visibility is expected


def test_a_renamed_column_is_missing_under_the_old_name_and_seen_under_the_new(
    syspro: SysproConnector, served: Running
) -> None:
    detail = {"entity": "ArCustomer", "field": "Fax", "change": "rename", "to": "FaxNumber"}
    fault = Fault(kind=FaultKind.SCHEMA_CHANGE, count=None, detail=detail)
    served.emulator.faults.arm(fault)  # type: ignore[attr-defined]
    entity = syspro.snapshot(sample=5).entity("ArCustomer")
    assert entity is not None
    old, new = entity.field("Fax"), entity.field("FaxNumber")
    assert old is not None
    assert new is not None
    assert (old.visibility, new.visibility) == (Visibility.MISSING, Visibility.SEEN)


def test_profiles_come_from_the_sample(schema: SystemSchema) -> None:
    customers = schema.entity("ArCustomer")
    assert customers is not None
    name = customers.field("Name")
    assert name is not None
    assert name.profile is not None
    assert name.profile.rows == 20
    assert name.profile.distinct == 20


def test_company_facts_are_read_from_the_logon_profile(schema: SystemSchema) -> None:
    assert schema.facts["base_currency"] == "USD"
    assert schema.facts["warehouse"] == "FG"
    assert schema.version == "8.0"
