"""The small tables of the sister company's books: chart, tax rates, words for terms."""

from __future__ import annotations

TYPES = {
    "bank": "BANK", "receivable": "CURRENT", "asset": "CURRENT", "stock": "INVENTORY",
    "payable": "CURRLIAB", "liability": "CURRLIAB", "tax": "CURRLIAB", "equity": "EQUITY",
    "income": "REVENUE", "cost": "DIRECTCOSTS", "expense": "EXPENSE",
}  # fmt: skip
SYSTEM = {
    "10-1100": "DEBTORS", "10-2000": "CREDITORS", "10-2200": "GST", "10-3000": "RETAINEDEARNINGS",
    "10-6900": "ROUNDING",
}  # fmt: skip
EXTRA_ACCOUNTS = (
    ("497", "Bank Revaluations", "EXPENSE", "BANKCURRENCYGAIN"),
    ("498", "Unrealised Currency Gains", "EXPENSE", "UNREALISEDCURRENCYGAIN"),
    ("499", "Realised Currency Gains", "EXPENSE", "REALISEDCURRENCYGAIN"),
    ("840", "Historical Adjustment", "CURRLIAB", "HISTORICAL"),
    ("877", "Tracking Transfers", "CURRLIAB", "TRACKINGTRANSFERS"),
    ("400", "Advertising & Marketing", "OVERHEADS", ""),
    ("429", "General Expenses", "OVERHEADS", ""),
    ("203", "Old Sales Account", "REVENUE", "archived"),
)
# Name, rate, which classes it may be used with: Assets, Equity, Expenses, Liabilities, Revenue.
TAXES = (
    ("OUTPUT2", "20% (VAT on Income)", "20", "AELR"),
    ("RROUTPUT", "5% (VAT on Income)", "5", "AELR"),
    ("ZERORATEDOUTPUT", "Zero Rated Income", "0", "AELR"),
    ("EXEMPTOUTPUT", "Exempt Income", "0", "AELR"),
    ("ECZROUTPUT", "Zero Rated EC Goods Income", "0", "AELR"),
    ("ECZROUTPUTSERVICES", "Zero Rated EC Services", "0", "AELR"),
    ("INPUT2", "20% (VAT on Expenses)", "20", "AEXL"),
    ("RRINPUT", "5% (VAT on Expenses)", "5", "AEXL"),
    ("ZERORATEDINPUT", "Zero Rated Expenses", "0", "AEXL"),
    ("EXEMPTINPUT", "Exempt Expenses", "0", "AEXL"),
    ("ECZRINPUT", "Zero Rated EC Expenses", "0", "AEXL"),
    ("ECINPUT", "EC Acquisitions Zero Rated", "0", "AEXL"),
    ("ECACQUISITIONS", "EC Acquisitions (20%)", "0", "AEXL"),
    ("REVERSECHARGES", "Reverse Charge Expenses (20%)", "0", "AEXL"),
    ("GSTONIMPORTS", "VAT on Imports", "0", "L"),
    ("NONE", "No VAT", "0", "AEXLR"),
    ("OUTPUT", "17.5% (VAT on Income)", "17.5", "AELR"),
    ("INPUT", "17.5% (VAT on Expenses)", "17.5", "AEXL"),
)
RETIRED = {"OUTPUT", "INPUT"}
TERM_WORDS = {
    "30 days after the bill date": (30, "DAYSAFTERBILLDATE"),
    "14 days after the bill date": (14, "DAYSAFTERBILLDATE"),
    "60 days after the bill date": (60, "DAYSAFTERBILLDATE"),
    "End of next month": (31, "OFFOLLOWINGMONTH"),
    "Due on receipt": (0, "DAYSAFTERBILLDATE"),
}
