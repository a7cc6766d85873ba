"""Customers, suppliers, stock and small tables of the sample company as SYSPRO rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

from connectors.emulation.company import Division
from connectors.emulation.company_model import Item, Party, Place, cents
from connectors.syspro.emulator.keys import stored
from connectors.syspro.emulator.tables import Row

Maker = Callable[[], Iterable[Row]]
_GL_TYPES = {
    "equity": "C", "income": "R", "cost": "E", "expense": "E", "liability": "L", "payable": "L",
    "tax": "L",
}  # fmt: skip


def makers(division: Division) -> dict[str, Maker]:
    """Makers of the master tables."""
    return {
        "ArCustomer": lambda: (_customer(division, c) for c in division.customers),
        "ArCustomer+": lambda: (
            {"Customer": stored("Customer", c.code), **c.custom} for c in division.customers
        ),
        "ArMultAddress": lambda: _addresses(division),
        "ApSupplier": lambda: (_supplier(division, s) for s in division.suppliers),
        "ApSupplierAddr": lambda: (_supplier_address(s) for s in division.suppliers),
        "ApSupplier+": lambda: (
            {"Supplier": stored("Supplier", s.code), **s.custom} for s in division.suppliers
        ),
        "InvMaster": lambda: (_item(i) for i in division.items),
        "InvMaster+": lambda: ({"StockCode": i.code, **i.custom} for i in division.items),
        "InvWarehouse": lambda: (_stock(division, i) for i in division.items),
        "InvPrice": lambda: (_price(i) for i in division.items),
        **_small(division),
    }


def _five(prefix: str, postal: str, where: Place) -> Row:
    """An address in SYSPRO's five lines: street, second line, city, region, country."""
    parts = (where.line1, where.line2, where.city, where.region, where.country)
    lines = {f"{prefix}{n}": text for n, text in enumerate(parts, start=1) if text}
    return {**lines, postal: where.postal_code}


def _customer(division: Division, one: Party) -> Row:
    return {
        "Customer": stored("Customer", one.code),
        "Name": one.name[:50],
        "ShortName": one.short_name[:20],
        "CreditStatus": "9" if one.on_hold else "0",
        "CustomerOnHold": "Y" if one.on_hold else "N",
        "CreditLimit": int(one.credit_limit),
        "Salesperson": one.salesperson,
        "Branch": one.branch,
        "PriceCode": "A",
        "CustomerClass": one.group,
        "TermsCode": one.terms,
        "BalanceType": "I",
        "Area": "N",
        "TaxStatus": "E" if one.tax == "exempt" else "N",
        "TaxExemptNumber": f"EX-{one.index:05d}" if one.tax == "exempt" else "",
        "CompanyTaxNumber": one.tax_number[:15],
        "Telephone": one.phone[:20],
        "Contact": one.contact[:50],
        "Email": one.email,
        "Currency": one.currency,
        "UserField1": one.tax_code,
        "Nationality": one.billing.country,
        "DateCustAdded": one.added.isoformat(),
        "DetailMoveReqd": "N",
        "StatementReqd": "Y",
        "BackOrdReqd": "Y",
        **_five("SoldToAddr", "SoldPostalCode", one.billing),
        **_five("ShipToAddr", "ShipPostalCode", one.ship_to[0][2] if one.ship_to else one.billing),
    }


def _addresses(division: Division) -> Iterator[Row]:
    for one in division.customers:
        for code, label, where in one.ship_to:
            yield {
                "Customer": stored("Customer", one.code),
                "AddrCode": code,
                "ShipToName": label[:50],
                **_five("ShipToAddr", "ShipPostalCode", where),
            }


def _supplier(division: Division, one: Party) -> Row:
    return {
        "Supplier": stored("Supplier", one.code),
        "SupplierName": one.name[:50],
        "SupShortName": one.short_name[:20],
        "SupplierClass": one.group,
        "Branch": one.branch,
        "Bank": division.tables.banks[0].code,
        "TermsCode": one.terms,
        "Currency": one.currency,
        "Telephone": one.phone[:20],
        "Contact": one.contact[:50],
        "Email": one.email,
        "OnHold": "N",
        "SupplierType": "P",
        "TaxRegnNum": one.tax_number[:20],
        "DefTaxCode": one.tax_code,
        "MerchGlCode": one.account,
        "Nationality": one.billing.country,
        "DateSuppAdded": one.added.isoformat(),
    }


