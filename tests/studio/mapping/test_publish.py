from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from engine.errors import MappingRefused
from engine.mapping import Context
from engine.schema.model import EntitySchema, FieldSchema, FieldType, SystemSchema
from studio.accounts.models import User
from studio.catalog.models import Connection
from studio.core.action import Actor
from studio.mapping.actions import decide, load_compiled, publish, refusals
from studio.mapping.actions.publish import open_taxes_of
from studio.mapping.models import Mapping, MappingRow
from studio.webhooks.actions import add
from studio.webhooks.models import Event
from tests.studio.mapping.conftest import candidate, snapshot

MakeRow = Callable[..., MappingRow]


@pytest.fixture
def approved(integrator: Actor, make_row: MakeRow) -> None:
    for path, expression in (("code", "Customer"), ("name", "TRIM(Name)")):
        decide(integrator, make_row(path, candidate(expression, 0.9)), "approved")


def test_what_is_approved_becomes_a_version_that_runs(
    integrator: Actor, inbound: Mapping, approved: None
) -> None:
    version = publish(integrator, inbound, note="first")

    result = load_compiled(version).apply({"Customer": "0001", "Name": " Bay "}, Context())
    assert result.record == {"code": "0001", "name": "Bay"}
    assert version.number == 1
    assert version.approvals["name"]["by"] == "Ivo Marsh"


def test_a_publication_is_told_to_programs_that_listen(
    integrator: Actor, inbound: Mapping, approved: None
) -> None:
    add(integrator, inbound.workspace, "Docs", "http://127.0.0.1:1/", ["mapping.published"])

    version = publish(integrator, inbound)

    assert Event.objects.get().data["hash"] == version.content_hash


def test_publishing_the_same_content_again_gives_the_same_version(
    integrator: Actor, inbound: Mapping, approved: None
) -> None:
    assert publish(integrator, inbound).pk == publish(integrator, inbound).pk


def test_a_changed_mapping_retires_the_version_before(
    integrator: Actor, inbound: Mapping, approved: None, make_row: MakeRow
) -> None:
    first = publish(integrator, inbound)
    decide(integrator, make_row("email", candidate("Email", 0.9)), "approved")

    second = publish(integrator, inbound)

    first.refresh_from_db()
    assert (second.number, second.state, first.state) == (2, "published", "retired")


def test_a_field_the_schema_does_not_have_is_refused_by_name(
    integrator: Actor, inbound: Mapping, approved: None, make_row: MakeRow
) -> None:
    decide(integrator, make_row("email", candidate("Emial", 0.9)), "approved")

    with pytest.raises(MappingRefused, match="Emial"):
        publish(integrator, inbound)

    assert refusals(inbound)[0].target == "email"
    assert not inbound.versions.exists()


def test_a_required_target_field_without_a_row_is_refused(
    integrator: Actor, outbound: Mapping, make_row: MakeRow
) -> None:
    row = make_row("PrimaryPhone.FreeFormNumber", candidate("phone", 0.9), mapping=outbound)
    decide(integrator, row, "approved")

    with pytest.raises(MappingRefused, match="DisplayName"):
        publish(integrator, outbound)


def test_a_mapping_of_a_connection_nobody_looked_at_is_refused(
    integrator: Actor, inbound: Mapping, approved: None
) -> None:
    inbound.connection.snapshots.all().delete()

    with pytest.raises(MappingRefused, match="snapshot"):
        publish(integrator, inbound)


def test_an_accountant_may_not_publish(accountant: Actor, inbound: Mapping) -> None:
    with pytest.raises(PermissionDenied):
        publish(accountant, inbound)


# --- what moves money needs its amounts -------------------------------------------------------------


@pytest.fixture
def orders(erp: Connection, inbound: Mapping) -> Mapping:
    """SorMaster to sales orders, with lines, looked at last; nothing approved yet."""
    text, money = FieldType.STRING, FieldType.DECIMAL
    fields = (
        FieldSchema("SalesOrder", "Order", text, 20, key=True),
        FieldSchema("SorDetail[].MStockCode", "Item", text, 30),
        FieldSchema("SorDetail[].MTaxCode", "Tax code", text, 3),
        FieldSchema("SorDetail[].Value", "Value", money, scale=2),
    )
    entity = EntitySchema(name="SorMaster", keys=("SalesOrder",), fields=fields)
    return Mapping.objects.create(
        workspace=erp.workspace,
        connection=erp,
        direction="inbound",
        entity="SorMaster",
        document="sales_order",
        snapshot=snapshot(erp, SystemSchema(system="syspro", entities=(entity,))),
        frame={
            "mapping": "orders in",
            "source": {"system": "syspro", "entity": "SorMaster"},
            "target": {"system": "canonical", "entity": "sales_order"},
        },
        blocks=[{"id": "lines[]", "parent": "", "to": "lines", "each": "SorDetail"}],
    )


@pytest.fixture
def approve(integrator: Actor, orders: Mapping, make_row: MakeRow) -> Callable[..., None]:
    def say(path: str, expression: str) -> None:
        block = "lines[]" if path.startswith("lines[]") else ""
        row = make_row(path, candidate(expression, 0.9), mapping=orders, block=block)
        decide(integrator, row, "approved")

    return say


def test_orders_without_an_amount_on_their_lines_are_refused_by_name(
    integrator: Actor, orders: Mapping, approve: Callable[..., None]
) -> None:
    approve("order_number", "SalesOrder")
    approve("lines[].item", "line.MStockCode")

    with pytest.raises(MappingRefused, match="net_amount") as refused:
        publish(integrator, orders)

    (said,) = refusals(orders)
    assert said.target == "lines[].net_amount"
    assert "posted with an amount of zero" in said.sentence
    assert "quantity times unit price" in said.fix
    assert len(refused.value.problems) == 1
    assert not orders.versions.exists()


def test_an_order_without_lines_is_refused_too(
    orders: Mapping, approve: Callable[..., None]
) -> None:
    approve("order_number", "SalesOrder")

    assert [r.target for r in refusals(orders)] == ["lines[].net_amount"]


def test_open_tax_fields_are_named_and_do_not_stand_in_the_way(
    ivo: User, as_person: Callable[[User], Client], orders: Mapping, approve: Callable[..., None]
) -> None:
    approve("order_number", "SalesOrder")
    approve("lines[].net_amount", "line.Value")
    address = reverse("mapping:publishing", args=[orders.uuid])

    page = as_person(ivo).get(address).content.decode()
    told = as_person(ivo).post(reverse("mapping:publish", args=[orders.uuid]), follow=True)

    assert "No tax is known in this version" in page
    assert open_taxes_of(orders) == ["lines[].tax_code", "lines[].tax_rate"]
    assert "no tax is known: lines[].tax_code, lines[].tax_rate" in told.content.decode()
    assert orders.versions.get().state == "published"

    approve("lines[].tax_code", "line.MTaxCode")
    approve("lines[].tax_amount", "line.Value")
    assert open_taxes_of(orders) == []


def test_a_finished_review_wakes_the_learner(
    integrator: Actor,
    inbound: Mapping,
    approved: None,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    sent: list[tuple[str, Any]] = []
    monkeypatch.setattr(
        "studio.core.dispatch.current_app.send_task",
        lambda name, args: sent.append((name, args)),
    )

    with django_capture_on_commit_callbacks(execute=True):
        publish(integrator, inbound)

    assert ("learning.refit", (inbound.workspace_id,)) in sent
