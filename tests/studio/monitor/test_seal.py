"""The audit chain: what was sealed cannot be changed, taken out or cut off unnoticed."""

from __future__ import annotations

import hashlib
import json

import pytest

from studio.core.action import record
from studio.core.models import AuditEvent, SealHead
from studio.monitor.seal import seal_events, verify

pytestmark = pytest.mark.django_db


@pytest.fixture
def chain(ana, actor_of):
    actor = actor_of(ana)
    for n in range(4):
        record(actor, "case.commented", f"case:{n}", {"record": f"Order {n}", "money": "1.10"})
    assert seal_events() == 4
    return actor


def test_a_whole_chain_has_no_fault_and_is_sealed_once(chain) -> None:
    assert verify() == []
    assert seal_events() == 0
    assert SealHead.objects.get().seal == 4


def test_new_lines_follow_the_sealed_ones(chain) -> None:
    record(chain, "tieout.signed", "tieout:1", {})

    assert seal_events() == 1
    assert verify() == []


@pytest.mark.promise("F28")
def test_a_changed_line_is_found(chain) -> None:
    AuditEvent.objects.filter(seal=2).update(data={"record": "Order 1", "money": "9.99"})

    assert verify() == ["line 2 was changed after it was sealed"]


def test_a_line_taken_out_is_found(chain) -> None:
    AuditEvent.objects.filter(seal=3).delete()

    assert "line 3 is missing" in verify()


def test_a_tail_cut_off_is_found(chain) -> None:
    AuditEvent.objects.filter(seal=4).delete()

    assert verify() == ["lines 4 to 4 are missing at the end"]


def test_a_line_sealed_again_by_a_forger_breaks_the_next(chain) -> None:
    from studio.monitor.seal import content_of, digest

    forged = AuditEvent.objects.get(seal=2)
    forged.actor = "somebody else"
    forged.hash = digest(content_of(forged))
    AuditEvent.objects.filter(pk=forged.pk).update(actor=forged.actor, hash=forged.hash)

    assert verify() == ["line 3 does not follow the line before it"]


def test_the_export_can_be_verified_without_us(chain, olga, as_person) -> None:
    said = as_person(olga).get("/audit/export.jsonl").content.decode()

    previous = ""
    lines = [json.loads(line) for line in said.splitlines()]
    for line in lines:
        known = line.pop("hash")
        assert line["previous"] == previous
        text = json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        previous = hashlib.sha256(text.encode()).hexdigest()
        assert previous == known
    assert len(lines) == 4
