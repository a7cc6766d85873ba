"""Who buys for which customer: inviting a person, and binding him to another account."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _

from engine.errors import StudioError
from engine.ports import Selling, Standing
from studio.accounts.models import Membership, User
from studio.accounts.roles import ADMINISTER
from studio.catalog.wiring import opened
from studio.core.action import Actor, acting
from studio.core.dispatch import nudge
from studio.portal.models import Account, Buyer, Shop

ROLE = "buyer"


@dataclass(frozen=True, slots=True)
class Invited:
    """A new buyer, the address where he chooses a password, and whether it was mailed."""

    buyer: Buyer
    address: str
    mailed: bool


def account_of(actor: Actor, shop: Shop, customer: str) -> Account:
    """The account of a customer; who he is is asked from the system when he is new here.

    Raises:
        ValidationError: the system cannot be asked, or has no such customer.
    """
    actor.require(ADMINISTER)
    said = customer.strip()
    if not said:
        raise ValidationError(_("Say which customer he buys for."))
    known = Account.objects.filter(shop=shop, customer=said).first()
    if known is not None:
        return known
    found = _standing(shop, said)
    account, fresh = Account.objects.get_or_create(
        shop=shop,
        customer=found.customer,
        defaults={
            "name": found.name[:120],
            "currency": found.currency or shop.connection.currency,
            "on_hold": found.on_hold,
            "credit_limit": found.credit_limit,
        },
    )
    if fresh:
        nudge("portal.read_account", account.pk)
    return account


def _standing(shop: Shop, customer: str) -> Standing:
    try:
        with opened(shop.connection) as connector:
            found = connector.standing(customer) if isinstance(connector, Selling) else None
    except StudioError as error:
        raise ValidationError(
            _("%(system)s could not be asked: %(why)s")
            % {"system": shop.connection, "why": str(error)}
        ) from error
    if found is None:
        raise ValidationError(
            _("%(system)s has no customer “%(customer)s”.")
            % {"system": shop.connection, "customer": customer}
        )
    return found


def invite(actor: Actor, account: Account, username: str, name: str, email: str) -> Invited:
    """Make a person who buys for an account, and mail him where he chooses a password.

    Raises:
        ValidationError: the name is taken or missing, or the address is none.
    """
    username, email = username.strip(), email.strip()
    if not username:
        raise ValidationError(_("Give the user name he signs in with."))
    if email:
        validate_email(email)
    shop = account.shop
    try:
        with acting(actor, ADMINISTER, "portal.invited", f"account:{account.uuid}") as line:
            user = User(username=username, display_name=name.strip(), email=email)
            user.set_unusable_password()
            user.full_clean(exclude=["password"])
            user.save()
            Membership.objects.create(user=user, workspace=shop.connection.workspace, role=ROLE)
            buyer = Buyer.objects.create(
                user=user, account=account, invited_by=actor.name, invited_at=timezone.now()
            )
            line.data = {"person": str(user), "customer": str(account)}
    except IntegrityError:
        raise ValidationError(_("There is somebody of this user name already.")) from None
    address = invitation(user)
    return Invited(buyer, address, bool(email) and _mailed(user, account, address))


def invitation(user: User) -> str:
    """Where the person chooses a password; worth nothing once he has, or after some days."""
    key = urlsafe_base64_encode(force_bytes(user.pk))
    path = reverse("accounts:welcome", args=[key, default_token_generator.make_token(user)])
    return f"{settings.SITE_URL.rstrip('/')}{path}"


def _mailed(user: User, account: Account, address: str) -> bool:
    workspace = account.shop.connection.workspace
    subject = _("Your access to the portal of %(who)s") % {"who": workspace}
    body = _(
        "Hello %(name)s,\n\nyou can see the prices and documents of %(customer)s and order at "
        "%(who)s. Your user name is %(user)s. Choose a password here:\n\n%(address)s\n"
    ) % {
        "name": user,
        "customer": account.name,
        "who": workspace,
        "user": user.username,
        "address": address,
    }
    try:
        send_mail(subject, body, settings.DEFAULT_FROM_EMAIL, [user.email])
    except OSError:
        # The address is shown to the administrator as well; he hands it over.
        return False
    return True


def bind(actor: Actor, buyer: Buyer, account: Account) -> None:
    """From now on the person buys for another account; what he sees changes with his next click.

    Raises:
        ValidationError: that account belongs to another workspace.
    """
    if account.shop.connection.workspace_id != buyer.account.shop.connection.workspace_id:
        raise ValidationError(_("That customer belongs to another workspace."))
    with acting(actor, ADMINISTER, "portal.bound", f"account:{account.uuid}") as line:
        line.data = {"person": str(buyer.user), "from": str(buyer.account), "to": str(account)}
        buyer.account = account
        buyer.save(update_fields=["account", "updated_at"])


def end(actor: Actor, buyer: Buyer) -> None:
    """The person may not enter any more; his orders stay."""
    with acting(actor, ADMINISTER, "portal.ended", f"account:{buyer.account.uuid}") as line:
        line.data = {"person": str(buyer.user), "customer": str(buyer.account)}
        with transaction.atomic():
            User.objects.filter(pk=buyer.user_id).update(is_active=False)
            buyer.delete()
