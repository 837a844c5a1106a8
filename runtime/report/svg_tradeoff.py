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
LETTER, LINE = 6.8, 14
"""Pixels that a letter of a name is wide, about, and a line of it high."""
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
        *area.dots(points, front),
        *area.names(points),
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

    def dots(self, points: Sequence[Point], front: Sequence[Point]) -> list[str]:
        """The points, those in places of the front above the others and in its colour."""
        best = {(point.cost, point.value) for point in front}
        ordered = sorted(points, key=lambda p: (p.cost, p.value) in best)
        return [
            f'<circle cx="{self.x(p.cost):.1f}" cy="{self.y(p.value):.1f}" r="5" '
            f'fill="{FRONT if (p.cost, p.value) in best else DOT}"/>'
            for p in ordered
        ]

    def names(self, points: Sequence[Point]) -> list[str]:
        """The names, each above its point where there is room, else below it or on its other
        side."""
        rows, taken = [], list[_Box]()
        for point in points:
            if not point.name:
                continue
            x, y = self.x(point.cost), self.y(point.value)
            right = x > (LEFT + WIDTH - RIGHT) / 2
            boxes = [
                _Box.at(x, y + down, point.name, left)
                for left in (right, not right)
                for down in (-8, 19, -23, 34)
            ]
            box = next((b for b in boxes if not any(map(b.meets, taken))), boxes[0])
            taken.append(box)
            anchor = "end" if box.left else "start"
            rows.append(label(box.x, box.y, point.name, anchor=anchor, over=True))
        return rows


@dataclass(frozen=True, slots=True)
class _Box:
    """Where a name stands: its anchor in pixels, `left` of the point or not, and how wide it is."""

    x: float
    y: float
    left: bool
    width: float

    @classmethod
    def at(cls, x: float, y: float, name: str, left: bool) -> _Box:
        return cls(x + (-9 if left else 9), y, left, LETTER * len(name))

    @property
    def start(self) -> float:
        return self.x - self.width if self.left else self.x

    def meets(self, other: _Box) -> bool:
        """Whether two names would touch."""
        beside = self.start < other.start + other.width and other.start < self.start + self.width
        return beside and abs(self.y - other.y) < LINE


def _widened(low: float, high: float) -> tuple[float, float]:
    span = (high - low) or abs(high) or 1.0
    return low - MARGIN * span, high + MARGIN * span


def _costs(left: float, right: float) -> list[float]:
    """1, 2 and 5 times powers of ten inside, or the powers alone where there are many; round values
    where these are too few."""
    powers = range(math.floor(left) - 1, math.ceil(right) + 1)
    factors = (1, 2, 5) if right - left < 3 else (1,)
    found = [factor * 10.0**power for power in powers for factor in factors]
    inside = [cost for cost in found if left <= math.log10(cost) <= right]
    if len(inside) > 1:
        return inside
    ticks = axis(10.0**left, 10.0**right, str).ticks
    return [cost for cost in ticks if cost > 0 and left <= math.log10(cost) <= right]


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{GRID}"/>'
