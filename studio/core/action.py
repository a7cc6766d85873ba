"""A write: permission, transaction and audit line in one place (page, API and script behave alike)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from studio.core.models import AuditEvent
from studio.core.once import forget

# How a token signs (studio/api/auth.py): its own name, then its maker's.
_TOKEN = re.compile(r"token: .* \((?P<maker>.*)\)")


def person_of(name: str) -> str:
    """The person behind a name in the trail: a token acts for its maker and is no second person."""
    token = _TOKEN.fullmatch(name)
    return token["maker"] if token else name


class NotPermitted(PermissionDenied):
    """A role lacks a permission; ``str()`` is the sentence for the person, with ``who`` may where known."""

    def __init__(self, role: str, permission: str, who: str = "") -> None:
        said = f"A person in the role “{role or 'nobody'}” may not {permission}."
        if who:
            said += " " + _("Who may: %s.") % who
        super().__init__(said)
        self.permission = permission


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person in a role, or the machine."""

    name: str
    role: str = ""
    permissions: frozenset[str] = frozenset()
    user_id: int | None = None
    workspace_key: str = ""

    @property
    def person(self) -> str:
        """Who this is where two different people are asked for."""
        return person_of(self.name)

    def may(self, permission: str) -> bool:
        """Whether the role carries the permission."""
        return permission in self.permissions

    def require(self, permission: str) -> None:
        """Raise NotPermitted with a sentence for the person."""
        if not self.may(permission):
            raise NotPermitted(self.role, permission)


@dataclass(slots=True)
class AuditDraft:
    """What the audit line will say; actions fill ``data`` while they work."""

    key: str
    subject: str
    data: dict[str, Any] = field(default_factory=dict)
    bulk: uuid.UUID | None = None


@contextmanager
def acting(
    actor: Actor, permission: str, key: str, subject: str, *, bulk: uuid.UUID | None = None
) -> Iterator[AuditDraft]:
    """Run one write: check the permission, open a transaction, append the audit line at its end.

    Raises:
        PermissionDenied: the actor may not.
    """
    actor.require(permission)
    draft = AuditDraft(key, subject, bulk=bulk)
    with transaction.atomic():
        yield draft
        record(actor, draft.key, draft.subject, draft.data, bulk=draft.bulk)


def record(
    actor: Actor, key: str, subject: str, data: dict[str, Any], *, bulk: uuid.UUID | None = None
) -> AuditEvent:
    """Append an audit line; call inside the transaction it describes."""
    forget()
    return AuditEvent.objects.create(
        actor=actor.name,
        role=actor.role,
        workspace_key=actor.workspace_key,
        key=key,
        subject=subject,
        data=data,
        bulk=bulk,
    )
