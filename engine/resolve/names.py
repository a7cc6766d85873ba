"""Compare names token by token, for many pairs at once.

Every name is a row of token numbers. Equal tokens are aligned first; what is left on both sides is
compared as words (slip of the pen, abbreviation). The result tells how much of the weight of each
name found its counterpart and what kind of token did not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA

from engine.resolve.keys import Floats, Ints
from engine.resolve.places import subsequence
from engine.resolve.words import BRANCH_WORDS, GEO

WIDTH = 8
WORD, NUMBER, PLACE, SIDE = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Spellings:
    """Distinct spellings of names of both sides.

    Attributes:
        texts: spelling without blanks, for comparison as a whole.
        tokens: token numbers, shape (spellings, width), -1 where there is none.
        sort: kind of each token, same shape (``WORD``, ``NUMBER``, ``PLACE``, ``SIDE``).
        weight: weight per token number: rare tokens weigh more, 0 to 1.
        vocabulary: token texts.
        plain: per token number, whether it is a word that may be misspelt.
    """

    texts: list[str]
    tokens: Ints
    sort: NDArray[np.int8]
    weight: Floats
    vocabulary: list[str]
    plain: NDArray[np.bool_]


def _sort_of(token: str) -> int:
    if token[0] == "@":
        return PLACE
    if token[0] == "#":
        return NUMBER
    if token in BRANCH_WORDS or token in GEO:
        return SIDE
    digits = sum(c.isdigit() for c in token)
    return NUMBER if digits and (digits > 1 or len(token) < 4) else WORD


def spellings(rows: Sequence[str], counts: Sequence[int], width: int = WIDTH) -> Spellings:
    """Number the tokens of distinct spellings; ``counts`` tells how many records carry each."""
    voc: dict[str, int] = {}
    tokens = np.full((len(rows), width), -1, dtype=np.int32)
    df: list[int] = []
    for at, row in enumerate(rows):
        for k, token in enumerate(row.split()[:width]):
            number = voc.setdefault(token, len(voc))
            if number == len(df):
                df.append(0)
            df[number] += counts[at]
            tokens[at, k] = number
    vocabulary = list(voc)
    total = max(sum(counts), 2)
    weight = np.log(total / np.maximum(np.asarray(df, dtype=np.float32), 1.0)) / np.log(total)
    sorts = np.asarray([_sort_of(t) for t in vocabulary], dtype=np.int8)
    sort = np.where(tokens >= 0, sorts[tokens] if len(sorts) else 0, -1).astype(np.int8)
    texts = [row.replace(" ", "").replace("@", "").replace("_", "") for row in rows]
    plain = np.asarray([t[0] != "#" for t in vocabulary] or [True])
    light = np.maximum(weight, 0.05).astype(np.float32)
    return Spellings(texts, tokens, sort, light, vocabulary, plain)


def _packed(words: Sequence[str]) -> NDArray[np.uint8]:
    """Letters of the words as bytes, one row each, 0 after the end."""
    packed = np.array(words, dtype="S")
    return packed.view(np.uint8).reshape(len(words), packed.dtype.itemsize)


def token_similarity(left: Sequence[str], right: Sequence[str]) -> Floats:
    """How likely two different tokens are one word: slip of the pen or abbreviation, 0 to 1."""
    base = process.cpdist(left, right, scorer=OSA.normalized_similarity, dtype=np.float32)
    out = np.where(base >= 0.7, base, 0.0).astype(np.float32)
    a, b = _packed(left), _packed(right)
    for at in np.flatnonzero((out <= 0.84) & (a[:, 0] == b[:, 0])).tolist():
        out[at] = max(out[at], _shortened(left[at], right[at]))
    return out


def _shortened(a: str, b: str) -> float:
    """How likely the shorter word, which begins alike, is an abbreviation of the longer, 0 to 1."""
    short, long = (a, b) if len(a) < len(b) else (b, a)
    if len(short) < 2 or short[0] == "@" or short[-1].isdigit():
        return 0.0
    if long.startswith(short):
        return 0.9 if len(short) > 2 else 0.8
    if len(short) <= 0.75 * len(long) and subsequence(short, long):
        return 0.8 if len(short) > 2 else 0.7
    bare = short.rstrip("s")
    return 0.8 if bare != short and long.startswith(bare) else 0.0


FEATURES = (
    "same", "ratio", "kept_left", "kept_right", "alike", "lost_left", "lost_right", "lost_both",
    "shared", "rarest", "first", "slips", "number", "place_left", "place_right", "side", "tail_left", "tail_right",
)  # fmt: skip


def compare(names: Spellings, a: Ints, b: Ints) -> Floats:
    """Features of pairs of spellings, shape (pairs, len(FEATURES)); see ``FEATURES``."""
    out = np.empty((len(a), len(FEATURES)), dtype=np.float32)
    step = 100_000
    for at in range(0, len(a), step):
        out[at : at + step] = _block(names, a[at : at + step], b[at : at + step])
    return out


def fuzzy(
    names: Spellings, ta: Ints, tb: Ints, ma: NDArray[np.bool_], mb: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Best similarity of each token that has no equal, against the tokens left on the other side."""
    plain = names.plain
    open_a, open_b = ~ma & (ta >= 0) & plain[ta], ~mb & (tb >= 0) & plain[tb]
    row, p, q = np.nonzero(open_a[:, :, None] & open_b[:, None, :])
    credit_a = np.zeros(ta.shape, dtype=np.float32)
    credit_b = np.zeros(tb.shape, dtype=np.float32)
    if len(row) == 0:
        return credit_a, credit_b
    size = len(names.vocabulary)
    code = ta[row, p].astype(np.int64) * size + tb[row, q]
    unique, back = np.unique(code, return_inverse=True)
    left = [names.vocabulary[c] for c in (unique // size).tolist()]
    right = [names.vocabulary[c] for c in (unique % size).tolist()]
    sim = token_similarity(left, right)
    best = sim[back]
    hit = best > 0
    row, p, q, best = row[hit], p[hit], q[hit], best[hit]
    np.maximum.at(credit_a, (row, p), best)
    np.maximum.at(credit_b, (row, q), best)
    return credit_a, credit_b


def _block(names: Spellings, a: Ints, b: Ints) -> Floats:
    ta, tb = names.tokens[a], names.tokens[b]
    equal = (ta[:, :, None] == tb[:, None, :]) & (ta >= 0)[:, :, None]
    ma, mb = equal.any(axis=2), equal.any(axis=1)
    ca, cb = fuzzy(names, ta, tb, ma, mb)
    ca[ma], cb[mb] = 1.0, 1.0
    sa, sb = names.sort[a], names.sort[b]
    wa = np.where(ta >= 0, names.weight[ta], 0.0)
    wb = np.where(tb >= 0, names.weight[tb], 0.0)
    out = np.zeros((len(a), len(FEATURES)), dtype=np.float32)
    text_a = [names.texts[k] for k in a.tolist()]
    text_b = [names.texts[k] for k in b.tolist()]
    ratio = process.cpdist(text_a, text_b, scorer=OSA.normalized_similarity, dtype=np.float32)
    kept_a, kept_b = (wa * ca * (sa == WORD)).sum(1), (wb * cb * (sb == WORD)).sum(1)
    lost_a, lost_b = (wa * (1 - ca) * (sa == WORD)).sum(1), (wb * (1 - cb) * (sb == WORD)).sum(1)
    out[:, 0] = ratio == 1
    out[:, 1] = ratio
    out[:, 2] = kept_a / np.maximum(kept_a + lost_a, 0.01)
    out[:, 3] = kept_b / np.maximum(kept_b + lost_b, 0.01)
    out[:, 4] = (kept_a + kept_b) / np.maximum(kept_a + kept_b + lost_a + lost_b, 0.01)
    out[:, 5], out[:, 6], out[:, 7] = lost_a, lost_b, np.minimum(lost_a, lost_b)
    out[:, 8] = (wa * ca).sum(1)
    out[:, 9] = (wa * (ca >= 0.75)).max(1)
    out[:, 10] = np.minimum(ca[:, 0], cb[:, 0])
    out[:, 11] = (wa * (ca > 0) * (1 - ca)).sum(1)
    out[:, 12] = _side_state(ca, cb, sa == NUMBER, sb == NUMBER)
    out[:, 13] = ((ca < 1) & (sa == PLACE)).any(1)
    out[:, 14] = ((cb < 1) & (sb == PLACE)).any(1)
    out[:, 15] = ((ca < 1) & (sa == SIDE)).any(1).astype(np.float32) + (
        (cb < 1) & (sb == SIDE)
    ).any(1)
    out[:, 16], out[:, 17] = _tail(wa, ca, sa), _tail(wb, cb, sb)
    return out


def _side_state(ca: Floats, cb: Floats, na: NDArray[np.bool_], nb: NDArray[np.bool_]) -> Floats:
    """Numbers in the names: -2 both differ, -1 only one has one, 0 none, 1 the same."""
    lost_a, lost_b = (na & (ca < 1)).any(1), (nb & (cb < 1)).any(1)
    both = na.any(1) & nb.any(1)
    state = np.where(both, 1, 0) - np.where(lost_a | lost_b, np.where(both, 3, 1), 0)
    return state.astype(np.float32)


def _tail(weight: Floats, credit: Floats, sort: NDArray[np.int8]) -> Floats:
    """Weight of the words lost after the last word that was found: what a cut field would take."""
    found = credit > 0.6
    after = ~np.logical_or.accumulate(found[:, ::-1], axis=1)[:, ::-1]
    return np.asarray((weight * after * (sort == WORD)).sum(1), dtype=np.float32)
