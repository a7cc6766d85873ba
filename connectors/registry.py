"""The systems we can talk to: labels, how to connect, what each can do. Vendors load when wanted."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import Protocol, cast, runtime_checkable

from pydantic import SecretStr

from connectors.config import ConnectionConfig, Services
from connectors.http.oauth import OAuthClient
from engine.ports import Action, Connector


class VendorModule(Protocol):
    """What ``connectors.<vendor>.connector`` offers."""

    def connect(self, config: ConnectionConfig, services: Services) -> Connector:
        """The connector of one connection; calls nothing yet."""
        ...


class ConsentModule(Protocol):
    """What the module of a vendor with consent in the browser offers besides."""

    SCOPES: tuple[str, ...]

    def oauth_client(self, config: ConnectionConfig, services: Services) -> OAuthClient:
        """The registered app of a connection."""
        ...


@runtime_checkable
class ListsCompanies(Protocol):
    """A connector whose sign-in may reach several companies."""

    def companies(self) -> dict[str, str]:
        """Id and name of each."""
        ...


@dataclass(frozen=True, slots=True)
class CodeList:
    """A list of codes a system keeps, and the fields that name each entry.

    Attributes:
        kind: canonical kind: ``term``, ``tax_code``, ``account``, ``payment_method``, ``class``, ….
        entity: the system's entity.
        key: field whose value documents carry.
        code: short code people know, may be the key.
        label: name people read.
        active: field that says whether it may still be used; empty where there is none.
        detail: (name, field) of what tells codes apart: ``days``, ``discount``, ``rate``, ``type``,
            ``currency``, or ``account``: the entry's own ledger account.
        facts: (lookup table, name in ``detail``) of tables that repeat a detail for each code.
        where: (field, value) an entry must have to belong to the list.
        unless: (field, value) any of which keeps an entry out of the list.
    """

    kind: str
    entity: str
    key: str
    code: str
    label: str
    active: str = ""
    detail: tuple[tuple[str, str], ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    where: tuple[tuple[str, object], ...] = ()
    unless: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class Consent:
    """How a person lets us into their books in the browser (authorization code).

    Attributes:
        pkce: the vendor takes PKCE, so the code alone is worth nothing to a thief.
        company: argument of the answer that names the company; empty where it is chosen afterwards.
        ends_by_json: the vendor takes the end of a sign-in as JSON (Intuit) and not as a form (RFC 7009).
    """

    pkce: bool = False
    company: str = ""
    ends_by_json: bool = False


@dataclass(frozen=True, slots=True)
class Files:
    """Files that a system keeps beside its documents (``engine.ports.Filing``).

    Attributes:
        entity: what the system calls one.
        beside: entities whose documents take files.
        bytes: most of one file.
        most: files beside one document; 0 where none is stated that one could reach.
    """

    entity: str
    beside: frozenset[str]
    bytes: int
    most: int = 0


@dataclass(frozen=True, slots=True)
class FromItem:
    """What a line of a document takes from its item where it is not sent.

    Attributes:
        kind: kind of code it is: ``account``, ``tax_code``.
        field: where a line says it.
        item: where the line names the item.
    """

    kind: str
    field: str
    item: str


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a system can do, as data for pages and flows.

    Attributes:
        idempotency: ``request id`` or ``header`` (the vendor replays the first answer), or
            ``reference`` (we search the natural reference before sending).
        webhooks: the vendor tells us about changes.
        doorbells: entity -> entity whose notices say that it changed, where the vendor has none for itself.
        poll: how changes are found by asking.
        batch: records per create call.
        changes: records per call of changes that concern custom fields alone (write-backs).
        page: records per read at most.
        limits: the vendor's documented limits, for people.
        actions: what can be done to documents besides creating and updating.
        voids: entities that can be voided, where it is not all that can be ended; the others are deleted.
        company: the system's word for one set of books: ``company``, ``realm``, ``tenant``.
        settings: settings a connection may have.
        needs: settings, and secrets that a person gives, which it cannot do without.
        secrets: secrets a connection needs.
        rate: the limits as numbers for the budget (``per_minute``, ``per_day``, ``concurrent``).
        apart: limits of calls that have one of their own, by name, as numbers.
        codes: the lists of codes it keeps.
        tells_deletions: polls or webhooks say when a record is gone.
        sells: its customers may order through the portal (``engine.ports.Selling``).
        files: what it keeps beside documents; None where it keeps nothing that we can put there.
        refer: entity -> field by which documents refer to its records where that is not the key.
        from_item: what lines take from the item they name.
        consent: how a person signs in in the browser; None where a user name and password are typed.
        newest: newest version of the interface that we know and speak.
        receives: it sends its records to us: nothing is asked of it, nothing is written to it.
        unlocks: where its people open a closed period, and who can; the way through its menus.
        production: address of the real service; empty where every company has its own.
    """

    idempotency: str
    webhooks: bool
    poll: tuple[str, ...]
    batch: int
    page: int
    limits: dict[str, str] = field(default_factory=dict)
    actions: tuple[Action, ...] = ()
    voids: frozenset[str] | None = None
    company: str = "company"
    settings: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    rate: dict[str, int] = field(default_factory=dict)
    apart: dict[str, dict[str, int]] = field(default_factory=dict)
    codes: tuple[CodeList, ...] = ()
    refer: dict[str, str] = field(default_factory=dict)
    from_item: tuple[FromItem, ...] = ()
    doorbells: dict[str, str] = field(default_factory=dict)
    consent: Consent | None = None
    newest: str = ""
    production: str = ""
    changes: int = 1
    tells_deletions: bool = True
    sells: bool = False
    files: Files | None = None
    receives: bool = False
    unlocks: str = ""

    def holds_files(self, entity: str) -> bool:
        """Whether a document of the entity takes files beside it."""
        return self.files is not None and entity in self.files.beside

    def ending(self, entity: str) -> Action:
        """How a posted document is ended there: voided where the vendor knows that, else deleted."""
        known = self.voids is None or entity in self.voids
        return Action.VOID if known else Action.DELETE


