"""Admin site: the portal is only read here; it is kept on its own page, where each act is audited."""

from __future__ import annotations

from django.contrib import admin

from studio.core.readonly import ReadOnly
from studio.portal.models import Account, Buyer, Order, Shop


@admin.register(Shop)
class ShopAdmin(ReadOnly):
    """Portals and their rules."""

    list_display = ("connection", "open", "stock_shown", "minimum", "items_read_at", "trouble")
    list_select_related = ("connection",)


@admin.register(Account)
class AccountAdmin(ReadOnly):
    """Customers that buy."""

    list_display = ("customer", "name", "shop", "currency", "on_hold", "credit_limit", "read_at")
    list_select_related = ("shop__connection",)
    list_filter = ("shop", "on_hold")
    search_fields = ("customer", "name")


@admin.register(Buyer)
class BuyerAdmin(ReadOnly):
    """Who buys for whom."""

    list_display = ("user", "account", "invited_by", "invited_at")
    list_select_related = ("user", "account")
    search_fields = ("user__username", "account__name", "account__customer")


@admin.register(Order)
class OrderAdmin(ReadOnly):
    """Baskets and what was placed."""

    list_display = ("number", "account", "state", "total", "placed_by", "placed_at")
    list_select_related = ("account",)
    list_filter = ("state", "account__shop")
    search_fields = ("number", "own_reference", "account__name")
