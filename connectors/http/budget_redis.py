"""The budget of ``budget`` kept in Redis, for all workers of all machines together.

One hash per connection; the rule runs as one Lua script, so it is atomic. The caller passes the
time (from its own clock), which keeps the script deterministic and lets tests own time; workers of
one installation are expected to agree within a second or so, and the script never moves backwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import uuid4

from connectors.http.budget import SLOT_LEASE, Limits, Patience, Refusal
from connectors.http.clock import SystemClock
from engine.ports import Clock

_TAKE = """
local state, slots = KEYS[1], KEYS[2]
local now, human = tonumber(ARGV[1]), ARGV[2] == '1'
local capacity, rate = tonumber(ARGV[3]), tonumber(ARGV[4])
local per_day, concurrent, reserve = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local day, slot, lease, midnight = ARGV[8], ARGV[9], tonumber(ARGV[10]), ARGV[11]
local function get(name, otherwise)
  local v = redis.call('HGET', state, name)
  if v then return tonumber(v) end
  return otherwise
end
local stamp = get('stamp', now)
local tokens = get('tokens', capacity)
if rate >= 0 then tokens = math.min(capacity, tokens + math.max(0, now - stamp) * rate) end
if redis.call('HGET', state, 'day') ~= day then
  redis.call('HSET', state, 'day', day, 'used', 0)
end
redis.call('HSET', state, 'tokens', tostring(tokens), 'stamp', tostring(math.max(now, stamp)))
redis.call('EXPIRE', state, 172800)
redis.call('ZREMRANGEBYSCORE', slots, '-inf', now)
local closed = get('closed_until', 0)
if now < closed then
  return {redis.call('HGET', state, 'closed_scope') or 'minute', tostring(closed - now)}
end
local kept = human and 0 or reserve
if per_day >= 0 and get('used', 0) >= per_day * (1 - kept) then return {'day', midnight} end
if concurrent >= 0 then
  local free = concurrent
  if not human then free = concurrent - math.min(1, concurrent - 1) end
  if redis.call('ZCARD', slots) >= free then return {'concurrent', '0.05'} end
end
if rate >= 0 then
  local needed = 1 + math.min(kept * capacity, capacity - 1)
  if tokens < needed then return {'minute', tostring((needed - tokens) / rate)} end
  redis.call('HSET', state, 'tokens', tostring(tokens - 1))
end
redis.call('HINCRBY', state, 'used', 1)
if concurrent >= 0 then
  redis.call('ZADD', slots, now + lease, slot)
  redis.call('EXPIRE', slots, 3600)
end
return {'', '0'}
"""

_CLOSE = """
local until_, current = tonumber(ARGV[1]), tonumber(redis.call('HGET', KEYS[1], 'closed_until') or 0)
if until_ > current then
  redis.call('HSET', KEYS[1], 'closed_until', ARGV[1], 'closed_scope', ARGV[2])
  redis.call('EXPIRE', KEYS[1], 172800)
end
return 1
"""

_LEARN = """
local name, value, sign = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local current = redis.call('HGET', KEYS[1], name)
if not current or sign * value > sign * tonumber(current) then
  redis.call('HSET', KEYS[1], name, tostring(value))
end
return 1
"""


class RedisLike(Protocol):
    """The few calls we need of a ``redis.Redis`` client."""

    def eval(self, script: str, numkeys: int, *keys_and_args: Any) -> Any:
        """Run a Lua script."""
        ...

    def zrem(self, name: str, *values: Any) -> Any:
        """Remove members of a sorted set."""
        ...

    def hgetall(self, name: str) -> Any:
        """All fields of a hash."""
        ...


class RedisBudget:
    """A budget that all processes share; ``name`` identifies the connection."""

    def __init__(
        self,
        redis: RedisLike,
        name: str,
        system: str,
        limits: Limits,
        *,
        clock: Clock | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.limits = limits
        self._redis = redis
        # The braces keep both keys in one slot of a Redis cluster.
        self._keys = (f"budget:{{{name}}}", f"budget:{{{name}}}:slots")
        self._clock = clock or SystemClock()
        self._patience = patience or Patience(system)

    @contextmanager
    def take(self, *, human: bool = False) -> Iterator[None]:
        """Hold one call's worth; see ``Budget.take``."""
        slot = uuid4().hex
        self._patience.until(lambda: self._try(slot, human=human))
        try:
            yield
        finally:
            if self.limits.concurrent is not None:
                self._redis.zrem(self._keys[1], slot)

    def _try(self, slot: str, *, human: bool) -> Refusal | None:
        limits, now = self.limits, self._clock.now()
        rate = limits.refill()
        scope, wait = self._redis.eval(
            _TAKE,
            2,
            *self._keys,
            repr(now.timestamp()),
            "1" if human else "0",
            limits.capacity(),
            -1 if rate is None else rate,
            -1 if limits.per_day is None else limits.per_day,
            -1 if limits.concurrent is None else limits.concurrent,
            limits.reserve,
            now.astimezone(UTC).date().isoformat(),
            slot,
            SLOT_LEASE,
            repr(_until_midnight(now)),
        )
        name = _text(scope)
        return Refusal(name, float(_text(wait))) if name else None

    def note_remaining(self, scope: str, remaining: int) -> None:
        """Believe the vendor's header when it is lower than our count."""
        if scope == "day" and self.limits.per_day is not None:
            self._redis.eval(_LEARN, 1, self._keys[0], "used", self.limits.per_day - remaining, 1)
        elif scope == "minute":
            self._redis.eval(_LEARN, 1, self._keys[0], "tokens", remaining, -1)

    def note_busy(self, scope: str, wait_seconds: float) -> None:
        """Close the budget for so many seconds."""
        until = self._clock.now().timestamp() + wait_seconds
        self._redis.eval(_CLOSE, 1, self._keys[0], repr(until), scope)

    def left(self) -> dict[str, str]:
        """Calls left in bucket and day."""
        held = {_text(k): _text(v) for k, v in self._redis.hgetall(self._keys[0]).items()}
        tokens = float(held.get("tokens", self.limits.capacity()))
        left = {"bucket": f"{tokens:.0f} of {self.limits.capacity():.0f} left"}
        if self.limits.per_day is not None:
            used = int(float(held.get("used", 0)))
            left["day"] = f"{self.limits.per_day - used} of {self.limits.per_day} left"
        return left


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _until_midnight(now: datetime) -> float:
    here = now.astimezone(UTC)
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return (midnight - here).total_seconds()
