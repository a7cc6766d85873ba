from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from engine.canon.combine import combine_lines


def line(item: str, quantity: str, price: str, **more: object) -> dict[str, object]:
    amount = Decimal(quantity) * Decimal(price)
    return {
        "item": item,
        "quantity": Decimal(quantity),
        "unit_price": Decimal(price),
        "net_amount": amount,
        "tax_amount": Decimal("0.10"),
        **more,
    }


def test_lines_of_one_item_become_one() -> None:
    lines = [line("VICE", "2", "10.00"), line("SAW", "1", "5.00"), line("VICE", "3", "10.00")]

    made, groups = combine_lines({"lines": lines}, ["item"])

    assert groups == ((0, 2), (1,))
    assert [(x["item"], x["quantity"], x["net_amount"]) for x in made["lines"]] == [
        ("VICE", Decimal(5), Decimal("50.00")),
        ("SAW", Decimal(1), Decimal("5.00")),
    ]


def test_a_mixed_price_is_kept_exact_or_the_lines_stay_apart() -> None:
    fits = [line("VICE", "1", "10.00"), line("VICE", "1", "11.00")]
    rounds = [line("VICE", "1", "10.00"), line("VICE", "2", "10.01")]

    made, _ = combine_lines({"lines": fits}, ["item"])
    apart, groups = combine_lines({"lines": rounds}, ["item"])

    assert made["lines"][0]["unit_price"] == Decimal("10.5")
    assert groups == ((0,), (1,))
    assert apart["lines"] == rounds


def test_tax_and_unit_are_never_put_together_and_remarks_stay() -> None:
    lines = [
        line("VICE", "1", "10.00", tax_code="A"),
        line("VICE", "1", "10.00", tax_code="B"),
        line("VICE", "1", "10.00", tax_code="A", unit="CASE"),
        {"kind": "comment", "description": "Thank you"},
        {"kind": "comment", "description": "Thank you"},
    ]

    _, groups = combine_lines({"lines": lines}, ["item"])

    assert len(groups) == 5


def test_what_differs_is_left_out_and_texts_are_joined() -> None:
    lines = [
        line("VICE", "1", "10.00", description="Vice", warehouse="E", number=7, order_line=1),
        line("VICE", "1", "10.00", description="Vice, red", warehouse="W", number=9, order_line=2),
    ]

    made, _ = combine_lines({"lines": lines}, ["item"])

    assert made["lines"][0]["description"] == "Vice; Vice, red"
    assert made["lines"][0]["number"] == 1
    assert "warehouse" not in made["lines"][0]
    assert "order_line" not in made["lines"][0]


amounts = st.decimals(min_value=-1000, max_value=1000, places=2)


@given(
    st.lists(
        st.tuples(
            st.sampled_from("AB"),
            st.integers(-5, 5),
            amounts,
            amounts,
            st.sampled_from(["S", "Z", None]),
        ),
        max_size=8,
    )
)
def test_the_sums_of_a_document_never_change(rows) -> None:
    lines = [
        {"item": i, "quantity": Decimal(q), "unit_price": p, "net_amount": q * p, "tax_amount": t, "tax_code": c}
        for i, q, p, t, c in rows
    ]  # fmt: skip

    made, groups = combine_lines({"lines": lines}, ["item"])

    for name in ("net_amount", "tax_amount", "quantity"):
        assert sum(x[name] for x in made["lines"]) == sum(x[name] for x in lines)
    assert sorted(n for g in groups for n in g) == list(range(len(lines)))
    assert all(x["quantity"] * x["unit_price"] == x["net_amount"] for x in made["lines"])
