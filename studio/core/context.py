"""What every template gets: workspace, actor, navigation with counts, theme."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from studio.core.loading import is_loading

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

Counter = Callable[[Any], int]


@dataclass(frozen=True, slots=True)
class NavItem:
    """One place in the navigation; who lacks the permission does not see it."""

    label: StrPromise
    url_name: str
    icon: str
    section: StrPromise | str
    permission: str = "read"


NAV: tuple[NavItem, ...] = (
    NavItem(_("Home"), "home", "home", ""),
    NavItem(_("Exceptions"), "triage:queue", "inbox", _("Work")),
    NavItem(_("Matches"), "linking:matches", "link", _("Work")),
    NavItem(_("Mappings"), "mapping:mappings", "columns", _("Design")),
    NavItem(_("Values"), "mapping:values", "tag", _("Design")),
    NavItem(_("Flows"), "flows:flows", "flow", _("Design")),
    NavItem(_("Connections"), "catalog:connections", "plug", _("Design")),
    NavItem(_("Try"), "tryout:trials", "table", _("Design"), "match"),
    NavItem(_("Runs"), "flows:runs", "pulse", _("Prove")),
    NavItem(_("Tie-out"), "tieout:periods", "balance", _("Prove")),
    NavItem(_("Accuracy"), "monitor:accuracy", "target", _("Prove")),
    NavItem(_("Audit"), "monitor:audit", "shield", _("Prove")),
    NavItem(_("Portal"), "portal:desk", "tag", _("Manage")),
    NavItem(_("Webhooks"), "webhooks:hooks", "send", _("Manage"), "connect"),
    NavItem(_("Admin"), "admin:index", "gear", _("Manage"), "administer"),
)

_counters: dict[str, tuple[Counter, Callable[[int], str]]] = {}


def register_count(url_name: str, counter: Counter, words: Callable[[int], str]) -> None:
    """Show ``counter(workspace)`` beside a navigation item; called from ``AppConfig.ready()``.

    ``words`` says what was counted, on hover and to screen readers. One query each, on every page: it must be answered from an index.
    """
    _counters[url_name] = counter, words


def studio(request: HttpRequest) -> dict[str, Any]:
    """The context processor; navigation is made only when a template asks for it."""
    return {
        "workspace": getattr(request, "workspace", None),
        "actor": getattr(request, "actor", None),
        "theme": theme_of(request),
        "sandbox": settings.SANDBOX,
        "loading": is_loading(),
        "nav": SimpleLazyObject(lambda: navigation(request)),
    }


def theme_of(request: HttpRequest) -> str:
    """``light``, ``dark`` or ``auto`` (the machine's own setting)."""
    theme = request.COOKIES.get("theme", "auto")
    return theme if theme in {"light", "dark"} else "auto"


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Sections with the items this person may open, the present one marked."""
    actor = getattr(request, "actor", None)
    if actor is None:
        return []
    workspace = getattr(request, "workspace", None)
    here = _best_match(request.path, actor)
    sections: list[dict[str, Any]] = []
    for item, url in _visible(actor):
        if not sections or sections[-1]["label"] != item.section:
            sections.append({"label": item.section, "entries": []})
        count, words = _counted(item, workspace)
        sections[-1]["entries"].append(
            {
                "label": item.label,
                "url": url,
                "icon": item.icon,
                "count": count,
                "counted": words,
                "current": url == here,
            }
        )
    return sections


def _counted(item: NavItem, workspace: Any) -> tuple[int, str]:
    if workspace is None or item.url_name not in _counters:
        return 0, ""
    counter, words = _counters[item.url_name]
    count = counter(workspace)
    return count, words(count)


def _visible(actor: Any) -> list[tuple[NavItem, str]]:
    found = []
    for item in NAV:
        if not actor.may(item.permission):
            continue
        try:
            found.append((item, reverse(item.url_name)))
        except NoReverseMatch:
            # An installation may leave an app out of its routes.
            continue
    return found


def _best_match(path: str, actor: Any) -> str:
    """The longest navigation address that the present path begins with."""
    urls = [url for _, url in _visible(actor)]
    home = reverse("home") if any(item.url_name == "home" for item, _ in _visible(actor)) else ""
    return max(
        (u for u in urls if path == u or (u != home and path.startswith(u))), key=len, default=""
    )
