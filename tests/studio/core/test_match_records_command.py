"""``match-records`` on small files of every kind, as a user would call it."""

from __future__ import annotations

import csv
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

FILES: dict[str, tuple[str, str, set[tuple[str, str]]]] = {
    "customer": (
        (
            "Customer,Name,Telephone,Email,SoldToAddr1,SoldToAddr3,SoldPostalCode\n"
            "ACM001,ACME STEEL SUPPLIES (PTY) LTD,011 555 0142,info@acmesteel.example,12 Foundry Street,Durban,4001\n"
            "BRU002,BRUNHOLM ENGINEERING CC,021 555 0177,,7 Harbour Road,Cape Town,8001\n"
            "KES003,KESTWICK TIMBER,031 555 0199,sales@kestwick.example,3 Mill Lane,Durban,4091\n"
        ),
        (
            "Id,DisplayName,PrimaryPhone.FreeFormNumber,PrimaryEmailAddr.Address,BillAddr.Line1,BillAddr.City,BillAddr.PostalCode\n"
            "1,Kestwick Timber Ltd,+27 31 555 0199,sales@kestwick.example,3 Mill Ln,Durban,4091\n"
            "2,Acme Steel Supplies,+27 11 555 0142,info@acmesteel.example,12 Foundry St,Durban,4001\n"
            "3,Wholly Other Foods,+27 12 555 0111,hello@other.example,99 Ridge Ave,Pretoria,0002\n"
        ),
        {("ACM001", "2"), ("KES003", "1")},
    ),
    "supplier": (
        (
            "Supplier,SupplierName,Telephone,Email,SupAddr1,SupAddr3,SupPostalCode\n"
            "0000017,TOVDALE VALVES LTD,0161 555 0123,ap@tovdale.example,5 Canal Street,Leeds,LS1 4AB\n"
            "0000018,PELMARK GLASS,0161 555 0188,,88 Quay Road,Hull,HU1 1AA\n"
        ),
        (
            "Id,CompanyName,PrimaryPhone.FreeFormNumber,PrimaryEmailAddr.Address,BillAddr.Line1,BillAddr.City,BillAddr.PostalCode\n"
            "71,Tovdale Valves Limited,+44 161 555 0123,ap@tovdale.example,5 Canal St,Leeds,LS1 4AB\n"
            "72,Dorwick Freight,+44 20 555 0101,,1 Dock Way,London,E1 6AN\n"
        ),
        {("0000017", "71")},
    ),
    "item": (
        (
            "StockCode,Description,LongDesc,StockUom,AlternateKey1,SellingPrice,UnitCost\n"
            "BR-6204-2RS,BEARING 6204 2RS 20X47X14,,EA,,49.90,31.20\n"
            "VL-015-BR,BALL VALVE 15MM BRASS,,EA,,120.00,80.00\n"
            "GL-010,NITRILE GLOVES LARGE BOX 100,,BX,,89.00,60.00\n"
        ),
        (
            "Id,Name,Sku,Description,UnitPrice,PurchaseCost\n"
            "9,Bearing 6204-2RS,BR62042RS,Bearing 6204 2RS 20x47x14,49.90,31.20\n"
            "8,Ball valve 15 mm brass,VL015BR,Ball valve 15 mm brass,120.00,80.00\n"
            "7,Delivery charge,DEL,Delivery charge,50.00,\n"
        ),
        {("BR-6204-2RS", "9"), ("VL-015-BR", "8")},
    ),
    "generic": (
        (
            "id,title,authors,year\n"
            "a1,Balanced placement of pages in parallel stores,R. Brun and T. Kest,1998\n"
            "a2,Lazy garbage collection for long journals,M. Ash,2001\n"
            "a3,Sketching joins over moving windows,P. Tarn and L. Ull,2003\n"
            "a4,An index for nested intervals,S. Gol,1997\n"
        ),
        (
            "id,title,authors,year\n"
            "b1,Sketching joins over moving windows,Tarn P and Ull L,2003\n"
            "b2,Balanced placement of pages in parallel stores,Brun R and Kest T,1998\n"
            "b3,Learning cost models from logs,D. Fen,2002\n"
        ),
        {("a1", "b2"), ("a3", "b1")},
    ),
}


