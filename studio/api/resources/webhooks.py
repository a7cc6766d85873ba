"""Addresses that are told of events, and each event's way to them."""

from __future__ import annotations

from typing import Any

from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from studio.accounts.roles import CONNECT
from studio.api.base import Resource, deed
from studio.webhooks import actions
from studio.webhooks.events import EVENTS
from studio.webhooks.models import Endpoint, Message

KEYS = [(key, str(words)) for key, words in EVENTS.items()]


class WebhookShape(serializers.ModelSerializer[Endpoint]):
    """An address without its secret."""

    class Meta:
        model = Endpoint
        fields = [
            "uuid", "name", "url", "events", "state", "made_by", "failures", "failing_since",
            "rest_until", "last_success_at", "why", "old_secret_until", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields

    events = serializers.ListField(child=serializers.CharField(), read_only=True)


class WebhookSecret(WebhookShape):
    """With the secret, which is answered this once; a repeated call gets it empty."""

    secret = serializers.CharField()

    class Meta(WebhookShape.Meta):
        fields = [*WebhookShape.Meta.fields, "secret"]
        read_only_fields = fields


class WebhookMessageShape(serializers.ModelSerializer[Message]):
    """One event on its way to one address; ``event_id`` is what the receiver sees."""

    webhook = serializers.UUIDField(source="endpoint.uuid", read_only=True)
    event_id = serializers.UUIDField(source="event.uuid", read_only=True)
    event = serializers.CharField(source="event.key", read_only=True)
    subject = serializers.CharField(source="event.subject", read_only=True)
    happened_at = serializers.DateTimeField(source="event.created_at", read_only=True)

    class Meta:
        model = Message
        fields = [
            "uuid", "webhook", "event_id", "event", "subject", "happened_at", "state", "attempts",
            "not_before", "sent_at", "done_at", "status", "answer", "milliseconds",
        ]  # fmt: skip
        read_only_fields = fields


class WebhookBody(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=80)
    url = serializers.CharField(max_length=500)
    events = serializers.MultipleChoiceField(choices=KEYS)


class WebhookFilter(filters.FilterSet):  # type: ignore[misc]
    class Meta:
        model = Endpoint
        fields = ["state"]


class WebhookMessageFilter(filters.FilterSet):  # type: ignore[misc]
    webhook = filters.UUIDFilter(field_name="endpoint__uuid")
    event = filters.CharFilter(field_name="event__key")
    event_id = filters.UUIDFilter(field_name="event__uuid")

    class Meta:
        model = Message
        fields = ["state"]


class _Managed:
    """An address may carry a secret of its own: reading it takes the permission, too."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        self.actor.require(CONNECT)  # type: ignore[attr-defined]


class Webhooks(_Managed, Resource[Endpoint]):
    """Addresses that are told of events."""

    queryset = Endpoint.objects.exclude(state="removed")
    serializer_class = WebhookShape
    filterset_class = WebhookFilter

    @deed(WebhookBody, WebhookSecret, detail=False, once_only=("secret",))
    def add(self, request: Request) -> Response:
        """A new address; the answer has its secret."""
        body = self.asked(WebhookBody)
        made, secret = actions.add(
            self.actor, self.workspace, body["name"], body["url"], list(body["events"])
        )
        return self._with(made, secret)

    @deed(WebhookBody, WebhookShape)
    def change(self, request: Request, uuid: str) -> Response:
        """Another name, address or choice of events; what is not said is not kept."""
        body, row = self.asked(WebhookBody), self.get_object()
        events = list(body["events"])
        actions.change(self.actor, row, name=body["name"], url=body["url"], events=events)
        return self.said(WebhookShape, row)

    @deed(None, WebhookSecret, once_only=("secret",))
    def renew_secret(self, request: Request, uuid: str) -> Response:
        """A new secret; the one before signs, too, for 24 hours."""
        row = self.get_object()
        return self._with(row, actions.renew_secret(self.actor, row))

    @deed(None, WebhookShape)
    def switch_on(self, request: Request, uuid: str) -> Response:
        """Go on; what waits is sent."""
        row = self.get_object()
        actions.switch(self.actor, row, on=True)
        return self.said(WebhookShape, row)

    @deed(None, WebhookShape)
    def switch_off(self, request: Request, uuid: str) -> Response:
        """Tell it nothing of what happens from now on."""
        row = self.get_object()
        actions.switch(self.actor, row, on=False)
        return self.said(WebhookShape, row)

    @deed(None, WebhookShape)
    def remove(self, request: Request, uuid: str) -> Response:
        """End it for good; the secret is forgotten."""
        row = self.get_object()
        actions.remove(self.actor, row)
        return self.said(WebhookShape, row)

    @deed(None, WebhookMessageShape)
    def ping(self, request: Request, uuid: str) -> Response:
        """Send a test message, once; read it again to see what was answered."""
        return self.said(WebhookMessageShape, actions.ping(self.actor, self.get_object()))

    def _with(self, row: Endpoint, secret: str) -> Response:
        row.secret = secret  # type: ignore[attr-defined]
        return self.said(WebhookSecret, row)


class WebhookMessages(_Managed, Resource[Message]):
    """Events on their way, newest first; kept for 30 days."""

    queryset = Message.objects.select_related("endpoint", "event")
    serializer_class = WebhookMessageShape
    filterset_class = WebhookMessageFilter
    order = ("-id",)
    place = "endpoint__workspace"

    @deed(None, WebhookMessageShape)
    def send_again(self, request: Request, uuid: str) -> Response:
        """Send the event once more, with the id it had."""
        message = self.get_object()
        actions.send_again(self.actor, message)
        message.refresh_from_db()
        return self.said(WebhookMessageShape, message)
