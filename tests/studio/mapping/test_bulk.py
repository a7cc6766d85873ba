from __future__ import annotations

from collections.abc import Callable

import pytest

from studio.core.action import Actor
from studio.core.models import AuditEvent
from studio.core.refused import DecisionRefused
from studio.mapping import queries
from studio.mapping.actions import accept_within, apply_to_identical, bulk, decide, undo_bulk
from studio.mapping.models import Decision, Mapping, MappingRow
from studio.mapping.queries import budget_size, within_budget
from tests.studio.mapping.conftest import candidate

MakeRow = Callable[..., MappingRow]


@pytest.mark.golden(19)
def test_of_forty_ticked_two_lost_a_race_thirty_eight_are_decided_and_two_stay(
    integrator: Actor, make_row: MakeRow
) -> None:
    rows = [make_row(f"custom.f{n}", candidate("Name", 0.9)) for n in range(40)]
    seen = {row.pk: row.revision for row in rows}
    for row in rows[:2]:
        decide(integrator, row, "do_not_map", reason="taken by a colleague")
    AuditEvent.objects.all().delete()

    result = bulk(integrator, MappingRow.objects.all(), revisions=seen)

    assert len(result.done) == 38
    assert {row.pk for row, _ in result.left} == {rows[0].pk, rows[1].pk}
    assert AuditEvent.objects.filter(key="mapping.decided", bulk=result.bulk).count() == 38
    assert Decision.objects.filter(bulk=result.bulk).count() == 38
    assert result.sentence.startswith("38 accepted, 2 left because")
    assert MappingRow.objects.filter(state="do_not_map").count() == 2


def test_a_row_without_candidate_does_not_stop_the_others(
    integrator: Actor, make_row: MakeRow
) -> None:
    rows = [make_row("name", candidate("Name", 0.9)), make_row("fax")]

    result = bulk(integrator, rows)

    assert [r.target_path for r in result.done] == ["name"]
    assert "no such candidate" in result.left[0][1]


def test_the_risk_budget_takes_the_surest_rows_that_fit(make_row: MakeRow) -> None:
    for path, confidence in (("name", 0.9), ("email", 0.99), ("phone", 0.5), ("code", 0.95)):
        make_row(path, candidate("Name", confidence))

    chosen = within_budget(MappingRow.objects.all(), expected_wrong=0.2)

    assert [r.target_path for r in chosen.rows] == ["email", "code", "name"]
    assert chosen.expected_wrong == pytest.approx(0.16)


def test_a_guess_is_not_taken_along_however_much_of_the_budget_is_left(
    integrator: Actor, inbound: Mapping, make_row: MakeRow
) -> None:
    make_row("name", candidate("Name", 0.99))
    make_row("email", candidate("Email", 0.80))
    make_row("phone", candidate("Telephone", 0.66))
    make_row("fax", candidate("Fax", 0.35))

    offered = budget_size(inbound, 1.0)
    result = accept_within(integrator, inbound.rows.all(), expected_wrong=99)

    assert offered.count == 2
    assert {r.target_path for r in result.done} == {"name", "email"}


