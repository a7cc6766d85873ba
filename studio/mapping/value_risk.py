"""Which codes decide money: those of tables of tax and of accounts.

What such a code means is in force as soon as one person has said so, for records wait for it; it asks for a second
name after that: docs/decisions/0027.
"""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from studio.accounts.models import Workspace
from studio.accounts.roles import APPROVE, MAP
from studio.core.action import Actor, person_of
from studio.mapping.models import LookupTable, ValueProposal
from studio.mapping.risk import ACCOUNT, TAX
from studio.mapping.values import CHARTS

# Lists and tables whose codes decide at which rate tax is posted, and tables that decide the account.
TAX_LISTS = frozenset(["tax_code", "purchase_tax_code"])
TAX_TABLES = frozenset(["tax_rates"])


def class_of_table(table: LookupTable) -> str:
    """The risk class of what a table translates, empty where it decides no tax and no account."""
    if table.code_kind in TAX_LISTS or table.name in TAX_TABLES:
        return TAX
    return ACCOUNT if table.name in CHARTS else ""


_RISKY = (
    Q(table__code_kind__in=TAX_LISTS)
    | Q(table__name__in=TAX_TABLES)
    | Q(table__name__in=list(CHARTS))
)
# Translations in force that decide tax or an account and that one person alone has looked at.
ALONE = Q(state="approved", row__isnull=False, row__seconded_by="") & _RISKY


def alone(workspace: Workspace) -> QuerySet[ValueProposal]:
    """Codes whose translation decides tax or an account and has one name only."""
    return ValueProposal.objects.filter(ALONE, table__workspace=workspace)


def value_waits(proposal: ValueProposal) -> bool:
    """Whether a second person has to look at what a code means."""
    row = proposal.row
    return (
        proposal.state == "approved"
        and row is not None
        and not row.seconded_by
        and bool(class_of_table(proposal.table))
    )


def why_value_not_confirmed(actor: Actor, proposal: ValueProposal) -> str:
    """Why this person cannot confirm what a code means; empty when they can."""
    if proposal.row is None or not value_waits(proposal):
        return _("There is nothing to confirm on “%s”.") % proposal.source
    if not (actor.may(APPROVE) or actor.may(MAP)):
        return _("It is confirmed by an accountant or another integrator.")
    if actor.person == person_of(proposal.row.decided_by):
        return _("Who said what it means is not the second person: it takes four eyes.")
    return ""
