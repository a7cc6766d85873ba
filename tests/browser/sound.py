"""What axe says of a page, with nothing looked at twice.

Pages share most of their parts, and four roles are shown nearly the same. Contrast, which takes most of
axe's time, is looked at for each part of a page once in a look (scheme and width); every other rule for
each content of a page once in a width, since a scheme changes nothing but colours
(``test_style_guide.py`` holds the style sheet to that).
"""

from __future__ import annotations

from typing import Any

from axe_playwright_python.base import AxeResults
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

# A part's key is its own markup and that of everything around it, where it stands among its siblings
# and whether it has the focus: what else could give it other colours? Tokens against forgery differ
# with each answer. Parts nest, so that of a page with one new row only that row is new.
READ = """() => {
  const SMALL = 800;
  const scheme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const plain = (html) => html.replace(/[A-Za-z0-9]{64}/g, "*");
  const held = (e) => document.activeElement !== document.body && e.contains(document.activeElement);
  const digest = (text) => {
    let a = 0xdeadbeef, b = 0x41c6ce57;
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i);
      a = Math.imul(a ^ c, 2654435761);
      b = Math.imul(b ^ c, 1597334677);
    }
    return (a >>> 0).toString(36) + (b >>> 0).toString(36);
  };
  const shell = (e) => plain(e.cloneNode(false).outerHTML);
  const look = `${scheme} ${innerWidth} ${shell(document.documentElement)}`;
  const nodes = (window.partsOfPage = []);
  const walk = (e, around) => {
    const html = plain(e.outerHTML);
    const place = [...e.parentElement.children].indexOf(e);
    const before = e.previousElementSibling ? shell(e.previousElementSibling) : "";
    const key = digest([look, around, place, before, held(e), html].join("\\n"));
    const part = { key, at: nodes.push(e) - 1, inside: [] };
    const said = [...e.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.data.trim());
    if (html.length > SMALL && !said) {
      const inner = digest([around, place, before, held(e), shell(e)].join("\\n"));
      part.inside = [...e.children].map((child) => walk(child, inner));
    }
    return part;
  };
  const whole = digest([innerWidth, plain(document.documentElement.outerHTML)].join("\\n"));
  return { whole, body: walk(document.body, "") };
}"""
CONTRAST = """(at) => axe.run(
  { include: at.map((n) => window.partsOfPage[n]) },
  { resultTypes: ["violations"], runOnly: { type: "rule", values: ["color-contrast"] } })"""
THE_REST = """axe.run(document,
  { resultTypes: ["violations"], rules: { "color-contrast": { enabled: false } } })"""


class Sound:
    """``sound(page)`` fails with axe's report when the page, as it looks now, has a violation."""

    def __init__(self) -> None:
        self._axe: str = Axe().axe_script
        self._known: set[str] = set()

    def __call__(self, page: Page) -> None:
        if not page.evaluate("'axe' in window"):
            page.evaluate(self._axe)
        read = page.evaluate(READ)
        if read["whole"] not in self._known:
            self._clean(page, page.evaluate(THE_REST))
        keys: set[str] = set()
        if fresh := self._fresh(read["body"], keys):
            self._clean(page, page.evaluate(CONTRAST, fresh))
        # Only now: what was found wanting is found again.
        self._known |= keys | {read["whole"]}

    def _fresh(self, part: dict[str, Any], keys: set[str]) -> list[int]:
        """The largest parts of which nothing was looked at, by their number."""
        if part["key"] in self._known:
            return []
        keys.add(part["key"])
        inside = [n for one in part["inside"] for n in self._fresh(one, keys)]
        all_new = part["inside"] and inside == [one["at"] for one in part["inside"]]
        return [part["at"]] if all_new or not part["inside"] else inside

    @staticmethod
    def _clean(page: Page, answer: Any) -> None:
        found = AxeResults(answer)
        assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"
