"""A document names another one that is linked to nothing: a person says which is meant, or sends it without."""

from __future__ import annotations

from decimal import Decimal
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from studio.flows.models import FlowVersion
from studio.linking.models import Link
from studio.mapping.models import MappingVersion
from studio.triage.actions import apply_remedy
from studio.triage.models import Case
from studio.triage.remedies import remedies_for
from tests.studio.world import World

pytestmark = pytest.mark.django_db


def choices_of(case: Case, text: str) -> list[tuple[str, str]]:
    found = next(r for r in remedies_for(case) if r.key == "choose_document")
    return [(c.label, c.hint) for c in found.inputs[0].choices(case, text)]


def demanded(world: World, path: str) -> None:
    snapshot = world.books.snapshots.get()
    for field in snapshot.content["entities"][0]["fields"]:
        if field["path"] == path:
            field["required"] = True
    # A new look, as the studio would keep it: looks never change.
    # What was loaded is kept by key and hash, and the key of a look may be that of another test's.
    snapshot.pk, snapshot.number, snapshot.content_hash = None, 2, uuid4().hex * 2
    snapshot.uuid = FlowVersion().uuid
    snapshot.save()


@pytest.fixture
def named(world: World) -> World:
    """Three posted orders, and one that names a document nobody linked."""
    outbound = MappingVersion.objects.get(mapping__direction="outbound")
    row = next(r for r in outbound.document["rows"] if r["to"] == "SalesTermRef.value")
    row["from"] = 'LINK("sales_order", terms)'
    outbound.content_hash = "f" * 64
    outbound.save()
    world.version.content["outbound"]["Invoice"]["hash"] = outbound.content_hash
    world.version.content_hash = "e" * 64
    world.version.save()
    world.order("1001", Terms="", Net=Decimal("20.00"))
    world.order("1002", Terms="", Net=Decimal("75.00"))
    Link.objects.create(workspace=world.workspace, kind="customer", left_connection=world.erp, left_code="ELM",
                        right_connection=world.books, right_key="59", right_label="Elm Ltd")  # fmt: skip
    world.order("1003", Terms="", Customer="ELM", Name="Elm", Net=Decimal("75.00"))
    world.order("7004", Terms="R-1", Net=Decimal("75.00"))
    world.run()
    assert world.case().sentence == "No sales_order is linked to “R-1” yet."
    return world


def test_the_posted_documents_of_the_party_are_offered_the_same_amount_first(named) -> None:
    assert choices_of(named.case(), "") == [
        ("1002", "Order 1002 · Bayside · 2 Nov 2026 · 75.00 USD"),
        ("1001", "Order 1001 · Bayside · 2 Nov 2026 · 20.00 USD"),
    ]


@pytest.mark.parametrize(("said", "number"), [("elm", "1003"), ("1001", "1001"), ("20,00", "1001")])
def test_they_are_found_by_party_number_and_amount(named, said, number) -> None:
    assert [label for label, _hint in choices_of(named.case(), said)] == [number]


def test_the_chosen_one_is_meant_by_this_record_alone(named, accountant) -> None:
    before = Link.objects.count()
    key = named.post("1002").target_key

    apply_remedy(
        accountant, named.case(), "choose_document", {"target": key, "reason": "credits it"}
    )
    named.run()

    assert named.target.creates[-1].data["SalesTermRef"] == {"value": key}
    # Its own posting is linked; the number it gave was linked to nothing else.
    assert Link.objects.count() == before + 1
    named.order("7005", Terms="R-1")
    named.run()
    assert named.item("7005").state == "parked"


def test_what_was_not_posted_cannot_be_chosen(named, accountant) -> None:
    with pytest.raises(ValidationError, match="No posted document is called so"):
        apply_remedy(accountant, named.case(), "choose_document", {"target": "999", "reason": "x"})


def test_it_may_go_without_where_the_target_does_not_demand_it(named, accountant) -> None:
    apply_remedy(accountant, named.case(), "no_document", {"reason": "credits several"})
    named.run()

    assert "SalesTermRef" not in named.target.creates[-1].data


def test_what_the_target_demands_cannot_be_left_out(named) -> None:
    demanded(named, "SalesTermRef.value")

    assert "no_document" not in {r.key for r in remedies_for(named.case())}


def test_who_said_which_document_is_meant_stands_with_the_posting(
    named, accountant, ana, as_person
) -> None:
    key = named.post("1002").target_key
    apply_remedy(
        accountant, named.case(), "choose_document", {"target": key, "reason": "credits it"}
    )
    named.run()

    page = (
        as_person(ana)
        .get(reverse("flows:explain", args=[named.post("7004").uuid]))
        .content.decode()
    )

    assert "Ana Keller" in page
