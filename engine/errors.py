"""The one error tree. Every class says who can act and whether the same call may succeed later.

StudioError
├── RemoteFault                  something went wrong while talking to a system
│   ├── RemoteBusy               rate or concurrency limit; carries ``wait_seconds`` and ``scope``
│   ├── RemoteUnavailable        network, 5xx, maintenance; nothing was changed
│   │   └── AgentMissing         it is reached through an agent, and none is connected
│   ├── OutcomeUnknown           the request was sent, no answer came: look up before resending
│   ├── AccessDenied             sign-in expired or refused; a person must reconnect
│   ├── PermissionMissing        signed in, but this operator/scope may not do this
│   ├── RemoteRejected           the system understood and refused the content
│   │   ├── ReferenceUnknown     a customer, item, account, tax code, … is not there
│   │   ├── DuplicateAtTarget    the system says the document or name exists already
│   │   ├── PeriodClosed         the date lies in a closed or locked period
│   │   ├── StaleVersion         somebody changed the record since we read it
│   │   ├── ValueRefused         a field's value, type or length was not accepted
│   │   └── RecordMissing        the record addressed does not exist (or was deleted)
│   └── SurpriseAnswer           an answer that does not look like the documentation
├── MappingRefused               a mapping cannot be compiled (programmer-free: integrator can act)
└── IllegalTransitionError       a state change that the tables do not allow (a bug)

An *Issue* (``engine.rules.issue``) is the other kind: a fault in a record, a value, collected.
Errors here are dataclasses with ``eq=False`` so that they stay hashable, and ``__reduce__`` so that
they survive pickling; their fields are the evidence, JSON-safe and free of secrets.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, ClassVar


class Audience(StrEnum):
    """Who can act on a fault."""

    MACHINE = "machine"
    ACCOUNTANT = "accountant"
    INTEGRATOR = "integrator"
    APPROVER = "approver"
    OPERATOR = "operator"
    OWNER = "owner"


class Severity(StrEnum):
    """What a fault does to the record: stop it, warn about it, or only inform."""

    BLOCK = "block"
    WARN = "warn"
    INFO = "info"


class CaseClass(StrEnum):
    """The small, stable taxonomy of the exception queue (product.md 7.4)."""

    CONNECTION = "connection"
    THROTTLED = "throttled"
    MISSING_REFERENCE = "missing_reference"
    VALUE = "value"
    DUPLICATE = "duplicate"
    PERIOD = "period"
    AMOUNT = "amount"
    PAYMENT = "payment"
    CONFLICT = "conflict"
    SCHEMA = "schema"
    APPROVAL = "approval"
    UNKNOWN_OUTCOME = "unknown_outcome"


# What people call the systems: a sentence is read by somebody who knows no key.
NAMES = {"syspro": "SYSPRO", "qbo": "QuickBooks", "xero": "Xero", "ai": "The language model"}


def _rebuild(cls: type[StudioError], values: dict[str, Any]) -> StudioError:
    return cls(**values)


@dataclass(kw_only=True, eq=False)
class StudioError(Exception):
    """Root of all errors of the product.

    Attributes:
        code: stable name, one heading in ``docs/errors.md``.
        audience: who can act.
        retryable: the same call may succeed later without anybody acting.
        case_class: the class of the case that a person sees.
        template: one sentence, formatted from the fields.
    """

    code: ClassVar[str] = "studio"
    audience: ClassVar[Audience] = Audience.OPERATOR
    retryable: ClassVar[bool] = False
    case_class: ClassVar[CaseClass] = CaseClass.VALUE
    template: ClassVar[str] = "Something went wrong."

    def __str__(self) -> str:
        return self.template.format(**self.evidence())

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.evidence())

    def evidence(self) -> dict[str, Any]:
        """The fields of the error as plain JSON-safe values."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


