"""How many calls a connection may still make: a token bucket, a day count, slots, a reserve.

The bucket holds ``burst`` calls and refills so that no 60-second window ever sees more than
``per_minute`` calls (burst + refill = limit), and no second more than ``per_second``. People at a
page may use the last part of the bucket and of the day (``reserve``); machines stop before it.

``BudgetState.take`` is the whole rule as a pure step, so that a database budget in the studio can
keep the state in a row and call the same code; ``budget_redis`` has the rule in Lua.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import uuid4

from connectors.http.clock import Sleep, SystemClock, pause
from engine.errors import RemoteBusy
from engine.ports import Clock

SLOT_LEASE = 180.0
"""Seconds after which the slot of a worker that died is given back (above any call's timeout)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The vendor's limits for one connection.

    Attributes:
        per_minute: calls in any 60 seconds, or None.
        per_second: calls in any second, or None.
        per_day: calls per UTC day, or None.
        concurrent: calls in flight at once, or None.
        reserve: share (0..1) of bucket and day that only people may use.
        burst: calls that may leave back to back; None: a twentieth of ``per_minute``, at least 1.
    """

    per_minute: int | None = None
    per_second: int | None = None
    per_day: int | None = None
    concurrent: int | None = None
    reserve: float = 0.1
    burst: int | None = None

    def capacity(self) -> float:
        """Calls the bucket holds when full."""
        wanted = self.burst or max(1, (self.per_minute or 60) // 20)
        return float(min(wanted, max(1, (self.per_second or wanted * 10) // 10)))

    def refill(self) -> float | None:
        """Calls per second that flow back, or None where there is no rate limit."""
        rates = []
        if self.per_minute is not None:
            rates.append(max(self.per_minute - self.capacity(), 0.5) / 60.0)
        if self.per_second is not None:
            # A tenth is left for calls that the network bunches together.
            rates.append(max(self.per_second * 0.9 - self.capacity(), 0.5))
        return min(rates, default=None)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not now: which limit, and after how many seconds to ask again."""

    scope: str
    wait_seconds: float


@dataclass(slots=True)
class BudgetState:
    """All that a budget remembers; times are POSIX seconds, ``day`` is ``YYYY-MM-DD`` in UTC."""

    tokens: float
    stamp: float
    day: str = ""
    used: int = 0
    closed_until: float = 0.0
    closed_scope: str = ""
    slots: dict[str, float] = field(default_factory=dict)

    @classmethod
    def fresh(cls, limits: Limits, now: datetime) -> BudgetState:
        """A full budget."""
        return cls(tokens=limits.capacity(), stamp=now.timestamp())

    def take(self, limits: Limits, now: datetime, *, human: bool, slot: str) -> Refusal | None:
        """Take one call in ``slot``; None when taken, else why not."""
        self._roll(limits, now)
        moment = now.timestamp()
        if moment < self.closed_until:
            return Refusal(self.closed_scope or "minute", self.closed_until - moment)
        kept = 0.0 if human else limits.reserve
        if limits.per_day is not None and self.used >= limits.per_day * (1 - kept):
            return Refusal("day", _until_midnight(now))
        if limits.concurrent is not None:
            free = limits.concurrent - (0 if human else min(1, limits.concurrent - 1))
            if len(self.slots) >= free:
                return Refusal("concurrent", 0.05)
        short = self._shortfall(limits, kept)
        if short > 0:
            return Refusal("minute", short)
        if limits.refill() is not None:
            self.tokens -= 1
        self.used += 1
        if limits.concurrent is not None:
            self.slots[slot] = moment + SLOT_LEASE
        return None

    def give_back(self, slot: str) -> None:
        """Free the slot of a finished call."""
        self.slots.pop(slot, None)

    def close(self, now: datetime, scope: str, seconds: float) -> None:
        """The vendor said *not before*; nobody calls until then."""
        until = now.timestamp() + seconds
        if until > self.closed_until:
            self.closed_until, self.closed_scope = until, scope

    def learn(self, limits: Limits, now: datetime, scope: str, remaining: int) -> None:
        """The vendor told what is left; believe the smaller number."""
        self._roll(limits, now)
        if scope == "day" and limits.per_day is not None:
            self.used = max(self.used, limits.per_day - remaining)
        elif scope == "minute":
            self.tokens = min(self.tokens, float(remaining))

    def _shortfall(self, limits: Limits, kept: float) -> float:
        rate = limits.refill()
        if rate is None:
            return 0.0
        # A bucket of one call has no part to reserve; else machines would never be served.
        needed = 1.0 + min(kept * limits.capacity(), limits.capacity() - 1.0)
        return max(0.0, (needed - self.tokens) / rate)

    def _roll(self, limits: Limits, now: datetime) -> None:
        moment = now.timestamp()
        rate = limits.refill()
        if rate is not None:
            passed = max(0.0, moment - self.stamp)
            self.tokens = min(limits.capacity(), self.tokens + passed * rate)
        self.stamp = max(self.stamp, moment)
        today = now.astimezone(UTC).date().isoformat()
        if today != self.day:
            self.day, self.used = today, 0
        self.slots = {k: until for k, until in self.slots.items() if until > moment}


def _until_midnight(now: datetime) -> float:
    here = now.astimezone(UTC)
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return (midnight - here).total_seconds()


class Budget(Protocol):
    """A budget of one connection, shared by all who use it."""

    def take(self, *, human: bool = False) -> AbstractContextManager[None]:
        """Hold one call's worth while the body runs.

        Raises:
            RemoteBusy: nothing is free within the time the budget is willing to wait.
        """
        ...

    def note_remaining(self, scope: str, remaining: int) -> None:
        """The vendor's header said how many calls are left in ``minute`` or ``day``."""
        ...

    def note_busy(self, scope: str, wait_seconds: float) -> None:
        """The vendor refused for a limit: nobody calls for so many seconds."""
        ...

    def left(self) -> dict[str, str]:
        """What is left, for people (``Health.limits``)."""
        ...


class NoBudget:
    """No limits known."""

    @contextmanager
    def take(self, *, human: bool = False) -> Iterator[None]:
        """Always free."""
        yield

    def note_remaining(self, scope: str, remaining: int) -> None:
        """Nothing is counted."""

    def note_busy(self, scope: str, wait_seconds: float) -> None:
        """Nothing is counted."""

    def left(self) -> dict[str, str]:
        """Nothing is known."""
        return {}


@dataclass(slots=True)
class Patience:
    """Waits for a budget up to a bound, then says busy; shared by all kinds of budget.

    Attributes:
        system: name used in the error.
        longest: seconds to wait in all before giving up with ``RemoteBusy``.
        sleep: the pause.
    """

    system: str
    longest: float = 5.0
    sleep: Sleep = pause

    def until(self, attempt: Any) -> None:
        """Call ``attempt()`` (None or a ``Refusal``) until it grants or the bound is reached.

        Raises:
            RemoteBusy: the refusal lasts longer than the bound.
        """
        waited = 0.0
        while (refusal := attempt()) is not None:
            if waited + refusal.wait_seconds > self.longest:
                raise RemoteBusy(
                    system=self.system,
                    call="wait for a free call",
                    wait_seconds=refusal.wait_seconds,
                    scope=refusal.scope,
                )
            nap = max(refusal.wait_seconds, 0.01)
            self.sleep(nap)
            waited += nap


class LocalBudget:
    """A budget for one process."""

    def __init__(
        self,
        system: str,
        limits: Limits,
        *,
        clock: Clock | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.limits = limits
        self._clock = clock or SystemClock()
        self._patience = patience or Patience(system)
        self._lock = threading.Lock()
        self._state = BudgetState.fresh(limits, self._clock.now())

    @contextmanager
    def take(self, *, human: bool = False) -> Iterator[None]:
        """Hold one call's worth; see ``Budget.take``."""
        slot = uuid4().hex
        self._patience.until(lambda: self._try(slot, human=human))
        try:
            yield
        finally:
            with self._lock:
                self._state.give_back(slot)

    def _try(self, slot: str, *, human: bool) -> Refusal | None:
        with self._lock:
            return self._state.take(self.limits, self._clock.now(), human=human, slot=slot)

    def note_remaining(self, scope: str, remaining: int) -> None:
        """Believe the vendor's header when it is lower than our count."""
        with self._lock:
            self._state.learn(self.limits, self._clock.now(), scope, remaining)

    def note_busy(self, scope: str, wait_seconds: float) -> None:
        """Close the budget for so many seconds."""
        with self._lock:
            self._state.close(self._clock.now(), scope, wait_seconds)

    def left(self) -> dict[str, str]:
        """Calls left in bucket and day."""
        with self._lock:
            left = {"bucket": f"{self._state.tokens:.0f} of {self.limits.capacity():.0f} left"}
            if self.limits.per_day is not None:
                left["day"] = (
                    f"{self.limits.per_day - self._state.used} of {self.limits.per_day} left"
                )
            return left
