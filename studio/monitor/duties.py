"""Segregation of duties: who did what, and who did two things that one person should not do both.

The pairs follow the usual split of preparing, approving, paying out of the books and controlling
(shared/product.md 4.5: preparer is not approver; investigator and approver of write-offs differ). A role may
carry both, as the accountant's does (``accounts/roles.py``): what one document takes two people for is
refused there, and this report says who did both over all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, QuerySet
from django.utils.translation import gettext_lazy as _

from studio.core.models import AuditEvent

# A duty: the audit keys that are its deeds; one that ends in a dot stands for all that begin so.
DUTIES: dict[str, tuple[str, ...]] = {
    "map": ("mapping.decided", "lookup.approved", "lookup.row_added"),
    "publish": ("mapping.published", "flow.published"),
    "match": ("linking.same", "linking.create_new", "linking.unlinked"),
    "settle": ("case.", "item.closed"),
    "approve": (
        "flow.rehearsal_signed",
        "batch.approved",
        "case.approve",
        "mapping.confirmed",
        "connection.moved",
        "lookup.confirmed",
    ),
    "prove": ("stock.signed", "tieout.signed"),
    "administer": (
        "person.saved",
        "token.made",
        "connection.created",
        "connection.changed",
        "connection.move_asked",
        "connection.company",
        "connection.consented",
        "connection.reconnected",
        "connection.ended",
        "agent.made",
        "agent.revoked",
        "webhook.added",
        "portal.invited",
        "portal.bound",
    ),
}
# What is done about a case without settling it, and what stands in the trail a second time: closing a
# record writes ``item.closed``, from a case or from its own page.
BESIDE = {
    "case.asked",
    "case.assigned",
    "case.commented",
    "case.planned",
    "case.waiting",
    "case.void",
}
LABELS = {
    "map": _("decides mappings and lookups"),
    "publish": _("publishes"),
    "match": _("links records"),
    "settle": _("settles exceptions"),
    "approve": _("approves postings and rehearsals, confirms fields"),
    "prove": _("signs tie-outs"),
    "administer": _("administers"),
}
# Why two duties do not go together.
CONFLICTS = {
    ("publish", "approve"): _("who puts a flow in force should not approve what it posts"),
    ("map", "publish"): _("what one person mapped, another should put in force"),
    ("map", "approve"): _("who decides what codes mean should not approve what is posted by it"),
    ("match", "approve"): _("who links records should not approve what is posted to them"),
    ("settle", "approve"): _("who settles exceptions should not be the second pair of eyes"),
    ("settle", "prove"): _("who accepts differences should not sign that there are none"),
    ("map", "prove"): _("who decides what fields mean should not sign the result"),
    ("administer", "settle"): _("who grants access should not settle exceptions"),
}


@dataclass(frozen=True, slots=True)
class Person:
    """One person's deeds by duty, and the conflicts between them.

    Attributes:
        actor: name as in the trail.
        roles: roles the person had.
        times: how often per duty, in the order of ``DUTIES``.
        conflicts: reasons in words; empty where the duties go together.
    """

    actor: str
    roles: tuple[str, ...]
    times: tuple[int, ...]
    conflicts: tuple[str, ...]


def duty_of(key: str) -> str:
    """The duty an audit key is a deed of; empty where it is none."""
    if key in BESIDE:
        return ""
    exact = next((duty for duty, keys in DUTIES.items() if key in keys), "")
    begun = (
        d for d, keys in DUTIES.items() if any(k[-1] == "." and key.startswith(k) for k in keys)
    )
    return exact or next(begun, "")


def duties(events: QuerySet[AuditEvent]) -> list[Person]:
    """Everybody who did something, people with conflicts first."""
    times: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(DUTIES, 0))
    roles: dict[str, set[str]] = defaultdict(set)
    rows = (
        events.exclude(role="machine")
        .order_by()
        .values_list("actor", "role", "key")
        .annotate(n=Count("id"))
    )
    for actor, role, key, n in rows:
        duty = duty_of(key)
        if not duty:
            continue
        times[actor][duty] += n
        roles[actor].add(role)
    found = [
        Person(actor, tuple(sorted(roles[actor])), tuple(done.values()), _conflicts(done))
        for actor, done in times.items()
    ]
    return sorted(found, key=lambda p: (not p.conflicts, p.actor))


def _conflicts(done: dict[str, int]) -> tuple[str, ...]:
    clash: Iterable[str] = (
        str(why) for (one, other), why in CONFLICTS.items() if done[one] and done[other]
    )
    return tuple(clash)
