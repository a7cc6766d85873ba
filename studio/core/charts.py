"""Charts drawn on the server as SVG: no script, no inline style, colours from the style sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from studio.core.shares import percent_of

Kind = Literal["plus", "minus", "total"]


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of a waterfall: a contribution, or with ``total`` the level reached."""

    label: str
    value: float
    note: str = ""
    total: bool = False


@dataclass(frozen=True, slots=True)
class Bin:
    """One point of a reliability plot: shares between 0 and 1, and how many decisions."""

    predicted: float
    observed: float
    count: int


def sparkline(
    values: Sequence[float], label: str, *, width: int = 96, height: int = 24
) -> SafeString:
    """A line without axes; the last value is marked. Empty for fewer than two values."""
    if len(values) < 2:
        return SafeString("")
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    inner = height - 6
    points = [
        (3 + i * (width - 6) / (len(values) - 1), 3 + inner - (v - low) / span * inner)
        for i, v in enumerate(values)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    area = f"3,{height} {line} {width - 3},{height}"
    return format_html(
        '<svg class="chart spark" viewBox="0 0 {} {}" width="{}" height="{}" role="img">'
        '<title>{}</title><polygon class="area" points="{}"/><polyline class="line" points="{}"/>'
        '<circle class="dot" cx="{}" cy="{}" r="2.5"/></svg>',
        *(width, height, width, height, label, area, line),
        *(f"{points[-1][0]:.1f}", f"{points[-1][1]:.1f}"),
    )


def bars(rows: Sequence[tuple[str, float, str]], label: str, *, width: int = 480) -> SafeString:
    """Horizontal bars: name, value, and the value as people read it."""
    if not rows:
        return SafeString("")
    most = max((abs(value) for _, value, _ in rows), default=0) or 1.0
    left, right, step = 150, 90, 24
    room = width - left - right
    body = format_html_join(
        "",
        '<text class="label" x="{}" y="{}" text-anchor="end">{}</text>'
        '<rect class="bar{}" x="{}" y="{}" width="{}" height="12" rx="2"/>'
        '<text class="value" x="{}" y="{}">{}</text>',
        (
            (
                *(left - 8, i * step + 16, _short(name, 24)),
                *(" minus" if value < 0 else "", left, i * step + 6),
                f"{max(abs(value) / most * room, 1):.1f}",
                *(f"{left + abs(value) / most * room + 6:.1f}", i * step + 16, text),
            )
            for i, (name, value, text) in enumerate(rows)
        ),
    )
    return _frame("bars", label, width, len(rows) * step + 6, body)


def profile(filled: float, distinct: float, label: str) -> SafeString:
    """Two thin bars: the share of records with a value, and the share of different values among all."""
    width, rail = 96, SafeString('<rect class="empty" width="96" height="7" rx="2"/>')
    return format_html(
        '<svg class="chart profile" viewBox="0 0 96 20" role="img"><title>{}</title>{}'
        '<rect class="fill" width="{}" height="7" rx="2"/>'
        '<rect class="distinct" y="11" width="{}" height="4" rx="2"/></svg>',
        *(label, rail, f"{width * filled:.1f}", f"{width * min(distinct, 1.0):.1f}"),
    )


def waterfall(steps: Sequence[Step], label: str, *, width: int = 440) -> SafeString:
    """How a confidence came about: prior, each signal, final; values are parts of 1.

    Signals that would read as 0 % share one row, so that what mattered is seen.
    """
    steps = _without_small(steps)
    left, right, row = 150, 56, 26
    room = width - left - right
    level = 0.0
    pieces: list[SafeString] = []
    for i, step in enumerate(steps):
        begin, end = (0.0, step.value) if step.total else (level, level + step.value)
        level = end
        low, high = max(min(begin, end), 0.0), min(max(begin, end), 1.0)
        kind: Kind = "total" if step.total else ("plus" if step.value >= 0 else "minus")
        sign = "" if step.total else ("+" if step.value >= 0 else "−")
        y = i * row
        pieces.append(
            format_html(
                '<g><title>{}</title><text class="label" x="{}" y="{}" text-anchor="end">{}</text>'
                '<rect class="{}" x="{}" y="{}" width="{}" height="14" rx="2"/>'
                '<text class="value" x="{}" y="{}">{}</text></g>',
                *(step.note or step.label, left - 8, y + 18, _short(step.label, 24), kind),
                *(f"{left + low * room:.1f}", y + 7, f"{max((high - low) * room, 1.5):.1f}"),
                *(f"{left + high * room + 6:.1f}", y + 18, _said(step, sign)),
            )
        )
    grid = format_html_join(
        "",
        '<line class="grid" x1="{0}" x2="{0}" y1="0" y2="{1}"/>',
        ((f"{left + share * room:.1f}", len(steps) * row + 4) for share in (0, 0.5, 1)),
    )
    return _frame("waterfall", label, width, len(steps) * row + 6, grid + _join(pieces))


def _said(step: Step, sign: str) -> str:
    """A total as the page beside the picture says it; a change rounded."""
    return f"{percent_of(step.value)}%" if step.total else f"{sign}{abs(step.value):.0%}"


def reliability(points: Sequence[Bin], label: str, *, size: int = 300) -> SafeString:
    """Said against true: points on the diagonal mean that 0.9 is right nine times in ten."""
    pad = 36
    room = size - pad - 12

    def x(share: float) -> str:
        return f"{pad + share * room:.1f}"

    def y(share: float) -> str:
        return f"{12 + (1 - share) * room:.1f}"

    most = max((p.count for p in points), default=1) or 1
    ticks = format_html_join(
        "",
        '<line class="grid" x1="{0}" x2="{1}" y1="{2}" y2="{2}"/>'
        '<line class="grid" x1="{3}" x2="{3}" y1="{4}" y2="{5}"/>'
        '<text class="tick" x="{6}" y="{7}" text-anchor="end">{8}</text>'
        '<text class="tick" x="{3}" y="{9}" text-anchor="middle">{8}</text>',
        (
            (
                *(x(0), x(1), y(s), x(s), y(0), y(1), pad - 6),
                *(f"{float(y(s)) + 4:.1f}", f"{s:.0%}", f"{float(y(0)) + 16:.1f}"),
            )
            for s in (0, 0.25, 0.5, 0.75, 1)
        ),
    )
    dots = format_html_join(
        "",
        '<circle class="dot" cx="{}" cy="{}" r="{}"><title>{}</title></circle>',
        (
            (
                *(x(p.predicted), y(p.observed), f"{3 + 6 * (p.count / most) ** 0.5:.1f}"),
                f"said {p.predicted:.0%}, true {p.observed:.0%} ({p.count})",
            )
            for p in points
        ),
    )
    line = " ".join(f"{x(p.predicted)},{y(p.observed)}" for p in points)
    body = format_html(
        '{}<line class="ideal" x1="{}" y1="{}" x2="{}" y2="{}"/><polyline class="line" points="{}"/>{}',
        *(ticks, x(0), y(0), x(1), y(1), line, dots),
    )
    return _frame("reliability", label, size, size, body)


def _without_small(steps: Sequence[Step]) -> list[Step]:
    small = [s for s in steps if not s.total and abs(s.value) < 0.005]
    if len(small) < 2:
        return list(steps)
    names = ", ".join(s.label for s in small)
    together = Step(f"{len(small)} small signals", sum(s.value for s in small), names)
    kept = [s for s in steps if s not in small]
    at = len(kept) - 1 if kept and kept[-1].total else len(kept)
    return [*kept[:at], together, *kept[at:]]


def _frame(kind: str, label: str, width: int, height: int, body: str) -> SafeString:
    return format_html(
        '<svg class="chart {}" viewBox="0 0 {} {}" width="{}" height="{}" role="img">'
        "<title>{}</title>{}</svg>",
        *(kind, width, height, width, height, label, body),
    )


def _join(pieces: Sequence[SafeString]) -> SafeString:
    return mark_safe("".join(pieces))  # noqa: S308 (every piece was escaped when it was made)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
