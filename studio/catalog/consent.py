"""Consent in the browser: ask the vendor with a state of our own, take the answer once, keep the tokens."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext as _

from connectors.http.oauth import Pkce, authorization_url
from connectors.registry import ListsCompanies, capabilities, signing_in
from engine.errors import AccessDenied, StudioError
from studio.accounts.roles import CONNECT
from studio.catalog.another import leave_company
from studio.catalog.models import Connection
from studio.catalog.services import StoredTokens
from studio.catalog.twins import sentence_about, twins_of
from studio.catalog.wiring import config_of, opened, services_of
from studio.core.action import Actor, acting
from studio.core.vault import seal, unseal

# Answers that may be waited for at once in one browser; the oldest is forgotten.
MOST_PENDING = 5
Pending = dict[str, dict[str, str]]


def return_address() -> str:
    """The address that is registered with the vendor, to which it sends the person back."""
    return f"{settings.SITE_URL}{reverse('catalog:consent')}"


def ask(connection: Connection, pending: Pending) -> str:
    """The vendor's address to send the person to; what the answer needs is added to ``pending``.

    Raises:
        StudioError: the authorization server cannot be asked, or no app is registered.
    """
    client, scopes = signing_in(config_of(connection), services_of(connection))
    consent = capabilities(connection.system).consent
    pkce = Pkce.make() if consent and consent.pkce else None
    state = secrets.token_urlsafe(32)
    held = base64.b64encode(seal({"verifier": pkce.verifier})).decode() if pkce else ""
    pending[state] = {
        "connection": str(connection.uuid),
        "verifier": held,
        "back": return_address(),
    }
    for old in list(pending)[:-MOST_PENDING]:
        del pending[old]
    return authorization_url(
        client.endpoints.authorize,
        client_id=client.client_id,
        redirect_uri=return_address(),
        scopes=scopes,
        state=state,
        pkce=pkce,
    )


def expected(pending: Pending, said: Mapping[str, str]) -> dict[str, str]:
    """What was kept for this answer; each state is good for one answer.

    Raises:
        ValidationError: nobody here asked for it.
    """
    found = pending.pop(said.get("state", ""), None)
    if found is None:
        raise ValidationError(
            _(
                "This answer belongs to no sign-in that was begun here. Begin again from the connection."
            )
        )
    return found


def _why(connection: Connection, refused: AccessDenied) -> str:
    """What the vendor's refusal of a code means to somebody who is just connecting."""
    label = connection.system_label
    if refused.vendor_code in ("invalid_client", "unauthorized_client"):
        return (
            f"{label} does not know this client id with this secret. Copy both again from its developer page, "
            "save the app and sign in once more."
        )
    return f"{label} did not take the sign-in: {refused.detail} Sign in once more."


