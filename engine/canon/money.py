"""The only rounding code of the product: exact decimals, half up, and splits that lose nothing."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal

CENT = Decimal("0.01")
ZERO = Decimal(0)
MAX_PLACES = 10
QUANTA = tuple(Decimal(1).scaleb(-n) for n in range(MAX_PLACES + 1))
"""``QUANTA[2]`` is 0.01."""

# Wide enough that no product of two amounts is rounded before we round it on purpose.
_WIDE = Context(prec=60)


def round_half_up(value: Decimal, places: int = 2) -> Decimal:
    """Round as accountants do: 0.005 becomes 0.01, -0.005 becomes -0.01."""
    return value.quantize(QUANTA[places], ROUND_HALF_UP, _WIDE)


def round_half_even(value: Decimal, places: int = 2) -> Decimal:
    """Round half to the even neighbour (banker's rounding)."""
    return value.quantize(QUANTA[places], ROUND_HALF_EVEN, _WIDE)


def round_down(value: Decimal, places: int = 2) -> Decimal:
    """Cut digits off towards zero."""
    return value.quantize(QUANTA[places], ROUND_DOWN, _WIDE)


_CODES = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF
    CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD
    HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD
    MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN
    PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY
    TTD TWD TZS UAH UGX USD UYI UYU UYW UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
CURRENCIES = frozenset(_CODES.split())
"""Currencies that money is kept in (ISO 4217, without funds and metals)."""


def places_of(currency: str) -> int:
    """Digits after the point in a currency (ISO 4217); two where not listed."""
    return _PLACES.get(currency.upper(), 2)


_PLACES = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND",
         "VUV", "XAF", "XOF", "XPF"), 0
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}  # fmt: skip


def spoken(amount: Decimal, currency: str = "") -> str:
    """An amount as sentences say it: ``1,670.60 GBP``; without a currency no digit that counts is lost."""
    digits = places_of(currency)
    if not currency:
        digits = max(digits, -int(amount.normalize().as_tuple().exponent))
    return f"{amount:,.{digits}f} {currency}".rstrip()


def allocate(amount: Decimal, weights: Sequence[Decimal], places: int = 2) -> list[Decimal]:
    """Split ``amount`` in proportion to ``weights``; the parts add up to it exactly.

    Each part is cut down to ``places``; what is left over goes, one smallest unit each, to the parts
    that lost most (the earlier one where they lost the same). Weights that sum to zero count equal.

    Raises:
        ValueError: no weights, or a negative one.
    """
    if not weights or any(w < 0 for w in weights):
        raise ValueError("weights must be present and not negative")
    total = sum(weights, ZERO)
    shares = list(weights) if total else [Decimal(1)] * len(weights)
    total = total or Decimal(len(weights))
    exact = [_WIDE.divide(_WIDE.multiply(amount, w), total) for w in shares]
    parts = [round_down(e, places) for e in exact]
    rest = amount - sum(parts, ZERO)
    unit = QUANTA[places].copy_sign(rest)
    order = sorted(range(len(parts)), key=lambda i: (-abs(exact[i] - parts[i]), i))
    turn = 0
    while abs(rest) >= abs(unit):
        parts[order[turn % len(order)]] += unit
        rest -= unit
        turn += 1
    # An amount finer than ``places`` keeps its tail on the first part, so nothing is lost.
    parts[order[0]] += rest
    return parts
