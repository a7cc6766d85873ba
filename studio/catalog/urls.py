from __future__ import annotations

from django.urls import path

from studio.catalog import views, views_agents, views_connect

app_name = "catalog"
urlpatterns = [
    path("", views.connections, name="connections"),
    path("new/", views_connect.connect, name="connect"),
    path("new/<slug:system>/", views_connect.reach, name="connect-reach"),
    path("consent/", views_connect.consent_back, name="consent"),
    path("<uuid:key>/", views.connection, name="connection"),
    path("<uuid:key>/settings/", views_connect.settings, name="connection-settings"),
    path("<uuid:key>/move/<uuid:move>/", views_connect.move, name="connection-move"),
    path("<uuid:key>/agents/", views_agents.agents, name="connection-agents"),
    path("<uuid:key>/agents/<uuid:agent>/revoke/", views_agents.revoke, name="agent-revoke"),
    path("<uuid:key>/sign-in/", views_connect.sign_in, name="connection-sign-in"),
    path("<uuid:key>/disconnect/", views_connect.disconnect, name="connection-disconnect"),
    path("<uuid:key>/company/", views_connect.company, name="connection-company"),
    path("<uuid:key>/ready/", views_connect.ready, name="connection-ready"),
    path("<uuid:key>/check/", views.check, name="connection-check"),
    path("<uuid:key>/introspect/", views.introspect, name="connection-introspect"),
    path("<uuid:key>/schema/", views.schema, name="schema"),
    path("<uuid:key>/drift/", views.drift, name="drift"),
]
