"""What we send is in the reference's element trees; read from the shared documents, never copied."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.syspro.connector import SysproConnector
from connectors.syspro.xml import Node, parse
from engine.errors import StudioError
from engine.ports import Draft

TREES = Path(os.environ.get("SHARED_DIR", "../shared")) / "reference/syspro/bo_trees.json"
pytestmark = [
    pytest.mark.reference,
    pytest.mark.skipif(not TREES.exists(), reason="the reference is not here (SHARED_DIR)"),
]


def paths(node: Node, prefix: str = "") -> Iterator[str]:
    here = f"{prefix}/{node.tag}"
    yield here
    for child in node.children:
        yield from paths(child, here)


def known(tree: dict[str, Any], prefix: str = "") -> Iterator[str]:
    here = f"{prefix}/{tree['name']}"
    yield here
    for child in tree.get("children", []):
        yield from known(child, here)


DRAFTS = {
    "SORTOI": Draft(
        "SorMaster",
        {
            "CustomerPoNumber": "B-1",
            "Customer": "0000101",
            "ShipAddress1": "1 Road",
            "SpecialInstrs": "x",
            "SorDetail": [
                {"MStockCode": "STEFLA-12MM-GRY", "MOrderQty": Decimal(1), "MDiscPct1": Decimal(5)},
                {"LineType": "7", "MStockCode": "X", "MStockDes": "x", "MProductClass": "FRN",
                 "MOrderQty": Decimal(1)},
                {"LineType": "4", "NMscChargeValue": Decimal(1)},
                {"LineType": "5", "NMscChargeValue": Decimal(1), "NMscProductCls": "MSC"},
                {"LineType": "6", "NComment": "x"},
            ],
        },
        "k",
        "B-1",
    ),
    "ARSTPY": Draft(
        "ArInvoicePay",
        {
            "Customer": "0000105",
            "TrnValue": Decimal(5),
            "JournalDate": "2026-06-01",
            "Bank": "MAIN",
            "Allocations": [{"Invoice": "100001", "TrnValue": Decimal(5), "DiscValue": Decimal(1)}],
        },
        "k",
        "B-2",
    ),
    "ARSTIN": Draft(
        "ArInvoice",
        {
            "Customer": "0000101",
            "InvoiceDate": "2026-06-01",
            "CurrencyValue": Decimal(5),
            "ProductClass": "OUT",
            "TermsCode": "30",
            "CustomerPoNumber": "x",
        },
        "k",
        "B-3",
    ),
    "APSTIN": Draft(
        "ApInvoice",
        {
            "Supplier": "0000011",
            "InvoiceDate": "2026-06-01",
            "DueDate": "2026-07-01",
            "OrigInvValue": Decimal(5),
            "FirstTaxCode": "TX",
            "Distribution": [{"GlCode": "10-6100", "Value": Decimal(5)}],
        },
        "k",
        "B-4",
    ),
    "GENTJL": Draft(
        "GenJournalCtl",
        {
            "JournalDate": "2026-06-01",
            "Notation": "x",
            "GlPeriod": 6,
            "GlYear": 2026,
            "GenJournalDetail": [
                {"GlCode": "10-6100", "EntryValue": Decimal(5), "Comment": "x"},
                {"GlCode": "10-1000", "EntryValue": Decimal(-5)},
            ],
        },
        "k",
        "B-5",
    ),
    "ARSSCS": Draft("ArCustomer", {"Customer": "0009999", "Name": "x", "Email": "a@b"}, "k"),
    "APSSSP": Draft(
        "ApSupplier",
        {"Supplier": "0009999", "SupplierName": "x", "ApSupplierAddr": {"SupAddr1": "x"}},
        "k",
    ),
    "INVSST": Draft("InvMaster", {"StockCode": "B-6", "Description": "x", "StockUom": "EA"}, "k"),
    "COMTFM": Draft("SorMaster", {"CusSorMaster.InvoiceDocId": "1"}, "k", key="001000"),
}  # fmt: skip


@pytest.mark.parametrize("bo", DRAFTS)
def test_every_element_we_send_is_one_the_business_object_knows(
    syspro: SysproConnector, monkeypatch: pytest.MonkeyPatch, bo: str
) -> None:
    trees = json.loads(TREES.read_text("utf-8"))["objects"]
    sent: dict[str, tuple[str, str]] = {}
    post, setup = syspro.client.post, syspro.client.setup

    def posted(name: str, documents: tuple[str, str], *rest: Any, **more: Any) -> Node:
        sent[name] = documents
        return post(name, documents, *rest, **more)

    def set_up(verb: str, name: str, documents: tuple[str, str], call: str) -> Node:
        sent[name] = documents
        return setup(verb, name, documents, call)

    monkeypatch.setattr(syspro.client, "post", posted)
    monkeypatch.setattr(syspro.client, "setup", set_up)
    draft = DRAFTS[bo]
    write = syspro.update if draft.key else syspro.create
    try:
        write(draft)
    except StudioError as error:
        pytest.fail(f"{bo}: {error}")
    for text, tree in zip(sent[bo], ("xml_parameters", "xml_in"), strict=True):
        allowed = set(known(trees[bo][tree]))
        strange = [p for p in paths(parse(text)) if p not in allowed]
        # key and field names of a custom form are the site's own
        strange = [p for p in strange if "/KeyFields/" not in p and "/Fields/" not in p]
        assert not strange
