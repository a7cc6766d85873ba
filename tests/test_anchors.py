"""What docs/anchors.md says can be looked up: its tests, its pictures, every row of the anchors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from engine.errors import CaseClass
from studio.triage.words import CLASS_LABELS

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "anchors.md").read_text(encoding="utf-8")
# What lies around Enter on the keyboards people have.
BESIDE_ENTER = {"'", "]", "[", ";", "\\", "#", "Backspace", "Shift+Enter"}


def rows_of(section: str) -> list[list[str]]:
    """The cells of each row of the table under a heading."""
    _, _, rest = PAGE.partition(f"\n## {section} ")
    lines = rest.partition("\n## ")[0].splitlines()
    found = [[c.strip() for c in line.strip("|").split("|")] for line in lines if line[:1] == "|"]
    return found[2:]


def templates() -> Iterator[tuple[Path, str]]:
    for path in sorted((ROOT / "templates").rglob("*.html")):
        yield path.relative_to(ROOT), path.read_text(encoding="utf-8")


def test_every_test_named_in_the_anchors_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE)

    missing = [
        f"{file}::{name}"
        for file, name in named
        if not (ROOT / file).exists()
        or f"def {name}(" not in (ROOT / file).read_text(encoding="utf-8")
    ]

    assert len(named) > 50
    assert missing == []


def test_the_anchors_show_twenty_pictures_that_are_there() -> None:
    shown = set(re.findall(r"\]\((shots/[\w-]+-light\.png)\)", PAGE))

    assert len(shown) >= 20
    assert [one for one in sorted(shown) if not (ROOT / "docs" / one).exists()] == []


def test_every_row_of_the_anchors_is_answered() -> None:
    said = {n: [row[0] for row in rows_of(n)] for n in ("7.1", "7.2", "7.4", "7.7")}

    assert said["7.1"] == [str(n) for n in range(1, 7)]
    assert said["7.7"] == [str(n) for n in range(1, 16)]
    assert [str(CLASS_LABELS[one]) for one in CaseClass] == said["7.4"][: len(CaseClass)]
    assert not [row for n in said for row in rows_of(n) if len(row) != 4 or not all(row[:3])]


def test_a_row_without_a_test_says_why() -> None:
    bare = [
        row for n in ("7.1", "7.2", "7.4", "7.7") for row in rows_of(n) if "::test_" not in row[3]
    ]

    assert [
        row[0] for row in bare if "**Not met**" not in row[2] and "**In part**" not in row[2]
    ] == []


def test_no_key_of_a_page_lies_beside_enter() -> None:
    keys = {
        key
        for _path, text in templates()
        for said in re.findall(r'data-key="([^"]+)"', text)
        for key in re.sub(r"{.*?}", " ", said).split()
    }

    assert {"Enter", "r", "m", "n"} <= keys
    assert not keys & BESIDE_ENTER


def test_no_page_calls_anything_reconciled() -> None:
    assert [path for path, text in templates() if re.search("reconcil", text, re.IGNORECASE)] == []
