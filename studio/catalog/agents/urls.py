from __future__ import annotations

from django.urls import path

from studio.catalog.agents import door

urlpatterns = [
    path("take/", door.take, name="agent-take"),
    path("answer/<uuid:key>/", door.answer, name="agent-answer"),
]
