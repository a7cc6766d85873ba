"""``manage.py up``: the whole studio on one machine under one supervisor."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, Any

from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from connectors.registry import CONNECTORS
from studio.core.loading import loading
from studio.core.supervisor import Child, ChildFailedError, Supervisor

# A system that sends its records has nothing that could be emulated.
SYSTEMS = tuple(key for key, one in CONNECTORS.items() if not one.capabilities.receives)
READY_SECONDS = 120.0


class Command(BaseCommand):
    """Migrates, seeds on first start, then keeps emulators, web, workers and scheduler running."""

    help = "Run everything on one machine: emulators, web, workers, scheduler. Ctrl-C stops all."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        port = os.environ.get("PORT") or "8000"
        parser.add_argument("--port", type=int, default=int(port), help="0 takes a free one")
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--data", type=Path, help="folder for everything written (var)")
        parser.add_argument("--size", default="S", help="sample company: S or L")
        parser.add_argument("--no-seed", action="store_true", help="start with an empty studio")
        parser.add_argument("--no-emulators", action="store_true")
        parser.add_argument("--json", action="store_true", help="one line of JSON when ready")

    def handle(self, *args: Any, **options: Any) -> None:
        self.as_json = bool(options["json"])
        _move_to(options["data"])
        lock = _only_one(settings.VAR_DIR)
        port = options["port"] or _free_port()
        if not _is_free(options["host"], port, wait=8):
            raise CommandError(f"port {port} is in use; choose another: PORT={port + 1} make run")
        begun = time.monotonic()
        self.say("preparing the database and static files …")
        call_command("migrate", interactive=False, verbosity=0)
        collect_static()
        connections.close_all()
        url = f"http://{options['host']}:{port}"
        boss = Supervisor(settings.VAR_DIR, _environment(url), self.say)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, boss.on_signal)
        try:
            self.start(boss, url, options)
            if not boss.stopping:
                self.welcome(url, time.monotonic() - begun, boss)
            boss.watch()
        except ChildFailedError as error:
            raise CommandError(str(error)) from error
        finally:
            self.say("stopping …")
            boss.stop()
            lock.close()
        self.say("stopped.")

    def start(self, boss: Supervisor, url: str, options: dict[str, Any]) -> None:
        """The pages first, so that people can look while the sample company is being loaded."""
        host, port = url.removeprefix("http://").rsplit(":", 1)
        boss.add(Child("web", web_command(host, int(port)), rank=1))
        if not options["no_emulators"]:
            self.say(
                f"starting the emulated {', '.join(CONNECTORS[key].label for key in SYSTEMS)} …"
            )
            start_emulators(boss, options["size"])
        if not boss.watch(lambda: _answers(url), seconds=READY_SECONDS) and not boss.stopping:
            raise CommandError(f"the first page did not answer; see {boss.log_of('web')}")
        self.say(f"the pages are at {url}")
        if not options["no_seed"] and not boss.stopping:
            self.seed(boss, options["size"])
        if not options["no_emulators"] and not boss.stopping:
            self.listen(boss, url)
        if not boss.stopping:
            boss.add(Child("worker", worker_command("sync", 4)))
            boss.add(Child("worker-ai", worker_command("ai", 1)))
            boss.add(Child("scheduler", scheduler_command()))

    def seed(self, boss: Supervisor, size: str) -> None:
        """Load the sample company once; a first start that broke half-way tries again."""
        mark = settings.VAR_DIR / "seeded"
        if mark.exists():
            return
        self.say("loading the sample company (first start only) …")
        command = [sys.executable, "manage.py", "seed", "--size", size]
        with loading():
            process = subprocess.Popen(
                command, cwd=settings.BASE_DIR, env=_environment(""), stdout=sys.stderr
            )
            boss.watch(lambda: process.poll() is not None)
            if boss.stopping:
                process.terminate()
                process.wait()
        if boss.stopping:
            return
        if process.returncode:
            raise CommandError("the sample company could not be loaded (see above)")
        mark.touch()

    def listen(self, boss: Supervisor, url: str) -> None:
        """Let the emulators post changes to us; without it the polls find them some seconds later."""
        process = subprocess.Popen(
            [sys.executable, "manage.py", "listen"],
            cwd=settings.BASE_DIR,
            env=_environment(url),
            stdout=sys.stderr,
        )
        boss.watch(lambda: process.poll() is not None)
        if boss.stopping:
            process.terminate()
            process.wait()
        elif process.returncode:
            self.say("the emulators could not be told where to post; polls find their changes")

    def welcome(self, url: str, seconds: float, boss: Supervisor) -> None:
        """Where to go and as whom."""
        people = apps.get_app_config("accounts").module.models.sample_people()  # type: ignore[union-attr]
        if self.as_json:
            line = {
                "url": url,
                "data": str(settings.VAR_DIR),
                "seconds": round(seconds, 1),
                "pid": os.getpid(),
                "children": {child.name: child.pid for child in boss.children},
            }
            self.stdout.write(json.dumps(line))
            self.stdout.flush()
            return
        self.stdout.write(f"\n  The studio is ready after {seconds:.0f} s:  {url}\n\n")
        if settings.SANDBOX:
            self.stdout.write("  sign in as        password          role\n")
            for person in people:
                self.stdout.write(
                    f"  {person['username']:<16}  {person['password']:<16}  {person['role']}\n"
                )
        self.stdout.write(f"\n  logs: {settings.VAR_DIR / 'log'}    Ctrl-C stops everything\n")
        self.stdout.flush()

    def say(self, line: str) -> None:
        """Progress for the person; on stderr so that ``--json`` stays one line."""
        self.stderr.write(line, self.style.HTTP_NOT_MODIFIED)
        self.stderr.flush()


def start_emulators(boss: Supervisor, size: str) -> None:
    """Start one emulator per system on the ports remembered in ``emulators.json``.

    The file says what a connection to each needs (url, ids, sandbox secrets); the seed reads it.
    """
    file = settings.VAR_DIR / "emulators.json"
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    for system in SYSTEMS:
        port = int(known.get(system, {}).get("port", 0)) or _free_port()
        if not _is_free("127.0.0.1", port, wait=10):
            raise CommandError(
                f"port {port}, remembered for the emulated {system} in {file}, is in use; "
                "end the program that holds it"
            )
        data = settings.VAR_DIR / "emulators" / system
        command = [sys.executable, "manage.py", "emulate", system, "--port", str(port)]
        command += ["--size", size, "--data", str(data), "--control"]
        known.setdefault(system, {})["port"] = port
        boss.add(Child(f"emulator-{system}", command, rank=2))
    for system in SYSTEMS:
        log = boss.log_of(f"emulator-{system}")
        if boss.watch(lambda log=log: _hello(log) is not None, seconds=READY_SECONDS):  # type: ignore[misc]
            known[system].update(_hello(log) or {})
        elif not boss.stopping:
            raise CommandError(f"the emulated {system} did not start; see {log}")
    file.write_text(json.dumps(known, indent=1), encoding="utf-8")
    file.chmod(0o600)


def web_command(host: str, port: int) -> list[str]:
    """Gunicorn with threads; its scratch files stay in ``var``."""
    return [
        *(sys.executable, "-m", "gunicorn", "studio.wsgi", "--bind", f"{host}:{port}"),
        *("--worker-class", "gthread", "--workers", "2", "--threads", "4", "--timeout", "60"),
        *("--graceful-timeout", "5", "--keep-alive", "20", "--no-control-socket"),
        *("--worker-tmp-dir", str(settings.VAR_DIR / "tmp"), "--log-level", "warning"),
    ]


def worker_command(queue: str, threads: int) -> list[str]:
    """One Celery worker; threads, because the model's libraries hang in forked children."""
    return [
        *(sys.executable, "-m", "celery", "-A", "studio", "worker", "--pool", "threads"),
        *("--concurrency", str(threads), "--queues", queue, "--hostname", f"{queue}@studio"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING"),
    ]


def scheduler_command() -> list[str]:
    """Celery beat with its memory in ``var``."""
    schedule = str(settings.VAR_DIR / "beat")
    return [
        *(sys.executable, "-m", "celery", "-A", "studio", "beat", "--schedule", schedule),
        *("--pidfile", "", "--loglevel", "WARNING"),
    ]


def collect_static() -> None:
    """Run collectstatic when a source file or a package changed; compressing costs seconds."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            found = Path(storage.path(path)).stat()
            digest.update(f"{path}:{found.st_size}:{found.st_mtime_ns};".encode())
    mark = settings.STATIC_ROOT / ".sources"
    if mark.exists() and mark.read_text(encoding="ascii") == digest.hexdigest():
        return
    call_command("collectstatic", interactive=False, verbosity=0, clear=False)
    mark.write_text(digest.hexdigest(), encoding="ascii")


def _move_to(data: Path | None) -> None:
    """Start over with another data folder: settings read it before the options are known."""
    if data is None or data.resolve() == settings.VAR_DIR:
        return
    env = {**os.environ, "STUDIO_VAR": str(data.resolve())}
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, *sys.argv], env)  # noqa: S606 (ourselves)


def _only_one(folder: Path) -> IO[str]:
    """Hold the folder for this process; the kernel lets go of it however we end."""
    lock = (folder / "up.lock").open("a+", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.seek(0)
        pid = lock.read().strip()
        raise CommandError(f"already running with this data folder (process {pid})") from error
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _environment(url: str) -> dict[str, str]:
    temporary = settings.VAR_DIR / "tmp"
    temporary.mkdir(exist_ok=True)
    given = {
        "STUDIO_VAR": str(settings.VAR_DIR),
        "TMPDIR": str(temporary),
        "HF_HOME": str(settings.VAR_DIR / "models"),
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONUNBUFFERED": "1",
        # Several processes share a few cores; more threads each only get in each other's way.
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "2"),
    }
    if url:
        given["STUDIO_URL"] = url
    return {**os.environ, **given}


def _hello(log: Path) -> dict[str, Any] | None:
    """The line of JSON an emulator prints when it is ready."""
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("{"):
            return dict(json.loads(line))
    return None


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/accounts/sign-in/", timeout=5):  # noqa: S310 (our own)
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _is_free(host: str, port: int, *, wait: float) -> bool:
    """Whether we may listen there; waits for the last run's processes to let go."""
    deadline = time.monotonic() + wait
    while True:
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind((host, port))
            except OSError:
                if time.monotonic() > deadline:
                    return False
            else:
                return True
        time.sleep(0.2)
