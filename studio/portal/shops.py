"""Opening the portal of a connection: its rules, and the flow that writes its orders back."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.utils import timezone
from django.utils.translation import gettext as _

from connectors.registry import capabilities
from engine.runtime.idempotency import content_hash
from studio.accounts.roles import ADMINISTER
from studio.catalog.models import Connection
from studio.core.action import Actor, acting
from studio.core.dispatch import nudge
from studio.core.refused import DecisionRefused
from studio.flows.models import Flow, FlowVersion
from studio.portal.models import Shop

FOLDER = Path(__file__).parent / "shipped"
# The portal's own word for what its inbox holds.
ENTITY = "PortalOrder"


@cache
def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    return found


def content_for(system: str) -> dict[str, Any]:
    """What a version of the portal's flow to a system is made of: design and both mappings, as shipped."""
    out = _read(f"orders-to-{system}.yaml")
    return {
        "design": {
            "document": "sales_order",
            "trigger": {"kind": "manual", "entity": ENTITY},
            "business_key": "number",
            "branches": [{"when": "TRUE", "entity": out["entity"]}],
            "entities": {out["entity"]: {"reference": out["reference"]}},
        },
        "inbound": {"mapping": _read("order.yaml")},
        "outbound": {out["entity"]: {"mapping": out["mapping"], "fields": out["fields"]}},
    }


def open_shop(actor: Actor, connection: Connection) -> Shop:
    """The shop of a connection, made with its flow where there is none yet, and open again where it was paused.

    Raises:
        DecisionRefused: customers of this system cannot order, or it is not connected any more.
    """
    if not capabilities(connection.system).sells:
        raise DecisionRefused(
            _("The customers of %(system)s cannot order in the portal.") % {"system": connection},
            _("Choose the connection that takes sales orders."),
        )
    found = Shop.objects.filter(connection=connection).select_related("flow").first()
    if found is not None:
        actor.require(ADMINISTER)
        keep_current(found)
        _resume(actor, found)
        return found
    with acting(actor, ADMINISTER, "portal.opened", f"connection:{connection.uuid}") as line:
        flow = Flow.objects.create(
            workspace=connection.workspace,
            key=f"portal-{connection.uuid.hex[:12]}",
            name=_("Portal orders · %(system)s") % {"system": connection.name},
            source=connection,
            target=connection,
            design=content_for(connection.system)["design"],
            state="live",
            ladder="silent",
            own=True,
        )
        shop = Shop.objects.create(connection=connection, flow=flow)
        keep_current(shop)
        line.data = {"connection": connection.name}
        nudge("portal.read_items", shop.pk)
    return shop


def _resume(actor: Actor, shop: Shop) -> None:
    """Take orders again after the connection had ended, which pauses whatever uses it."""
    if shop.flow.state == "live":
        return
    connection = shop.connection
    if connection.state == "ended":
        raise DecisionRefused(
            _("%(system)s is not connected.") % {"system": connection},
            _("Sign in to it again, then open its portal."),
        )
    with acting(actor, ADMINISTER, "portal.opened", f"connection:{connection.uuid}") as line:
        shop.flow.state, shop.flow.paused_reason = "live", ""
        shop.flow.save(update_fields=["state", "paused_reason", "updated_at"])
        line.data = {"connection": connection.name}
        nudge("portal.read_items", shop.pk)


def keep_current(shop: Shop) -> FlowVersion:
    """The version in force; a new one where the product ships another content than the last time."""
    flow = shop.flow
    content = content_for(flow.target.system)
    digest = content_hash(content)
    standing = flow.versions.filter(state="published").first()
    if standing is not None and standing.content_hash == digest:
        return standing
    flow.versions.filter(state="published").update(state="retired")
    return FlowVersion.objects.create(
        flow=flow,
        number=(standing.number if standing else 0) + 1,
        content=content,
        content_hash=digest,
        state="published",
        published_by="shipped",
        published_at=timezone.now(),
        note=_("comes with the portal"),
    )