def take(
    actor: Actor, connection: Connection, held: Mapping[str, str], said: Mapping[str, str]
) -> None:
    """Exchange the code of an answer for tokens and keep them encrypted.

    A company that is connected already is not taken unasked: the connection stands for none until a
    person has chosen it (``choose_company``).

    Raises:
        ValidationError: the person declined, the answer carries no code, or the vendor does not take it.
        StudioError: the vendor cannot be asked.
    """
    label = connection.name
    if said.get("error") == "access_denied":
        words = _(
            "%(connection)s was not connected: the sign-in at %(label)s was cancelled, or refused there. "
            "Nothing has changed; sign in again when you like."
        )
        raise ValidationError(
            words % {"connection": connection.name, "label": connection.system_label}
        )
    if said.get("error"):
        words = said.get("error_description") or said["error"].replace("_", " ")
        raise ValidationError(
            _("%(connection)s was not connected: %(said)s.")
            % {"connection": label, "said": words[:200]}
        )
    if not said.get("code"):
        raise ValidationError(_("%s sent no code back. Begin again.") % label)
    client = signing_in(config_of(connection), services_of(connection))[0]
    pkce = None
    if held["verifier"]:
        sealed = base64.b64decode(held["verifier"])
        pkce = Pkce(str(unseal(sealed)["verifier"]), "")
    try:
        tokens = client.exchange(said["code"], held["back"], pkce)
    except AccessDenied as refused:
        raise ValidationError(_why(connection, refused)) from refused
    consent = capabilities(connection.system).consent
    company = said.get(consent.company, "") if consent and consent.company else ""
    with acting(actor, CONNECT, "connection.consented", f"connection:{connection.uuid}") as line:
        store = StoredTokens(connection.pk)
        store.put(tokens)
        changes: dict[str, Any] = {
            "state": "new",
            "paused_until": None,
            "paused_reason": "",
            "failures": 0,
            "progress": {},
        }
        if company and connection.company and company != connection.company:
            raise ValidationError(
                _(
                    "The sign-in was for another company (%(company)s) than %(connection)s stands for "
                    "(%(own)s). Sign in once more and choose that one; another is connected as a "
                    "connection of its own."
                )
                % {"company": quote(company), "connection": label, "own": connection.company}
            )
        if company and twins_of(_standing_for(connection, company)) and not connection.company:
            changes["progress"] = {REACHED: company[:80]}
        elif company:
            changes["company"] = company[:80]
        Connection.objects.filter(pk=connection.pk).update(**changes)
        line.data = {"name": label, "scopes": tokens.scope, "company": company}
    connection.refresh_from_db()


# Where the progress of a connection keeps the company of a sign-in that nobody has confirmed yet.
REACHED = "reached"


def _standing_for(connection: Connection, company: str) -> Connection:
    """The connection as it would be with this company; not stored."""
    return Connection(
        pk=connection.pk,
        workspace_id=connection.workspace_id,
        system=connection.system,
        base_url=connection.base_url,
        company=company[:80],
    )


def companies(connection: Connection) -> dict[str, str]:
    """Companies the sign-in reaches, by id; empty where the system does not say."""
    if reached := connection.progress.get(REACHED):
        return {str(reached): ""}
    with opened(connection) as connector:
        return connector.companies() if isinstance(connector, ListsCompanies) else {}


def require_reached(connection: Connection) -> None:
    """Refuse a sign-in that does not reach the company this connection stands for.

    Raises:
        ValidationError: it reaches others, which are named.
        StudioError: the vendor cannot be asked.
    """
    known = companies(connection)
    if not known or connection.company in known:
        return
    told = {"others": ", ".join(sorted(known.values())), "connection": connection.name}
    raise ValidationError(
        _(
            "The sign-in reaches %(others)s, not the company that %(connection)s stands for. "
            "Sign in once more and choose that one; another is connected as a connection of its own."
        )
        % told
    )


TWIN = "twin"


def require_single(connection: Connection, company: str) -> None:
    """Refuse a company that another connection stands for.

    Raises:
        ValidationError: (code ``TWIN``) which one that is.
    """
    like = _standing_for(connection, company)
    for twin in twins_of(like):
        raise ValidationError(sentence_about(like, twin), code=TWIN)


def choose_company(
    actor: Actor, connection: Connection, company: str, *, again: bool = False
) -> None:
    """Say which of the companies this connection stands for; ``again``: though another one does.

    Raises:
        ValidationError: the sign-in does not reach it; something rests on the company chosen before; or
            (code ``TWIN``) it is connected already.
    """
    try:
        known = companies(connection)
    except StudioError as error:
        raise ValidationError(str(error)) from error
    if company not in known:
        raise ValidationError(_("The sign-in does not reach this company. Choose one of the list."))
    if not again:
        require_single(connection, company)
    if connection.company not in ("", company):
        leave_company(actor, connection)
    with acting(actor, CONNECT, "connection.company", f"connection:{connection.uuid}") as line:
        Connection.objects.filter(pk=connection.pk).update(company=company[:80])
        line.data = {"name": connection.name, "company": known[company]}
    connection.company = company
