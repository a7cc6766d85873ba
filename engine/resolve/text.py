"""Text folding shared by all kinds of records: letters, accents, damaged encodings, tokens."""

from __future__ import annotations

import re
import unicodedata

_SPECIAL = str.maketrans(
    {
        "ß": "ss",
        "ø": "o",
        "Ø": "o",
        "æ": "ae",
        "Æ": "ae",
        "œ": "oe",
        "Œ": "oe",
        "ł": "l",
        "Ł": "l",
        "đ": "d",
        "Đ": "d",
        "ı": "i",
        "’": "'",
        "‘": "'",
        "–": "-",
        "—": "-",
        "\u00a0": " ",
        "″": '"',
        "”": '"',
        "“": '"',
    }
)
_DAMAGED = re.compile("[ÃÂÄÅ][\u0080-\u00bf\u0152-\u02dc\u2013-\u2122]")
_UMLAUT = re.compile("([aou])e")
_DOTTED = re.compile(r"\b(?:[a-z]\.\s?){2,}[a-z]?\b|\b(?:[a-z]\.){1,}[a-z]\b")
_WORDS = re.compile(r"[a-z0-9]+")
_CODE = re.compile(r"[^A-Z0-9]+")


def repair(text: str) -> str:
    """Undo UTF-8 that was read as cp1252 (``MÃ¼hle`` becomes ``Mühle``); other text is unchanged."""
    if _DAMAGED.search(text):
        for codec in ("cp1252", "latin-1"):
            try:
                return text.encode(codec).decode("utf-8")
            except (UnicodeEncodeError, UnicodeDecodeError):
                continue
    return text


def fold(text: str) -> str:
    """Lower case, no accents, plain quotes; damaged encodings repaired first."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKD", repair(text).translate(_SPECIAL)).lower()
    return "".join(c for c in text if not unicodedata.combining(c))


def plain_vowels(text: str) -> str:
    """``mueller`` and ``muller`` are one spelling: the e after a, o, u is dropped on both sides."""
    return _UMLAUT.sub(r"\1", text)


def undot(text: str) -> str:
    """Join dotted initials of folded text: ``a.b.c. steel`` becomes ``abc steel``."""
    if "." not in text:
        return text
    return _DOTTED.sub(lambda m: m.group().replace(".", "").replace(" ", "") + " ", text)


def words(text: str) -> list[str]:
    """Runs of letters and digits in folded text."""
    return _WORDS.findall(text)


def code_key(text: str) -> str:
    """A code without separators, letter case and leading zeros (``00-ab 12`` becomes ``AB12``)."""
    bare = _CODE.sub("", text.upper())
    return bare.lstrip("0") or bare
