"""A convolution on this machine in time: binarized C, int8 C, and LiteRT's int8, in turns.

Each is a whole inference from the same int8 input, packing of signs among it, with one thread.
Engines take turns in rounds of some milliseconds, so that what else the machine does meets all of
them; a round's figure is the median of its calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.binary_counts import bundle_of
from benchmarks.binary_layers import Layer, binary_graph, int8_graph
from edgekit.deploy.build import native_model
from edgekit.deploy.bundles import Bundle
from edgekit.deploy.inputs import reference_outputs
from edgekit.litert import open_interpreter
from edgekit.runtime.measure.timing import take_samples

ROUNDS = 15
ROUND_S = 0.03
"""Of each engine."""
ENGINES = ("binary C", "int8 C", "int8 LiteRT")


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds of an inference with each engine, one figure a round."""

    layer: str
    seconds: dict[str, tuple[float, ...]]
    kernels: str
    interpreter: str

    def median(self, engine: str) -> float:
        """Over all rounds."""
        return median(self.seconds[engine])

    def spread(self, engine: str) -> tuple[float, float]:
        """The quarter and three quarters of the rounds."""
        low, high = np.quantile(self.seconds[engine], (0.25, 0.75))
        return float(low), float(high)

    def ratio(self, engine: str) -> float:
        """Of the binarized time to another: the median of the rounds' own ratios."""
        rounds = zip(self.seconds["binary C"], self.seconds[engine], strict=True)
        return median(mine / other for mine, other in rounds)


def timed(layer: Layer, folder: Path, rounds: int = ROUNDS, round_s: float = ROUND_S) -> Timed:
    """Measure one layer. Raises AssertionError where C differs from the interpreter."""
    shape = (1, layer.size, layer.size, layer.inputs)
    x = np.random.default_rng(1).integers(-128, 128, shape, dtype=np.int8)
    binary = bundle_of(binary_graph(layer), "host", folder)
    int8 = bundle_of(int8_graph(layer), "host", folder)
    interpreter = open_interpreter(int8.model, threads=1)
    interpreter.set_inputs([x])
    calls = {
        "binary C": _compiled(binary, x),
        "int8 C": _compiled(int8, x),
        "int8 LiteRT": interpreter.invoke,
    }
    kernels = f"{binary.manifest.steps[-1].kernel}, {int8.manifest.steps[-1].kernel}"
    found = in_turns(calls, rounds, round_s)
    return Timed(layer.name, found, kernels, interpreter.description)


def _compiled(bundle: Bundle, x: np.ndarray) -> Callable[[], object]:
    """The bundle's C for this processor, checked once; inputs stay where they are."""
    model = native_model(bundle, native=True)
    [expected] = reference_outputs(bundle.graph, [[x]])
    found = model.run([x])
    for mine, wanted in zip(found, expected, strict=True):
        if mine.tobytes() != wanted.tobytes():
            raise AssertionError(f"{bundle.folder.name}: outputs differ from the interpreter's")
    model.set_inputs([x])
    return model.invoke


def in_turns(
    calls: dict[str, Callable[[], object]], rounds: int, round_s: float
) -> dict[str, tuple[float, ...]]:
    """Medians of each round of each call."""
    counts = {}
    for name, call in calls.items():
        take_samples(call, 3)
        counts[name] = max(3, int(round_s / min(take_samples(call, 3))))
    found: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            found[name].append(median(take_samples(call, counts[name])))
    return {name: tuple(values) for name, values in found.items()}


def table(rows: Sequence[Timed]) -> list[str]:
    """The rows as Markdown: microseconds, the middle half of the rounds in brackets."""
    lines = [
        "| layer | binary C, us | int8 C, us | int8 LiteRT, us | to int8 C | to LiteRT |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for r in rows:
        times = " | ".join(_times(r, engine) for engine in ENGINES)
        ratios = f"{r.ratio('int8 C'):.3f} | {r.ratio('int8 LiteRT'):.3f}"
        lines.append(f"| {r.layer} | {times} | {ratios} |")
    return lines


def _times(row: Timed, engine: str) -> str:
    low, high = (1e6 * value for value in row.spread(engine))
    return f"{1e6 * row.median(engine):.0f} ({low:.0f} to {high:.0f})"
