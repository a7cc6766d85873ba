"""How the portal writes prices."""

from __future__ import annotations

from decimal import Decimal

from django import template

from engine.canon.typed import typed as plainly
from studio.core.templatetags.studio import figure, money

register = template.Library()
CENT = Decimal("0.01")


@register.filter
def typed(value: Decimal) -> str:
    """A quantity as somebody would type it: no grouping, no zeros at the end, a point."""
    return plainly(value.normalize())


@register.filter
def unit_price(value: Decimal, currency: str) -> str:
    """A price as money; one of parts of a cent with all its digits, for it is multiplied."""
    if value == value.quantize(CENT):
        return money(value, currency)
    return f"{figure(value)} {currency}"
