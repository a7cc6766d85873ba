"""Sales tax as QuickBooks computes it.

The rule emulated (and to be predicted by whoever posts here):

United States, manual codes. Lines say ``TAX`` or ``NON``; the real code is one per transaction
(``TxnTaxDetail.TxnTaxCodeRef``; else the customer's ``DefaultTaxCodeRef``, else the preference
``TaxPrefs.TaxGroupCodeRef``). Per rate of that code: taxable net summed over the lines, times rate,
rounded half up to cents; the tax is the sum. ``ApplyTaxAfterDiscount`` true takes the discount off
the taxable net first (in proportion), false taxes the full amount. A supplied ``TotalTax`` is kept.

United States, automated (``TaxPrefs.PartnerTaxEnabled`` true): a supplied code is overridden by the
one whose name begins with the state the goods go to (ship-to, else bill-to, else the company's
address); no code for that state means no tax. A supplied ``TotalTax`` is kept.

Elsewhere. Each line's ``TaxCodeRef`` is a tax code id; per rate: net summed over lines, times rate,
half up to cents. ``TaxInclusive``: the line's gross sits in ``TaxInclusiveAmt``, ``Amount`` is net.

Rounding per tax line is documented only by practice (*unverified*): ``NameValue`` ``TaxRounding`` of
CompanyInfo set to ``line`` rounds each line first, which is how a cent of difference arises that
field reports tell of (4,495.16 at 9.975 % answered as 448.40).
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connectors.emulation.store import Doc
from connectors.qbo.emulator.books import ZERO, Books, ref
from connectors.qbo.emulator.refusals import RefusedError, bad_reference, refused

CENT = Decimal("0.01")
PSEUDO = ("TAX", "NON")
_STATES = {"TX": "Texas", "CA": "California"}


def cents(value: Decimal) -> Decimal:
    """Half up to two places."""
    return value.quantize(CENT, ROUND_HALF_UP)


def check_us_code(code: str) -> None:
    """6100 for anything but TAX or NON."""
    if code not in PSEUDO:
        raise refused(
            "6100",
            "Invalid Line TaxCode in the request",
            f"Valid line TaxCodes for US should be TAX or NON. Supplied value: {code}",
        )


class TaxDesk:
    """Computes ``TxnTaxDetail`` of one company's documents."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def settle(self, doc: Doc, lines: list[tuple[Decimal, str]], discount: Decimal) -> Decimal:
        """Fill ``TxnTaxDetail`` of ``doc`` and return the tax.

        Args:
            doc: the document, changed in place.
            lines: net amount and line tax code of each line that carries money.
            discount: positive discount on the document.
        """
        if self._books.us:
            return self._us(doc, lines, discount)
        return self._global(doc, lines)

    def _us(self, doc: Doc, lines: list[tuple[Decimal, str]], discount: Decimal) -> Decimal:
        given = doc.pop("TxnTaxDetail", None) or {}
        if not self._books.preference("TaxPrefs.UsingSalesTax", otherwise=False):
            doc["TxnTaxDetail"] = {"TotalTax": ZERO}
            return ZERO
        taxable = sum((amount for amount, code in lines if code == "TAX"), ZERO)
        whole = sum((amount for amount, _ in lines), ZERO)
        if doc.get("ApplyTaxAfterDiscount") and whole:
            taxable -= cents(discount * taxable / whole)
        code = self._us_code(doc, given) if taxable else None
        if code is None:
            total = given.get("TotalTax") or ZERO
            doc["TxnTaxDetail"] = {"TotalTax": total}
            return Decimal(total)
        nets = [amount for amount, kind in lines if kind == "TAX"] if not discount else [taxable]
        tax_lines = [
            self._tax_line(r, taxable, nets) for r in self._rates(code, sales=True, on=doc)
        ]
        total = sum((Decimal(t["Amount"]) for t in tax_lines), ZERO)
        if given.get("TotalTax") is not None and given["TotalTax"] != total:
            total = Decimal(given["TotalTax"])
            if tax_lines:  # the override is spread over the rates; the last takes the rest
                tax_lines[0]["Amount"] = total - sum((t["Amount"] for t in tax_lines[1:]), ZERO)
        doc["TxnTaxDetail"] = {
            "TxnTaxCodeRef": {"value": code["Id"]},
            "TotalTax": total,
            "TaxLine": tax_lines,
        }
        return total

    def _us_code(self, doc: Doc, given: Doc) -> Doc | None:
        books = self._books
        if books.preference("TaxPrefs.PartnerTaxEnabled", otherwise=False):
            return self._by_state(doc)
        wanted = given.get("TxnTaxCodeRef")
        if wanted is None:
            customer = books.get("Customer", str((doc.get("CustomerRef") or {}).get("value", "")))
            if customer and customer.get("Taxable") is False:
                return None
            wanted = (customer or {}).get("DefaultTaxCodeRef")
            wanted = wanted or books.preference("TaxPrefs.TaxGroupCodeRef")
        if wanted is None or wanted["value"] == "NON":
            return None
        code = books.active("TaxCode", wanted)
        if code is None or code["Id"] in PSEUDO:
            raise bad_reference("TaxCode", str(wanted["value"]))
        return code

    def _by_state(self, doc: Doc) -> Doc | None:
        company = self._books.require("CompanyInfo", "1")
        places = (doc.get("ShipAddr"), doc.get("BillAddr"), company.get("CompanyAddr"))
        place: Doc = next((p for p in places if p and p.get("CountrySubDivisionCode")), {})
        state = str(place.get("CountrySubDivisionCode", ""))
        prefix = _STATES.get(state, state or "?")
        codes = self._books.store.all("TaxCode")
        return next((c for c in codes if str(c["Name"]).startswith(prefix)), None)

    def _global(self, doc: Doc, lines: list[tuple[Decimal, str]]) -> Decimal:
        mode = doc.setdefault("GlobalTaxCalculation", "TaxExcluded")
        given = doc.pop("TxnTaxDetail", None) or {}
        if mode == "NotApplicable":
            if given.get("TaxLine"):
                raise refused(
                    "6170", "TxnTaxDetail not allowed", "GlobalTaxCalculation NotApplicable"
                )
            return ZERO
        sales = "VendorRef" not in doc and doc.get("PaymentType") is None
        by_rate: dict[str, tuple[Doc, list[Decimal]]] = {}
        for amount, code_id in lines:
            code = self._books.active("TaxCode", {"value": code_id}) if code_id else None
            for rate in self._rates(code, sales=sales, on=doc) if code else ():
                by_rate.setdefault(rate["Id"], (rate, []))[1].append(amount)
        tax_lines = [self._tax_line(rate, sum(nets, ZERO), nets) for rate, nets in by_rate.values()]
        total = sum((Decimal(t["Amount"]) for t in tax_lines), ZERO)
        if given.get("TotalTax") is not None:
            total = Decimal(given["TotalTax"])
        doc["TxnTaxDetail"] = {"TotalTax": total, "TaxLine": tax_lines}
        return total

    def _rates(self, code: Doc, *, sales: bool, on: Doc) -> list[Doc]:
        name = "SalesTaxRateList" if sales else "PurchaseTaxRateList"
        rows = (code.get(name) or {}).get("TaxRateDetail") or []
        if not rows and not self._books.us:
            raise RefusedError(*bad_reference("TaxCode", str(code["Id"])).complaints)
        rates = [self._books.require("TaxRate", str(r["TaxRateRef"]["value"])) for r in rows]
        day = str(on.get("TxnDate") or self._books.today())
        return [r | {"RateValue": _rate_on(r, day)} for r in rates]

    def _tax_line(self, rate: Doc, net: Decimal, nets: Iterable[Decimal]) -> dict[str, Any]:
        percent = Decimal(rate["RateValue"])
        amount = cents(net * percent / 100)
        if self._rounds_by_line():
            amount = sum((cents(n * percent / 100) for n in nets), ZERO)
        return {
            "Amount": amount,
            "DetailType": "TaxLineDetail",
            "TaxLineDetail": {
                "TaxRateRef": {"value": ref("TaxRate", rate)["value"]},
                "PercentBased": True,
                "TaxPercent": percent,
                "NetAmountTaxable": net,
            },
        }

    def _rounds_by_line(self) -> bool:
        pairs = self._books.require("CompanyInfo", "1").get("NameValue") or []
        return any(p["Name"] == "TaxRounding" and p["Value"] == "line" for p in pairs)


def _rate_on(rate: Doc, day: str) -> Decimal:
    """The rate valid on a day: effective-dated rows win over ``RateValue``."""
    for row in rate.get("EffectiveTaxRate") or ():
        begins, ends = str(row.get("EffectiveDate", ""))[:10], str(row.get("EndDate", ""))[:10]
        if begins <= day and (not ends or day <= ends):
            return Decimal(row["RateValue"])
    return Decimal(rate["RateValue"])
