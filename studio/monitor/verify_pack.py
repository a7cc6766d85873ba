"""Checks an auditor's pack without the studio.

``python verify.py`` in the unpacked folder.

Needs only Python 3.8 or newer. It recomputes the fingerprint of every file, the chain of the audit
trail, the sample from its published seed, and the sums of the postings. Exit status 1 if anything
is not as the pack says.
"""

from __future__ import annotations

import csv
import hashlib
import json
import random
import sys
from decimal import Decimal
from pathlib import Path

SIZE = 25


def fingerprint(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def draw(keys: list[str], seed: str, size: int = SIZE) -> list[str]:
    """The sample: the same keys and seed always give the same postings."""
    rest = sorted(keys)
    return sorted(random.Random(seed).sample(rest, min(size, len(rest))))  # noqa: S311


def check_files(folder: Path, manifest: dict[str, object]) -> list[str]:
    """Every file is there and has the content that the manifest says."""
    faults = []
    files = manifest["files"]
    assert isinstance(files, dict)  # noqa: S101
    for name, said in files.items():
        path = folder / name
        if not path.is_file():
            faults.append(f"{name} is missing")
        elif fingerprint(path.read_bytes()) != said:
            faults.append(f"{name} was changed after the pack was made")
    return faults


def check_chain(lines: list[dict[str, object]], head: str) -> list[str]:
    """Each line of the trail follows the one before; lines of other workspaces carry hashes only."""
    faults = []
    last, expected = "", 1
    for line in lines:
        content = {k: v for k, v in line.items() if k != "hash"}
        if line["seal"] != expected:
            faults.append(f"line {expected} of the trail is missing")
        if line["previous"] != last:
            faults.append(f"line {line['seal']} of the trail does not follow the one before")
        if "at" in content:
            text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            if fingerprint(text.encode()) != line["hash"]:
                faults.append(f"line {line['seal']} of the trail was changed after it was sealed")
        last = str(line["hash"])
        expected = int(str(line["seal"])) + 1
    if last != head:
        faults.append("the trail does not end where the manifest says")
    return faults


def check_sample(postings: list[dict[str, str]], sample: list[str], seed: str) -> list[str]:
    """The sample is the one that the seed draws."""
    drawn = draw([p["key"] for p in postings], seed)
    return [] if drawn == sample else ["the sample is not the one that its seed draws"]


def check_sums(postings: list[dict[str, str]], sums: dict[str, str]) -> list[str]:
    """The postings add up to the control totals, by currency."""
    found: dict[str, Decimal] = {}
    for row in postings:
        found[row["currency"]] = found.get(row["currency"], Decimal(0)) + Decimal(row["gross"])
    said = {currency: Decimal(value) for currency, value in sums.items()}
    return [] if found == said else [f"the postings add up to {found}, the manifest says {said}"]


def verify(folder: Path) -> list[str]:
    """Everything that is wrong with the pack in ``folder``; empty when it is whole."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    faults = check_files(folder, manifest)
    if faults:
        return faults
    trail = (folder / "audit.jsonl").read_text(encoding="utf-8").splitlines()
    faults += check_chain([json.loads(line) for line in trail], manifest["head"])
    postings = _rows(folder / "postings.csv")
    sample = [row["key"] for row in _rows(folder / "sample.csv")]
    return (
        faults
        + check_sample(postings, sample, manifest["seed"])
        + check_sums(postings, manifest["posted"])
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    problems = verify(Path(__file__).resolve().parent)
    for problem in problems:
        print("NOT IN ORDER:", problem)  # noqa: T201
    if not problems:
        print("The pack is whole: files, chain, sample and sums are as it says.")  # noqa: T201
    sys.exit(1 if problems else 0)
