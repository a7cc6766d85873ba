"""Admin site: judgements, links and searches are only read here."""

from __future__ import annotations

from django.contrib import admin

from studio.core.readonly import ReadOnly
from studio.linking.models import Judgement, Link, MatchRun


@admin.register(Judgement)
class JudgementAdmin(ReadOnly):
    """Who judged what on which evidence."""

    list_display = ("left", "right", "verdict", "actor", "role", "probability", "created_at")
    list_select_related = ("left", "right")
    list_filter = ("kind", "verdict", "role")
    search_fields = ("actor", "left__label", "right__label", "comment")


@admin.register(Link)
class LinkAdmin(ReadOnly):
    """Cross-references; they follow from judgements and confirmed writes."""

    list_display = (
        "kind",
        "left_code",
        "right_label",
        "right_key",
        "origin",
        "active",
        "created_at",
    )
    list_filter = ("kind", "active", "origin")
    search_fields = ("left_code", "right_key", "right_label")


@admin.register(MatchRun)
class MatchRunAdmin(ReadOnly):
    """When the matcher ran, over how much, with which model."""

    list_display = ("source", "target", "kind", "compared", "pairs", "seconds", "model_version")
    list_select_related = ("source", "target")
