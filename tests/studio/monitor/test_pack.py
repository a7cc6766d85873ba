"""The auditor's pack: everything of a period, and a script that finds what was changed afterwards."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from studio.accounts.models import Workspace
from studio.core.action import record
from studio.core.models import AuditEvent, SealHead
from studio.monitor.duties import duties
from studio.monitor.pack import make_pack
from studio.monitor.seal import digest
from studio.monitor.verify_pack import check_overrides, check_postings, fingerprint
from studio.tieout.actions import run_tieout
from studio.tieout.signing import sign
from studio.triage.actions import apply_remedy, comment
from studio.triage.models import Case

pytestmark = pytest.mark.django_db


@pytest.fixture
def pack(world, ana, ivo, actor_of, tmp_path: Path) -> Path:
    """Three postings, a question, one record closed by hand, a signed tie-out and strangers' lines."""
    accountant = actor_of(ana)
    for number in ("1001", "1002", "1003"):
        world.order(number)
    world.order("1004", Terms="=cmd()")
    world.order("1005", Terms="45")
    world.run()
    lookup = Case.objects.get(evidence__code="45")
    apply_remedy(accountant, lookup, "add_lookup", {"target": "4", "csrfmiddlewaretoken": "t0ken"})
    record(accountant, "case.commented", "case:1", {"record": "ours"})
    stranger = Workspace.objects.create(name="Other", slug="other")
    AuditEvent.objects.create(
        workspace_key=str(stranger.uuid), actor="Eve", key="case.void", subject="case:9",
        data={"record": "of another company"},
    )  # fmt: skip
    # Asking overrides nothing.
    held = Case.objects.get(record_label="Order 1004")
    comment(accountant, held, "Which terms are these?", ask=ivo)
    reason = {"reason": "paid in cash"}
    apply_remedy(accountant, Case.objects.get(record_label="Order 1004"), "void", reason)
    tie = run_tieout(accountant, world.flow)[0]
    sign(accountant, tie, "looked at")
    today = timezone.now().date()
    content = make_pack(accountant, world.workspace, today - timedelta(days=1), today)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(tmp_path)
    return tmp_path


def verify(folder: Path, *known: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-I", str(folder / "verify.py"), *known],
        check=False,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_pack_holds_the_period_and_verifies_without_the_studio(pack: Path) -> None:
    end = SealHead.objects.get()
    status, said = verify(pack)
    assert status == 0
    assert "The pack agrees with itself" in said
    assert f"The trail ends at line {end.seal} with {end.hash}\n" in said
    assert "3 of 3 postings have their own line in it" in said
    posted = rows(pack, "postings.csv")
    assert [p["source_record"] for p in posted] == ["1001", "1002", "1003"]
    assert {p["published_by"] for p in posted} == {"Ivo Marsh"}
    (closed,) = rows(pack, "overrides.csv")
    assert (closed["who"], closed["record"], closed["what"], closed["reason"]) == (
        "Ana Keller", "Order 1004", "closed", "paid in cash",
    )  # fmt: skip
    assert (closed["amount"], closed["currency"]) == ("100.00", "USD")
    tie = rows(pack, "tieouts.csv")[0]
    assert (tie["signed_by"], tie["source_gross"], tie["target_count"]) == (
        "Ana Keller", "500.00", "3",
    )  # fmt: skip
    lookup = next(row for row in rows(pack, "lookups.csv") if row["source"] == "45")
    assert (lookup["who"], lookup["change"], lookup["target"]) == ("Ana Keller", "added", "4")
    assert "t0ken" not in (pack / "audit.jsonl").read_text()
    assert rows(pack, "sample.csv") == sorted(posted, key=lambda p: p["key"])


def test_duties_count_every_case_that_was_settled(pack: Path) -> None:
    ana = next(row for row in rows(pack, "duties.csv") if row["who"] == "Ana Keller")

    assert (ana["settle"], ana["prove"], ana["approve"]) == ("2", "1", "0")


def test_other_companies_stand_in_the_chain_by_hash_only(pack: Path) -> None:
    text = (pack / "audit.jsonl").read_text()

    assert "of another company" not in text
    assert "Eve" not in text
    assert any("at" not in json.loads(line) for line in text.splitlines())


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("postings.csv", "100.00", "900.00", "postings.csv was changed"),
        ("audit.jsonl", "ours", "mine", "audit.jsonl was changed"),
        ("verify.py", "SIZE = 25", "SIZE = 26", "verify.py was changed"),
    ],
)
def test_a_changed_file_is_found(pack: Path, file: str, old: str, new: str, complaint: str) -> None:
    path = pack / file
    path.write_text(path.read_text().replace(old, new))

    status, said = verify(pack)

    assert status == 1
    assert complaint in said


