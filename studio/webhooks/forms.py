"""What people type about an address that is to be told of events."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from studio.webhooks.events import EVENTS


class EndpointForm(forms.Form):
    """Who listens, where, and of what; the action says whether it may be."""

    name = forms.CharField(max_length=80, label=_("Program"))
    url = forms.CharField(
        max_length=500,
        label=_("Address"),
        widget=forms.URLInput(attrs={"placeholder": "https://…"}),
    )
    events = forms.MultipleChoiceField(
        choices=list(EVENTS.items()), label=_("It is told when"), required=True
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["url"].help_text = (
            _("A sandbox may also tell addresses of this machine.")
            if settings.WEBHOOKS_INSIDE
            else _("Of a public server; it is told over TLS and must answer within ten seconds.")
        )

    def chosen(self) -> list[tuple[str, Any, bool]]:
        """Every event with its words and whether it is ticked."""
        given = self["events"].value() or []
        return [(key, words, key in given) for key, words in EVENTS.items()]
