"""Format rules: lengths, characters, numbers of lines, required fields, balanced journals."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from engine.canon.money import ZERO, spoken
from engine.errors import CaseClass, Severity
from engine.issue import Fix, Issue
from engine.rules.documents import amount, lines_of, text_of
from engine.rules.rule import DATED, DOCUMENTS, Subject, rule
from engine.schema.model import JsonValue

_EDIT = (Fix("edit", "Edit the value"),)
EVERYTHING = (*DATED, "party", "item")


def values_at(record: dict[str, Any], path: str) -> Iterator[tuple[str, JsonValue]]:
    """Concrete paths and values for a path with ``[]``; missing ones give nothing."""
    head, _, rest = path.partition(".")
    name = head.removesuffix("[]")
    found = record.get(name)
    many = found if head.endswith("[]") and isinstance(found, list) else [found]
    for index, one in enumerate(many):
        place = f"{name}[{index}]" if head.endswith("[]") else name
        if not rest:
            yield place, one
        elif isinstance(one, dict):
            for below, value in values_at(one, rest):
                yield f"{place}.{below}", value


@rule("lengths", "Texts are not longer than the target takes", *EVERYTHING)
def lengths(subject: Subject) -> Iterator[Issue]:
    """Over-long texts are cut only by a mapping that says so."""
    limits = dict(subject.facts.lengths)
    if subject.facts.number_length is not None:
        limits.setdefault("number", subject.facts.number_length)
    for path, limit in limits.items():
        for place, value in values_at(subject.record, path):
            if isinstance(value, str) and len(value) > limit:
                sentence = f"“{value[:40]}” has {len(value)} characters; {subject.facts.label} takes {limit}."
                yield Issue("too_long", place, sentence, evidence={"limit": limit}, fixes=_EDIT)


@rule("characters", "Texts have no characters the target refuses", *EVERYTHING)
def characters(subject: Subject) -> Iterator[Issue]:
    """Colons, tabs and line breaks in names."""
    for path, signs in subject.facts.forbidden.items():
        for place, value in values_at(subject.record, path):
            wrong = sorted({s for s in signs if isinstance(value, str) and s in value})
            if wrong:
                shown = ", ".join(repr(s) for s in wrong)
                yield Issue(
                    "character", place, f"{subject.facts.label} does not take {shown} here.",
                    evidence={"characters": shown}, fixes=_EDIT,
                )  # fmt: skip


@rule("required", "Required fields have a value", *EVERYTHING)
def required(subject: Subject) -> Iterator[Issue]:
    """What the target demands for this kind of document."""
    for path in sorted(subject.facts.required.get(subject.kind, frozenset())):
        found = list(values_at(subject.record, path))
        for place, value in found or [(path, None)]:
            if value is None or value == "":
                yield Issue(
                    "missing", place, f"{subject.facts.label} requires {place}.", fixes=_EDIT
                )


@rule("line_count", "The document has neither too few nor too many lines", *DOCUMENTS)
def line_count(subject: Subject) -> Iterator[Issue]:
    """Lines that carry an amount; comments do not count."""
    real = [one for one in lines_of(subject) if one.get("kind") != "comment"]
    facts = subject.facts
    if len(real) < facts.min_lines:
        yield Issue("no_lines", "lines", "The document has no lines with an amount.", fixes=_EDIT)
    if facts.max_lines is not None and len(real) > facts.max_lines:
        yield Issue(
            "too_many_lines", "lines",
            f"{len(real)} lines; {facts.label} takes {facts.max_lines}.",
            fixes=(Fix("group", "Combine lines by item"), Fix("split", "Split the document")),
        )  # fmt: skip


@rule("line_signs", "Lines have amounts the target takes", *DOCUMENTS)
def line_signs(subject: Subject) -> Iterator[Issue]:
    """Negative lines, discounts, and amounts beyond what the target can store."""
    facts = subject.facts
    for index, line in enumerate(lines_of(subject)):
        net = amount(line, "net_amount")
        place = f"lines[{index}]"
        if net is not None and net < 0 and not facts.negative_lines:
            yield Issue("negative", f"{place}.net_amount", "The line is negative.", fixes=_EDIT)
        if facts.amount_limit is not None and net is not None and abs(net) > facts.amount_limit:
            yield Issue(
                "too_large", f"{place}.net_amount", f"{spoken(net)} is too large.", fixes=_EDIT
            )
        discounted = amount(line, "discount_percent") or amount(line, "discount_amount")
        if discounted and facts.discounts is not None and subject.kind not in facts.discounts:
            yield Issue(
                "discount", place, f"{facts.label} takes no discount on such lines.",
                Severity.BLOCK, CaseClass.VALUE, fixes=(Fix("net", "Send the net price instead"),),
            )  # fmt: skip


@rule("balanced", "Debits equal credits", "journal")
def balanced(subject: Subject) -> Iterator[Issue]:
    """At least two postings, each on one side, and both sides equal."""
    lines = lines_of(subject)
    if len(lines) < 2:
        yield Issue("no_lines", "lines", "A journal needs at least two lines.", fixes=_EDIT)
    debits = credits_ = ZERO
    for index, line in enumerate(lines):
        debit, credit = amount(line, "debit") or ZERO, amount(line, "credit") or ZERO
        debits, credits_ = debits + debit, credits_ + credit
        if debit < 0 or credit < 0 or bool(debit) == bool(credit):
            yield Issue(
                "side", f"lines[{index}]", "A posting is either a debit or a credit.", fixes=_EDIT
            )
        if not text_of(line, "account"):
            yield Issue(
                "missing", f"lines[{index}].account", "A posting needs an account.", fixes=_EDIT
            )
    if debits != credits_:
        gap: Decimal = debits - credits_
        yield Issue(
            "unbalanced", "lines", f"Debits {spoken(debits)} and credits {spoken(credits_)} differ by {spoken(gap)}.",
            Severity.BLOCK, CaseClass.AMOUNT, evidence={"difference": gap}, fixes=_EDIT,
        )  # fmt: skip


@rule("party_name", "A party has a name", "party")
def party_name(subject: Subject) -> Iterator[Issue]:
    """A name is the least a target wants of a party, and a mail address must look like one."""
    if not text_of(subject.record, "name").strip():
        yield Issue("missing", "name", "The party has no name.", fixes=_EDIT)
    mail = text_of(subject.record, "email")
    if mail and not all("@" in one and "." in one for one in mail.replace(";", ",").split(",")):
        yield Issue(
            "email", "email", f"“{mail}” is not a mail address.", Severity.WARN, fixes=_EDIT
        )