def _match(tmp_path: Path, kind: str, *more: str) -> list[dict[str, str]]:
    left, right, _ = FILES[kind]
    (tmp_path / "l.csv").write_text(left, encoding="utf-8")
    (tmp_path / "r.csv").write_text(right, encoding="utf-8")
    options = {name: str(tmp_path / f"{name[0]}.csv") for name in ("left", "right")}
    out = tmp_path / "pairs.csv"
    call_command("match-records", *more, kind=kind, out=out, stderr=StringIO(),
                 left=Path(options["left"]), right=Path(options["right"]))  # fmt: skip
    with out.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.mark.parametrize("kind", sorted(FILES))
def test_the_true_pairs_come_first_and_no_other_pair_is_likely(tmp_path: Path, kind: str) -> None:
    rows = _match(tmp_path, kind)
    truth = FILES[kind][2]
    assert rows
    assert list(rows[0])[:3] == ["left_key", "right_key", "probability"]
    first = {(row["left_key"], row["right_key"]) for row in rows[: len(truth)]}
    assert first == truth
    for row in rows:
        likely = float(row["probability"]) >= 0.5
        assert not likely or (row["left_key"], row["right_key"]) in truth


@pytest.mark.parametrize("kind", ["customer", "supplier", "item"])
def test_accounting_records_that_agree_in_everything_are_accepted(
    tmp_path: Path, kind: str
) -> None:
    likely = {(r["left_key"], r["right_key"]) for r in _match(tmp_path, kind)
              if float(r["probability"]) >= 0.5}  # fmt: skip
    assert likely == FILES[kind][2]


def test_sentences_are_added_on_request(tmp_path: Path) -> None:
    rows = _match(tmp_path, "customer", "--sentences")
    assert rows[0]["word"] in {"certain", "strong", "possible"}
    assert rows[0]["method"] == "Identity" or rows[0]["sentence"]
    assert "name" in rows[0]["sentence"].lower()


def test_a_row_of_another_length_is_told_with_its_number(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text("Customer,Name\nA,Acme\nB\n", encoding="utf-8")
    (tmp_path / "r.csv").write_text("Id,DisplayName\n1,Acme\n", encoding="utf-8")
    with pytest.raises(CommandError, match="record 3: 1 values under 2 headings"):
        call_command("match-records", kind="customer", out=tmp_path / "p.csv", stderr=StringIO(),
                     left=tmp_path / "l.csv", right=tmp_path / "r.csv")  # fmt: skip


def test_a_file_with_headings_only_gives_no_pairs(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text("Customer,Name\nA,Acme\n", encoding="utf-8")
    (tmp_path / "r.csv").write_text("Id,DisplayName\n", encoding="utf-8")
    call_command("match-records", kind="customer", out=tmp_path / "p.csv", stderr=StringIO(),
                 left=tmp_path / "l.csv", right=tmp_path / "r.csv")  # fmt: skip
    assert (tmp_path / "p.csv").read_text(encoding="utf-8") == "left_key,right_key,probability\n"


def test_the_command_does_not_load_the_studio(tmp_path: Path, settings: Any) -> None:
    """Starting must not take longer than matching: no app is loaded, nor anything that learns."""
    left, right, truth = FILES["customer"]
    (tmp_path / "left.csv").write_text(left, encoding="utf-8")
    (tmp_path / "right.csv").write_text(right, encoding="utf-8")
    command = ["manage.py", "match-records", "--kind", "customer"]
    for name in ("left.csv", "right.csv", "out.csv"):
        command += [f"--{Path(name).stem}", str(tmp_path / name)]
    run = subprocess.run(
        [sys.executable, "-X", "importtime", *command],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines()}
    assert "engine.resolve" in loaded
    assert not loaded & {"rest_framework", "import_export", "sklearn", "torch", "openai"}
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as handle:
        sure = {(a, b) for a, b, p in list(csv.reader(handle))[1:] if float(p) >= 0.5}
    assert sure == truth
