"""What a person is told from Python can be said in another language."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

STUDIO = Path(__file__).parents[2] / "studio"
LEVELS = {"success", "error", "info", "warning"}


def said(tree: ast.AST) -> Iterator[ast.expr]:
    """The words of refusals and of messages."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        match node.func:
            case ast.Name(id="ValidationError") if node.args:
                yield node.args[0]
            case ast.Attribute(value=ast.Name(id="messages"), attr=level) if level in LEVELS:
                yield node.args[1]


def is_english(words: ast.expr) -> bool:
    """A sentence as it stands, or one put together of words and values."""
    if isinstance(words, ast.JoinedStr):
        parts = [str(v.value) for v in words.values if isinstance(v, ast.Constant)]
        return any(part.strip() for part in parts)
    return isinstance(words, ast.Constant)


def test_what_is_refused_or_done_is_told_in_words_that_can_be_translated() -> None:
    found = []
    for path in sorted(STUDIO.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found += [f"{path}:{words.lineno}" for words in said(tree) if is_english(words)]

    assert found == []


def test_a_sentence_in_plain_words_is_found() -> None:
    tree = ast.parse("""raise ValidationError(f"{a} is no amount."); messages.error(r, "No.")""")
    assert [is_english(words) for words in said(tree)] == [True, True]
    tree = ast.parse("""raise ValidationError(_("No.")); messages.error(r, f"{a} {b}")""")
    assert [is_english(words) for words in said(tree)] == [False, False]
