"""The daily digest of a flow that posts by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from studio.flows.digests import send_digests, write_digests
from studio.flows.models import Digest

pytestmark = pytest.mark.django_db


def tomorrow():
    return timezone.now() + timedelta(days=1)


def test_yesterday_is_told_once_to_the_accountants(world, ana, mailoutbox) -> None:
    ana.email = "ana@example.com"
    ana.save()
    world.order("1001")
    world.order("1002", Currency="EUR")
    world.order("1003", Terms="45")
    world.run()

    assert (write_digests(tomorrow()), write_digests(tomorrow())) == (1, 0)
    assert (send_digests(), send_digests()) == (1, 0)

    (mail,) = mailoutbox
    assert mail.to == ["ana@example.com"]
    assert "2 postings" in mail.body
    assert "100.00 USD" in mail.body
    assert "100.00 EUR" in mail.body
    assert "1 exception is still open" in mail.body
    assert f"/flows/runs/?flow={world.flow.key}" in mail.body
    assert Digest.objects.get().state == "sent"


def test_without_an_address_it_stands_on_the_page_of_the_flow(world, ivo, as_person) -> None:
    world.order("1001")
    world.run()
    write_digests(tomorrow())

    send_digests()

    assert Digest.objects.get().state == "shown"
    assert "1 posting: 100.00 USD" in as_person(ivo).get("/flows/orders/").content.decode()


def test_a_day_on_which_nothing_happened_and_a_silent_flow_are_not_told(world) -> None:
    assert write_digests(tomorrow()) == 0

    world.order("1001")
    world.run()
    world.flow.ladder = "silent"
    world.flow.save()

    assert write_digests(tomorrow()) == 0
    assert write_digests() == 0
