"""Template vocabulary: money, confidence, states, field paths, time, icons, charts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from engine.canon.money import places_of
from studio.core import charts
from studio.core.shares import percent_of

register = template.Library()

# Lower bound, word, style: product.md 7.1.
BANDS: tuple[tuple[float, str, str], ...] = (
    (0.95, "certain", "certain"),
    (0.80, "strong", "strong"),
    (0.50, "possible", "possible"),
    (0.0, "guess", "guess"),
)

# Words of states by the tone in which pages show them; a word not listed is shown quiet.
TONE_WORDS: dict[str, str] = {
    "good": "done posted approved published live green ok healthy tied resolved confirmed accepted "
    "linked fixed active signed complete settled arrived",
    "warn": "open ready queued new waiting draft review taken partial stale rehearsed due in-work "
    "paused unclear unknown held looked-at",
    "bad": "failed parked broken red rejected stopped revoked refused lost overdue drifted "
    "difference error declined",
    "info": "running sending claimed planned",
    "machine": "machine proposed prefilled suggested model",
}
TONES = {word: name for name, words in TONE_WORDS.items() for word in words.split()}
IDEMPOTENCY = {
    "request id": "each call has a number, and a number that was used gets the first answer again",
    "header": "each call has a key, and a key that was used gets the first answer again",
    "reference": "the document's own number is looked for before it is sent",
}
LIMITS = {
    "second": "In a second",
    "minute": "In a minute",
    "day": "In a day",
    "concurrent": "At once",
    "batch": "In batches",
}
_PATH = re.compile(r"([.\[\]/]+)")
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
# The month as a word: nobody on either side of an ocean reads the day as the month.
DAY = "j M Y"


@register.filter
def amount(value: Any, currency: str = "") -> str:
    """Digits in the reader's locale with the currency's own number of decimals."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return "–" if value in (None, "") else str(value)
    digits = places_of(str(currency))
    rounded = number.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    text = formats.number_format(abs(rounded), digits, use_l10n=True, force_grouping=True)
    return f"−{text}" if rounded < 0 else text


@register.filter
def money(value: Any, currency: str = "") -> SafeString:
    """An amount with its currency; right-aligned by its class, never broken over two lines."""
    text = amount(value, currency)
    sign = " negative" if text.startswith("−") else ""
    if not currency:
        return format_html('<span class="money{}">{}</span>', sign, text)
    return format_html(
        '<span class="money{}">{}\u00a0<abbr class="currency">{}</abbr></span>',
        *(sign, text, str(currency).upper()),
    )


@register.filter
def percent(value: Any) -> str:
    """0.934 to 93 %; a share that is not quite all never reads as 100 %."""
    return f"{percent_of(float(value or 0))}\u00a0%"


@register.filter
def band(value: Any) -> str:
    """The word for a confidence."""
    share = float(value or 0)
    return next(_(word) for least, word, _style in BANDS if share >= least)


@register.inclusion_tag("parts/_confidence.html")
def confidence(value: Any, method: str = "", sentence: str = "") -> dict[str, Any]:
    """Word, percent and method with a bar: never a bare number."""
    share = max(0.0, min(float(value or 0), 1.0))
    style = next(style for least, _word, style in BANDS if share >= least)
    return {
        "word": band(share),
        "percent": percent(share),
        "style": style,
        "width": round(share * 100),
        "method": method,
        "sentence": sentence,
    }


@register.filter
def tone(value: Any) -> str:
    """The tone of a state word: good, warn, bad, info, machine or quiet."""
    return TONES.get(str(value).lower().replace(" ", "-").replace("_", "-"), "quiet")


@register.inclusion_tag("parts/_state.html")
def state(value: Any, label: str = "") -> dict[str, str]:
    """A chip with the word of a state; colour only repeats what the word says."""
    word = label or str(value).replace("_", " ").replace("-", " ")
    return {"tone": tone(value), "word": word}


@register.filter
def fieldpath(path: Any) -> SafeString:
    """``Lines[].ItemRef.value`` with quiet separators and places to break the line."""
    if not path:
        return SafeString("–")
    pieces = [p for p in _PATH.split(str(path)) if p]
    body = format_html_join(
        "",
        "{}",
        (
            (format_html('<span class="sep">{}</span><wbr>', p) if _PATH.fullmatch(p) else p,)
            for p in pieces
        ),
    )
    return format_html('<code class="path">{}</code>', body)


@register.filter
def figure(value: Any) -> str:
    """A value of a record: without the zeros that only say how many digits a column has."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    text = str(value)
    if not _LONG_NUMBER.fullmatch(text):
        return text
    whole, _dot, rest = text.partition(".")
    return f"{whole}.{rest.rstrip('0').ljust(2, '0')}"


@register.filter
def quantity(value: Any) -> str:
    """A quantity in the reader's locale with only the decimals it has; a dash where there is none."""
    if value in (None, ""):
        return "–"
    number = Decimal(str(value)).normalize()
    places = max(0, -int(number.as_tuple().exponent))
    text = str(formats.number_format(abs(number), places, use_l10n=True, force_grouping=True))
    return f"−{text}" if number < 0 else text


