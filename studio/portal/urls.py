"""Routes of the portal."""

from __future__ import annotations

from django.urls import path

from studio.portal import views, views_desk

app_name = "portal"
urlpatterns = [
    path("", views.catalogue, name="catalogue"),
    path("prices/", views.prices, name="prices"),
    path("add/", views.add, name="add"),
    path("basket/", views.basket, name="basket"),
    path("basket/change/", views.basket_change, name="basket-change"),
    path("orders/", views.orders, name="orders"),
    path("orders/<uuid:key>/", views.order, name="order"),
    path("orders/<str:number>/again/", views.again, name="again"),
    path("invoices/", views.invoices, name="invoices"),
    path("documents/<slug:kind>/<str:number>/", views.document, name="document"),
    path("refresh/", views.refresh, name="refresh"),
    path("desk/", views_desk.desk, name="desk"),
    path("desk/open/", views_desk.open_shop, name="desk-open"),
    path("desk/<uuid:key>/rules/", views_desk.rules, name="desk-rules"),
    path("desk/<uuid:key>/invite/", views_desk.invite, name="desk-invite"),
    path("desk/buyers/<uuid:key>/bind/", views_desk.bind, name="desk-bind"),
    path("desk/buyers/<uuid:key>/end/", views_desk.end, name="desk-end"),
]
