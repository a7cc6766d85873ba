"""Who may do what: one table, read by actions, pages, API and the segregation report."""

from __future__ import annotations

from django.utils.translation import gettext as _

READ = "read"
MAP = "map"  # decide field mappings
PUBLISH = "publish"  # publish mappings and flows
CONNECT = "connect"  # create and change connections
OPERATE = "operate"  # start, pause, drain flows; retry technical cases
MATCH = "match"  # decide matches of customers, suppliers and items
TRIAGE = "triage"  # work the exception queue
LOOKUP = "lookup"  # edit lookup tables
APPROVE = "approve"  # second pair of eyes, unlock periods, overrides above the limit
TIE_OUT = "tie out"  # run and sign tie-outs
ADMINISTER = "administer"  # users, roles, alerts, admin site
INGEST = (
    "send records"  # register the schema of a sender and send its records; as a token, nothing else
)
BUY = "buy in the portal"  # see one's own prices and documents there, place orders; nothing else
DECIDE_AI = "use the language model"

ROLES: dict[str, tuple[str, frozenset[str]]] = {
    "integrator": (
        "Integrator",
        frozenset({READ, MAP, PUBLISH, CONNECT, INGEST, OPERATE, LOOKUP, MATCH, DECIDE_AI}),
    ),
    "accountant": (
        "Accountant",
        frozenset({READ, MATCH, TRIAGE, LOOKUP, APPROVE, TIE_OUT, DECIDE_AI}),
    ),
    "administrator": (
        "Administrator",
        frozenset({READ, CONNECT, INGEST, OPERATE, LOOKUP, ADMINISTER}),
    ),
    "auditor": ("Auditor", frozenset({READ})),
    # Somebody else's employee: does not even read, so that every page but the portal refuses him.
    "buyer": ("Buyer", frozenset({BUY})),
}

# Roles of people who work here: only they have cases, are written to and are chosen as somebody's colleague.
OURS = {role: label for role, (label, permissions) in ROLES.items() if READ in permissions}


def permissions_of(role: str) -> frozenset[str]:
    """The permissions of a role; none for an unknown one."""
    return ROLES[role][1] if role in ROLES else frozenset()


def who_may(permission: str) -> str:
    """The roles that carry a permission, for people: “Integrator or Accountant”."""
    labels = [label for label, permissions in ROLES.values() if permission in permissions]
    *first, last = labels or [_("nobody")]
    return _("%(some)s or %(last)s") % {"some": ", ".join(first), "last": last} if first else last
