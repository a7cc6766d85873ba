"""What the API itself keeps: tokens (only their digest) and answers to idempotent writes."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from studio.accounts.models import User, Workspace
from studio.catalog.models import Connection
from studio.core.models import Base


class ApiToken(Base):
    """A key for a program; acts with part of what its maker may do, never more."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="api_tokens")
    maker = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=60)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(default=list)
    source = models.ForeignKey(
        Connection,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        help_text="the sender it belongs to; such a token sends its records and does nothing else",
    )
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name

    @property
    def usable(self) -> bool:
        """Neither revoked nor past its day."""
        return self.revoked_at is None and self.expires_at > timezone.now()


class StoredAnswer(models.Model):
    """The answer to a write under an ``Idempotency-Key``; ``status`` 0 while it is worked."""

    owner = models.CharField(max_length=60)
    key = models.CharField(max_length=120)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    body = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "key"], name="one_answer_per_key")]

    def __str__(self) -> str:
        return f"{self.owner} {self.key}: {self.status}"
