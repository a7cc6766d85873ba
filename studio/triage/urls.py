from __future__ import annotations

from django.urls import path

from studio.triage import views

app_name = "triage"
urlpatterns = [
    path("", views.queue, name="queue"),
    path("fix/", views.fix_group, name="group-fix"),
    path("assign/", views.assign_group, name="group-assign"),
    path("put-aside/", views.put_group_aside, name="group-wait"),
    path("take-up/", views.take_group_up, name="group-take-up"),
    path("<uuid:key>/", views.case_page, name="case"),
    path("<uuid:key>/fix/<slug:name>/", views.fix, name="case-fix"),
    path("<uuid:key>/choices/<slug:name>/<slug:field>/", views.choices, name="case-choices"),
    path("<uuid:key>/comment/", views.comment, name="case-comment"),
    path("<uuid:key>/assign/", views.assign, name="case-assign"),
    path("<uuid:key>/plan/", views.plan, name="case-plan"),
    path("<uuid:key>/wait/", views.put_aside, name="case-wait"),
    path("<uuid:key>/take-up/", views.take_up, name="case-take-up"),
]
