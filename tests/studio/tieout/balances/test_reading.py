"""A reading is a row that a worker carries out; pages show what was read and ask nobody."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from openpyxl import load_workbook

from engine.errors import RemoteUnavailable
from studio.core.models import AuditEvent
from studio.monitor.sentences import sentence
from studio.tieout.balances.actions import KEPT, ask, claim, due, read
from studio.tieout.balances.queries import looks, money
from studio.tieout.models import Reading
from studio.tieout.tasks import balances_due, read_balances
from tests.studio.tieout.balances.owing import carry, in_books, in_erp, looked, receivable

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def owing(world):
    """Two invoices without a counterpart, and money on account."""
    carry(world)
    in_erp(world, "1001", "100.00", order="1001")
    in_erp(world, "=1002", "40.00")
    in_books(world, "700", "X-2", "17.00")
    in_books(
        world, "801", "", "0", entity="Payment", UnappliedAmt=D("15.00"), PaymentRefNum="CHK-7"
    )
    return world


def refuse(owing, monkeypatch) -> None:
    """The ERP does not answer."""

    def broken(entity, **_more):
        raise RemoteUnavailable(system="syspro", call=f"read {entity}")

    monkeypatch.setattr(owing.source, "changes", broken)


def test_asking_twice_reads_once_and_only_who_ties_out_may_ask(
    owing, accountant, integrator
) -> None:
    with pytest.raises(PermissionDenied):
        ask(integrator, owing.workspace)
    assert ask(accountant, owing.workspace) == ask(accountant, owing.workspace)

    reading = Reading.objects.get()
    assert (reading.state, reading.asked_by) == ("waiting", "Ana Keller")
    event = AuditEvent.objects.filter(key="balances.asked").first()
    assert sentence(event).endswith("had the open balances of 1 pairs of companies read")


def test_one_worker_has_a_reading_and_another_takes_over_when_it_died(owing, accountant) -> None:
    (asked,) = ask(accountant, owing.workspace)

    assert claim(asked.pk) is not None
    assert claim(asked.pk) is None
    Reading.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    read_balances(asked.pk)

    assert Reading.objects.get().state == "ready"
    assert Reading.objects.get().balances.count() == 1


def test_a_reading_that_fails_says_why_and_leaves_the_last_one_in_force(
    owing, accountant, monkeypatch, ana, as_person
) -> None:
    looked(owing, accountant)
    refuse(owing, monkeypatch)

    failed = looked(owing, accountant)

    assert failed.state == "failed"
    assert "Harbour ERP" in failed.error
    assert "Read again when the system answers." in failed.error
    (look,) = looks(owing.workspace)
    assert look.reading is not None
    assert look.failed == failed
    page = as_person(ana).get("/tie-out/").content.decode()
    assert "Harbour ERP and Harbour Books could not be read" in page
    assert "The last try failed" in as_person(ana).get("/").content.decode()


def test_a_fault_of_our_own_ends_the_reading_too(owing, accountant, monkeypatch) -> None:
    monkeypatch.setattr(owing.source, "changes", lambda entity, **_: 1 / 0)

    assert "fault of its own (ZeroDivisionError)" in looked(owing, accountant).error


def test_the_clock_asks_once_a_day_and_wakes_what_was_left(owing, accountant) -> None:
    balances_due()
    assert Reading.objects.get().asked_by == "the clock"
    assert due() == 0

    read_balances(Reading.objects.get().pk)
    Reading.objects.update(created_at=timezone.now() - timedelta(hours=25))

    assert due() == 1
    assert Reading.objects.filter(state="waiting").count() == 1


def test_the_clock_tries_again_within_the_hour_where_a_reading_failed(
    owing, accountant, monkeypatch
) -> None:
    refuse(owing, monkeypatch)
    looked(owing, accountant)
    assert due() == 0

    Reading.objects.update(created_at=timezone.now() - timedelta(minutes=61))

    assert due() == 1


def test_only_the_last_readings_are_kept(owing, accountant, monkeypatch) -> None:
    for _ in range(KEPT + 2):
        looked(owing, accountant)

    assert Reading.objects.filter(state="ready").count() == KEPT


def test_pages_show_what_was_read_and_ask_nobody(
    owing, accountant, ana, as_person, monkeypatch
) -> None:
    balance = receivable(owing, accountant)
    refuse(owing, monkeypatch)
    client = as_person(ana)

    section = client.get("/tie-out/").content.decode()
    page = client.get(f"/tie-out/balances/{balance.uuid}/").content.decode()
    everybody = client.get(f"/tie-out/balances/{balance.uuid}/?show=all").content.decode()
    party = balance.parties.get()
    documents = client.get(f"/tie-out/balances/parties/{party.uuid}/").content.decode()
    why = client.get(f"/tie-out/balances/{balance.uuid}/lost/").content.decode()

    assert f'href="/tie-out/balances/{balance.uuid}/"' in section
    assert "does not tie" in page
    assert "Not explained" in page
    assert "Of a kind that no flow carries" in page
    assert "Bayside" in page
    assert "Bayside" in everybody
    assert all(number in documents for number in ("1001", "=1002", "X-2", "CHK-7"))
    assert "1001" in why
    assert "X-2" not in why
    assert client.get(f"/tie-out/balances/{balance.uuid}/nonsense/").status_code == 404


def test_the_button_asks_and_comes_back_at_once(owing, ana, as_person, monkeypatch) -> None:
    refuse(owing, monkeypatch)
    client = as_person(ana)

    here = client.post("/tie-out/balances/read/")
    home = client.post("/tie-out/balances/read/", {"next": "home"})

    assert (here.status_code, here["Location"]) == (302, "/tie-out/#balances")
    assert home["Location"] == "/"
    assert "being read" in client.get("/tie-out/").content.decode()
    assert Reading.objects.count() == 1


def test_an_export_has_every_document_and_no_formula(owing, accountant, olga, as_person) -> None:
    balance = receivable(owing, accountant)
    client = as_person(olga)
    place = f"/tie-out/balances/{balance.uuid}/export"

    rows = list(csv.DictReader(io.StringIO(client.get(f"{place}.csv").content.decode())))
    book = load_workbook(io.BytesIO(client.get(f"{place}.xlsx").content))

    assert {r["source number"] for r in rows} == {"1001", "'=1002", ""}
    assert sum(D(r["difference"]) for r in rows) == balance.difference
    assert {r["why"] for r in rows} >= {"Not explained", "Of a kind that no flow carries"}
    assert book.sheetnames == ["Documents", "Parties", "Totals"]
    assert client.get(f"{place}.pdf").content.startswith(b"%PDF")
    assert client.get(f"{place}.doc").status_code == 404


@pytest.mark.promise("P05")
def test_home_shows_receivables_and_unapplied_cash_as_they_were_read(
    owing, accountant, ana, ivo, olga, as_person
) -> None:
    client = as_person(ana)
    assert "were not read yet" in client.get("/").content.decode()
    looked(owing, accountant)

    page = client.get("/").content.decode()

    assert "2.00" in page.split("Receivables open")[1][:400]
    assert "15.00" in page.split("Unapplied cash")[1][:300]
    assert 'href="/tie-out/#balances"' in page
    assert 'href="/tie-out/balances/unapplied/"' in page
    assert "CHK-7" in client.get("/tie-out/balances/unapplied/").content.decode()
    assert "Receivables open" in as_person(olga).get("/").content.decode()
    assert "Read again" not in as_person(olga).get("/").content.decode()
    assert "Receivables open" not in as_person(ivo).get("/").content.decode()


def test_the_home_figures_are_two_queries_however_much_was_read(
    owing, accountant, django_assert_num_queries
) -> None:
    for _ in range(3):
        looked(owing, accountant)

    with django_assert_num_queries(2):
        found = money(owing.workspace)

    assert [(s.currency, s.target, s.source) for s in found.unapplied] == [("USD", D(15), D(0))]
    assert [(s.currency, s.target, s.source) for s in found.receivable] == [("USD", D(2), D(140))]
    assert not found.green


def test_a_reading_of_no_documents_is_a_balance_of_nothing(world, accountant) -> None:
    carry(world)

    balance = receivable(world, accountant)

    assert (balance.difference, balance.green, balance.parties.count()) == (0, True, 0)
    assert read(balance.reading).state == "ready"
