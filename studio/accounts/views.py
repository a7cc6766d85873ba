"""Signing in: everybody lands where his work is."""

from __future__ import annotations

from django.contrib.auth.views import LoginView
from django.urls import reverse

from studio.accounts.models import Membership
from studio.accounts.roles import BUY, READ, permissions_of


class SignIn(LoginView):
    """A buyer lands in the portal, everybody else on the home page."""

    template_name = "accounts/login.html"
    redirect_authenticated_user = True

    def get_default_redirect_url(self) -> str:
        """Where somebody goes who asked for no page of his own."""
        member = Membership.objects.filter(user=self.request.user.pk).order_by("id").first()
        may = permissions_of(member.role) if member else frozenset()
        if BUY in may and READ not in may:
            return reverse("portal:catalogue")
        return super().get_default_redirect_url()
