"""A buyer's basket: one draft for his customer, priced by the system."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from engine.canon.money import round_half_up
from engine.canon.typed import Ambiguous, typed_number
from studio.accounts.roles import BUY
from studio.core.action import Actor
from studio.core.refused import DecidedMeanwhile
from studio.portal.models import ZERO, Account, Document, Order, OrderLine, StockItem
from studio.portal.prices import asked, items_of

# Without letters and digits that are taken for each other on the telephone.
LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
# As long as the system's fields: its customer's order number also takes the portal's own.
OWN_REFERENCE, NOTE = 18, 50
MOST_LINES = 100
MOST = Decimal(1_000_000)


def basket_of(actor: Actor, account: Account) -> Order | None:
    """The person's draft for the account, if there is one."""
    return Order.objects.filter(account=account, user=actor.user_id, state="draft").first()


def _draft(actor: Actor, account: Account) -> Order:
    found = basket_of(actor, account)
    if found is not None:
        return found
    number = "P" + "".join(secrets.choice(LETTERS) for _n in range(9))
    try:
        with transaction.atomic():
            return Order.objects.create(account=account, user_id=actor.user_id, number=number)
    except IntegrityError:
        # Another tab began the basket in this moment.
        return Order.objects.get(account=account, user=actor.user_id, state="draft")


def quantity_of(text: str) -> Decimal:
    """A quantity as a person typed it.

    Raises:
        ValidationError: it is none.
    """
    try:
        found = typed_number(text)
    except Ambiguous as error:
        raise ValidationError(str(error)) from error
    except ValueError:
        raise ValidationError(_("“%(text)s” is not a quantity.") % {"text": text.strip()}) from None
    if not ZERO < found <= MOST or found != round_half_up(found, 5):
        raise ValidationError(_("“%(text)s” is not a quantity.") % {"text": text.strip()})
    return found


def item_for(account: Account, code: str, unit: str) -> tuple[StockItem, str]:
    """An item of the account's shop that is sold, and the unit it is ordered in.

    Raises:
        ValidationError: it is not sold, or not in this unit.
    """
    item = StockItem.objects.filter(shop=account.shop_id, code=code, stopped=False).first()
    if item is None:
        raise ValidationError(_("%(item)s is not sold at present.") % {"item": code})
    unit = unit or item.unit
    if unit not in item.units():
        raise ValidationError(
            _("%(item)s is ordered in %(units)s.")
            % {"item": code, "units": _(" or ").join(item.units())}
        )
    return item, unit


def add(actor: Actor, account: Account, code: str, quantity: str, unit: str = "") -> Order:
    """Put an item into the basket; more of the same comes on top.

    Raises:
        ValidationError: it is not sold like this.
    """
    actor.require(BUY)
    many = quantity_of(quantity)
    item, unit = item_for(account, code, unit)
    order = _draft(actor, account)
    with transaction.atomic():
        line, fresh = OrderLine.objects.get_or_create(
            order=order, item=item.code, unit=unit, defaults={"name": item.name, "quantity": many}
        )
        if order.lines.count() > MOST_LINES:
            raise ValidationError(_("An order has %(most)s lines at most.") % {"most": MOST_LINES})
        if not fresh:
            OrderLine.objects.filter(pk=line.pk).update(quantity=F("quantity") + many)
        _touch(order)
    price(order)
    return order


def _touch(order: Order) -> None:
    """The basket is another one now: what was seen of it before cannot be placed.

    Raises:
        DecidedMeanwhile: it was placed in this moment.
    """
    mine = Order.objects.filter(pk=order.pk, state="draft")
    if not mine.update(revision=F("revision") + 1, problems=[], updated_at=timezone.now()):
        raise DecidedMeanwhile(_("This order was placed meanwhile. What you add begins a new one."))
    order.refresh_from_db()


def change(actor: Actor, order: Order, said: Mapping[str, str], *, remove: str = "") -> None:
    """Take over what was typed on the basket's page: quantities, the buyer's own number, note and day.

    Raises:
        ValidationError: a quantity or the day is none; nothing is changed then.
        DecidedMeanwhile: the order was placed meanwhile.
    """
    actor.require(BUY)
    with transaction.atomic():
        note(actor, order, said)
        _touch(order)
        for line in order.lines.all():
            text = said.get(f"quantity-{line.pk}")
            if str(line.pk) == remove:
                line.delete()
            elif text is not None:
                line.quantity, line.problems = quantity_of(text), []
                line.save(update_fields=["quantity", "problems"])
    price(order)


def note(actor: Actor, order: Order, said: Mapping[str, str]) -> None:
    """Take over the buyer's own number, note and day, on which no price depends.

    Raises:
        ValidationError: the day is none, or it is over.
    """
    actor.require(BUY)
    if "note" not in said:
        return
    wanted = None
    if said.get("wanted_on"):
        try:
            wanted = date.fromisoformat(said["wanted_on"])
        except ValueError:
            raise ValidationError(_("Give the day like 2026-11-30.")) from None
        if wanted < timezone.localdate():
            raise ValidationError(_("The day you want it is over."))
    order.own_reference = said.get("own_reference", "").strip()[:OWN_REFERENCE]
    order.note, order.wanted_on = said["note"].strip()[:NOTE], wanted
    Order.objects.filter(pk=order.pk, state="draft").update(
        own_reference=order.own_reference, note=order.note, wanted_on=wanted
    )


def price(order: Order) -> str:
    """Put the account's prices on the lines of a draft; why some are missing, empty if none is."""
    lines = list(order.lines.all())
    found, trouble = asked(order.account, [(li.item, li.quantity, li.unit) for li in lines])
    for line in lines:
        row = found.get((line.item, line.quantity, line.unit))
        line.price, line.was = (row.price if row else None), None
        line.net = net_of(line.quantity, line.price)
    OrderLine.objects.bulk_update(lines, ["price", "was", "net"])
    total(order, lines)
    return trouble


def net_of(quantity: Decimal, price: Decimal | None) -> Decimal | None:
    """Amount of a line before tax."""
    return None if price is None else round_half_up(quantity * price)


def total(order: Order, lines: list[OrderLine]) -> None:
    """Add up a draft."""
    order.total = sum((line.net or ZERO for line in lines), start=ZERO)
    Order.objects.filter(pk=order.pk, state="draft").update(total=order.total)


def again(actor: Actor, account: Account, document: Document) -> tuple[int, list[str]]:
    """Put what an earlier order had into the basket; how many lines, and what is not sold any more."""
    actor.require(BUY)
    held = items_of(account, (str(line["item"]) for line in document.lines))
    taken, left = 0, list[str]()
    for line in document.lines:
        item = held.get(str(line["item"]))
        if item is None or item.stopped or line["unit"] not in item.units():
            left += [str(line["name"] or line["item"])] if line["item"] else []
            continue
        add(actor, account, item.code, str(line["quantity"]), str(line["unit"]))
        taken += 1
    return taken, left
