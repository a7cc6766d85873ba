"""Admin site: blind repeats are only read."""

from __future__ import annotations

from django.contrib import admin

from studio.core.readonly import ReadOnly
from studio.learning.models import Repeat


@admin.register(Repeat)
class RepeatAdmin(ReadOnly):
    """Which decisions were asked again, and what came of it."""

    list_display = ("label", "kind", "decided_by", "answered_by", "agrees", "settled", "created_at")
    list_filter = ("kind", "agrees", "settled", "unseen")
    search_fields = ("label", "decided_by", "answered_by")
