"""Resources that are not plain records: attachments, exchange rates, tax service."""

from __future__ import annotations

import base64
import re
from decimal import Decimal
from typing import Any

from connectors.emulation.store import Doc
from connectors.emulation.wsgi import Request, parse_json
from connectors.qbo.emulator.books import Books
from connectors.qbo.emulator.intake import CLEAR, read_body
from connectors.qbo.emulator.refusals import (
    RefusedError,
    bad_reference,
    bad_value,
    missing,
    refused,
    unsupported_property,
)
from connectors.qbo.emulator.trade import rate_on

MOST_BYTES = 100 * 1024 * 1024
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)


class Extras:
    """Handlers for the odd resources of one company."""

    def __init__(self, books: Books) -> None:
        self._books = books

    # -- attachments --------------------------------------------------------------------------

    def upload(self, request: Request) -> list[Doc]:
        """``AttachableResponse`` items of a multipart upload (line ends may be LF alone)."""
        metadata: dict[str, Any] = {}
        contents: dict[str, tuple[bytes, str]] = {}
        for name, headers, raw in _parts(request):
            number = name.rpartition("_")[2]
            if name.startswith("file_metadata"):
                metadata[number] = parse_json(raw)
            elif name.startswith("file_content"):
                coded = "base64" in headers.get("content-transfer-encoding", "").lower()
                kind = headers.get("content-type", "application/octet-stream")
                contents[number] = (base64.b64decode(raw) if coded else raw, kind)
        if not contents:
            raise refused("6041", "Invalid file", "No file content was found.")
        if any(len(raw) > MOST_BYTES for raw, _ in contents.values()):
            words = f"The file is larger than {MOST_BYTES // 1024 // 1024} MB."  # invented wording
            raise refused("6041", "Invalid file", words)
        return [
            {"Attachable": self._keep(metadata.get(n, {}), raw, kind, request.base_url)}
            for n, (raw, kind) in contents.items()
        ]

    def _keep(self, metadata: Doc, raw: bytes, kind: str, base: str) -> Doc:
        with self._books.store.transaction():
            clean = read_body("Attachable", metadata, creating=False)
            doc = {
                k: v for k, v in clean.items() if v is not CLEAR and k not in ("Id", "SyncToken")
            }
            self._check_links(doc)
            key = self._books.new_id("Attachable")
            realm = self._books.store.meta("realm")
            link = f"{base}/v3/company/{realm}/download/{key}"
            doc |= {
                "Id": key,
                "FileName": doc.get("FileName") or f"attachment-{key}",
                "ContentType": metadata.get("ContentType") or kind,
                "Size": len(raw),
                "FileAccessUri": f"/v3/company/{realm}/download/{key}",
                "TempDownloadUri": link,
                "domain": "QBO",
                "sparse": False,
            }
            self._books.store.put("_files", key, {"raw": base64.b64encode(raw).decode()})
            return self._books.save("Attachable", doc, "Create")

    def _check_links(self, doc: Doc) -> None:
        for link in doc.get("AttachableRef") or ():
            target = link.get("EntityRef") or {}
            kind = str(target.get("type") or "")
            found = self._books.get(kind, str(target.get("value"))) if kind else None
            if found is None:
                raise bad_reference(kind or "Entity", str(target.get("value", "")))

    def file(self, key: str) -> bytes:
        """The content of an attachment."""
        self._books.require("Attachable", key)
        kept = self._books.store.get("_files", key)
        return base64.b64decode(kept["raw"]) if kept else b""

    # -- exchange rates -----------------------------------------------------------------------

    def read_rate(self, currency: str, day: str) -> Doc:
        """The rate valid on a day."""
        if not re.fullmatch(r"[A-Z]{3}", currency):
            raise RefusedError(bad_value("2220", "sourcecurrencycode", currency))
        day = day or self._books.today()
        return self._rate(currency, day, rate_on(self._books, currency, day))

    def write_rate(self, body: Any) -> Doc:
        """Set the rate of a day."""
        if not isinstance(body, dict):
            raise RefusedError(unsupported_property(""))
        for name in ("SourceCurrencyCode", "AsOfDate", "Rate"):
            if body.get(name) in (None, ""):
                raise RefusedError(missing(name))
        rate = Decimal(str(body["Rate"]))
        if rate <= 0:
            raise RefusedError(bad_value("2240", "Rate", rate))
        doc = self._rate(str(body["SourceCurrencyCode"]), str(body["AsOfDate"]), rate)
        with self._books.store.transaction():
            key = f"{doc['SourceCurrencyCode']}:{doc['AsOfDate']}"
            saved = self._books.save("ExchangeRate", {**doc, "Id": key}, "Update")
        return {k: v for k, v in saved.items() if k != "Id"}

    def _rate(self, currency: str, day: str, rate: Decimal) -> Doc:
        return {
            "SourceCurrencyCode": currency,
            "TargetCurrencyCode": self._books.home(),
            "Rate": rate,
            "AsOfDate": day,
            "domain": "QBO",
            "sparse": False,
        }

    # -- tax service --------------------------------------------------------------------------

    def tax_code(self, body: Any) -> Doc:
        """Create a tax code with its rates; the answer is the bare object."""
        if not isinstance(body, dict) or not body.get("TaxCode"):
            raise RefusedError(missing("TaxCode"))
        rows = body.get("TaxRateDetails") or []
        if not rows:
            raise RefusedError(missing("TaxRateDetails"))
        books = self._books
        with books.store.transaction():
            if books.store.find("TaxCode", "name", str(body["TaxCode"]).casefold()):
                raise refused(
                    "6240", "Duplicate Name Exists Error", "The name supplied already exists."
                )
            told: list[Doc] = []
            sales: list[Doc] = []
            purchase: list[Doc] = []
            for row in rows:
                rate = self._tax_rate(row)
                detail = {"TaxRateRef": {"value": rate["Id"], "name": rate["Name"]}, "TaxOrder": 0}
                side = purchase if row.get("TaxApplicableOn") == "Purchase" else sales
                side.append(detail | {"TaxTypeApplicable": "TaxOnAmount"})
                told.append(
                    {
                        "TaxRateName": rate["Name"],
                        "TaxRateId": rate["Id"],
                        "RateValue": rate["RateValue"],
                        "TaxAgencyId": rate["AgencyRef"]["value"],
                        "TaxApplicableOn": row.get("TaxApplicableOn", "Sales"),
                    }
                )
            code = {
                "Id": books.new_id("TaxCode"),
                "Name": str(body["TaxCode"]),
                "Description": str(body["TaxCode"]),
                "Active": True,
                "Taxable": True,
                "TaxGroup": True,
                "SalesTaxRateList": {"TaxRateDetail": sales},
                "PurchaseTaxRateList": {"TaxRateDetail": purchase},
            }
            saved = books.save("TaxCode", code, "Create")
        return {"TaxCode": saved["Name"], "TaxCodeId": saved["Id"], "TaxRateDetails": told}

    def _tax_rate(self, row: Doc) -> Doc:
        books = self._books
        if row.get("TaxRateId"):
            found = books.get("TaxRate", str(row["TaxRateId"]))
            if found is None:
                raise bad_reference("TaxRate", str(row["TaxRateId"]))
            return found
        agency = str(row.get("TaxAgencyId") or "")
        if books.get("TaxAgency", agency) is None:
            raise bad_reference("TaxAgency", agency)
        value = Decimal(str(row.get("RateValue", "-1")))
        if not 0 <= value <= 100:
            raise RefusedError(bad_value("2150", "RateValue", value))
        doc = {
            "Id": books.new_id("TaxRate"),
            "Name": str(row.get("TaxRateName") or ""),
            "Active": True,
            "RateValue": value,
            "AgencyRef": {"value": agency},
            "SpecialTaxType": "NONE",
            "DisplayType": "ReadOnly",
        }
        return books.save("TaxRate", doc, "Create")


def _parts(request: Request) -> list[tuple[str, dict[str, str], bytes]]:
    match = _BOUNDARY.search(request.header("content-type"))
    if match is None:
        raise refused("6020", "Invalid upload", "The request is not multipart.")
    found = []
    for piece in request.body.split(b"--" + match.group(1).encode())[1:-1]:
        plain = piece.removeprefix(b"\r").removeprefix(b"\n")
        head, joint, raw = plain.partition(b"\r\n\r\n")
        if not joint:
            head, _, raw = plain.partition(b"\n\n")
        headers = {
            line.partition(":")[0].strip().lower(): line.partition(":")[2].strip()
            for line in head.decode("utf-8", "replace").splitlines()
        }
        name = re.search(r'name="([^"]+)"', headers.get("content-disposition", ""))
        if name:
            raw = raw.removesuffix(b"\n").removesuffix(b"\r")
            found.append((name.group(1), headers, raw))
    return found
