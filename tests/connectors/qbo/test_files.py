"""Files beside documents: one upload in effect, found again when its answer never came."""

from __future__ import annotations

import json

import pytest

from connectors.emulation.faults import FaultKind
from connectors.qbo.emulator import extras
from engine.errors import OutcomeUnknown, RemoteFault, RemoteRejected, RemoteUnavailable
from engine.ports import File, Filing

PAPER = b"%PDF-1.4\r\n--mapping-studio\x00 O'Brien & \xff\n"


def file(key: str, name: str = "SO 7 of O'Brien.pdf", **more) -> File:
    values = {"content": PAPER, "idempotency_key": f"file-{key}-{name}"} | more
    return File("Invoice", key, name, "application/pdf", **values)


def held(bench) -> list[tuple[str, int]]:
    rows = bench.emulator.documents("Attachable", "")
    return [(r["FileName"], r["Size"]) for r in rows]


@pytest.mark.proves("qbo", "File beside a document", "create")
def test_a_file_arrives_byte_for_byte_beside_its_document(bench) -> None:
    assert isinstance(bench.connector, Filing)
    invoice = bench.invoice("1")

    made = bench.connector.attach(file(invoice.key))

    assert (made.entity, made.number) == ("Attachable", "SO 7 of O'Brien.pdf")
    assert bench.emulator.extras.file(made.key) == PAPER
    links = made.data["AttachableRef"]
    assert [one["EntityRef"] for one in links] == [{"type": "Invoice", "value": invoice.key}]
    found = bench.connector.attached("Invoice", invoice.key, "SO 7 of O'Brien.pdf")
    assert found is not None
    assert found.key == made.key


def test_only_the_file_of_that_name_beside_that_very_document_is_ours(bench) -> None:
    mine, other = bench.invoice("1"), bench.invoice("1")
    bench.connector.attach(file(other.key))
    bench.connector.attach(file(mine.key, "another.pdf"))

    assert bench.connector.attached("Invoice", mine.key, "SO 7 of O'Brien.pdf") is None
    assert bench.connector.attached("Bill", other.key, "SO 7 of O'Brien.pdf") is None


@pytest.mark.proves("qbo", "File beside a document", "lost answer")
@pytest.mark.parametrize(
    "kind", [FaultKind.TIMEOUT_AFTER, FaultKind.DROP_AFTER, FaultKind.SERVER_ERROR_AFTER]
)
def test_an_upload_that_took_effect_without_an_answer_is_found_and_not_doubled(bench, kind) -> None:
    invoice = bench.invoice("1")
    bench.arm(kind, path="/upload")
    with pytest.raises(OutcomeUnknown):
        bench.connector.attach(file(invoice.key))

    found = bench.connector.attached("Invoice", invoice.key, "SO 7 of O'Brien.pdf")
    assert found is not None
    again = bench.connector.attach(file(invoice.key))

    assert again.key == found.key, "the same request id is answered with the first result"
    assert held(bench) == [("SO 7 of O'Brien.pdf", len(PAPER))]


@pytest.mark.parametrize(
    ("kind", "error"),
    [(FaultKind.TIMEOUT_BEFORE, OutcomeUnknown), (FaultKind.UNAVAILABLE, RemoteUnavailable)],
)
def test_an_upload_that_never_arrived_is_sent_again(bench, kind, error) -> None:
    invoice = bench.invoice("1")
    bench.arm(kind, path="/upload")
    with pytest.raises(error):
        bench.connector.attach(file(invoice.key))

    assert bench.connector.attached("Invoice", invoice.key, "SO 7 of O'Brien.pdf") is None
    bench.connector.attach(file(invoice.key))

    assert len(held(bench)) == 1


def test_a_file_for_a_document_that_is_gone_and_one_too_large_are_refused(
    bench, monkeypatch
) -> None:
    with pytest.raises(RemoteRejected):
        bench.connector.attach(file("999999"))
    invoice = bench.invoice("1")
    monkeypatch.setattr(extras, "MOST_BYTES", 10)
    with pytest.raises(RemoteFault, match="larger than"):
        bench.connector.attach(file(invoice.key))
    assert not held(bench)


@pytest.mark.proves("qbo", "File beside a document", "repeat")
def test_the_same_file_is_sent_as_the_same_bytes(bench) -> None:
    invoice = bench.invoice("1")
    bench.connector.attach(file(invoice.key))
    bench.connector.attach(file(invoice.key))

    first, second = (r for r in bench.transport.requests if r.url.path.endswith("/upload"))
    assert first.content == second.content
    assert first.headers["content-type"] == second.headers["content-type"]
    assert len(held(bench)) == 1
    about = json.loads(first.content.split(b"\r\n\r\n")[1].split(b"\r\n--")[0])
    assert about["ContentType"] == "application/pdf"
