"""What the log says of requests that were refused: who, where and why, in one line."""

from __future__ import annotations

import logging

from django.core.exceptions import PermissionDenied


class OneLineRefusals(logging.Filter):
    """A refusal is no fault of the program: one line instead of a traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record of a 403; every record passes."""
        fault = record.exc_info[1] if record.exc_info else None
        request = getattr(record, "request", None)
        if isinstance(fault, PermissionDenied) and request is not None:
            who, path = _plain(_who(request)), _plain(request.path)
            # Not by its class: logging is set up before models can be imported.
            missing = getattr(fault, "permission", "")
            why = f"missing permission “{missing}”" if missing else _plain(str(fault))
            record.msg = "Refused with 403: %s %s for %s; %s"
            record.args = (request.method, path, who, why or "no reason given")
            record.exc_info = record.exc_text = None
        return True


def _who(request: object) -> str:
    user, actor = getattr(request, "user", None), getattr(request, "actor", None)
    name = user.get_username() if user is not None and user.is_authenticated else "nobody signed in"
    return f"{name} ({actor.role})" if actor is not None else name


def _plain(text: str) -> str:
    """Text of a request cannot begin a line of its own."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
