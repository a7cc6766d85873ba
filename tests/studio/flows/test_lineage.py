from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.http.jsontext import load
from engine.errors import RemoteRejected
from engine.runtime.idempotency import content_hash
from studio.catalog.models import Code
from studio.flows.lineage import recomputed
from studio.flows.models import Delivery, FlowVersion, InboxItem, Rehearsal
from studio.flows.queries import ancestry
from studio.flows.rehearsal.replay import ask_replay
from studio.flows.rehearsal.run import claim, run
from studio.linking.models import Link
from studio.mapping.models import LookupRow, LookupTable, MappingVersion
from studio.triage.actions import apply_remedy
from studio.triage.models import Case

pytestmark = pytest.mark.django_db

ORDERS = st.lists(
    st.tuples(st.decimals("0.01", "9999.99", places=2), st.text(max_size=12)),
    min_size=1,
    max_size=4,
)


def later_everything_is_different(world: Any) -> None:
    """A row means something else, a link leads elsewhere, as people will have it by and by."""
    row = LookupRow.objects.get(source="30")
    row.target = "4" if row.target == "3" else "3"
    row.save()
    link = Link.objects.get(kind="customer", active=True)
    Link.objects.filter(pk=link.pk).update(active=False, ended_at=timezone.now())
    Link.objects.create(
        workspace=world.workspace, kind="customer", left_connection=world.erp, left_code="BAY",
        right_connection=world.books, right_key=f"{link.right_key}9", right_label="Another",
    )  # fmt: skip


@pytest.mark.promise("F21", "F28")
@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(orders=ORDERS)
def test_a_payload_made_again_from_what_is_stored_is_the_same_to_the_byte(world, orders) -> None:
    Delivery.objects.exclude(follows=None).delete()
    for model in (Delivery, InboxItem, Case):
        model.objects.all().delete()
    world.flow.cursors.all().delete()
    world.source.records.clear()
    world.target.created.clear()
    for number, (net, text) in enumerate(orders):
        lines = [{"Line": 1, "Text": text, "Net": net}]
        world.order(f"{number:04}", Lines=lines)
    world.run()
    posts = list(Delivery.objects.filter(step="post", state="done"))
    assert len(posts) == len(orders)

    later_everything_is_different(world)

    for post in posts:
        assert recomputed(post) == post.payload.encode()


def test_a_record_tells_forward_what_became_of_it_and_a_posting_backward_where_it_came_from(
    world, client: Client, olga
) -> None:
    world.order("1001")
    world.run()
    client.force_login(olga)
    post = world.post("1001")

    forward = client.get(f"/flows/records/{world.item('1001').uuid}/").content.decode()
    backward = client.get(f"/flows/deliveries/{post.uuid}/explain/").content.decode()

    assert f"answered: {post.target_number}" in forward
    assert "Write back" in forward
    assert "Ivo Marsh" in backward
    assert "LOOKUP" in backward


def test_explain_names_who_approved_the_row_the_code_and_the_link_each_with_its_date(
    world, client: Client, olga
) -> None:
    row = LookupRow.objects.get(source="30")
    row.decided_by = "Ana Keller"
    row.save()
    Link.objects.filter(kind="customer").update(
        decided_by="Ben Ortiz",
        created_at=datetime(2026, 11, 3, 8, 30, tzinfo=UTC),
        left_label="Bayside as it was",
    )
    world.order("1001")
    world.run()
    # What is decided afterwards is not what this posting was made with.
    row.decided_by = "Somebody Later"
    row.save()
    client.force_login(olga)

    page = client.get(f"/flows/deliveries/{world.post('1001').uuid}/explain/").content.decode()

    said = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    today = f"{timezone.localtime():%Y}"
    assert "Mapping row: Ivo Marsh 1 Nov 2026" in said
    assert re.search(rf"Terms, code 30: Ana Keller \d+ \w+ {today}", said)
    assert "Customer Bayside as it was: Ben Ortiz 3 Nov 2026" in said
    assert "Somebody Later" not in said


def with_days_of_terms(world: Any) -> LookupRow:
    """Orders are dated when they are due: a table of SYSPRO's terms inside a computation of the way in."""
    inbound = MappingVersion.objects.get(
        mapping__direction="inbound", mapping__connection=world.erp
    )
    rows = [
        {**row, "from": 'ADDDAYS(OrderDate, NUMBER(LOOKUP("term_days", Terms, "0")))'}
        if row["to"] == "date"
        else row
        for row in inbound.document["rows"]
    ]
    MappingVersion.objects.filter(pk=inbound.pk).update(
        document={**inbound.document, "rows": rows}, content_hash="d" * 64
    )
    table = LookupTable.objects.create(
        workspace=world.workspace, connection=world.erp, name="term_days", label="Days of terms"
    )
    return LookupRow.objects.create(table=table, source="30", target="14", decided_by="Ana Keller")


