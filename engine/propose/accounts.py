"""Which ledger account of one chart is which of another: by what its name says, its class and its number.

Names of accounts are short and follow the trade's habits, so a small vocabulary says more than spelling
does: trade receivables, debtors and A/R are one thing; carriage, freight and shipping another. An account
is never proposed for one of another class, however alike the names are. Numbers count little: two charts
number from the same ranges by chance.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log

from rapidfuzz import fuzz

from engine.propose.proposal import Waterfall

ASSET, LIABILITY, EQUITY, INCOME, EXPENSE = "asset", "liability", "equity", "income", "expense"

# Account types as the systems write them, in lower case: SYSPRO GenMaster.AccountType, QuickBooks
# Account.AccountType, Xero Account.Type; what a type says besides its class is a word of the name.
_TYPES: dict[str, tuple[str, str]] = {
    "a": (ASSET, ""),
    "l": (LIABILITY, ""),
    "c": (EQUITY, ""),
    "r": (INCOME, ""),
    "e": (EXPENSE, ""),
    "bank": (ASSET, "bank"),
    "accounts receivable": (ASSET, "receivable"),
    "other current asset": (ASSET, ""),
    "other asset": (ASSET, ""),
    "fixed asset": (ASSET, "equipment"),
    "current": (ASSET, ""),
    "prepayment": (ASSET, "prepaid"),
    "inventory": (ASSET, "stock"),
    "fixed": (ASSET, "equipment"),
    "noncurrent": (ASSET, ""),
    "accounts payable": (LIABILITY, "payable"),
    "credit card": (LIABILITY, "card"),
    "other current liability": (LIABILITY, ""),
    "long term liability": (LIABILITY, "loan"),
    "currliab": (LIABILITY, ""),
    "liability": (LIABILITY, ""),
    "termliab": (LIABILITY, "loan"),
    "paygliability": (LIABILITY, "payroll"),
    "superannuationliability": (LIABILITY, "pension"),
    "equity": (EQUITY, ""),
    "income": (INCOME, "sales"),
    "other income": (INCOME, "other"),
    "revenue": (INCOME, "sales"),
    "sales": (INCOME, "sales"),
    "otherincome": (INCOME, "other"),
    "cost of goods sold": (EXPENSE, "cost of sales"),
    "directcosts": (EXPENSE, "cost of sales"),
    "expense": (EXPENSE, ""),
    "other expense": (EXPENSE, ""),
    "overheads": (EXPENSE, ""),
    "depreciatn": (EXPENSE, "depreciation"),
    "wagesexpense": (EXPENSE, "payroll"),
    "superannuationexpense": (EXPENSE, "pension"),
}

# What stands for a thing -> how charts of accounts call it. Longer phrases are read first.
_CONCEPTS: dict[str, str] = {
    "receivable": "accounts receivable|trade receivables|trade debtors|debtors control|debtors|receivables|receivable|a r|ar control",
    "payable": "accounts payable|trade payables|trade creditors|creditors control|creditors|payables|a p|ap control",
    "stock": "inventory asset|stock on hand|finished goods|raw materials|work in progress|merchandise inventory|inventory|stock|stocks|merchandise",
    "cost of sales": "cost of goods sold|cost of goods|cost of sales|cost of revenue|costs of sales|direct costs|direct cost|cogs|cost of|purchases",
    "sales": "sales of product income|product sales|turnover|revenues|revenue|sales|sale|income|fees earned",
    "tax": "sales tax payable|sales tax collected|sales tax|vat control|vat payable|output vat|input vat|vat|gst|tax payable|taxes payable|hst",
    "income tax": "corporation tax|income tax|company tax",
    "bank": "checking account|checking|current account|bank account|bank accounts|cash at bank|operating account|cheque account|savings account|savings|bank",
    "cash": "petty cash|cash on hand|cash sales|cash",
    "undeposited": "undeposited funds|undeposited|cash in transit|funds in transit|payments in transit|deposits in transit|clearing account|clearing",
    "retained": "retained earnings|retained profits|retained profit|accumulated profits|accumulated surplus|reserves",
    "capital": "share capital|common stock|owners equity|owner s equity|capital stock|paid in capital|capital",
    "drawings": "drawings|dividends|distributions|owner draws",
    "opening": "opening balance equity|opening balances|historical adjustment|opening balance",
    "payroll": "payroll expenses|payroll|wages and salaries|salaries and wages|wages|wage|salaries|salary|staff costs|personnel|compensation|labour|labor",
    "pension": "pensions|pension|superannuation|retirement",
    "social": "payroll taxes|payroll tax|employers national insurance|national insurance|social security",
    "subcontractor": "subcontractors|subcontractor|contractors|contract labor|contract labour",
    "rent": "rent or lease|rent and rates|lease payments|rental|rent|leases|lease|rates",
    "utilities": "light power heating|light heat and power|heat and light|gas and electric|electricity|utilities|utility|energy|power|heating|gas|water",
    "telephone": "telephone and internet|telephone|phone|internet|telecoms|communications|mobile",
    "freight": "shipping and delivery|freight and courier|carriage outwards|carriage inwards|freight|carriage|shipping|delivery|courier|postage|haulage",
    "discount": "discounts allowed|discounts given|discounts taken|discount received|discounts|discount",
    "other": "sundry charges|miscellaneous|sundry|sundries|other|general|misc",
    "unsorted": "uncategorized|uncategorised|ask my accountant|suspense|unapplied cash payment|unapplied cash bill payment|unapplied",
    "rounding": "rounding|roundings|round off",
    "difference": "discrepancies|discrepancy|differences|difference|variances|variance",
    "exchange": "exchange gain or loss|foreign exchange|exchange differences|currency gains|currency losses|currency differences|revaluations|revaluation|exchange",
    "shrinkage": "shrinkage|stock write off|inventory adjustments|stock adjustments|scrap|write offs",
    "bad debt": "bad debts|bad debt|doubtful debts|doubtful accounts",
    "bank charges": "bank service charges|bank charges|bank fees|merchant fees|bank fee",
    "interest": "interest expense|interest income|interest paid|interest received|interest",
    "loan": "notes payable|loans payable|bank loans|loans|loan|mortgage|borrowings",
    "card": "credit cards|credit card",
    "depreciation": "accumulated depreciation|depreciation|amortisation|amortization",
    "equipment": "plant and machinery|fixed assets|machinery|equipment|furniture and fixtures|fixtures and fittings|computer equipment|office equipment",
    "vehicle": "motor vehicles|motor expenses|vehicles|vehicle|automobile|motor|fuel|car",
    "building": "land and buildings|leasehold improvements|buildings|building|property",
    "advertising": "advertising and marketing|advertising|marketing|promotion|promotional",
    "travel": "travel and subsistence|travel national|travel international|travelling|travel|accommodation|subsistence",
    "entertainment": "meals and entertainment|meals|entertainment|hospitality",
    "office": "office supplies|office expenses|stationery|printing and stationery|printing|office",
    "insurance": "insurances|insurance",
    "repairs": "repairs and maintenance|repairs|repair|maintenance",
    "professional": "legal and professional|professional fees|legal fees|accounting fees|audit fees|audit|legal|accountancy|consulting|professional|accounting",
    "software": "it software|software|subscriptions|subscription|licences|licenses|dues",
    "training": "training|education",
    "cleaning": "cleaning|janitorial|waste",
    "commission": "commissions|commission",
    "service": "services|service",
    "hardware": "hardware|ironmongery|ironware|fasteners|tools",
    "outdoor": "outdoor gear|outdoors|outdoor|camping",
    "furniture": "furniture|furnishings",
    "deposit": "customer deposits|deposits received|deposits|deposit|prepayments received",
    "prepaid": "prepaid expenses|prepayments|prepaid",
    "accrual": "accrued liabilities|accruals|accrued expenses|accrued",
}
# Words that every chart uses and that tell no account from another.
_NOISE_WORDS = """
the a an of and or for to in on at with from accounts account acct expenses expense costs cost
funds product products goods group total main operating business control old new recovered
charged collected received given allowed payable company uk us s asset assets liability
liabilities balance balances
"""
_NOISE = frozenset(_NOISE_WORDS.split())
# What the classes themselves are called, and what names no thing: these alone tell accounts apart badly.
_GENERAL = frozenset({"sales", "cost of sales", "other"})
_GENERAL_WEIGHT = 0.4
# Things that are booked to one another where there is no account of their own.
_RELATED: dict[frozenset[str], float] = {
    frozenset({"service", "subcontractor"}): 0.6,
    frozenset({"service", "payroll"}): 0.4,
    frozenset({"cash", "undeposited"}): 0.5,
    frozenset({"cash", "bank"}): 0.4,
    frozenset({"exchange", "difference"}): 0.4,
    frozenset({"rounding", "difference"}): 0.6,
    frozenset({"other", "unsorted"}): 0.3,
    frozenset({"payroll", "social"}): 0.4,
    frozenset({"office", "telephone"}): 0.3,
}
_FUZZY = 88
# Likeness of names -> how often such a pair is right, before class, number and rivals are looked at.
_CURVE = (
    (0.0, 0.02),
    (0.15, 0.10),
    (0.30, 0.35),
    (0.45, 0.62),
    (0.60, 0.82),
    (0.80, 0.93),
    (1.0, 0.97),
)
_SAME_CLASS, _OTHER_CLASS, _SAME_NUMBER = 1.3, 0.02, 1.8
_RIVAL = 0.5
_LEAST = 0.08


@dataclass(frozen=True, slots=True)
class Account:
    """One account of a chart.

    Attributes:
        key: what documents carry.
        label: its name.
        code: its number as people write it, segments included; may be empty.
        kind: its type as the system writes it, or one of the five classes; may be empty.
    """

    key: str
    label: str
    code: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class AccountMatch:
    """A proposed counterpart: its key, how sure (0 to 1), why, and how that came about."""

    key: str
    confidence: float
    sentence: str
    waterfall: Waterfall


def class_of(kind: str) -> str:
    """The class of a vendor's account type: asset, liability, equity, income, expense or empty."""
    said = kind.strip().casefold()
    return (
        said
        if said in (ASSET, LIABILITY, EQUITY, INCOME, EXPENSE)
        else _TYPES.get(said, ("", ""))[0]
    )


