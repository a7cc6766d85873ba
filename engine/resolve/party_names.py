# ruff: noqa: SIM905 - word lists read better as text
"""Take written names of parties apart: spellings, legal forms, markers and codes inside the name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from engine.resolve import words as w
from engine.resolve.text import code_key, fold, plain_vowels, undot, words

_SUFFIX = re.compile(r"\(\s*\d{1,2}\s*\)\s*$")
_ODD = re.compile(r"[*/\\(']")
# Every pattern of w.BLOCKED, w.REPLACED, w.SECOND_NAME and w.PLACEHOLDER needs an odd character or one of
# these words; names without either (most) are spared the patterns, which cost ten times the rest.
_TELLING = frozenset(
    "do don dont dnu duplicate dup dupl not closed obsolete old nicht gesperrt niet ne no inactive merged blocked "
    "sp spz spzo air head hoofkantoor hq hauptverwaltung siege hoofdkantoor "
    "ta dba trading doing handelend formerly aka faisant firmierend handelnd "
    "cash sundry sundries misc miscellaneous test testing training void walk walkin one oneoff onetime once onceoff "
    "staff petty unallocated spare deleted dummy counter director directors diver divers diverse diverso diverss "
    "diverses diversos barverkauf barkunde contant kontant passant varios contado comptoir employee personnel "
    "unknown suspense mitarbeiter personeel internal onbekend web webshop".split()
)


@dataclass(frozen=True, slots=True)
class Name:
    """A normalised name: token texts of each spelling, legal forms, markers and codes inside it."""

    spellings: tuple[str, ...]
    forms: tuple[str, ...]
    blocked: bool
    placeholder: bool
    codes: tuple[str, ...]


@lru_cache(maxsize=100_000)
def _token(token: str) -> tuple[str | None, bool, bool, str | None, str]:
    """Legal form, connecting word, number, code and kept text of one word; words repeat, names do not."""
    form = w.LEGAL_FORMS.get(token)
    connector = token in w.CONNECTORS
    if token[-1].isdigit() or token[0].isdigit():
        digits = sum(c.isdigit() for c in token)
        if digits >= 5 or (digits >= 3 and len(token) - digits >= 2):
            return form, connector, False, code_key(token), token
        if digits == len(token):
            return form, connector, True, None, token.lstrip("0") or "0"
        return form, connector, False, None, token
    return form, connector, False, None, plain_vowels(token)


def _tokens(found: list[str]) -> tuple[list[str], list[str], list[str]]:
    kept: list[str] = []
    forms: list[str] = []
    codes: list[str] = []
    letters = 0
    for at, raw in enumerate(found):
        form, connector, number, code, token = _token(raw)
        if len(raw) > 1:
            if form and kept:
                forms.append(form)
                continue
            if connector:
                continue
        else:
            letters += 1
            if connector and at and len(found[at - 1]) > 1:
                continue
        if code is not None:
            codes.append(code)
            continue
        if number and kept and kept[-1] in w.NUMBER_WORDS:
            kept.pop()
        kept.append(token)
    return (_join_letters(kept) if letters > 1 else kept), forms, codes


def _join_letters(tokens: list[str]) -> list[str]:
    out: list[str] = []
    single = False
    for token in tokens:
        alone = len(token) == 1 and token.isalpha()
        if alone and single:
            out[-1] += token
        else:
            out.append(token)
        single = alone
    return out


def _telling(text: str, found: list[str]) -> bool:
    return (
        not found
        or _ODD.search(text) is not None
        or not _TELLING.isdisjoint(found)
        or found[0][:2] in ("zz", "xx")
        or "laufkund" in text
    )


def normalise_name(raw: str) -> Name:
    """Take a written name apart; see ``Name``."""
    text = fold(raw)
    found = words(text)
    telling = _telling(text, found)
    if not telling and "." in text:
        text = undot(text)
        found = words(text)
        telling = _telling(text, found)
        if telling:
            text = fold(raw)
    if telling:
        return _slowly(text)
    kept, forms, codes = _tokens(found)
    return Name((" ".join(kept),) if kept else (), _forms(forms), False, False, tuple(codes))  # noqa: FBT003


def _slowly(text: str) -> Name:
    """The full treatment of folded text: markers, second names, ways of writing, placeholders."""
    blocked = False
    if w.BLOCKED.search(text):
        blocked = True
        text = w.BLOCKED.sub(" ", text)
    for pattern, plain in w.REPLACED:
        text = pattern.sub(plain, text)
    text = undot(_SUFFIX.sub("", text)).replace("'", "")
    spellings: list[str] = []
    forms: list[str] = []
    codes: list[str] = []
    for part in w.SECOND_NAME.split(text):
        kept, part_forms, part_codes = _tokens(words(part))
        if kept:
            spellings.append(" ".join(kept))
        forms += part_forms
        codes += part_codes
    return Name(
        tuple(dict.fromkeys(spellings)),
        _forms(forms),
        blocked,
        _placeholder(text, blocked),
        tuple(codes),
    )


def _forms(forms: list[str]) -> tuple[str, ...]:
    return tuple(sorted(set(forms) - {"ltd", "co"} or set(forms))) if forms else ()


def _placeholder(text: str, blocked: bool) -> bool:  # noqa: FBT001 - a plain fact of the text
    bare = " ".join(words(text))
    if not bare:
        return True
    if not w.PLACEHOLDER.search(bare):
        return False
    rest = words(w.PLACEHOLDER.sub(" ", bare))
    return all(t in w.PLACEHOLDER_REST or t.isdigit() or len(t) <= 3 for t in rest) and (
        blocked or len(rest) <= 3
    )
