"""Screenshots of every page in light and dark, and ``docs/tour.md`` that shows them.

Plays the demo into a folder of its own, starts the studio on it, signs in as each person and looks.
``python scripts/shots.py [--keep FOLDER]`` takes a folder where the demo was played before.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from services import ensure

ROOT = Path(__file__).resolve().parent.parent
SHOTS = ROOT / "docs" / "shots"
SCHEMES = ("light", "dark")


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: whose page, which address, which link to follow from there."""

    name: str
    title: str
    person: str
    path: str
    words: str
    follow: str = ""
    wide: int = 1280


SHOTS_WANTED = (
    Shot("sign-in", "Sign in", "", "/accounts/sign-in/", "In a sandbox the sample people are listed."),
    Shot("home", "Home", "ana", "/", "What waits for me, what moved today, is anything red."),
    Shot("connections", "Connections", "ivo", "/connections/", "Every system, who it sees us as, when it was last checked."),
    Shot("schema", "Schema explorer", "ivo", "/connections/", "Every field with type, meaning and samples.", 'a[href$="/schema/"]'),
    Shot("connect", "Connect a system", "ivo", "/connections/new/", "Step by step: system, reach, sign-in, ready."),
    Shot("connect-reach", "How it is reached", "ivo", "/connections/new/syspro/", "Path, allowed hours, calls a minute, owner."),
    Shot("connection", "A connection", "ivo", "/connections/", "Health, limits, version of its interface, looks at its schema.", 'main tbody a[href^="/connections/"]'),
    Shot("mappings", "Mappings", "ivo", "/mappings/", "What is decided, what is open, per entity."),
    Shot("mapping-review", "Mapping review", "ivo", "/mappings/", "One row, one decision: best candidate, reasons, others by number.", 'main a[href^="/mappings/"]'),
    Shot("values", "Value mapping", "ivo", "/values/", "Codes of both sides with counts; the pairs fill the lookup tables."),
    Shot("try", "Try your own exports", "ivo", "/try/", "Two exports matched, or fields proposed between them, before anything is connected."),
    Shot("matches", "Matches", "ana", "/matches/", "Which record here is which record there."),
    Shot("match", "Match review", "ana", "/matches/", "Two records side by side, what agrees and what differs.", 'main a[href$="/explain/"]'),
    Shot("flows", "Flows", "ivo", "/flows/", "What runs, what each did last."),
    Shot("flow", "A flow", "ivo", "/flows/orders-to-qbo/steps/filter/", "Steps on a canvas, each tried on a real record; messages where they arise."),
    Shot("flow-table", "A flow as a table", "ivo", "/flows/orders-to-qbo/steps/", "The same steps without a canvas; works without script."),
    Shot("flow-compare", "Two versions", "ivo", "/flows/orders-to-qbo/compare/", "What a draft changes, in words and line by line."),
    Shot("flow-tablet", "The designer on a tablet", "ivo", "/flows/orders-to-qbo/", "The panel is a sheet at the bottom.", wide=820),
    Shot("rehearsal", "A rehearsal", "ana", "/flows/orders-to-qbo/rehearsals/", "What a version would do, what it changes, and who signs it.", 'main tr:last-child a[href^="/flows/rehearsals/"]'),
    Shot("runs", "Runs", "ivo", "/flows/runs/", "Every record that came in and what became of it."),
    Shot("record", "One record", "ivo", "/flows/runs/", "From change to confirmation, each exchange redacted.", 'main a[href^="/flows/records/"]'),
    Shot("exceptions", "Exceptions", "ana", "/exceptions/", "Grouped by cause, what hurts most first."),
    Shot("case", "A case", "ana", "/exceptions/", "A sentence, the record, the button that fixes it.", 'main a[href^="/exceptions/"]:not([href*="?"])'),
    Shot("tie-out", "Tie-out", "ana", "/tie-out/", "Green, or named differences that add up exactly."),
    Shot("tie-out-detail", "A period", "ana", "/tie-out/", "Both sides to the cent.", 'main td a[href^="/tie-out/"]:not([href*="/balances/"]):not([href*="/stock/"])'),
    Shot("stock", "Stock", "ana", "/tie-out/stock/", "Quantities of both sides, item by item; what differs has a name."),
    Shot("accuracy", "Accuracy", "ivo", "/accuracy/", "Said against true: a confidence of 90 % is right nine times in ten."),
    Shot("audit", "Audit", "olga", "/audit/", "Who decided what, when, on which evidence; verifiable without us."),
    Shot("portal", "Portal of a buyer", "bea", "/portal/", "Own prices, stock, and what goes into the basket."),
    Shot("portal-orders", "A buyer's orders", "bea", "/portal/orders/", "What was ordered, here or otherwise, and how far it is."),
    Shot("portal-invoices", "A buyer's invoices", "bea", "/portal/invoices/", "Invoices, and what is open."),
    Shot("portal-desk", "Who buys for whom", "ada", "/portal/desk/", "Invite, bind, set the rules, look inside without acting."),
    Shot("webhooks", "Webhooks", "ivo", "/webhooks/", "Addresses that are told what happens here, and what they answered."),
    Shot("admin", "Admin site", "ada", "/admin/", "Lookup tables with history and import."),
    Shot("home-tablet", "On a tablet", "ana", "/", "The same at 820 pixels.", wide=820),
)  # fmt: skip


