"""Getting a connection ready: test, schema, code lists, one after the other; the row tells how far it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from connectors.registry import capabilities
from engine.errors import StudioError
from studio.accounts.roles import CONNECT
from studio.catalog.actions import check, introspect, refresh_codes, settle
from studio.catalog.models import Connection, Credential
from studio.catalog.schemas import base_currency_of
from studio.core.action import Actor
from studio.core.dispatch import nudge
from studio.core.vault import unseal

# What a person goes on with who stopped half way: the route of the step, and what it is called.
GO_ON = {
    "catalog:connection-sign-in": _lazy("Go on with the sign-in"),
    "catalog:connection-company": _lazy("Choose the company"),
    "catalog:connection-ready": _lazy("Go on: test it and read its schema"),
}
STAGES = ("test", "schema", "codes")
WORDS = {
    "asked": "Waiting for a worker",
    "test": "Testing with one light call",
    "schema": "Reading every entity and field, with samples of their values",
    "codes": "Reading accounts, tax codes, terms and other lists",
    "done": "Ready",
}


def _tell(connection: Connection, stage: str, words: str = "", trouble: str = "") -> None:
    said = {
        "stage": stage,
        "words": words or WORDS[stage],
        "trouble": trouble,
        "at": timezone.now().isoformat(),
    }
    Connection.objects.filter(pk=connection.pk).update(progress=said)
    connection.progress = said


def ask_to_get_ready(actor: Actor, connection: Connection) -> None:
    """Let a worker test and read the connection; its page shows how far it is."""
    actor.require(CONNECT)
    _tell(connection, "asked")
    nudge("catalog.get_ready", connection.pk, actor.user_id)


def get_ready(actor: Actor, connection: Connection) -> bool:
    """Test and read; whether all of it went well. Safe to repeat: the same picture makes no new snapshot."""
    actor.require(CONNECT)
    for stage in STAGES:
        _tell(connection, stage)
        try:
            trouble = _DO[stage](actor, connection)
        except StudioError as error:
            trouble = str(error)
        if trouble:
            _tell(connection, stage, trouble=trouble)
            return False
    snapshot = connection.snapshots.first()
    fields = (
        f"{snapshot.entity_count:,} entities with {snapshot.field_count:,} fields"
        if snapshot
        else "nothing"
    )
    _tell(connection, "done", f"Ready: {fields}, {connection.codes.count():,} codes.")
    return True


def _test(actor: Actor, connection: Connection) -> str:
    health = check(connection)
    return "" if health.ok else health.detail


def _schema(actor: Actor, connection: Connection) -> str:
    introspect(actor, connection)
    theirs = base_currency_of(connection)
    if not connection.currency:
        # Nobody said it: the company itself did, or it keeps its books as we do.
        own = theirs or connection.workspace.base_currency
        settle(actor, connection, {"currency": own})
    if theirs and theirs != connection.currency:
        return _(
            "The company keeps its books in %(theirs)s, but %(given)s was given as its base currency. "
            "Change that under “How it is reached”, or connect the company you meant."
        ) % {"theirs": theirs, "given": connection.currency}
    return ""


def _codes(actor: Actor, connection: Connection) -> str:
    refresh_codes(connection)
    return ""


_DO: dict[str, Callable[[Actor, Connection], str]] = {
    "test": _test,
    "schema": _schema,
    "codes": _codes,
}


def left_at(connection: Connection) -> str:
    """The step at which connecting was left, as a key of ``GO_ON``; empty once it was tested."""
    can = capabilities(connection.system)
    if connection.state != "new" or connection.checked_at is not None or can.receives:
        return ""
    credential = Credential.objects.filter(connection=connection).first()
    held = unseal(credential.sealed) if credential else {}
    wanted = {"tokens"} if can.consent else set(can.needs) - set(connection.options)
    if wanted - set(held):
        return "catalog:connection-sign-in"
    return "catalog:connection-ready" if connection.company else "catalog:connection-company"


def progress_of(connection: Connection) -> dict[str, Any]:
    """The progress for people: stages with their state, and whether a page should ask again."""
    said = connection.progress or {}
    stage, trouble = str(said.get("stage", "")), str(said.get("trouble", ""))
    order = ("asked", *STAGES, "done")
    here = order.index(stage) if stage in order else -1
    rows = []
    for number, one in enumerate(STAGES, start=1):
        state = "done" if here > number else "waiting"
        if here == number:
            state = "failed" if trouble else "running"
        rows.append((WORDS[one], state))
    under_way = here >= 0 and stage != "done" and not trouble
    return {"rows": rows, "done": max(0, here - 1), "of": len(STAGES), "words": said.get("words", ""),
            "trouble": trouble, "under_way": under_way, "is_done": stage == "done"}  # fmt: skip