@register.filter
def words(name: Any) -> str:
    """A name of our own for people: ``expense_account`` is “Expense account”."""
    return str(name).replace("_", " ").strip().capitalize()


@register.filter
def stepname(key: str) -> str:
    """The kind of a step from its key: ``branch:Invoice`` is “Branch”."""
    return words(key.partition(":")[0])


@register.filter
def limit_words(name: str) -> str:
    """What a limit of a vendor counts."""
    return _(LIMITS[name]) if name in LIMITS else words(name)


@register.filter
def idempotency_words(how: str) -> str:
    """Why a vendor posts nothing twice; what has no words here says it itself."""
    return _(IDEMPOTENCY[how]) if how in IDEMPOTENCY else how


@register.filter
def day(when: date | str | None) -> str:
    """A day, written the same everywhere; text that is no day stays as it is."""
    try:
        found = date.fromisoformat(when[:10]) if isinstance(when, str) else when
    except ValueError:
        return str(when)
    if isinstance(found, datetime) and timezone.is_aware(found):
        found = timezone.localtime(found)
    return formats.date_format(found, DAY) if found else "–"


@register.filter
def written(when: datetime | None) -> str:
    """A moment for the middle of a sentence."""
    return formats.date_format(timezone.localtime(when), f"{DAY} H:i") if when else "–"


@register.filter
def moment(when: datetime | None, seconds: str = "") -> SafeString:
    """A moment with seconds and zone on hover; ``seconds`` shows the seconds, too."""
    if when is None:
        return SafeString("–")
    local = timezone.localtime(when)
    said = formats.date_format(local, f"{DAY} H:i:s") if seconds else written(when)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        *(when.astimezone(UTC).isoformat(timespec="seconds"), _exact(local), said),
    )


@register.filter
def ago(when: datetime | None) -> SafeString:
    """How long ago, with the exact time on hover and for screen readers."""
    if when is None:
        return SafeString("–")
    exact = timezone.localtime(when)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        *(when.astimezone(UTC).isoformat(timespec="seconds"), _exact(exact), _distance(when)),
    )


@register.filter
def lasting(seconds: int) -> str:
    """A length of time in its two largest units: 42 s, 1 min 20 s, 3 h 5 min, 2 d 4 h."""
    rest = max(0, int(seconds))
    parts: list[str] = []
    for size, unit in ((86400, _("d")), (3600, _("h")), (60, _("min")), (1, _("s"))):
        number, rest = divmod(rest, size)
        if number or parts:
            parts.append(f"{_grouped(number)}\u00a0{unit}" if number else "")
        if len(parts) == 2:
            break
    return " ".join(filter(None, parts)) or f"0\u00a0{_('s')}"


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon of our own sheet; without a label it is decoration and hidden from readers."""
    href = f"{static('studio/img/icons.svg')}#{name}"
    if not label:
        return format_html(
            '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}"/></svg>', href
        )
    return format_html(
        '<svg class="icon" role="img" aria-label="{}"><use href="{}"/></svg>', label, href
    )


@register.simple_tag
def sparkline(values: Sequence[Any], label: str = "") -> SafeString:
    """A small line of numbers; see :func:`studio.core.charts.sparkline`."""
    return charts.sparkline([float(v) for v in values], label)


@register.simple_tag
def progress(done: int, total: int, label: str = "", left: str = "") -> SafeString:
    """A progress bar with the numbers beside it; ``left`` is the time that remains."""
    return format_html(
        '<span class="progress"><progress max="{}" value="{}" aria-label="{}"></progress>'
        '<span class="progress-text">{} / {}{}</span></span>',
        *(max(total, 1), done, label or _("progress"), _grouped(done), _grouped(total)),
        f" · {left}" if left else "",
    )


@register.simple_tag(takes_context=True)
def query(context: dict[str, Any], **changes: Any) -> str:
    """The present query string with some values changed; an empty value removes the key."""
    params = context["request"].GET.copy()
    for key, value in changes.items():
        if value in (None, ""):
            params.pop(key, None)
        else:
            params[key] = str(value)
    text = params.urlencode()
    return f"?{text}" if text else "?"


@register.filter
def grouped(value: Any) -> str:
    """A whole number with the locale's separators."""
    return _grouped(int(value or 0))


def _grouped(value: int) -> str:
    return str(formats.number_format(value, 0, use_l10n=True, force_grouping=True))


def _exact(when: datetime) -> str:
    return f"{formats.date_format(when, DAY)} {when:%H:%M:%S} {when.tzname()}"


def _distance(when: datetime) -> str:
    seconds = int((timezone.now() - when).total_seconds())
    ahead = seconds < 0
    seconds = abs(seconds)
    if seconds < 60:
        return _("just now") if not ahead else _("in a moment")
    if seconds < 3600:
        text = _("%(n)d min") % {"n": seconds // 60}
    elif seconds < 86400:
        text = _("%(n)d h") % {"n": seconds // 3600}
    else:
        days = seconds // 86400
        text = ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
    return (_("in %(time)s") if ahead else _("%(time)s ago")) % {"time": text}
