"""What people type when they connect a system: how it is reached, then who we are there."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _

from connectors.registry import System
from engine.canon.money import CURRENCIES
from engine.runtime.schedule import Hours
from studio.accounts.models import User, Workspace, colleagues
from studio.catalog.models import AGENT, Connection
from studio.catalog.schemas import base_currency_of
from studio.catalog.twins import sentence_about, twins_of
from studio.catalog.uses import dependents_of

PATHS = {
    "direct": "Directly over the internet",
    "tunnel": "Through a tunnel into the company's network",
    AGENT: "Through our agent that runs beside the server",
}
WORDS = {
    "operator": "Operator",
    "operator_password": "Operator's password",
    "company_password": "Company's password",
    "sql_url": "Address of its database, read only",
    "client_id": "Client id of the app",
    "client_secret": "Client secret of the app",
    "webhook_key": "Key that signs webhooks",
    "refresh_token": "Refresh token, if you have one already",
}
HELP = {
    "operator": "A user of its own, with just the rights the flows need. Fields it may not see are hidden from us.",
    "client_id": "From the developer page of the vendor, where the studio is registered as an app.",
    "webhook_key": "Without it the source is asked regularly instead.",
}


class ReachForm(forms.Form):
    """How a company is reached: address, path, hours, throughput, owner."""

    name = forms.CharField(max_length=80, help_text="What people call this company.")
    base_url = forms.CharField(label="Address")
    company = forms.CharField(max_length=80, required=False)
    currency = forms.CharField(max_length=3, min_length=3, required=False, label="Base currency")
    network_path = forms.ChoiceField(
        label="How it is reached",
        choices=list(PATHS.items()),
        help_text="For a tunnel give the address of its end on this side. For our agent give the address as the agent "
        "reaches it, such as http://syspro-host:30661; the next step shows how to start it.",
    )
    allowed_hours = forms.CharField(
        required=False,
        label="Allowed hours",
        help_text="Such as 06:00-22:00 or mon-fri 06:00-22:00 Europe/London; empty means always. "
        "Outside of them nothing is read and nothing is sent.",
    )
    per_minute = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=100_000,
        label="Most calls a minute",
        help_text="Empty means the vendor's own limit.",
    )
    owner = forms.ModelChoiceField(
        User.objects.none(), required=False, help_text="Who is asked when it breaks."
    )
    unlocks = forms.EmailField(
        required=False,
        label="Who opens closed periods",
        help_text="A mail address; often the accountant outside. Who works exceptions asks there.",
    )

    again = forms.BooleanField(required=False, label="Connect this company a second time")

    def __init__(
        self,
        *args: Any,
        workspace: Workspace,
        system: System,
        connection: Connection | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._workspace, self._system, self._connection = workspace, system, connection
        can = system.capabilities
        self.fields["base_url"].help_text = (
            f"The real service is {can.production}; a sandbox has its own address."
            if can.production
            else "https://… of the server, as this machine reaches it."
        )
        self.fields["base_url"].initial = can.production
        if can.production:
            # A service on the internet is reached by the internet.
            open_paths = [(k, label) for k, label in PATHS.items() if k != AGENT]
            self.fields["network_path"].choices = open_paths  # type: ignore[attr-defined]
        self.fields["company"].label = can.company.capitalize()
        self.fields["company"].required = can.consent is None
        self.fields["company"].help_text = (
            "" if can.consent is None else "Empty: it is taken from the sign-in."
        )
        if connection is not None and (can.consent or dependents_of(connection)):
            # What was read and posted belongs to it; the sign-in says which one it is.
            self.fields["company"].disabled = True
            self.fields["company"].help_text = (
                "It comes from the sign-in; there it is exchanged as long as nothing rests on it."
                if can.consent
                else "Flows rest on it. Connect another company as a connection of its own."
            )
        self.fields["currency"].required = connection is not None
        if connection is None:
            self.fields["currency"].help_text = "Empty: it is taken from the company."
        self._twin = self._find_twin()
        if self._twin is None:
            # Asked only of those whose company is connected already.
            del self.fields["again"]
        people = colleagues(workspace).order_by("display_name")
        self.fields["owner"].queryset = people  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        """Names are unique inside a workspace."""
        name: str = self.cleaned_data["name"].strip()
        others = Connection.objects.filter(workspace=self._workspace, name=name)
        if self._connection is not None:
            others = others.exclude(pk=self._connection.pk)
        if others.exists():
            raise forms.ValidationError("There is a connection of this name already.")
        return name

    def clean_currency(self) -> str:
        """A code of ISO 4217, in capitals; the company's own word counts where it was read."""
        code: str = self.cleaned_data["currency"].strip().upper()
        if code and code not in CURRENCIES:
            raise forms.ValidationError(
                _("%(code)s is no currency. Give its three letters, such as USD or GBP.")
                % {"code": code}
            )
        theirs = base_currency_of(self._connection) if self._connection else ""
        if theirs and code != theirs:
            raise forms.ValidationError(
                _("The company keeps its books in %(theirs)s.") % {"theirs": theirs}
            )
        return code

    def _find_twin(self) -> Connection | None:
        typed = {n: str(self.data.get(n, "")).strip() for n in ("company", "base_url")}
        kept = self.fields["company"].disabled
        same = self._connection and typed["company"] == self._connection.company
        if kept or not typed["company"] or same:
            return None
        like = Connection(
            pk=self._connection.pk if self._connection else None,
            workspace=self._workspace,
            system=self._system.key,
            company=typed["company"],
            base_url=typed["base_url"].rstrip("/"),
        )
        return next(iter(twins_of(like)), None)

    def clean(self) -> dict[str, Any]:
        """A company is connected once, unless somebody means it."""
        data: dict[str, Any] = super().clean() or {}
        self._check_scheme(data)
        if self._twin is not None and not data.get("again"):
            like = Connection(company=data.get("company", ""))
            raise forms.ValidationError(
                f"{sentence_about(like, self._twin)} Tick the last box if that is what you want."
            )
        return data

    def clean_base_url(self) -> str:
        """Addresses are kept without a slash at their end."""
        url: str = self.cleaned_data["base_url"].strip().rstrip("/")
        return url

    def _check_scheme(self, data: dict[str, Any]) -> None:
        """Plain HTTP is for loopback, and for the last steps of an agent inside the company's network."""
        url = str(data.get("base_url", "https://"))
        local = url.startswith(("http://127.0.0.1", "http://localhost", "http://[::1]"))
        agent = data.get("network_path") == AGENT and url.startswith("http://")
        if not url.startswith("https://") and not local and not agent:
            self.add_error(
                "base_url",
                _("Use https:// (plain http is allowed for this machine, or through our agent)."),
            )

    def clean_allowed_hours(self) -> str:
        """Hours are written in one way only, because workers read them."""
        text: str = self.cleaned_data["allowed_hours"].strip()
        try:
            Hours.read(text)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error
        return text

    def reach(self) -> dict[str, Any]:
        """What the row keeps besides name, address and company."""
        data = self.cleaned_data
        held = dict(self._connection.limits) if self._connection else {}
        limits = {k: v for k, v in held.items() if k != "per_minute"}
        if data["per_minute"]:
            limits["per_minute"] = data["per_minute"]
        return {
            "network_path": data["network_path"],
            "allowed_hours": data["allowed_hours"],
            "limits": limits,
            "owner": data["owner"],
            "unlocks": data["unlocks"],
        }


