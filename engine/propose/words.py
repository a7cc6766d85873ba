"""Words of field names: split, spelled out, and told which of them mean the same."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from engine.schema.paths import tokens

STOP = frozenset(
    [
        "the",
        "a",
        "an",
        "of",
        "to",
        "for",
        "and",
        "or",
        "in",
        "on",
        "at",
        "by",
        "is",
        "are",
        "be",
        "with",
        "from",
        "as",
        "this",
        "that",
        "when",
        "which",
        "it",
        "its",
        "not",
        "if",
        "no",
        "whether",
        "per",
        "used",
        "only",
        "via",
        "into",
        "than",
        "has",
        "have",
        "was",
        "were",
        "will",
        "may",
        "can",
    ]
)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The vocabulary file, ready for look-ups.

    Attributes:
        expand: abbreviation -> words.
        group: word -> the word that stands for its group of synonyms.
        qualifiers: words that change which of several similar fields is meant (last, month, tax).
        side: word -> ``sales`` or ``purchase``.
        role: word -> ``billing``, ``shipping`` or ``remittance``.
        head: word -> what kind of datum a field with this last word holds.
        concepts: concept -> phrases people use for it.
        phrases: words that together mean one thing -> the words that stand for them.
        relations: concepts that can stand in for each other, and how well (0 to 1).
        documents: words for documents, which have numbers where other things have codes.
        parties: words for a customer or supplier that do not say which.
        known: every full word, for splitting words that are written together.
    """

    expand: dict[str, tuple[str, ...]]
    group: dict[str, str]
    qualifiers: frozenset[str]
    side: dict[str, str]
    role: dict[str, str]
    head: dict[str, str]
    concepts: dict[str, tuple[str, ...]]
    phrases: dict[str, str]
    relations: tuple[tuple[str, str, float], ...]
    documents: frozenset[str]
    parties: frozenset[str]
    known: frozenset[str]


def _inverse(raw: dict[str, list[str]]) -> dict[str, str]:
    out: dict[str, str] = {}
    for name, words in raw.items():
        for word in words:
            out.setdefault(singular(word), name)
    return out


@cache
def vocabulary() -> Vocabulary:
    """The shipped vocabulary."""
    file = Path(__file__).with_name("vocabulary.json")
    raw = json.loads(file.read_text(encoding="utf-8"))
    group: dict[str, str] = {}
    for words in raw["synonyms"]:
        for word in words:
            group.setdefault(singular(word), singular(words[0]))
    group["bills"] = group["bill"]
    phrases = {k: tuple(v) for k, v in raw["concepts"].items()}
    known = {w for ps in phrases.values() for p in ps for w in re.findall(r"[a-z]{3,}", p.lower())}
    known |= set(group) | set(raw["qualifiers"])
    known |= {w for v in raw["abbreviations"].values() for w in v.split()}
    return Vocabulary(
        expand={k: tuple(v.split()) for k, v in raw["abbreviations"].items()},
        group=group,
        qualifiers=frozenset(map(singular, raw["qualifiers"])),
        side=_inverse(raw["sides"]),
        role=_inverse(raw["roles"]),
        head=_inverse(raw["heads"]),
        concepts=phrases,
        phrases=raw["phrases"],
        relations=tuple((a, b, float(w)) for a, b, w in raw["relations"]),
        documents=frozenset(raw["documents"]),
        parties=frozenset(raw["parties"]),
        known=frozenset(k for k in known if len(k) > 2),
    )


@lru_cache(maxsize=20_000)
def unglue(word: str) -> tuple[str, ...]:
    """Split words written together (``custname``, ``duedate``) into known words, else keep them.

    Fewest parts wins; every part must be a known word or an abbreviation of three letters or more.
    """
    book = vocabulary()
    if len(word) < 6 or word in book.known or word in book.expand or not word.isalpha():
        return (word,)
    if word.endswith("s") and word[:-1] in book.known:
        return (word[:-1],)
    best: list[tuple[str, ...] | None] = [()] + [None] * len(word)
    for end in range(2, len(word) + 1):
        for start in range(max(0, end - 14), end - 1):
            part, before = word[start:end], best[start]
            if before is None or not _is_part(part):
                continue
            here = best[end]
            if here is None or len(before) + 1 < len(here):
                best[end] = (*before, part)
    whole = best[len(word)]
    return whole if whole and len(whole) <= 4 else (word,)


def _is_part(part: str) -> bool:
    book = vocabulary()
    if part in ("no", "id", "of", "to", "gl", "po"):
        return True
    return len(part) >= 3 and (part in book.known or part in book.expand)


def singular(word: str) -> str:
    """A plain plural made singular; everything else as it is."""
    if word == "bills":  # supplier invoices, while to bill is what we do to customers
        return word
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is", "ous")):
        return word[:-1]
    return word


@lru_cache(maxsize=50_000)
def spelled(name: str) -> tuple[str, ...]:
    """The words of a name in lower case, abbreviations written out, plurals made singular."""
    book = vocabulary()
    out: list[str] = []
    for raw in tokens(re.sub(r"\b([AG])/([PRL])\b", r"\1\2", name)):
        for part in unglue(raw):
            words = book.expand.get(part) or book.expand.get(singular(part)) or (singular(part),)
            out += words
    return tuple(_phrased([w for k, w in enumerate(out) if k == 0 or w != out[k - 1]]))


def _phrased(words: list[str]) -> list[str]:
    """Phrases of two or three words replaced by what stands for them, twice over."""
    book = vocabulary().phrases
    for _ in range(2):
        out: list[str] = []
        for word in words:
            out.append(word)
            for size in (3, 2):
                found = book.get(" ".join(out[-size:])) if len(out) >= size else None
                if found is not None:
                    out[-size:] = found.split()
                    break
        words = out
    return words


@lru_cache(maxsize=50_000)
def prose(text: str) -> tuple[str, ...]:
    """The meaningful words of a sentence, each once, in order; plurals made singular."""
    words = (singular(w) for w in re.findall(r"[a-z]+|\d+", text.lower()))
    return tuple(dict.fromkeys(w for w in words if w not in STOP))


def canonical(word: str) -> str:
    """The word that stands for this word's group of synonyms."""
    return vocabulary().group.get(word, word)
