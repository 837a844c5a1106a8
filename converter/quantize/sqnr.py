"""Signal to quantization noise ratio, per layer: which layer loses the accuracy."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.ops import DetectionPostProcess, Logistic, Softmax
from edgekit.converter.quantize.execute import Array, Batch, count_of, cut, iterate_real

MAX_DB = 120.0
"""What stands for no noise at all; float32 itself has about 140 dB."""

CHUNK = 16
"""Samples per run, which bounds the memory."""


class Power:
    """Sums of squares of a signal and of its error, collected in parts."""

    def __init__(self) -> None:
        self.signal = self.noise = 0.0

    def add(self, exact: NDArray[Any], noisy: NDArray[Any]) -> None:
        """Count one more part."""
        reference = exact.astype(np.float64)
        self.signal += float(np.square(reference).sum())
        self.noise += float(np.square(reference - noisy).sum())

    @property
    def decibels(self) -> float:
        """10 log10(signal / noise), within -MAX_DB and MAX_DB."""
        if self.noise == 0:
            return MAX_DB
        if self.signal == 0:
            return -MAX_DB
        return float(np.clip(10 * math.log10(self.signal / self.noise), -MAX_DB, MAX_DB))


def layer_sqnr(float_graph: Graph, int8_graph: Graph, samples: Batch) -> dict[str, float]:
    """SQNR in dB of each node's output, by node name, in execution order.

    Both graphs run on the same float32 samples (n, *input shape), by name for several inputs;
    errors of earlier layers are
    included. Tensors are matched by name; nodes that only one graph has are left out.
    """
    powers: dict[str, Power] = {}
    for start in range(0, count_of(samples), CHUNK):
        part = cut(samples, start, start + CHUNK)
        for node, exact, noisy in _pairs(float_graph, int8_graph, part):
            powers.setdefault(node.name, Power()).add(exact, noisy)
    return {name: power.decibels for name, power in powers.items()}


def _pairs(
    float_graph: Graph, int8_graph: Graph, part: Batch
) -> Iterator[tuple[Node, Array, Array]]:
    """Walk both graphs in step, so that only a few activations are alive at a time."""
    shared = {name for node in int8_graph.nodes for name in node.outputs}
    quantized = iterate_real(int8_graph, part)
    waiting: dict[str, Array] = {}
    for node, exact in iterate_real(float_graph, part):
        for name in shared.intersection(exact):
            while name not in waiting:
                waiting |= next(quantized)[1]
            yield node, exact[name], waiting.pop(name)


_FIXED = (Softmax, Logistic, DetectionPostProcess)


def culprits(
    graph: Graph, sqnr: Mapping[str, float], count: int = 3
) -> tuple[tuple[str, float, float], ...]:
    """The nodes that lose most: (name, dB lost in this node, dB at its output), worst first.

    A node's own loss is its worst input's SQNR less its output's; a graph input counts as the
    best SQNR any node has. SOFTMAX and LOGISTIC, whose output format is fixed, are left out, and
    detections, whose order turns round.
    """
    produced = {name: node.name for node in graph.nodes for name in node.outputs}
    best = max(sqnr.values(), default=MAX_DB)
    losses = []
    for node in graph.nodes:
        sources = [sqnr.get(produced.get(name or "", ""), best) for name in node.inputs]
        if node.name in sqnr and sources and not isinstance(node.op, _FIXED):
            losses.append((node.name, min(sources) - sqnr[node.name], sqnr[node.name]))
    worst = sorted(losses, key=lambda row: -row[1])[:count]
    return tuple(row for row in worst if row[1] > 0)
