"""Lists the measurements in ``bench/``: what each measures and the command that runs it."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """One line per bench; none is run, because together they take hours."""
    for path in sorted((ROOT / "bench").rglob("*.py")):
        module = ast.parse(path.read_text(encoding="utf-8"))
        words = (ast.get_docstring(module) or "").splitlines()
        runs = any(
            isinstance(node, ast.If) and "__main__" in ast.unparse(node.test)
            for node in module.body
        )
        if runs:
            name = path.relative_to(ROOT)
            print(f".venv/bin/python {name}\n    {words[0] if words else ''}")


if __name__ == "__main__":
    main()
