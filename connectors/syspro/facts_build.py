"""Derives ``catalogue.json`` from the reference catalogue: ``python -m connectors.syspro.facts_build``.

Reads ``$SHARED_DIR/reference/syspro/schema.json`` (default ``../shared``) and writes names, types,
lengths, enumerations, references and meanings in the compact rows that ``facts.py`` reads.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

COLUMNS = (
    "name", "label", "type", "length", "scale", "flags", "enum", "references", "description", "bo",
    "element",
)  # fmt: skip
_FLAGS = (("key", "k"), ("required", "r"), ("core", "c"))
_LINES_OF = {
    "SorDetail": "SorMaster",
    "PorMasterDetail": "PorMasterHdr",
    "ArTrnDetail": "ArTrnSummary",
    "GenJournalDetail": "GenJournalCtl",
    "CusSorDetailMerch+": "CusSorMaster+",
}


def _row(one: dict[str, Any]) -> list[Any]:
    write = one.get("write") or {}
    return [
        one["name"],
        one["label"],
        one["type"],
        one.get("length"),
        one.get("scale"),
        "".join(letter for flag, letter in _FLAGS if one.get(flag)),
        list((one.get("enum") or {}).items()),
        one.get("references") or "",
        one["description"],
        write.get("bo", ""),
        write.get("element", ""),
    ]


def compact(reference: dict[str, Any]) -> dict[str, Any]:
    """The catalogue in compact rows."""
    return {
        "version": reference["version"],
        "columns": COLUMNS,
        "entities": [
            {
                "name": e["name"],
                "label": e["label"],
                "keys": e["keys"],
                "objects": e["business_objects"],
                "form": e.get("custom_form_table") or "",
                "is_form": bool(e.get("custom_form")),
                "lines_of": _LINES_OF.get(e["name"], ""),
                "fields": [_row(f) for f in e["fields"]],
            }
            for e in reference["entities"]
        ],
    }


def main() -> None:
    """Write the package data next to this file."""
    shared = Path(os.environ.get("SHARED_DIR", "../shared"))
    source = json.loads((shared / "reference/syspro/schema.json").read_text("utf-8"))
    made = compact(source)
    head = {k: v for k, v in made.items() if k != "entities"}
    lines = [json.dumps(e, ensure_ascii=False, separators=(",", ":")) for e in made["entities"]]
    text = json.dumps(head, ensure_ascii=False)[:-1] + ', "entities": [\n' + ",\n".join(lines)
    Path(__file__).with_name("catalogue.json").write_text(text + "\n]}\n", "utf-8")


if __name__ == "__main__":
    main()
