from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from engine import errors
from studio.webhooks.events import EVENTS, PING
from studio.webhooks.signing import headers, new_secret

ROOT = Path(__file__).resolve().parent.parent
READERS = re.compile(r'env_(?:str|bool|int|database)\(\s*"([A-Z_]+)"')


def test_every_setting_is_explained_for_the_people_who_run_it() -> None:
    code = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "studio").glob("*.py"))
    code += (ROOT / "studio" / "core" / "env.py").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "production.md").read_text(encoding="utf-8")

    missing = [name for name in sorted(set(READERS.findall(code))) if f"| `{name}` |" not in page]

    assert READERS.findall(code)
    assert missing == []


def test_links_inside_the_documents_lead_somewhere() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]

    dead = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text("utf-8"))
        if not (page.parent / target).exists()
    ]

    assert dead == []


def test_every_make_target_is_in_the_help() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)

    assert phony
    explained = set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE))
    assert set(phony[1].split()) == explained


def test_every_error_code_has_a_heading() -> None:
    def tree(cls: type[errors.StudioError]) -> list[type[errors.StudioError]]:
        return [cls, *(found for sub in cls.__subclasses__() for found in tree(sub))]

    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    headings = set(re.findall(r"^## (.+)$", page, re.MULTILINE))

    codes = {
        cls.code
        for cls in tree(errors.StudioError)
        if cls.__module__ == errors.__name__ and cls is not errors.StudioError
    }
    assert headings == codes


def test_files_named_in_the_recipes_exist() -> None:
    page = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")

    named = re.findall(r"`((?:engine|connectors|studio|tests|docs|scripts)/[\w./-]+)`", page)

    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_example_that_verifies_a_webhook_does() -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert code
    said: dict[str, Any] = {}
    exec(code[1], said)
    secret, body, moment = new_secret(), b'{"type":"webhook.ping"}', 1_764_230_400
    sent = headers([new_secret(), secret], "e-1", moment, body)

    assert said["verified"](secret, sent, body, now=moment + 5)
    assert not said["verified"](secret, sent, body + b" ", now=moment + 5)
    assert not said["verified"](secret, sent, body, now=moment + 600)
    assert not said["verified"](new_secret(), sent, body, now=moment + 5)


def test_every_event_of_a_webhook_is_explained() -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")

    assert [key for key in (*EVENTS, PING) if f"`{key}`" not in page] == []
