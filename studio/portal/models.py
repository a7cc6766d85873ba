"""The buyer's portal: shops, the customers that buy in them, their people, prices, baskets and documents.

What belongs to a customer hangs below his account (one SYSPRO customer of one connection), and every query of
a page begins there: nothing of another customer can be reached by a key.
"""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from simple_history.models import HistoricalRecords

from studio.catalog.models import Connection
from studio.core.models import Base
from studio.flows.models import Flow, InboxItem

STOCK_SHOWN = [
    ("hidden", "Not shown"),
    ("word", "In stock or not"),
    ("quantity", "The quantity"),
]
ORDER_STATES = [("draft", "Basket"), ("placed", "Placed"), ("dropped", "Thrown away")]
DOCUMENT_KINDS = [("order", "Order"), ("invoice", "Invoice"), ("credit_note", "Credit note")]
ZERO = Decimal(0)


class Shop(Base):
    """What the customers of one connection may order, and by which rules; kept by administrators."""

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, related_name="shop")
    flow = models.OneToOneField(Flow, on_delete=models.PROTECT, related_name="shop")
    open = models.BooleanField("buyers may place orders", default=True)
    stock_shown = models.CharField(
        "what buyers see of the stock", max_length=10, choices=STOCK_SHOWN, default="word"
    )
    back_orders = models.BooleanField(
        "more than is in stock may be ordered", default=False, help_text="the rest follows later"
    )
    whole_packs = models.BooleanField(
        "whole packs only",
        default=False,
        help_text="an item with a second unit is ordered in multiples of it",
    )
    minimum = models.DecimalField(
        "smallest order", max_digits=14, decimal_places=2, default=ZERO,
        validators=[MinValueValidator(ZERO)], help_text="before tax, in the customer's currency; 0 for none",
    )  # fmt: skip
    price_minutes = models.PositiveIntegerField(
        "minutes a price is shown before it is asked again",
        default=10,
        validators=[MinValueValidator(1)],
    )
    items_read_at = models.DateTimeField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    trouble = models.CharField(max_length=300, blank=True, editable=False)
    history = HistoricalRecords(excluded_fields=["items_read_at", "lease_until", "trouble"])

    def __str__(self) -> str:
        return f"Portal of {self.connection}"


class StockItem(models.Model):
    """One item that may be ordered, as a worker read it last."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="items")
    code = models.CharField(max_length=60)
    name = models.CharField(max_length=120)
    unit = models.CharField(max_length=10)
    other_unit = models.CharField(max_length=10, blank=True)
    per_other = models.DecimalField(max_digits=18, decimal_places=6, default=Decimal(1))
    decimals = models.PositiveSmallIntegerField(default=0)
    available = models.DecimalField(max_digits=18, decimal_places=6, null=True, blank=True)
    stopped = models.BooleanField(default=False)
    read_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "code"], name="portal_item_once")]
        indexes = [models.Index(fields=["shop", "stopped", "code"])]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    def units(self) -> list[str]:
        """Units it may be ordered in, the stocking unit first."""
        return [u for u in (self.unit, self.other_unit) if u]

    def in_stock_units(self, quantity: Decimal, unit: str) -> Decimal:
        """A quantity of one of its units in stocking units."""
        return quantity * self.per_other if unit == self.other_unit else quantity


class Account(Base):
    """One customer of one connection that buys in the portal, with his standing as it was read last."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="accounts")
    customer = models.CharField(max_length=60)
    name = models.CharField(max_length=120)
    currency = models.CharField(max_length=3, blank=True)
    on_hold = models.BooleanField(default=False)
    credit_limit = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    trouble = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["shop", "customer"], name="portal_account_once")
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.customer})"


class Buyer(Base):
    """A person who buys for exactly one account."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="buyer"
    )
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="buyers")
    invited_by = models.CharField(max_length=150, blank=True)
    invited_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["user__username"]

    def __str__(self) -> str:
        return f"{self.user} for {self.account}"


class Price(models.Model):
    """What one account pays for one unit of an item, ordered in one quantity: asked, and kept for minutes."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="prices")
    item = models.CharField(max_length=60)
    quantity = models.DecimalField(max_digits=18, decimal_places=6)
    unit = models.CharField(max_length=10)
    price = models.DecimalField(max_digits=18, decimal_places=5)
    asked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "item", "quantity", "unit"], name="portal_price_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.item} for {self.account_id}: {self.price}"


class Order(Base):
    """A basket while it is a draft; what was placed is said once, under its number."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="orders")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="portal_orders"
    )
    number = models.CharField(max_length=20, unique=True)
    state = models.CharField(max_length=10, choices=ORDER_STATES, default="draft")
    revision = models.PositiveIntegerField(default=0, help_text="guards two tabs and two people")
    own_reference = models.CharField(max_length=18, blank=True)
    note = models.CharField(max_length=50, blank=True)
    wanted_on = models.DateField(null=True, blank=True)
    placed_by = models.CharField(max_length=150, blank=True)
    placed_at = models.DateTimeField(null=True, blank=True)
    total = models.DecimalField(max_digits=18, decimal_places=2, default=ZERO)
    problems = models.JSONField(default=list, blank=True, help_text="why it could not be placed")
    inbox = models.OneToOneField(
        InboxItem, null=True, blank=True, on_delete=models.PROTECT, related_name="portal_order"
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            # A person has one basket; two tabs that begin one at the same moment find the same.
            models.UniqueConstraint(
                fields=["account", "user"],
                condition=models.Q(state="draft"),
                name="portal_one_basket",
            )
        ]
        indexes = [models.Index(fields=["account", "state"])]

    def __str__(self) -> str:
        return self.number


class OrderLine(models.Model):
    """One item of an order, with the price that was shown for it."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    item = models.CharField(max_length=60)
    name = models.CharField(max_length=120)
    quantity = models.DecimalField(max_digits=18, decimal_places=6)
    unit = models.CharField(max_length=10)
    price = models.DecimalField(max_digits=18, decimal_places=5, null=True, blank=True)
    was = models.DecimalField(
        max_digits=18, decimal_places=5, null=True, blank=True, help_text="price shown before"
    )
    net = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    problems = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["order", "item", "unit"], name="portal_line_once")
        ]

    def __str__(self) -> str:
        return f"{self.quantity} {self.unit} {self.item}"


class Document(Base):
    """An order, invoice or credit note of an account as a worker read it last."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="documents")
    kind = models.CharField(max_length=12, choices=DOCUMENT_KINDS)
    number = models.CharField(max_length=40)
    order = models.CharField(max_length=40, blank=True)
    reference = models.CharField(max_length=40, blank=True)
    on = models.DateField(null=True, blank=True)
    due = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=12)
    currency = models.CharField(max_length=3, blank=True)
    total = models.DecimalField(max_digits=18, decimal_places=2, default=ZERO)
    open = models.DecimalField(max_digits=18, decimal_places=2, default=ZERO)
    lines = models.JSONField(default=list, blank=True)
    place = models.CharField(max_length=60, help_text="day and number: the order of the list")

    class Meta:
        ordering = ["-place"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "kind", "number"], name="portal_document_once"
            )
        ]
        indexes = [models.Index(fields=["account", "kind", "place"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"
