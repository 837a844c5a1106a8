"""What every record keeps to beyond the types of its fields, as a table of checks.

Views divide by lengths and walk over steps; what passes here can be shown by all of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgekit.artifacts.bundle import MemorySummary
    from edgekit.artifacts.report import Report

MOST_STEPS = 100_000
"""More steps than any network has; views walk over them."""
NEVER_NEGATIVE = (
    "s", "1/s", "B", "MAC", "instructions", "cycles", "instructions/MAC", "fraction",
)  # fmt: skip
"""Units of figures that count or time something; energy net of idle may be below zero."""
LARGEST = 1e18
"""Larger numbers than anything that is counted or measured here."""


def unreadable_value(raw: Any, path: str = "") -> str:
    """The first value in raw JSON that no record can hold, or "": numbers beyond LARGEST (JSON's
    1e999 is infinite), and text that is no Unicode (half of a surrogate pair)."""
    if isinstance(raw, dict):
        for key, value in raw.items():
            if fault := unreadable_value(key, path) or unreadable_value(value, f"{path}.{key}"):
                return fault
    elif isinstance(raw, list):
        for index, value in enumerate(raw):
            if fault := unreadable_value(value, f"{path}.{index}"):
                return fault
    elif isinstance(raw, int | float) and not abs(raw) <= LARGEST:
        return f"{_named(path)}: {str(raw)[:20]} is beyond any quantity"
    elif isinstance(raw, str) and any("\ud800" <= letter <= "\udfff" for letter in raw):
        return f"{_named(path)}: no Unicode text"
    return ""


def _named(path: str) -> str:
    return path.lstrip(".").encode("ascii", "replace").decode()[:80]


@dataclass(frozen=True, slots=True)
class Check:
    """A name, the sentence that a fault is told with, and the faults: "" or where each is."""

    name: str
    sentence: str
    faults: Callable[[Report], Iterator[str]]


def first_fault(report: Report) -> str:
    """The first fault of a record in words, or ""."""
    for check in CHECKS:
        for place in check.faults(report):
            return f"{place}: {check.sentence}"
    return ""


def _counts(report: Report) -> Iterator[str]:
    bundle, target = report.bundle, report.target
    named: dict[str, float] = {
        "bundle.model_bytes": bundle.model_bytes,
        "bundle.macs": bundle.macs,
        "target.clock_hz": target.clock_hz,
        "target.flash_bytes": target.flash_bytes,
        "target.ram_bytes": target.ram_bytes,
        "target.stack_bytes": target.stack_bytes,
        **{f"bundle.sizes.{key}": size for key, size in bundle.sizes.items()},
        **{f"figures.{name}.runs": figure.runs for name, figure in report.figures.items()},
        **{
            f"figures.{name}": figure.value
            for name, figure in report.figures.items()
            if figure.unit in NEVER_NEGATIVE
        },
    }
    for i, info in enumerate(bundle.steps):
        step = f"bundle.steps.{i}"
        named |= {f"{step}.macs": info.macs, f"{step}.index": info.index}
        named |= {f"{step}.weight_bytes": info.weight_bytes, f"{step}.estimate": info.estimate}
    for i, run in enumerate(report.runs):
        named |= {f"runs.{i}.memory.{key}": size for key, size in run.memory.items()}
        named |= {f"runs.{i}.threads": run.threads, f"runs.{i}.warmup": run.warmup}
        for j, cost in enumerate(run.steps):
            step = f"runs.{i}.steps.{j}"
            named |= {f"{step}.count": cost.count, f"{step}.macs": cost.macs}
            named |= {f"{step}.index": cost.index}
    yield from (name for name, count in named.items() if count < 0)


def _samples(report: Report) -> Iterator[str]:
    for i, run in enumerate(report.runs):
        if any(sample < 0 for sample in run.latency_s):
            yield f"runs.{i}.latency_s"
        if run.latency_stored is not None and run.latency_stored.count < 1:
            yield f"runs.{i}.latency_stored"
        for j, batch in enumerate(run.batches):
            empty = not batch.seconds and batch.seconds_stored is None
            if empty or batch.batch < 1 or any(sample <= 0 for sample in batch.seconds):
                yield f"runs.{i}.batches.{j}"
        for j, start in enumerate(run.cold):
            if min(start.process_s, start.load_s, start.first_s) < 0:
                yield f"runs.{i}.cold.{j}"
        for j, part in enumerate(run.sustained):
            if min(part.seconds, part.busy_s, part.inferences) <= 0 or part.start_s < 0:
                yield f"runs.{i}.sustained.{j}"
        for j, window in enumerate(run.windows):
            if window.seconds < 0 or window.inferences < 0:
                yield f"runs.{i}.windows.{j}"
    for j, timed in enumerate(report.mlperf.windows if report.mlperf else ()):
        if timed.seconds <= 0 or timed.inferences < 0:
            yield f"mlperf.windows.{j}"


def _energy(report: Report) -> Iterator[str]:
    for i, window in enumerate(report.energy.windows if report.energy else ()):
        if window.end_s < window.start_s or window.inferences < 0:
            yield f"energy.windows.{i}"
    trace = report.trace
    if trace is None:
        return
    if trace.step_s <= 0 or trace.samples < 0:
        yield "trace"
    if not len(trace.low_w) == len(trace.mean_w) == len(trace.high_w):
        yield "trace"
    columns = zip(trace.low_w, trace.mean_w, trace.high_w, strict=False)
    if any((low is None) != (high is None) or (low is None) != (mean is None)
           for low, mean, high in columns):  # fmt: skip
        yield "trace"


def _memory(report: Report) -> Iterator[str]:
    memory = report.bundle.memory
    if memory is None:
        return
    if memory.arena_bytes < 0 or memory.lower_bound < 0:
        yield "bundle.memory"
    yield from _buffers(memory)
    for i, cascade in enumerate(memory.cascades):
        if not 0 <= cascade.first <= cascade.last < MOST_STEPS:
            yield f"bundle.memory.cascades.{i}"
    for i, block in enumerate(memory.blocks):
        if min(block.bytes, block.lower_bound, block.room, block.touched) < 0:
            yield f"bundle.memory.blocks.{i}"


def _buffers(memory: MemorySummary) -> Iterator[str]:
    """An arena of n bytes has its buffers in [0, n)."""
    for i, buffer in enumerate(memory.buffers):
        lives = 0 <= buffer.first <= buffer.last < MOST_STEPS
        inside = buffer.offset >= 0 and 0 <= buffer.size <= memory.arena_bytes
        if not lives or not inside or not 0 <= buffer.block < max(1, len(memory.blocks)):
            yield f"bundle.memory.buffers.{i}"


def _shares(report: Report) -> Iterator[str]:
    summary = report.bundle.accuracy
    if summary is None:
        return
    if not (0 <= summary.before <= 1 and 0 <= summary.after <= 1 and summary.samples >= 0):
        yield "bundle.accuracy"
    classes = len(summary.confusion or ())
    if any(len(row) != classes or min(row) < 0 for row in summary.confusion or ()):
        yield "bundle.accuracy.confusion"


def _spreads(report: Report) -> Iterator[str]:
    for name, figure in report.figures.items():
        if not math.isfinite(figure.value):
            yield f"figures.{name}"
        if figure.low is not None and figure.high is not None and figure.low > figure.high:
            yield f"figures.{name}"


CHECKS: tuple[Check, ...] = (
    Check("counts", "counts, sizes and costs are not negative", _counts),
    Check("samples", "times are not negative, and there is at least one", _samples),
    Check("energy", "windows end after they begin, the envelope's rows are of one length", _energy),
    Check("memory", "buffers lie in the arena and live from a step to a later one", _memory),
    Check("shares", "accuracy is a fraction, a confusion matrix square", _shares),
    Check("spreads", "values are finite, and intervals have their lower end first", _spreads),
)
