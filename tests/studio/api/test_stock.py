"""Comparisons of quantities over the API: read like every resource, asked for with a scope."""

from __future__ import annotations

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
