"""Read sizes, units and packs out of item texts: ``1 L`` is ``1000 ml``, ``24 in`` is ``610 mm``."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_LENGTH = {"mm": 1.0, "cm": 10.0, "m": 1000.0, "mtr": 1000.0, "metre": 1000.0, "meter": 1000.0, "mt": 1000.0,
           "in": 25.4, "inch": 25.4, "inches": 25.4, '"': 25.4, "zoll": 25.4, "ft": 304.8, "foot": 304.8, "feet": 304.8, "km": 1e6}  # fmt: skip
_VOLUME = {"ml": 1.0, "cl": 10.0, "l": 1000.0, "lt": 1000.0, "ltr": 1000.0, "litre": 1000.0, "liter": 1000.0, "litres": 1000.0,
           "cc": 1.0, "gal": 3785.0, "floz": 29.57}  # fmt: skip
_MASS = {
    "mg": 0.001,
    "g": 1.0,
    "gr": 1.0,
    "gram": 1.0,
    "grams": 1.0,
    "kg": 1000.0,
    "kilo": 1000.0,
    "kgs": 1000.0,
    "lb": 453.6,
    "lbs": 453.6,
    "oz": 28.35,
}
_UNITS = {
    **{u: ("L", f) for u, f in _LENGTH.items()},
    **{u: ("V", f) for u, f in _VOLUME.items()},
    **{u: ("M", f) for u, f in _MASS.items()},
}
_NOMINAL = {0.25: 8, 0.375: 10, 0.5: 15, 0.75: 20, 1.0: 25, 1.25: 32, 1.5: 40, 2.0: 50, 2.5: 65, 3.0: 80, 4.0: 100,
            5.0: 125, 6.0: 150, 8.0: 200, 10.0: 250, 12.0: 300, 14.0: 350, 16.0: 400}  # fmt: skip
_PACK_WORD = (
    r"(?:packs?|pkts?|pkt|pck|pk|packets?|packung|paquet|boxes|box|bx|ctns?|carton|cartons|case|cases|cs|sleeve|tray|"
    r"bag|bags|bg|set of|bundle|karton|krt|pak|doos|schachtel|caja|boite|bte|vpe|st|stk|stuck|pcs|pce|pieces|stuks|count|ct)"
)
_PACK_FIRST = _PACK_WORD.replace("|st|stk|stuck|pcs|pce|pieces|stuks|count|ct)", ")")
_TIMES = re.compile(
    r"(?<=\d)x(?=\d)|(?<=\dmm)x(?=\d)|(?<=\din)x(?=\d)|(?<=\dcm)x(?=\d)|(?<=\dm)x(?=\d)|(?<=\")x(?=\d)"
)
_PACK = re.compile(
    rf"\b{_PACK_FIRST}\s*(?:of|van|de|mit|/|\.)?\s*(?P<a>\d{{1,5}})\b(?!\s*(?:mm|ml|kg|l\b|g\b|m\b))|"
    rf"(?<![\d.,/])\b(?P<b>\d{{1,5}})\s*(?:/|per)?\s*{_PACK_WORD}\b(?!\s*(?:of|a|van|de|mit|/)?\s*\d)"
)
_EXTRA = re.compile(r"\b(x{2,})l\b")
_COMMA = re.compile(r",(?!\d)|(?<!\d),")
_LETTERS = re.compile(r"(?<![a-z0-9])([a-z])/([a-z])(?![a-z])")
_SIZES = [
    (re.compile(r"\b(?:x|extra)[- ]?(?:large|lge)\b"), "xl"),
    (re.compile(r"\b(?:x|extra)[- ]?(?:small|sml)\b"), "xs"),
    (re.compile(r"\b(?:large|lge|lrg|gross|groot|grande)\b"), "l"),
    (re.compile(r"\b(?:medium|med|mittel|middel)\b"), "m"),
    (re.compile(r"\b(?:small|sml|klein)\b"), "s"),
]
_DOZEN = re.compile(r"\b(?:dozen|doz|dz|dutzend|dozijn|douzaine|docena)\b")
_PIECE = re.compile(r"\b(?:each|ea|single|piece|stuk|unit price|einzeln)\b")
_NOMINAL_TEXT = re.compile(r"\bdn\s*(\d{1,3})\b|\b(\d{1,3})\s*nb\b")
_NUMBER = r"(?:\d+\s*[-. ]\s*\d{1,2}/\d{1,2}(?![\d/])|\d{1,2}/\d{1,2}(?![\d/])|\d+(?:[.,]\d+)?)"
_TOKEN = re.compile(rf"(?P<n>{_NUMBER})\s?(?P<u>(?:mm|cm|mtr|metre|meter|inches|inch|in|ft|feet|km|ml|cl|ltr|litres|litre|liter|lt|kgs|kg|mg|grams|gram|gr|g|lbs|lb|oz|gal|l|m|mt)(?![a-z/])|\")?|(?P<w>[a-z]+)")  # fmt: skip
_SQUARE = re.compile(r"\b(\d+(?:\.\d+)?)\s?(?:mm2|mm²|sqmm|sq mm|mm\^2|qmm)")


@dataclass(frozen=True, slots=True)
class Text:
    """Item text taken apart.

    Attributes:
        words: words in order, numbers and units removed.
        numbers: one tuple of equal spellings per number (``24`` and two size classes for 24 in).
        pack: pieces in the pack as text, ``1`` for a single piece, empty where nothing is said.
    """

    words: tuple[str, ...]
    numbers: tuple[tuple[str, ...], ...]
    pack: str


def number(text: str) -> float:
    """``1.1/2``, ``1 1/2``, ``1-1/2``, ``3/8``, ``2,5`` and ``2.5`` as a number."""
    if "/" in text:
        whole = re.match(r"(\d+)\s*[-. ]\s*(\d+)/(\d+)$", text)
        if whole:
            return int(whole[1]) + int(whole[2]) / max(int(whole[3]), 1)
        top, below = text.split("/")[:2]
        return int(top) / max(int(below), 1)
    return float(text.replace(",", "."))


def _plain(value: float) -> str:
    return f"{value:.4g}" if value < 10000 else str(int(value))


def _spellings(written: str, unit: str) -> tuple[str, ...]:
    value = number(written)
    out = [_plain(value)]
    kind = _UNITS.get(unit)
    if kind:
        place = math.log(max(value * kind[1], 1e-9)) / 0.012
        out += [f"{kind[0]}{math.floor(place)}", f"{kind[0].lower()}{math.floor(place + 0.5)}"]
    inch = unit in ("in", "inch", "inches", '"') or ("/" in written and not unit)
    if inch and value in _NOMINAL:
        out.append(f"D{_NOMINAL[value]}")
    return tuple(out)


def take_apart(text: str) -> Text:
    """Split folded text into words, numbers with units, and pack."""
    pack = ""
    text = _TIMES.sub(" x ", _LETTERS.sub(r"\1\2", text))
    for pattern, plain in _SIZES:
        text = pattern.sub(plain, text)
    text = (
        _EXTRA.sub(lambda m: f"{len(m[1])}xl", text.replace("'", ""))
        .replace("½", " 1/2")
        .replace("¼", " 1/4")
        .replace("¾", " 3/4")
    )
    if text.count(",") >= 2 and text.count(",") >= text.count(" "):
        text = text.replace(",", " ")
    else:
        text = _COMMA.sub(" ", text)
    if (found := _PACK.search(text)) is not None:
        pack = next(g for g in found.groups() if g).lstrip("0") or "0"
        text = text[: found.start()] + " " + text[found.end() :]
    elif (found := _DOZEN.search(text)) is not None:
        pack, text = "12", text[: found.start()] + " " + text[found.end() :]
    elif (found := _PIECE.search(text)) is not None:
        pack, text = "1", text[: found.start()] + " " + text[found.end() :]
    numbers: dict[tuple[str, ...], None] = {}

    def nominal(match: re.Match[str]) -> str:
        size = match[1] or match[2]
        numbers[(f"D{int(size)}",)] = None
        return " "

    text = _NOMINAL_TEXT.sub(nominal, text)
    text = _SQUARE.sub(r"\1 ", text)
    found_words: list[str] = []
    for match in _TOKEN.finditer(text):
        if match["n"]:
            numbers[_spellings(match["n"], match["u"] or "")] = None
        elif match["w"] != "x":
            found_words.append(match["w"])
    return Text(tuple(dict.fromkeys(found_words)), tuple(numbers), pack)
