"""A record names something its own system closed: it is made active there, or another one is used."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from connectors import registry
from engine.errors import ValueRefused
from engine.ports import Action, Draft, Receipt, SourceRecord
from studio.flows.models import InboxItem
from studio.linking.models import Link, Party
from studio.mapping.models import Mapping, MappingVersion
from studio.triage.actions import apply_remedy
from studio.triage.models import Case
from studio.triage.remedies import remedies_for
from tests.studio.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def closed(world: World) -> World:
    """Two orders of a customer that the source made inactive, and one of another inactive one."""
    Party.objects.filter(connection=world.erp, code="BAY").update(active=False)
    for code, active in (("NEW", True), ("OLD", False)):
        Party.objects.create(
            connection=world.erp, kind="customer", key=code, code=code, label=f"Bayside {code}", active=active,
        )  # fmt: skip
    Link.objects.create(
        workspace=world.workspace, kind="customer", left_connection=world.erp, left_code="NEW",
        right_connection=world.books, right_key="61", right_label="Bayside New",
    )  # fmt: skip
    Link.objects.create(
        workspace=world.workspace, kind="customer", left_connection=world.erp, left_code="OLD",
        right_connection=world.books, right_key="62", right_label="Bayside Old",
    )  # fmt: skip
    world.order("1001")
    world.order("1002")
    world.order("1003", Customer="OLD")
    world.run()
    return world


def case_of(world: World, number: str) -> Case:
    return Case.objects.get(subject=f"inbox:{world.item(number).uuid}")


def offered(case: Case) -> list[str]:
    return [r.key for r in remedies_for(case) if r.key in ("use_instead", "reactivate_source")]


def test_the_sentence_says_where_and_each_record_is_a_cause_of_its_own(closed) -> None:
    assert case_of(closed, "1001").sentence == "Bayside is inactive in Harbour ERP."
    assert case_of(closed, "1001").cause == case_of(closed, "1002").cause
    assert case_of(closed, "1001").cause != case_of(closed, "1003").cause


def test_the_case_offers_both_ways_and_says_what_they_do(closed, ana, as_person) -> None:
    case = case_of(closed, "1001")

    assert sorted(offered(case)) == ["reactivate_source", "use_instead"]
    page = as_person(ana).get(f"/exceptions/{case.uuid}/").content.decode()
    assert "Bayside is made active in Harbour ERP at once" in page
    assert "Only these records use another one; Bayside stays as it is in Harbour ERP" in page


def test_another_one_is_used_by_every_record_of_the_cause(closed, accountant) -> None:
    case = case_of(closed, "1001")
    choose = next(r for r in remedies_for(case) if r.key == "use_instead").inputs[0].choices
    assert [c.value for c in choose(case, "bayside")] == ["NEW"]
    assert choose(case, "") == []
    with pytest.raises(ValidationError, match="no active customer “OLD”"):
        apply_remedy(accountant, case, "use_instead", {"code": "OLD"})

    said = apply_remedy(accountant, case, "use_instead", {"code": "NEW"})
    closed.run()

    assert said == "NEW is used instead. 2 records sent through again."
    assert [d.data["CustomerRef"]["value"] for d in closed.target.creates] == ["61", "61"]
    assert closed.item("1003").state == "parked"


def reads_customers(world: World) -> None:
    """A published mapping that reads the customers of the source."""
    frame = {
        "mapping": "customers", "source": {"system": "syspro", "entity": "ArCustomer"},
        "target": {"system": "canonical", "entity": "party"},
    }  # fmt: skip
    mapping = Mapping.objects.create(
        workspace=world.workspace, connection=world.erp, direction="inbound", entity="ArCustomer",
        document="party", snapshot=world.erp.snapshots.get(), frame=frame,
    )  # fmt: skip
    rows = [{"to": "role", "from": '"customer"'}]
    MappingVersion.objects.create(
        mapping=mapping, number=1, document={**frame, "rows": rows}, content_hash="4" * 64, state="published",
    )  # fmt: skip
    world.source.records["ArCustomer"] = [SourceRecord("ArCustomer", "BAY", "7", {"active": False})]


def acting(world: World, monkeypatch: Any, answer: Any) -> None:
    monkeypatch.setattr("studio.flows.masters.load_compiled", lambda v: Plain())
    world.source.act = answer


class Plain:
    """A compiled mapping that reads a customer."""

    def apply(self, data: Any, context: Any) -> Any:
        class Read:
            record = {"role": "customer", "code": "BAY", "name": "Bayside", **data}

        return Read()


def test_made_active_at_the_source_it_lets_its_records_through(
    closed, accountant, monkeypatch
) -> None:
    reads_customers(closed)
    done: list[tuple[Draft, Action]] = []

    def act(draft: Draft, action: Action) -> Receipt:
        done.append((draft, action))
        closed.source.records["ArCustomer"] = [
            SourceRecord("ArCustomer", "BAY", "8", {"active": True, "phone": "0113 496 3912"})
        ]
        return Receipt(draft.entity, draft.key)

    acting(closed, monkeypatch, act)
    there = Party.objects.filter(connection=closed.erp, code="BAY")
    there.update(data={"code": "BAY", "name": "Bayside", "active": False})
    said = apply_remedy(
        accountant, case_of(closed, "1001"), "reactivate_source", {"reason": "back"}
    )
    closed.run()

    # What is created of it elsewhere is made from its data, and is no longer inactive from birth.
    assert (there.get().active, there.get().data["active"]) == (True, True)
    assert [(d.entity, d.key, d.version, a) for d, a in done] == [
        ("ArCustomer", "BAY", "7", Action.REACTIVATE)
    ]
    assert said == "Bayside is active in Harbour ERP again. 2 records sent through again."
    assert [closed.post(n).state for n in ("1001", "1002")] == ["done", "done"]
    kept = Party.objects.get(connection=closed.erp, code="BAY")
    assert kept.active
    # Were it created elsewhere now, it would be as the source keeps it, not as it was when it was closed.
    assert (kept.data["active"], kept.data["phone"], kept.version) == (True, "0113 496 3912", "8")


def test_what_the_source_refuses_is_told_with_the_other_way(
    closed, accountant, monkeypatch
) -> None:
    reads_customers(closed)

    def act(draft: Draft, action: Action) -> Receipt:
        raise ValueRefused(system="syspro", call="reactivate Customer", field="x")

    acting(closed, monkeypatch, act)
    with pytest.raises(ValidationError, match="or use another one"):
        apply_remedy(accountant, case_of(closed, "1001"), "reactivate_source", {"reason": "back"})
    closed.source.records["ArCustomer"] = []
    with pytest.raises(ValidationError, match="has no “Bayside” any more"):
        apply_remedy(accountant, case_of(closed, "1001"), "reactivate_source", {"reason": "back"})

    assert InboxItem.objects.filter(state="parked").count() == 3


def test_a_source_that_takes_no_such_step_offers_another_one_only(closed, monkeypatch) -> None:
    from dataclasses import replace

    plain = replace(registry.capabilities("syspro"), actions=(Action.VOID,))
    monkeypatch.setattr("studio.flows.remedies_source.capabilities", lambda system: plain)

    assert offered(case_of(closed, "1001")) == ["use_instead"]
