"""Two figures of several things against each other, with the Pareto front drawn.

A point is on the front when no other is at least as good in both figures and better in one. What a
thing costs is on the horizontal axis, logarithmic because costs differ by factors; what it is good
for is on the vertical one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from edgekit.runtime.report.svg import axis
from edgekit.runtime.report.svg_file import FAINT, document, label

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 30, 46, 56
GRID, DOT, FRONT = "#e2e2e2", "#1f3f70", "#c2571a"
MARGIN = 0.12
"""Of the span on both sides, so that points and their labels stay inside."""


@dataclass(frozen=True, slots=True)
class Point:
    """A thing with its name, what it costs (above 0, less is better) and what it gives (more is
    better)."""

    name: str
    cost: float
    value: float


@dataclass(frozen=True, slots=True)
class Words:
    """What the picture and its axes are called, units included."""

    title: str
    cost: str
    value: str


def pareto_front(points: Sequence[Point]) -> tuple[Point, ...]:
    """The points that no other dominates, from the cheapest on."""
    front: list[Point] = []
    for point in sorted(points, key=lambda p: (p.cost, -p.value)):
        if not front or point.value > front[-1].value:
            front.append(point)
    return tuple(front)


def svg_tradeoff(points: Sequence[Point], words: Words) -> str:
    """The picture as a file of its own. Raises ValueError without points or with costs of 0."""
    if not points or min(point.cost for point in points) <= 0:
        raise ValueError("a trade-off needs points, and costs above 0")
    area = _Area.around(points)
    front = pareto_front(points)
    return document(
        WIDTH,
        HEIGHT,
        label(LEFT, 26, words.title, size=18),
        *area.grid(),
        label((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, words.cost, anchor="middle"),
        f'<g transform="rotate(-90 16 {HEIGHT / 2:.0f})">'
        + label(16, HEIGHT / 2, words.value, anchor="middle")
        + "</g>",
        area.line(front),
        *(area.dot(point, on_front=point in front) for point in points),
        title=words.title,
    )


@dataclass(frozen=True, slots=True)
class _Area:
    """Where values lie: logarithms of costs from `left` to `right`, values from `low` to `high`."""

    left: float
    right: float
    low: float
    high: float

    @classmethod
    def around(cls, points: Sequence[Point]) -> _Area:
        costs = [math.log10(point.cost) for point in points]
        values = [point.value for point in points]
        return cls(*_widened(min(costs), max(costs)), *_widened(min(values), max(values)))

    def x(self, cost: float) -> float:
        share = (math.log10(cost) - self.left) / (self.right - self.left)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    def grid(self) -> list[str]:
        """Lines and labels at round values."""
        rows = []
        for value in axis(self.low, self.high, str).ticks:
            y = self.y(value)
            rows.append(_line(LEFT, y, WIDTH - RIGHT, y))
            rows.append(label(LEFT - 8, y + 4, f"{value:g}", anchor="end", colour=FAINT))
        for cost in _costs(self.left, self.right):
            x = self.x(cost)
            rows.append(_line(x, TOP, x, HEIGHT - BOTTOM))
            rows.append(label(x, HEIGHT - BOTTOM + 16, f"{cost:g}", anchor="middle", colour=FAINT))
        return rows

    def line(self, front: Sequence[Point]) -> str:
        places = " ".join(f"{self.x(p.cost):.1f},{self.y(p.value):.1f}" for p in front)
        return f'<polyline points="{places}" fill="none" stroke="{FRONT}" stroke-width="1.5"/>'

    def dot(self, point: Point, *, on_front: bool) -> str:
        x, y = self.x(point.cost), self.y(point.value)
        shape = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{FRONT if on_front else DOT}"/>'
        right = x > (LEFT + WIDTH - RIGHT) / 2
        anchor, away = ("end", -9) if right else ("start", 9)
        return shape + label(x + away, y - 8, point.name, anchor=anchor)


def _widened(low: float, high: float) -> tuple[float, float]:
    span = (high - low) or abs(high) or 1.0
    return low - MARGIN * span, high + MARGIN * span


def _costs(left: float, right: float) -> list[float]:
    """1, 2 and 5 times powers of ten inside, or the powers alone where there are many."""
    powers = range(math.floor(left) - 1, math.ceil(right) + 1)
    factors = (1, 2, 5) if right - left < 3 else (1,)
    found = [factor * 10.0**power for power in powers for factor in factors]
    return [cost for cost in found if left <= math.log10(cost) <= right]


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{GRID}"/>'
