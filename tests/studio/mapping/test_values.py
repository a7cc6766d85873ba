"""Codes of the values page: many at once, why, later, remarks; and putting a field off."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from studio.accounts.models import User
from studio.core.action import Actor
from studio.core.models import AuditEvent
from studio.core.refused import DecisionRefused
from studio.mapping.actions import accept_values, comment_value, put_off, undo_last_value
from studio.mapping.models import LookupTable, Mapping, MappingRow, PutOff, ValueProposal
from tests.studio.mapping.conftest import candidate

AsPerson = Callable[[User], Client]
MakeRow = Callable[..., MappingRow]
HTMX = {"HTTP_HX_REQUEST": "true"}


def url(name: str, *args: Any) -> str:
    return reverse(f"mapping:{name}", args=args)


def offer(key: str, label: str, confidence: float) -> dict[str, Any]:
    return {
        "key": key,
        "code": "",
        "label": label,
        "confidence": confidence,
        "word": "strong",
        "method": "Similarity",
        "sentence": "Like words.",
        "waterfall": [
            {"label": "prior", "effect": -1.1, "detail": "before any evidence"},
            {"label": "words", "effect": 3.3, "detail": "the same number and like words"},
        ],
    }


@pytest.fixture
def codes(terms: LookupTable) -> list[ValueProposal]:
    plan = {"30": ("1", "Net 30"), "CO": ("2", "Due on receipt"), "60": ("3", "Net 60")}
    return [
        ValueProposal.objects.create(
            table=terms,
            source=source,
            candidates=[offer(key, label, 0.9), offer("2", "Due on receipt", 0.4)],
            confidence=0.9,
        )
        for source, (key, label) in plan.items()
    ]


def order(page: str) -> list[str]:
    """The codes or fields of a list as they stand on the page."""
    return re.findall(r'data-row id="(?:value|row)-([0-9a-f-]+)"', page)


def ticked(rows: list[ValueProposal]) -> dict[str, Any]:
    return {"tick": [f"{row.uuid}:{row.revision}" for row in rows]}


def toast_undo(page: str) -> tuple[str, str]:
    """Where the toast's Undo goes and what it names."""
    toast = page[page.index('id="toasts"') :]
    found = re.search(r'action="([^"]+)".*?name="of" value="([^"]*)"', toast, re.DOTALL)
    return (found[1], found[2]) if found else ("", "")


def test_ticked_codes_are_accepted_with_a_line_each_and_taken_back_by_one_undo(
    ana: User, as_person: AsPerson, terms: LookupTable, codes: list[ValueProposal]
) -> None:
    client = as_person(ana)

    answer = client.post(url("values-bulk"), ticked(codes), **HTMX).content.decode()

    # Net 60 is inactive: it stays and says so, the others go through.
    assert "2 accepted, 1 left because: “Net 60” is inactive in" in answer
    assert {row.source for row in terms.rows.all()} == {"30", "CO"}
    lines = AuditEvent.objects.filter(key="lookup.approved")
    assert lines.count() == 2
    assert len({line.bulk for line in lines}) == 1

    address, named = toast_undo(answer)
    back = client.post(address, {"of": named}, **HTMX).content.decode()
    assert "2 translations taken back." in back
    assert not terms.rows.exists()
    again = client.post(address, {"of": named}, **HTMX).content.decode()
    assert "Nothing of what was accepted together stands any more. Nothing was changed." in again


def test_the_key_for_undo_takes_back_the_whole_bulk_and_then_what_was_before(
    accountant: Actor, terms: LookupTable, codes: list[ValueProposal]
) -> None:
    accept_values(accountant, codes[:1])
    together = accept_values(accountant, codes[1:])
    assert [one.source for one in together.done] == ["CO"]
    accept_values(accountant, [codes[2]])

    every = ValueProposal.objects.select_related("table__connection", "row")
    assert undo_last_value(accountant, every.all()) == ["CO"]
    assert undo_last_value(accountant, every.all()) == ["30"]
    with pytest.raises(DecisionRefused, match="nothing of yours left"):
        undo_last_value(accountant, every.all())


def test_a_code_that_a_colleague_was_faster_on_is_left_and_named(
    ana: User, as_person: AsPerson, integrator: Actor, codes: list[ValueProposal]
) -> None:
    seen = ticked(codes[:2])
    accept_values(integrator, codes[:1])

    answer = as_person(ana).post(url("values-bulk"), seen, **HTMX).content.decode()

    assert "1 accepted, 1 left because: “30” was decided by" in answer