@pytest.mark.parametrize(
    ("file", "change", "complaint"),
    [
        ("audit.jsonl", lambda t: t.replace("ours", "mine"), "was changed after it was sealed"),
        (
            "audit.jsonl",
            lambda t: "".join(t.splitlines(keepends=True)[1:]),
            "line 1 of the trail is missing",
        ),
        (
            "audit.jsonl",
            lambda t: "".join(t.splitlines(keepends=True)[:-1]),
            "does not end where the manifest says",
        ),
        (
            "sample.csv",
            lambda t: "\n".join(t.splitlines()[:-1]) + "\n",
            "the sample is not the one",
        ),
        ("postings.csv", lambda t: t.replace("100.00", "900.00"), "the postings add up to"),
    ],
)
def test_a_forger_who_also_mends_the_manifest_is_found(
    pack: Path, file: str, change, complaint: str
) -> None:
    path = pack / file
    path.write_text(change(path.read_text()))
    mend(pack, file)

    status, said = verify(pack)

    assert status == 1
    assert complaint in said


def mend(folder: Path, *files: str, **more: object) -> None:
    """Let the manifest say what lies there now."""
    manifest = json.loads((folder / "manifest.json").read_text()) | more
    manifest["files"] |= {f: fingerprint((folder / f).read_bytes()) for f in files}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def without_last(folder: Path, name: str) -> None:
    lines = (folder / name).read_text().splitlines(keepends=True)
    (folder / name).write_text("".join(lines[:-1]))


@pytest.mark.parametrize("name", ["overrides.csv", "decisions.csv", "tieouts.csv", "lookups.csv"])
def test_a_row_taken_out_of_a_table_is_found_though_the_manifest_was_mended(
    pack: Path, name: str
) -> None:
    without_last(pack, name)
    mend(pack, name)

    status, said = verify(pack)

    assert status == 1
    assert f"{name} is not the table that the trail sealed" in said


