"""Which fields decide money: amounts, tax, accounts and the party a document is for.

What stands on such a field is approved by one person and confirmed by another before it is published.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from engine.schema.model import FieldType
from engine.schema.paths import tokens
from studio.accounts.models import Workspace
from studio.accounts.roles import APPROVE, MAP
from studio.core.action import Actor, person_of
from studio.mapping.models import Mapping, MappingRow

AMOUNT, TAX, ACCOUNT, PARTY = "amount", "tax", "account", "party"
NAMES = {
    AMOUNT: gettext_noop("an amount"),
    TAX: gettext_noop("tax"),
    ACCOUNT: gettext_noop("the account"),
    PARTY: gettext_noop("the party"),
}
# Words that make a field count, whatever its type: a code or a yes/no decides amounts, too.
_TAX = frozenset(["tax", "taxes", "taxable", "taxability", "exempt", "vat", "gst"])
_ALWAYS = frozenset(["discount", "discounts", "exchange", "exch"])
# Words that make a number a sum of money; in a text they are words only.
_NUMBERS = frozenset(
    [
        "amount",
        "amounts",
        "quantity",
        "qty",
        "amt",
        "total",
        "totals",
        "subtotal",
        "price",
        "cost",
        "rate",
        "percent",
        "percentage",
        "balance",
        "charge",
        "freight",
        "deposit",
        "fee",
        "net",
        "gross",
        "paid",
        "debit",
        "credit",
        "value",
    ]
)
_ACCOUNTS = frozenset(["account", "accounts", "acct", "gl", "ledger", "bank"])
_PARTIES = frozenset(["party", "customer", "supplier", "vendor", "contact"])
# What may stand beside the word for a party in a reference to one; a name or an address is none.
_REFERENCE = frozenset(["ref", "value", "id", "code", "key", "number"])
_NUMBER = frozenset(["number", "num", "no", "id"])
_NUMERIC = {str(FieldType.DECIMAL), str(FieldType.INTEGER)}
# Documents about a record itself; their party is what is mapped, not whom it is for.
_MASTERS = ("party", "item")


def class_of(mapping: Mapping, path: str, label: str, kind: str) -> str:
    """The risk class of a target field, empty where it decides no money.

    Args:
        mapping: whose field it is.
        path: the target field.
        label: its name in the schema.
        kind: its type.
    """
    words = frozenset(tokens(path))
    # A tax number or an account number of a party tells who it is, not what is owed.
    if mapping.document in _MASTERS and words & _NUMBER and words & (_TAX | _ACCOUNTS):
        return ""
    if words & _TAX or {"amount", "types"} <= words:
        return TAX
    if words & _ACCOUNTS:
        return ACCOUNT
    if mapping.document not in _MASTERS and words & _PARTIES and words <= _PARTIES | _REFERENCE:
        return PARTY
    return AMOUNT if counts(words | frozenset(tokens(label)), kind) else ""


def counts(words: Collection[str], kind: str) -> bool:
    """Whether a field with these words changes what a document is worth."""
    found = set(words)
    if found & (_ALWAYS | _TAX):
        return True
    return kind in _NUMERIC and bool(found & _NUMBERS) and "limit" not in found


def risk_of(row: MappingRow) -> str:
    """The risk class of a row's field."""
    return class_of(row.mapping, row.target_path, row.target_label, row.target_type)


def risk_name(risk: str) -> str:
    """The class in words."""
    return _(NAMES[risk]) if risk else ""


UNCONFIRMED = Q(state="approved", seconded_by="") & ~Q(risk="")
# The verdict of a second person who disagrees, and the rows that wait for another decision since.
SENT_BACK = "sent_back"
RETURNED = Q(state="open") & ~Q(sent_back_by="")


def unconfirmed(workspace: Workspace) -> QuerySet[MappingRow]:
    """Approved rows that decide money and that no second person has confirmed."""
    return MappingRow.objects.filter(UNCONFIRMED, mapping__workspace=workspace)


def returned(workspace: Workspace) -> QuerySet[MappingRow]:
    """Open rows that a second person sent back."""
    return MappingRow.objects.filter(RETURNED, mapping__workspace=workspace)


def waits(row: MappingRow) -> bool:
    """Whether a second person has to look at what is approved on a row."""
    return row.state == "approved" and bool(row.risk) and not row.seconded_by


def why_not_confirmed(actor: Actor, row: MappingRow) -> str:
    """Why this person cannot confirm this row; empty when they can."""
    if not waits(row):
        return _("There is nothing to confirm on %s.") % row.target_path
    if not (actor.may(APPROVE) or actor.may(MAP)):
        return _("It is confirmed by an accountant or another integrator.")
    if actor.person == person_of(row.decided_by):
        return _(
            "Who approved it is not the second person: it decides money, so it takes four eyes."
        )
    return ""


def who_must_look(row: MappingRow) -> str:
    """Whom a row waits for, in a sentence; empty where it waits for nobody."""
    if not waits(row):
        return ""
    said = _(
        "It decides %(what)s: an accountant, or an integrator other than %(who)s, confirms it."
    )
    return said % {"what": risk_name(row.risk), "who": person_of(row.decided_by)}
