from __future__ import annotations

from django.urls import path

from studio.monitor import views

app_name = "monitor"
urlpatterns = [
    path("audit/", views.audit, name="audit"),
    path("audit/export.jsonl", views.audit_export, name="audit-export"),
]