def _compiled() -> list[tuple[str, str]]:
    pairs = [(p, concept) for concept, said in _CONCEPTS.items() for p in said.split("|")]
    return sorted(pairs, key=lambda pair: (-len(pair[0].split()), -len(pair[0])))


_PHRASES = _compiled()


def things(label: str, kind: str = "") -> dict[str, str]:
    """What an account is about: concept (or plain word) -> the words of the label that say so.

    What only its type says has no words.

    Args:
        label: name of the account.
        kind: its type, which may add one.
    """
    rest = " " + re.sub(r"[^a-z0-9]+", " ", label.casefold()).strip() + " "
    found: dict[str, str] = {}
    for phrase, concept in _PHRASES:
        if f" {phrase} " in rest:
            found.setdefault(concept, phrase)
            rest = rest.replace(f" {phrase} ", " | ")
    for word in rest.split():
        if word != "|" and word not in _NOISE and not word.isdigit():
            found.setdefault(word, word)
    implied = _TYPES.get(kind.strip().casefold(), ("", ""))[1]
    if implied and (not found or implied in _GENERAL or implied == "bank"):
        found.setdefault(implied, "")
    return found


class Chart:
    """The accounts that may be chosen; ranks them for accounts of another chart."""

    def __init__(self, targets: Sequence[Account]) -> None:
        self._targets = [(t, things(t.label, t.kind)) for t in targets]
        seen = Counter(name for _, about in self._targets for name in about)
        most = log(len(self._targets) + 2)
        # A word that many names carry says little.
        self._weight = {
            n: max(0.3, (most - log(count + 1)) / most + 0.3) for n, count in seen.items()
        }

    def rank(self, source: Account, most: int = 5) -> list[AccountMatch]:
        """The likeliest counterparts of an account, best first; empty where nothing is alike.

        Args:
            source: an account of the other chart; its ``kind`` may be the class alone.
            most: how many at most.
        """
        about = things(source.label, source.kind)
        start = Waterfall.among(len(self._targets))
        scored: list[_Judged] = []
        for target, theirs in self._targets:
            alike, shared = self._alike(about, theirs)
            if alike <= 0:
                continue
            judged = _judged(source, target, _Names(about, theirs, shared, alike), start)
            if judged.confidence >= _LEAST:
                scored.append(judged)
        scored.sort(key=lambda s: (-s.confidence, len(s.target.label), s.target.key))
        return [_beside_rivals(scored, n) for n in range(min(most, len(scored)))]

    def _alike(self, a: Mapping[str, str], b: Mapping[str, str]) -> tuple[float, dict[str, str]]:
        """Weighted share of what both are about (0 to 1), and as what of ``b`` each of ``a`` was found."""
        shared: dict[str, str] = {}
        gained = 0.0
        for name in a:
            best, what = max(((_same(name, other), other) for other in b), default=(0.0, ""))
            if best > 0:
                shared[name] = what
                gained += best * (self._of(name) + self._of(what)) / 2
        whole = (sum(map(self._of, a)) + sum(map(self._of, b))) / 2
        return (min(1.0, gained / whole) if whole else 0.0), shared

    def _of(self, name: str) -> float:
        return _GENERAL_WEIGHT if name in _GENERAL else self._weight.get(name, 1.0)


