"""Second looks, four eyes and what was learned, as people use them: keyboard, accessible, light and dark."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from studio.accounts.models import Membership, machine
from studio.catalog.models import Connection
from studio.learning.actions import repeats, sample
from studio.learning.models import Calibration, Repeat
from studio.linking.actions import judge
from studio.linking.models import Pair, Party
from studio.mapping.actions import decide
from studio.mapping.models import Mapping, MappingRow


@pytest.fixture
def decided(workspace, ivo, ana, monkeypatch) -> Mapping:
    """A field that decides tax and two pairs, decided by the integrator and drawn to be asked again."""
    monkeypatch.setattr(repeats, "SHARE", 1.0)
    actor = Membership.objects.get(user=ivo).actor()
    erp = Connection.objects.create(workspace=workspace, system="syspro", name="ERP")
    books = Connection.objects.create(workspace=workspace, system="qbo", name="Books")
    mapping = Mapping.objects.create(
        workspace=workspace, connection=erp, direction="inbound", entity="A", document="sales_order"
    )
    candidates = [
        {"expression": e, "confidence": c, "word": "strong", "method": "Similarity",
         "sentence": "Alike.", "waterfall": []}
        for e, c in (("MTaxCode", 0.9), ("Branch", 0.4))
    ]  # fmt: skip
    row = MappingRow.objects.create(
        mapping=mapping, target_path="tax_code", candidates=candidates, confidence=0.9
    )
    decide(actor, row, "approved")
    for n in range(2):
        left, right = (
            Party.objects.create(
                connection=c, kind="customer", key=f"{c.pk}{n}", code=f"{c.pk}{n}",
                label=f"Bay {n}", data={"name": f"Bay {n}", "phone": "555"},
            )
            for c in (erp, books)
        )  # fmt: skip
        Pair.objects.create(kind="customer", left=left, right=right, probability=0.9, word="strong")
        judge(actor, left, right, "same")
    sample(machine(workspace, "the sampler", "read"), workspace)
    Repeat.objects.update(due_at=timezone.now())
    Repeat.objects.exclude(kind="field").update(due_at=timezone.now() - timedelta(days=1))
    figures = {"loss": 0.4, "brier": 0.2, "error": 0.1}
    Calibration.objects.create(
        workspace=workspace, environment="sandbox", kind="customer", number=1, form="weights",
        content={"slope": 1, "shift": 0, "factors": {}}, labels=60, right=30, before=figures,
        after=figures, gain=0.1, doubt=0.01, state="in_force", put_by="the learner",
    )  # fmt: skip
    return mapping


def test_a_second_look_is_answered_by_key_and_told_afterwards(page_for, ana, decided) -> None:
    page = page_for("ana", "/second-looks/")
    expect(page.get_by_text("Are these two the same?")).to_be_visible()

    page.keyboard.press("2")

    expect(page.get_by_text("Ivo Marsh had said: the same.")).to_be_visible()
    expect(page.get_by_role("heading", name="Two people differ")).to_be_visible()
    assert Repeat.objects.get(agrees=False).answer == "not_a_match"


def test_the_second_person_confirms_by_key(page_for, ana, decided) -> None:
    page = page_for("ana", f"/mappings/{decided.uuid}/?state=unconfirmed")
    row = MappingRow.objects.get()
    expect(page.locator(f"#row-{row.uuid}")).to_be_focused()

    page.keyboard.press("y")

    expect(page.locator("#toasts")).to_contain_text("tax_code is confirmed: MTaxCode.")
    expect(page.locator(f"#row-{row.uuid}")).to_have_count(0)
    row.refresh_from_db()
    assert row.seconded_by == "Ana Keller"


@pytest.mark.parametrize("place", ["looks", "differ", "unconfirmed", "accuracy"])
def test_the_pages_are_accessible_in_light_and_dark(
    page_for, ana, decided, accessible, place
) -> None:
    if place in ("differ", "accuracy"):
        Repeat.objects.update(
            agrees=False, answer="none", answered_by="Ben Ortiz", answered_at=timezone.now()
        )
    where = {
        "looks": "/second-looks/",
        "differ": "/second-looks/",
        "unconfirmed": f"/mappings/{decided.uuid}/?state=unconfirmed",
        "accuracy": "/accuracy/",
    }
    page = page_for("ana", where[place])

    accessible(page)
