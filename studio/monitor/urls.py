from __future__ import annotations

from django.urls import path

from studio.monitor import accuracy, views

app_name = "monitor"
urlpatterns = [
    path("accuracy/", accuracy.accuracy, name="accuracy"),
    path("alerts/<uuid:key>/seen/", views.alert_seen, name="alert-seen"),
    path("audit/", views.audit, name="audit"),
    path("audit/pack.zip", views.audit_pack, name="audit-pack"),
    path("audit/export.jsonl", views.audit_export, name="audit-export"),
]