def _same(one: str, other: str) -> float:
    if one == other:
        return 1.0
    related = _RELATED.get(frozenset({one, other}))
    if related is not None:
        return related
    if one in _CONCEPTS or other in _CONCEPTS:
        return 0.0
    return 0.9 if fuzz.ratio(one, other) >= _FUZZY else 0.0


@dataclass(frozen=True, slots=True)
class _Names:
    """What two accounts are about, and how alike that makes them.

    Attributes:
        about: the source, as :func:`things` says it.
        theirs: the target.
        shared: what of the source was found again, and as what of the target.
        alike: how alike that makes them, 0 to 1.
    """

    about: Mapping[str, str]
    theirs: Mapping[str, str]
    shared: Mapping[str, str]
    alike: float

    @property
    def found(self) -> list[str]:
        """Clauses that quote only words which stand on the side they are said of."""
        same: list[str] = []
        other: list[str] = []
        general: list[str] = []
        for name, their in self.shared.items():
            here, there = self.about[name], self.theirs[their]
            # What the class says anyway is worth a word only where there is no other.
            by_type = general if name in _GENERAL else other
            if here and here == there:
                same.append(f"“{here}”")
            elif here and there:
                other.append(f"“{here}” here, “{there}” there")
            elif there:
                by_type.append(f"“{there}” there, which is the type here")
            elif here:
                by_type.append(f"“{here}” here, which is the type there")
            else:
                by_type.append(f"the type of both is “{name}”")
        both = [f"{' and '.join(same)} on both sides"] if same else []
        return both + other or general

    @property
    def missing(self) -> list[str]:
        """Words of the source that nothing of the target answers."""
        return [f"“{w}”" for n, w in self.about.items() if w and n not in self.shared]


