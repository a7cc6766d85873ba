"""Everything CI checks, in stages, with the time of each and every skip at the end.

``python scripts/check.py [--only lint|sqlite|services|browser] [--] [pytest arguments]``

With ``CI=true`` a skipped test or a missing service is a failure. Tests marked ``reference`` compare
us with the vendors' own documents, which are not ours to commit: they run where the folder is
(``SHARED_DIR``, else ``../shared``, else next to the repository this one was cloned from).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from services import Missing, ensure, postgresql, redis, scratch

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}
CLOSING = re.compile(
    r"^=*\s*(.*\b\d+ (?:passed|failed|error|skipped|deselected).* in [\d.]+s.*?)=*$"
)
# Files with most tests first, as xdist has it, leaves those with two tests of a minute for the end, when one
# of the workers has nothing left to do. By name the benches come first.
AS_NAMED = ("--no-loadscope-reorder",)
SKIP = re.compile(r"^SKIPPED \[\d+\] (.*)$")


class Report:
    """What happened, stage by stage."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.skips: list[str] = []
        self.failed: list[str] = []
        self.reference = find_reference()

    def stage(self, name: str, work: Callable[[], str | None]) -> None:
        """Run one stage; a returned text is a note, a raised CalledProcessError a failure."""
        print(f"\n── {name} " + "─" * max(3, 70 - len(name)), flush=True)
        begun = time.monotonic()
        note, mark = "", "ok"
        try:
            note = work() or ""
        except subprocess.CalledProcessError as error:
            mark, note = "FAILED", str(getattr(error, "note", "") or f"exit {error.returncode}")
            self.failed.append(name)
        except Missing as error:
            mark, note = "SKIPPED", str(error)
            self.skips.append(f"{name}: {error}")
        spent = time.monotonic() - begun
        self.lines.append(f"{mark:8} {spent:7.1f} s  {name:34} {note}")


def main() -> int:
    """Run the chosen stages; exit status 1 if anything failed, or was skipped in CI."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["lint", "sqlite", "services", "browser"])
    parser.add_argument("rest", nargs="*", help="arguments for pytest")
    options = parser.parse_args()
    os.chdir(ROOT)
    report = Report()
    begun = time.monotonic()
    parts = [options.only] if options.only else ["lint", "sqlite", "services", "browser"]
    if "lint" in parts:
        lint(report)
    if "sqlite" in parts:
        report.stage("tests on SQLite", lambda: on_sqlite(report, options.rest))
    if "services" in parts:
        report.stage("tests on PostgreSQL and Redis", lambda: on_services(report, options.rest))
    if "browser" in parts:
        report.stage("browser tests (Chromium)", lambda: in_browser(report, options.rest))
    return close(report, time.monotonic() - begun)


def find_reference() -> Path | None:
    """The folder with ``reference/``, put into the environment as ``SHARED_DIR``."""
    origin = ""
    if shutil.which("git"):  # an unpacked archive may live where there is none
        ask = ["git", "config", "remote.origin.url"]
        done = subprocess.run(ask, capture_output=True, text=True, check=False)
        origin = done.stdout.strip()
    named = os.environ.get("SHARED_DIR")
    places = [named] if named else [ROOT.parent / "shared", Path(origin).parent / "shared"]
    for place in map(Path, places):
        if (place / "reference").is_dir():
            os.environ["SHARED_DIR"] = str(place.resolve())
            return place
    return None


def lint(report: Report) -> None:
    """Static checks; each is its own stage so that one failure does not hide the next."""
    report.stage("ruff check", lambda: run(["ruff", "check", "."]))
    report.stage("ruff format", lambda: run(["ruff", "format", "--check", "."]))
    report.stage("mypy strict", lambda: run(["mypy"]))
    report.stage("import contracts", lambda: run(["lint-imports"]))
    report.stage(
        "migrations are complete",
        lambda: run(["python", "manage.py", "makemigrations", "--check", "--dry-run"]),
    )


def on_sqlite(report: Report, rest: list[str]) -> str:
    """Everything that needs no browser, on the embedded pair."""
    with contextlib.suppress(Missing):  # the tests that want it skip, loudly
        ensure("redis")
    marks = "not browser and not live" + ("" if report.reference else " and not reference")
    return run_pytest(report, ["-m", marks, *AS_NAMED, *rest], workers=2)


def on_services(report: Report, rest: list[str]) -> str:
    """The tests whose outcome could depend on database or broker, on the production pair."""
    with scratch() as folder, postgresql(folder) as database, redis(folder) as broker:
        env = {"DATABASE_URL": database, "REDIS_URL": broker, "CELERY_BROKER_URL": broker}
        marks = ["-m", "services and not browser and not live"]
        return run_pytest(report, [*marks, *AS_NAMED, *rest], workers=2, env=env)


def in_browser(report: Report, rest: list[str]) -> str:
    """Pages in headless Chromium, on SQLite."""
    ensure("chromium")
    return run_pytest(report, ["-m", "browser and not live", *rest], workers=2)


def run(command: list[str]) -> None:
    """Run a tool of the environment; its output goes to the terminal."""
    subprocess.run([str(BIN / command[0]), *command[1:]], check=True)


def run_pytest(
    report: Report, arguments: list[str], *, workers: int, env: dict[str, str] | None = None
) -> str:
    """Run pytest, show its output while it runs, collect skips; returns its closing line."""
    command = [str(BIN / "python"), "-m", "pytest", "--durations=8", *arguments]
    if workers > 1:
        # A file stays together: its fixtures are started once.
        command += ["-n", str(workers), "--dist", "loadfile"]
    closing = ""
    with _popen(command, {**os.environ, **(env or {})}) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            if found := SKIP.match(line.strip()):
                report.skips.append(found[1])
            if found := CLOSING.match(line.strip()):
                closing = found[1].strip()
    # Status 5, nothing collected, is a failure too: the tests of a stage cannot all be gone.
    if process.returncode:
        error = subprocess.CalledProcessError(process.returncode, command)
        error.note = closing  # type: ignore[attr-defined]
        raise error
    return closing


@contextlib.contextmanager
def _popen(command: list[str], env: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def close(report: Report, spent: float) -> int:
    """Print the table, then every skip, loudly; returns the exit status."""
    print("\n" + "═" * 74)
    for line in report.lines:
        print(line)
    if report.skips:
        print(f"\nNOT CHECKED, {len(report.skips)} skipped:")
        for reason in sorted(set(report.skips)):
            print(f"  - {reason}")
    if report.reference is None:
        print("\nLEFT OUT: comparisons with the vendors' documents (no reference/ in SHARED_DIR)")
    failed = bool(report.failed) or (CI and bool(report.skips))
    if CI and report.skips:
        print("\nCI may skip nothing.")
    print(f"\n{'FAILED' if failed else 'all green'} in {spent / 60:.1f} min")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
