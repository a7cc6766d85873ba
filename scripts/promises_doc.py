"""Writes docs/promises.md from the tests: each promise of the product with the tests that prove it.

``python scripts/promises_doc.py [--check] [--open]``. Tests say what they prove with
``@pytest.mark.promise("F19")`` and ``@pytest.mark.golden(14)``; they are collected, not run. A promise
without a test needs a reason in ``promises.toml``, else this fails; ``--open`` only lists such promises.
``reason`` also says what a test does not prove; ``missing`` is shown only as long as there is no test.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "promises.md"
LIST = ROOT / "scripts" / "promises.toml"
KINDS = {
    "P": "Problems that disappear",
    "F": "Platform and pipeline",
    "U": "A completed order becomes an invoice or a sales receipt",
    "T": "Transformations",
    "E": "Errors",
    "B": "The portal",
}
Proofs = dict[str, list[str]]


class Collector:
    """A pytest plugin that keeps what the collected tests say they prove."""

    def __init__(self) -> None:
        self.proofs: dict[str, Proofs] = {"promise": {}, "golden": {}}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Read the marks of each collected test."""
        for item in items:
            name = item.nodeid.partition("[")[0]
            for kind, found in self.proofs.items():
                for mark in item.iter_markers(kind):
                    for number in mark.args:
                        tests = found.setdefault(str(number), [])
                        if name not in tests:
                            tests.append(name)


def collect() -> dict[str, Proofs]:
    """What the tests prove, without running them."""
    collector = Collector()
    listing = io.StringIO()
    with contextlib.redirect_stdout(listing):
        status = pytest.main(
            ["--collect-only", "-p", "no:cacheprovider", str(ROOT / "tests")], plugins=[collector]
        )
    if status != pytest.ExitCode.OK:
        sys.exit(f"The tests cannot be collected:\n{listing.getvalue()[-2000:]}")
    return collector.proofs


def bare(listed: dict[str, Any], proofs: dict[str, Proofs]) -> list[str]:
    """Promises that have neither test nor reason."""
    return [
        f"{kind} {number}: {one['says']}"
        for kind, numbers in listed.items()
        for number, one in numbers.items()
        if not proofs[kind].get(number) and not one.get("reason") and not one.get("missing")
    ]


def _row(number: str, one: dict[str, str], tests: list[str]) -> str:
    proof = "<br>".join(f"`{t.removeprefix('tests/')}`" for t in sorted(tests))
    why = one.get("reason") or ("" if tests else one.get("missing"))
    if why:
        said = f"**{'In part' if tests else 'No test'}**: {why}"
        proof = f"{proof}<br>{said}" if proof else said
    return f"| {number} | {one['says']} | {one['check']} | {proof} |"


def page(listed: dict[str, Any], proofs: dict[str, Proofs]) -> str:
    """The whole document.

    Raises:
        SystemExit: a promise has neither test nor reason, or a test names one that is not listed.
    """
    missing = bare(listed, proofs)
    if missing:
        sys.exit("Neither test nor reason: " + "; ".join(missing))
    strange = [f"{k} {n}" for k in proofs for n in proofs[k] if n not in listed[k]]
    if strange:
        sys.exit("Tests prove what nobody promised: " + "; ".join(strange))
    lines = [
        "# What was promised, and the test that proves it", "",
        "Made by `python scripts/promises_doc.py` from the marks of the tests; a test fails when it is stale.",
        "The list is `scripts/promises.toml`. Where a promise has no test, or a test proves only a part, it says why.", "",
    ]  # fmt: skip
    head = ["| No. | Promise | Check | Proof |", "|---|---|---|---|"]
    for letter, title in KINDS.items():
        rows = {n: one for n, one in listed["promise"].items() if n.startswith(letter)}
        lines += [f"## {title}", "", *head]
        lines += [_row(n, one, proofs["promise"].get(n, [])) for n, one in rows.items()]
        lines.append("")
    lines += ["## Golden tests", "", "| No. | Given | Expected | Proof |", "|---|---|---|---|"]
    lines += [_row(n, one, proofs["golden"].get(n, [])) for n, one in listed["golden"].items()]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page, or with ``--check`` say whether it is stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail when stale")
    parser.add_argument("--open", action="store_true", help="list what has neither test nor reason")
    given = parser.parse_args()
    listed = tomllib.loads(LIST.read_text(encoding="utf-8"))
    proofs = collect()
    if given.open:
        print("\n".join(bare(listed, proofs)))
        return
    text = page(listed, proofs)
    if not given.check:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        sys.exit("docs/promises.md is stale: python scripts/promises_doc.py")


if __name__ == "__main__":
    main()
