"""What codes of tax and accounts mean is in force at once, and asks for a second name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from studio.accounts.models import User
from studio.catalog.models import Connection
from studio.core.action import Actor
from studio.core.models import AuditEvent
from studio.core.refused import DecisionRefused
from studio.mapping.actions import ValueChoice, add_lookup_row, confirm_value, decide_value
from studio.mapping.models import LookupRow, LookupTable, ValueProposal
from studio.mapping.value_risk import alone

pytestmark = pytest.mark.django_db
AsPerson = Callable[[User], Client]
WAITS = "waits for a second person"


@pytest.fixture
def make_code(books: Connection) -> Callable[..., ValueProposal]:
    def make(name: str, kind: str, source: str = "TX") -> ValueProposal:
        table = LookupTable.objects.create(
            workspace=books.workspace, connection=books, name=name, label=name, code_kind=kind
        )
        return ValueProposal.objects.create(table=table, source=source)

    return make


@pytest.fixture
def tax(accountant: Actor, make_code: Callable[..., ValueProposal]) -> ValueProposal:
    """Ana said alone what TX means."""
    return said(accountant, make_code("tax_codes", "tax_code"))


def said(actor: Actor, proposal: ValueProposal, target: str = "3") -> ValueProposal:
    return decide_value(actor, proposal, "approved", ValueChoice(target=target))


def test_a_tax_code_is_in_force_with_one_name_and_waits_for_a_second(
    tax: ValueProposal, accountant: Actor, integrator: Actor
) -> None:
    assert LookupRow.objects.get().target == "3"
    assert list(alone(tax.table.workspace)) == [tax]
    with pytest.raises(DecisionRefused, match="four eyes"):
        confirm_value(accountant, tax)

    lines = LookupRow.history.count()
    confirm_value(integrator, tax)

    row = LookupRow.objects.get()
    assert (row.decided_by, row.seconded_by) == (accountant.name, integrator.name)
    assert not alone(tax.table.workspace).exists()
    # What it means and since when is as it was.
    assert LookupRow.history.count() == lines
    line = AuditEvent.objects.get(key="lookup.confirmed")
    assert (line.data["risk"], line.data["decided_by"]) == ("tax", accountant.name)
    with pytest.raises(DecisionRefused, match="nothing to confirm"):
        confirm_value(integrator, tax)


@pytest.mark.parametrize(
    ("name", "kind", "waits"),
    [
        ("tax_rates", "", True),
        ("purchase_tax_codes", "purchase_tax_code", True),
        ("income_accounts", "income_account", True),
        ("receipt_banks", "bank", True),
        ("terms", "term", False),
        ("payment_methods", "payment_method", False),
    ],
)
def test_tables_of_tax_and_accounts_ask_for_it_and_no_others(
    accountant: Actor, make_code: Callable[..., ValueProposal], name: str, kind: str, waits: bool
) -> None:
    one = said(accountant, make_code(name, kind))

    assert alone(one.table.workspace).exists() is waits


def test_who_disagrees_decides_anew_and_the_first_is_the_second_then(
    tax: ValueProposal, accountant: Actor, integrator: Actor
) -> None:
    confirm_value(integrator, tax)

    add_lookup_row(accountant, tax.table, "TX", "4")

    tax.refresh_from_db()
    assert LookupRow.objects.get().seconded_by == ""
    confirm_value(integrator, ValueProposal.objects.get())
    assert LookupRow.objects.get().seconded_by == integrator.name


def test_what_was_decided_again_meanwhile_is_not_confirmed(
    tax: ValueProposal, accountant: Actor, integrator: Actor
) -> None:
    shown = tax.revision
    said(accountant, tax, "4")

    with pytest.raises(DecisionRefused, match="decided again"):
        confirm_value(integrator, ValueProposal.objects.get(), revision=shown)
    assert LookupRow.objects.get().seconded_by == ""


def test_the_page_says_who_looked_alone_and_the_other_confirms_there(
    tax: ValueProposal, ana: User, ivo: User, olga: User, as_person: AsPerson
) -> None:
    place = reverse("mapping:values") + "?state=unconfirmed"
    address = reverse("mapping:value-confirm", args=[tax.uuid])
    mine, theirs = (as_person(who).get(place).content.decode() for who in (ana, ivo))
    assert "In force; only Ana Keller has looked at it." in mine
    assert (address in mine, address in theirs) == (False, True)
    assert as_person(olga).post(address).status_code == 403

    done = as_person(ivo).post(address, {"revision": tax.revision, "next": place}, follow=True)

    assert "Confirmed: “TX” means 3." in done.content.decode()
    approved = as_person(ana).get(reverse("mapping:values") + "?state=approved").content.decode()
    assert "confirmed by Ivo Marsh" in approved


def test_who_is_to_confirm_finds_it_at_home_and_the_auditor_who_decided_alone(
    tax: ValueProposal, ana: User, ivo: User, olga: User, as_person: AsPerson
) -> None:
    words = f"1 code of tax or accounts {WAITS}"
    assert words in as_person(ivo).get("/").content.decode()
    assert WAITS not in as_person(ana).get("/").content.decode()

    audit = as_person(olga).get(reverse("monitor:audit")).content.decode()

    assert "said by Ana Keller (1)" in " ".join(audit.split())


def test_the_list_of_one_table_counts_that_table(
    tax: ValueProposal, make_code: Callable[..., ValueProposal], ana: User, as_person: AsPerson
) -> None:
    terms = make_code("terms", "term", "30")
    make_code("payment_methods", "payment_method", "CQ")
    page: Any = as_person(ana).get(reverse("mapping:values"), {"table": terms.table.uuid})

    assert "<strong>1</strong> to review in terms of Harbour Tools US" in page.content.decode()
