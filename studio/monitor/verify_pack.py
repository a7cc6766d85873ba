"""Checks an auditor's pack without the studio.

``python verify.py`` in the unpacked folder; with ``NUMBER:HASH`` behind it, also whether the trail
still holds that line, written down earlier or somewhere else.

Needs only Python 3.8 or newer. It recomputes the chain of the audit trail, compares every table
with the fingerprint that the last line of the trail sealed, makes ``overrides.csv`` again from the
trail, looks for each posting there, and draws the sample and adds the sums again. Exit status 1 if
anything is not as the pack says.

What stands in the pack alone proves that the pack agrees with itself: who makes a trail of their
own can make a pack of it. So the end of the trail is printed, to be compared with what was written
down when the pack was taken.
"""

from __future__ import annotations

import csv
import hashlib
import json
import random
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

SIZE = 25
# Columns of overrides.csv.
OVERRIDES = (
    *("line", "at", "who", "role", "record", "what", "value", "reason", "amount", "currency"),
    "outcome",
)
# Deeds other than answers to cases that set the rule aside.
SET_ASIDE = (
    *("item.closed", "item.left_posted", "delivery.adopted", "delivery.taken_back"),
    "attachment.left_away",
)
# Answers to cases that override nothing, or that stand in the trail once more as one of the deeds above.
NO_OVERRIDE = {
    "case." + name
    for name in (
        *("asked", "assigned", "commented", "planned", "waiting", "taken_up", "unlocked"),
        *("add_lookup", "link", "create", "choose_other", "again", "again_run", "again_all"),
        *("attach_again", "ask_unlock", "ask_integrator"),
        *("void", "adopt", "leave_posted", "take_back", "leave_file"),
    )
}


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


def check_chain(lines: list[dict[str, Any]], head: str) -> list[str]:
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


def plain(value: object) -> str:
    """As it stands in a table: a record's own text never becomes a formula in a spreadsheet."""
    text = "" if value is None else str(value)
    if isinstance(value, str) and text.startswith(("=", "+", "-", "@", "\t", "\r")):
        return "'" + text
    return text


def is_override(key: str) -> bool:
    """Whether a line of the trail is a decision to go past what the rules say."""
    return key in SET_ASIDE or (key.startswith("case.") and key not in NO_OVERRIDE)


def override_row(line: dict[str, Any]) -> tuple[object, ...]:
    """A line of the trail as a row of overrides.csv."""
    data = line["data"]
    values = data.get("values") or {}
    reason = data.get("reason") or values.get("reason", "")
    said = "; ".join(f"{name}: {value}" for name, value in values.items() if name != "reason")
    return (
        *(line["seal"], line["at"], line["actor"], line["role"], data.get("record", "")),
        *(line["key"].split(".")[1].replace("_", " "), said or data.get("key", ""), reason),
        *(data.get("amount", ""), data.get("currency", ""), data.get("result", "")),
    )


def check_sealed(folder: Path, lines: list[dict[str, Any]]) -> list[str]:
    """The last line of the trail is the making of this pack, and sealed the tables that lie here."""
    last = lines[-1] if lines else {}
    if last.get("key") != "audit.packed":
        return ["the trail does not end with the making of this pack"]
    sealed = last["data"].get("files", {})
    tables = {path.name for path in folder.glob("*.csv")}
    faults = [f"{name} was not sealed with this pack" for name in sorted(tables - set(sealed))]
    for name, said in sorted(sealed.items()):
        path = folder / name
        if not path.is_file() or fingerprint(path.read_bytes()) != said:
            faults.append(f"{name} is not the table that the trail sealed")
    return faults