def test_ticking_nothing_says_which_key_ticks(ana: User, as_person: AsPerson) -> None:
    answer = as_person(ana).post(url("values-bulk"), {}, **HTMX).content.decode()

    assert "Tick some codes first (x)." in answer


def test_explaining_a_code_draws_each_candidate_to_its_number(
    ana: User, as_person: AsPerson, codes: list[ValueProposal]
) -> None:
    client = as_person(ana)
    listed = client.get(url("values")).content.decode()
    address = url("value-explain", codes[0].uuid)
    assert f'hx-get="{address}"' in listed
    assert "Due on receipt" in listed
    assert "strong 40\u00a0% Similarity" in listed

    detail = client.get(address, **HTMX).content.decode()
    whole = client.get(address).content.decode()

    assert "How 90% came about" in detail
    assert "How 40% came about" in detail
    assert "the same number and like words" in detail
    assert detail.startswith("<section")
    # Without script it is a page of its own, with a way back.
    assert f'href="{url("values")}?table=' in whole


def test_who_decided_a_code_stays_told_after_it_is_taken_back(
    ana: User, as_person: AsPerson, codes: list[ValueProposal]
) -> None:
    client = as_person(ana)
    client.post(url("value-decide", codes[0].uuid), {"candidate": "0"}, **HTMX)
    client.post(url("values-undo"), **HTMX)

    detail = client.get(url("value-explain", codes[0].uuid), **HTMX).content.decode()

    assert detail.index("undone") < detail.index("approved")
    assert "was shown 90" in detail


def test_who_answered_a_code_elsewhere_is_named_when_it_is_explained(
    codes: list[ValueProposal], accountant: Actor, ana: User, as_person: AsPerson
) -> None:
    """From a case, or in the table, the line stands at the table; a decision without a line has its row."""
    first, second, _third = codes
    AuditEvent.objects.create(
        actor="Ana Keller", role="accountant", key="lookup.row_added",
        subject=f"table:{first.table.uuid}",
        data={"table": "terms", "source": first.source, "target": "3", "means": "Net 60"},
    )  # fmt: skip
    ValueProposal.objects.filter(pk=second.pk).update(
        state="approved", decided_by="the lookup table"
    )

    for code, who in ((first, "Ana Keller"), (second, "the lookup table")):
        detail = as_person(ana).get(url("value-explain", code.uuid), **HTMX).content.decode()
        said = detail.partition("Who decided")[2]
        assert who in said
        assert "Nobody yet" not in said


def test_a_remark_stands_beside_a_code_for_everybody_who_reads(
    ana: User, olga: User, as_person: AsPerson, codes: list[ValueProposal]
) -> None:
    client, address = as_person(ana), url("value-note", codes[0].uuid)

    empty = client.post(address, {"text": " "}, **HTMX).content.decode()
    said = client.post(address, {"text": "Is 30 from invoice date?"}, **HTMX).content.decode()

    assert "The comment is empty." in empty
    assert "Your remark stands beside “30”." in said
    assert '<span class="count">1</span>' in said
    reader = as_person(olga)
    detail = reader.get(url("value-explain", codes[0].uuid), **HTMX).content.decode()
    assert "Is 30 from invoice date?" in detail
    assert address not in detail
    assert AuditEvent.objects.get(key="lookup.noted").data["source"] == "30"


def test_later_puts_a_code_last_on_ones_own_list_and_undo_brings_it_back(
    ana: User, ivo: User, as_person: AsPerson, codes: list[ValueProposal]
) -> None:
    client = as_person(ana)
    before = order(client.get(url("values")).content.decode())
    first = before[0]

    answer = client.post(url("value-later", first), {"back": ""}, **HTMX).content.decode()

    assert order(answer) == [*before[1:], first]
    assert "put off" in answer
    assert order(as_person(ivo).get(url("values")).content.decode()) == before
    address, named = toast_undo(answer)
    assert order(client.post(address, {"of": named}, **HTMX).content.decode()) == before
    # The button does the same in both directions.
    client.post(url("value-later", first), {"back": ""}, **HTMX)
    shown = client.post(url("value-later", first), {"back": "1"}, **HTMX).content.decode()
    assert order(shown) == before