def test_explain_names_the_row_of_a_table_that_a_computation_on_the_way_in_looked_up(
    world, client: Client, olga
) -> None:
    row = with_days_of_terms(world)
    world.order("1001", OrderDate="2026-11-02")
    world.run()
    post = world.post("1001")
    assert load(post.payload)["TxnDate"] == "2026-11-16"
    row.target, row.decided_by = "60", "Somebody Later"
    row.save()
    client.force_login(olga)
    place = f"/flows/deliveries/{post.uuid}/explain/"

    said = " ".join(re.sub(r"<[^>]+>", " ", client.get(place).content.decode()).split())

    today = f"{timezone.localtime():%Y}"
    assert re.search(rf"Days of terms: 30 → 14, approved by Ana Keller \d+ \w+ {today}", said)
    assert "Somebody Later" not in said
    found = client.get(place, {"q": "days of terms"}).context["rows"]
    assert [one.target for one in found] == ["TxnDate"]


def test_explain_names_the_row_that_a_step_of_the_flow_looked_up_for_a_line(world) -> None:
    with_days_of_terms(world)
    steps = [
        {"id": "filter", "kind": "filter", "when": 'status = "completed"'},
        {
            "id": "text",
            "kind": "set",
            "to": "lines[].description",
            "from": 'CONCAT("in ", LOOKUP("term_days", terms, "0"))',
            "side": "source",
        },
    ]
    design = {**world.version.content["design"], "steps": steps}
    world.version.content = {**world.version.content, "design": design}
    world.version.save()
    world.order("1001")
    world.run()

    line = next(a for a in ancestry(world.post("1001")) if a.target == "Line[0].Description")

    assert line.value == "in 14"
    (source,) = line.inbound
    assert [(u["table"], u["code"], u["value"], u["by"]) for u in source["used"]] == [
        ("Days of terms", "30", "14", "Ana Keller")
    ]


def test_explain_names_the_second_person_and_finds_a_field_by_its_words(
    world, client: Client, olga
) -> None:
    for version in MappingVersion.objects.all():
        for approval in version.approvals.values():
            approval |= {"second": "Ana Keller", "second_at": "2026-11-03T09:05:00+00:00"}
        MappingVersion.objects.filter(pk=version.pk).update(approvals=version.approvals)
    world.order("1001")
    world.run()
    client.force_login(olga)
    place = f"/flows/deliveries/{world.post('1001').uuid}/explain/"

    every = client.get(place)
    terms = client.get(place, {"q": "terms"})

    said = " ".join(re.sub(r"<[^>]+>", " ", every.content.decode()).split())
    assert "confirmed by Ana Keller" in said
    assert "confirmed by Ana Keller 3 Nov 2026 09:05" in said
    assert ", confirmed by Ana Keller 3 Nov 2026" in said
    assert 0 < len(terms.context["rows"]) < len(every.context["rows"])
    assert "No field is like that" in client.get(place, {"q": "zebra"}).content.decode()


def test_explain_names_the_account_that_the_books_took_from_the_item_and_who_linked_it(
    world, client: Client, olga
) -> None:
    Link.objects.create(
        workspace=world.workspace, kind="item", left_connection=world.erp, left_code="VICE",
        left_label="Bench vice", right_connection=world.books, right_key="7", right_label="Vice 4in",
        decided_by="Ana Keller",
    )  # fmt: skip
    Code.objects.create(connection=world.books, kind="account", key="9", label="Hardware sales")
    world.order("1001")
    world.run()
    post = world.post("1001")
    item, account = (f"SalesItemLineDetail.{ref}.value" for ref in ("ItemRef", "ItemAccountRef"))
    post.trace[f"Line[0].{item}"] = {
        "value": "7", "expression": 'LINK("item", line.item)', "steps": [], "reads": [],
        "used": [["link", "item", "VICE", "7", ""]],
    }  # fmt: skip
    # The second line was put there by the books: nobody linked what it says.
    detail = {"ItemRef": {"value": "7"}, "ItemAccountRef": {"value": "9"}}
    post.receipt = json.dumps({"Line": [{"SalesItemLineDetail": detail}] * 2})
    post.decided_at = timezone.now()
    post.save()
    client.force_login(olga)

    (row,) = [r for r in ancestry(post) if r.of_item]
    page = client.get(f"/flows/deliveries/{post.uuid}/explain/", {"q": "account"}).content.decode()

    assert (row.target, row.value, row.name) == (f"Line[0].{account}", "9", "Hardware sales")
    assert [(u["code"], u["by"], bool(u["at"])) for u in row.used] == [("VICE", "Ana Keller", True)]
    said = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "Hardware sales 9 not sent: Harbour Books takes it from the item Vice 4in there" in said
    assert "Item: Bench vice (VICE) → Vice 4in" in said
    assert "Item Bench vice: Ana Keller" in said


