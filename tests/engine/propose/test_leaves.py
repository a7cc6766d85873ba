from __future__ import annotations

import pytest

from engine.propose.leaves import leaves_of
from engine.schema.model import EntitySchema, FieldSchema, SystemSchema


def words(*paths: str, label: str = "Table") -> dict[str, tuple[str, ...]]:
    """The words of every field of an entity that has these."""
    fields = tuple(FieldSchema(p) for p in paths)
    schema = SystemSchema("s", entities=(EntitySchema("t", label, fields),))
    return {one.field.path: one.words for one in leaves_of(schema, ["t"])}


def test_an_object_with_one_member_names_it() -> None:
    found = words("MainPhone.FreeFormNumber", "Name")
    assert found["MainPhone.FreeFormNumber"] == ("main", "phone")


def test_the_only_member_keeps_what_its_own_name_says() -> None:
    assert words("Discount.Percentage", "Name")["Discount.Percentage"] == ("discount", "percent")


def test_an_object_that_holds_other_objects_does_not_name_its_member() -> None:
    found = words("Rows.LineNo", "Rows.Product.Code", "Rows.Product.Weight")
    assert found["Rows.LineNo"] == ("line", "number")


def test_a_numbered_line_is_no_city_where_its_address_has_one() -> None:
    lines = [f"MailAddr.Line{n}" for n in range(1, 6)]
    found = words(*lines, "MailAddr.City", "MailAddr.PostCode")
    assert "city" not in found["MailAddr.Line3"]
    assert "city" in words(*lines, "MailAddr.PostCode")["MailAddr.Line3"]


def test_a_letter_before_the_names_of_many_fields_says_nothing() -> None:
    names = ["StockCode", "OrderQty", "Price", "Warehouse", "DueDate", "Discount"]
    found = words(*(f"M{n}" for n in names), "XRate")
    assert found["MStockCode"] == ("stock", "code")
    assert found["XRate"] == ("x", "rate")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("OrderDate", ("document", "date")),
        ("CustomerOrderNo", ("customer", "order", "number")),
        ("PurchaseOrderNo", ("purchase", "order", "number")),
    ],
)
def test_the_customers_order_is_not_the_sales_order_itself(
    path: str, said: tuple[str, ...]
) -> None:
    assert words(path, "Status", label="Sales order")[path] == said
