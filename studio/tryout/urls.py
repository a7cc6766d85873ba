from __future__ import annotations

from django.urls import path

from studio.tryout import views

app_name = "tryout"
urlpatterns = [
    path("", views.trials, name="trials"),
    path("<uuid:key>/", views.trial, name="trial"),
    path("<uuid:key>/result/", views.result, name="result"),
    path("<uuid:key>/delete/", views.delete, name="delete"),
]
