"""What a connector needs from us, kept in rows so that all processes share it."""

from __future__ import annotations

import contextvars
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from connectors.http.budget import BudgetState, Limits, Patience, Refusal
from connectors.http.evidence import Exchange as Seen
from connectors.http.tokens import Tokens
from engine.errors import RemoteUnavailable
from studio.catalog.models import Budget, Credential, Exchange, Lane
from studio.core.vault import seal, unseal

TOKEN_LEASE = timedelta(seconds=30)


class StoredTokens:
    """OAuth tokens of one connection in its encrypted credential row."""

    def __init__(self, connection_id: int) -> None:
        self._id = connection_id

    def get(self) -> Tokens | None:
        """The tokens stored last, read fresh from the row."""
        held = unseal(Credential.objects.get(connection_id=self._id).sealed).get("tokens")
        if not held:
            return None
        for name in ("expires_at", "refresh_expires_at"):
            if held.get(name):
                held[name] = datetime.fromisoformat(held[name])
        return Tokens(**held)

    def put(self, tokens: Tokens) -> None:
        """Store durably; the vendor has already forgotten the old refresh token."""
        row = Credential.objects.get(connection_id=self._id)
        secrets = unseal(row.sealed)
        plain = asdict(tokens)
        for name in ("expires_at", "refresh_expires_at"):
            plain[name] = plain[name].isoformat() if plain[name] else None
        secrets["tokens"] = plain
        Credential.objects.filter(pk=row.pk).update(sealed=seal(secrets), version=row.version + 1)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """One refresher at a time in all processes, by a lease on the row."""
        deadline = time.monotonic() + TOKEN_LEASE.total_seconds()
        while True:
            now = timezone.now()
            free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
            won = Credential.objects.filter(free, connection_id=self._id).update(
                lease_until=now + TOKEN_LEASE
            )
            if won:
                break
            if time.monotonic() > deadline:
                raise RemoteUnavailable(system="studio", call="refresh the sign-in", wait_seconds=5)
            time.sleep(0.05)
        try:
            yield
        finally:
            Credential.objects.filter(connection_id=self._id).update(lease_until=None)


class StoredBudget:
    """The budget of one connection in its row, stepped by conditional UPDATE."""

    def __init__(
        self,
        connection_id: int,
        system: str,
        limits: Limits,
        *,
        longest: float = 5.0,
        name: str = "",
    ) -> None:
        self._row: dict[str, Any] = {"connection_id": connection_id, "name": name}
        self.limits = limits
        self._patience = Patience(system, longest=longest)
        # Without a limit on calls in flight nothing has to be given back, which saves a write.
        self._slots = limits.concurrent is not None

    @contextmanager
    def take(self, *, human: bool = False) -> Iterator[None]:
        """Hold one call's worth while the body runs."""
        slot = uuid.uuid4().hex
        self._patience.until(
            lambda: self._step(lambda s, n: s.take(self.limits, n, human=human, slot=slot))
        )
        try:
            yield
        finally:
            if self._slots:
                self._step(lambda s, _: s.give_back(slot))

    def note_remaining(self, scope: str, remaining: int) -> None:
        """Believe the vendor's header when it is lower than our count."""
        row = Budget.objects.filter(**self._row).first()
        state = self._state(row.state if row else {})
        if scope == "day" and self.limits.per_day is not None:
            if self.limits.per_day - remaining <= state.used:
                return
        elif remaining >= state.tokens:
            return
        self._step(lambda s, n: s.learn(self.limits, n, scope, remaining))

    def note_busy(self, scope: str, wait_seconds: float) -> None:
        """The vendor refused for a limit: nobody calls for so many seconds."""
        self._step(lambda s, n: s.close(n, scope, wait_seconds))

    def left(self) -> dict[str, str]:
        """What is left, for people."""
        row = Budget.objects.filter(**self._row).first()
        state = self._state(row.state if row else {})
        said: dict[str, str] = {}
        if self.limits.per_day is not None:
            said["day"] = (
                f"{max(0, self.limits.per_day - state.used)} of {self.limits.per_day} left"
            )
        if self.limits.per_minute is not None:
            said["minute"] = f"at most {self.limits.per_minute} calls"
        return said

    def _state(self, plain: dict[str, Any]) -> BudgetState:
        return BudgetState(**plain) if plain else BudgetState.fresh(self.limits, timezone.now())

    def _step(self, change: Any) -> Refusal | None:
        """Read, change, write if nobody wrote meanwhile; again otherwise."""
        while True:
            row, _ = Budget.objects.get_or_create(**self._row)
            state = self._state(row.state)
            answer: Refusal | None = change(state, timezone.now())
            won = Budget.objects.filter(pk=row.pk, version=row.version).update(
                state=asdict(state), version=row.version + 1
            )
            if won:
                return answer


@contextmanager
def lane(name: str, seconds: float = 120.0, patience: float = 60.0) -> Iterator[None]:
    """Hold the lock ``name`` against all processes; a dead holder's lease ends by itself.

    Raises:
        RemoteUnavailable: it stays taken for longer than ``patience``.
    """
    me = uuid.uuid4().hex
    Lane.objects.get_or_create(name=name)
    deadline = time.monotonic() + patience
    while True:
        now = timezone.now()
        free = Q(until__isnull=True) | Q(until__lt=now)
        if Lane.objects.filter(free, name=name).update(
            holder=me, until=now + timedelta(seconds=seconds)
        ):
            break
        if time.monotonic() > deadline:
            raise RemoteUnavailable(
                system="studio", call=f"wait for the lane {name}", wait_seconds=5
            )
        time.sleep(0.02)
    try:
        yield
    finally:
        Lane.objects.filter(name=name, holder=me).update(until=None, holder="")


_subject: contextvars.ContextVar[str] = contextvars.ContextVar("evidence_subject", default="")


@contextmanager
def evidence_about(subject: str) -> Iterator[None]:
    """Everything said to a system inside belongs to ``subject`` (a delivery, a run)."""
    token = _subject.set(subject)
    try:
        yield
    finally:
        _subject.reset(token)


class StoredEvidence:
    """Keeps exchanges about a subject, and every exchange that failed."""

    def __init__(self, connection_id: int) -> None:
        self._id = connection_id

    def record(self, seen: Seen) -> None:
        """Store one redacted exchange; quiet reads outside any subject are not kept."""
        subject = _subject.get()
        if not subject and 200 <= seen.status < 400:
            return
        Exchange.objects.create(
            connection_id=self._id,
            subject=subject,
            method=seen.method,
            url=f"{seen.call} · {seen.url}"[:500],
            status=seen.status,
            milliseconds=int(seen.seconds * 1000),
            request=seen.request,
            response=seen.response,
            trace=seen.trace[:120],
        )
