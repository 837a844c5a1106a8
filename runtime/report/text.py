"""Figures as people read them."""

from __future__ import annotations

from collections.abc import Callable

from edgekit.artifacts.bundle import AccuracySummary
from edgekit.artifacts.figures import Figure
from edgekit.units import bytes_text, count_text, percent, si

RESOLUTION = "counter resolution"
"""The spread of a figure that repeats exactly: half a counter step to either side."""

EXPLAINED = "edgekit explain CODE tells more about a code in brackets"
"""The line under warnings that show their codes."""

_FORMATS: dict[str, Callable[[float], str]] = {
    "B": lambda value: bytes_text(round(value)),
    "fraction": percent,
    "dB": lambda value: f"{value:.1f} dB",
    "1/s": lambda value: f"{value:,.1f} /s" if value < 1000 else f"{count_text(value)} /s",
    "instructions": count_text,
    "cycles": count_text,
    "MAC": count_text,
    "inferences": count_text,
    "d": lambda value: f"{value:.3g} days" if value < 730 else f"{value / 365.25:.3g} years",
    "ppm": lambda value: f"{value:+.3g} ppm",
    "price": lambda value: f"{value:.4g}",
    "instructions/MAC": lambda value: f"{value:.3f}",
}


def value_text(value: float, unit: str) -> str:
    """A value in a unit of our records: value_text(0.0123, "s") -> '12.3 ms'."""
    form = _FORMATS.get(unit)
    return form(value) if form else si(value, unit)


def figure_text(figure: Figure) -> str:
    """The figure's value with its unit."""
    return value_text(figure.value, figure.unit)


def spread_text(figure: Figure) -> str:
    """The figure's spread: "40.8 µs .. 42.5 µs (p5..p95)", "± 2 (counter resolution)" or ""."""
    if figure.low is None or figure.high is None:
        return ""
    if figure.spread == RESOLUTION:
        return f"± {(figure.high - figure.low) / 2:.3g} ({RESOLUTION})"
    low, high = value_text(figure.low, figure.unit), value_text(figure.high, figure.unit)
    if figure.unit == "ppm":
        return f"± {(figure.high - figure.low) / 2:.2g} ppm ({figure.spread})"
    if low == high and figure.value:
        half = (figure.high - figure.low) / 2 / abs(figure.value)
        return f"± {100 * half:.1g} % ({figure.spread})"
    return f"{low} .. {high} ({figure.spread})"


def runs_text(count: int) -> str:
    """How many samples stand behind a figure; one needs no mention."""
    return count_text(count) if count > 1 else ""


def share_text(share: float) -> str:
    """A share as per cent with one decimal; what is not nothing is not shown as nothing."""
    return "< 0.1 %" if 0 < share < 0.0005 else percent(share, 1)


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape without its batch of one: "48x48x8"."""
    body = shape[1:] if len(shape) > 1 and shape[0] == 1 else shape
    return "x".join(map(str, body)) or "scalar"


def plural(count: int, word: str) -> str:
    """'1 sample', '1,000 samples'."""
    return f"{count_text(count)} {word}{'' if count == 1 else 's'}"


_METRICS = {
    "top1": "top-1",
    "auc": "area under the ROC curve",
    "agreement": "same class as the float model",
    "sqnr": "share of the output's power kept",
}


def samples_text(summary: AccuracySummary) -> str:
    """On what the accuracy was found: "10,000 samples of test.npz"."""
    if "samples" in summary.data:
        return summary.data
    return f"{plural(summary.samples, 'sample')} of {summary.data}"


def metric_text(metric: str) -> str:
    """The name of an accuracy metric in words."""
    return _METRICS.get(metric, metric)