def check_overrides(rows: list[dict[str, str]], lines: list[dict[str, Any]]) -> list[str]:
    """Every override of the trail stands in the table as the trail has it, and no other."""
    packed = lines[-1]["data"]
    found = {row["line"]: row for row in rows}
    faults = []
    for line in lines:
        if "at" not in line or line["seal"] > packed["sealed"] or not is_override(line["key"]):
            continue
        if not packed["from"] <= line["at"][:10] <= packed["to"]:
            continue
        said = dict(zip(OVERRIDES, map(plain, override_row(line))))  # noqa: B905 (Python 3.8)
        row = found.pop(str(line["seal"]), None)
        if row is None:
            faults.append(f"overrides.csv lacks line {line['seal']} of the trail")
        # Lines from before amounts were kept have none; then the table's is the case's.
        elif any(row[name] != value for name, value in said.items() if value):
            faults.append(f"overrides.csv says otherwise than line {line['seal']} of the trail")
    return faults + [f"overrides.csv has a line {one} that is no override" for one in found]


def check_postings(
    rows: list[dict[str, str]], lines: list[dict[str, Any]]
) -> tuple[list[str], int]:
    """Each posting is as its own line of the trail has it; and how many have no such line."""
    packed = lines[-1]["data"]
    trail = {
        line["data"]["posting"]["key"]: (line["seal"], line["data"]["posting"])
        for line in lines
        if "at" in line and "posting" in line["data"]
    }
    faults, alone, seen = [], 0, set()
    for row in rows:
        seen.add(row["key"])
        if row["key"] not in trail:
            alone += 1
            continue
        number, said = trail[row["key"]]
        if any(row[name] != plain(value) for name, value in said.items()):
            faults.append(f"postings.csv says otherwise than line {number} of the trail")
    for key, (number, said) in trail.items():
        due = packed["from"] <= said["at"][:10] <= packed["to"] and number <= packed["sealed"]
        if due and key not in seen:
            faults.append(f"postings.csv lacks the posting of line {number} of the trail")
    return faults, alone


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


def check_known(lines: list[dict[str, Any]], known: str) -> list[str]:
    """The trail holds the line that somebody wrote down as ``NUMBER:HASH``."""
    number, _, said = known.partition(":")
    held = any(str(line["seal"]) == number and line["hash"] == said for line in lines)
    return [] if held else [f"the trail does not hold line {number} with the hash {said}"]


def verify(folder: Path, *known: str) -> tuple[list[str], list[str]]:
    """What is wrong with the pack in ``folder`` (nothing, when it is whole), and what to know of it.

    Args:
        folder: where it was unpacked.
        known: lines of the trail as ``NUMBER:HASH`` that it has to hold.
    """
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    faults = check_files(folder, manifest)
    if faults:
        return faults, []
    trail = (folder / "audit.jsonl").read_text(encoding="utf-8").splitlines()
    lines = [json.loads(line) for line in trail]
    faults += check_chain(lines, manifest["head"])
    end = [f"The trail ends at line {lines[-1]['seal']} with {lines[-1]['hash']}"] if lines else []
    for one in known:
        faults += check_known(lines, one)
    sealed = check_sealed(folder, lines)
    if "key" not in (lines[-1] if lines else {}):
        return faults + sealed, end
    postings = _rows(folder / "postings.csv")
    sample = [row["key"] for row in _rows(folder / "sample.csv")]
    if lines[-1]["key"] == "audit.packed":
        faults += check_overrides(_rows(folder / "overrides.csv"), lines)
        said, alone = check_postings(postings, lines)
        faults += said
        end.append(f"{len(postings) - alone} of {len(postings)} postings have their own line in it")
    return (
        faults
        + sealed
        + check_sample(postings, sample, manifest["seed"])
        + check_sums(postings, manifest["posted"])
    ), end


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    problems, notes = verify(Path(__file__).resolve().parent, *sys.argv[1:])
    for problem in problems:
        print("NOT IN ORDER:", problem)  # noqa: T201
    if not problems:
        print("The pack agrees with itself: files, chain, tables, sample and sums.")  # noqa: T201
    for note in notes:
        print(note)  # noqa: T201
    if notes:
        print("Compare the end with what you wrote down, or with Audit in the studio.")  # noqa: T201
    sys.exit(1 if problems else 0)