def main() -> int:
    """Take the pictures; exit status 1 if a page did not answer as a page should."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="folder where the demo was or will be played")
    options = parser.parse_args()
    ensure("chromium")
    os.chdir(ROOT)
    folder = (options.keep or Path(tempfile.mkdtemp(prefix="shots-", dir=var()))).resolve()
    try:
        if not (folder / "seeded").exists():
            print("playing the demo, so that there is something to see …", flush=True)
            command = [sys.executable, "manage.py", "demo", "--keep", str(folder)]
            subprocess.run(command, check=False)
        with studio(folder) as url:
            problems = take(url)
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    tour()
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def var() -> Path:
    """Our scratch place inside the checkout."""
    place = ROOT / "var"
    place.mkdir(exist_ok=True)
    return place


@contextmanager
def studio(folder: Path) -> Iterator[str]:
    """The studio on that folder, stopped afterwards; yields its address."""
    command = [sys.executable, "manage.py", "up", "--json", "--port", "0", "--data", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line:
            raise SystemExit("the studio did not start")
        yield str(json.loads(line)["url"])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def take(url: str) -> list[str]:
    """Take all pictures; returns what was wrong."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    problems: list[str] = []
    with sync_playwright() as play:
        program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
        browser = play.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        )
        for scheme in SCHEMES:
            pages: dict[tuple[str, int], Page] = {}
            for shot in SHOTS_WANTED:
                key = (shot.person, shot.wide)
                if key not in pages:
                    context = browser.new_context(
                        base_url=url,
                        color_scheme="dark" if scheme == "dark" else "light",
                        viewport={"width": shot.wide, "height": 860},
                    )
                    pages[key] = sign_in(context.new_page(), shot.person)
                problem = picture(pages[key], shot, scheme)
                if problem:
                    problems.append(problem)
            for page in pages.values():
                page.context.close()
        browser.close()
    return problems


def sign_in(page: Page, person: str) -> Page:
    """The page, signed in as the person; untouched for nobody."""
    if person:
        page.goto("/accounts/sign-in/")
        page.locator("input[name=username]").fill(person)
        page.locator("input[name=password]").fill(f"{person}-sandbox")
        page.locator("main form button").first.click()
        page.wait_for_load_state()
    return page


def picture(page: Page, shot: Shot, scheme: str) -> str:
    """Take one picture; returns a sentence if the page is not there."""
    answer = page.goto(shot.path)
    if shot.follow:
        link = page.locator(shot.follow).first
        if not link.count():
            return f"{shot.name}: nothing to follow on {shot.path}"
        answer = page.goto(str(link.get_attribute("href")))
    if answer is None or answer.status != 200:
        return f"{shot.name}: {page.url} answered {answer.status if answer else 'nothing'}"
    page.wait_for_timeout(300)
    # Palette PNGs would need a library more; Chromium's own are small enough for flat pages.
    page.screenshot(path=SHOTS / f"{shot.name}-{scheme}.png")
    return ""


def tour() -> None:
    """Write the page that shows the pictures that were taken."""
    lines = [
        "# A tour",
        "",
        "Made by `make shots` after `manage.py demo` had played the story.",
        "What each page was asked to do, row by row: [the anchors](anchors.md).",
        "",
    ]
    for shot in SHOTS_WANTED:
        if not (SHOTS / f"{shot.name}-light.png").exists():
            continue
        lines += [f"## {shot.title}", "", shot.words, ""]
        lines += ["| Light | Dark |", "|---|---|"]
        cells = [f"![{shot.title}, {s}](shots/{shot.name}-{s}.png)" for s in SCHEMES]
        lines += [f"| {' | '.join(cells)} |", ""]
    (ROOT / "docs" / "tour.md").write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
