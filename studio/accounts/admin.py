"""Admin site: people, workspaces, roles."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest

from studio.accounts.models import Membership, User, Workspace
from studio.core.action import Actor, record


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg]
    """Where a person works, in which role."""

    model = Membership
    extra = 0


@admin.register(User)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
    """People; roles are given per workspace below."""

    inlines = (MembershipInline,)
    list_display = ("username", "display_name", "is_active", "last_login")
    fieldsets = (
        (None, {"fields": ("username", "password", "display_name", "email")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser")}),
    )

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Roles decide who may do what, so giving one is an audited act."""
        super().save_related(request, form, formsets, change)
        person = form.instance
        for member in Membership.objects.filter(user=person).select_related("workspace"):
            giver = Actor(
                name=str(request.user),
                role="administrator",
                workspace_key=str(member.workspace.uuid),
            )
            record(
                giver,
                "person.saved",
                f"user:{person.pk}",
                {"person": str(person), "role": member.role},
            )


@admin.register(Workspace)
class WorkspaceAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Groups of companies that work together."""

    list_display = ("name", "slug", "base_currency", "locale")
