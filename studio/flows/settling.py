"""A payment against what is open at the target: shares that cannot be applied become questions.

People answer by overrides of the record, like everywhere: ``hold:<document>`` leaves a share unapplied,
a value at ``allocations[n].amount``, ``.discount`` or ``.written_off`` changes a share. Nothing is guessed:
an amount is never spread over other documents than the ones the payment names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from engine.canon.money import ZERO, spoken
from engine.errors import CaseClass
from engine.issue import Fix, Issue
from engine.rules.settlement import Share, remainders, settle
from engine.schema.model import Record
from studio.flows.open_items import Held, OpenItems, shares_in

HOLD = "hold:"
NO_ACCOUNT = "nothing_on_account"
DOCUMENTS = ("invoice", "credit_note", "bill")


def number(value: object) -> Decimal:
    """A money value of a record; zero where there is none."""
    return Decimal(str(value)) if value not in (None, "") else ZERO


def apply_payment(
    document: Record,
    issues: Sequence[Issue],
    overrides: Mapping[str, Any],
    open_items: OpenItems,
    business_key: str,
) -> tuple[Record, list[Issue]]:
    """The payment with what is held back taken out, and everything that cannot be applied.

    Args:
        document: canonical payment.
        issues: what the inbound mapping found; documents it could not resolve are told again here, as
            questions an accountant can answer.
        overrides: a person's answers.
        open_items: reader of the target's open documents.
        business_key: of this payment.
    """
    shares = [dict(share) for share in shares_in(document)]
    unknown = {_index(i): i for i in issues if _is_document(i)}
    held = [n for n, share in enumerate(shares) if _is_held(share, unknown.get(n), overrides)]
    found = [i for i in issues if not _is_document(i)]
    found += [_ask(document, shares, n, i) for n, i in sorted(unknown.items()) if n not in held]
    documents = open_items.documents(
        [str(s.get("document") or "") for s in shares], but=business_key
    )
    filled = _filled(document, [documents.get(str(s.get("document"))) for s in shares])
    kept = [n for n in range(len(shares)) if n not in held]
    said, paths = _shares(filled, shares, [n for n in kept if n not in unknown])
    done = settle(
        number(document.get("amount")),
        str(filled.get("currency") or ""),
        number(filled.get("rate")) or Decimal(1),
        [h.item for h in documents.values()],
        said,
    )
    found += [_told(i, paths, filled) for i in done.issues]
    found += [
        _told(i, paths, filled)
        for i in remainders(done, open_items.ask_below)
        if not any(d.blocks for d in done.issues)
    ]
    found += _strangers(filled, shares, kept, documents)
    applied: Record = {**filled, "allocations": [shares[n] for n in kept]}
    applied["unapplied"] = _left(applied, documents)
    if not open_items.on_account and not any(i.blocks for i in found):
        found += _nothing_on_account(applied, open_items.keeper)
    return applied, found


def _is_document(issue: Issue) -> bool:
    """Whether an issue says that a document a payment names is not known at the target."""
    return issue.evidence.get("kind") == "link" and issue.evidence.get("table") in DOCUMENTS


def _index(issue: Issue) -> int:
    """``allocations[2].document`` is 2."""
    return int(issue.path.partition("[")[2].partition("]")[0] or 0)


def _is_held(share: Record, unknown: Issue | None, overrides: Mapping[str, Any]) -> bool:
    code = str(unknown.evidence["code"]) if unknown else str(share.get("document") or "")
    return HOLD + code in overrides


def _filled(document: Record, held: Sequence[Held | None]) -> Record:
    """What a payment that names only documents says through them: its party and currency."""
    first = next((h for h in held if h), None)
    filled = dict(document)
    if first and not filled.get("party"):
        filled["party"] = first.party
    if first and not filled.get("currency"):
        filled["currency"] = first.item.currency
    return filled


def _shares(
    document: Record, shares: Sequence[Record], kept: Sequence[int]
) -> tuple[list[Share], list[int]]:
    """Shares as the rules take them, credits first (what they give is spent by the others)."""
    order = sorted(kept, key=lambda n: shares[n].get("document_kind") != "credit_note")
    made = [
        Share(
            str(shares[n].get("document") or ""),
            number(shares[n].get("amount")),
            number(shares[n].get("discount")),
            number(shares[n].get("written_off")),
        )
        for n in order
    ]
    return made, order


def _strangers(
    document: Record, shares: Sequence[Record], kept: Sequence[int], held: Mapping[str, Held]
) -> list[Issue]:
    """Documents of somebody else: the target applies a payment to its own customer only."""
    party = str(document.get("party") or "")
    found: list[Issue] = []
    for n in kept:
        known = held.get(str(shares[n].get("document")))
        if known is None or not party or known.party == party:
            continue
        found.append(
            Issue(
                "other_party",
                f"allocations[{n}]",
                f"{known.code} belongs to {known.party}, the payment comes from {party}.",
                case_class=CaseClass.PAYMENT,
                evidence={"document": known.code, "cause": known.code, "party": known.party},
                fixes=(Fix("hold", "Hold as unapplied"),),
            )
        )
    return found


def _left(document: Record, held: Mapping[str, Held]) -> Decimal:
    """What stays on account: the amount, and what credits give, less what documents take."""
    rest = number(document.get("amount"))
    for share in shares_in(document):
        known = held.get(str(share.get("document")))
        gives = known.item.gives if known else share.get("document_kind") == "credit_note"
        rest += number(share.get("amount")) if gives else -number(share.get("amount"))
    return rest


def _nothing_on_account(applied: Record, keeper: str) -> list[Issue]:
    """A rest that pays no document, at a target that keeps no such money."""
    rest, currency = number(applied.get("unapplied")), str(applied.get("currency") or "")
    if rest <= 0:
        return []
    return [
        Issue(
            NO_ACCOUNT,
            "amount",
            f"{spoken(rest, currency)} of this payment pay nothing that is linked, and {keeper} keeps no "
            "money of suppliers on account.",
            case_class=CaseClass.PAYMENT,
            evidence={"left": str(rest), "applied": str(number(applied.get("amount")) - rest)},
            fixes=(Fix("without_rest", "Post what is applied"),),
        )
    ]


def _ask(document: Record, shares: Sequence[Record], index: int, issue: Issue) -> Issue:
    """The document a payment names was never linked: a question with a search and a way to wait."""
    share = shares[index] if index < len(shares) else {}
    kind, code = str(issue.evidence["table"]), str(issue.evidence["code"])
    words = kind.replace("_", " ")
    currency = str(document.get("currency") or "")
    return replace(
        issue,
        path=f"allocations[{index}].document",
        sentence=(
            f"{number(share.get('amount'))} {currency} pay {words} {code}, which is linked to no "
            f"{words} yet."
        ),
        case_class=CaseClass.PAYMENT,
        evidence={**issue.evidence, "amount": str(number(share.get("amount")))},
        fixes=(Fix("apply_to", "Search the document"), Fix("hold", "Hold as unapplied")),
    )


def _told(issue: Issue, order: Sequence[int], document: Record) -> Issue:
    """The rules' issue at the place of the payment's own order of shares, JSON-safe."""
    index = order[int(issue.path.partition("[")[2].partition("]")[0])]
    evidence = {k: str(v) for k, v in issue.evidence.items()}
    return replace(
        issue,
        path=f"allocations[{index}]",
        evidence={**evidence, "cause": evidence.get("document", "")},
        case_class=CaseClass.PAYMENT,
    )