def test_what_is_put_off_is_last_over_all_pages(
    ana: User, as_person: AsPerson, terms: LookupTable
) -> None:
    rows = [ValueProposal.objects.create(table=terms, source=f"{n:03}") for n in range(45)]
    client = as_person(ana)
    client.post(url("value-later", rows[0].uuid), **HTMX)

    one = client.get(url("values")).content.decode()
    token = re.search(r"after=([\w-]+)", one)
    assert token
    two = client.get(url("values") + f"?after={token[1]}").content.decode()

    assert str(rows[0].uuid) not in one
    assert order(two)[-1] == str(rows[0].uuid)
    assert len({*order(one), *order(two)}) == 45


def test_later_puts_a_field_last_for_one_person_and_the_document_keeps_its_order(
    ivo: User, ana: User, as_person: AsPerson, inbound: Mapping, make_row: MakeRow
) -> None:
    rows = [make_row(p, candidate("Name", 0.9)) for p in ("name", "email", "phone")]
    address = url("review", inbound.uuid)
    places = [str(row.uuid) for row in rows]
    client = as_person(ivo)

    answer = client.post(url("row-later", rows[0].uuid), {"back": ""}, **HTMX).content.decode()

    assert "name comes back at the end of your list." in answer
    assert order(answer) == [*places[1:], places[0]]
    assert order(client.get(address + "?state=all").content.decode()) == places
    assert order(as_person(ana).get(address).content.decode()) == places
    undo_at, named = toast_undo(answer)
    assert order(client.post(undo_at, {"of": named}, **HTMX).content.decode()) == places


def test_what_is_decided_cannot_be_put_off(
    integrator: Actor, accountant: Actor, make_row: MakeRow, codes: list[ValueProposal]
) -> None:
    row = make_row("name", candidate("Name", 0.9), state="approved")
    accept_values(accountant, codes[:1])
    decided = ValueProposal.objects.get(pk=codes[0].pk)

    for actor, what in ((integrator, row), (accountant, decided)):
        with pytest.raises(DecisionRefused, match="decided already"):
            put_off(actor, what)
    assert not PutOff.objects.exists()


def test_fields_accepted_together_are_taken_back_by_the_button_of_the_toast(
    ivo: User, as_person: AsPerson, inbound: Mapping, make_row: MakeRow
) -> None:
    rows = [make_row(p, candidate("Name", 0.97)) for p in ("name", "code")]
    other = make_row("memo", candidate("Name", 0.97))
    client = as_person(ivo)
    seen = {"tick": [f"{row.uuid}:{row.revision}" for row in rows]}

    answer = client.post(url("bulk", inbound.uuid), seen, **HTMX).content.decode()
    client.post(url("row-decide", other.uuid), {"candidate": "0"}, **HTMX)
    address, named = toast_undo(answer)
    back = client.post(address, {"of": named}, **HTMX).content.decode()

    assert "2 decisions taken back" in back
    assert set(MappingRow.objects.filter(state="open").values_list("target_path", flat=True)) == {
        "name",
        "code",
    }
    again = client.post(address, {"of": named}, **HTMX).content.decode()
    assert "Nothing of this bulk decision is in force any more." in again


def test_what_was_accepted_within_a_budget_is_taken_back_by_the_button_of_the_toast(
    ivo: User, as_person: AsPerson, inbound: Mapping, make_row: MakeRow
) -> None:
    make_row("name", candidate("Name", 0.97))
    client = as_person(ivo)

    asked = {"expected_wrong": "1", "told": "1:0.030"}
    answer = client.post(url("accept-within", inbound.uuid), asked, **HTMX)
    address, named = toast_undo(answer.content.decode())
    client.post(address, {"of": named}, **HTMX)

    assert MappingRow.objects.get().state == "open"


def test_the_number_of_queries_does_not_grow_with_the_codes(
    ana: User, as_person: AsPerson, accountant: Actor, terms: LookupTable
) -> None:
    client = as_person(ana)

    def needed(count: int) -> int:
        for n in range(count):
            one = ValueProposal.objects.create(
                table=terms, source=f"{count}-{n}", candidates=[offer("1", "Net 30", 0.9)]
            )
            comment_value(accountant, one, "sure?")
        client.get(url("values"))
        with CaptureQueriesContext(database) as said:
            client.get(url("values"))
        return len(said)

    assert needed(2) == needed(20)


def test_a_table_that_was_never_looked_up_is_not_called_complete(
    ana: User, as_person: AsPerson, terms: LookupTable
) -> None:
    page = as_person(ana).get(f"{url('values')}?table={terms.uuid}").content.decode()

    assert "Every code of this table has its translation" not in page
    assert "No code of this table was looked up yet" in page
    # It stands among the tables, so that one sees which is chosen.
    assert terms.label in page
