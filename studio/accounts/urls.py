from __future__ import annotations

from django.conf import settings
from django.contrib.auth import views as auth
from django.urls import path

from studio.accounts.models import sample_people

app_name = "accounts"
urlpatterns = [
    path(
        "sign-in/",
        auth.LoginView.as_view(
            template_name="accounts/login.html",
            redirect_authenticated_user=True,
            extra_context={"people": sample_people() if settings.SANDBOX else []},
        ),
        name="login",
    ),
    path("sign-out/", auth.LogoutView.as_view(), name="logout"),
]
