"""Supplier invoices in the books have their source beside them, once, over real calls with real trouble."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from connectors.emulation.faults import Fault, FaultKind
from connectors.qbo.emulator import extras
from connectors.xero.emulator import papers
from studio.flows.models import Delivery
from studio.triage.actions import apply_remedy
from studio.triage.models import OPEN_STATES, Case
from tests.studio.payments.bills import supplier
from tests.studio.payments.test_documents import bill, expense

pytestmark = pytest.mark.django_db
UPLOAD = r"/upload$|/Attachments/"


@pytest.fixture(params=["qbo", "xero"])
def books(request: pytest.FixtureRequest) -> Any:
    """The company with the flow of supplier invoices live, as it is shipped."""
    found = request.getfixturevalue(f"{request.param}_books")
    found.go_live(f"bills-to-{request.param}")
    code, _ = supplier(found)
    found.lookup(found.books, "bill_accounts", code, expense(found))
    bill(found, code, "INV-4711", "120.00")
    return found


def emulator(books: Any) -> Any:
    return books.running[books.books.system].emulator


def beside(books: Any, posted: Delivery) -> list[str]:
    """SHA-256 of every file that the target keeps beside a posting."""
    held = emulator(books)
    if books.books.system == "qbo":
        rows = held.documents("Attachable", "")
        mine = [r for r in rows if r["AttachableRef"][0]["EntityRef"]["value"] == posted.target_key]
        raws = [held.extras.file(r["Id"]) for r in mine]
    else:
        rows = papers.attachments(held.books, posted.entity, posted.target_key)
        raws = [
            papers.content(held.books, posted.entity, posted.target_key, r["FileName"])[0]
            for r in rows
        ]
    return [hashlib.sha256(raw).hexdigest() for raw in raws]


@pytest.mark.golden(11)
@pytest.mark.parametrize(
    "kind", [FaultKind.SERVER_ERROR_AFTER, FaultKind.DROP_AFTER, FaultKind.UNAVAILABLE]
)
def test_a_failing_upload_leaves_one_bill_with_one_file(books: Any, kind: FaultKind) -> None:
    emulator(books).faults.arm(Fault(kind, path=UPLOAD))

    books.run()
    Delivery.objects.update(not_before=None)
    books.run()

    (posted,) = books.posts()
    file = Delivery.objects.get(step="attach")
    assert (posted.state, file.state) == ("done", "done"), file.last_error
    entity = posted.entity
    assert len(emulator(books).documents(entity, "INV-4711")) == 1
    assert beside(books, posted) == [file.basis["sha256"]]
    assert file.tries.count() == 2
    assert posted.tries.count() == 1
    assert not Case.objects.filter(state__in=OPEN_STATES).exists()


@pytest.mark.golden(11)
def test_a_refused_file_is_tried_again_alone(
    books: Any, accountant: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(extras, "MOST_BYTES", 10)
        patch.setattr(papers, "MOST_BYTES", 10)
        books.run()
    (posted,) = books.posts()
    assert posted.state == "done"
    case = Case.objects.get(state__in=OPEN_STATES)
    assert case.code == "not-attached"

    apply_remedy(accountant, case, "attach_again", {})
    books.run()

    assert Delivery.objects.get(step="attach").state == "done"
    assert len(beside(books, posted)) == 1
    assert posted.tries.count() == 1
    assert not Case.objects.filter(state__in=OPEN_STATES).exists()
