from __future__ import annotations

from django.urls import path

from studio.tieout import views, views_stock
from studio.tieout.balances import views as balances

app_name = "tieout"
urlpatterns = [
    path("", views.periods, name="periods"),
    path("run/", views.run, name="run"),
    path("balances/read/", balances.ask, name="balances-ask"),
    path("balances/unapplied/", balances.unapplied, name="unapplied"),
    path("balances/<uuid:key>/", balances.balance, name="balance"),
    path("balances/<uuid:key>/export.<slug:form>", balances.export, name="balance-export"),
    path("balances/<uuid:key>/<slug:name>/", balances.documents, name="balance-documents"),
    path("balances/parties/<uuid:key>/", balances.party, name="balance-party"),
    path("stock/", views_stock.comparisons, name="stock"),
    path("stock/run/", views_stock.run, name="stock-run"),
    path("stock/<uuid:key>/", views_stock.detail, name="stock-detail"),
    path("stock/<uuid:key>/sign/", views_stock.sign, name="stock-sign"),
    path("stock/<uuid:key>/export.<slug:form>", views_stock.export, name="stock-export"),
    path("<uuid:key>/", views.detail, name="detail"),
    path("<uuid:key>/sign/", views.sign, name="sign"),
    path("<uuid:key>/export.<slug:form>", views.export, name="export"),
]
