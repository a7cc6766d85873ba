"""OAuth 2.0 as Xero does it: consent, codes with PKCE, rotation, custom connections, revocation."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from connectors.emulation.clock import EmulatorClock
from connectors.emulation.store import Doc, Store
from connectors.emulation.wsgi import Request, Response, Router

SCOPES = (
    "openid profile email offline_access accounting.contacts accounting.invoices "
    "accounting.payments accounting.settings accounting.manualjournals "
    "accounting.banktransactions accounting.journals.read accounting.attachments"
)
_KNOWN = {
    "openid", "profile", "email", "offline_access", "app.connections", "marketplace.billing",
    "paymentservices", "accounting.journals.read", "accounting.budgets.read",
    *(f"accounting.{area}{end}" for end in ("", ".read") for area in (
        "contacts", "invoices", "payments", "settings", "manualjournals", "banktransactions",
        "attachments", "transactions")),
    "accounting.reports.read",
}  # fmt: skip
_CODE_SECONDS = 300
_GRACE_SECONDS = 1800


@dataclass(frozen=True, slots=True)
class Tenant:
    """An organisation that may be connected."""

    id: str
    name: str


def _secret(prefix: str) -> str:
    return prefix + secrets.token_urlsafe(32)


def _jwt(claims: dict[str, Any]) -> str:
    def part(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    head = part(json.dumps({"alg": "RS256", "typ": "JWT"}).encode())
    return f"{head}.{part(json.dumps(claims).encode())}.{part(secrets.token_bytes(32))}"


def _refused(code: str, description: str = "") -> Response:
    body = {"error": code, **({"error_description": description} if description else {})}
    return Response.json(body, 400)


class Identity:
    """Apps, grants, tokens and connections, kept in the store.

    Args:
        store: shared with the first organisation's documents.
        clock: time.
        tenants: the organisations; the sandbox's own first.
        client_id: the registered app (also usable as a custom connection).
        client_secret: its secret.
    """

    access_seconds = 1800
    refresh_days = 60
    grace = True
    auto_consent = True

    def __init__(
        self,
        store: Store,
        clock: EmulatorClock,
        tenants: tuple[Tenant, ...],
        client_id: str,
        client_secret: str,
    ) -> None:
        self._store = store
        self._clock = clock
        self.tenants = tenants
        self.tenant = tenants[0]
        self.client_id = client_id
        self.client_secret = client_secret

    def routes(self, router: Router) -> None:
        """Register the identity endpoints."""
        router.add("GET", "/identity/connect/authorize", self._authorize)
        router.add("POST", "/identity/connect/authorize", self._decided)
        router.add("GET", "/.well-known/openid-configuration", self._discovery)
        router.add("POST", "/connect/token", self._token)
        router.add("POST", "/connect/revocation", self._revoke)

    def _now(self) -> datetime:
        return self._clock.now()

    def _discovery(self, request: Request) -> Response:
        base = request.base_url
        return Response.json(
            {
                "issuer": base,
                "authorization_endpoint": f"{base}/identity/connect/authorize",
                "token_endpoint": f"{base}/connect/token",
                "revocation_endpoint": f"{base}/connect/revocation",
            }
        )

    def _authorize(self, request: Request) -> Response:
        wrong = self._wrong(request)
        if wrong is not None:
            return wrong
        if not self.auto_consent:
            return self._back(request, None)
        # A person in a browser is asked; a program without one is let through.
        return (
            self._page(request)
            if "text/html" in request.header("accept")
            else self._back(request, self.tenant)
        )

    def _wrong(self, request: Request) -> Response | None:
        if request.arg("client_id") != self.client_id:
            return Response.text("unauthorized_client", 400)
        here = ("https://", "http://localhost", "http://127.0.0.1")
        if not request.arg("redirect_uri").startswith(here):
            return Response.text("invalid redirect_uri", 400)
        scopes = request.arg("scope").split()
        if not scopes or set(scopes) - _KNOWN or request.arg("response_type") != "code":
            return Response.text("invalid_scope", 400)
        return None

    def _page(self, request: Request) -> Response:
        """Which organisation, and whether."""
        hidden = "".join(
            f'<input type="hidden" name="{html.escape(k)}" value="{html.escape(v)}">'
            for k, v in request.query
        )
        # The last is checked: of the sample company everything is connected already.
        choices = "".join(
            f'<p><label><input type="radio" name="tenant" value="{one.id}"'
            f"{' checked' if one is self.tenants[-1] else ''}> {html.escape(one.name)}</label></p>"
            for one in self.tenants
        )
        return Response.text(
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Authorise</title>'
            "</head><body><main><h1>The studio wants access</h1>"
            "<p>This is the emulated Xero consent page.</p>"
            f'<form method="post" action="/identity/connect/authorize">{hidden}'
            f"<fieldset><legend>Select an organisation</legend>{choices}</fieldset><br>"
            '<button name="decision" value="allow">Allow access</button> '
            '<button name="decision" value="cancel">Cancel</button></form></main></body></html>',
            kind="text/html; charset=utf-8",
        )

    def _decided(self, request: Request) -> Response:
        form = request.form()
        asked = Request("GET", request.path, tuple(form.items()), base_url=request.base_url)
        chosen = next((t for t in self.tenants if t.id == form.get("tenant")), self.tenant)
        allowed = chosen if form.get("decision") == "allow" else None
        return self._wrong(asked) or self._back(asked, allowed)

    def _back(self, request: Request, tenant: Tenant | None) -> Response:
        """Send the person back with a code for an organisation, or with the refusal."""
        redirect = request.arg("redirect_uri")
        if tenant is None:
            answer = {"error": "access_denied", "error_description": "The user cancelled."}
        else:
            code, scopes = _secret(""), request.arg("scope").split()
            self._store.put(
                "_codes",
                code,
                {
                    "redirect": redirect,
                    "scopes": scopes,
                    "challenge": request.arg("code_challenge"),
                    "until": (self._now() + timedelta(seconds=_CODE_SECONDS)).isoformat(),
                    "tenant": tenant.id,
                },
            )
            answer = {"code": code, "scope": " ".join(scopes), "session_state": _secret("")}
        answer["state"] = request.arg("state")
        target = f"{redirect}{'&' if '?' in redirect else '?'}{urlencode(answer)}"
        return Response(302, b"", {"Location": target})

    def _client(self, request: Request, form: dict[str, str]) -> tuple[str, bool]:
        """Client id and whether its secret was shown and right."""
        given = request.header("authorization")
        if given.lower().startswith("basic "):
            try:
                text = base64.b64decode(given[6:]).decode()
            except ValueError:
                return "", False
            name, _, secret = text.partition(":")
        else:
            name, secret = form.get("client_id", ""), form.get("client_secret", "")
        return name, hmac.compare_digest(secret.encode(), self.client_secret.encode())

    def _token(self, request: Request) -> Response:
        form = request.form()
        client, proven = self._client(request, form)
        if client != self.client_id:
            return _refused("invalid_client")
        grant = form.get("grant_type")
        if grant == "authorization_code":
            return self._by_code(form, proven=proven)
        if grant == "refresh_token":
            return self._by_refresh(form)
        if grant == "client_credentials":
            return self._by_client(form) if proven else _refused("invalid_client")
        return _refused("unsupported_grant_type")

    def _by_code(self, form: dict[str, str], *, proven: bool) -> Response:
        code = form.get("code", "")
        held = self._store.get("_codes", code)
        self._store.delete("_codes", code)
        if held is None or datetime.fromisoformat(held["until"]) < self._now():
            return _refused("invalid_grant")
        if held["redirect"] != form.get("redirect_uri"):
            return _refused("invalid_grant", "redirect_uri does not match")
        if held["challenge"]:
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != held["challenge"]:
                return _refused("invalid_grant", "code_verifier does not match")
        elif not proven:
            return _refused("invalid_client")
        tenant = next(t for t in self.tenants if t.id == held["tenant"])
        event = self.connect(tenant)
        return Response.json(self.grant(list(held["scopes"]), event))

    def _by_refresh(self, form: dict[str, str]) -> Response:
        key = form.get("refresh_token", "")
        held = self._store.get("_refresh", key)
        now = self._now()
        if held is None or datetime.fromisoformat(held["until"]) < now:
            return _refused("invalid_grant")
        used = held.get("used")
        if used:
            age = (now - datetime.fromisoformat(used)).total_seconds()
            if not self.grace or age > _GRACE_SECONDS:
                return _refused("invalid_grant", "refresh token was used already")
        else:
            self._store.put("_refresh", key, {**held, "used": now.isoformat()})
        return Response.json(self.grant(list(held["scopes"]), held["event"]))

    def _by_client(self, form: dict[str, str]) -> Response:
        scopes = form.get("scope", "").split() or SCOPES.split()
        if set(scopes) - _KNOWN:
            return _refused("invalid_scope")
        event = self.connect()
        return Response.json(self.grant([s for s in scopes if s != "offline_access"], event))

    def grant(self, scopes: list[str], event: str) -> dict[str, Any]:
        """Issue tokens; a refresh token only with ``offline_access``."""
        now = self._now()
        until = now + timedelta(seconds=self.access_seconds)
        access = _jwt(
            {
                "exp": int(until.timestamp()),
                "client_id": self.client_id,
                "scope": scopes,
                "xero_userid": self.tenant.id,
                "authentication_event_id": event,
            }
        )
        self._store.put(
            "_access", access, {"scopes": scopes, "until": until.isoformat(), "event": event}
        )
        made: dict[str, Any] = {
            "access_token": access,
            "expires_in": self.access_seconds,
            "token_type": "Bearer",
            "scope": " ".join(scopes),
        }
        if "offline_access" in scopes:
            made["refresh_token"] = _secret("")
            end = (now + timedelta(days=self.refresh_days)).isoformat()
            self._store.put(
                "_refresh", made["refresh_token"], {"scopes": scopes, "until": end, "event": event}
            )
        if "openid" in scopes:
            made["id_token"] = _jwt({"aud": self.client_id, "sub": self.tenant.id})
        return made

    def connect(self, tenant: Tenant | None = None) -> str:
        """Connect an organisation to the app; answers the authentication event."""
        tenant = tenant or self.tenant
        for held in self._store.all("_connections"):
            if held["tenantId"] == tenant.id:
                return str(held["authEventId"])
        event = secrets.token_hex(16)
        event = f"{event[:8]}-{event[8:12]}-{event[12:16]}-{event[16:20]}-{event[20:]}"
        now = self._now().strftime("%Y-%m-%dT%H:%M:%S.%f") + "0"
        key = tenant.id[::-1][:8] + tenant.id[8:]
        self._store.put(
            "_connections",
            key,
            {
                "id": key,
                "authEventId": event,
                "tenantId": tenant.id,
                "tenantType": "ORGANISATION",
                "tenantName": tenant.name,
                "createdDateUtc": now,
                "updatedDateUtc": now,
            },
        )
        return event

    def _revoke(self, request: Request) -> Response:
        form = request.form()
        client, _ = self._client(request, form)
        if client != self.client_id:
            return _refused("invalid_client")
        held = self._store.get("_refresh", form.get("token", ""))
        if held is not None:
            for kind in ("_refresh", "_connections"):
                for key, _doc in self._store.items(kind):
                    self._store.delete(kind, key)
        return Response(200, b"")

    def usable(self, grant: dict[str, Any]) -> bool:
        """Whether a grant can still be handed to a new client."""
        access = self._store.get("_access", grant.get("access_token", ""))
        refresh = self._store.get("_refresh", grant.get("refresh_token", ""))
        if access is None or refresh is None or refresh.get("used"):
            return False
        return datetime.fromisoformat(access["until"]) > self._now()

    def session(self, token: str) -> Doc | None:
        """The grant behind an access token, expired or not; None for an unknown token."""
        return self._store.get("_access", token)

    def connections(self) -> list[Doc]:
        """Connected organisations."""
        return self._store.all("_connections")

    def disconnect(self, key: str) -> bool:
        """Remove one connection; whether there was one."""
        found = self._store.get("_connections", key) is not None
        if found:
            self._store.delete("_connections", key)
        return found
