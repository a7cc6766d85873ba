"""The authorization server: discovery, consent, tokens with rotation, revocation.

Tokens are documents of the store, so a restarted emulator still knows them. Rotation is ``strict``
(a used refresh token is replaced and refused afterwards, the case that finds storage bugs) or
``daily`` (the value changes after 24 hours, as observed at Intuit; *unverified*).
"""

from __future__ import annotations

import base64
import hashlib
import html
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from connectors.emulation.clock import EmulatorClock
from connectors.emulation.store import Doc, Store
from connectors.emulation.wsgi import Request, Response, Router

ACCESS_SECONDS = 3600
REFRESH_SECONDS = 8_726_400
CODE_SECONDS = 600
HARD_SECONDS = 5 * 365 * 86_400
SCOPE = "com.intuit.quickbooks.accounting"
_KNOWN_SCOPES = frozenset(
    {SCOPE, "com.intuit.quickbooks.payment", "profile", "email", "phone", "address"}
)


class AuthorizationServer:
    """Grants and checks tokens for one app and its realms: id and name, the sandbox's own first."""

    def __init__(
        self,
        store: Store,
        clock: EmulatorClock,
        app: tuple[str, str],
        realms: dict[str, str],
        seed: int,
    ) -> None:
        self._store = store
        self._clock = clock
        self.client_id, self._secret = app
        self._realms = realms
        self._realm = next(iter(realms))
        self._seed = seed
        self.strict = True

    def routes(self, router: Router) -> None:
        """Mount the endpoints; the discovery document is served with and without a last slash."""
        for name in ("openid_configuration", "openid_sandbox_configuration"):
            router.add("GET", f"/.well-known/{name}", self._discovery)
        router.add("GET", "/connect/oauth2", self._consent)
        router.add("POST", "/connect/oauth2", self._decided)
        router.add("POST", "/oauth2/v1/tokens/bearer", self._token)
        router.add("POST", "/v2/oauth2/tokens/revoke", self._revoke)
        router.add("GET", "/v1/openid_connect/userinfo", self._user)

    # -- tokens -------------------------------------------------------------------------------

    def first_tokens(self) -> tuple[str, str]:
        """The sandbox's own grant as it stands: the same tokens for the same seed until renewed."""
        grant = self._store.get("_grants", "sandbox")
        if grant is None:
            return self._issue("sandbox")
        return str(grant["access"]), str(grant["refresh"])

    def check(self, bearer: str) -> tuple[str, str]:
        """``(realm, "")`` for a living token, ``("", why)`` otherwise."""
        if not bearer.lower().startswith("bearer "):
            return "", "Malformed bearer token: missing"
        doc = self._store.get("_tokens", bearer[7:].strip())
        if doc is None or doc["kind"] != "access":
            return "", "Malformed bearer token: unknown"
        if self._grant(doc) is None:
            return "", "Token revoked: the grant was ended"
        if self._clock.now() >= datetime.fromisoformat(doc["expires"]):
            return "", "Token expired: the access token is past its end"
        return str(doc["realm"]), ""

    def expire_access(self) -> None:
        """End every access token now (a fault)."""
        past = (self._clock.now() - timedelta(seconds=1)).isoformat()
        with self._store.transaction():
            for key, doc in self._store.items("_tokens"):
                if doc["kind"] == "access":
                    self._store.put("_tokens", key, {**doc, "expires": past})

    def end_grants(self) -> None:
        """Revoke everything: people must reconnect (a fault)."""
        with self._store.transaction():
            for key, _ in self._store.items("_grants"):
                self._store.delete("_grants", key)

    def _grant(self, token: Doc) -> Doc | None:
        return self._store.get("_grants", str(token["grant"]))

    def _issue(self, grant: str, realm: str = "") -> tuple[str, str]:
        now = self._clock.now()
        with self._store.transaction():
            number = self._store.next("tokens")
            realm = realm or self._realm
            access, refresh = self._text("access", number), self._text("refresh", number)
            for text, kind, lasts in (
                (access, "access", ACCESS_SECONDS),
                (refresh, "refresh", REFRESH_SECONDS),
            ):
                ends = (now + timedelta(seconds=lasts)).isoformat()
                doc = {
                    "kind": kind,
                    "grant": grant,
                    "realm": realm,
                    "expires": ends,
                    "made": now.isoformat(),
                }
                self._store.put("_tokens", text, doc)
            self._store.put(
                "_grants", grant, {"access": access, "refresh": refresh, "realm": realm}
            )
        return access, refresh

    def _text(self, kind: str, number: int) -> str:
        digest = hashlib.sha256(f"qbo:{self._seed}:{kind}:{number}".encode()).hexdigest()
        return f"{'RT1' if kind == 'refresh' else 'eyJ'}-{kind}-{number}-{digest[:40]}"

    # -- endpoints ----------------------------------------------------------------------------

    def _discovery(self, request: Request) -> Response:
        base = request.base_url
        return Response.json(
            {
                "issuer": f"{base}/op/v1",
                "authorization_endpoint": f"{base}/connect/oauth2",
                "token_endpoint": f"{base}/oauth2/v1/tokens/bearer",
                "userinfo_endpoint": f"{base}/v1/openid_connect/userinfo",
                "revocation_endpoint": f"{base}/v2/oauth2/tokens/revoke",
                "jwks_uri": f"{base}/op/v1/jwks",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": sorted(_KNOWN_SCOPES),
                "token_endpoint_auth_methods_supported": [
                    "client_secret_post",
                    "client_secret_basic",
                ],
                "claims_supported": ["aud", "exp", "iat", "iss", "realmid", "sub"],
            }
        )

    def _consent(self, request: Request) -> Response:
        if request.arg("client_id") != self.client_id or not request.arg("redirect_uri"):
            return Response.text("Unknown app or missing redirect_uri.", 400)
        if not request.arg("state"):
            return Response.text("The state parameter is required.", 400)
        if set(request.arg("scope").split()) - _KNOWN_SCOPES - {"openid"}:
            return self._back(request, {"error": "invalid_scope"})
        if request.arg("auto"):
            return self._back(request, self._code(request))
        hidden = "".join(
            f'<input type="hidden" name="{html.escape(k)}" value="{html.escape(v)}">'
            for k, v in request.query
        )
        page = (
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Authorize</title>'
            "</head><body><main><h1>Connect to the sample books</h1>"
            "<p>This is the emulated QuickBooks consent page.</p>"
            f'<form method="post" action="/connect/oauth2">{hidden}'
            f"<fieldset><legend>Which company?</legend>{self._choices()}</fieldset><br>"
            '<button name="decision" value="connect">Connect</button> '
            '<button name="decision" value="cancel">Cancel</button></form></main></body></html>'
        )
        return Response.text(page, kind="text/html; charset=utf-8")

    def _choices(self) -> str:
        """The last is checked: of the sample company everything is connected already."""
        last = list(self._realms)[-1]
        return "".join(
            f'<p><label><input type="radio" name="realm" value="{key}"'
            f"{' checked' if key == last else ''}> {html.escape(name)}</label></p>"
            for key, name in self._realms.items()
        )

    def _decided(self, request: Request) -> Response:
        form = request.form()
        asked = Request("GET", request.path, tuple(form.items()), base_url=request.base_url)
        if asked.arg("client_id") != self.client_id or not asked.arg("redirect_uri"):
            return Response.text("Unknown app or missing redirect_uri.", 400)
        if form.get("decision") != "connect":
            return self._back(asked, {"error": "access_denied"})
        return self._back(asked, self._code(asked))

    def _code(self, request: Request) -> dict[str, str]:
        chosen = request.arg("realm")
        realm = chosen if chosen in self._realms else self._realm
        with self._store.transaction():
            number = self._store.next("codes")
            code = hashlib.sha256(f"qbo:{self._seed}:code:{number}".encode()).hexdigest()
            ends = (self._clock.now() + timedelta(seconds=CODE_SECONDS)).isoformat()
            back = request.arg("redirect_uri")
            self._store.put("_codes", code, {"redirect": back, "expires": ends, "realm": realm})
        return {"code": code, "realmId": realm}

    def _back(self, request: Request, values: dict[str, str]) -> Response:
        target = request.arg("redirect_uri")
        query = urlencode(values | {"state": request.arg("state")})
        joint = "&" if "?" in target else "?"
        return Response(302, b"", {"Location": f"{target}{joint}{query}"})

    def _authenticated(self, request: Request, form: dict[str, str]) -> bool:
        given = request.header("authorization")
        if given.lower().startswith("basic "):
            try:
                text = base64.b64decode(given[6:]).decode()
            except ValueError:
                return False
            return text == f"{self.client_id}:{self._secret}"
        return (form.get("client_id"), form.get("client_secret")) == (self.client_id, self._secret)

    def _token(self, request: Request) -> Response:
        form = request.form()
        if not self._authenticated(request, form):
            return _refusal("invalid_client", status=401)
        kind = form.get("grant_type", "")
        if kind == "authorization_code":
            return self._exchange(form)
        if kind == "refresh_token":
            return self._refresh(request, form.get("refresh_token", ""))
        return _refusal("unsupported_grant_type" if kind else "invalid_request")

    def _exchange(self, form: dict[str, str]) -> Response:
        with self._store.transaction():
            code = self._store.get("_codes", form.get("code", ""))
            late = code and self._clock.now() >= datetime.fromisoformat(code["expires"])
            if code is None or late or code["redirect"] != form.get("redirect_uri"):
                return _refusal("invalid_grant", "Incorrect or invalid authorization code")
            self._store.delete("_codes", form["code"])
            grant = f"grant-{self._store.next('grants')}"
            return self._answer(*self._issue(grant, str(code["realm"])), hard=False)

    def _refresh(self, request: Request, token: str) -> Response:
        hard = request.header("x-include-refresh-token-hard-expires-in").lower() == "true"
        with self._store.transaction():
            doc = self._store.get("_tokens", token)
            grant = self._grant(doc) if doc else None
            if doc is None or doc["kind"] != "refresh" or grant is None:
                return _refusal("invalid_grant", "Incorrect or invalid refresh token")
            if grant["refresh"] != token or self._clock.now() >= datetime.fromisoformat(
                doc["expires"]
            ):
                return _refusal("invalid_grant", "Incorrect or invalid refresh token")
            access, refresh = self._issue(str(doc["grant"]), str(doc["realm"]))
            age = self._clock.now() - datetime.fromisoformat(doc["made"])
            if not self.strict and age < timedelta(hours=24):
                self._store.delete("_tokens", refresh)
                refresh = token
                self._store.put(
                    "_grants", str(doc["grant"]), {**grant, "access": access, "refresh": token}
                )
            return self._answer(access, refresh, hard=hard)

    def _answer(self, access: str, refresh: str, *, hard: bool) -> Response:
        body: dict[str, Any] = {
            "token_type": "bearer",
            "access_token": access,
            "expires_in": ACCESS_SECONDS,
            "refresh_token": refresh,
            "x_refresh_token_expires_in": REFRESH_SECONDS,
        }
        if hard:
            body["x_refresh_token_hard_expires_in"] = HARD_SECONDS
        return Response.json(
            body, headers={"intuit_tid": f"1-{access[-12:]}", "Cache-Control": "no-store"}
        )

    def _revoke(self, request: Request) -> Response:
        if not self._authenticated(request, {}):
            return _refusal("invalid_client", status=401)
        try:
            token = str(request.json()["token"])
        except (ValueError, KeyError, TypeError):
            return _refusal("invalid_request")
        doc = self._store.get("_tokens", token)
        if doc is None:
            return _refusal("invalid_request")
        self._store.delete("_grants", str(doc["grant"]))
        return Response(200)

    def _user(self, request: Request) -> Response:
        realm, _ = self.check(request.header("authorization"))
        if not realm:
            return Response.json({"error": "invalid_token"}, 401)
        return Response.json({"sub": "00000000-0000-4000-8000-000000000001", "emailVerified": True})


def _refusal(error: str, words: str = "", status: int = 400) -> Response:
    body = {"error": error} | ({"error_description": words} if words else {})
    return Response.json(body, status, {"intuit_tid": "1-refused"})