def test_an_account_that_was_sent_is_not_said_to_be_taken_from_the_item(world) -> None:
    world.order("1001")
    world.run()
    post = world.post("1001")
    item, account = (f"SalesItemLineDetail.{ref}.value" for ref in ("ItemRef", "ItemAccountRef"))
    seen = {"value": "7", "expression": "x", "steps": [], "reads": [], "used": []}
    post.trace |= {f"Line[0].{item}": seen, f"Line[0].{account}": {**seen, "value": "9"}}
    detail = {"ItemRef": {"value": "7"}, "ItemAccountRef": {"value": "9"}}
    post.receipt = json.dumps({"Line": [{"SalesItemLineDetail": detail}]})

    assert not [r for r in ancestry(post) if r.of_item]


def test_explain_says_who_set_a_value_by_hand_and_what_the_record_says(
    world, client: Client, actor_of, ana, olga
) -> None:
    world.order("1001")
    world.target.faults = [
        RemoteRejected(system="qbo", call="create Invoice", detail="no", field="date")
    ]
    world.run()
    apply_remedy(actor_of(ana), world.case(), "edit", {"value": "2026-04-01"})
    world.run()
    client.force_login(olga)

    page = client.get(f"/flows/deliveries/{world.post('1001').uuid}/explain/").content.decode()

    said = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    found = re.search(
        r"date = 2026-04-01 set by hand (Ana \w+) .*? OrderDate of the record says (\S+)", said
    )
    assert found is not None
    assert found.groups() == ("Ana Keller", "2026-11-02")


# --- a period through another version ---------------------------------------------------------------


def replayed(world: Any, version: FlowVersion, actor: Any, **more: str) -> Rehearsal:
    asked = claim(ask_replay(actor, world.flow, version, **more).pk)
    assert asked is not None
    done = run(asked)
    assert done.error == ""
    return done


def another(world: Any, to: str, expression: str) -> FlowVersion:
    """A version whose invoice lines (or head) are made otherwise."""
    old = MappingVersion.objects.get(mapping__direction="outbound", number=1)
    document = json.loads(json.dumps(old.document))
    for row in [*document["rows"], *document["blocks"][0]["rows"]]:
        if row["to"] == to:
            row["from"] = expression
    new = MappingVersion.objects.create(
        mapping=old.mapping, number=2, document=document, content_hash=content_hash(document),
        approvals={}, published_by="Ivo Marsh",
    )  # fmt: skip
    content = json.loads(json.dumps(world.version.content))
    content["outbound"]["Invoice"] = {"version": new.pk, "number": 2, "hash": new.content_hash}
    plan = content["design"]["entities"]["Invoice"]
    plan["lines"] = {"path": "Line", "amount": "Amount", "account": "Description"}
    return FlowVersion.objects.create(
        flow=world.flow, number=2, content=content, content_hash="7" * 64, state="rehearsal"
    )


def test_the_same_version_gives_no_difference_whatever_changed_since(world, ivo, actor_of) -> None:
    for number in range(4):
        world.order(f"100{number}", Net=Decimal(number + 1))
    world.run()
    later_everything_is_different(world)

    done = replayed(world, world.version, actor_of(ivo))

    assert done.records == 4
    assert done.totals["outcomes"] == {"unchanged": {"count": 4, "money": {}}}
    assert not any(done.totals["groups"].values())
    assert not done.plan.exists()


def test_another_version_shows_the_change_in_money_by_account_and_the_records_behind_it(
    world, ivo, actor_of
) -> None:
    world.order("1001", Net=Decimal("10.00"))
    world.order("1002", Net=Decimal("5.00"), OrderDate="2026-10-31")
    world.run()
    sent = len(world.target.creates)

    done = replayed(world, another(world, "Description", '"4020"'), actor_of(ivo))

    assert done.totals["groups"]["account"] == [
        ["4020", "USD", "15.00", 2],
        ["Vice", "USD", "-15.00", 0],
    ]
    assert done.totals["groups"]["period"] == []
    assert set(done.plan.values_list("key", "outcome")) == {("1001", "update"), ("1002", "update")}
    assert ["Line[0].Description", "Vice", "4020"] in done.plan.first().diff
    assert len(world.target.creates) == sent


def test_only_the_chosen_period_is_replayed_and_what_would_be_refused_is_said(
    world, ivo, actor_of
) -> None:
    world.order("1001")
    world.order("1002", OrderDate="2026-10-31")
    world.run()

    version = another(world, "SalesTermRef.value", 'LOOKUP("terms", party)')
    done = replayed(world, version, actor_of(ivo), since="2026-11-01", until="2026-11-30")

    assert done.records == 1
    assert [(r.key, r.outcome) for r in done.plan.all()] == [("1001", "refused")]
    assert "BAY" in done.plan.get().why