@dataclass(kw_only=True, eq=False)
class RemoteFault(StudioError):
    """Something went wrong while talking to a system.

    Attributes:
        system: ``syspro``, ``qbo``, ``xero``, ``ai``.
        call: the call as a person would name it, e.g. ``create Invoice``.
        detail: the vendor's own words, redacted, at most 500 characters.
        vendor_code: the vendor's code where there is one, e.g. ``6240``.
        field: the field path the vendor points at, where it does.
        trace: the vendor's trace id (``intuit_tid``, ``Xero-Correlation-Id``) where there is one.
    """

    code: ClassVar[str] = "remote-fault"
    audience: ClassVar[Audience] = Audience.INTEGRATOR
    case_class: ClassVar[CaseClass] = CaseClass.CONNECTION
    template: ClassVar[str] = "{system}: {call} failed. {detail}"

    system: str
    call: str
    detail: str = ""
    vendor_code: str = ""
    field: str = ""
    trace: str = ""

    def __str__(self) -> str:
        return self.template.format(**self.in_words()).rstrip()

    def in_words(self) -> dict[str, Any]:
        """The fields as a sentence says them."""
        said = self.evidence() | {"system": NAMES.get(self.system, self.system)}
        if self.detail and self.detail[-1] not in ".!?" and not self.template.endswith("{detail}"):
            said["detail"] += "."  # the vendor's words are followed by ours
        return said


@dataclass(kw_only=True, eq=False)
class RemoteBusy(RemoteFault):
    """A limit was reached. ``scope`` is ``minute``, ``day``, ``concurrent`` or ``app``."""

    code: ClassVar[str] = "remote-busy"
    audience: ClassVar[Audience] = Audience.MACHINE
    retryable: ClassVar[bool] = True
    case_class: ClassVar[CaseClass] = CaseClass.THROTTLED
    template: ClassVar[str] = (
        "{system} accepts no more calls for {wait} ({scope} limit); the work continues by itself."
    )

    wait_seconds: float = 1.0
    scope: str = "minute"

    def in_words(self) -> dict[str, Any]:
        """The fields as a sentence says them; a long pause in minutes or hours."""
        for unit, seconds in (("hours", 3600), ("minutes", 60)):
            if self.wait_seconds >= 2 * seconds:
                return super().in_words() | {"wait": f"{self.wait_seconds / seconds:.0f} {unit}"}
        count = f"{self.wait_seconds:.0f}"
        return super().in_words() | {"wait": f"{count} {'second' if count == '1' else 'seconds'}"}


@dataclass(kw_only=True, eq=False)
class RemoteUnavailable(RemoteFault):
    """The system could not be reached or said it cannot work now; nothing was changed there."""

    code: ClassVar[str] = "remote-unavailable"
    audience: ClassVar[Audience] = Audience.MACHINE
    retryable: ClassVar[bool] = True
    template: ClassVar[str] = "{system} cannot be reached just now ({call}). {detail}"

    wait_seconds: float | None = None


@dataclass(kw_only=True, eq=False)
class AgentMissing(RemoteUnavailable):
    """The system is reached through an agent beside it, and none is there; ``detail`` says what to do."""

    code: ClassVar[str] = "agent-missing"
    audience: ClassVar[Audience] = Audience.INTEGRATOR
    template: ClassVar[str] = (
        "{system} is reached through an agent beside it, and none is connected ({call}). {detail}"
    )


@dataclass(kw_only=True, eq=False)
class OutcomeUnknown(RemoteFault):
    """The request left us and no usable answer came back; it may have taken effect."""

    code: ClassVar[str] = "outcome-unknown"
    audience: ClassVar[Audience] = Audience.MACHINE
    case_class: ClassVar[CaseClass] = CaseClass.UNKNOWN_OUTCOME
    template: ClassVar[str] = (
        "{system} did not answer {call}; it is not known whether it took effect. "
        "It is looked up before anything is sent again."
    )


@dataclass(kw_only=True, eq=False)
class AccessDenied(RemoteFault):
    """The sign-in is expired, revoked or wrong."""

    code: ClassVar[str] = "access-denied"
    template: ClassVar[str] = "{system} refused the sign-in: {detail} Reconnect the connection."


@dataclass(kw_only=True, eq=False)
class PermissionMissing(RemoteFault):
    """Signed in, but the operator, role or scope may not do this."""

    code: ClassVar[str] = "permission-missing"
    template: ClassVar[str] = "The connection to {system} may not {call}: {detail}"


