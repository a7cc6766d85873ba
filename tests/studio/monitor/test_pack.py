"""The auditor's pack: everything of a period, and a script that finds what was changed afterwards."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from studio.accounts.models import Workspace
from studio.core.action import record
from studio.core.models import AuditEvent
from studio.monitor.duties import duties
from studio.monitor.pack import make_pack
from studio.tieout.actions import run_tieout
from studio.tieout.signing import sign
from studio.triage.actions import apply_remedy
from studio.triage.models import Case

pytestmark = pytest.mark.django_db


@pytest.fixture
def pack(world, ana, actor_of, tmp_path: Path) -> Path:
    """A period with three postings, one record closed by hand, a signed tie-out and strangers' lines."""
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
    reason = {"reason": "paid in cash"}
    apply_remedy(accountant, Case.objects.get(record_label="Order 1004"), "void", reason)
    tie = run_tieout(accountant, world.flow)[0]
    sign(accountant, tie, "looked at")
    today = timezone.now().date()
    content = make_pack(accountant, world.workspace, today - timedelta(days=1), today)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(tmp_path)
    return tmp_path


def verify(folder: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-I", str(folder / "verify.py")],
        check=False,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_pack_holds_the_period_and_verifies_without_the_studio(pack: Path) -> None:
    assert verify(pack) == (
        0,
        "The pack is whole: files, chain, sample and sums are as it says.\n",
    )
    posted = rows(pack, "postings.csv")
    assert [p["source_record"] for p in posted] == ["1001", "1002", "1003"]
    assert {p["published_by"] for p in posted} == {"Ivo Marsh"}
    assert rows(pack, "overrides.csv")[0]["reason"] == "paid in cash"
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
    from studio.monitor.verify_pack import fingerprint

    path = pack / file
    path.write_text(change(path.read_text()))
    manifest = json.loads((pack / "manifest.json").read_text())
    manifest["files"][file] = fingerprint(path.read_bytes())
    (pack / "manifest.json").write_text(json.dumps(manifest))

    status, said = verify(pack)

    assert status == 1
    assert complaint in said


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
