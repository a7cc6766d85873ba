from __future__ import annotations

from django.urls import path

from studio.tieout import views, views_stock

app_name = "tieout"
urlpatterns = [
    path("", views.periods, name="periods"),
    path("run/", views.run, name="run"),
    path("stock/", views_stock.comparisons, name="stock"),
    path("stock/run/", views_stock.run, name="stock-run"),
    path("stock/<uuid:key>/", views_stock.detail, name="stock-detail"),
    path("stock/<uuid:key>/export.<slug:form>", views_stock.export, name="stock-export"),
    path("<uuid:key>/", views.detail, name="detail"),
    path("<uuid:key>/sign/", views.sign, name="sign"),
    path("<uuid:key>/export.<slug:form>", views.export, name="export"),
]
