"""A record the target will not use any more: it is made active there, or another one is chosen."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from connectors import registry
from engine.errors import RecordMissing, ReferenceUnknown, RemoteRejected
from engine.ports import Action, Draft, Receipt, SourceRecord
from studio.flows.models import InboxItem
from studio.linking.models import Link, Party
from studio.triage.actions import apply_remedy
from studio.triage.models import Case
from studio.triage.remedies import remedies_for
from tests.studio.world import World

pytestmark = pytest.mark.django_db


def refusal(**said: Any) -> ReferenceUnknown:
    """What QuickBooks says, once it was looked into, of a customer that was made inactive."""
    given = {"kind": "customer", "value": "Bayside Ltd", "does": "refuses", "of": "Customer", "key": "58"}  # fmt: skip
    return ReferenceUnknown(system="qbo", call="create Invoice", **{**given, **said})


@pytest.fixture
def refused(world: World) -> World:
    """Two orders of a customer that was made inactive at the target."""
    for number in ("1001", "1002"):
        world.order(number)
    world.target.records["Customer"] = [SourceRecord("Customer", "58", "3", {"Active": False})]
    Party.objects.create(connection=world.books, kind="customer", key="61", code="61", label="Bayside New")  # fmt: skip
    Party.objects.filter(connection=world.books, key="58").update(active=False)
    world.target.faults = [refusal(), refusal()]
    world.run()
    assert Case.objects.filter(code="reference-unknown").count() == 2
    return world


def offered(case: Case) -> list[str]:
    return [r.key for r in remedies_for(case) if r.key in ("choose_other", "reactivate")]


def test_a_case_of_an_inactive_record_offers_both_ways(refused, ana, as_person) -> None:
    case = Case.objects.first()

    assert sorted(offered(case)) == ["choose_other", "reactivate"]
    page = as_person(ana).get(f"/exceptions/{case.uuid}/").content.decode()
    assert "Bayside Ltd is made active in Harbour Books at once" in page
    assert "BAY of Harbour ERP is linked to Bayside Ltd of Harbour Books now." in page


def test_made_active_again_it_posts_every_record_it_held_up(refused, accountant) -> None:
    done: list[tuple[Draft, Action]] = []

    def act(draft: Draft, action: Action) -> Receipt:
        done.append((draft, action))
        return Receipt(draft.entity, draft.key)

    refused.target.act = act
    said = apply_remedy(accountant, Case.objects.first(), "reactivate", {"reason": "buys again"})
    refused.run()

    assert [(d.entity, d.key, d.version, a) for d, a in done] == [
        ("Customer", "58", "3", Action.REACTIVATE)
    ]
    assert said == "Bayside Ltd is active in Harbour Books again. 2 records sent through again."
    assert Party.objects.get(connection=refused.books, key="58").active
    assert [refused.post(n).state for n in ("1001", "1002")] == ["done", "done"]
    assert not Case.objects.filter(closed_at=None).exists()


def test_what_the_target_refuses_is_told_with_the_other_way(refused, accountant) -> None:
    def act(draft: Draft, action: Action) -> Receipt:
        raise RemoteRejected(system="qbo", call="reactivate Customer", detail="Not allowed.")

    refused.target.act = act
    with pytest.raises(
        ValidationError, match=r"could not be made active.*or choose another record"
    ):
        apply_remedy(accountant, Case.objects.first(), "reactivate", {"reason": "buys again"})

    assert refused.item("1001").state == "parked"


def test_another_record_is_linked_and_used_from_then_on(refused, accountant) -> None:
    case = Case.objects.first()
    choose = next(r for r in remedies_for(case) if r.key == "choose_other").inputs[0].choices
    assert [c.value for c in choose(case, "bayside")] == ["61"]
    with pytest.raises(ValidationError, match="Choose another"):
        apply_remedy(accountant, case, "choose_other", {"target": "58"})

    apply_remedy(accountant, case, "choose_other", {"target": "61"})
    refused.run()

    assert {d.data["CustomerRef"]["value"] for d in refused.target.creates} == {"61"}
    assert len(refused.target.creates) == 2
    retired = Link.objects.get(right_key="58")
    assert (retired.active, retired.retired_reason) == (
        False,
        "Harbour Books refuses Bayside Ltd; another record was chosen",
    )
    assert Link.objects.get(kind="customer", active=True).right_key == "61"


def test_without_reactivation_at_the_target_only_another_record_is_offered(
    refused, monkeypatch
) -> None:
    from dataclasses import replace

    plain = replace(registry.capabilities("qbo"), actions=(Action.VOID,))
    monkeypatch.setattr("studio.flows.remedies_inactive.capabilities", lambda system: plain)

    assert offered(Case.objects.first()) == ["choose_other"]


def test_a_record_that_is_gone_can_only_be_replaced(world) -> None:
    world.order("1001")
    world.target.faults = [refusal(does="does not know")]
    world.run()

    assert offered(world.case()) == ["choose_other"]


def test_an_inactive_item_is_found_by_its_line(world) -> None:
    for code, key in (("VICE", "24"), ("SAW", "25")):
        Link.objects.create(
            workspace=world.workspace, kind="item", left_connection=world.erp, left_code=code,
            right_connection=world.books, right_key=key, right_label=code.title(),
        )  # fmt: skip
    world.order("1001")
    world.target.faults = [refusal(kind="item", value="Vice", of="Item", key="24")]
    world.run()
    lines = [{"item": "SAW"}, {"item": "VICE"}]
    InboxItem.objects.update(canonical={"party": "BAY", "lines": lines})

    assert sorted(offered(world.case())) == ["choose_other", "reactivate"]
    about = next(r for r in remedies_for(world.case()) if r.key == "choose_other").about
    assert about(world.case()).startswith("VICE of Harbour ERP is linked to Vice of Harbour Books")


def test_what_names_no_single_record_offers_neither(world) -> None:
    world.order("1001")
    world.target.faults = [refusal(kind="account", value="9999")]
    world.run()

    assert offered(world.case()) == []


def test_a_record_deleted_meanwhile_is_not_made_active(refused, accountant) -> None:
    refused.target.records["Customer"] = []

    with pytest.raises(ValidationError, match=r"Bayside Ltd” any more\. Choose another record"):
        apply_remedy(accountant, Case.objects.first(), "reactivate", {"reason": "buys again"})
    refused.target.read = lambda entity, key: (_ for _ in ()).throw(
        RecordMissing(system="qbo", call="get Customer")
    )
    with pytest.raises(ValidationError, match="could not be made active"):
        apply_remedy(accountant, Case.objects.first(), "reactivate", {"reason": "buys again"})
