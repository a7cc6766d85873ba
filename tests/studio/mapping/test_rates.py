"""A tax code of another rate is a person's to choose, knowing both rates; nothing proposes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from studio.accounts.models import User
from studio.catalog.models import Code, Connection
from studio.core.action import Actor
from studio.core.models import AuditEvent
from studio.mapping.actions import (
    ValueChoice,
    accept_values,
    add_lookup_row,
    decide_value,
    propose_lookup_values,
)
from studio.mapping.models import LookupRow, LookupTable, Mapping, ValueProposal
from studio.mapping.rates import RateDiffers

pytestmark = pytest.mark.django_db

BOTH = "“R” is 5 % in Harbour Tools ERP, “20% (VAT on Expenses)” is 20 % in Harbour Tools US."


@pytest.fixture
def taxes(erp: Connection, books: Connection) -> LookupTable:
    """Tax codes of purchases: R of 5 %, and what the books have for 5, 20 and no rate that is known."""
    mapping = Mapping.objects.create(
        workspace=books.workspace,
        connection=books,
        direction="outbound",
        entity="Bill",
        document="supplier_invoice",
    )
    mapping.fed_by.add(erp)
    Code.objects.create(
        connection=erp, kind="tax_code", key="R", code="R", label="Reduced", detail={"rate": "5.00"}
    )
    for key, label, detail in (
        ("5", "5% (VAT on Expenses)", {"rate": "5"}),
        ("20", "20% (VAT on Expenses)", {"rate": "20"}),
        ("X", "Exempt", {}),
    ):
        Code.objects.create(
            connection=books, kind="purchase_tax_code", key=key, label=label, detail=detail
        )
    return LookupTable.objects.create(
        workspace=books.workspace,
        connection=books,
        name="purchase_tax_codes",
        label="Tax codes of purchases",
        code_kind="purchase_tax_code",
    )


def shown(*keys: str) -> list[dict[str, Any]]:
    return [
        {
            "key": k,
            "code": "",
            "label": k,
            "confidence": 0.9,
            "word": "strong",
            "method": "Similarity",
        }
        | {"sentence": "Like words.", "waterfall": []}
        for k in keys
    ]


@pytest.fixture
def code(taxes: LookupTable) -> ValueProposal:
    return ValueProposal.objects.create(
        table=taxes, source="R", candidates=shown("20", "5"), confidence=0.9
    )


def test_another_rate_is_refused_with_both_rates_until_somebody_says_it_is_meant(
    accountant: Actor, code: ValueProposal
) -> None:
    for choice in (ValueChoice(), ValueChoice(target="20")):
        with pytest.raises(RateDiffers) as refused:
            decide_value(accountant, code, "approved", choice)
        assert refused.value.sentence == BOTH
    assert not LookupRow.objects.exists()

    decide_value(accountant, code, "approved", ValueChoice(target="20", aware=True))

    assert LookupRow.objects.get().target == "20"
    assert AuditEvent.objects.get(key="lookup.approved").data["despite"] == BOTH


@pytest.mark.parametrize("target", ["5", "X"])
def test_the_same_rate_or_one_that_is_not_known_asks_nothing(
    accountant: Actor, code: ValueProposal, target: str
) -> None:
    decide_value(accountant, code, "approved", ValueChoice(target=target))

    assert LookupRow.objects.get().target == target


def test_a_row_added_by_hand_is_asked_about_too(accountant: Actor, taxes: LookupTable) -> None:
    with pytest.raises(RateDiffers):
        add_lookup_row(accountant, taxes, "R", "20")

    assert add_lookup_row(accountant, taxes, "R", "20", aware=True).target == "20"


def test_many_at_once_leave_another_rate_and_name_both(
    accountant: Actor, code: ValueProposal, taxes: LookupTable
) -> None:
    plain = ValueProposal.objects.create(table=taxes, source="Z", candidates=shown("X"))

    result = accept_values(accountant, [code, plain])

    assert [one.source for one in result.done] == ["Z"]
    assert BOTH in result.sentence


def test_nothing_proposes_another_rate_however_alike_the_words(
    accountant: Actor, erp: Connection, taxes: LookupTable
) -> None:
    Code.objects.filter(connection=erp).update(label="20% (VAT on Expenses)")

    propose_lookup_values(accountant, taxes.connection)

    offered = taxes.proposals.get(source="R").candidates
    assert "20" not in [one["key"] for one in offered]
    assert "5" in [one["key"] for one in offered]


@pytest.mark.parametrize("headers", [{}, {"HTTP_HX_REQUEST": "true"}])
def test_the_page_asks_beside_the_code_and_does_it_when_told(
    ana: User, as_person: Callable[[User], Client], code: ValueProposal, headers: dict[str, str]
) -> None:
    client, address = as_person(ana), reverse("mapping:value-decide", args=[code.uuid])
    typed = {"target": "20", "own": "1", "revision": str(code.revision)}

    asked = client.post(address, typed, **headers).content.decode()

    assert BOTH in asked
    assert "It is meant: use it" in asked
    assert not LookupRow.objects.exists()
    done = client.post(address, typed | {"aware": "yes"}, follow=True, **headers).content.decode()
    assert "“R” now means 20% (VAT on Expenses)." in done
