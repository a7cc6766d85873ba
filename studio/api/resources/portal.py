"""The portal as we see it: who buys for whom, and what was ordered. Buyers have no tokens (decisions/0022)."""

from __future__ import annotations

from django_filters import rest_framework as filters
from rest_framework import serializers

from studio.api.base import Resource
from studio.portal.models import Account, Order, OrderLine
from studio.portal.placing import way_of


class PortalAccountShape(serializers.ModelSerializer[Account]):
    connection = serializers.UUIDField(source="shop.connection.uuid", read_only=True)
    buyers = serializers.SerializerMethodField(help_text="user names")

    class Meta:
        model = Account
        fields = [
            "uuid", "connection", "customer", "name", "currency", "on_hold", "credit_limit", "read_at", "buyers",
        ]  # fmt: skip
        read_only_fields = fields

    def get_buyers(self, account: Account) -> list[str]:
        """The people who buy for it."""
        return [buyer.user.username for buyer in account.buyers.all()]


class PortalAccounts(Resource[Account]):
    """Customers that buy in the portal."""

    queryset = Account.objects.select_related("shop__connection").prefetch_related("buyers__user")
    serializer_class = PortalAccountShape
    filterset_fields = ["customer", "on_hold"]
    place = "shop__connection__workspace"


class PortalLineShape(serializers.ModelSerializer[OrderLine]):
    class Meta:
        model = OrderLine
        fields = ["item", "name", "quantity", "unit", "price", "net"]
        read_only_fields = fields


class PortalOrderShape(serializers.ModelSerializer[Order]):
    """An order that was placed; ``state`` as the buyer sees it, ``order_number`` once it has one."""

    account = serializers.UUIDField(source="account.uuid", read_only=True)
    currency = serializers.CharField(source="account.currency", read_only=True)
    item = serializers.UUIDField(source="inbox.uuid", read_only=True, help_text="its inbox item")
    state = serializers.SerializerMethodField()
    order_number = serializers.SerializerMethodField()
    lines = PortalLineShape(many=True, read_only=True)

    class Meta:
        model = Order
        fields = [
            "uuid", "number", "account", "state", "order_number", "own_reference", "note", "wanted_on", "placed_by",
            "placed_at", "total", "currency", "item", "lines",
        ]  # fmt: skip
        read_only_fields = fields

    def get_state(self, order: Order) -> str:
        """How far it is."""
        return way_of(order).state

    def get_order_number(self, order: Order) -> str:
        """The number the system gave it."""
        return way_of(order).number


class PortalOrderFilter(filters.FilterSet):  # type: ignore[misc]
    account = filters.UUIDFilter(field_name="account__uuid")

    class Meta:
        model = Order
        fields = ["number"]


class PortalOrders(Resource[Order]):
    """Orders that buyers placed, newest first; baskets are theirs alone."""

    queryset = (
        Order.objects.filter(state="placed")
        .select_related("account", "inbox")
        .prefetch_related("lines")
    )
    serializer_class = PortalOrderShape
    filterset_class = PortalOrderFilter
    order: tuple[str, ...] = ("-id",)
    place = "account__shop__connection__workspace"
