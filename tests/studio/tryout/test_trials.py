"""“Try your own exports”: files sent in the browser, worked by a worker, shown, downloaded, deleted."""

from __future__ import annotations

import csv
import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.utils import timezone

from engine.schema.exports import Upload
from studio.accounts.models import Workspace
from studio.core.models import AuditEvent
from studio.linking.models import Pair
from studio.mapping.models import MappingRow
from studio.tryout import work
from studio.tryout.actions import start
from studio.tryout.models import Finding, Trial, TrialFile
from studio.tryout.tasks import due
from studio.tryout.tasks import work as work_one
from tests.studio.core.test_match_records_command import FILES

pytestmark = pytest.mark.django_db

SOURCE = "Customer,Name,Telephone\nA1,Acme,011 555 0142\nB2,Bolt,021 555 0177\n"
TARGET = {
    "entities": [
        {
            "name": "Customer",
            "fields": [
                {"name": "DisplayName", "label": "Name"},
                {"name": "PrimaryPhone", "label": "Telephone"},
                {"name": "Id", "read_only": True},
            ],
        }
    ]
}


def sent(kind: str, left: str | bytes, right: str | bytes, /, **names: str) -> dict[str, Any]:
    """What the form posts."""
    return {
        "kind": kind,
        "left": _file(names.get("left", "erp.csv"), left),
        "right": _file(names.get("right", "books.csv"), right),
    }


def _file(name: str, content: str | bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content)


def tried(actor: Any, kind: str = "customer") -> Trial:
    """A trial of the command's own small files, waiting."""
    left, right, _truth = FILES[kind]
    workspace = Workspace.objects.get(uuid=actor.workspace_key)
    return start(
        actor,
        workspace,
        kind,
        Upload("erp.csv", left.encode()),
        Upload("books.csv", right.encode()),
    )


def worked(trial: Trial) -> Trial:
    work_one(trial.pk)
    trial.refresh_from_db()
    return trial


def text_of(answer: Any) -> str:
    return b"".join(answer.streaming_content).decode()


@pytest.mark.parametrize("person", ["ivo", "ana"])
@pytest.mark.parametrize("kind", ["customer", "supplier", "item"])
def test_two_exports_are_sent_worked_and_shown(kind, person, request, as_person) -> None:
    client = as_person(request.getfixturevalue(person))
    left, right, truth = FILES[kind]

    answer = client.post("/try/", sent(kind, left, right))
    waiting = client.get(answer.url).content.decode()
    trial = worked(Trial.objects.get())
    page = client.get(answer.url).content.decode()

    assert "Waiting for a worker." in waiting
    assert (trial.state, trial.error) == ("done", "")
    assert "erp.csv – books.csv" in page
    for pair in truth:
        for key in pair:
            assert f">{key}</code>" in page
    assert f"{trial.counts['left']} left and {trial.counts['right']} right records" in page
    assert trial.counts["alone"] == trial.counts["left"] - len(truth)


@pytest.mark.parametrize("kind", ["customer", "supplier", "item"])
def test_the_download_is_what_the_command_writes(kind, ivo, as_person, actor_of, tmp_path) -> None:
    left, right, _truth = FILES[kind]
    (tmp_path / "l.csv").write_text(left, encoding="utf-8")
    (tmp_path / "r.csv").write_text(right, encoding="utf-8")
    call_command("match-records", "--sentences", kind=kind, out=tmp_path / "p.csv", stderr=StringIO(),
                 left=tmp_path / "l.csv", right=tmp_path / "r.csv")  # fmt: skip

    trial = worked(tried(actor_of(ivo), kind))
    answer = as_person(ivo).get(f"/try/{trial.uuid}/result/")

    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert text_of(answer) == (tmp_path / "p.csv").read_text(encoding="utf-8")


def test_a_key_never_becomes_a_formula(ivo, as_person, actor_of) -> None:
    left = FILES["customer"][0].replace("ACM001", "=1+1")
    trial = start(
        actor_of(ivo), Workspace.objects.get(), "customer",
        Upload("l.csv", left.encode()), Upload("r.csv", FILES["customer"][1].encode()),
    )  # fmt: skip
    worked(trial)

    rows = list(csv.reader(StringIO(text_of(as_person(ivo).get(f"/try/{trial.uuid}/result/")))))

    assert "'=1+1" in {row[0] for row in rows}


