"""What hangs on a document: its history and notes, attached files, mail and online address."""

from __future__ import annotations

import base64
import mimetypes
from datetime import datetime
from typing import Any

from connectors.emulation.store import Doc
from connectors.emulation.wsgi import Request
from connectors.xero.catalogue import resources
from connectors.xero.dates import from_datetime
from connectors.xero.emulator.books import KEYS, Books
from connectors.xero.emulator.errors import MissingError, RefusedError

HISTORIED = ("BankTransaction", "BankTransfer", "BatchPayment", "Contact", "CreditNote", "Invoice",
             "Item", "ManualJournal", "Overpayment", "Payment", "Prepayment", "PurchaseOrder",
             "Quote")  # fmt: skip
ATTACHABLE = ("Account", "BankTransaction", "BankTransfer", "Contact", "CreditNote", "Invoice",
              "ManualJournal", "PurchaseOrder", "Quote")  # fmt: skip
_FORBIDDEN = frozenset('<>:"/\\|?*+\x00')
_MOST_FILES = 10
MOST_BYTES = 10 * 1024 * 1024
_UNKNOWN = "The document with the supplied id was not found for this endpoint."


def _document(books: Books, entity: str, key: str) -> Doc:
    try:
        return books.lookup(entity, key)
    except MissingError as error:
        raise RefusedError(_UNKNOWN) from error


# --- history -------------------------------------------------------------------------------------


def note(books: Books, entity: str, key: str, raw: dict[str, Any]) -> Doc:
    """Add a note to a document's history.

    Raises:
        RefusedError: no such document, or no text.
    """
    doc = _document(books, entity, key)
    details = str(raw.get("Details") or "")
    if not details or len(details) > 2500:
        raise RefusedError("Details must have between 1 and 2500 characters.")  # invented wording
    return books.remember(entity, str(doc[KEYS[entity]]), "Note", details)


def history(books: Books, entity: str, key: str) -> list[Doc]:
    """Records of a document, the newest first."""
    doc = _document(books, entity, key)
    name = f"{entity}:{doc[KEYS[entity]]}"
    rows = sorted(books.store.find("_history", "document", name), key=lambda r: -r["number"])
    return [shown(row) for row in rows]


def shown(row: Doc) -> Doc:
    """A history record as the API shows it."""
    moment = datetime.fromisoformat(row["at"])
    return {
        "Changes": row["changes"],
        "DateUTCString": moment.strftime("%Y-%m-%dT%H:%M:%S"),
        "DateUTC": from_datetime(moment, offset=True),
        "User": "System Generated",
        "Details": row["details"],
    }


# --- attachments ---------------------------------------------------------------------------------


def attach(books: Books, where: tuple[str, str], name: str, request: Request) -> Doc:
    """Keep a file with a document; the same name again replaces its content.

    Args:
        books: the organisation.
        where: entity and key of the document.
        name: file name.
        request: its body is the content.

    Raises:
        RefusedError: no such document, a bad name, or a limit is reached.
    """
    entity, key = where
    doc = _document(books, entity, key)
    held = {a["FileName"]: a for a in doc.get("_files", ())}
    if not name or set(name) & _FORBIDDEN:
        raise RefusedError("The file name contains characters that are not allowed.")
    if name not in held and len(held) >= _MOST_FILES:
        raise RefusedError(f"A document can have at most {_MOST_FILES} attachments.")
    if not request.body or len(request.body) > MOST_BYTES:
        raise RefusedError("A file must have between 1 byte and 10 MB.")
    kind = request.header("content-type").partition(";")[0]
    if kind in {"", "application/octet-stream"}:
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    path = resources()[entity].path
    own = str(held.get(name, {}).get("AttachmentID") or books.new_id())
    made = {
        "AttachmentID": own,
        "FileName": name,
        "Url": f"{request.base_url}/api.xro/2.0/{path}/{doc[KEYS[entity]]}/Attachments/{name}",
        "MimeType": kind,
        "ContentLength": len(request.body),
        "IncludeOnline": request.arg("includeOnline").lower() == "true",
    }
    books.store.put("_files", own, {"content": base64.b64encode(request.body).decode()})
    files = [*({**held, name: made}.values())]
    books.save(entity, {**doc, "_files": files, "HasAttachments": True})
    return made


def attachments(books: Books, entity: str, key: str) -> list[Doc]:
    """What is attached to a document."""
    return list(_document(books, entity, key).get("_files", ()))


def content(books: Books, entity: str, key: str, name: str) -> tuple[bytes, str]:
    """Bytes and type of an attachment by id or file name.

    Raises:
        MissingError: there is none.
    """
    for one in books.lookup(entity, key).get("_files", ()):
        if name in (one["AttachmentID"], one["FileName"]):
            held = books.store.get("_files", one["AttachmentID"])
            return base64.b64decode((held or {})["content"]), str(one["MimeType"])
    raise MissingError(name)


# --- mail and online address ---------------------------------------------------------------------


def _sales_invoice(books: Books, key: str) -> Doc:
    doc = books.lookup("Invoice", key)
    if doc["Type"] != "ACCREC" or doc["Status"] not in {"SUBMITTED", "AUTHORISED", "PAID"}:
        raise RefusedError("Invoice not of valid status for modification")
    return doc


def mail(books: Books, key: str) -> None:
    """Send an approved sales invoice to its contact.

    Raises:
        RefusedError: a draft or a bill, or the contact has no address.
    """
    doc = _sales_invoice(books, key)
    if not books.get("Contact", doc["Contact"]["ContactID"]).get("EmailAddress"):
        raise RefusedError("The contact has no email address.")  # invented wording
    books.save("Invoice", {**doc, "SentToContact": True})
    books.remember("Invoice", doc["InvoiceID"], "Invoice sent", "This invoice has been sent.")


def online_address(books: Books, key: str) -> str:
    """Where the customer sees the invoice."""
    doc = _sales_invoice(books, key)
    return f"https://in.xero.com/{doc['InvoiceID'].replace('-', '')}"