@dataclass(frozen=True, slots=True)
class System:
    """One row of the table of systems."""

    key: str
    label: str
    module: str
    capabilities: Capabilities


CONNECTORS: dict[str, System] = {
    "syspro": System(
        "syspro",
        "SYSPRO",
        "connectors.syspro.connector",
        Capabilities(
            idempotency="reference",
            webhooks=False,
            tells_deletions=False,
            sells=True,
            poll=("timestamp", "status", "date", "sweep"),
            batch=1,
            changes=20,
            page=200,
            limits={"concurrent": "1 call per operator"},
            actions=(Action.VOID, Action.DELETE, Action.DEACTIVATE, Action.REACTIVATE),
            settings=("operator", "language", "instance", "rest_path", "timeout", "poll",
                      "statuses", "columns", "longest_address", "form_types", "read", "odata_url",
                      "second_logon"),
            needs=("operator",),
            secrets=("operator_password", "company_password", "sql_url"),
            newest="8",
            unlocks="the tab Period of the setup program of each module that posts there (by who keeps SYSPRO)",
            codes=(
                CodeList("term", "TblArTerms", "TermsCode", "TermsCode", "Description", "",
                         (("days", "DueDays"), ("discount", "DiscPct")), (("term_days", "days"),)),
                CodeList("tax_code", "AdmTax", "TaxCode", "TaxCode", "Description", "", (("rate", "CurTaxRate"),),
                         (("tax_rates", "rate"),)),
                CodeList("account", "GenMaster", "GlCode", "GlCode", "Description", "", (("type", "AccountType"),)),
                CodeList("bank", "ApBank", "Bank", "Bank", "Description", "", (("currency", "Currency"),)),
                # The account a supplier's invoices go to unless the buyer says otherwise.
                CodeList("supplier", "ApSupplier", "Supplier", "Supplier", "SupplierName", "",
                         (("account", "MerchGlCode"),)),
                CodeList("branch", "SalBranch", "Branch", "Branch", "Description"),
                CodeList("product_class", "SalProductClassDes", "ProductClass", "ProductClass", "Description"),
                CodeList("currency", "TblCurrency", "Currency", "Currency", "Description"),
            ),
        ),
    ),
    "qbo": System(
        "qbo",
        "QuickBooks Online",
        "connectors.qbo.connector",
        Capabilities(
            idempotency="request id",
            webhooks=True,
            poll=("change data capture", "query"),
            batch=30,
            page=1000,
            limits={"minute": "500 calls", "second": "10 calls", "concurrent": "10 calls",
                    "batch": "40 a minute"},
            actions=(Action.VOID, Action.DELETE, Action.DEACTIVATE, Action.REACTIVATE),
            # reference/qbo 4.6
            voids=frozenset({"Invoice", "Payment", "SalesReceipt", "BillPayment"}),
            # reference/qbo 19.4
            files=Files("Attachable", bytes=100 * 1024 * 1024, beside=frozenset(
                {"Bill", "BillPayment", "CreditMemo", "Estimate", "Invoice", "JournalEntry", "Payment",
                 "PurchaseOrder", "RefundReceipt", "SalesReceipt", "VendorCredit"})),
            company="realm",
            consent=Consent(company="realmId", ends_by_json=True),
            newest="75",
            unlocks="Settings, Account and settings, Advanced, Accounting, Close the books (by an administrator)",
            from_item=(
                FromItem(
                    "account",
                    "Line[].SalesItemLineDetail.ItemAccountRef.value",
                    "Line[].SalesItemLineDetail.ItemRef.value",
                ),
            ),
            production="https://quickbooks.api.intuit.com",
            settings=("client_id", "marker", "batch_per_minute"),
            needs=("client_id", "client_secret"),
            secrets=("client_secret", "access_token", "refresh_token", "webhook_key"),
            rate={"per_minute": 500, "per_second": 10, "concurrent": 10},
            apart={"batch": {"per_minute": 40, "reserve": 0}},
            codes=(
                CodeList("term", "Term", "Id", "Name", "Name", "Active", (("days", "DueDays"), ("discount", "DiscountPercent"))),
                CodeList("tax_code", "TaxCode", "Id", "Name", "Name", "Active", ()),
                CodeList("account", "Account", "Id", "AcctNum", "Name", "Active", (("type", "AccountType"),)),
                CodeList("income_account", "Account", "Id", "AcctNum", "Name", "Active",
                         (("type", "AccountType"),), (),
                         (("Classification", "Revenue"),)),
                CodeList("expense_account", "Account", "Id", "AcctNum", "Name", "Active",
                         (("type", "AccountType"),), (),
                         (("Classification", "Expense"),)),
                # Control accounts want a customer or supplier on each posting, which a ledger journal lacks.
                CodeList("journal_account", "Account", "Id", "AcctNum", "Name", "Active",
                         (("type", "AccountType"),), (), (),
                         (("AccountType", "Accounts Receivable"), ("AccountType", "Accounts Payable"))),
                CodeList("payment_method", "PaymentMethod", "Id", "Name", "Name", "Active"),
                CodeList("class", "Class", "Id", "Name", "FullyQualifiedName", "Active"),
                CodeList("branch", "Department", "Id", "Name", "FullyQualifiedName", "Active"),
                CodeList("item", "Item", "Id", "Sku", "Name", "Active", (("type", "Type"),)),
            ),
        ),
    ),
    "xero": System(
        "xero",
        "Xero",
        "connectors.xero.connector",
        Capabilities(
            idempotency="header",
            webhooks=True,
            poll=("modified since",),
            # A payment changes what is open of its document; nothing else tells of it (reference 12).
            doorbells={"Payment": "Invoice"},
            batch=50,
            page=1000,
            limits={"minute": "60 calls", "day": "5000 calls", "concurrent": "5 calls"},
            actions=(Action.VOID, Action.DELETE, Action.DEACTIVATE, Action.REACTIVATE),
            company="tenant",
            consent=Consent(pkce=True),
            newest="16.1.0",
            unlocks="Accounting, Advanced, Financial settings, Lock dates (by somebody in the role Adviser)",
            production="https://api.xero.com",
            settings=("client_id", "grant", "scopes"),
            needs=("client_id",),
            secrets=("client_secret", "access_token", "refresh_token", "webhook_key"),
            rate={"per_minute": 60, "per_day": 5000, "concurrent": 5},
            codes=(
                CodeList("account", "Account", "Code", "Code", "Name", "Status",
                         (("type", "Type"), ("currency", "CurrencyCode"))),
                CodeList("income_account", "Account", "Code", "Code", "Name", "Status", (("type", "Type"),), (),
                         (("Class", "REVENUE"),)),
                CodeList("expense_account", "Account", "Code", "Code", "Name", "Status", (("type", "Type"),), (),
                         (("Class", "EXPENSE"),)),
                # Xero takes no journals on bank and control accounts (xero.md 11).
                CodeList("journal_account", "Account", "Code", "Code", "Name", "Status",
                         (("type", "Type"),), (), (),
                         (("Type", "BANK"), ("SystemAccount", "DEBTORS"), ("SystemAccount", "CREDITORS"))),
                CodeList("tax_code", "TaxRate", "TaxType", "TaxType", "Name", "Status",
                         (("rate", "EffectiveRate"),), (), (("CanApplyToRevenue", True),)),
                CodeList("purchase_tax_code", "TaxRate", "TaxType", "TaxType", "Name", "Status",
                         (("rate", "EffectiveRate"),), (), (("CanApplyToExpenses", True),)),
                CodeList("currency", "Currency", "Code", "Code", "Description"),
                CodeList("branch", "TrackingCategory", "TrackingCategoryID", "Name", "Name", "Status"),
            ),
            refer={"Item": "Code"},
            from_item=(
                FromItem("account", "LineItems[].AccountCode", "LineItems[].ItemCode"),
                FromItem("tax_code", "LineItems[].TaxType", "LineItems[].ItemCode"),
            ),
            # reference/xero 4 and 8
            files=Files("Attachment", bytes=10 * 1024 * 1024, most=10, beside=frozenset(
                {"BankTransaction", "BankTransfer", "CreditNote", "Invoice", "ManualJournal",
                 "PurchaseOrder", "Quote"})),
        ),
    ),
    "pushed": System(
        "pushed",
        "Another system that sends its records",
        "connectors.pushed.connector",
        Capabilities(
            idempotency="nothing is written to it",
            webhooks=False,
            tells_deletions=False,
            poll=("order of arrival",),
            batch=1,
            page=500,
            receives=True,
        ),
    ),
}  # fmt: skip


