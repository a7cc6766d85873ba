"""Files beside documents: a name is there once, whatever was sent how often."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connectors.emulation.faults import Fault, FaultKind
from connectors.http.tokens import MemoryTokenStore
from connectors.xero.connector import XeroConnector
from connectors.xero.emulator.app import XeroEmulator
from engine.errors import (
    OutcomeUnknown,
    PermissionMissing,
    RemoteRejected,
    RemoteUnavailable,
)
from engine.ports import Draft, File, Filing

Drafts = Callable[..., Draft]
NAME = "bill 47 (3f2a9c1b) Müller.pdf"
PAPER = b"%PDF-1.4\n\x00\xff"


def file(key: str, name: str = NAME, content: bytes = PAPER) -> File:
    return File("Invoice", key, name, "application/pdf", content, f"file-{key}")


def beside(emulator: XeroEmulator, key: str) -> list[tuple[str, int]]:
    document = emulator.books.lookup("Invoice", key)
    return [(one["FileName"], one["ContentLength"]) for one in document.get("_files", ())]


@pytest.mark.proves("xero", "File beside a document", "create")
@pytest.mark.proves("xero", "File beside a document", "repeat")
def test_a_file_arrives_beside_its_document_and_its_name_is_there_once(
    connector: XeroConnector, emulator: XeroEmulator, invoice: Drafts
) -> None:
    assert isinstance(connector, Filing)
    made = connector.create(invoice("A-1"))

    first = connector.attach(file(made.key))
    again = connector.attach(file(made.key))

    assert (first.entity, first.number, again.key) == ("Attachment", NAME, first.key)
    assert beside(emulator, made.key) == [(NAME, len(PAPER))]
    found = connector.attached("Invoice", made.key, NAME)
    assert found is not None
    assert found.key == first.key
    assert found.data["MimeType"] == "application/pdf"
    assert connector.attached("Invoice", made.key, "another.pdf") is None


@pytest.mark.proves("xero", "File beside a document", "lost answer")
@pytest.mark.parametrize(
    "kind", [FaultKind.TIMEOUT_AFTER, FaultKind.DROP_AFTER, FaultKind.SERVER_ERROR_AFTER]
)
def test_an_upload_that_took_effect_without_an_answer_is_found(
    connector: XeroConnector, emulator: XeroEmulator, invoice: Drafts, kind: FaultKind
) -> None:
    made = connector.create(invoice("A-1"))
    emulator.faults.arm(Fault(kind=kind, path="/Attachments/", seconds=0.01))
    with pytest.raises(OutcomeUnknown):
        connector.attach(file(made.key))

    assert connector.attached("Invoice", made.key, NAME) is not None
    connector.attach(file(made.key))

    assert beside(emulator, made.key) == [(NAME, len(PAPER))]


def test_an_upload_that_never_arrived_is_sent_again(
    connector: XeroConnector, emulator: XeroEmulator, invoice: Drafts
) -> None:
    made = connector.create(invoice("A-1"))
    emulator.faults.arm(Fault(kind=FaultKind.UNAVAILABLE, path="/Attachments/"))
    with pytest.raises(RemoteUnavailable):
        connector.attach(file(made.key))
    assert connector.attached("Invoice", made.key, NAME) is None

    connector.attach(file(made.key))

    assert len(beside(emulator, made.key)) == 1


def test_limits_names_and_documents_that_are_not_there_are_refused(
    connector: XeroConnector, emulator: XeroEmulator, invoice: Drafts
) -> None:
    made = connector.create(invoice("A-1"))
    nowhere = "00000000-0000-0000-0000-00000000abcd"
    with pytest.raises(RemoteRejected, match="not found"):
        connector.attach(file(nowhere))
    with pytest.raises(RemoteRejected, match="not found"):
        connector.attached("Invoice", nowhere, NAME)
    with pytest.raises(RemoteRejected, match="characters"):
        connector.attach(file(made.key, "a+b.pdf"))
    with pytest.raises(RemoteRejected, match="10 MB"):
        connector.attach(file(made.key, content=b"x" * (10 * 1024 * 1024 + 1)))
    for number in range(10):
        connector.attach(file(made.key, f"{number}.pdf"))
    with pytest.raises(RemoteRejected, match="at most 10"):
        connector.attach(file(made.key, "eleventh.pdf"))
    assert len(beside(emulator, made.key)) == 10


def test_without_its_scope_the_upload_is_a_missing_permission(
    connected: Callable[..., XeroConnector], emulator: XeroEmulator, invoice: Drafts
) -> None:
    scopes = "accounting.invoices accounting.contacts"
    narrow = connected(
        tokens=MemoryTokenStore(), settings={"grant": "client_credentials", "scopes": scopes}
    )
    made = narrow.create(invoice("A-1"))
    with pytest.raises(PermissionMissing):
        narrow.attach(file(made.key))
