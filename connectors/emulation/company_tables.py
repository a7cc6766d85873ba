"""The small tables of the two divisions: terms, taxes, accounts, classes, branches, custom fields."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from connectors.emulation.company_model import (
    Account,
    Bank,
    Books,
    Branch,
    Currency,
    CustomField,
    Place,
    ProductClass,
    Salesperson,
    TaxCode,
    Term,
    Warehouse,
)

D = Decimal


@dataclass(frozen=True, slots=True)
class Tables:
    """Everything about a division that has a handful of rows.

    ``lock_date``: the books are closed up to and including this day. ``keys`` says whether the ERP
    numbers its parties (``numeric``) or names them (``alpha``). ``tax_codes_foreign`` is the code
    for customers abroad.
    """

    id: str
    name: str
    books: Books
    country: str
    currency: str
    keys: str
    lock_date: date
    as_of: date
    terms: tuple[Term, ...]
    taxes: tuple[TaxCode, ...]
    accounts: tuple[Account, ...]
    classes: tuple[ProductClass, ...]
    currencies: tuple[Currency, ...]
    branches: tuple[Branch, ...]
    salespersons: tuple[Salesperson, ...]
    warehouses: tuple[Warehouse, ...]
    banks: tuple[Bank, ...]
    standard_tax: str
    reduced_tax: str
    exempt_tax: str
    address: Place
    tax_number: str = ""

    def tax(self, code: str) -> TaxCode:
        """The tax code ``code``; KeyError where there is none."""
        return next(t for t in self.taxes if t.code == code)

    def term(self, code: str) -> Term:
        """The term ``code``."""
        return next(t for t in self.terms if t.code == code)

    def rate(self, currency: str) -> Decimal:
        """Base currency for one unit of ``currency``."""
        return next(c.rate for c in self.currencies if c.code == currency)


CUSTOM_FIELDS = (
    CustomField("order", "INVDOC", "InvoiceDocId", "Invoice in the books", "alpha", 50),
    CustomField("order", "DELSLT", "DeliverySlot", "Delivery slot", "alpha", 20),
    CustomField("order", "PAYMTH", "PaymentMethod", "Payment method", "alpha", 20),
    CustomField("order", "GIFTFL", "GiftFlag", "Gift order", "alpha", 1),
    CustomField("order_line", "ENGRAV", "Engraving", "Engraving text", "alpha", 40),
    CustomField("customer", "SEGMNT", "Segment", "Market segment", "alpha", 20),
    CustomField("customer", "BOOKID", "BooksCustomerId", "Customer in the books", "alpha", 50),
    CustomField("customer", "REBATE", "RebatePct", "Annual rebate %", "numeric", 6, 2),
    CustomField("customer", "REVIEW", "ReviewDate", "Credit review on", "date", 10),
    CustomField("supplier", "AUDITD", "AuditDate", "Last audit", "date", 10),
    CustomField("item", "CARBON", "CarbonKg", "Carbon footprint kg", "numeric", 10, 3),
    CustomField("item", "TARIFF", "TariffCode", "Customs tariff", "alpha", 12),
)

_PRODUCT_CLASSES = (
    ProductClass("FRN", "Furniture", "10-4100", "10-5100", "10-1400"),
    ProductClass("OUT", "Outdoor", "10-4110", "10-5110", "10-1400"),
    ProductClass("HDW", "Hardware", "10-4120", "10-5120", "10-1410"),
    ProductClass("SVC", "Services", "10-4300", "10-5300"),
    ProductClass("FRT", "Freight recovered", "10-4400", "10-5400"),
    ProductClass("MSC", "Sundry charges", "10-4500", "10-5500"),
)


def _accounts(twins: dict[str, tuple[str, str]]) -> tuple[Account, ...]:
    rows = (
        ("10-1000", "Bank - operating", "bank"),
        ("10-1010", "Bank - second currency", "bank"),
        ("10-1100", "Trade receivables", "receivable"),
        ("10-1150", "Undeposited cash sales", "asset"),
        ("10-1400", "Finished goods", "stock"),
        ("10-1410", "Hardware stock", "stock"),
        ("10-2000", "Trade payables", "payable"),
        ("10-2200", "Sales tax collected", "tax"),
        ("10-3000", "Retained earnings", "equity"),
        ("10-4100", "Sales - furniture", "income"),
        ("10-4110", "Sales - outdoor", "income"),
        ("10-4120", "Sales - hardware", "income"),
        ("10-4300", "Sales - services", "income"),
        ("10-4400", "Freight recovered", "income"),
        ("10-4500", "Sundry income", "income"),
        ("10-4900", "Discounts allowed", "income"),
        ("10-5100", "Cost of sales - furniture", "cost"),
        ("10-5110", "Cost of sales - outdoor", "cost"),
        ("10-5120", "Cost of sales - hardware", "cost"),
        ("10-5300", "Cost of services", "cost"),
        ("10-5400", "Carriage outwards", "cost"),
        ("10-5500", "Sundry costs", "cost"),
        ("10-6100", "Rent and rates", "expense"),
        ("10-6200", "Energy", "expense"),
        ("10-6300", "Wages", "expense"),
        ("10-6900", "Rounding and currency differences", "expense"),
    )
    return tuple(Account(c, n, k, *twins.get(c, ("", ""))) for c, n, k in rows)


US = Tables(
    id="EDU1",
    name="Halden Outfitting Inc",
    books="qbo",
    country="US",
    currency="USD",
    keys="numeric",
    lock_date=date(2026, 3, 31),
    as_of=date(2026, 6, 30),
    terms=(
        Term("30", "NET 30 DAYS", 30, twin_name="Net 30"),
        Term("15", "NET 15 DAYS", 15, twin_name="Net 15"),
        Term("60", "60 DAYS FROM INVOICE", 60, twin_name="Net 60"),
        Term("10", "2% 10 NET 30", 30, D(2), 10, twin_name="2% 10, Net 30"),
        Term("CD", "CASH ON DELIVERY", 0, twin_name="Due on receipt"),
        Term("90", "NET 90 DAYS", 90),
    ),
    taxes=(
        TaxCode("TX", "Texas state and local", D("8.25"), "TAX", "Texas Sales Tax"),
        TaxCode("CA", "California", D("7.75"), "TAX", "California Sales Tax"),
        TaxCode("EX", "Exempt", D(0), "NON", "Non-taxable"),
        TaxCode("OS", "Out of state", D(0), "NON", "Out of state"),
    ),
    accounts=_accounts(
        {
            "10-1000": ("1000", "Checking"),
            "10-1100": ("1200", "Accounts Receivable (A/R)"),
            "10-1150": ("1250", "Undeposited Funds"),
            "10-1400": ("1300", "Inventory Asset"),
            "10-1410": ("1300", "Inventory Asset"),
            "10-2000": ("2000", "Accounts Payable (A/P)"),
            "10-2200": ("2200", "Sales Tax Payable"),
            "10-3000": ("3000", "Retained Earnings"),
            "10-4100": ("4000", "Sales of Product Income"),
            "10-4110": ("4010", "Outdoor Gear Sales"),
            "10-4120": ("4020", "Hardware Sales"),
            "10-4300": ("4100", "Services"),
            "10-4400": ("4200", "Shipping Income"),
            "10-4500": ("4300", "Other Income"),
            "10-4900": ("4900", "Discounts given"),
            "10-5100": ("5000", "Cost of Goods Sold"),
            "10-5110": ("5000", "Cost of Goods Sold"),
            "10-5120": ("5000", "Cost of Goods Sold"),
            "10-5300": ("5010", "Subcontractors"),
            "10-5400": ("5020", "Shipping and delivery expense"),
            "10-6100": ("6100", "Rent or Lease"),
            "10-6200": ("6200", "Utilities"),
            "10-6300": ("6300", "Payroll Expenses"),
            "10-6900": ("6900", "Reconciliation Discrepancies"),
        }
    ),
    classes=_PRODUCT_CLASSES,
    currencies=(Currency("USD", "US dollar"),),
    branches=(Branch("10", "Head office"), Branch("20", "West")),
    salespersons=(
        Salesperson("100", "Nora Lindqvist", "10"),
        Salesperson("110", "Peter Okafor", "10"),
        Salesperson("200", "Rita Delgado", "20"),
    ),
    warehouses=(
        Warehouse("FG", "Finished goods", Place("1 Depot Road", "", "Austin", "TX", "78701", "US")),
        Warehouse("WC", "West coast", Place("9 Pier Street", "", "Fresno", "CA", "93650", "US")),
    ),
    banks=(Bank("MAIN", "Operating account", "USD", "10-1000", "000123456789"),),
    standard_tax="TX",
    reduced_tax="CA",
    exempt_tax="EX",
    address=Place("1 Depot Road", "Suite 400", "Austin", "TX", "78701", "US"),
    tax_number="74-1234567",
)

UK = Tables(
    id="EDU2",
    name="Halden Outfitting (UK) Ltd",
    books="xero",
    country="GB",
    currency="GBP",
    keys="alpha",
    lock_date=date(2026, 3, 31),
    as_of=date(2026, 6, 30),
    terms=(
        Term("30", "30 DAYS NETT", 30, twin_name="30 days after the bill date"),
        Term("14", "14 DAYS NETT", 14, twin_name="14 days after the bill date"),
        Term("60", "60 DAYS NETT", 60, twin_name="60 days after the bill date"),
        Term("EM", "END OF FOLLOWING MONTH", 45, twin_name="End of next month"),
        Term("PF", "PRO FORMA", 0, twin_name="Due on receipt"),
    ),
    taxes=(
        TaxCode("S", "Standard rate", D(20), "OUTPUT2", "20% (VAT on Income)", "INPUT2"),
        TaxCode("R", "Reduced rate", D(5), "RROUTPUT", "5% (VAT on Income)", "RRINPUT"),
        TaxCode("Z", "Zero rated", D(0), "ZERORATEDOUTPUT", "Zero Rated Income", "ZERORATEDINPUT"),
        TaxCode("EC", "EU customers", D(0), "ECZROUTPUT", "Zero Rated EC Goods Income", "ECINPUT"),
        TaxCode("X", "Exempt", D(0), "EXEMPTOUTPUT", "Exempt Income", "EXEMPTINPUT"),
    ),
    accounts=_accounts(
        {
            "10-1000": ("090", "Business Bank Account"),
            "10-1010": ("091", "Euro Account"),
            "10-1100": ("610", "Accounts Receivable"),
            "10-1150": ("615", "Cash in Transit"),
            "10-1400": ("630", "Inventory"),
            "10-1410": ("630", "Inventory"),
            "10-2000": ("800", "Accounts Payable"),
            "10-2200": ("820", "VAT"),
            "10-3000": ("960", "Retained Earnings"),
            "10-4100": ("200", "Sales"),
            "10-4110": ("201", "Sales - Outdoor"),
            "10-4120": ("202", "Sales - Ironmongery"),
            "10-4300": ("210", "Service Income"),
            "10-4400": ("220", "Carriage Charged"),
            "10-4500": ("260", "Other Revenue"),
            "10-4900": ("270", "Discounts Allowed"),
            "10-5100": ("310", "Cost of Goods Sold"),
            "10-5110": ("310", "Cost of Goods Sold"),
            "10-5120": ("310", "Cost of Goods Sold"),
            "10-5300": ("320", "Direct Wages"),
            "10-5400": ("325", "Freight & Courier"),
            "10-6100": ("469", "Rent"),
            "10-6200": ("445", "Light, Power, Heating"),
            "10-6300": ("477", "Salaries"),
            "10-6900": ("860", "Rounding"),
        }
    ),
    classes=_PRODUCT_CLASSES,
    currencies=(Currency("GBP", "Pound sterling"), Currency("EUR", "Euro", D("0.850000"))),
    branches=(Branch("30", "Leeds"),),
    salespersons=(
        Salesperson("300", "Owen Pritchard", "30"),
        Salesperson("310", "Siobhán Daly", "30"),
    ),
    warehouses=(
        Warehouse("UK", "Leeds depot", Place("Unit 4", "Forge Park", "Leeds", "", "LS1 4AP", "GB")),
    ),
    banks=(
        Bank("GBP1", "Sterling account", "GBP", "10-1000", "20123456"),
        Bank("EUR1", "Euro account", "EUR", "10-1010", "20123457"),
    ),
    standard_tax="S",
    reduced_tax="R",
    exempt_tax="Z",
    address=Place("Unit 4", "Forge Park", "Leeds", "", "LS1 4AP", "GB"),
    tax_number="GB123456789",
)
