"""The pages of a payment that cannot be applied: sentence, buttons, choices, ancestry."""

from __future__ import annotations

import pytest
from django.urls import reverse

pytestmark = [pytest.mark.django_db, pytest.mark.promise("E03")]


def test_the_case_offers_open_invoices_and_the_posted_payment_explains_itself(
    qbo_books, ana, ivo, as_person
) -> None:
    books = qbo_books
    flow = books.go_live("payments-from-qbo")
    number, key = books.invoice("80.00", link=False)
    known = books.invoice("20.00")[1]
    books.pay((key, "80.00"))
    books.pay((known, "20.00"))
    books.run()

    case = as_person(ana).get(reverse("triage:case", args=[books.case().uuid]))
    said = case.content.decode()
    assert case.status_code == 200
    assert "Apply to this document" in said
    assert "Hold as unapplied" in said
    assert number in said
    (post,) = books.posts()
    journey = as_person(ana).get(reverse("flows:item", args=[post.item.uuid]))
    assert journey.status_code == 200
    explained = as_person(ana).get(reverse("flows:explain", args=[post.uuid]))
    assert explained.status_code == 200
    assert "Allocations" in explained.content.decode()
    page = as_person(ivo).get(reverse("flows:flow", args=[flow.key]))
    assert page.status_code == 200
