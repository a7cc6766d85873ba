"""``python -m connectors.agent``: run an agent beside a system, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from connectors.agent.allow import AllowList
from connectors.agent.run import Agent

_LOCAL = ("127.0.0.1", "localhost", "::1")


def say(sentence: str) -> None:
    """One line on the console, with the time."""
    sys.stdout.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {sentence}\n")
    sys.stdout.flush()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m connectors.agent",
        description="Carries the studio's requests to a system beside it. Nothing listens here: it dials out.",
    )
    parser.add_argument("--studio", required=True, help="https:// address of the studio")
    parser.add_argument(
        "--token-file", required=True, type=Path, help="file that holds the agent's token"
    )
    parser.add_argument(
        "--allow",
        required=True,
        action="append",
        metavar="ADDRESS",
        help="where it may go, such as http://syspro-host:30661; once for each address",
    )
    parser.add_argument("--parallel", type=int, default=4, help="requests carried at once (4)")
    return parser.parse_args()


def _agent(options: argparse.Namespace) -> Agent:
    """The agent of these options.

    Raises:
        ValueError: one of them is wrong; the words are for who typed it.
    """
    studio = urlsplit(options.studio)
    if studio.scheme != "https" and not (studio.scheme == "http" and studio.hostname in _LOCAL):
        raise ValueError(
            "--studio: use https:// (plain http is for a studio on this machine only)."
        )
    try:
        token = options.token_file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ValueError(f"--token-file: {error.strerror}: {options.token_file}") from error
    if not token:
        raise ValueError(f"--token-file: {options.token_file} is empty.")
    if not 1 <= options.parallel <= 16:
        raise ValueError("--parallel: from 1 to 16.")
    return Agent(options.studio, token, AllowList(options.allow), say, parallel=options.parallel)


def main() -> int:
    """Run until stopped."""
    options = _options()
    try:
        agent = _agent(options)
    except ValueError as error:
        say(str(error))
        return 2

    def on_signal(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        say("Stopping: what is under way is answered first. Once more ends it at once.")
        agent.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    say(f"It may go to {', '.join(AllowList(options.allow).addresses)} and nowhere else.")
    return agent.run()


if __name__ == "__main__":
    sys.exit(main())