@dataclass(kw_only=True, eq=False)
class RemoteRejected(RemoteFault):
    """The system understood the request and refused its content."""

    code: ClassVar[str] = "remote-rejected"
    audience: ClassVar[Audience] = Audience.ACCOUNTANT
    case_class: ClassVar[CaseClass] = CaseClass.VALUE
    template: ClassVar[str] = "{system} refused {call}: {detail}"


@dataclass(kw_only=True, eq=False)
class ReferenceUnknown(RemoteRejected):
    """Something the record refers to is not there, or may not be used any more.

    ``kind`` is the canonical kind; ``does`` what the system does with it: ``refuses`` what is there but
    inactive. ``of`` and ``key`` are the record in the system's own words, where it is known.
    """

    code: ClassVar[str] = "reference-unknown"
    case_class: ClassVar[CaseClass] = CaseClass.MISSING_REFERENCE
    template: ClassVar[str] = "{system} {does} the {kind} “{value}” ({call}). {detail}"

    kind: str = "record"
    value: str = ""
    does: str = "does not know"
    of: str = ""
    key: str = ""


@dataclass(kw_only=True, eq=False)
class DuplicateAtTarget(RemoteRejected):
    """The system says that the document number or the name is taken."""

    code: ClassVar[str] = "duplicate-at-target"
    case_class: ClassVar[CaseClass] = CaseClass.DUPLICATE
    template: ClassVar[str] = "{system} already has “{value}” ({call}). {detail}"

    value: str = ""
    existing_key: str = ""


@dataclass(kw_only=True, eq=False)
class PeriodClosed(RemoteRejected):
    """The date lies in a period that is closed or locked."""

    code: ClassVar[str] = "period-closed"
    audience: ClassVar[Audience] = Audience.APPROVER
    case_class: ClassVar[CaseClass] = CaseClass.PERIOD
    template: ClassVar[str] = "{system}: the period of {date} is closed ({call}). {detail}"

    date: str = ""


@dataclass(kw_only=True, eq=False)
class StaleVersion(RemoteRejected):
    """Somebody changed the record at the target since we read it."""

    code: ClassVar[str] = "stale-version"
    audience: ClassVar[Audience] = Audience.OWNER
    case_class: ClassVar[CaseClass] = CaseClass.CONFLICT
    template: ClassVar[str] = "{system}: the record was changed by somebody else ({call}). {detail}"


@dataclass(kw_only=True, eq=False)
class ValueRefused(RemoteRejected):
    """A value was not accepted: wrong type, too long, not in the list."""

    code: ClassVar[str] = "value-refused"
    template: ClassVar[str] = "{system} does not accept the value of {field} ({call}): {detail}"


@dataclass(kw_only=True, eq=False)
class RecordMissing(RemoteRejected):
    """The record that was addressed does not exist, or not any more."""

    code: ClassVar[str] = "record-missing"
    case_class: ClassVar[CaseClass] = CaseClass.MISSING_REFERENCE
    template: ClassVar[str] = "{system} has no such record ({call}): {detail}"


@dataclass(kw_only=True, eq=False)
class SurpriseAnswer(RemoteFault):
    """An answer that does not look like the vendor's documentation."""

    code: ClassVar[str] = "surprise-answer"
    template: ClassVar[str] = (
        "{system} answered {call} in an unexpected way: {field} should be {expected}. {detail}"
    )

    expected: str = ""


@dataclass(kw_only=True, eq=False)
class MappingRefused(StudioError):
    """A mapping cannot be compiled; ``problems`` are the refusals, each with place and fix."""

    code: ClassVar[str] = "mapping-refused"
    audience: ClassVar[Audience] = Audience.INTEGRATOR
    template: ClassVar[str] = "The mapping cannot be compiled: {problems}"

    problems: tuple[str, ...] = ()


@dataclass(kw_only=True, eq=False)
class IllegalTransitionError(StudioError):
    """A state change that no transition table allows; always a bug."""

    code: ClassVar[str] = "illegal-transition"
    template: ClassVar[str] = "{subject}: {from_state} cannot become {to_state}."

    subject: str
    from_state: str
    to_state: str
