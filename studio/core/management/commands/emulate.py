"""``manage.py emulate qbo``: serve one emulated system on loopback until it is told to stop."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from connectors.emulation import serve


class Command(BaseCommand):
    """Serves one emulator in the foreground; prints one line of JSON when it is ready."""

    help = "Serve an emulated system with the sample company."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("system", choices=sorted(serve.EMULATORS))
        parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
        parser.add_argument("--size", default="S", help="S for review, L for load")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--data", type=Path, help="folder that remembers changes")
        parser.add_argument(
            "--control",
            action=argparse.BooleanOptionalAction,
            default=settings.SANDBOX,
            help="offer /_control (in a sandbox: yes unless told otherwise)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["data"]:
            options["data"].mkdir(parents=True, exist_ok=True)
        serve.run(
            options["system"],
            options["port"],
            options["size"],
            options["seed"],
            options["data"],
            control=options["control"],
        )
