from __future__ import annotations

from xml.etree import ElementTree

import pytest

from studio.core import charts
from studio.core.waterfalls import drawn

DRAWN = [
    pytest.param(charts.sparkline([1, 3, 2], "a <b> & c"), id="sparkline"),
    pytest.param(charts.bars([("x <y>", 3, "3.00"), ("z", -1, "−1.00")], "bars"), id="bars"),
    pytest.param(
        charts.waterfall(
            [
                charts.Step("prior", 0.3, total=True),
                charts.Step("name", 0.4),
                charts.Step("p", -0.1),
            ],
            "why",
        ),
        id="waterfall",
    ),
    pytest.param(charts.reliability([charts.Bin(0.9, 0.88, 40)], "said"), id="reliability"),
]


@pytest.mark.parametrize("svg", DRAWN)
def test_a_chart_is_well_formed_named_and_without_inline_style(svg: str) -> None:
    root = ElementTree.fromstring(svg)

    assert root.get("role") == "img"
    assert root.findtext("title")
    assert all("style" not in node.attrib for node in root.iter())


def test_a_waterfall_ends_where_its_parts_lead() -> None:
    steps = [
        charts.Step("prior", 0.30, total=True),
        charts.Step("name", 0.40),
        charts.Step("phone", -0.10),
        charts.Step("confidence", 0.60, total=True),
    ]

    bars = [
        n for n in ElementTree.fromstring(charts.waterfall(steps, "w")).iter() if n.tag == "rect"
    ]
    ends = [float(b.get("x", 0)) + float(b.get("width", 0)) for b in bars]

    assert float(bars[2].get("x", 0)) == pytest.approx(ends[3], abs=0.2)


def test_too_few_values_draw_nothing() -> None:
    assert charts.sparkline([1], "one") == ""
    assert charts.bars([], "none") == ""


def test_signals_that_would_read_as_nothing_share_a_row() -> None:
    steps = [charts.Step("prior", 0.3, total=True), charts.Step("name", 0.6)]
    steps += [charts.Step(f"s{i}", 0.001) for i in range(9)]
    steps.append(charts.Step("confidence", 0.909, total=True))

    svg = charts.waterfall(steps, "w")

    assert svg.count("<rect") == 4
    assert "9 small signals" in svg
    assert "s0, s1" in svg


def test_what_is_not_quite_certain_does_not_end_at_a_hundred() -> None:
    bars = [{"label": "prior", "effect": 0.0}, {"label": "identity", "effect": 9.0}]

    picture = drawn(bars, 0.9968, "how")

    assert ">99%<" in picture
    assert ">100%<" not in picture
