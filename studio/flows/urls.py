from __future__ import annotations

from django.urls import path

from studio.flows import views, views_designer, views_runs, views_sent, views_shared
from studio.flows.rehearsal import views as rehearsal

app_name = "flows"
urlpatterns = [
    path("", views.flows, name="flows"),
    path("runs/", views.runs, name="runs"),
    path("runs/<uuid:key>/", views_runs.run, name="run"),
    path("runs/<uuid:key>/approve/", views_runs.approve, name="run-approve"),
    path("records/<uuid:key>/", views.item, name="item"),
    path("records/<uuid:key>/again/", views.replay, name="item-replay"),
    path("deliveries/<uuid:key>/explain/", views.explain, name="explain"),
    path("rehearsals/<uuid:key>/", rehearsal.show, name="rehearsal"),
    path("rehearsals/<uuid:key>/sign/", rehearsal.sign_it, name="rehearsal-sign"),
    path("<slug:key>/rehearsals/", rehearsal.listed, name="flow-rehearsals"),
    path("<slug:key>/rehearse/", rehearsal.start, name="flow-rehearse"),
    path(
        "between/<uuid:one>/<uuid:other>/start/",
        views.start_between,
        name="start-pair",
    ),
    path("from/<uuid:one>/to/<uuid:other>/", views_sent.start, name="start-sent"),
    path("shared/", views_shared.shared, name="shared"),
    path("shared/<uuid:key>/", views_shared.shared_record, name="shared-record"),
    path("<slug:key>/", views_designer.flow, name="flow"),
    path("<slug:key>/owners/", views_shared.owners, name="owners"),
    path("<slug:key>/owners/change/", views_shared.owners_change, name="owners-change"),
    path("<slug:key>/publish/", views.publish, name="flow-publish"),
    path("<slug:key>/steps/", views_designer.table, name="flow-table"),
    path("<slug:key>/steps/<slug:step>/", views_designer.step, name="flow-step"),
    path(
        "<slug:key>/steps/<slug:step>/condition/", views_designer.condition, name="flow-condition"
    ),
    path("<slug:key>/steps/<slug:step>/remark/", views_designer.remark, name="flow-remark"),
    path("<slug:key>/edit/", views_designer.edit, name="flow-edit"),
    path("<slug:key>/undo/", views_designer.undo, name="flow-undo"),
    path("<slug:key>/redo/", views_designer.redo, name="flow-redo"),
    path("<slug:key>/compare/", views_designer.compare, name="flow-compare"),
    path("<slug:key>/restore/<int:number>/", views_designer.restore, name="flow-restore"),
    path("<slug:key>/run/", views_designer.run_now, name="flow-run"),
    path("<slug:key>/rung/", views.rung, name="flow-rung"),
    path("<slug:key>/switch/", views.switch, name="flow-switch"),
]
