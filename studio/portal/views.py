"""Pages of the portal: catalogue with own prices, basket, orders, invoices."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q, Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from studio.core.dispatch import nudge
from studio.core.htmx import page_or_part, wants_part
from studio.core.paging import KeysetPage, keyset
from studio.core.refused import DecidedMeanwhile, DecisionRefused
from studio.portal import baskets
from studio.portal.access import LOOK, BuyerRequest, buyers_page
from studio.portal.models import ZERO, Account, Document, Order, StockItem
from studio.portal.placing import place as place_order
from studio.portal.placing import way_of
from studio.portal.prices import asked, known

ONE = Decimal(1)
ITEMS, DOCUMENTS = 20, 30
INVOICES = ("invoice", "credit_note")


def _context(request: BuyerRequest, here: str, **more: Any) -> dict[str, Any]:
    """What every page of the portal shows around its own: whose it is, and what is in the basket."""
    account = request.account
    basket = None if request.preview else baskets.basket_of(request.actor, account)
    return {
        "account": account,
        "shop": account.shop,
        "preview": request.preview,
        "keep": f"?{LOOK}={account.uuid}" if request.preview else "",
        "here": here,
        "in_basket": basket.lines.count() if basket else 0,
        **more,
    }


def _items(request: BuyerRequest) -> KeysetPage[StockItem]:
    """The page of the catalogue that was asked for; every word must be in the code or the name."""
    rows = StockItem.objects.filter(shop=request.account.shop_id, stopped=False)
    for word in request.GET.get("q", "").split():
        rows = rows.filter(Q(code__icontains=word) | Q(name__icontains=word))
    get = request.GET
    return keyset(rows, ("code",), after=get.get("after"), before=get.get("before"), size=ITEMS)


def _priced(account: Account, items: list[StockItem], *, ask: bool) -> tuple[list[Any], str]:
    """Items with the account's price of one, where it is known or asked now."""
    wants = {item.code: (item.code, ONE, item.unit) for item in items}
    found, trouble = asked(account, wants.values()) if ask else (known(account, wants.values()), "")
    return [(item, found.get(wants[item.code])) for item in items], trouble


@buyers_page
@require_GET
def catalogue(request: BuyerRequest) -> HttpResponse:
    """What can be ordered; prices that are not known yet are asked for by the page or a button."""
    page = _items(request)
    rows, _trouble = _priced(request.account, page.rows, ask=False)
    context = _context(
        request, "catalogue", page=page, rows=rows, q=request.GET.get("q", ""),
        unpriced=any(price is None for _item, price in rows),
    )  # fmt: skip
    return page_or_part(request, "portal/catalogue.html", "portal/_items.html", context)


@buyers_page
@require_POST
def prices(request: BuyerRequest) -> HttpResponse:
    """Ask the prices of the items on the page and show them."""
    page = _items(request)
    rows, trouble = _priced(request.account, page.rows, ask=True)
    if not wants_part(request):
        if trouble:
            messages.error(request, trouble)
        return redirect(f"{request.path.removesuffix('prices/')}?{request.GET.urlencode()}")
    context = _context(
        request, "catalogue", page=page, rows=rows, q=request.GET.get("q", ""), trouble=trouble
    )
    return render(request, "portal/_items.html", context)


@buyers_page
@require_POST
def add(request: BuyerRequest) -> HttpResponse:
    """Put an item into the basket."""
    said = request.POST
    try:
        order = baskets.add(
            request.actor, request.account, said.get("item", ""), said.get("quantity", ""),
            said.get("unit", ""),
        )  # fmt: skip
    except (ValidationError, DecidedMeanwhile) as refusal:
        text, tone = " ".join(getattr(refusal, "messages", [str(refusal)])), "error"
    else:
        many = order.lines.count()
        text = ngettext(
            "%(item)s is in the basket, which has %(n)s line.",
            "%(item)s is in the basket, which has %(n)s lines.",
            many,
        ) % {"item": said["item"], "n": many}
        tone = "success"
    if wants_part(request):
        context = _context(request, "catalogue", text=text, tone=tone)
        status = 422 if tone == "error" else 200
        return render(request, "portal/_added.html", context, status=status)
    (messages.error if tone == "error" else messages.success)(request, text)
    return redirect("portal:catalogue")


@buyers_page
@require_GET
def basket(request: BuyerRequest) -> HttpResponse:
    """The draft of this person."""
    return _basket(request)


def _basket(request: BuyerRequest, *, trouble: str = "", status: int = 200) -> HttpResponse:
    order = None if request.preview else baskets.basket_of(request.actor, request.account)
    lines = list(order.lines.all()) if order else []
    context = _context(
        request, "basket", order=order, lines=lines, trouble=trouble,
        unpriced=any(line.price is None for line in lines),
    )  # fmt: skip
    return page_or_part(
        request, "portal/basket.html", "portal/_basket.html", context, status=status
    )


