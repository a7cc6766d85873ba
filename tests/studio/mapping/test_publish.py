from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied

from engine.errors import MappingRefused
from engine.mapping import Context
from studio.core.action import Actor
from studio.mapping.actions import decide, load_compiled, publish, refusals
from studio.mapping.models import Mapping, MappingRow
from tests.studio.mapping.conftest import candidate

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
