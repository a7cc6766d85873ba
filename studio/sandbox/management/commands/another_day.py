"""``manage.py another_day``: new orders, credit notes and supplier invoices in the sample company."""

from __future__ import annotations

from typing import Any

import httpx
from django.core.management.base import BaseCommand, CommandError, CommandParser

from studio.catalog.models import Connection
from studio.sandbox.day import another_day, first_open_day
from studio.sandbox.seeding import SLUG


class Command(BaseCommand):
    """One more day at every SYSPRO company of the running sample group."""

    help = (
        "Let another day pass at the sample company: orders, credit notes, supplier invoices come."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--orders", type=int, default=3, help="completed orders per company")
        parser.add_argument("--credits", type=int, default=1, help="credit notes per company")
        parser.add_argument("--bills", type=int, default=2, help="supplier invoices per company")

    def handle(self, *args: Any, **options: Any) -> None:
        erps = Connection.objects.filter(workspace__slug=SLUG, system="syspro").order_by("pk")
        if not erps:
            raise CommandError("There is no sample company here. `make run` sets it up.")
        for erp in erps:
            try:
                came = another_day(
                    erp,
                    orders=options["orders"],
                    credit_notes=options["credits"],
                    bills=options["bills"],
                    first_open=first_open_day(erp),
                )
            except httpx.HTTPError as error:
                raise CommandError(
                    f"The emulated SYSPRO at {erp.base_url} does not answer ({error}). "
                    "Start it with `make run`."
                ) from error
            if not came.orders and options["orders"]:
                self.stdout.write(
                    f"{erp}: no order went through yet, so none comes that is like it."
                )
            for words, numbers in (
                ("orders completed", came.orders),
                ("credit notes", came.credit_notes),
                ("supplier invoices", came.bills),
            ):
                if numbers:
                    self.stdout.write(f"{erp}: {words} {', '.join(numbers)}")
