"""``manage.py seed``: the sample company, ready to review."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from studio.sandbox.seeding import seed


class Command(BaseCommand):
    """Loads the sample company from the running emulators."""

    help = "Connect to the running emulators and propose mappings; approves nothing. Repeatable."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--size", default="S", help="size the emulators were started with")

    def handle(self, *args: Any, **options: Any) -> None:
        seed(self.stdout.write)