class SenderForm(ReachForm):
    """A system that sends its records: nobody has to reach it."""

    UNASKED = ("base_url", "company", "network_path", "per_minute", "unlocks")

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, workspace=workspace, **kwargs)
        for name in self.UNASKED:
            del self.fields[name]
        self.fields["name"].help_text = "What people call it, such as Webshop."
        self.fields["currency"].required = True
        self.fields["currency"].initial = workspace.base_currency
        self.fields["currency"].help_text = "Of documents that do not say theirs."
        self.fields["allowed_hours"].help_text = (
            "When what it sent is read into flows, such as mon-fri 06:00-22:00 Europe/London; empty means always. "
            "It may send at any time."
        )

    def reach(self) -> dict[str, Any]:
        """What the row keeps besides the name."""
        return {n: self.cleaned_data[n] for n in ("allowed_hours", "owner")}


class SignInForm(forms.Form):
    """Who we are there. Secrets that stay empty keep what is stored."""

    def __init__(
        self, *args: Any, system: System, held: frozenset[str] = frozenset(), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        can = system.capabilities
        self._settings = [n for n in ("operator", "client_id") if n in can.settings]
        self._secrets = [n for n in can.secrets if n in WORDS]
        for name in (*self._settings, *self._secrets):
            secret = name in self._secrets
            self.fields[name] = forms.CharField(
                label=WORDS[name],
                required=name in can.needs and name not in held,
                widget=forms.PasswordInput(attrs={"autocomplete": "off"})
                if secret
                else forms.TextInput(),
                help_text="Stored; leave it empty to keep it."
                if name in held and secret
                else HELP.get(name, ""),
            )

    def options(self) -> dict[str, str]:
        """Settings that are no secrets."""
        return {n: self.cleaned_data[n] for n in self._settings if self.cleaned_data[n]}

    def secrets(self) -> dict[str, Any]:
        """Secrets that were typed; tokens where the token store looks for them."""
        found: dict[str, Any] = {
            n: self.cleaned_data[n] for n in self._secrets if self.cleaned_data[n]
        }
        if token := found.pop("refresh_token", ""):
            found["tokens"] = {"access_token": "", "refresh_token": token}
        return found
