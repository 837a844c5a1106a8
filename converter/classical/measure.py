"""One classical model trained, judged and sized."""

from __future__ import annotations

import math
import time
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.classical.candidates import Candidate
from edgekit.converter.classical.vectors import Labelled
from edgekit.converter.generate import generate
from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.verify import verify
from edgekit.converter.load.estimator import estimator_graph
from edgekit.converter.options import ConvertOptions
from edgekit.converter.quantize.execute import outputs_real
from edgekit.converter.quantize.int8 import quantize_int8
from edgekit.converter.quantize.scheme import SCHEMES
from edgekit.converter.tflite.writer import write_tflite
from edgekit.targets.model import Target

CALIBRATION = 256
"""Training samples that the ranges of an integer model are taken from."""
NORMAL_95 = 1.959964


@dataclass(frozen=True, slots=True)
class Row:
    """A model's line in the table.

    `accuracy` was measured on `samples` samples, with a 95 % interval; the sizes are bytes of
    constants and of the arena; `instructions` of one inference are the cost model's estimate, 0
    where there is none; `seconds` is what training took.
    """

    name: str
    accuracy: float
    low: float
    high: float
    samples: int
    flash_bytes: int = 0
    ram_bytes: int = 0
    instructions: int = 0
    seconds: float | None = None
    network: bool = False


def train(candidate: Candidate, data: Labelled, seed: int) -> tuple[Any, float]:
    """The fitted model and the seconds that took, on one thread: sums then come in one order, and
    the same seed gives the same model."""
    from threadpoolctl import threadpool_limits

    model = candidate.make(seed)
    start = time.perf_counter()
    with warnings.catch_warnings(), threadpool_limits(limits=1):
        warnings.simplefilter("ignore")  # not converged: good enough for a comparison
        model.fit(data.x, data.y)
    return model, time.perf_counter() - start


def measure(
    candidate: Candidate,
    model: Any,
    seconds: float,
    data: Labelled,
    held: Labelled,
    target: Target,
    precision: str,
    tool_version: str,
) -> Row:
    """Judge a fitted model in the number format it would have on the target, and size it there.

    Raises UnsupportedError and DoesNotFitError as `convert` does.
    """
    if not candidate.compiled:
        right = np.asarray(model.predict(held.x)) == held.y
        return judged(candidate.name, right, seconds=seconds)
    graph, classes, _ = estimator_graph(model, "baseline", candidate.name)
    graph = _in_format(graph, data, precision)
    scores = outputs_real(graph, held.x)[graph.outputs[0]]
    right = np.asarray(model.classes_)[scores.argmax(axis=1)] == held.y
    code = generate(
        graph,
        target,
        ConvertOptions(precision=precision),
        write_tflite(graph),
        labels=classes,
        tool_version=tool_version,
    )
    return judged(
        candidate.name,
        right,
        flash_bytes=code.weights_bytes + code.constants_bytes,
        ram_bytes=code.memory.arena_bytes if code.memory else 0,
        instructions=sum(step.estimate for step in code.steps),
        seconds=seconds,
    )


def judged(name: str, right: NDArray[np.bool_], **sizes: Any) -> Row:
    """A row for answers that were right or not."""
    share, count = float(np.mean(right)), len(right)
    low, high = interval(share, count)
    return Row(name, share, low, high, count, **sizes)


def interval(share: float, count: int) -> tuple[float, float]:
    """The 95 % interval of a share seen in `count` samples (Wilson, 1927)."""
    z = NORMAL_95
    centre = share + z * z / (2 * count)
    spread = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    low, high = (centre - spread) / scale, (centre + spread) / scale
    return max(0.0, min(share, low)), min(1.0, max(share, high))  # but for rounding at 0 and 1


def _in_format(graph: Graph, data: Labelled, precision: str) -> Graph:
    if precision == "float32":
        return graph
    step = max(1, len(data.x) // CALIBRATION)
    done = quantize_int8(graph, [data.x[::step]], scheme=SCHEMES[precision]).graph
    verify(done)
    return done
