"""Routes of the API, its document and its tokens."""

from __future__ import annotations

from csp.decorators import csp_update
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import SimpleRouter
from rest_framework.viewsets import ViewSetMixin

from studio.api import views
from studio.api.auth import MayRead
from studio.api.resources import (
    catalog,
    flows,
    learning,
    linking,
    mapping,
    portal,
    proof,
    rehearsals,
    sources,
    stock,
    triage,
    tryout,
    webhooks,
)

router = SimpleRouter(use_regex_path=False)
RESOURCES: dict[str, type[ViewSetMixin]] = {
    "connections": catalog.Connections,
    "snapshots": catalog.Snapshots,
    "sources": sources.Sources,
    "arrivals": sources.Arrivals,
    "mappings": mapping.Mappings,
    "mapping-rows": mapping.Rows,
    "lookup-tables": mapping.LookupTables,
    "lookup-rows": mapping.LookupRows,
    "values": mapping.Values,
    "parties": linking.Parties,
    "pairs": linking.Pairs,
    "links": linking.Links,
    "second-looks": learning.SecondLooks,
    "calibrations": learning.Calibrations,
    "flows": flows.Flows,
    "rehearsals": rehearsals.Rehearsals,
    "inbox-items": flows.InboxItems,
    "deliveries": flows.Deliveries,
    "cases": triage.Cases,
    "tie-outs": proof.TieOuts,
    "webhooks": webhooks.Webhooks,
    "webhook-messages": webhooks.WebhookMessages,
    "balance-readings": proof.Readings,
    "balances": proof.Balances,
    "balance-parties": proof.BalanceParties,
    "open-documents": proof.OpenDocuments,
    "portal-accounts": portal.PortalAccounts,
    "portal-orders": portal.PortalOrders,
    "stock-comparisons": stock.StockComparisons,
    "trials": tryout.Trials,
    "audit-events": proof.AuditEvents,
}
for address, resource in RESOURCES.items():
    router.register(address, resource, basename=address)

# Swagger sets sizes of its boxes inline; nothing else of the policy is loosened, and only here.
swagger = csp_update({"style-src": ["'unsafe-inline'"]})(
    SpectacularSwaggerSplitView.as_view(url_name="api:schema", permission_classes=[MayRead])
)

app_name = "api"
urlpatterns = [
    path("v1/", include(router.urls)),
    path("schema/", SpectacularAPIView.as_view(permission_classes=[MayRead]), name="schema"),
    path("docs/", swagger, name="docs"),
    path("tokens/", views.tokens, name="tokens"),
    path("tokens/<uuid:key>/revoke/", views.revoke, name="revoke"),
]
