"""What people type when they connect a system."""

from __future__ import annotations

from typing import Any

from django import forms

from connectors.registry import CONNECTORS
from studio.accounts.models import Workspace
from studio.catalog.models import Connection


def _users(setting: str) -> str:
    """The systems that have a setting, in words."""
    return ", ".join(s.label for s in CONNECTORS.values() if setting in s.capabilities.settings)


class ConnectForm(forms.Form):
    """One connection: where it is, who we are there, how and when it may be used."""

    system = forms.ChoiceField(choices=[(s.key, s.label) for s in CONNECTORS.values()])
    name = forms.CharField(max_length=80, help_text="What people call this company.")
    base_url = forms.CharField(label="Address", help_text="https://… of the API or the server")
    company = forms.CharField(
        max_length=80,
        help_text=", ".join(f"{s.label} {s.capabilities.company}" for s in CONNECTORS.values()),
    )
    currency = forms.CharField(max_length=3, min_length=3, initial="USD", label="Base currency")
    operator = forms.CharField(required=False, help_text=_users("operator"))
    operator_password = forms.CharField(required=False, widget=forms.PasswordInput)
    company_password = forms.CharField(required=False, widget=forms.PasswordInput)
    client_id = forms.CharField(required=False, help_text=_users("client_id"))
    client_secret = forms.CharField(required=False, widget=forms.PasswordInput)
    refresh_token = forms.CharField(required=False, widget=forms.PasswordInput)
    webhook_key = forms.CharField(required=False, widget=forms.PasswordInput)
    network_path = forms.ChoiceField(
        choices=[
            ("direct", "Direct"),
            ("tunnel", "Through a tunnel"),
            ("agent", "Through an agent on site"),
        ]
    )
    allowed_hours = forms.CharField(
        required=False, help_text="e.g. 06:00-22:00; empty means always"
    )

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._workspace = workspace

    def clean_name(self) -> str:
        """Names are unique inside a workspace."""
        name: str = self.cleaned_data["name"].strip()
        if Connection.objects.filter(workspace=self._workspace, name=name).exists():
            raise forms.ValidationError("There is a connection of this name already.")
        return name

    def clean_base_url(self) -> str:
        """Plain HTTP is for loopback only."""
        url: str = self.cleaned_data["base_url"].strip().rstrip("/")
        local = url.startswith(("http://127.0.0.1", "http://localhost", "http://[::1]"))
        if not url.startswith("https://") and not local:
            raise forms.ValidationError(
                "Use https:// (plain http is allowed for this machine only)."
            )
        return url

    def clean(self) -> dict[str, Any]:
        """What the chosen system cannot do without is there."""
        data = super().clean() or {}
        if system := CONNECTORS.get(data.get("system", "")):
            for name in system.capabilities.needs:
                if not data.get(name):
                    self.add_error(name, f"{system.label} needs this.")
        return data

    def options(self) -> dict[str, str]:
        """Settings that are no secrets."""
        return {n: self.cleaned_data[n] for n in ("operator", "client_id") if self.cleaned_data[n]}

    def secrets(self) -> dict[str, Any]:
        """Secrets, tokens where the token store looks for them."""
        names = ("operator_password", "company_password", "client_secret", "webhook_key")
        found: dict[str, Any] = {n: self.cleaned_data[n] for n in names if self.cleaned_data[n]}
        if self.cleaned_data["refresh_token"]:
            found["tokens"] = {
                "access_token": "",
                "refresh_token": self.cleaned_data["refresh_token"],
            }
        return found
