"""Comparisons of quantities over the API: read like every resource, asked for with a scope."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.studio.tieout.stock_world import shelves

__all__ = ["shelves"]
pytestmark = pytest.mark.django_db


def test_a_program_reads_the_rows_and_may_ask_with_the_right_scope(
    shelves, ana, accountant, client_of
) -> None:
    shelves.item("A2", 9, 10, cost="1.00")
    shelves.item("A3", 5, linked=False, cost="7.00")
    found = shelves.compare(accountant)
    client = client_of(ana, "tie out")
    path = f"/api/v1/stock-comparisons/{found.uuid}/"

    said = client.get(path).json()
    rows = client.get(f"{path}rows/").json()["results"]
    red = client.get(f"{path}rows/", {"show": "red"}).json()["results"]
    asked = client.post("/api/v1/stock-comparisons/ask/", {"flow": "stock"})

    assert (said["state"], said["apart"], said["green"]) == ("ready", 2, False)
    assert [(r["item"], r["difference"]) for r in rows] == [
        ("A3", "5.000000"),
        ("A2", "-1.000000"),
    ]
    assert red[0]["parts"] == [{"why": "unexplained", "quantity": "-1.000000"}]
    assert (asked.status_code, asked.json()["state"]) == (202, "waiting")
    assert (
        client_of(ana).post("/api/v1/stock-comparisons/ask/", {"flow": "stock"}).status_code == 403
    )


def test_a_program_signs_with_the_right_scope_and_hears_why_not(
    shelves, ana, accountant, client_of
) -> None:
    shelves.item("A1", 9, 10, cost="1.00")
    red = shelves.compare(accountant)
    shelves.count("A1", Decimal(1))
    green = shelves.compare(accountant)
    client = client_of(ana, "tie out")

    path = f"/api/v1/stock-comparisons/{green.uuid}/sign/"

    unscoped = client_of(ana).post(path, {"note": ""})
    refused = client.post(f"/api/v1/stock-comparisons/{red.uuid}/sign/", {"note": "all the same"})
    signed = client.post(path, {"note": ""})

    assert (unscoped.status_code, refused.status_code, signed.status_code) == (403, 400, 200)
    assert "is not explained yet" in str(refused.json())
    assert signed.json()["signed_by"] == "token: loader (Ana Keller)"
