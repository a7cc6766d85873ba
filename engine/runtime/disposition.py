"""From an error to what happens next; the only place that looks at an exception's type."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.errors import (
    AccessDenied,
    AgentMissing,
    DuplicateAtTarget,
    OutcomeUnknown,
    PermissionMissing,
    RemoteBusy,
    RemoteUnavailable,
    StaleVersion,
    StudioError,
)


class Verdict(StrEnum):
    """What to do with the work after an error."""

    RETRY = "retry"
    LOOK_UP = "look_up"
    PARK = "park"
    PAUSE = "pause"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Disposition:
    """The verdict and, for RETRY and PAUSE, the least number of seconds to wait.

    Attributes:
        verdict: RETRY (again later), LOOK_UP (find out what happened first), PARK (a person decides
            about this record), PAUSE (the whole connection waits), STOP (a bug: park and alert).
        wait_seconds: floor given by the system, or None.
        counts: whether the try counts towards giving up; waiting for a limit does not.
    """

    verdict: Verdict
    wait_seconds: float | None = None
    counts: bool = True


# Beyond this a busy answer means a day limit: the connection pauses and says until when.
PAUSE_BEYOND_SECONDS = 120.0
# How soon to look whether an agent is back.
AGENT_SECONDS = 20.0


def dispose(error: Exception) -> Disposition:
    """The disposition of an error raised by a connector or by our own code."""
    match error:
        case RemoteBusy(wait_seconds=wait) if wait > PAUSE_BEYOND_SECONDS or error.scope == "day":
            return Disposition(Verdict.PAUSE, wait, counts=False)
        case RemoteBusy(wait_seconds=wait):
            return Disposition(Verdict.RETRY, wait, counts=False)
        case AgentMissing():
            # Nothing was sent, and nothing will be until somebody starts one; it is no fault of the record.
            return Disposition(Verdict.PAUSE, AGENT_SECONDS, counts=False)
        case RemoteUnavailable(wait_seconds=wait):
            return Disposition(Verdict.RETRY, wait)
        case OutcomeUnknown() | DuplicateAtTarget() | StaleVersion():
            # A duplicate may be our own earlier document; a stale version may be our own write.
            return Disposition(Verdict.LOOK_UP)
        case AccessDenied() | PermissionMissing():
            return Disposition(Verdict.PAUSE, None, counts=False)
        case StudioError():
            return Disposition(Verdict.RETRY if error.retryable else Verdict.PARK)
        case _:
            return Disposition(Verdict.STOP)
