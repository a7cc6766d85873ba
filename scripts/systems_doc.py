"""Writes docs/systems.md from the tests: entity × operation × system, each cell with its proof.

``python scripts/systems_doc.py [--check]``. Tests say what they prove with
``@pytest.mark.proves(system, entity, operation)``; they are collected, not run. A cell without a
test needs a reason that the vendor's documentation gives (``systems_reasons.py``), else this fails.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
from pathlib import Path

import pytest
from systems_reasons import REASONS, WANTED

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "systems.md"
LABELS = {"syspro": "SYSPRO", "qbo": "QuickBooks Online", "xero": "Xero"}
OPERATIONS = {
    "describe": "schema, types, codes and meaning in a snapshot",
    "read": "one record by its key",
    "poll": "a first poll brings every record once",
    "changes": "the next poll brings what changed (QuickBooks: CDC; Xero: modified since; SYSPRO: row version)",
    "tombstone": "the next poll tells that a record is gone",
    "find": "search by the value of a field",
    "create": "a new record with its values",
    "repeat": "the same draft twice makes one record",
    "lost answer": "what an unanswered create left is found again",
    "batch": "several in one go, each answered",
    "update": "the given fields change, the others stay",
    "void": "a document is voided or cancelled",
    "delete": "a record is deleted",
    "deactivate": "a record is archived, made inactive or put on hold",
    "reactivate": "and taken into use again",
    "webhook": "the vendor tells us at once, signed",
}
Proofs = dict[tuple[str, str, str], list[str]]


class Collector:
    """A pytest plugin that keeps what the collected tests say they prove."""

    def __init__(self) -> None:
        self.proofs: Proofs = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Read the marks of each collected test."""
        for item in items:
            name = item.nodeid.partition("[")[0]
            for mark in item.iter_markers("proves"):
                system, entity, operation = mark.args
                self.proofs.setdefault((system, entity, operation), []).append(name)


def collect() -> Proofs:
    """What the tests of the connectors prove, without running them."""
    collector = Collector()
    arguments = ["--collect-only", "-p", "no:cacheprovider", str(ROOT / "tests" / "connectors")]
    listing = io.StringIO()
    with contextlib.redirect_stdout(listing):
        status = pytest.main(arguments, plugins=[collector])
    if status != pytest.ExitCode.OK:
        sys.exit(f"The tests cannot be collected:\n{listing.getvalue()[-2000:]}")
    return collector.proofs


class Page:
    """Numbers tests and reasons in the order in which they are met."""

    def __init__(self, proofs: Proofs) -> None:
        self.proofs = proofs
        self.tests: dict[str, int] = {}
        self.reasons: dict[str, str] = {}
        self.bare: list[str] = []

    def cell(self, system: str, entity: str, operation: str) -> str:
        """Numbers of the tests that prove the cell, or the letter of the reason for its absence."""
        found = self.proofs.get((system, entity, operation))
        if found:
            numbers = {self.tests.setdefault(t, len(self.tests) + 1) for t in dict.fromkeys(found)}
            return " ".join(str(n) for n in sorted(numbers))
        known = REASONS[system]
        reason = known.get((entity, operation)) or known.get(("*", operation))
        if reason is None:
            self.bare.append(f"{system} {entity} {operation}")
            return "?"
        letters = self.reasons
        return "– " + letters.setdefault(reason, _letter(len(letters)))

    def table(self, system: str) -> list[str]:
        """One system's table."""
        head = f"| Entity | {' | '.join(OPERATIONS)} |"
        lines = [f"## {LABELS[system]}", "", head, "|---" * (len(OPERATIONS) + 1) + "|"]
        for entity in WANTED[system]:
            cells = [self.cell(system, entity, operation) for operation in OPERATIONS]
            lines.append(f"| {entity} | {' | '.join(cells)} |")
        return [*lines, ""]


def _letter(number: int) -> str:
    high, low = divmod(number, 26)
    return (chr(96 + high) if high else "") + chr(97 + low)


def page(proofs: Proofs) -> str:
    """The whole document.

    Raises:
        SystemExit: a cell has neither test nor reason.
    """
    made = Page(proofs)
    tables = [line for system in WANTED for line in made.table(system)]
    if made.bare:
        sys.exit("Neither test nor reason: " + "; ".join(made.bare))
    strange = sorted(f"{s} {e} {o}" for s, e, o in proofs if e not in WANTED.get(s, ()) or o not in OPERATIONS)  # fmt: skip
    if strange:
        sys.exit("Tests prove cells that the page does not have: " + "; ".join(strange))
    lines = [
        "# What each connector does, and the test that proves it", "",
        "Made by `python scripts/systems_doc.py` from the marks of the tests; a test fails when it is stale.",
        "A number names the test below that puts the entity through the operation, through our connector",
        "on the vendor's emulator; its parameter is `[system-entity]`. A letter names the reason why the",
        "vendor offers no such thing.", "",
        *(f"* **{name}**: {meaning}" for name, meaning in OPERATIONS.items()), "",
        *tables,
        "## Tests", "",
        *(f"{n}. `{test}`" for test, n in made.tests.items()), "",
        "## Reasons", "",
        *(f"* **{letter}**: {reason}" for reason, letter in made.reasons.items()),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page, or with ``--check`` say whether it is stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail when stale")
    given = parser.parse_args()
    text = page(collect())
    if not given.check:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        sys.exit("docs/systems.md is stale: python scripts/systems_doc.py")


if __name__ == "__main__":
    main()
