"""The trade-off picture: who is on the front, and what is drawn."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.runtime.report.svg_tradeoff import Point, Words, pareto_front, svg_tradeoff

WORDS = Words("a < b", "energy in µJ", "top-1 in %")
POINTS = st.lists(
    st.builds(Point, st.just("p"), st.floats(1e-3, 1e6), st.floats(-10, 100)),
    min_size=1,
    max_size=12,
)


def _dominates(a: Point, b: Point) -> bool:
    as_good = a.cost <= b.cost and a.value >= b.value
    return as_good and (a.cost, a.value) != (b.cost, b.value)


@given(POINTS)
def test_the_front_is_what_nothing_dominates(points: list[Point]) -> None:
    wanted = {p for p in points if not any(_dominates(q, p) for q in points)}
    front = pareto_front(points)
    assert set(front) == wanted
    assert [p.cost for p in front] == sorted(p.cost for p in front)


@given(POINTS)
def test_everything_lies_inside_the_picture(points: list[Point]) -> None:
    root = ET.fromstring(svg_tradeoff(points, WORDS))
    width, height = float(root.get("width", 0)), float(root.get("height", 0))
    for circle in root.iter("{http://www.w3.org/2000/svg}circle"):
        assert 0 < float(circle.get("cx", -1)) < width
        assert 0 < float(circle.get("cy", -1)) < height


def test_names_and_titles_are_text_not_markup() -> None:
    svg = svg_tradeoff([Point("<b>x", 2.0, 3.0), Point("y", 20.0, 1.0)], WORDS)
    assert "&lt;b&gt;x" in svg
    assert "a &lt; b" in svg
    dominated, front = re.findall(r'<circle[^>]* fill="([^"]+)"', svg)
    assert front != dominated, "the dominated one has another colour"


def test_equal_points_have_one_colour_and_narrow_spans_have_marks() -> None:
    svg = svg_tradeoff([Point("a", 11.8, 3.0), Point("", 11.8, 3.0), Point("b", 12.4, 1.0)], WORDS)
    colours = re.findall(r'<circle[^>]* fill="([^"]+)"', svg)
    assert colours[1] == colours[2] != colours[0]
    assert ">12<" in svg


def test_names_do_not_cover_one_another() -> None:
    points = [Point(f"a name of some length {n}", 10.0 + n / 100, 50.0 + n / 100) for n in range(4)]
    svg = svg_tradeoff([*points, Point("far", 90.0, 90.0)], WORDS)
    lines = re.findall(r'<text x="([\d.]+)" y="([\d.]+)"[^>]*>a name', svg)
    assert len({(round(float(x)) // 100, y) for x, y in lines}) == 4


@pytest.mark.parametrize("points", [[], [Point("free", 0.0, 1.0)]])
def test_what_cannot_be_drawn(points: list[Point]) -> None:
    with pytest.raises(ValueError, match="costs above 0"):
        svg_tradeoff(points, WORDS)
