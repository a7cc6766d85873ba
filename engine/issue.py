"""Issue: a fault in a record, as a value. Collected, stored and shown, never raised."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.errors import Audience, CaseClass, Severity
from engine.schema.model import JsonValue


@dataclass(frozen=True, slots=True)
class Fix:
    """One way to repair a fault; the page makes a button of it.

    Attributes:
        kind: ``add_lookup``, ``link``, ``create``, ``edit``, ``move_date``, ``override``, …
        label: words on the button.
        data: what the button needs, JSON-safe.
    """

    kind: str
    label: str
    data: dict[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Issue:
    """A fault in a record.

    Attributes:
        code: stable name of the fault.
        path: concrete path in the record it concerns; empty for the whole record.
        sentence: what is wrong, for an accountant.
        severity: whether it stops the record.
        case_class: class of the case it becomes.
        audience: who can act.
        evidence: the facts behind it, JSON-safe; equal causes have equal evidence.
        fixes: ways to repair it, best first.
    """

    code: str
    path: str
    sentence: str
    severity: Severity = Severity.BLOCK
    case_class: CaseClass = CaseClass.VALUE
    audience: Audience = Audience.ACCOUNTANT
    evidence: dict[str, JsonValue] = field(default_factory=dict)
    fixes: tuple[Fix, ...] = ()

    @property
    def blocks(self) -> bool:
        """Whether the record must not be delivered."""
        return self.severity is Severity.BLOCK