def test_a_forger_who_seals_the_end_anew_is_found_by_rows_and_by_the_end(pack: Path) -> None:
    """All but rewriting the whole chain: the last line made anew over the forged tables."""
    end = SealHead.objects.get()
    for name in ("overrides.csv", "postings.csv", "sample.csv"):
        without_last(pack, name)
    lines = [json.loads(line) for line in (pack / "audit.jsonl").read_text().splitlines()]
    last = lines[-1]
    tables = last["data"]["files"]
    for name in tables:
        tables[name] = fingerprint((pack / name).read_bytes())
    last["hash"] = digest({k: v for k, v in last.items() if k != "hash"})
    (pack / "audit.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    mend(pack, *tables, "audit.jsonl", head=last["hash"], posted={"USD": "200.00"})

    status, said = verify(pack, f"{end.seal}:{end.hash}")

    assert status == 1
    assert "overrides.csv lacks line" in said
    assert "postings.csv lacks the posting of line" in said
    assert f"the trail does not hold line {end.seal}" in said
    assert f"The trail ends at line {end.seal} with {last['hash']}" in said


def test_a_row_that_says_otherwise_than_its_line_is_found(pack: Path) -> None:
    lines = [json.loads(line) for line in (pack / "audit.jsonl").read_text().splitlines()]
    (override,), posted = rows(pack, "overrides.csv"), rows(pack, "postings.csv")
    override["who"], posted[0]["gross"] = "somebody else", "900.00"

    assert "says otherwise" in check_overrides([override], lines)[0]
    assert "says otherwise" in check_postings(posted, lines)[0][0]


def test_a_line_written_down_earlier_has_to_be_in_a_later_pack(pack: Path) -> None:
    first = json.loads((pack / "audit.jsonl").read_text().splitlines()[0])

    assert verify(pack, f"1:{first['hash']}")[0] == 0
    assert verify(pack, "1:" + "0" * 64)[0] == 1


def test_the_page_shows_the_end_of_the_trail_and_of_each_pack(pack: Path, olga, as_person) -> None:
    end = SealHead.objects.get()

    page = as_person(olga).get("/audit/")

    assert page.context["end"] == end
    assert [line.hash for line, _ in page.context["packs"]] == [end.hash]
    assert page.content.decode().count(end.hash) >= 2


def test_postings_name_who_approved_them(world, ana, actor_of, tmp_path: Path) -> None:
    """The version's signer and publisher, and who let this one go."""
    accountant = actor_of(ana)
    world.order("1001")
    world.run()
    post = world.post("1001")
    post.version.signed_by = "Ana Keller"
    post.version.save()
    case = Case.objects.create(
        workspace=world.workspace, subject=f"inbox:{post.item.uuid}", code="needs_approval",
        case_class="approval",
    )  # fmt: skip
    record(accountant, "case.approve", f"case:{case.uuid}", {
        "record": "Order 1001", "values": {}, "result": "Order 1001 is approved and goes out.",
    })  # fmt: skip
    today = timezone.now().date()
    content = make_pack(accountant, world.workspace, today - timedelta(days=1), today)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(tmp_path)

    (posted,) = rows(tmp_path, "postings.csv")
    assert [posted[c] for c in ("signed_by", "published_by", "approved_by")] == [
        "Ana Keller", "Ivo Marsh", "Ana Keller",
    ]  # fmt: skip
    (approval,) = rows(tmp_path, "overrides.csv")
    assert (approval["who"], approval["what"], approval["value"]) == ("Ana Keller", "approve", "")
    assert verify(tmp_path)[0] == 0


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_days_are_utc_whatever_the_readers_zone(world, ana, actor_of, tmp_path, zone) -> None:
    """At any hour it is another day in one of the two zones."""
    world.order("1001", Terms="45")
    world.order("1002")
    world.run()
    apply_remedy(actor_of(ana), world.case(), "void", {"reason": "paid in cash"})
    today = datetime.now(UTC).date()
    with timezone.override(zone):
        content = make_pack(actor_of(ana), world.workspace, today, today)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(tmp_path)

    assert verify(tmp_path)[0] == 0
    assert (len(rows(tmp_path, "postings.csv")), len(rows(tmp_path, "overrides.csv"))) == (1, 1)


def test_a_period_that_ends_before_it_begins_is_refused(world, ana, actor_of, as_person) -> None:
    today = timezone.now().date()
    with pytest.raises(ValidationError):
        make_pack(actor_of(ana), world.workspace, today, today - timedelta(days=1))

    page = as_person(ana).get("/audit/pack.zip?from=soon", follow=True).content.decode()
    assert "YYYY-MM-DD" in page


def test_duties_that_do_not_go_together_are_named(ivo, ana, actor_of, workspace) -> None:
    for key in ("mapping.decided", "mapping.published"):
        record(actor_of(ivo), key, "mapping:1", {})
    record(actor_of(ana), "tieout.signed", "tieout:1", {})

    people = duties(AuditEvent.objects.all())

    assert [(p.actor, len(p.conflicts)) for p in people] == [("Ivo Marsh", 1), ("Ana Keller", 0)]
    assert "put in force" in people[0].conflicts[0]


@pytest.mark.parametrize(
    ("keys", "conflicts"),
    [
        (("lookup.approved", "flow.rehearsal_signed"), 1),
        (("linking.same", "batch.approved"), 1),
        (("case.accept", "case.approve"), 1),
        (("case.approve", "tieout.signed"), 0),
        (("connection.changed", "case.accept"), 1),
        (("person.saved", "item.closed"), 1),
    ],
)
def test_an_accountant_who_did_both_is_named(ana, actor_of, workspace, keys, conflicts) -> None:
    for key in keys:
        record(actor_of(ana), key, "x:1", {})

    (person,) = duties(AuditEvent.objects.all())

    assert len(person.conflicts) == conflicts


def test_the_verdict_on_duties_stands_beside_the_name(pack: Path, olga, as_person) -> None:
    page = as_person(olga).get("/audit/").content.decode()
    heads = page.partition('id="duties"')[2].partition("</thead>")[0]

    assert heads.index("Does not go together") < heads.index("decides mappings and lookups")