def test_names_stand_beside_keys_and_bands_narrow(ivo, as_person, actor_of) -> None:
    trial = worked(tried(actor_of(ivo)))
    client, url = as_person(ivo), f"/try/{trial.uuid}/"

    page = client.get(url).content.decode()
    assert "ACME STEEL SUPPLIES (PTY) LTD" in page
    assert "Acme Steel Supplies" in page

    counts = trial.counts["bands"]
    assert sum(counts.values()) == trial.counts["found"] == Finding.objects.count()
    for band, count in counts.items():
        assert len(client.get(f"{url}?band={band}").context["shown"]) == count


def test_many_pairs_are_shown_page_by_page(ivo, as_person, actor_of) -> None:
    trial = worked(tried(actor_of(ivo)))
    one = Finding.objects.get(trial=trial, position=0)
    Finding.objects.bulk_create(
        Finding(trial=trial, position=n, band=one.band, said=one.said) for n in range(100, 350)
    )
    client, url = as_person(ivo), f"/try/{trial.uuid}/"

    first = client.get(url)
    second = client.get(f"{url}?after={first.context['rows'].after}")

    assert len(first.context["shown"]) == 200
    assert len(second.context["shown"]) == Finding.objects.count() - 200


def test_fields_are_proposed_with_others_and_downloaded_as_the_command_writes(
    ivo, as_person
) -> None:
    client = as_person(ivo)
    client.post(
        "/try/", sent("field", SOURCE, json.dumps(TARGET), left="customers.csv", right="books.json")
    )
    trial = worked(Trial.objects.get())

    page = client.get(f"/try/{trial.uuid}/").content.decode()
    lines = [json.loads(x) for x in text_of(client.get(f"/try/{trial.uuid}/result/")).splitlines()]

    assert trial.error == ""
    assert "3 target fields, 3 source fields to choose from" in page
    assert "The target assigns this field itself." in page
    assert "DisplayName" in page
    assert [line["target_field"] for line in lines] == ["DisplayName", "PrimaryPhone", "Id"]
    best = lines[0]["candidates"][0]
    assert best["source_field"] == "Name"
    assert set(best) == {
        "source_entity", "source_field", "confidence", "word", "method", "sentence", "expression",
    }  # fmt: skip
    assert lines[0]["pair"] == "customers->books/all"


@pytest.mark.parametrize("person", ["ada", "olga"])
def test_who_may_not_match_does_not_try(person, request, as_person) -> None:
    client = as_person(request.getfixturevalue(person))
    left, right, _truth = FILES["customer"]

    assert client.get("/try/").status_code == 403
    assert client.post("/try/", sent("customer", left, right)).status_code == 403
    assert "/try/" not in client.get("/").content.decode()
    assert not Trial.objects.exists()


def test_another_workspace_never_sees_a_trial(ivo, as_person, actor_of) -> None:
    trial = worked(tried(actor_of(ivo)))
    trial.workspace = Workspace.objects.create(name="Other", slug="other")
    trial.save()
    client, url = as_person(ivo), f"/try/{trial.uuid}/"

    assert client.get(url).status_code == 404
    assert client.get(f"{url}result/").status_code == 404
    assert client.post(f"{url}delete/").status_code == 404
    assert "erp.csv" not in client.get("/try/").content.decode()
    assert Trial.objects.exists()


# --- refused at the field -------------------------------------------------------------------------

GOOD = "Id,DisplayName\n1,Acme\n"


