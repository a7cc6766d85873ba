"""Writes the tables of docs/errors.md: promised errors and every row of the resolution tables.

``python scripts/errors_doc.py [--check | --trace]``. ``--trace`` runs the connectors' tests (minutes)
and notes which test makes which row speak, and in which words, in ``scripts/errors_seen.json``; the
other forms read that file. ``--check`` fails when the page is stale.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from connectors.http import resolution  # noqa: E402
from connectors.qbo.resolution import RULES as QBO  # noqa: E402
from connectors.syspro.resolution import RULES as SYSPRO  # noqa: E402
from connectors.xero.resolution import RULES as XERO  # noqa: E402
from engine.errors import StudioError  # noqa: E402
from tests.connectors.errors.promises import PROMISES, caught  # noqa: E402
from tests.connectors.operations.company import companies  # noqa: E402

PAGE = ROOT / "docs" / "errors.md"
SEEN = ROOT / "scripts" / "errors_seen.json"
BEGIN, END = "<!-- tables: python scripts/errors_doc.py -->\n", "<!-- end of tables -->\n"
TABLES = {
    "SYSPRO": ("syspro", SYSPRO),
    "QuickBooks Online": ("qbo", QBO),
    "Xero": ("xero", XERO),
    "Any system, where its own rows say nothing": ("any", resolution.STATUS_RULES),
}
_LIVE = {"emulator", "served", "bench", "worlds", "writing", "reading", "syspro", "connector"}


def key(system: str, rule: resolution.Rule) -> str:
    """A row's name: system and what it looks like."""
    shared = any(rule is known for known in resolution.STATUS_RULES)
    return f"{'any' if shared else system}: {looks(rule)}"


def looks(rule: resolution.Rule) -> str:
    """What an answer looks like that the row is for."""
    parts = []
    if rule.status:
        # The last row of the server faults names a hundred statuses.
        few = rule.status if len(rule.status) < 6 else (f"{rule.status[0]}–{rule.status[-1]}",)
        parts.append("HTTP " + ", ".join(str(s) for s in few))
    if rule.code:
        shown = rule.code if len(rule.code) < 6 else (*rule.code[:3], f"… {rule.code[-1]}")
        parts.append("code " + ", ".join(shown))
    if rule.words:
        parts.append(f"“{rule.words}”")
    return "; ".join(parts) or "anything else"


class Tracer:
    """A pytest plugin that notes which test makes which row speak."""

    def __init__(self) -> None:
        self.seen: dict[str, dict[str, Any]] = {}
        self.test = ""
        self.live = False

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Remember whose answers come now; tests with an emulator count more than scripted ones."""
        self.test = item.nodeid.partition("[")[0]
        self.live = bool(_LIVE & set(getattr(item, "fixturenames", ())))

    def note(self, rule: resolution.Rule, said: resolution.Said) -> None:
        """A row fits what was said."""
        name = key(said.system, rule)
        held = self.seen.get(name)
        if self.test and (held is None or (self.live and not held["emulator"])):
            sentence = str(rule.makes(said))
            self.seen[name] = {"test": self.test, "emulator": self.live, "sentence": sentence}


def trace() -> None:
    """Run the tests and write what they made speak."""
    tracer = Tracer()
    plain = resolution.Rule.fits

    def fits(rule: resolution.Rule, said: resolution.Said) -> bool:
        found = plain(rule, said)
        if found:
            tracer.note(rule, said)
        return found

    resolution.Rule.fits = fits  # type: ignore[method-assign]
    folders = [str(ROOT / "tests" / "connectors" / n)
               for n in ("qbo", "syspro", "xero", "http", "errors")]  # fmt: skip
    status = pytest.main(["-p", "no:cacheprovider", *folders], plugins=[tracer])
    if status != pytest.ExitCode.OK:
        sys.exit("Some tests failed; nothing was written.")
    text = json.dumps(tracer.seen, indent=1, sort_keys=True, ensure_ascii=False)
    SEEN.write_text(text + "\n", encoding="utf-8")


def row(*cells: str) -> str:
    """A line of a table; bars inside texts are escaped."""
    return "| " + " | ".join(c.replace("|", "\\|").replace("\n", " ") for c in cells) + " |"


def judged(error: StudioError) -> tuple[str, str, str]:
    """Class, who acts, and whether it is tried again."""
    return type(error).__name__, error.audience.value, "yes" if error.retryable else "no"


def promised() -> list[str]:
    """The errors of product.md 1.6, raised now on emulators."""
    lines = [
        "### Promised errors", "",
        "Each is raised on an emulator while this page is made; test: `tests/connectors/errors/test_promises.py`.",
        "", row("Error", "Promise", "System", "Class", "Who acts", "Tried again", "Sentence"),
        "|---" * 7 + "|",
    ]  # fmt: skip
    for promise in PROMISES:
        with companies() as worlds:
            error = caught(promise, worlds)
        lines.append(row(promise.name, promise.title, promise.system, *judged(error), str(error)))
    return lines


def tables() -> list[str]:
    """Every row of the resolution tables."""
    seen = json.loads(SEEN.read_text(encoding="utf-8")) if SEEN.exists() else {}
    lines = []
    for label, (system, rules) in TABLES.items():
        head = row("The answer", "Class", "Who acts", "Tried again", "Sentence", "Source", "Test")
        lines += ["", f"### {label}", "", head, "|---" * 7 + "|"]
        for rule in rules:
            held = seen.get(key(system, rule))
            error = rule.makes(example(system, rule))
            sentence = held["sentence"] if held else str(error)
            test = f"{'' if held['emulator'] else 'scripted answer: '}`{held['test']}`" if held else "none"  # fmt: skip
            lines.append(row(looks(rule), *judged(error), sentence, rule.why, test))
    return lines


def example(system: str, rule: resolution.Rule) -> resolution.Said:
    """What was said, as far as the row itself tells."""
    return resolution.Said(
        system=system, call="create Invoice", status=(rule.status or (400,))[0],
        code=(rule.code or ("",))[0], detail=rule.words, safe=False,
    )  # fmt: skip


def page(held: str) -> str:
    """The document with its tables made anew; what people wrote stays."""
    head, mark, rest = held.partition(BEGIN)
    if mark:
        tail = rest.partition(END)[2]
    else:
        at = held.index("## ")
        head, tail = held[:at], "\n" + held[at:]
    return head + BEGIN + "\n".join([*promised(), *tables()]) + "\n" + END + tail


def main() -> None:
    """Write the page, check it, or trace first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail when stale")
    parser.add_argument("--trace", action="store_true", help="run the tests and note what speaks")
    given = parser.parse_args()
    if given.trace:
        trace()
    held = PAGE.read_text(encoding="utf-8")
    text = page(held)
    if not given.check:
        PAGE.write_text(text, encoding="utf-8")
    elif text != held:
        sys.exit("docs/errors.md is stale: python scripts/errors_doc.py")


if __name__ == "__main__":
    main()