def test_the_surest_are_the_same_however_few_are_read_at_once(
    inbound: Mapping, make_row: MakeRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, confidence in enumerate((0.99, 0.9, 0.97, 0.9, 0.81, 0.85, 0.6)):
        make_row(f"custom.f{number}", candidate("Name", confidence))
    make_row("discount_percent", candidate("Name", 0.98))

    whole = [budget_size(inbound, allowed) for allowed in (0.0, 0.15, 0.3, 5.0)]
    monkeypatch.setattr(queries, "_AT_ONCE", 1)
    singly = [budget_size(inbound, allowed) for allowed in (0.0, 0.15, 0.3, 5.0)]

    assert [(b.token, b.left) for b in singly] == [(b.token, b.left) for b in whole]
    assert [b.count for b in whole] == [0, 3, 4, 6]
    assert whole[0].left == ""
    assert "1 sure one wants a look" in whole[1].left


def test_the_risk_budget_is_spent_once_however_often_it_is_asked_for(
    integrator: Actor, make_row: MakeRow
) -> None:
    rows = [make_row(f"custom.f{n}", candidate("Name", 0.9)) for n in range(4)]
    everything = MappingRow.objects.order_by("pk")

    first = accept_within(integrator, everything.all(), expected_wrong=0.2)
    again = accept_within(integrator, everything.all(), expected_wrong=0.2)
    looked_at = MappingRow.objects.get(pk=first.done[0].pk)
    decide(integrator, looked_at, "approved")
    freed = accept_within(integrator, everything.all(), expected_wrong=0.2)

    assert [r.pk for r in first.done] == [r.pk for r in rows[:2]]
    assert not again.done
    assert [r.pk for r in freed.done] == [rows[2].pk]


def test_accepting_within_the_budget_leaves_decided_rows_alone(
    integrator: Actor, make_row: MakeRow
) -> None:
    kept = make_row("name", candidate("Name", 0.99))
    decide(integrator, kept, "rejected")
    make_row("email", candidate("Email", 0.99))

    result = accept_within(integrator, MappingRow.objects.all(), expected_wrong=1)

    assert [r.target_path for r in result.done] == ["email"]
    kept.refresh_from_db()
    assert kept.state == "rejected"


@pytest.mark.golden(17)
def test_applied_to_all_identical_then_undone_every_row_has_its_candidates_back(
    integrator: Actor, make_row: MakeRow, inbound: Mapping
) -> None:
    other = Mapping.objects.create(
        workspace=inbound.workspace,
        connection=inbound.connection,
        direction="inbound",
        entity="ApSupplier",
        document="party",
    )
    first = make_row("name", candidate("Name", 0.9))
    twin = make_row("name", candidate("SupplierName", 0.7), candidate("Name", 0.6), mapping=other)
    stranger = make_row("email", candidate("Email", 0.9), mapping=other)
    decide(integrator, first, "approved")

    result = apply_to_identical(integrator, first)
    twin.refresh_from_db()
    assert (twin.state, twin.expression) == ("approved", "Name")
    undo_bulk(integrator, result.bulk)

    twin.refresh_from_db()
    stranger.refresh_from_db()
    assert (twin.state, twin.expression) == ("open", "")
    assert [c["expression"] for c in twin.candidates] == ["SupplierName", "Name"]
    assert stranger.state == "open"


def test_apply_to_identical_asks_for_an_approval_first(
    integrator: Actor, make_row: MakeRow
) -> None:
    with pytest.raises(DecisionRefused):
        apply_to_identical(integrator, make_row("name", candidate("Name", 0.9)))


def test_what_could_not_be_published_is_not_among_the_surest(
    integrator: Actor, outbound: Mapping, make_row: MakeRow
) -> None:
    fits = make_row("DisplayName", candidate("name", 0.96), mapping=outbound)
    for path, expression in (
        ("PrimaryPhone.FreeFormNumber", 'LOOKUP("ship_method", phone)'),
        ("SalesTermRef.value", "nothing_like_it"),
    ):
        make_row(path, candidate(expression, 0.99), mapping=outbound)

    offered = budget_size(outbound, 1.0)
    result = accept_within(integrator, outbound.rows.all(), expected_wrong=1)

    assert offered.count == 1
    assert [r.pk for r in result.done] == [fits.pk]
    assert "2 sure ones want a look: 2 could not be published as they stand." in result.sentence
    assert offered.left in result.sentence


def test_a_text_for_a_yes_or_no_is_left_unless_somebody_confirmed_it(
    integrator: Actor, inbound: Mapping, make_row: MakeRow
) -> None:
    make_row("active", candidate("Telephone", 0.99))

    assert not accept_within(integrator, inbound.rows.all(), 1).done

    inbound.rows.update(candidates=[candidate("Telephone", 0.99, confirm_lossy=True)])
    assert len(accept_within(integrator, inbound.rows.all(), 1).done) == 1


@pytest.mark.parametrize(
    ("path", "kind", "more", "taken"),
    [
        ("custom.DiscountRate", "decimal", {}, False),
        ("custom.DiscountAmount", "decimal", {}, False),
        ("custom.ExchRate", "decimal", {}, False),
        ("custom.TaxCodeRef", "string", {}, False),
        ("custom.Taxability", "enum", {}, False),
        ("custom.Qty", "decimal", {}, False),
        ("custom.DiscountRate", "decimal", {"required": True}, True),
        ("custom.DiscountRate", "decimal", {"method": "Rule"}, True),
        ("custom.CreditLimit", "decimal", {}, True),
        ("custom.PriceNote", "string", {}, True),
        ("custom.Internet", "string", {}, True),
    ],
)
def test_an_optional_field_that_changes_amounts_waits_for_a_person(
    integrator: Actor, make_row: MakeRow, path: str, kind: str, more: dict[str, object], taken: bool
) -> None:
    make_row(path, candidate("Name", 0.99), target_type=kind, **more)

    result = accept_within(integrator, MappingRow.objects.all(), 1)

    assert bool(result.done) is taken
    assert ("1 is optional and would change amounts" in result.sentence) is not taken
