"""Before a version is published: which fields fail on every real record there is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import reverse

from studio.catalog.models import Connection, Sample
from studio.linking.models import Link
from studio.mapping.models import Mapping, MappingRow
from studio.mapping.unresolved import unresolved

pytestmark = pytest.mark.django_db
MakeRow = Callable[..., MappingRow]


@pytest.fixture
def sampled(erp: Connection, inbound: Mapping, outbound: Mapping, make_row: MakeRow) -> Mapping:
    """Two customers, and a mapping that asks for one more record by its link."""
    for key in ("A", "B"):
        Sample.objects.create(
            connection=erp,
            entity="ArCustomer",
            key=key,
            data={"Customer": key, "Name": f"Shop {key}"},
        )
    for path, said in (("code", "Customer"), ("name", "Name")):
        make_row(path, state="approved", expression=said)
    for path, said in (("DisplayName", "name"), ("SalesTermRef.value", 'LINK("customer", code)')):
        make_row(path, mapping=outbound, state="approved", expression=said)
    return outbound


def linked(erp: Connection, books: Connection, code: str) -> None:
    Link.objects.create(workspace=erp.workspace, kind="customer", left_connection=erp, left_code=code,
                        right_connection=books, right_key="7")  # fmt: skip


def test_a_field_that_fails_on_every_record_is_named_before_publishing(
    sampled, integrator, ivo, as_person
) -> None:
    found, tried = unresolved(sampled)

    assert tried == 2
    assert [(one.path, one.sentence) for one in found] == [
        ("SalesTermRef.value", "No customer is linked to “A” yet.")
    ]
    page = as_person(ivo).get(reverse("mapping:publishing", args=[sampled.uuid])).content.decode()
    assert "1 field fails on every record that was tried" in " ".join(page.split())


def test_a_field_that_some_record_fills_is_none_of_them(sampled, erp, books) -> None:
    linked(erp, books, "B")

    assert unresolved(sampled) == ([], 2)
