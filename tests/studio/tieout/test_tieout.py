"""Every cent of difference gets its name; a red tie-out cannot be signed."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from openpyxl import load_workbook

from engine.canon.days import spoken_day
from engine.canon.money import spoken
from engine.ports import SourceRecord
from studio.core.models import AuditEvent
from studio.core.paper import moment
from studio.core.templatetags.studio import day, written
from studio.flows.actions import override
from studio.flows.models import Delivery, InboxItem
from studio.flows.poll import HISTORY
from studio.monitor.sentences import sentence
from studio.monitor.waiting import waiting_for
from studio.tieout import actions
from studio.tieout.actions import Row, run_tieout
from studio.tieout.exports import as_csv, head_of, verdict_of
from studio.tieout.models import Difference, TieOut
from studio.tieout.signing import period_of, sign

pytestmark = pytest.mark.django_db


@pytest.fixture
def tie(world, accountant):
    def run() -> TieOut:
        (found,) = run_tieout(accountant, world.flow)
        return found

    return run


def names(tie: TieOut) -> dict[str, Decimal]:
    return {d.kind: d.amount for d in tie.differences.all()}


def invoice(world, **changes) -> None:
    """Somebody changes the only invoice at the target."""
    (record,) = world.target.records["Invoice"]
    world.target.records["Invoice"] = [replace(record, data={**record.data, **changes})]


def test_what_was_posted_ties_and_is_confirmed(world, tie) -> None:
    world.order("1001")
    world.run()

    found = tie()

    assert (found.green, found.residual, names(found)) == (True, 0, {})
    assert found.totals["target"]["count"] == 1
    assert world.post("1001").confirmed_at is not None


@pytest.mark.promise("P04")
def test_a_record_in_a_case_is_named_and_the_tie_out_is_green(world, tie) -> None:
    world.order("1001", Terms="45")
    world.run()

    found = tie()

    assert names(found) == {"case": Decimal("100.00")}
    assert (found.green, found.unexplained) == (True, 0)


def test_money_that_waits_is_explained_but_said_to_be_not_over(world, tie, ana, as_person) -> None:
    world.order("1001", Terms="45")
    world.run()

    found = tie()
    client = as_person(ana)
    page = client.get(f"/tie-out/{found.uuid}/").content.decode()
    lists = [client.get(url).content.decode() for url in ("/tie-out/", "/")]

    assert "The difference is explained, but not over." in page
    assert re.search(
        r"Still to be posted or settled: Waits in the exception queue .{0,40}100\.00", page
    )
    assert "Every cent" not in page
    assert all("explained, not over" in said for said in lists)
    assert verdict_of(found).startswith("The difference is explained, but not over")


def test_what_is_under_way_says_since_when(world, tie, ana, as_person) -> None:
    world.order("1001")
    world.poll()

    page = as_person(ana).get(f"/tie-out/{tie().uuid}/").content.decode()

    assert f"read {written(world.item('1001').created_at)}" in page


def test_the_same_gross_amount_with_another_tax_does_not_tie(
    world, tie, monkeypatch, ana, as_person, accountant
) -> None:
    here, there = amounts("100.00", "20.00"), amounts("110.00", "10.00")
    posted = Row(
        key="1001", currency="USD", source=here, sent=here, state="posted", targets=[there]
    )
    posted.targets_on = [None]
    monkeypatch.setattr(actions, "gather", lambda flow: actions.Gathered([posted], [], {}))

    found = tie()
    client = as_person(ana)
    page = client.get(f"/tie-out/{found.uuid}/").content.decode()
    paper = client.get(f"/tie-out/{found.uuid}/export.csv").content.decode()

    assert (found.residual, found.unexplained, found.green) == (0, 0, False)
    assert "The two sides do not tie." in page
    assert "The same in all, with another tax" in page
    assert "tax of Harbour ERP less that of Harbour Books" in page
    assert "tax 10.00 USD apart" in paper
    with pytest.raises(ValidationError, match="Write the reason"):
        sign(accountant, found, "")


def test_a_cent_of_tax_that_was_rounded_is_named_and_ties(world, tie, monkeypatch) -> None:
    here, there = amounts("100.01", "19.99"), amounts("100.00", "20.00")
    posted = Row(
        key="1001", currency="USD", source=here, sent=there, state="posted", targets=[there]
    )
    posted.targets_on = [None]
    monkeypatch.setattr(actions, "gather", lambda flow: actions.Gathered([posted], [], {}))

    found = tie()

    assert (names(found), found.green) == ({"rounding": 0}, True)


def test_an_order_nobody_has_read_is_not_explained(world, tie, accountant) -> None:
    world.order("1001")
    world.run()
    world.order("1002")

    found = tie()

    assert names(found) == {"lost": Decimal("100.00")}
    assert (found.green, found.unexplained) == (False, Decimal("100.00"))
    with pytest.raises(ValidationError):
        sign(accountant, found, "looks fine")
    assert TieOut.objects.get().signed_by == ""


def amounts(net: str, tax: str) -> dict[str, Decimal]:
    return {"net": Decimal(net), "tax": Decimal(tax), "gross": Decimal(net) + Decimal(tax)}


def test_what_is_not_explained_is_counted_once_with_its_tax(
    world, tie, accountant, monkeypatch, ana, as_person
) -> None:
    unread = [
        Row(key="1001", currency="USD", source=amounts("100.00", "20.00")),
        Row(key="1002", currency="USD", source=amounts("-50.00", "-10.00")),
    ]
    monkeypatch.setattr(actions, "gather", lambda flow: actions.Gathered(unread, [], {}))

    found = tie()

    # An invoice and a credit note that nobody has read do not excuse each other.
    assert (found.residual, found.unexplained) == (Decimal("60.00"), Decimal("180.00"))
    page = as_person(ana).get(f"/tie-out/{found.uuid}/").content.decode()
    assert re.search(r"180\.00.{0,60}has no lawful explanation yet", page)
    assert "180.00" in verdict_of(found)
    with pytest.raises(ValidationError, match=r"180\.00"):
        sign(accountant, found, "looks fine")


def test_lost_documents_that_cancel_each_other_out_cannot_be_signed(
    world, tie, accountant, monkeypatch
) -> None:
    unread = [
        Row(key="1001", currency="USD", source=amounts("100.00", "20.00")),
        Row(key="1002", currency="USD", source=amounts("-100.00", "-20.00")),
    ]
    monkeypatch.setattr(actions, "gather", lambda flow: actions.Gathered(unread, [], {}))

    found = tie()

    assert (found.green, found.residual, found.unexplained) == (False, 0, Decimal("240.00"))
    with pytest.raises(ValidationError, match="not explained yet"):
        sign(accountant, found, "they cancel out")


def test_an_amount_changed_at_the_target_is_named_and_red(world, tie) -> None:
    world.order("1001")
    world.run()
    invoice(world, TotalAmt=Decimal("90.00"))

    found = tie()

    assert names(found) == {"changed_at_target": Decimal("10.00")}
    assert not found.green


@pytest.fixture
def by_month(world, accountant):
    """An order of October that was posted on 6 November, and one that stayed in October."""
    world.order("1001", OrderDate="2026-10-27")
    world.order("1002", OrderDate="2026-10-28", Net=Decimal("40.00"))
    world.poll()
    override(world.item("1001"), "date", "2026-11-06")
    world.run()

    def run(first: str, last: str) -> list[TieOut]:
        days = (date.fromisoformat(first), date.fromisoformat(last))
        return run_tieout(accountant, world.flow, since=days[0], until=days[1])

    return run


def counts(tie: TieOut) -> list[tuple[int, str]]:
    places = ("source", "ledger", "target")
    return [(tie.totals[p]["count"], tie.totals[p]["gross"]) for p in places]


def test_a_document_the_books_have_in_another_month_is_named_in_both(by_month, ana, as_person):
    (october,) = by_month("2026-10-01", "2026-10-31")
    (november,) = by_month("2026-11-01", "2026-11-30")

    assert counts(october) == [(2, "140.00"), (1, "40.00"), (1, "40.00")]
    assert names(october) == {"moved_period": Decimal("100.00")}
    assert counts(november) == [(0, "0.00"), (1, "100.00"), (1, "100.00")]
    assert names(november) == {"moved_period": Decimal("-100.00")}
    for tie in (october, november):
        assert (tie.unexplained, tie.green) == (0, True)
        page = as_person(ana).get(f"/tie-out/{tie.uuid}/").content.decode()
        assert "Every cent of the difference has a name." in page
        assert "Moved period" in page
        assert "Harbour ERP dates it 27 Oct 2026, Harbour Books 6 Nov 2026" in page
        paper = as_person(ana).get(f"/tie-out/{tie.uuid}/export.csv").content.decode()
        assert (
            'Moved period: 27 Oct 2026 in Harbour ERP, 6 Nov 2026 in Harbour Books",1001' in paper
        )


def test_over_both_months_nothing_moved(by_month) -> None:
    (both,) = by_month("2026-10-01", "2026-11-30")

    assert names(both) == {}


def test_moves_that_cancel_each_other_out_are_names_all_the_same(
    world, by_month, ana, as_person
) -> None:
    world.order("1003", OrderDate="2026-11-02")
    world.poll()
    override(world.item("1003"), "date", "2026-10-31")
    world.run()

    (november,) = by_month("2026-11-01", "2026-11-30")

    assert (november.residual, november.differences.count()) == (0, 2)
    for address in (f"/tie-out/{november.uuid}/", "/tie-out/", "/"):
        page = as_person(ana).get(address).content.decode()
        assert "Both sides tie to the cent." not in page
        assert ">ties<" not in page


def test_what_was_also_changed_in_the_books_is_told_once_where_the_source_has_it(
    world, by_month
) -> None:
    rows = world.target.records["Invoice"]
    at = next(n for n, r in enumerate(rows) if r.data["DocNumber"] == "1001")
    rows[at] = replace(rows[at], data={**rows[at].data, "TotalAmt": Decimal("90.00")})

    (october,) = by_month("2026-10-01", "2026-10-31")
    (november,) = by_month("2026-11-01", "2026-11-30")

    assert names(october) == {
        "moved_period": Decimal("90.00"),
        "changed_at_target": Decimal("10.00"),
    }
    assert names(november) == {"moved_period": Decimal("-90.00")}
    assert (october.green, november.green) == (False, True)


def test_a_moved_document_that_was_deleted_in_the_books_is_deleted_there(world, by_month) -> None:
    rows = world.target.records["Invoice"]
    world.target.records["Invoice"] = [r for r in rows if r.data["DocNumber"] != "1001"]

    (october,) = by_month("2026-10-01", "2026-10-31")

    assert names(october) == {"deleted_at_target": Decimal("100.00")}


def test_a_document_deleted_at_the_target_is_named_and_red(world, tie) -> None:
    world.order("1001")
    world.run()
    world.target.records["Invoice"] = []

    assert names(tie()) == {"deleted_at_target": Decimal("100.00")}


def test_a_copy_made_by_hand_is_a_duplicate(world, tie) -> None:
    world.order("1001")
    world.run()
    (record,) = world.target.records["Invoice"]
    world.target.records["Invoice"].append(replace(record, key="999"))

    found = tie()

    assert names(found) == {"duplicate": Decimal("-100.00")}
    assert not found.green


def test_a_cent_that_the_target_rounds_otherwise_is_rounding(world, tie) -> None:
    world.target.total = lambda draft: Decimal("100.01")
    world.order("1001")
    world.run()

    assert names(tie()) == {"rounding": Decimal("-0.01")}


def test_an_order_changed_after_posting_is_named(world, tie) -> None:
    world.order("1001")
    world.run()
    world.order("1001", Net=Decimal("130.00"))
    world.run()

    assert names(tie()) == {"changed_at_source": Decimal("30.00")}


def test_a_record_closed_without_posting_is_named(world, tie, accountant) -> None:
    from studio.triage.actions import apply_remedy

    world.order("1001", Terms="45")
    world.run()
    apply_remedy(accountant, world.case(), "void", {"reason": "by hand"})

    assert names(tie()) == {"closed_without_posting": Decimal("100.00")}


def test_other_peoples_documents_are_none_of_ours(world, tie) -> None:
    world.order("1001")
    world.run()
    world.target.records["Invoice"].append(
        SourceRecord("Invoice", "5", "0", {"DocNumber": "MANUAL-1", "TotalAmt": Decimal(999)})
    )

    assert tie().green


def test_each_currency_has_a_tie_out_of_its_own(world, accountant) -> None:
    world.order("1001")
    world.order("1002", Currency="EUR")
    world.run()

    found = run_tieout(accountant, world.flow)
    assert [t.currency for t in found] == ["USD", "EUR"]
    assert len(set(TieOut.objects.values_list("run", flat=True))) == 1


def two_currencies(world) -> None:
    world.order("1001")
    world.order("1002", Currency="EUR")
    world.run()


def test_a_document_without_a_currency_counts_in_the_companys_own(world, accountant) -> None:
    world.order("1001")
    world.order("1002", Currency="")
    world.run()

    (found,) = run_tieout(accountant, world.flow)

    assert (found.currency, found.totals["source"]["gross"]) == ("USD", "200.00")


def test_comparing_lands_on_the_companys_own_currency_with_tabs_for_the_others(
    world, ana, as_person
) -> None:
    two_currencies(world)

    page = as_person(ana).post("/tie-out/run/", {"flow": "orders"}, follow=True)

    assert page.context["tie"].currency == "USD"
    tabs = re.findall(
        r'href="/tie-out/[^"]+"( aria-current="page")?>(USD|EUR) ', page.content.decode()
    )
    assert tabs == [(' aria-current="page"', "USD"), ("", "EUR")]


def test_comparing_lands_on_what_is_red(world, ana, as_person) -> None:
    two_currencies(world)
    kept = world.target.records["Invoice"]
    world.target.records["Invoice"] = [r for r in kept if r.data["DocNumber"] == "1001"]

    page = as_person(ana).post("/tie-out/run/", {"flow": "orders"}, follow=True)

    assert (page.context["tie"].currency, page.context["tie"].green) == ("EUR", False)
    assert [t.currency for t in page.context["tabs"]] == ["EUR", "USD"]


def test_earlier_comparisons_are_not_the_latest_ones(world, accountant, ana, as_person) -> None:
    two_currencies(world)
    first = run_tieout(accountant, world.flow)
    second = run_tieout(accountant, world.flow)

    page = as_person(ana).get("/tie-out/")

    assert page.context["latest"] == second
    assert set(page.context["earlier"]) == set(first)
    assert page.content.decode().count(str(second[0].uuid)) == 1


def test_a_signature_names_the_person_and_an_auditor_may_not_sign(
    world, tie, accountant, olga, actor_of
) -> None:
    world.order("1001")
    world.run()
    found = tie()

    with pytest.raises(PermissionDenied):
        sign(actor_of(olga), found, "")
    sign(accountant, found, "November")

    assert TieOut.objects.get().signed_by == "Ana Keller"


def test_the_parts_always_add_up_to_the_residual(world, tie) -> None:
    world.order("1001")
    world.order("1002", Terms="45")
    world.order("1003")
    world.run()
    world.target.records["Invoice"].pop()
    world.order("1004")

    found = tie()

    assert sum(names(found).values()) == found.residual == Decimal("300.00")
    assert Delivery.objects.filter(confirmed_at__isnull=False).count() == 1


def test_the_export_carries_every_difference(world, tie, ana, as_person) -> None:
    world.order("1001", Terms="45")
    world.run()
    found = tie()
    item = world.item("1001")

    said = as_person(ana).get(f"/tie-out/{found.uuid}/export.csv")

    lines = said.content.decode().splitlines()
    assert lines[0] == "part,kind,record,customer,date,amount,currency"
    assert lines[9:13] == [
        "control total,count,Harbour ERP,,,1,",
        "control total,net,Harbour ERP,,,100.00,USD",
        "control total,tax,Harbour ERP,,,0.00,USD",
        "control total,gross,Harbour ERP,,,100.00,USD",
    ]
    assert "control total,gross,Our ledger,,,0.00,USD" in lines
    assert lines[-3:] == [
        "control total,source less target,,,,100.00,USD",
        "control total,not explained,,,,0.00,USD",
        f"difference,Waits in the exception queue,1001,{item.party},{item.document_on},100.00,USD",
    ]
    assert item.party
    assert item.document_on
    book = load_workbook(
        io.BytesIO(as_person(ana).get(f"/tie-out/{found.uuid}/export.xlsx").content)
    )
    assert [row[:5] for row in book["Control totals"].values][:2] == [
        ("place", "count", "net", "tax", "gross"),
        ("Harbour ERP", 1, 100, 0, 100),
    ]
    *_, last = book["Differences"].iter_rows()
    assert [cell.value for cell in last][1:3] == ["1001", item.party]
    assert last[3].value.date() == item.document_on
    assert (last[4].value, last[4].number_format) == (100, "#,##0.00")
    page = as_person(ana).get(f"/tie-out/{found.uuid}/").content.decode()
    assert item.party in page
    assert str(day(item.document_on)) in page


def test_every_form_says_companies_period_verdict_time_and_signature(
    world, accountant, ana, as_person
) -> None:
    world.order("1001")
    world.run()
    since = until = world.item("1001").document_on
    (found,) = run_tieout(accountant, world.flow, since=since, until=until)
    sign(accountant, found, "seen")
    found.refresh_from_db()
    client = as_person(ana)
    days = f"{spoken_day(since)} to {spoken_day(until)}"
    head = [
        ("flow", world.flow.name),
        ("source", "Harbour ERP"),
        ("target", "Harbour Books"),
        ("currency", "USD"),
        ("period", days),
        ("verdict", "Both sides tie to the cent."),
        ("compared", moment(found.created_at)),
        ("signature", f"Signed by Ana Keller, {moment(found.signed_at)}. “seen”"),
    ]

    table = client.get(f"/tie-out/{found.uuid}/export.csv").content.decode()
    book = client.get(f"/tie-out/{found.uuid}/export.xlsx").content
    page = client.get(f"/tie-out/{found.uuid}/").content.decode()

    rows = list(csv.reader(table.splitlines()))[1:9]
    assert [(row[1], row[2]) for row in rows] == head
    assert {row[0] for row in rows} == {"about"}
    sheet = load_workbook(io.BytesIO(book))["Differences"]
    values = list(sheet.iter_rows(max_col=2, max_row=8, values_only=True))
    assert [(name.lower(), said) for name, said in values] == head
    for said in ("Harbour ERP against Harbour Books", "signed by Ana Keller", "tie to the cent"):
        assert said in page
    assert head_of(found) == head


def test_paper_says_that_the_two_sides_do_not_tie(world, tie) -> None:
    world.order("1001")
    world.run()
    world.order("1002")
    found = tie()

    left = spoken(found.unexplained, "USD")
    assert verdict_of(found) == f"The two sides do not tie: {left} has no lawful explanation."
    assert period_of(found) == "all documents"


def test_a_period_that_ends_before_it_begins_is_refused_at_its_field(
    world, accountant, ana, as_person
) -> None:
    world.order("1001")
    world.run()
    asked = {"flow": world.flow.key, "since": "2026-04-30", "until": "2026-04-01"}

    page = as_person(ana).post("/tie-out/run/", asked)

    assert page.status_code == 422
    said = page.content.decode()
    assert 'value="2026-04-01" aria-invalid="true" aria-describedby="until-error"' in said
    assert "The last day is before the first." in said
    assert 'value="2026-04-30"' in said
    assert not TieOut.objects.exists()
    with pytest.raises(ValidationError):
        run_tieout(accountant, world.flow, since=date(2026, 4, 30), until=date(2026, 4, 1))


def test_a_signature_is_never_replaced(world, tie, accountant) -> None:
    world.order("1001")
    world.run()
    found = tie()
    sign(accountant, found, "November")

    with pytest.raises(ValidationError):
        sign(accountant, TieOut.objects.get(pk=found.pk), "again")

    assert TieOut.objects.get(pk=found.pk).sign_note == "November"


def test_an_order_gone_at_the_source_after_posting_is_changed_there(world, tie) -> None:
    world.order("1001")
    world.run()
    world.order("1001", deleted=True)

    assert list(names(tie())) == ["changed_at_source"]


def test_the_paper_has_every_page_and_takes_any_text(world, tie, ana, as_person) -> None:
    world.order("1001", Terms="45")
    world.run()
    found = tie()
    Difference.objects.bulk_create(
        Difference(tieout=found, kind="case", record_key=f"<b>A&{n}", amount=n) for n in range(120)
    )
    client = as_person(ana)

    paper = client.get(f"/tie-out/{found.uuid}/export.pdf").content

    assert paper.startswith(b"%PDF-")
    assert paper.count(b"/Type /Page\n") >= 4
    assert client.get(f"/tie-out/{found.uuid}/export.doc").status_code == 404


def test_days_of_a_period_and_moments_on_paper_are_written_as_everywhere(
    world, tie, ana, as_person
) -> None:
    from studio.core.paper import moment
    from studio.tieout.signing import signature

    world.order("1001")
    world.run()
    found = tie()
    TieOut.objects.filter(pk=found.pk).update(
        period_from="2026-03-01", period_to="2026-03-31", signed_by="Ana Keller",
        signed_at="2026-04-02T09:05:00Z",
    )  # fmt: skip
    client = as_person(ana)

    listed = client.get("/tie-out/").content.decode()
    page = client.get(f"/tie-out/{found.uuid}/").content.decode()

    assert "1 Mar 2026 – 31 Mar 2026" in listed
    assert "1 Mar 2026 – 31 Mar 2026" in page
    found.refresh_from_db()
    assert signature(found) == "Signed by Ana Keller, 2 Apr 2026 09:05 UTC."
    assert moment(found.signed_at) == "2 Apr 2026 09:05 UTC"


# --- the posting came out with another total --------------------------------------------------------


def posted_short(world) -> None:
    """An order of 100.00 that the books took with 90.00; nothing changed at the source."""
    world.target.total = lambda draft: Decimal("90.00")
    world.order("1001")
    world.run()


def test_another_posted_amount_has_a_name_of_its_own_and_is_red(world, tie, ana, as_person) -> None:
    posted_short(world)

    found = tie()

    assert names(found) == {"posted_otherwise": Decimal("10.00")}
    assert (found.green, found.unexplained) == (False, 0)
    page = as_person(ana).get(f"/tie-out/{found.uuid}/").content.decode()
    assert page.count("We posted another amount than the source says") == 2


def test_our_own_write_back_is_no_change_of_amount(world, tie) -> None:
    posted_short(world)
    world.order("1001", InvoiceDocId="100")
    world.run()

    assert names(tie()) == {"posted_otherwise": Decimal("10.00")}


def test_a_change_at_the_source_is_told_apart_from_what_was_posted_otherwise(world, tie) -> None:
    posted_short(world)
    world.order("1001", Net=Decimal("130.00"))
    world.run()

    assert names(tie()) == {
        "changed_at_source": Decimal("30.00"),
        "posted_otherwise": Decimal("10.00"),
    }


def test_a_red_tie_out_is_signed_with_a_reason_only(world, tie, accountant) -> None:
    posted_short(world)
    found = tie()

    with pytest.raises(ValidationError, match="Write the reason"):
        sign(accountant, found, "  ")
    sign(accountant, found, "credited by hand")

    assert TieOut.objects.get().sign_note == "credited by hand"


def test_a_difference_accepted_with_a_reason_is_not_red_any_more(
    world, tie, accountant, ana, as_person
) -> None:
    from studio.triage.actions import apply_remedy

    posted_short(world)
    apply_remedy(accountant, world.case(), "accept", {"reason": "freight is billed apart"})

    found = tie()

    assert names(found) == {"posted_otherwise": Decimal("10.00")}
    assert found.green
    page = as_person(ana).get(f"/tie-out/{found.uuid}/").content.decode()
    assert "accepted by Ana Keller: freight is billed apart" in page


SPLIT = {"reason_1": "freight", "amount_1": "12.00", "reason_2": "duty", "amount_2": "-2.00"}


def test_a_split_difference_is_named_part_by_part_and_adds_up(
    world, tie, accountant, ana, as_person
) -> None:
    from studio.triage.actions import apply_remedy

    posted_short(world)
    apply_remedy(accountant, world.case(), "split", SPLIT)

    found = tie()

    parts = {d.detail["reason"]: d.amount for d in found.differences.all()}
    assert parts == {"freight": Decimal("12.00"), "duty": Decimal("-2.00")}
    assert (sum(parts.values()), found.green, found.unexplained) == (found.residual, True, 0)
    client = as_person(ana)
    assert "accepted by Ana Keller: duty" in client.get(f"/tie-out/{found.uuid}/").content.decode()
    table = client.get(f"/tie-out/{found.uuid}/export.csv").content.decode()
    assert "We posted another amount than the source says: duty,1001," in table
    assert ",-2.00,USD" in table


def test_a_split_answers_for_no_more_than_its_sum(world, tie, accountant) -> None:
    """Were the difference another one by now, the old parts would leave a rest that nobody named."""
    from studio.triage.actions import apply_remedy

    posted_short(world)
    apply_remedy(accountant, world.case(), "split", SPLIT)
    world.post("1001").__class__.objects.filter(step="post").update(gross=Decimal("85.00"))
    invoice(world, TotalAmt=Decimal("85.00"))

    found = tie()

    assert names(found) == {"posted_otherwise": Decimal("15.00")}
    assert not found.green


def test_an_answered_difference_answers_for_no_later_change(world, tie, accountant) -> None:
    from studio.triage.actions import apply_remedy

    posted_short(world)
    apply_remedy(accountant, world.case(), "split", SPLIT)
    invoice(world, TotalAmt=Decimal("80.00"))

    found = tie()

    assert names(found)["changed_at_target"] == Decimal("10.00")
    assert not found.green


def narrowed(world) -> None:
    """A newer filter wants other orders than the one that was posted."""
    design = {**world.version.content["design"], "filter": 'currency = "EUR"'}
    world.version.content = {**world.version.content, "design": design}
    world.version.save()


def test_a_posted_document_that_a_newer_filter_leaves_out_is_named_so(world, tie) -> None:
    world.order("1001")
    world.run()
    narrowed(world)

    assert names(tie()) == {"left_out": Decimal("-100.00")}


def test_an_order_that_changed_and_so_left_the_filter_is_changed_at_the_source(world, tie) -> None:
    world.order("1001")
    world.run()
    world.order("1001", Status="1")

    assert names(tie()) == {"changed_at_source": Decimal("-100.00")}


def test_what_the_flow_leaves_out_is_told_with_its_money_and_is_no_difference(
    world, tie, ana, as_person
) -> None:
    world.order("1001")
    world.order("1002", Status="1", Net=Decimal("40.00"))
    world.order("1003", Status="1", Net=Decimal("60.50"), OrderDate="2026-10-02")
    world.run()

    found = tie()

    assert (found.verdict, found.residual) == ("ties", 0)
    (left,) = found.totals["aside"]
    assert (left["count"], left["gross"]) == (2, "100.50")
    assert left["said"] == "“Filter” lets only those pass where status is “completed”."
    assert left["records"] == [["1003", "2026-10-02", "60.50"], ["1002", "2026-11-02", "40.00"]]
    page = " ".join(as_person(ana).get(f"/tie-out/{found.uuid}/").content.decode().split())
    assert "They are no part of the difference, and not in what is signed." in page
    assert "2 of the source, 100.50 USD: “Filter” lets only" in as_csv(found, []).decode()


def test_a_period_of_which_all_is_left_out_says_so(world, accountant) -> None:
    world.order("1001")
    world.order("1002", Status="1", OrderDate="2026-10-02")
    world.run()

    (october,) = run_tieout(
        accountant, world.flow, since=date(2026, 10, 1), until=date(2026, 10, 31)
    )

    assert october.totals["source"]["count"] == 0
    assert [row["count"] for row in october.totals["aside"]] == [1]


def test_what_was_there_before_the_flow_began_is_told_too(world, tie) -> None:
    world.order("1001")
    world.run()
    world.order("1002")
    world.poll()
    InboxItem.objects.filter(key="1002").update(state="filtered", why=HISTORY)

    assert [row["said"] for row in tie().totals["aside"]] == ["From before the flow began."]


def test_what_is_not_over_is_signed_with_a_reason_that_the_trail_keeps(
    world, tie, accountant
) -> None:
    world.order("1001", Terms="45")
    world.run()
    found = tie()

    with pytest.raises(ValidationError, match="Not all is posted or settled yet"):
        sign(accountant, found, "")
    sign(accountant, found, "comes in December")

    line = AuditEvent.objects.get(key="tieout.signed")
    assert sentence(line) == (
        "signed the tie-out of Orders to invoices in USD, all documents: difference 100.00, "
        "“comes in December”"
    )


def test_a_signed_period_says_what_was_posted_into_it_since(
    world, accountant, ana, as_person
) -> None:
    world.order("1001")
    world.run()
    days = {"since": date(2026, 11, 1), "until": date(2026, 11, 30)}
    (signed,) = run_tieout(accountant, world.flow, **days)
    sign(accountant, signed, "")
    client = as_person(ana)
    assert "posted since" not in client.get("/tie-out/").content.decode()

    world.order("1002", Net=Decimal("70.00"))
    world.order("1003", OrderDate="2026-12-01")
    world.run()

    said = (
        "1 document over 70.00 USD was posted into 1 Nov 2026 to 30 Nov 2026 of Orders to invoices"
    )
    assert [w.words for w in waiting_for(accountant, world.workspace) if said in w.words]
    assert "1 posted since" in client.get("/tie-out/").content.decode()
    page = client.get(f"/tie-out/{signed.uuid}/").content.decode()
    assert "was posted into this period after it was signed" in page
    # Compared and signed again, the period says what is in the books.
    (again,) = run_tieout(accountant, world.flow, **days)
    sign(accountant, again, "")
    assert "posted since" not in client.get("/tie-out/").content.decode()
    assert not [w.words for w in waiting_for(accountant, world.workspace) if said in w.words]
