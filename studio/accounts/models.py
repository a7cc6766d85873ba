"""People, workspaces and who works where in which role."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import QuerySet

from studio.accounts.roles import OURS, READ, ROLES, permissions_of
from studio.core.action import Actor
from studio.core.models import Base

# People who are named in one sentence.
_NAMED = 4


class User(AbstractUser):
    """A person; custom from day one."""

    display_name = models.CharField(max_length=80, blank=True)

    def __str__(self) -> str:
        return self.display_name or self.username


class Workspace(Base):
    """One group of companies that works together on its books."""

    name = models.CharField(max_length=80)
    slug = models.SlugField(unique=True)
    base_currency = models.CharField(max_length=3, default="USD")
    locale = models.CharField(max_length=10, default="en-us")

    def __str__(self) -> str:
        return self.name


class Membership(Base):
    """A person's role in a workspace."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=[(k, v[0]) for k, v in ROLES.items()])

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "workspace"], name="one_role_each")]

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"

    def actor(self) -> Actor:
        """The person as the writer of audit lines."""
        return Actor(
            name=str(self.user),
            role=self.role,
            permissions=permissions_of(self.role),
            user_id=self.user_id,
            workspace_key=str(self.workspace.uuid),
        )


def colleagues(workspace: Workspace) -> QuerySet[User]:
    """The people who work here; a customer's buyer is a member and none of them."""
    return User.objects.filter(memberships__workspace=workspace, memberships__role__in=OURS)


def askable(workspace: Workspace) -> QuerySet[User]:
    """Colleagues who may do more than read: they can answer a question beside a piece of work."""
    roles = [role for role in OURS if permissions_of(role) != {READ}]
    return User.objects.filter(
        memberships__workspace=workspace, memberships__role__in=roles, is_active=True
    )


def who_can(workspace: Workspace | int, permission: str) -> list[User]:
    """The people whose role here carries a permission, by name."""
    roles = [role for role in ROLES if permission in permissions_of(role)]
    members = Membership.objects.filter(
        workspace=workspace, role__in=roles, user__is_active=True
    ).select_related("user")
    return sorted((m.user for m in members), key=str)


def few(names: Sequence[str], between: str) -> str:
    """Names in a sentence; of many the first."""
    return between.join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")


def administrator_in(workspace: Workspace, user: Any) -> Actor:
    """Who writes in the admin site: the member, or who keeps the installation without being one."""
    member = Membership.objects.filter(user__pk=user.pk, workspace=workspace).first()
    if member is not None and not user.is_superuser:
        return member.actor()
    role = "administrator"
    return Actor(
        name=str(user),
        role=member.role if member else role,
        permissions=permissions_of(role),
        user_id=user.pk,
        workspace_key=str(workspace.uuid),
    )


def machine(workspace: Workspace, name: str = "machine", *permissions: str) -> Actor:
    """The machine as actor, with just the permissions named."""
    return Actor(
        name=name,
        role="machine",
        permissions=frozenset(permissions),
        workspace_key=str(workspace.uuid),
    )


def sample_people() -> list[dict[str, Any]]:
    """The people of the sandbox: user name, name, role, password (shown at start, sandbox only)."""
    return [
        {"username": u, "name": n, "role": r, "password": f"{u}-sandbox"}
        for u, n, r in (
            ("ivo", "Ivo Marsh", "integrator"),
            ("ana", "Ana Keller", "accountant"),
            ("ada", "Ada Brook", "administrator"),
            ("olga", "Olga Stern", "auditor"),
            ("ben", "Ben Ortiz", "accountant"),
            ("bea", "Bea Lindt", "buyer"),
        )
    ]
