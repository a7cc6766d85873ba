"""Schema changes on request: what a client sees when the vendor renames, retypes or hides a field."""

from __future__ import annotations

import copy
from typing import Any

from connectors.emulation.faults import Fault, FaultBook, FaultKind
from connectors.emulation.store import Doc


class Drift:
    """Applies the standing schema-change faults to answers.

    ``detail`` of the fault: ``entity``, ``field`` (dotted, header members), ``change`` (``rename``,
    ``type``, ``enum``, ``removed``, ``hidden``) and ``to`` (new name or new value).
    """

    def __init__(self, faults: FaultBook) -> None:
        self._faults = faults

    def changed(self, answer: Any) -> Any:
        """The answer as the drifted service would send it."""
        standing = self._faults.standing(FaultKind.SCHEMA_CHANGE)
        if not standing:
            return answer
        answer = copy.deepcopy(answer)
        for fault in standing:
            _walk(answer, str(fault.detail.get("entity", "")), fault)
        return answer


def _walk(value: Any, entity: str, fault: Fault) -> None:
    if isinstance(value, list):
        for one in value:
            _walk(one, entity, fault)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name == entity:
                for doc in inner if isinstance(inner, list) else [inner]:
                    if isinstance(doc, dict):
                        _alter(doc, fault)
            elif name[:1].isupper():
                _walk(inner, entity, fault)


def _alter(doc: Doc, fault: Fault) -> None:
    *above, leaf = str(fault.detail.get("field", "")).split(".")
    for step in above:
        inner = doc.get(step)
        if not isinstance(inner, dict):
            return
        doc = inner
    if leaf not in doc:
        return
    change, to = fault.detail.get("change"), fault.detail.get("to", "")
    if change in ("removed", "hidden"):
        del doc[leaf]
    elif change == "rename":
        doc[str(to or f"{leaf}New")] = doc.pop(leaf)
    elif change == "type":
        doc[leaf] = {"value": str(doc[leaf])}
    elif change == "enum":
        doc[leaf] = to or "SomethingNew"
