"""The sample company on the emulators: people, connections, snapshots, proposals; nothing approved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction

from studio.accounts.models import Membership, User, Workspace, machine, sample_people
from studio.accounts.roles import ADMINISTER, CONNECT, LOOKUP, MAP
from studio.catalog.actions import Details, check, connect, introspect, refresh_codes, take_samples
from studio.catalog.emulated import hellos
from studio.catalog.models import Connection
from studio.core.action import Actor
from studio.core.dispatch import nudge
from studio.flows.designs import ensure_flows
from studio.flows.facts import fill_fact_tables
from studio.mapping.actions import (
    ensure_mappings,
    propose,
    propose_lookup_values,
)
from studio.mapping.models import Mapping, ProposalRun
from studio.mapping.wiring import embedder
from studio.portal.models import Buyer
from studio.portal.people import account_of
from studio.portal.reading import read_account, read_items
from studio.portal.shops import open_shop

Say = Callable[[str], None]
SLUG = "sample"
# Not on hold, with documents of every state.
PORTAL_CUSTOMER = "0000113"


def people(workspace: Workspace) -> None:
    """The sample people with their roles; the administrator may enter the admin site."""
    for person in sample_people():
        user, fresh = User.objects.get_or_create(
            username=person["username"],
            defaults={
                "display_name": person["name"],
                "is_staff": person["role"] == "administrator",
                "is_superuser": person["role"] == "administrator",
            },
        )
        if fresh:
            user.set_password(person["password"])
            user.save(update_fields=["password"])
        Membership.objects.get_or_create(
            user=user, workspace=workspace, defaults={"role": person["role"]}
        )


SECRET_NAMES = {
    "client_secret",
    "webhook_key",
    "operator_password",
    "company_password",
    "access_token",
    "refresh_token",
}


def _split(hello: dict[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """Options and secrets of a hello; tokens go where the token store looks for them."""
    options: dict[str, str] = {k: str(hello[k]) for k in ("operator", "client_id") if k in hello}
    secrets: dict[str, Any] = {k: hello[k] for k in SECRET_NAMES if k in hello}
    access, refresh = secrets.pop("access_token", ""), secrets.pop("refresh_token", "")
    if access or refresh:
        secrets["tokens"] = {"access_token": access, "refresh_token": refresh}
    return options, secrets


def connections(actor: Actor, workspace: Workspace) -> dict[str, Connection]:
    """The four sample connections: two SYSPRO companies, one QBO realm, one Xero tenant."""
    found: dict[str, Connection] = {}
    plans = (
        ("syspro-us", "syspro", "SYSPRO US", "EDU1", "USD"),
        ("syspro-uk", "syspro", "SYSPRO UK", "EDU2", "GBP"),
        ("qbo", "qbo", "QuickBooks US", "", "USD"),
        ("xero", "xero", "Xero UK", "", "GBP"),
    )
    known = hellos()
    for key, system, name, company, currency in plans:
        existing = Connection.objects.filter(workspace=workspace, name=name).first()
        hello = known[system]
        options, secrets = _split(hello)
        if company == hello.get("company_2"):
            # One operator per company: a second logon of the same operator ends the first.
            options["operator"] = str(hello["operator_2"])
        found[key] = existing or connect(
            actor,
            workspace,
            Details(
                system=system,
                name=name,
                base_url=hello["url"],
                company=company or str(hello.get("realm_id") or hello.get("tenant_id") or ""),
                currency=currency,
                options=options,
                secrets=secrets,
            ),
        )
    return found


def seed(say: Say) -> Workspace:
    """Everything a new user finds on the first page; safe to repeat."""
    with transaction.atomic():
        workspace, _ = Workspace.objects.get_or_create(
            slug=SLUG, defaults={"name": "Halden Group", "base_currency": "USD"}
        )
        people(workspace)
    actor = machine(workspace, "set-up", CONNECT, MAP, LOOKUP)
    found = connections(actor, workspace)
    for connection in found.values():
        health = check(connection)
        say(f"{connection.name}: {'connected as ' + health.who if health.ok else health.detail}")
        snapshot = introspect(actor, connection)
        say(f"{connection.name}: {snapshot.entity_count} entities, {snapshot.field_count} fields")
        refresh_codes(connection)
    for source, target in (("syspro-us", "qbo"), ("syspro-uk", "xero")):
        prepare_pair(actor, found[source], found[target], say)
    portal(found["syspro-us"], say)
    return workspace


def portal(connection: Connection, say: Say) -> None:
    """The portal of the first company, with its sample buyer bound to a customer who may order."""
    actor = machine(connection.workspace, "set-up", ADMINISTER)
    shop = open_shop(actor, connection)
    buyer = User.objects.get(
        username=next(p["username"] for p in sample_people() if p["role"] == "buyer")
    )
    if not Buyer.objects.filter(user=buyer).exists():
        account = account_of(actor, shop, PORTAL_CUSTOMER)
        Buyer.objects.create(user=buyer, account=account, invited_by=actor.name)
    items = read_items(shop.pk)
    for account in shop.accounts.all():
        read_account(account.pk)
    say(f"portal of {connection.name}: {items} items, {buyer} buys for customer {PORTAL_CUSTOMER}")


# What the first hour of a new user is about; the rest follows while the pages are up.
FIRST = {"sales_order", "item", "party", "payment"}


def _propose(actor: Actor, mapping: Mapping, *, towards: Connection) -> ProposalRun:
    """Propose at once for orders and what they name; elsewhere the shipped rows, a worker adds others."""
    outward = mapping.direction == "outbound" and mapping.connection_id != towards.pk
    if mapping.document in FIRST and not outward:
        return propose(actor, mapping, embedder())
    run = propose(actor, mapping, embedder(), find=lambda *_: {})
    # Until the worker has been there it counts as not proposed, and pages say so.
    Mapping.objects.filter(pk=mapping.pk).update(proposed_at=None)
    nudge("mapping.propose", mapping.pk)
    return run


def prepare_pair(actor: Actor, source: Connection, target: Connection, say: Say) -> None:
    """Mappings, proposals, lookup values and draft flows between two connections."""
    mappings = ensure_mappings(actor, source, target)
    for connection in (source, target):
        entities = sorted({m.entity for m in mappings if m.connection_id == connection.pk})
        take_samples(connection, entities)
    for mapping in mappings:
        if mapping.proposed_at is None:
            run = _propose(actor, mapping, towards=target)
            say(f"{mapping}: {run.rows} rows proposed in {run.seconds:.1f} s")
    propose_lookup_values(actor, source)
    fill_fact_tables(actor, source)
    propose_lookup_values(actor, target)
    for flow in (*ensure_flows(source, target), *ensure_flows(target, source)):
        say(f"flow {flow.name}: draft")