@buyers_page
@require_POST
def basket_change(request: BuyerRequest) -> HttpResponse:
    """Quantities, own number, note and day; or a line is taken out; or it is placed as well."""
    order = baskets.basket_of(request.actor, request.account)
    do = request.POST.get("do", "save")
    if order is None:
        return _gone(request)
    revision = request.POST.get("revision", "")
    try:
        if do != "place":
            baskets.change(
                request.actor, order, request.POST.dict(), remove=do.removeprefix("remove-")
            )
            return _basket(request) if wants_part(request) else redirect("portal:basket")
        if not _as_priced(request, order):
            baskets.change(request.actor, order, request.POST.dict())
            text = _("Prices are for what you typed now. Look once more and place it.")
            return _basket(request, trouble=text, status=422)
        baskets.note(request.actor, order, request.POST.dict())
        if not place_order(request.actor, order, int(revision) if revision.isdecimal() else -1):
            return _basket(request, status=422)
    except DecidedMeanwhile as refusal:
        order.refresh_from_db()
        if order.state == "placed":
            messages.info(request, str(refusal))
            return _to_order(request, order)
        return _basket(request, trouble=str(refusal), status=422)
    except (ValidationError, DecisionRefused) as refusal:
        text = " ".join(getattr(refusal, "messages", [str(refusal)]))
        return _basket(request, trouble=text, status=422)
    return _to_order(request, order)


def _as_priced(request: BuyerRequest, order: Order) -> bool:
    """Whether the quantities that were sent are those whose prices the page showed."""
    return all(
        baskets.quantity_of(request.POST.get(f"quantity-{line.pk}", str(line.quantity)))
        == line.quantity
        for line in order.lines.all()
    )


def _gone(request: BuyerRequest) -> HttpResponse:
    """There is no draft any more: a second tab sends what the first has placed."""
    number = request.POST.get("order", "")
    placed = Order.objects.filter(
        account=request.account, user=request.user, number=number, state="placed"
    ).first()
    if placed is not None:
        messages.info(request, _("This order was placed already; it is not sent twice."))
        return _to_order(request, placed)
    return _basket(request, trouble=_("There is nothing in the basket yet."), status=422)


def _to_order(request: BuyerRequest, order: Order) -> HttpResponse:
    address = reverse("portal:order", args=[order.uuid])
    if wants_part(request):
        # htmx would swap the page it is sent to into the basket.
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return redirect(address)


@buyers_page
@require_GET
def orders(request: BuyerRequest) -> HttpResponse:
    """What was ordered, here or otherwise, and how far it is."""
    mine = Document.objects.filter(account=request.account, kind="order")
    placed = Order.objects.filter(account=request.account, state="placed").select_related("inbox")
    here = [(order, way_of(order)) for order in placed[:DOCUMENTS]]
    there = set(mine.values_list("number", flat=True)) if here else set()
    get = request.GET
    rows = keyset(
        mine, ("-place", "-id"), after=get.get("after"), before=get.get("before"), size=DOCUMENTS
    )
    # Once the system shows an order, it is shown as the system has it.
    fresh = [(order, way) for order, way in here if way.number not in there]
    return render(
        request, "portal/orders.html", _context(request, "orders", fresh=fresh, rows=rows)
    )


@buyers_page
@require_GET
def order(request: BuyerRequest, key: uuid.UUID) -> HttpResponse:
    """One order that was placed here."""
    mine = Order.objects.select_related("inbox", "account__shop").exclude(state="draft")
    found = get_object_or_404(mine, account=request.account, uuid=key)
    context = _context(request, "orders", order=found, lines=found.lines.all(), way=way_of(found))
    return page_or_part(request, "portal/order.html", "portal/_way.html", context)


@buyers_page
@require_GET
def invoices(request: BuyerRequest) -> HttpResponse:
    """Invoices and credit notes, and what is open."""
    mine = Document.objects.filter(account=request.account, kind__in=INVOICES)
    only = request.GET.get("show", "")
    rows = mine.exclude(open=ZERO) if only == "open" else mine
    get = request.GET
    page = keyset(
        rows, ("-place", "-id"), after=get.get("after"), before=get.get("before"), size=DOCUMENTS
    )
    open_total = mine.aggregate(n=Sum("open"))["n"] or ZERO
    return render(
        request,
        "portal/invoices.html",
        _context(request, "invoices", rows=page, only=only, open_total=open_total),
    )


@buyers_page
@require_GET
def document(request: BuyerRequest, kind: str, number: str) -> HttpResponse:
    """One document of the account, as the system has it."""
    found = get_object_or_404(Document, account=request.account, kind=kind, number=number)
    invoiced = Document.objects.filter(account=request.account, kind__in=INVOICES, order=number)
    return render(
        request,
        "portal/document.html",
        _context(
            request,
            "orders" if kind == "order" else "invoices",
            document=found,
            invoiced=invoiced if kind == "order" else (),
        ),
    )


@buyers_page
@require_POST
def again(request: BuyerRequest, number: str) -> HttpResponse:
    """Put what an earlier order had into the basket."""
    found = get_object_or_404(Document, account=request.account, kind="order", number=number)
    try:
        taken, left = baskets.again(request.actor, request.account, found)
    except (ValidationError, DecidedMeanwhile) as refusal:
        messages.error(request, " ".join(getattr(refusal, "messages", [str(refusal)])))
        return redirect("portal:basket")
    if taken:
        messages.success(
            request,
            ngettext("%(n)s line is in the basket.", "%(n)s lines are in the basket.", taken)
            % {"n": taken},
        )
    if left:
        messages.warning(
            request, _("Not sold any more: %(items)s.") % {"items": ", ".join(left[:10])}
        )
    return redirect("portal:basket")


@buyers_page
@require_POST
def refresh(request: BuyerRequest) -> HttpResponse:
    """Have a worker read the account's documents again."""
    nudge("portal.read_account", request.account.pk)
    messages.success(request, _("Your documents are being read again; look in a moment."))
    return redirect(
        "portal:invoices" if request.POST.get("back") == "invoices" else "portal:orders"
    )
