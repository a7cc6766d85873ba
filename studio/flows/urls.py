from __future__ import annotations

from django.urls import path

from studio.flows import views, views_runs

app_name = "flows"
urlpatterns = [
    path("", views.flows, name="flows"),
    path("runs/", views.runs, name="runs"),
    path("runs/<uuid:key>/", views_runs.run, name="run"),
    path("runs/<uuid:key>/approve/", views_runs.approve, name="run-approve"),
    path("records/<uuid:key>/", views.item, name="item"),
    path("records/<uuid:key>/again/", views.replay, name="item-replay"),
    path("deliveries/<uuid:key>/explain/", views.explain, name="explain"),
    path("<slug:key>/", views.flow, name="flow"),
    path("<slug:key>/publish/", views.publish, name="flow-publish"),
    path("<slug:key>/change/", views.change, name="flow-change"),
    path("<slug:key>/switch/", views.switch, name="flow-switch"),
]
