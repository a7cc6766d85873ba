"""Another address for a connection: tested before it counts and, where flows send money there, agreed by a second person."""

from __future__ import annotations

import copy
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from engine.errors import StudioError
from studio.accounts.roles import APPROVE, CONNECT, who_may
from studio.catalog.actions import settle
from studio.catalog.models import Connection, Move
from studio.catalog.uses import dependents_of
from studio.catalog.wiring import opened
from studio.core.action import Actor, acting, person_of


def change(actor: Actor, connection: Connection, changes: dict[str, Any]) -> Move | None:
    """Say how a connection is reached; the move that waits, where the address waits for a second person.

    What was never used is just written down: ``check`` proves it afterwards. Everything but the address
    takes effect at once.

    Raises:
        ValidationError: by field; nothing answers at the new address, or flows use the company.
    """
    address = str(changes.get("base_url", connection.base_url))
    if connection.checked_at is None and not dependents_of(connection):
        settle(actor, connection, changes)
        return None
    keep_company(connection, str(changes.get("company", connection.company)))
    if address == connection.base_url:
        settle(actor, connection, changes)
        return None
    actor.require(CONNECT)
    who = _reached(connection, address)
    if not dependents_of(connection):
        settle(actor, connection, changes)
        return None
    with transaction.atomic():
        settle(actor, connection, {n: v for n, v in changes.items() if n != "base_url"})
        return _ask(actor, connection, address, who)


def keep_company(connection: Connection, company: str) -> None:
    """Refuse another company where flows use this one: links and mappings are of its records.

    Raises:
        ValidationError: flows use it.
    """
    if connection.company and company != connection.company and dependents_of(connection):
        said = _(
            "Flows use %(company)s over this connection. Another company is connected as a connection of its own."
        )
        raise ValidationError({"company": said % {"company": connection.company}})


def _ask(actor: Actor, connection: Connection, address: str, who: str) -> Move:
    with acting(actor, CONNECT, "connection.move_asked", f"connection:{connection.uuid}") as line:
        connection.moves.filter(state="waiting").update(state="overtaken")
        made = Move.objects.create(
            connection=connection,
            before=connection.base_url,
            after=address,
            asked_by=actor.name,
            reached=who[:300],
        )
        line.data = {"name": connection.name, "before": made.before, "after": made.after}
    return made


def may_agree(actor: Actor, move: Move) -> bool:
    """Whether a person is the second one."""
    return bool(_permission(actor)) and actor.person != person_of(move.asked_by)


def require_a_say(actor: Actor) -> None:
    """Raise PermissionDenied for who neither answers for money nor connects."""
    if not _permission(actor):
        raise PermissionDenied(_("Who may: %s.") % f"{who_may(APPROVE)}; {who_may(CONNECT)}")


def _permission(actor: Actor) -> str:
    """By what a person may be the second: who answers for money, or who connects; empty for others."""
    return next((p for p in (APPROVE, CONNECT) if actor.may(p)), "")


def agree(actor: Actor, move: Move) -> None:
    """Let the new address take effect, if it still answers.

    Raises:
        PermissionDenied: neither permission, or the person who asked.
        ValidationError: it is not waiting any more, or nothing answers there now.
    """
    connection = move.connection
    require_a_say(actor)
    if actor.person == person_of(move.asked_by):
        raise PermissionDenied(
            _("Who asked for another address is not the second person: money is sent there.")
        )
    try:
        who = _reached(connection, move.after)
    except ValidationError as error:
        raise ValidationError(" ".join(error.messages)) from error
    subject = f"connection:{connection.uuid}"
    with acting(actor, _permission(actor), "connection.moved", subject) as line:
        _end(move, actor, "agreed")
        Connection.objects.filter(pk=connection.pk).update(
            base_url=move.after, updated_at=timezone.now()
        )
        line.data = {
            "name": connection.name,
            "before": move.before,
            "after": move.after,
            "asked_by": move.asked_by,
            "reached": who,
        }


def drop(actor: Actor, move: Move) -> None:
    """Leave the address as it is; also who asked may.

    Raises:
        PermissionDenied: neither permission.
        ValidationError: it is not waiting any more.
    """
    require_a_say(actor)
    subject = f"connection:{move.connection.uuid}"
    with acting(actor, _permission(actor), "connection.move_dropped", subject) as line:
        _end(move, actor, "dropped")
        line.data = {"name": move.connection.name, "after": move.after}


def _end(move: Move, actor: Actor, state: str) -> None:
    won = Move.objects.filter(pk=move.pk, state="waiting").update(
        state=state, decided_by=actor.name, decided_at=timezone.now(), updated_at=timezone.now()
    )
    if not won:
        raise ValidationError(_("Somebody decided this meanwhile. Look at the connection again."))


def _reached(connection: Connection, address: str) -> str:
    """Who answers at an address that is not in force yet, with the sign-in of the connection.

    Raises:
        ValidationError: nobody, or not us.
    """
    there = copy.copy(connection)
    there.base_url = address
    try:
        with opened(there) as connector:
            health = connector.check()
    except StudioError as error:
        raise ValidationError({"base_url": _unproven(address, str(error))}) from error
    if not health.ok:
        raise ValidationError({"base_url": _unproven(address, health.detail)})
    return health.who


def _unproven(address: str, why: str) -> str:
    said = _("%(address)s was tested and does not serve: %(why)s Nothing was changed.")
    return said % {"address": address, "why": why}
