"""Drafts: every edit is kept and can be taken back; what runs is never touched; pages show all of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from studio.catalog.models import Sample
from studio.flows import drafts
from studio.flows.design_diff import differences
from studio.flows.designer import canvas_of
from studio.flows.designs import shipped
from studio.flows.edits import PALETTE, add, change, move, normal, remove
from studio.flows.models import DraftEdit, Flow, InboxItem
from studio.flows.panels import panel_of
from studio.flows.problems import examine
from studio.flows.trial import Trial, records_of
from studio.mapping.models import Mapping, MappingVersion
from tests.studio.signing import go_live
from tests.studio.world import DESIGN, World

pytestmark = pytest.mark.django_db


def fresh(world: Any) -> Flow:
    return Flow.objects.get(pk=world.flow.pk)


def do(world: Any, actor: Any, edit: Any, *args: Any, **named: Any) -> DraftEdit:
    """Make one edit on the draft as it is now."""

    def apply(design: dict[str, Any]) -> tuple[dict[str, Any], str, str]:
        found = edit(design, *args, **named)
        return found if len(found) == 3 else (found[0], "", found[1])

    flow = fresh(world)
    return drafts.edit(actor, flow, flow.revision, apply)


@pytest.fixture
def me(ivo, actor_of) -> Any:
    return actor_of(ivo)


def test_what_was_edited_is_taken_back_and_made_again(world, me) -> None:
    do(world, me, add, "rule")
    do(world, me, change, "filter", {"when": "TRUE", "mode": "text"})
    both = fresh(world).design

    drafts.undo(me, fresh(world))
    assert [s["when"] for s in fresh(world).design["steps"] if s["kind"] == "filter"] == [
        DESIGN["filter"]
    ]
    drafts.undo(me, fresh(world))
    assert fresh(world).design == DESIGN
    with pytest.raises(ValidationError, match="nothing left to undo"):
        drafts.undo(me, fresh(world))
    drafts.redo(me, fresh(world))
    drafts.redo(me, fresh(world))

    assert fresh(world).design == both
    with pytest.raises(ValidationError, match="nothing to do again"):
        drafts.redo(me, fresh(world))


def test_a_new_edit_after_an_undo_drops_what_was_undone(world, me) -> None:
    do(world, me, add, "rule")
    drafts.undo(me, fresh(world))
    do(world, me, add, "retry")

    with pytest.raises(ValidationError):
        drafts.redo(me, fresh(world))
    assert DraftEdit.objects.get(words="added a rule").state == "dropped"


def test_an_undo_takes_back_only_the_change_it_names(world, me) -> None:
    first = str(do(world, me, add, "rule").uuid)
    last = str(do(world, me, add, "retry").uuid)

    with pytest.raises(ValidationError, match=r"Ivo Marsh added .* since\. Nothing was changed"):
        drafts.undo(me, fresh(world), first)
    drafts.undo(me, fresh(world), last)
    with pytest.raises(ValidationError, match="was taken back already"):
        drafts.undo(me, fresh(world), last)
    with pytest.raises(ValidationError, match="no such change"):
        drafts.undo(me, fresh(world), "x")
    drafts.undo(me, fresh(world), first)

    assert fresh(world).design == DESIGN


def test_two_people_do_not_write_over_each_other(world, me) -> None:
    seen = fresh(world)
    do(world, me, add, "rule")

    with pytest.raises(ValidationError, match="Ivo Marsh added a rule meanwhile"):
        drafts.edit(me, seen, seen.revision, lambda d: add(d, "retry"))
    assert "retry" not in fresh(world).design


def test_who_may_not_publish_may_not_edit(world, ana, actor_of) -> None:
    with pytest.raises(PermissionDenied):
        drafts.edit(actor_of(ana), world.flow, 0, lambda d: add(d, "rule"))


def test_a_version_is_restored_as_a_draft_and_nothing_that_runs_changes(world, me) -> None:
    do(world, me, change, "filter", {"when": 'status = "open"', "mode": "text"})
    second = go_live(me, fresh(world))
    drafts.restore(me, fresh(world), world.version)

    assert normal(fresh(world).design)["steps"] == normal(DESIGN)["steps"]
    assert fresh(world).versions.get(state="published") == second


@pytest.mark.parametrize("kind", PALETTE)
def test_every_step_of_the_palette_can_be_added_moved_and_removed(kind, world) -> None:
    base = {k: v for k, v in normal(DESIGN).items() if k != "write_back"}

    made, key, words = add(base, kind)
    assert words.startswith("added ")
    if kind not in ("retry", "write_back"):
        made, _ = move(made, key, by=-1)
        made, _ = move(made, key, before="end")
    gone, _ = remove(made, key)

    assert {k: v for k, v in gone.items() if v} == {k: v for k, v in base.items() if v}


def test_a_branch_that_takes_everything_stays_last_when_another_is_added() -> None:
    made, key, _ = add(normal(DESIGN), "branch")

    assert [b["id"] for b in made["branches"]] == [key, "b1"]


def test_the_last_branch_and_fixed_steps_cannot_be_removed() -> None:
    with pytest.raises(ValidationError, match="last branch stays"):
        remove(normal(DESIGN), "b1")
    with pytest.raises(ValidationError, match="cannot do without"):
        remove(normal(DESIGN), "trigger")


@pytest.mark.parametrize(
    ("key", "form", "words"),
    [
        ("trigger", {"kind": "poll", "every_seconds": "0"}, "whole number of seconds"),
        ("trigger", {"kind": "schedule", "at": "25:00"}, "not a time of the day"),
        ("filter", {"when-field-0": "gross_total", "when-operator-0": "gt", "when-value-0": "much"}, "not a number"),
        ("references", {"policy-customer": "guess"}, "For a missing customer choose"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_in_words(key, form, words) -> None:
    with pytest.raises(ValidationError, match=words):
        change(normal(DESIGN), key, form)


@pytest.mark.parametrize(
    ("steps", "branches", "step", "sentence", "fix"),
    [
        ([{"id": "f", "kind": "filter", "when": 'statsu = "x"'}], None, "f", "statsu", 'Write status = "x"'),
        ([{"id": "l", "kind": "lookup", "table": "none", "field": "terms", "to": "terms"}], None, "l", "no lookup table “none”", "Add the table"),
        ([{"id": "l", "kind": "lookup", "table": "", "field": "", "to": ""}], None, "l", "Choose a table", "Remove this step"),
        ([{"id": "r", "kind": "rule", "holds": ""}], None, "r", "no condition yet", "Remove this step"),
        ([{"id": "c", "kind": "set", "to": "memo", "from": "1 +"}], None, "c", "", ""),
        (None, [{"when": "TRUE", "entity": "Invoice"}, {"when": "paid", "entity": "Invoice"}], "b1", "never reached", "Move it to the end"),
        (None, [{"when": "TRUE", "entity": "Receipt"}], "b1", "mapping to Receipt is not published", "See the mappings"),
    ],
)  # fmt: skip
def test_a_compile_message_stands_at_its_step_with_a_fix(
    world, steps, branches, step, sentence, fix
) -> None:
    design = normal(DESIGN)
    design |= {"steps": steps} if steps is not None else {}
    design |= {"branches": branches} if branches is not None else {}

    found = [p for p in examine(world.flow, design).problems if p.step == step and p.refuses]

    assert sentence in found[0].sentence
    assert fix in "".join(way.label for way in found[0].ways)


def test_a_clean_design_has_nothing_to_mend(world) -> None:
    found = examine(world.flow, DESIGN)

    assert found.refusals == ()
    assert set(found.outbound) == {"Invoice"}


def test_differences_are_told_in_words() -> None:
    before = normal(DESIGN)
    after, _, _ = add(before, "retry")
    after, key, _ = add(after, "rule")
    after, _ = change(after, key, {"holds": "gross_total > 5", "mode": "text", "label": "Limit"})
    after, _ = change(after, "filter", {"when": "paid", "mode": "text"})

    said = [d.words for d in differences(before, after)]

    assert said == [
        "A filter: the condition was “status is “completed”” and is “paid is yes”",
        "A rule “Limit” is new: gross total is more than “5”",
        "A retry rule is new",
    ]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('AND(a = "1", b > 5)', 'AND(a = "1", b > 7)', "asked “b is more than “5”” and asks “b is more than “7””"),
        ('a = "1"', 'AND(a = "1", b > 7)', "also asks “b is more than “7””"),
        ('AND(a = "1", b > 7)', 'a = "1"', "does not ask “b is more than “7”” any more"),
        ('AND(a = "1", b > 5)', 'OR(a = "1", b > 5)',
         "was “a is “1” and b is more than “5”” and is “a is “1” or b is more than “5””"),
    ],
)  # fmt: skip
def test_only_the_line_of_a_condition_that_changed_is_told(before, after, said) -> None:
    design = normal(DESIGN) | {
        "steps": [{"id": "f1", "kind": "filter", "when": before, "label": "Open"}]
    }
    other = normal(DESIGN) | {
        "steps": [{"id": "f1", "kind": "filter", "when": after, "label": "Open"}]
    }

    assert [d.words for d in differences(design, other)] == [
        f"A filter “Open”: the condition {said}"
    ]


def test_settings_deep_in_a_design_are_told_with_old_and_new_value() -> None:
    before = normal(DESIGN) | {
        "entities": {"Invoice": {"reference": "DocNumber", "gross": "TotalAmt"}}
    }
    after = normal(DESIGN) | {
        "entities": {"Invoice": {"reference": "PrivateNote", "gross": "TotalAmt"}}
    }

    (one,) = differences(before, after)

    assert one.words == "Entities: Invoice: reference was “DocNumber” and is “PrivateNote”"
    assert (one.before, one.after) == ("DocNumber", "PrivateNote")


def test_the_trail_says_what_of_the_draft_changed_and_how(
    world: World, integrator, ana, as_person
) -> None:
    def narrower(design: Any) -> Any:
        made, words = change(
            design, "filter", {"when": 'AND(status = "completed", gross_total > 5)', "mode": "text"}
        )
        return made, "filter", words

    drafts.edit(integrator, world.flow, world.flow.revision, narrower)
    drafts.undo(integrator, world.flow)
    page = as_person(ana).get("/audit/").content.decode()

    assert (
        "changed a filter. A filter: the condition also asks “gross total is more than “5””" in page
    )
    assert "took back: changed a filter. A filter: the condition does not ask" in page


PAGES = ["", "steps/", "steps/filter/", "steps/trigger/", "steps/understand/", "steps/b1/", "steps/references/",
         "steps/check/", "steps/deliver/", "steps/write_back/", "steps/filter/?mode=text", "compare/"]  # fmt: skip


def test_all_pages_of_the_designer_answer(world, ivo, client, me) -> None:
    world.order("1001")
    world.run()
    for kind in PALETTE:
        if kind != "write_back":
            do(world, me, add, kind)
    client.force_login(ivo, backend="django.contrib.auth.backends.ModelBackend")

    for path in [
        *PAGES,
        *(f"steps/{key}/" for key in ("s1", "s2", "s3", "s4", "s5", "b2", "retry", "n1")),
    ]:
        answer = client.get(f"/flows/orders/{path}")
        assert answer.status_code == 200, path
    assert client.get("/flows/orders/steps/nothing/").status_code == 404


def test_the_live_result_is_that_of_a_real_record(world, ivo, client) -> None:
    world.order("1001")
    world.run()
    client.force_login(ivo, backend="django.contrib.auth.backends.ModelBackend")
    rows = {
        "when-join": "AND",
        "when-field-0": "party_name",
        "when-operator-0": "eq",
        "when-value-0": "Cobb",
    }

    answer = client.post("/flows/orders/steps/filter/condition/", {"name": "when", **rows})

    text = answer.content.decode()
    assert "The condition does not hold." in text
    assert "party name is “Bayside”: does not hold" in text


def test_what_was_typed_stays_when_it_is_refused_and_the_sentence_stands_beside_it(
    world, ivo, client
) -> None:
    client.force_login(ivo)
    form = {
        "do": "change", "step": "filter", "back": "filter", "revision": str(fresh(world).revision),
        "when-join": "AND", "when-field-0": "gross_total", "when-operator-0": "ge",
        "when-value-0": "100 USD",
    }  # fmt: skip

    answer = client.post("/flows/orders/edit/", form, headers={"HX-Request": "true"})

    assert answer.status_code == 422
    panel = answer.content.decode().split('id="panel"')[1]
    assert "“100 USD” is not a number" in panel
    assert 'value="100 USD"' in panel


def test_who_changes_what_moves_money_is_told_that_it_is_signed_first(
    world, ivo, client, me
) -> None:
    client.force_login(ivo)
    do(world, me, add, "rule")

    page = client.get("/flows/orders/").content.decode()

    assert "an accountant signs its rehearsal before it goes live" in page


def test_the_deliveries_of_a_flow_are_its_own(world, ivo, client) -> None:
    client.force_login(ivo)
    assert 'href="/flows/runs/?flow=orders"' in client.get("/flows/orders/").content.decode()

    nothing = client.get("/flows/runs/?q=nobody").content.decode()
    assert "No delivery is like that" in nothing
    assert "Nothing was delivered yet" not in nothing
    page = client.get("/flows/runs/?flow=orders").content.decode()

    assert f"Only those of {world.flow.name}." in page
    assert "?flow=orders&amp;state=done" in page


def test_an_accountant_reads_and_remarks_but_changes_nothing(world, ana, client) -> None:
    client.force_login(ana, backend="django.contrib.auth.backends.ModelBackend")

    said = client.post(
        "/flows/orders/steps/filter/remark/", {"text": "Why only completed?", "step": "filter"}
    )
    refused = client.post("/flows/orders/edit/", {"do": "add", "kind": "rule", "revision": "0"})

    assert said.status_code == 302
    assert "Why only completed?" in client.get("/flows/orders/steps/filter/").content.decode()
    assert refused.status_code == 403
    assert fresh(world).design == DESIGN


def test_a_form_of_a_page_that_is_out_of_date_is_refused(world, ivo, client, me) -> None:
    do(world, me, add, "rule")
    client.force_login(ivo, backend="django.contrib.auth.backends.ModelBackend")

    answer = client.post(
        "/flows/orders/edit/",
        {"do": "add", "kind": "retry", "revision": "0"},
        headers={"HX-Request": "true"},
    )

    assert answer.status_code == 422
    assert "meanwhile" in answer.content.decode()


@pytest.mark.parametrize("plan", shipped(), ids=lambda plan: plan["key"])
def test_every_shipped_design_can_be_drawn(plan, world) -> None:
    flow = world.flow
    flow.design = {k: v for k, v in plan.items() if k not in ("key", "name", "source", "target")}
    flow.save()

    canvas = canvas_of(flow, flow.design, examine(flow, flow.design), Trial())

    assert all(node.words for node in canvas.nodes)
    for node in canvas.nodes:
        assert panel_of(flow, flow.design, node) is not None
    shown = {node.key for node in canvas.nodes}
    assert {
        k for k in ("batch", "owners", "on_change", "on_delete", "keeps") if flow.design.get(k)
    } <= shown


def test_a_newer_mapping_is_named_where_the_draft_would_seem_to_be_what_runs(
    world, ivo, client
) -> None:
    client.force_login(ivo, backend="django.contrib.auth.backends.ModelBackend")
    same = client.get("/flows/orders/").content.decode()
    old = MappingVersion.objects.get(mapping__direction="outbound")
    MappingVersion.objects.filter(pk=old.pk).update(state="retired")
    MappingVersion.objects.create(
        mapping=old.mapping,
        number=2,
        document=old.document,
        content_hash="2" * 64,
        published_by="Ivo",
    )

    page = client.get("/flows/orders/").content.decode()
    beside = client.get("/flows/orders/compare/").content.decode()

    assert "The draft is what runs." in same
    assert "The draft is what runs." not in page
    assert "the mapping to Invoice (version 2 instead of 1)" in page
    assert "The mapping to Invoice was version 1 and is version 2" in beside
    assert "They say the same" not in beside


def test_who_publishes_a_mapping_sees_the_flows_that_have_to_follow(world, ivo, client) -> None:
    client.force_login(ivo, backend="django.contrib.auth.backends.ModelBackend")
    old = MappingVersion.objects.get(mapping__direction="inbound")
    address = f"/mappings/{old.mapping.uuid}/publishing/"
    current = client.get(address).content.decode()
    MappingVersion.objects.filter(pk=old.pk).update(state="retired")
    MappingVersion.objects.create(
        mapping=old.mapping,
        number=2,
        document=old.document,
        content_hash="2" * 64,
        published_by="Ivo",
    )

    page = client.get(address).content.decode()

    assert 'href="/flows/orders/"' in current
    assert "publish it to use version" not in current
    assert 'href="/flows/orders/"' in page
    assert "runs with version 1" in page
    assert "publish it to use version 2" in page


def test_a_missing_record_is_named_in_good_english(world, ivo, client) -> None:
    client.force_login(ivo, backend="django.contrib.auth.backends.ModelBackend")
    design = {**world.flow.design, "references": {"item": {"policy": "ask"}}}
    Flow.objects.filter(pk=world.flow.pk).update(design=design)

    page = client.get("/flows/orders/steps/references/").content.decode()

    assert "If the item is missing" in page


def test_end_to_end_lists_the_pairs_that_a_flow_is_made_for_and_all_only_when_asked(
    world: World, ivo: Any, as_person: Any
) -> None:
    inbound, outbound = (
        Mapping.objects.get(document="sales_order", direction=one)
        for one in ("inbound", "outbound")
    )
    receipt = Mapping.objects.create(
        workspace=world.workspace, connection=world.books, direction="outbound",
        entity="SalesReceipt", document="sales_order", snapshot=outbound.snapshot, frame={},
    )  # fmt: skip
    for one in (outbound, receipt):
        one.fed_by.add(world.erp)
    # Whatever its state: who designs a flow looks at its fields first.
    Flow.objects.update(state="draft")
    used = reverse("mapping:composed", args=[inbound.uuid, outbound.uuid])
    other = reverse("mapping:composed", args=[inbound.uuid, receipt.uuid])

    page = as_person(ivo).get("/mappings/").content.decode()
    every = as_person(ivo).get("/mappings/?pairs=all").content.decode()

    assert used in page
    assert other not in page
    assert 'href="?pairs=all#routes"' in page
    assert used in every
    assert other in every
    Flow.objects.update(design={**DESIGN, "document": "credit_note"})
    none = as_person(ivo).get("/mappings/").content.decode()
    assert "No flow is made for one of these pairs yet." in none
    assert used not in none


def test_a_record_is_offered_once_to_be_tried_on_however_often_it_changed(world: World) -> None:
    for net in ("10.00", "12.00", "14.00"):
        world.order("1001", Net=net)
        world.run()
    world.order("1002")
    world.run()
    entity = InboxItem.objects.earliest("pk").entity
    for key in (InboxItem.objects.earliest("pk").key, "9009"):
        Sample.objects.create(connection=world.erp, entity=entity, key=key, data={})

    offered = records_of(world.flow, entity)
    older = records_of(world.flow, entity, f"inbox-{InboxItem.objects.earliest('pk').pk}")

    assert [c.label for c in offered] == ["Order 1002", "Order 1001", f"{entity} 9009"]
    assert offered[1].key == f"inbox-{InboxItem.objects.filter(label='Order 1001').latest('pk').pk}"
    # Who comes from a case means that very change.
    assert [c.label for c in older] == ["Order 1001", "Order 1002", f"{entity} 9009"]
    assert older[0].key == f"inbox-{InboxItem.objects.earliest('pk').pk}"


def test_a_flow_that_nobody_changed_says_so_without_a_moment(
    world: World, ivo: Any, as_person: Any
) -> None:
    page = as_person(ivo).get(reverse("flows:flow", args=[world.flow.key])).content.decode()

    part = page[page.index('id="history"') :]
    assert "Nothing yet." in part
    assert "timeline" not in part.split("Nothing yet.")[0]


def filled(field: str, operator: str, value: str) -> dict[str, str]:
    return {"when-field-0": field, "when-operator-0": operator, "when-value-0": value}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("gross_total", "1.234", "can be read as 1.234 or as 1,234"),
        ("gross_total", "NaN", "is not a number"),
        ("date", "2026-02-30", "a day the calendar does not have"),
        ("date", "yesterday", "is not a date"),
    ],
)
def test_a_value_that_says_two_things_or_nothing_is_refused_at_its_field(
    world, me, field, value, said
) -> None:
    before = fresh(world).design

    with pytest.raises(ValidationError, match=said):
        do(world, me, change, "filter", filled(field, "ge", value))
    assert fresh(world).design == before


def test_a_limit_is_the_same_however_its_writer_groups_digits(world, me) -> None:
    for said in ("1.234,56", "1,234.56", "1234.56"):
        do(world, me, change, "filter", {"when": "TRUE", "mode": "text"})
        do(world, me, change, "filter", filled("gross_total", "ge", said))
        whens = [s["when"] for s in fresh(world).design["steps"] if s["kind"] == "filter"]
        assert whens == ["gross_total >= 1234.56"]


def test_a_day_that_is_none_is_no_condition_as_text_either(world, me) -> None:
    do(world, me, change, "filter", {"when": "date >= DATE(2026, 2, 30)", "mode": "text"})

    assert any("is not a date" in s for s in examine(world.flow, fresh(world).design).refusals)


def test_who_may_not_change_a_step_is_told_and_finds_no_open_field(
    world, as_person, ana, ivo
) -> None:
    address = reverse("flows:flow-step", args=(world.flow.key, "trigger"))
    shut, opened = (as_person(one).get(address).content.decode() for one in (ana, ivo))

    assert "You can read it; an integrator changes it." in shut
    assert "You can read it; an integrator changes it." not in opened


def test_a_sample_whose_record_came_in_long_ago_is_no_second_choice(world, me) -> None:
    for number in range(1001, 1020):
        world.order(str(number))
    world.run()
    for key in ("1001", "2001"):
        Sample.objects.create(connection=world.erp, entity="SorMaster", key=key, data={})

    labels = [one.label for one in records_of(world.flow, "SorMaster")]

    assert [one for one in labels if one.startswith("SorMaster")] == ["SorMaster 2001"]


def test_the_canvas_says_when_a_mapping_is_chosen(world) -> None:
    design = world.flow.design
    node = canvas_of(world.flow, design, examine(world.flow, design), Trial()).node("understand")

    assert node is not None
    assert "in the version that is newest when the flow is published" in node.words
