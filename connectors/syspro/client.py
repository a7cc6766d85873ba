"""e.net REST calls: one lane and one session per operator, every answer checked for errors."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from urllib.parse import quote, urlencode, urlsplit

import httpx

from connectors.config import ConnectionConfig, Services, no_lane
from connectors.http.client import ApiClient
from connectors.http.evidence import EvidenceSink, Exchange
from connectors.syspro import resolution
from connectors.syspro.lane import ProcessLane
from connectors.syspro.xml import Node, XmlError, decode, parse, write
from engine.errors import (
    AccessDenied,
    RemoteFault,
    RemoteRejected,
    RemoteUnavailable,
    SurpriseAnswer,
)

REST = "/SYSPROWCFService/Rest"
LONGEST_ADDRESS = 8000
"""Characters of an address above which a post goes as ``PostLD`` (HTTP.SYS allows about 16 KB)."""

_NO_SECOND = "<Logon><FailWhenAlreadyLoggedIn>Y</FailWhenAlreadyLoggedIn></Logon>"
"""Asks SYSPRO to refuse a second logon of the operator instead of ending the first session."""


class _Discreet:
    """Keeps exchanges, but never the session token that a logon answers."""

    def __init__(self, sink: EvidenceSink) -> None:
        self._sink = sink

    def record(self, exchange: Exchange) -> None:
        """Keep one exchange."""
        if exchange.call == "log on" and not exchange.response.startswith("ERROR"):
            exchange = replace(exchange, response="(session token)")
        self._sink.record(exchange)


class EnetClient:
    """Calls business objects as one operator in one company.

    Settings of the connection: ``operator``, ``language`` (05), ``instance`` (0), ``rest_path``,
    ``timeout`` (seconds), ``longest_address``, ``second_logon`` (``ends`` the other session, the
    default, or is ``refused``); secrets: ``operator_password``,
    ``company_password``. One call is in flight at a time per operator (``Services.lane``).
    """

    def __init__(self, config: ConnectionConfig, services: Services) -> None:
        self.company = config.company
        self.operator = config.setting("operator")
        self._config = config
        base = config.base_url.rstrip("/")
        path = config.setting("rest_path", REST)
        base = base if base.lower().endswith("/rest") else base + path
        seconds = float(config.setting("timeout", "60"))
        self._longest = int(config.setting("longest_address", str(LONGEST_ADDRESS)))
        self._http = ApiClient(
            "syspro",
            base,
            resolve=resolution.TABLE,
            budget=services.budget,
            timeout=httpx.Timeout(seconds, connect=min(seconds, 10.0)),
            transport=services.transport,
            evidence=_Discreet(services.evidence),
            clock=services.clock,
        )
        self._lane = ProcessLane(seconds * 2) if services.lane is no_lane else services.lane
        self._lane_name = f"syspro/{urlsplit(base).netloc}/{self.operator}"
        self._mine = threading.RLock()
        self._depth = 0
        self._token = ""
        self._proved = False

    # --- sessions --------------------------------------------------------------------------------

    @contextmanager
    def lane(self) -> Iterator[None]:
        """Hold the operator's lane over several calls; entering again inside is free."""
        with self._mine:
            if self._depth:
                yield
                return
            with self._lane(self._lane_name):
                self._depth, self._proved = 1, False
                try:
                    yield
                finally:
                    self._depth = 0

    def logoff(self) -> None:
        """End the session; a failure to do so is not worth an error."""
        with self._mine:
            token, self._token = self._token, ""
            if token:
                with suppress(RemoteFault), self.lane():
                    self._get("Logoff", {"UserId": token}, "log off", safe=True)

    def close(self) -> None:
        """Log off and close sockets."""
        self.logoff()
        self._http.close()

    def _logon(self) -> str:
        given = {
            "Operator": self.operator,
            "OperatorPassword": self._config.secret("operator_password"),
            "CompanyId": self.company,
            "CompanyPassword": self._config.secret("company_password"),
            "LanguageCode": self._config.setting("language", "05"),
            "LogLevel": "0",
            "EncoreInstance": self._config.setting("instance", "0"),
            "XmlIn": _NO_SECOND if self._config.setting("second_logon") == "refused" else "",
        }
        text = self._get("Logon", given, "log on", safe=True)
        fault = resolution.text_fault(text, "log on", safe=True)
        if fault is not None:
            raise fault
        token = text.strip()
        if not 20 <= len(token) <= 64 or not token.isalnum():
            raise SurpriseAnswer(
                system="syspro", call="log on", field="answer", expected="a session token"
            )
        self._token, self._proved = token, True
        return token

    # --- verbs -----------------------------------------------------------------------------------

    def query(self, bo: str, request: str, call: str = "") -> Node:
        """Run a query object.

        Raises:
            RemoteFault: what SYSPRO refused or how it failed.
        """
        args = {"BusinessObject": bo, "XmlIn": request}
        return self._run("Query/Query", args, call or f"query {bo}", safe=True)

    def fetch(self, request: str, call: str = "fetch") -> Node:
        """Fetch one row (COMFCH)."""
        return self._run("Query/Fetch", {"XmlIn": request}, call, safe=True)

    def browse(self, request: str, call: str = "browse") -> Node:
        """A page of a browse (COMBRW)."""
        return self._run("Query/Browse", {"XmlIn": request}, call, safe=True)

    def next_key(self, request: str, *, back: bool = False) -> Node:
        """The next or previous key (COMKEY)."""
        path = "PreviousKey" if back else "NextKey"
        return self._run(path, {"XmlIn": request}, "read the next key", safe=True)

    def build(self, bo: str, request: str, call: str = "") -> Node:
        """Run a build object; nothing is posted."""
        args = {"BusinessObject": bo, "XmlIn": request}
        return self._run("Transaction/Build", args, call or f"build {bo}", safe=True)

    def setup(self, verb: str, bo: str, documents: tuple[str, str], call: str) -> Node:
        """``Add``, ``Update`` or ``Delete`` a master record; ``documents`` = parameters, data."""
        args = {"BusinessObject": bo, "XmlParameters": documents[0], "XmlIn": documents[1]}
        return self._run(f"Setup/{verb}", args, call, safe=False)

    def post(self, bo: str, documents: tuple[str, str], call: str, *, safe: bool = False) -> Node:
        """Post a transaction; ``safe`` for a mere validation. Long ones go as ``PostLD``."""
        args = {"BusinessObject": bo, "XmlParameters": documents[0], "XmlIn": documents[1]}
        return self._run("Transaction/Post", args, call, safe=safe)

    def profile(self) -> Node:
        """Facts about the session; the light test of a connection."""
        return self._run("GetLogonProfile", {}, "read the logon profile", safe=True)

    def version(self) -> str:
        """The service's version; needs no session."""
        return self._get("GetVersion", {}, "read the version", safe=True).strip()

    # --- one call --------------------------------------------------------------------------------

    def _run(self, path: str, args: Mapping[str, str], call: str, *, safe: bool) -> Node:
        with self.lane():
            if not safe:
                self._make_sure()
            text = self._with_session(path, args, call, safe=safe)
        return self._checked(text, call, safe=safe)

    def _make_sure(self) -> None:
        """Before a post: prove the session alive once per hold of the lane.

        A post is not repeated, and while we did not hold the lane another worker may have logged on.
        """
        if self._token and not self._proved:
            self._with_session("GetLogonProfile", {}, "read the logon profile", safe=True)

    def _with_session(self, path: str, args: Mapping[str, str], call: str, *, safe: bool) -> str:
        token = self._token or self._logon()
        text = self._call(path, {"UserId": token, **args}, call, safe=safe)
        if "supplied userid is invalid" in text[:200].lower():
            self._token = ""
            if not safe:
                raise RemoteUnavailable(
                    system="syspro", call=call, detail="The session had ended; nothing was posted."
                )
            text = self._call(path, {"UserId": self._logon(), **args}, call, safe=safe)
            if "supplied userid is invalid" in text[:200].lower():
                self._token = ""
                raise AccessDenied(
                    system="syspro", call=call, detail="Each new session ends at once."
                )
        self._proved = True
        return text

    def _call(self, path: str, args: Mapping[str, str], call: str, *, safe: bool) -> str:
        length = sum(len(quote(v, safe="")) + len(k) + 2 for k, v in args.items())
        if path == "Transaction/Post" and length > self._longest:
            return self._large(args, call, safe=safe)
        return self._get(path, args, call, safe=safe)

    def _get(self, path: str, args: Mapping[str, str], call: str, *, safe: bool) -> str:
        # Blanks must be %20, so the query is written here and not by httpx.
        address = f"/{path}?{urlencode(args, quote_via=quote)}" if args else f"/{path}"
        return self._text(lambda: self._http.send("GET", address, call=call, safe=safe), call)

    def _large(self, args: Mapping[str, str], call: str, *, safe: bool) -> str:
        inner = "".join(write(name, value) for name, value in args.items())
        body = f'<TransactionPostLD xmlns="http://SYSPROWcfService">{inner}</TransactionPostLD>'
        headers = {"Content-Type": "application/xml"}
        return self._text(
            lambda: self._http.send(
                "POST",
                "/Transaction/PostLD",
                call=call,
                safe=safe,
                content=body.encode(),
                headers=headers,
            ),
            call,
        )

    @staticmethod
    def _text(send: Callable[[], httpx.Response], call: str) -> str:
        try:
            return decode(send().content)
        except XmlError as error:
            raise SurpriseAnswer(
                system="syspro", call=call, field="answer", expected="shorter", detail=str(error)
            ) from None

    @staticmethod
    def _checked(text: str, call: str, *, safe: bool) -> Node:
        fault = resolution.text_fault(text, call, safe=safe)
        if fault is not None:
            raise fault
        try:
            root = parse(text)
        except XmlError as error:
            raise SurpriseAnswer(
                system="syspro",
                call=call,
                field="answer",
                expected="an XML document",
                detail=str(error),
            ) from None
        # Most answers are long tables without a trace of trouble: look at the text before the tree.
        if not resolution.suspicious(text):
            return root
        faults = resolution.element_faults(root, call)
        if faults:
            raise faults[0]
        why = resolution.rejected(root)
        if why:
            words = "; ".join(resolution.warnings(root)) or why
            raise RemoteRejected(system="syspro", call=call, detail=words)
        return root
