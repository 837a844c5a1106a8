"""Where the inferences are in a power trace: trigger edges, host marks, or the plateau."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.power import Mark, PowerTrace

Floats = NDArray[np.float64]

WINDOW_START = "window-start"
WINDOW_END = "window-end"
"""Labels of host marks that bound a window."""

MARK_S = 0.01
"""How far a host mark may be off: samples wait in a USB adapter while the host sets it."""

BLOCKS = 500
"""Resolution of the plateau search: the trace is averaged into about this many blocks."""
VOTES = 5
"""Blocks that vote on the level of the middle one, so that noise in one makes no window."""
MIN_CONTRAST = 5.0
"""Distance of the two power levels in standard deviations of the blocks around them."""


@dataclass(frozen=True, slots=True)
class Span:
    """One window in seconds of the trace. `uncertain_s` is how far its ends may be off in all."""

    start_s: float
    end_s: float
    uncertain_s: float = 0.0

    @property
    def seconds(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Windows:
    """All windows of a trace. `source` is "trigger", "marks", "plateau" or "" for none."""

    spans: tuple[Span, ...]
    source: str


def find_windows(trace: PowerTrace, *, trigger: str = "low") -> Windows:
    """The windows of `trace` from the best evidence in it.

    `trigger` says what the pin does: "low" while inferring, as EdgeKit's firmware drives it, or
    "falls" once at the start and once at the end, as the MLPerf Tiny reference does.
    """
    for source, spans in (
        ("trigger", trigger_spans(trace, trigger)),
        ("marks", mark_spans(trace)),
        ("plateau", plateau_spans(trace)),
    ):
        if spans:
            return Windows(spans, source)
    return Windows((), "")


def trigger_spans(trace: PowerTrace, trigger: str = "low") -> tuple[Span, ...]:
    """Windows between edges of the trigger pin; an edge may be off by its sample distance."""
    if trigger not in ("low", "falls"):
        raise ValueError(f'trigger {trigger!r}: "low" or "falls"')
    edges = [mark for mark in trace.marks if mark.kind.startswith("trigger-")]
    if trigger == "falls":
        falls = [mark for mark in edges if mark.kind == "trigger-fall"]
        falls = falls[len(falls) % 2 :]  # A board drops the pin once more when it boots.
        pairs = list(zip(falls[::2], falls[1::2], strict=False))
    else:
        pairs = [
            (low, high)
            for low, high in pairwise(edges)
            if (low.kind, high.kind) == ("trigger-fall", "trigger-rise")
        ]
    return tuple(_edge_span(trace, low, high) for low, high in pairs)


def _edge_span(trace: PowerTrace, low: Mark, high: Mark) -> Span:
    uncertain = _distance_before(trace.t, low.t) + _distance_before(trace.t, high.t)
    return Span(low.t, high.t, uncertain)


def _distance_before(t: Floats, edge: float) -> float:
    """Seconds from the sample before `edge`: the pin changed somewhere in between."""
    at = int(np.searchsorted(t, edge))
    return float(t[at] - t[at - 1]) if 0 < at < len(t) else 0.0


def mark_spans(trace: PowerTrace) -> tuple[Span, ...]:
    """Windows between the host's marks WINDOW_START and WINDOW_END."""
    marks = [mark for mark in trace.marks if mark.kind == "host"]
    return tuple(
        Span(begin.t, end.t, 2 * MARK_S)
        for begin, end in pairwise(marks)
        if begin.label.startswith(WINDOW_START) and end.label.startswith(WINDOW_END)
    )


def plateau_spans(trace: PowerTrace) -> tuple[Span, ...]:
    """Stretches of high power between stretches of low power, none when the levels blur.

    Two levels are told apart by Otsu's threshold (IEEE Trans. SMC 9(1), 1979) on block averages;
    each edge is then put where one step fits the samples around it best (least squares).
    """
    watts, t = trace.volts * trace.amps, trace.t
    size = max(1, len(t) // BLOCKS)
    if len(t) // size < 2 * VOTES:
        return ()
    blocks = watts[: len(t) // size * size].reshape(-1, size).mean(axis=1)
    threshold = _otsu(blocks)
    high = blocks > threshold
    if not _distinct(blocks, high):
        return ()
    high = _majority(high)
    steps = np.flatnonzero(np.diff(high.astype(np.int8))) + 1
    edges = [_best_step(watts, int(step) * size, VOTES // 2 * size + size) for step in steps]
    if high[0]:
        edges = edges[1:]  # A plateau that began before the recording has no start.
    spacing = float(np.median(np.diff(t)))
    return tuple(
        Span(float(t[begin]), float(t[end]), 2 * spacing)
        for begin, end in zip(edges[::2], edges[1::2], strict=False)
    )


def _otsu(values: Floats) -> float:
    """The threshold that splits `values` into two classes of least variance."""
    ordered = np.sort(values)
    count = np.arange(1, len(ordered))
    below = np.cumsum(ordered)[:-1]
    total = ordered.sum()
    mean_low, mean_high = below / count, (total - below) / (len(ordered) - count)
    between = count * (len(ordered) - count) * (mean_high - mean_low) ** 2
    best = int(np.argmax(between))
    return float((ordered[best] + ordered[best + 1]) / 2)


def _distinct(blocks: Floats, high: NDArray[np.bool_]) -> bool:
    """Whether the two classes are two levels and not one blurred one.

    The spread is taken from the median absolute deviation, so that the blocks in which a step
    falls do not count.
    """
    low_blocks, high_blocks = blocks[~high], blocks[high]
    if not len(low_blocks) or not len(high_blocks):
        return False
    contrast = float(np.median(high_blocks) - np.median(low_blocks))
    spread = max(_mad(low_blocks), _mad(high_blocks)) * 1.4826
    return contrast > MIN_CONTRAST * spread and contrast > 1e-3 * abs(float(np.median(high_blocks)))


def _majority(high: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The level most of the VOTES blocks around each have; the ends count as many times."""
    padded = np.pad(high.astype(np.int64), VOTES // 2, mode="edge")
    votes: NDArray[np.bool_] = np.convolve(padded, np.ones(VOTES, np.int64), "valid") > VOTES // 2
    return votes


def _mad(values: Floats) -> float:
    return float(np.median(np.abs(values - np.median(values))))


def _best_step(watts: Floats, near: int, reach: int) -> int:
    """The index within `reach` of `near` at which one step fits the samples there best."""
    first, last = max(0, near - reach), min(len(watts), near + reach)
    part = watts[first:last]
    count = np.arange(1, len(part))
    below = np.cumsum(part)[:-1]
    total = float(part.sum())
    gap = below / count - (total - below) / (len(part) - count)
    return first + 1 + int(np.argmax(count * (len(part) - count) * gap**2))
