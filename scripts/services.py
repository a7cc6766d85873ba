"""A PostgreSQL and a Redis of our own for the length of a test run: loopback, free ports, ``var``."""

from __future__ import annotations

import contextlib
import os
import pwd
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INSTALLABLE = {
    "postgresql": ["postgresql"],
    "redis": ["redis-server"],
    "chromium": ["chromium", "fonts-liberation"],
}


class Missing(Exception):
    """A program is not on this machine; says how to get it."""


def free_port() -> int:
    """A loopback port nobody listens on now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def find_postgresql() -> Path | None:
    """Folder with initdb and pg_ctl, the newest version first."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    folders = [p.parent for p in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(folders, key=lambda p: int(p.parent.name), default=None)


def find(name: str) -> bool:
    """Whether a part of the test machine is there."""
    if name == "postgresql":
        return find_postgresql() is not None
    if name == "redis":
        return shutil.which("redis-server") is not None
    return any(shutil.which(n) for n in ("chromium", "chromium-browser", "google-chrome"))


def ensure(name: str) -> None:
    """Install a part with apt when we are root and it is missing.

    Raises:
        Missing: it is not there and could not be installed.
    """
    if find(name):
        return
    packages = " ".join(INSTALLABLE[name])
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Missing(f"{name} is not installed (apt install {packages})")
    print(f"  installing {packages} with apt …", flush=True)
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *INSTALLABLE[name]]
    for command in (install, ["apt-get", "update", "-q"], install):
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        if find(name):
            return
    raise Missing(f"apt could not install {packages}: {done.stderr.strip()[-300:]}")


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """Start a fresh cluster below ``folder`` and yield its ``DATABASE_URL``; stopped afterwards."""
    ensure("postgresql")
    binaries = find_postgresql()
    assert binaries is not None
    data = folder / "postgresql"
    data.mkdir(parents=True)
    prefix: list[str] = []
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root; its Debian package brings a user for it.
        user = pwd.getpwnam("postgres")
        os.chown(data, user.pw_uid, user.pw_gid)
        prefix = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    port = free_port()
    run = _runner(prefix, data)
    run(
        shlex.split(
            f"{binaries}/initdb -D {data}/db -A trust -U postgres -E UTF8 --no-sync --locale=C.UTF-8"
        )
    )
    # Durability is not what a throw-away cluster is for; speed is.
    options = f"-h 127.0.0.1 -p {port} -k {data} -c fsync=off -c full_page_writes=off"
    control = [str(binaries / "pg_ctl"), "-D", f"{data}/db", "-w", "-t", "60"]
    run([*control, "-o", options, "-l", f"{data}/log", "start"])
    try:
        yield f"postgres://postgres@127.0.0.1:{port}/postgres"
    finally:
        run([*control, "-m", "immediate", "stop"])
        shutil.rmtree(data, ignore_errors=True)


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[str]:
    """Start a Redis below ``folder`` and yield its URL; stopped afterwards."""
    ensure("redis")
    data = folder / "redis"
    data.mkdir(parents=True)
    port = free_port()
    server = subprocess.Popen(
        shlex.split(
            f"redis-server --port {port} --bind 127.0.0.1 --dir {data} --save '' --appendonly no"
        ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, server)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(10)
        shutil.rmtree(data, ignore_errors=True)


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder for one run below ``var``; readable by the postgres user, gone afterwards.

    A checkout below a home that user may not enter gets a folder in the system's temporary folder.
    """
    base = ROOT / "var" / "services"
    base.mkdir(parents=True, exist_ok=True)
    closed = any(not p.stat().st_mode & 0o001 for p in [base, *base.parents])
    parent = None if os.geteuid() == 0 and closed else base
    folder = Path(tempfile.mkdtemp(prefix="studio-", dir=parent))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _runner(prefix: list[str], folder: Path):  # type: ignore[no-untyped-def]
    def run(command: list[str]) -> None:
        done = subprocess.run(
            [*prefix, *command],
            cwd=folder,
            stdout=subprocess.PIPE if "initdb" in command[0] else subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if done.returncode:
            log = folder / "log"
            detail = log.read_text(errors="replace") if log.exists() else (done.stdout or b"")
            raise RuntimeError(f"{command[0]} failed: {detail!s}")

    return run


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError("redis-server ended at once")
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("redis-server does not answer")
