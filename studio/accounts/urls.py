from __future__ import annotations

from django.conf import settings
from django.contrib.auth import views as auth
from django.urls import path, reverse_lazy

from studio.accounts.models import sample_people
from studio.accounts.views import SignIn

app_name = "accounts"
urlpatterns = [
    path(
        "sign-in/",
        SignIn.as_view(
            extra_context={"people": sample_people() if settings.SANDBOX else []},
        ),
        name="login",
    ),
    path(
        "welcome/<uidb64>/<token>/",
        auth.PasswordResetConfirmView.as_view(
            template_name="accounts/welcome.html", success_url=reverse_lazy("accounts:login")
        ),
        name="welcome",
    ),
    path("sign-out/", auth.LogoutView.as_view(), name="logout"),
]
