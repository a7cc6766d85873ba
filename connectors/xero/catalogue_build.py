"""Builds ``catalogue.json`` from the reference catalogue: ``python -m connectors.xero.catalogue_build IN``.

Only facts are kept (names, types, lengths, enumerations, what is required or assigned); texts are cut
to one short sentence. The output is package data, read by ``connectors.xero.catalogue``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

OUT = Path(__file__).with_name("catalogue.json")
_UNAVAILABLE = {"Employee"}


def _enum(field: dict[str, Any], enums: dict[str, list[str]]) -> list[str] | str | None:
    reference = field.get("enum_ref")
    if reference in enums:
        return f"@{reference}"
    values = field.get("enum")
    return list(values) if isinstance(values, list) else None


def compact_field(field: dict[str, Any], enums: dict[str, list[str]]) -> dict[str, Any]:
    """One field in the short keys of ``catalogue.json``; what is not said is left out."""
    length = field.get("max_length") or field.get("max_length_unverified")
    made = {
        "n": field["name"],
        "t": field["type"],
        "l": int(length) if length else None,
        "q": field.get("required_on_create") or None,
        "r": bool(field.get("read_only") or field.get("assigned_by_xero")) or None,
        "e": _enum(field, enums),
        "f": field.get("references"),
        "d": (field.get("description") or "").split(". ")[0][:120],
        "k": field.get("key") or None,
        "g": True if field.get("format") == "uuid" else None,
    }
    return {key: value for key, value in made.items() if value}


def compact(reference: dict[str, Any]) -> dict[str, Any]:
    """The whole catalogue in short form."""
    enums = {k: v for k, v in reference["enums"].items() if isinstance(v, list)}
    return {
        "version": reference["openapi_version"],
        "enums": enums,
        "entities": [
            {
                "name": entity["name"],
                "label": entity["label"],
                "path": (entity["endpoint"] or "").lstrip("/"),
                "list": entity.get("list_key", ""),
                "key": entity["key"],
                "paged": bool(entity.get("paged")),
                "fields": [compact_field(field, enums) for field in entity["fields"]],
            }
            for entity in reference["entities"]
            if entity["name"] not in _UNAVAILABLE
        ],
    }


def main(source: str) -> None:
    """Read the reference catalogue and write the package data."""
    made = compact(json.loads(Path(source).read_text("utf-8")))
    lines = [
        json.dumps({k: v for k, v in made.items() if k != "entities"}, ensure_ascii=False)[:-1],
        ', "entities": [\n',
        ",\n".join(json.dumps(e, ensure_ascii=False) for e in made["entities"]),
        "\n]}\n",
    ]
    OUT.write_text("".join(lines), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
