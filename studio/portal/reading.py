"""What workers read for the portal: the items of a shop, and the standing and documents of an account."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from connectors.http.jsontext import plain
from engine.errors import StudioError
from engine.ports import ForSale, Selling, Sold, Standing
from studio.catalog.services import evidence_about
from studio.catalog.wiring import note_fault, note_success, opened
from studio.core.dispatch import nudge
from studio.flows.ledger import lease
from studio.portal.models import Account, Document, Shop, StockItem

log = logging.getLogger(__name__)
PAGE = 100
EVERY = timedelta(hours=1)
# How far back documents are shown; what is open is shown however old it is.
HISTORY = timedelta(days=730)
TROUBLE = 300
LINE = ("item", "name", "quantity", "unit", "net")


def due() -> int:
    """Wake what was never read, what is an hour old, and accounts whose order arrived since."""
    now = timezone.now()
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    count = 0
    shops = Shop.objects.filter(free).filter(
        Q(items_read_at__isnull=True) | Q(items_read_at__lt=now - EVERY)
    )
    for pk in shops.values_list("pk", flat=True):
        nudge("portal.read_items", pk)
        count += 1
    old = Q(read_at__isnull=True) | Q(read_at__lt=now - EVERY)
    arrived = Q(orders__inbox__deliveries__done_at__gt=F("read_at"))
    accounts = Account.objects.filter(free, buyers__isnull=False).filter(old | arrived).distinct()
    for pk in accounts.values_list("pk", flat=True):
        nudge("portal.read_account", pk)
        count += 1
    return count


def read_items(shop_id: int) -> int:
    """Read all items of a shop; returns how many. What is not there any more is not sold any more."""
    now = timezone.now()
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    mine = Shop.objects.filter(free, pk=shop_id)
    if not mine.update(lease_until=now + lease()):
        return 0
    shop = Shop.objects.select_related("connection__workspace").get(pk=shop_id)
    count, trouble = 0, ""
    try:
        with evidence_about(""), opened(shop.connection) as connector:
            cursor, more = "", isinstance(connector, Selling) and not shop.connection.resting()
            while more and isinstance(connector, Selling):
                found, cursor = connector.for_sale(cursor=cursor, limit=PAGE)
                _keep_items(shop, found)
                count += len(found)
                more = bool(cursor)
                Shop.objects.filter(pk=shop_id).update(lease_until=timezone.now() + lease())
        note_success(shop.connection)
        shop.items.filter(read_at__lt=now).update(stopped=True)
        Shop.objects.filter(pk=shop_id).update(items_read_at=timezone.now())
    except StudioError as error:
        note_fault(shop.connection, error)
        trouble = str(error)
    finally:
        Shop.objects.filter(pk=shop_id).update(lease_until=None, trouble=trouble[:TROUBLE])
    return count


def _keep_items(shop: Shop, found: Sequence[ForSale]) -> None:
    now = timezone.now()
    fields = ["name", "unit", "other_unit", "per_other", "decimals", "available", "stopped"]
    StockItem.objects.bulk_create(
        [
            StockItem(
                shop=shop,
                code=one.code,
                read_at=now,
                **{name: getattr(one, name) for name in fields},
            )
            for one in found
        ],
        update_conflicts=True,
        unique_fields=["shop", "code"],
        update_fields=[*fields, "read_at"],
    )


def read_account(account_id: int) -> bool:
    """Read the standing and the documents of an account; False where that was not possible now."""
    now = timezone.now()
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    mine = Account.objects.filter(free, pk=account_id)
    if not mine.update(lease_until=now + lease()):
        return False
    account = Account.objects.select_related("shop__connection__workspace").get(pk=account_id)
    connection = account.shop.connection
    trouble = ""
    try:
        with evidence_about(""), opened(connection) as connector:
            if isinstance(connector, Selling):
                standing = connector.standing(account.customer)
                since = timezone.localdate() - HISTORY
                _keep(account, standing, connector.sold(account.customer, since))
        note_success(connection)
    except StudioError as error:
        note_fault(connection, error)
        trouble = str(error)
    finally:
        Account.objects.filter(pk=account_id).update(lease_until=None, trouble=trouble[:TROUBLE])
    return not trouble


def _keep(account: Account, standing: Standing | None, sold: Sequence[Sold]) -> None:
    """Write down what was read; documents that are old and settled go, they can be asked for."""
    with transaction.atomic():
        note_standing(account, standing)
        Document.objects.filter(account=account).delete()
        Document.objects.bulk_create(
            # Whose document it is was said by the system, not assumed.
            [_document(account, one) for one in sold if one.customer == account.customer]
        )
        Account.objects.filter(pk=account.pk).update(read_at=timezone.now())


def note_standing(account: Account, standing: Standing | None) -> None:
    """Hold and limit as they are now; a customer who is gone may not order."""
    account.on_hold = standing is None or standing.on_hold
    account.credit_limit = standing.credit_limit if standing else None
    if standing is not None:
        account.name = standing.name[:120]
        account.currency = standing.currency or account.currency
    account.save(update_fields=["on_hold", "credit_limit", "name", "currency", "updated_at"])


def _document(account: Account, one: Sold) -> Document:
    return Document(
        account=account,
        kind=one.kind,
        number=one.number,
        order=one.order,
        reference=one.reference,
        on=one.on,
        due=one.due,
        state=one.state,
        currency=one.currency or account.currency,
        total=one.total,
        open=one.open,
        lines=[plain({name: getattr(said, name) for name in LINE}) for said in one.lines],
        place=f"{one.on or date.min} {one.number}",
    )
