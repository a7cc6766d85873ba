"""Tables and links that are proposed: only such as exist, and only where the source fits them."""

from __future__ import annotations

import pytest

from engine.canon.fields import canonical_schema
from engine.propose.expression import TABLES, expression_for
from engine.propose.leaves import leaves_of
from engine.schema.model import EntitySchema, FieldSchema, SystemSchema

F = FieldSchema


def made(source: FieldSchema, target: FieldSchema, *, of: str = "Invoice") -> dict[str, object]:
    system = SystemSchema("x", entities=(EntitySchema("order", fields=(source, F("note"))),))
    cloud = SystemSchema("y", entities=(EntitySchema(of, fields=(target, F("Memo"))),))
    left, right = leaves_of(system, ["order"])[0], leaves_of(cloud, [of])[0]
    return dict(expression_for(left, right))


@pytest.mark.parametrize(
    ("source", "target", "formula"),
    [
        (F("tax_code"), F("TaxCodeRef.value", references="TaxCode.Id"), 'LOOKUP("tax_codes", tax_code)'),
        (F("terms"), F("SalesTermRef.value", references="Term.Id"), 'LOOKUP("terms", terms)'),
        (F("terms"), F("TermsCode", references="TblArTerms.TermsCode"), 'LOOKUP("terms", terms)'),
        (F("branch"), F("DepartmentRef.value", references="Department.Id"), 'LOOKUP("branches", branch)'),
        (F("method"), F("PaymentMethodRef.value", references="PaymentMethod.Id"), 'LOOKUP("payment_methods", method)'),
        (F("account"), F("IncomeAccountRef.value", references="Account.Id"), 'LOOKUP("accounts", account)'),
        (F("product_class"), F("IncomeAccountRef.value", references="Account.Id"), 'LOOKUP("income_accounts", product_class)'),
        (F("product_class"), F("ExpenseAccountRef.value", references="Account.Id"), 'LOOKUP("expense_accounts", product_class)'),
        (F("currency"), F("CurrencyRef.value", references="CompanyCurrency.Code"), "currency"),
        (F("item"), F("ItemRef.value", references="Item.Id"), 'LINK("item", item)'),
        (F("party"), F("CustomerRef.value", references="Customer.Id"), 'LINK("customer", party)'),
    ],
)  # fmt: skip
def test_a_reference_is_filled_from_what_the_product_keeps(
    source: FieldSchema, target: FieldSchema, formula: str
) -> None:
    found = made(source, target)
    assert found["formula"] == formula
    assert "doubt" not in found


@pytest.mark.parametrize(
    ("target", "named"),
    [
        (F("ShipMethodRef.value", references="ShipMethod.Id"), "ship method"),
        (F("ClassRef.value", references="Class.Id"), "class"),
        (F("TaxClassificationRef.value", references="TaxClassification.Code"), "tax classification"),
        (F("TaxRateRef.value", references="TaxRate.Id"), "tax rate"),
    ],
)  # fmt: skip
def test_where_there_is_no_table_the_candidate_says_so(target: FieldSchema, named: str) -> None:
    found = made(F("reference"), target)
    assert f"there is none for “{named}”" in str(found["doubt"])
    assert found["table"] not in TABLES.values()


def test_an_account_is_not_the_key_of_an_item() -> None:
    found = made(F("asset_account"), F("ItemRef.value", references="Item.Id"))
    assert "LINK" not in str(found["formula"])
    assert "does not say which item" in str(found["doubt"])


def test_the_account_of_an_item_is_no_link_to_an_item() -> None:
    target = F("ItemAssetAccountRef.value", references="Account.Id")
    assert made(F("asset_account"), target)["formula"] == 'LOOKUP("accounts", asset_account)'


def test_the_number_of_a_credit_note_is_no_link_to_the_invoice_it_credits() -> None:
    schema = canonical_schema()
    own = next(
        leaf for leaf in leaves_of(schema, ["credit_note"]) if leaf.field.path == "invoice_number"
    )
    target = SystemSchema(
        "y", entities=(EntitySchema("CreditMemo", fields=(F("InvoiceRef.value", references="Invoice.Id"),)),)
    )  # fmt: skip

    found = expression_for(own, leaves_of(target, ["CreditMemo"])[0])

    assert "LINK" not in str(found["formula"])
    assert "does not say which invoice" in str(found["doubt"])
