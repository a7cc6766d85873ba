"""``manage.py listen``: the emulated vendors post their changes to the running studio."""

from __future__ import annotations

from typing import Any

import httpx
from django.conf import settings
from django.core.management.base import BaseCommand
from django.urls import reverse

from connectors.registry import capabilities
from studio.catalog.emulated import hellos
from studio.catalog.models import Connection
from studio.sandbox.seeding import SLUG

SECONDS = 20.0


class Command(BaseCommand):
    """Subscribes each sample connection whose vendor has webhooks; repeatable."""

    help = "Let the running emulators post their changes to this studio (STUDIO_URL)."

    def handle(self, *args: Any, **options: Any) -> None:
        known = hellos()
        for connection in Connection.objects.filter(workspace__slug=SLUG):
            if not capabilities(connection.system).webhooks or connection.system not in known:
                continue
            address = settings.SITE_URL + reverse("hook", args=[connection.uuid])
            control = f"{known[connection.system]['url']}/_control/webhooks"
            answer = httpx.post(control, json={"url": address}, timeout=SECONDS, trust_env=False)
            self.stdout.write(f"{connection.name} posts to {address}: {answer.text[:60]}")
