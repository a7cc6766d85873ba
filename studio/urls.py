"""Includes each app's routes; nothing else."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from studio.flows.hooks import receive
from studio.monitor.views import home

handler403 = "studio.core.views.refused"
handler404 = "studio.core.views.missing"
handler500 = "studio.core.views.broken"

urlpatterns = [
    path("", home, name="home"),
    path("", include("studio.core.urls")),
    path("accounts/", include("studio.accounts.urls")),
    path("exceptions/", include("studio.triage.urls")),
    path("", include("studio.mapping.urls")),
    path("", include("studio.linking.urls")),
    path("", include("studio.learning.urls")),
    path("flows/", include("studio.flows.urls")),
    path("hooks/<uuid:key>/", receive, name="hook"),
    path("agent/", include("studio.catalog.agents.urls")),
    path("tie-out/", include("studio.tieout.urls")),
    path("try/", include("studio.tryout.urls")),
    path("", include("studio.monitor.urls")),
    path("portal/", include("studio.portal.urls")),
    path("webhooks/", include("studio.webhooks.urls")),
    path("connections/", include("studio.catalog.urls")),
    path("api/", include("studio.api.urls")),
    path("admin/", admin.site.urls),
]