@dataclass(frozen=True, slots=True)
class _Judged:
    """One account of the chart, before its rivals are looked at."""

    target: Account
    confidence: float
    sentence: str
    waterfall: Waterfall


def _judged(source: Account, target: Account, names: _Names, start: Waterfall) -> _Judged:
    """What names, class and number say together, each with its part.

    Args:
        source: the account a counterpart is looked for.
        target: one that may be it.
        names: what both are about.
        start: before any evidence.
    """
    confidence = _chance(names.alike)
    water = start.then("names", "; ".join(names.found), confidence)
    mine, theirs = class_of(source.kind), class_of(target.kind)
    why = []
    if mine and theirs:
        same = mine == theirs
        confidence = _weighed(confidence, _SAME_CLASS if same else _OTHER_CLASS)
        said = f"both of the class {mine}" if same else f"one is {mine}, the other {theirs}"
        water = water.then("class", said, confidence)
        if same:
            why.append(said)
    number = _number(source.code)
    if number and number == _number(target.code) and (mine == theirs or not mine):
        confidence = _weighed(confidence, _SAME_NUMBER)
        why.append(f"the same number {number}")
        water = water.then("number", why[-1], confidence)
    return _Judged(target, confidence, _sentence(names, why), water)


def _weighed(share: float, factor: float) -> float:
    """A probability after evidence that multiplies its odds."""
    odds = share / (1 - share) * factor
    return odds / (1 + odds)


def _chance(alike: float) -> float:
    for (x0, y0), (x1, y1) in pairwise(_CURVE):
        if alike <= x1:
            return y0 + (y1 - y0) * (alike - x0) / (x1 - x0)
    return _CURVE[-1][1]


def _number(code: str) -> str:
    """The natural account: the longest segment of digits, three or more."""
    found = re.findall(r"\d{3,}", code)
    return max(found, key=len, default="")


def _beside_rivals(scored: Sequence[_Judged], own: int) -> AccountMatch:
    """Less sure where another account is about as likely."""
    one = scored[own]
    rival = max((s.confidence for n, s in enumerate(scored) if n != own), default=0.0)
    share = one.confidence * (1 - _RIVAL * rival * min(1.0, rival / one.confidence) ** 2)
    water = one.waterfall.then("rivals", "another account is about as likely", share)
    return AccountMatch(one.target.key, round(share, 3), one.sentence, water)


def _sentence(names: _Names, why: Sequence[str]) -> str:
    parts = [*names.found, *why]
    if names.missing:
        parts.append(f"nothing there names {' or '.join(names.missing)}")
    said = "; ".join(parts)
    return f"{said[:1].upper()}{said[1:]}."
