"""Routes of mappings and lookup values."""

from __future__ import annotations

from django.urls import path

from studio.mapping import views, views_publish, views_second, views_value, views_values

app_name = "mapping"
urlpatterns = [
    path("mappings/", views.mappings, name="mappings"),
    path("mappings/<uuid:inbound>/with/<uuid:outbound>/", views_publish.composed, name="composed"),
    path("mappings/<uuid:key>/", views.review, name="review"),
    path("mappings/<uuid:key>/bulk/", views.bulk, name="bulk"),
    path("mappings/<uuid:key>/confirm/", views_second.confirm_ticked, name="confirm"),
    path("mappings/<uuid:key>/send-back/", views_second.send_back_ticked, name="send-back"),
    path("mappings/<uuid:key>/accept-within/", views.accept_within, name="accept-within"),
    path("mappings/<uuid:key>/budget/", views.budget, name="budget"),
    path("mappings/<uuid:key>/undo/", views.undo, name="undo"),
    path("mappings/<uuid:key>/propose/", views.propose, name="propose"),
    path("mappings/<uuid:key>/publishing/", views_publish.publishing, name="publishing"),
    path("mappings/<uuid:key>/publish/", views_publish.publish, name="publish"),
    path("mapping-rows/<uuid:key>/decide/", views.decide, name="row-decide"),
    path("mapping-rows/<uuid:key>/undo/", views.undo_row, name="row-undo"),
    path("mapping-rows/<uuid:key>/confirm/", views_second.confirm, name="row-confirm"),
    path("mapping-rows/<uuid:key>/send-back/", views_second.send_back, name="row-send-back"),
    path("mapping-rows/<uuid:key>/ask/", views_second.ask, name="row-ask"),
    path("mapping-rows/<uuid:key>/explain/", views.explain, name="row-explain"),
    path("mapping-rows/<uuid:key>/later/", views.later, name="row-later"),
    path("mapping-rows/<uuid:key>/note/", views.note, name="row-note"),
    path("mapping-rows/<uuid:key>/identical/", views.identical, name="row-identical"),
    path("values/", views_values.values, name="values"),
    path("values/propose/", views_values.propose, name="values-propose"),
    path("values/undo/", views_values.undo, name="values-undo"),
    path("values/bulk/", views_values.bulk, name="values-bulk"),
    path("values/<uuid:key>/decide/", views_values.decide, name="value-decide"),
    path("values/<uuid:key>/confirm/", views_values.confirm, name="value-confirm"),
    path("values/<uuid:key>/explain/", views_value.explain, name="value-explain"),
    path("values/<uuid:key>/later/", views_value.later, name="value-later"),
    path("values/<uuid:key>/note/", views_value.note, name="value-note"),
]
