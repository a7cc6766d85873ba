"""What a person answered stands while the source says the same, and is asked anew when it does not."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from studio.flows.actions import override
from studio.flows.corrections import corrections_of
from studio.flows.models import Delivery
from studio.flows.retry import retry
from studio.monitor.pack import make_pack
from studio.triage.actions import apply_remedy
from studio.triage.models import OPEN_STATES, Case
from tests.studio.flows.test_remedies_period import lock

pytestmark = pytest.mark.django_db


@pytest.fixture
def moved(world, accountant) -> Any:
    """An order of a closed period, posted on the first open day."""
    lock(world, "2026-11-05")
    world.order("1001")
    world.run()
    apply_remedy(accountant, world.case(), "move_date", {"date": "2026-11-06", "reason": "closed"})
    world.run()
    assert [d.data["TxnDate"] for d in world.target.creates] == ["2026-11-06"]
    return world


def open_cases() -> list[Case]:
    return list(Case.objects.filter(state__in=OPEN_STATES))


def test_a_document_posted_on_another_day_is_not_held_up_again_when_it_is_read_again(moved) -> None:
    # What is written back to the order changes its record, though nothing of the document.
    moved.order("1001", InvoiceDocId="100")
    moved.run()

    assert open_cases() == []
    again = moved.item("1001")
    assert (again.state, again.amount) == ("unchanged", Decimal("100.00"))
    assert again.why == f"posted as {moved.post('1001').target_number}"
    assert len(moved.target.creates) == 1


def test_the_day_stands_while_the_source_keeps_its_own_and_only_the_change_is_asked(moved) -> None:
    moved.order("1001", Net=Decimal("130.00"))
    moved.run()

    assert [c.code for c in open_cases()] == ["changed-after-posting"]


def test_another_day_at_the_source_is_another_question(moved) -> None:
    moved.order("1001", OrderDate="2026-11-03")
    moved.run()

    assert [c.case_class for c in open_cases()] == ["period"]


def test_what_was_accepted_of_one_document_is_not_accepted_of_another(world, accountant) -> None:
    lock(world, "2026-11-05")
    world.order("1001")
    world.run()
    apply_remedy(accountant, world.case(), "unlocked", {})
    world.run()

    world.order("1001", InvoiceDocId="100")
    world.run()
    assert open_cases() == []
    world.order("1001", Net=Decimal("130.00"))
    world.run()
    assert [c.case_class for c in open_cases()] == ["period"]


def test_what_was_taken_back_vouches_for_nothing(moved) -> None:
    Delivery.objects.filter(step="post").update(state="reversed")
    moved.order("1001", InvoiceDocId="")
    moved.run()

    assert [c.case_class for c in open_cases()] == ["period"]
    assert len(moved.target.creates) == 1


def test_from_the_start_forgets_what_was_said_of_every_version_that_is_not_posted(world) -> None:
    world.order("1001", Terms="45")
    world.run()
    item = world.item("1001")
    override(item, "date", "2026-11-06")
    world.order("1001", Terms="45", Name="Bay")

    assert retry(item, "start")
    world.run()

    assert world.item("1001").pk != item.pk
    assert world.item("1001").overrides == {}


def test_who_answered_is_named_at_every_version_and_the_pack_tells_it_once(
    moved, accountant, ana
) -> None:
    moved.order("1001", InvoiceDocId="100")
    moved.run()

    (value,) = corrections_of(moved.item("1001"))
    assert (value.path, value.value, value.by) == ("date", "2026-11-06", "Ana Keller")
    today = timezone.localdate()
    pack = make_pack(accountant, moved.workspace, today - timedelta(days=1), today)
    told = zipfile.ZipFile(io.BytesIO(pack)).read("overrides.csv").decode()
    assert told.count("date: 2026-11-06") == 1
