from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from connectors.registry import CONNECTORS

ROOT = Path(__file__).resolve().parent.parent


def test_every_import_contract_is_kept(tmp_path: Path) -> None:
    lint = Path(sys.executable).parent / "lint-imports"

    done = subprocess.run(
        [str(lint), "--cache-dir", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_studio_knows_no_system_by_name() -> None:
    names = {word for key, s in CONNECTORS.items() for word in (key, s.label)}
    modules = [
        path
        for path in (ROOT / "studio").rglob("*.py")
        # The sample company is made of these systems; a migration is history.
        if not {"sandbox", "migrations"} & set(path.parts)
    ]

    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.value}"
        for path in modules
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in names
    ]

    assert modules
    assert found == []


def test_no_template_carries_inline_style_or_script() -> None:
    templates = [
        *(ROOT / "templates").rglob("*.html"),
        *(ROOT / "studio").rglob("templates/**/*.html"),
    ]

    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in templates
        for word in (' style="', "<style", "javascript:", " onclick=", " hx-on", 'hx-vals="js:')
        if word in path.read_text(encoding="utf-8")
    ]

    assert templates
    assert found == []


def test_no_colour_is_named_outside_the_tokens() -> None:
    css = ROOT / "studio" / "static" / "studio" / "css"

    found = [
        f"{path.name}:{number}: {line.strip()}"
        for path in css.glob("*.css")
        if path.name != "tokens.css"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if ": #" in line or "rgb(" in line or "hsl(" in line
    ]

    assert found == []
