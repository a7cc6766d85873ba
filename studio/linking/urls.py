"""Routes of match review."""

from __future__ import annotations

from django.urls import path

from studio.linking import views, views_ask, views_links

app_name = "linking"
urlpatterns = [
    path("matches/", views.matches, name="matches"),
    path("matches/bulk/", views.bulk, name="bulk"),
    path("matches/accept-within/", views.accept_within, name="accept-within"),
    path("matches/undo/", views.undo, name="undo"),
    path("matches/search/", views.search, name="search"),
    path("matches/<uuid:key>/judge/", views.judge, name="judge"),
    path("matches/<uuid:key>/explain/", views.explain, name="explain"),
    path("matches/<uuid:key>/note/", views.note, name="note"),
    path("matches/<uuid:key>/ask/", views_ask.ask, name="ask"),
    path("matches/<uuid:key>/create-in/<uuid:target>/", views.create, name="create"),
    path("links/<uuid:key>/", views_links.link, name="link"),
    path("links/<uuid:key>/unlink/", views_links.unlink, name="unlink"),
]