def _supplier_address(one: Party) -> Row:
    return {
        "Supplier": stored("Supplier", one.code),
        **_five("SupAddr", "SupPostalCode", one.billing),
        "RemitName": one.name[:50],
        **_five("RemitAddr", "RemitPostalCode", one.billing),
    }


def _item(one: Item) -> Row:
    return {
        "StockCode": one.code,
        "Description": one.name[:50],
        "LongDesc": one.long_name[:100],
        "AlternateKey1": one.barcode,
        "StockUom": one.unit,
        "AlternateUom": one.alternate_unit or one.unit,
        "OtherUom": one.unit,
        "ConvFactAltUom": one.factor,
        "ConvMulDiv": "M",
        "ConvFactOthUom": Decimal(1),
        "MulDiv": "M",
        "PriceMethod": "C",
        "ListPriceCode": "A",
        "ProductClass": one.product_class,
        "TaxCode": one.tax_code,
        "OtherTaxCode": one.tax_code,
        "PartCategory": {"stock": "B", "non_stock": "B", "service": "N"}[one.kind],
        "WarehouseToUse": one.warehouse,
        "StockOnHold": "F" if one.discontinued else "",
        "Supplier": stored("Supplier", one.supplier) if one.supplier else "",
        "DateStkAdded": "2020-01-06",
        "Decimals": 0,
    }


def _stock(division: Division, one: Item) -> Row:
    return {
        "StockCode": one.code,
        "Warehouse": one.warehouse,
        "QtyOnHand": one.on_hand,
        "QtyAllocated": Decimal(0),
        "UnitCost": one.cost,
        "DefaultBin": one.warehouse,
    }


def _price(one: Item) -> Row:
    return {
        "StockCode": one.code,
        "PriceCode": "A",
        "SellingPrice": cents(one.price),
        "PriceBasis": "S",
    }


def _small(division: Division) -> dict[str, Maker]:
    small = division.tables
    return {
        "TblArTerms": lambda: (
            {
                "TermsCode": t.code,
                "Description": t.name,
                "DiscPct": t.discount_percent,
                "DiscDays": t.discount_days,
                "DueDays": t.due_days,
            }
            for t in small.terms
        ),
        "TblApTerms": lambda: (
            {"TermsCode": t.code, "Description": t.name, "DueDays": t.due_days} for t in small.terms
        ),
        "AdmTax": lambda: (
            {
                "TaxCode": t.code,
                "Description": t.name,
                "CurTaxRate": t.rate,
                "TaxEffDate": "2020-01-01",
                "TaxIncExcl": "E",
            }
            for t in small.taxes
        ),
        "TblCurrency": lambda: (
            {
                "Currency": c.code,
                "Description": c.name,
                "BuyExchangeRate": c.rate,
                "BuyMulDiv": "M",
                "SellExchangeRate": c.rate,
                "SellMulDiv": "M",
            }
            for c in small.currencies
        ),
        "SalBranch": lambda: (
            {"Branch": b.code, "Description": b.name, "SalesCtlAcc": "10-4100"}
            for b in small.branches
        ),
        "ApBranch": lambda: ({"Branch": b.code, "Description": b.name} for b in small.branches),
        "SalArea": lambda: ({"Area": "N", "Description": "National"},),
        "TblCustomerClass": lambda: (
            {"Class": code, "Description": name}
            for code, name in (("RT", "Retail"), ("WS", "Wholesale"), ("IN", "Internal"))
        ),
        "SalProductClassDes": lambda: (
            {"ProductClass": c.code, "Description": c.name} for c in small.classes
        ),
        "SalSalesperson": lambda: (
            {"Branch": s.branch, "Salesperson": s.code, "Name": s.name} for s in small.salespersons
        ),
        "InvWhControl": lambda: (
            {
                "Warehouse": w.code,
                "Description": w.name,
                "Branch": small.branches[0].code,
                **_five("DeliveryAddr", "PostalCode", w.place),
            }
            for w in small.warehouses
        ),
        "ApBank": lambda: (
            {
                "Bank": b.code,
                "Description": b.name,
                "BankAccount": b.number,
                "Currency": b.currency,
                "CashGlCode": b.account,
            }
            for b in small.banks
        ),
        "GenMaster": lambda: (
            {
                "Company": division.id,
                "GlCode": a.code,
                "Description": a.name,
                "AccountType": _GL_TYPES.get(a.kind, "A"),
            }
            for a in small.accounts
        ),
    }