@pytest.mark.parametrize(
    ("kind", "content", "said"),
    [
        ("customer", "", "The file is empty; a heading line is needed."),
        ("customer", "\n\n", "erp.csv: the file is empty; a heading line is needed."),
        ("customer", "Customer,Name\nA,Acme\nB\n", "erp.csv record 3: 1 values under 2 headings."),
        ("customer", "Group,Name\nx,Acme\nx,Acme\n", "give each its own code or number in one column."),
        ("customer", "Name\nMüller\n".encode("cp1252"), "erp.csv: not UTF-8 text"),
        ("customer", "Id,Name\n1,Müller\n".encode("utf-16-le"), "erp.csv: not UTF-8 text"),
        ("customer", "Id\n1\n2\n3\n4\n", "erp.csv: there are more than 3 records in it."),
        ("customer", "this is no table at all\nnor is this\n", "there is one column in it, “this is no table at all”"),
        ("customer", "Id,Name\n", "erp.csv: there is a heading line and no record below it."),
        ("item", "Id,Name,City,Phone\n1,Brown,Bath,01\n", "its headings are not those of items: City, Phone."),
        ("supplier", "Sku,Description,Cost,Price\n1,Bolt,1,2\n", "its headings are not those of suppliers: Cost, Price."),
        ("field", "Name\nMüller\n".encode("cp1252"), "erp.csv: not UTF-8 text"),
        ("field", "a,b,c,d,e\n", "erp.csv: has 5 fields; a trial takes 4 at most."),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_tried_is_refused_at_its_field(
    kind, content, said, ivo, as_person, settings
) -> None:
    settings.TRY_RECORDS, settings.TRY_FIELDS = 3, 4

    answer = as_person(ivo).post("/try/", sent(kind, content, GOOD))

    assert answer.status_code == 422
    errors = answer.context["form"].errors
    assert list(errors) == ["left"]
    assert said in errors["left"][0]
    assert not Trial.objects.exists()


@pytest.mark.parametrize("text", ["5", "null", "[1]", "{", "[" * 100_000, '{"entities": []}'])
def test_json_that_is_no_schema_is_refused_at_its_field(text, ivo, as_person) -> None:
    answer = as_person(ivo).post("/try/", sent("field", text, GOOD, left="schema.json"))

    assert answer.status_code == 422
    assert answer.context["form"].errors["left"][0].startswith("schema.json: ")


def test_a_file_that_is_too_large_is_not_even_read(ivo, as_person, settings) -> None:
    settings.TRY_MEGABYTES = 1
    large = b"Id\n" + b"1\n" * 600_000

    answer = as_person(ivo).post("/try/", sent("customer", GOOD, large))

    said = answer.context["form"].errors["right"][0]
    assert said == "books.csv has 2 MB; a trial takes 1 MB a file at most."


def test_nothing_chosen_is_said_at_each_field(ivo, as_person) -> None:
    answer = as_person(ivo).post("/try/", {"kind": "customer"})

    assert answer.status_code == 422
    assert dict(answer.context["form"].errors) == {
        "left": ["Choose a file."],
        "right": ["Choose a file."],
    }


def test_what_no_database_takes_is_left_out_of_the_result(ivo, as_person) -> None:
    target = {"entities": [{"name": "C\0", "fields": [{"name": "Name\ud800"}]}]}
    client = as_person(ivo)
    client.post("/try/", sent("field", SOURCE, json.dumps(target), right="books.json"))

    trial = worked(Trial.objects.get())

    assert trial.state == "done"
    assert client.get(f"/try/{trial.uuid}/").status_code == 200
    assert client.get("/try/").status_code == 200


# --- work -----------------------------------------------------------------------------------------


def test_it_says_how_far_it_is_and_what_is_left(ivo, as_person, actor_of) -> None:
    trial = tried(actor_of(ivo))
    now = timezone.now()
    Trial.objects.update(
        state="running", share=0.4, step="comparing", moved_at=now,
        started_at=now - timedelta(seconds=40), lease_until=now + timedelta(minutes=1),
    )  # fmt: skip
    client = as_person(ivo)

    page = client.get(f"/try/{trial.uuid}/", headers={"HX-Request": "true"}).content.decode()

    assert "40 / 100 · about 1\u00a0min" in page or "40 / 100 · about 60\u00a0s" in page
    assert "comparing" in page
    assert 'hx-trigger="every 2s"' in page
    Trial.objects.update(
        moved_at=now - timedelta(seconds=70), started_at=now - timedelta(seconds=110)
    )
    assert "a little longer than thought" in client.get(f"/try/{trial.uuid}/").content.decode()


def test_progress_is_written_down_while_it_is_worked(ivo, actor_of, monkeypatch) -> None:
    trial = tried(actor_of(ivo))
    seen: list[tuple[str, float]] = []
    real = work.pair_row

    def looked(pair: Any) -> Any:
        seen.append(Trial.objects.values_list("state", "share").get())
        return real(pair)

    monkeypatch.setattr(work, "pair_row", looked)
    worked(trial)

    assert seen
    assert {state for state, _share in seen} == {"running"}
    assert all(share >= work.MATCHED for _state, share in seen)


def test_what_a_killed_worker_left_is_taken_up_again(ivo, actor_of, monkeypatch) -> None:
    trial = tried(actor_of(ivo))
    first = work.claim(trial.pk)
    assert first is not None
    Finding.objects.create(trial=trial, position=0, band="guess", said={"half": "done"})
    woken: list[Any] = []
    monkeypatch.setattr(work, "nudge", lambda task, pk: woken.append((task, pk)))

    due()
    assert woken == []
    assert work.claim(trial.pk) is None

    Trial.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    due()
    assert woken == [("tryout.work", trial.pk)]
    worked(trial)
    # The first one wakes up late: it is not his any more.
    work.run(first)

    trial.refresh_from_db()
    assert (trial.state, trial.attempts) == ("done", 2)
    assert Finding.objects.count() == trial.counts["found"]
    assert not Finding.objects.filter(said__has_key="half").exists()


def test_a_trial_that_ends_its_workers_is_given_up(ivo, actor_of) -> None:
    trial = tried(actor_of(ivo))
    for _attempt in range(work.MOST_ATTEMPTS):
        assert work.claim(trial.pk)
        Trial.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    due()

    trial.refresh_from_db()
    assert trial.state == "failed"
    assert "several attempts" in trial.error
    assert not TrialFile.objects.exists()


def test_a_fault_is_said_on_its_page(ivo, as_person, actor_of, monkeypatch) -> None:
    trial = tried(actor_of(ivo))

    def broken(*_args: Any, **_named: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(work, "match", broken)
    worked(trial)

    assert trial.state == "failed"
    assert "ZeroDivisionError" in as_person(ivo).get(f"/try/{trial.uuid}/").content.decode()


def test_nothing_tried_enters_what_flows_use(ivo, actor_of) -> None:
    worked(tried(actor_of(ivo)))

    assert not Pair.objects.exists()
    assert not MappingRow.objects.exists()


# --- deletion -------------------------------------------------------------------------------------


def test_files_go_when_it_has_ended(ivo, actor_of) -> None:
    trial = tried(actor_of(ivo))
    assert TrialFile.objects.count() == 2

    worked(trial)

    assert not TrialFile.objects.exists()


@pytest.mark.parametrize("ended", [True, False])
def test_a_person_deletes_files_and_result_at_once(ended, ivo, ana, as_person, actor_of) -> None:
    trial = tried(actor_of(ivo))
    if ended:
        worked(trial)

    answer = as_person(ana).post(f"/try/{trial.uuid}/delete/", follow=True)

    assert "erp.csv – books.csv is deleted, files and result." in answer.content.decode()
    assert not Trial.objects.exists()
    assert not TrialFile.objects.exists()
    assert not Finding.objects.exists()
    line = AuditEvent.objects.get(key="trial.deleted")
    assert line.actor == "Ana Keller"
    assert line.data == {"left": "erp.csv", "right": "books.csv", "kind": "customer"}


def test_a_worker_stops_when_its_trial_was_deleted(ivo, actor_of, monkeypatch) -> None:
    trial = tried(actor_of(ivo))
    real = work.match

    def meanwhile(*args: Any, **named: Any) -> Any:
        Trial.objects.get().delete()
        return real(*args, **named)

    monkeypatch.setattr(work, "match", meanwhile)
    work_one(trial.pk)

    assert not Trial.objects.exists()
    assert not Finding.objects.exists()


def test_everything_is_deleted_by_itself_after_seven_days(ivo, as_person, actor_of) -> None:
    trial = worked(tried(actor_of(ivo)))
    young = worked(tried(actor_of(ivo)))
    Trial.objects.filter(pk=trial.pk).update(created_at=timezone.now() - timedelta(days=7, hours=1))

    due()

    assert list(Trial.objects.all()) == [young]
    assert set(Finding.objects.values_list("trial", flat=True)) == {young.pk}
    line = AuditEvent.objects.get(key="trial.expired")
    assert (line.actor, line.subject) == ("the upkeep", f"trial:{trial.uuid}")
    page = as_person(ivo).get("/audit/").content.decode()
    assert "tried erp.csv against books.csv" in page
    assert "deleted the trial of erp.csv and books.csv, which was kept long enough" in page


def test_a_long_name_of_a_file_keeps_its_ending(ivo, as_person, tmp_path: Path) -> None:
    left, right, _truth = FILES["customer"]
    as_person(ivo).post("/try/", sent("customer", left, right, left=f"{'x' * 90}.csv"))

    assert len(Trial.objects.get().left_name) == 80
    assert Trial.objects.get().left_name.endswith("x.csv")


def test_the_page_of_a_deleted_trial_is_told_so_by_what_it_asks(ivo, as_person, actor_of) -> None:
    url = f"/try/{tried(actor_of(ivo)).uuid}/"
    Trial.objects.all().delete()
    client = as_person(ivo)

    part = client.get(url, headers={"HX-Request": "true"})

    assert part.status_code == 200
    assert "This trial was deleted meanwhile." in part.content.decode()
    assert "hx-trigger" not in part.content.decode()
    assert client.get(url).status_code == 404
