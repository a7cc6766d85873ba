"""Operators and their sessions: one session per operator, a second logon ends the first (1.8)."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from connectors.syspro.emulator.answers import EnetError
from connectors.syspro.emulator.context import Operator

PASSWORD = "halden-studio"  # noqa: S105 - a sandbox's password, printed by `manage.py emulate`
OPERATORS = (
    Operator("STUDIO", PASSWORD),
    Operator("STUDIO2", PASSWORD),
    Operator("CLERK", PASSWORD, sees_costs=False, unlicensed=("GENTJL", "APSTIN")),
)
COMPANY_PASSWORD = "books"  # noqa: S105 - as above
INVALID = "ERROR: The supplied UserID is invalid."


@dataclass(slots=True)
class Session:
    """A logged-on operator."""

    token: str
    operator: Operator
    company: str
    used: datetime


class Sessions:
    """Logged-on operators of one server.

    Args:
        companies: company id -> password.
        idle: seconds of silence after which a session is gone.
        licences: how many operators may be on at once.
    """

    def __init__(self, companies: dict[str, str], idle: float = 1800.0, licences: int = 10) -> None:
        self._lock = threading.Lock()
        self._by_token: dict[str, Session] = {}
        self._companies = companies
        self.idle = idle
        self.licences = licences

    def logon(
        self, credentials: tuple[str, str, str, str], now: datetime, *, refuse_second: bool = False
    ) -> str:
        """A new token of 36 characters (34 and two blanks).

        Args:
            credentials: operator, operator password, company, company password.
            now: the emulator's time.
            refuse_second: refuse when the operator is on already, instead of ending that session.

        Raises:
            EnetError: unknown operator, company or password, or no licence is free.
        """
        code, password, company, company_password = credentials
        operator = next((o for o in OPERATORS if o.code == code.strip().upper()), None)
        if operator is None:
            raise EnetError("ERROR: Invalid operator")
        if operator.password != password:
            raise EnetError("ERROR: Invalid operator password")
        if company not in self._companies:
            raise EnetError(f"ERROR: Invalid company '{company}'")
        if self._companies[company] != company_password:
            raise EnetError("ERROR: Invalid company password")
        with self._lock:
            self._expire(now)
            others = [s for s in self._by_token.values() if s.operator.code == operator.code]
            if others and refuse_second:
                raise EnetError("ERROR: Operator is already logged in")
            for old in others:
                del self._by_token[old.token]
            if len(self._by_token) >= self.licences:
                raise EnetError("ERROR: Number of licensed e.net users exceeded")
            token = uuid4().hex.upper() + "00"
            self._by_token[token] = Session(token, operator, company, now)
        return token + "  "

    def touch(self, token: str, now: datetime) -> Session:
        """The session of a token, refreshed.

        Raises:
            EnetError: unknown, ended or expired.
        """
        with self._lock:
            self._expire(now)
            session = self._by_token.get(token.strip())
            if session is None:
                raise EnetError(INVALID)
            session.used = now
            return session

    def logoff(self, token: str) -> bool:
        """End a session; whether there was one."""
        with self._lock:
            return self._by_token.pop(token.strip(), None) is not None

    def end_all(self) -> None:
        """An administrator logs everybody out."""
        with self._lock:
            self._by_token.clear()

    def on(self) -> list[str]:
        """Codes of the operators that are on."""
        with self._lock:
            return sorted(s.operator.code for s in self._by_token.values())

    def _expire(self, now: datetime) -> None:
        limit = now - timedelta(seconds=self.idle)
        for token in [t for t, s in self._by_token.items() if s.used < limit]:
            del self._by_token[token]