def capabilities(system: str) -> Capabilities:
    """What the system can do.

    Raises:
        KeyError: no such system.
    """
    return CONNECTORS[system].capabilities


def sandbox(system: str, hello: dict[str, str]) -> ConnectionConfig:
    """The configuration of a connection to an emulator, from the line that ``emulate`` prints.

    Args:
        system: ``syspro``, ``qbo`` or ``xero``.
        hello: ``url`` and what the emulator says besides.

    Raises:
        KeyError: no such system, or ``hello`` has no ``url``.
    """
    known = CONNECTORS[system].capabilities
    company = hello.get("company") or hello.get("realm_id") or hello.get("tenant_id", "")
    return ConnectionConfig(
        system=system,
        name=f"{CONNECTORS[system].label} sandbox",
        base_url=hello["url"],
        company=company,
        settings={k: v for k, v in hello.items() if k in known.settings},
        secrets={k: SecretStr(v) for k, v in hello.items() if k in known.secrets},
    )


def signing_in(
    config: ConnectionConfig, services: Services | None = None
) -> tuple[OAuthClient, tuple[str, ...]]:
    """The sign-in conversation of a connection's app, and the scopes to ask for.

    Raises:
        KeyError: no such system.
        AccessDenied: no client id is configured.
        RemoteUnavailable: the authorization server cannot be found.
    """
    module = cast("ConsentModule", importlib.import_module(CONNECTORS[config.system].module))
    scopes = tuple(config.setting("scopes").split()) or tuple(module.SCOPES)
    return module.oauth_client(config, services or Services()), scopes


def open_connector(config: ConnectionConfig, services: Services | None = None) -> Connector:
    """The connector of a connection; ``close`` it when the work is done.

    Raises:
        KeyError: no such system.
    """
    module = importlib.import_module(CONNECTORS[config.system].module)
    return cast("VendorModule", module).connect(config, services or Services())
