"""Adaptive rounding: the weights of a quantized graph rounded anew, layer by layer.

From the input on, each layer sees what the layers before it, already rounded, really give it. What
it is to compute is what the float layer computes of the float network's values: the real weights
are first moved to where they make up for the inputs' errors as far as a linear layer can, then
rounded (`closed_form` or `learned`). The mean error that is left goes into the bias.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.figures import Note
from edgekit.converter.ir.graph import DType, Graph, Node, Quant
from edgekit.converter.ir.ops import Activation
from edgekit.converter.quantize.closed_form import (
    Grid,
    best_on,
    best_rounding,
    nearest,
)
from edgekit.converter.quantize.correct import worst_sqnr
from edgekit.converter.quantize.execute import Batch, chosen, count_of
from edgekit.converter.quantize.learned import Examples, learned_rounding, output_errors
from edgekit.converter.quantize.moments import InputMoments, input_moments, paired_rows
from edgekit.converter.quantize.params import MAX_BIAS, integers
from edgekit.converter.quantize.products import MATRICES, stored_weights, weight_matrices
from edgekit.converter.quantize.walk import Walk

SAMPLES = 256
ELEMENTS = 1 << 26
"""Most elements of the largest activation, over all samples: that bounds the memory."""

MOST_TAPS = 4096
"""Weights per output; beyond, the second moments would take longer than they are worth."""

LEARNED_ROWS = 1 << 14
"""Rows that learned rounding draws its minibatches from."""

HELD_OUT = 8
"""Every so many-th sample judges instead."""

_HIGH = {DType.INT4: 7, DType.INT8: 127}
Floats = NDArray[np.float64]


def samples_for(graph: Graph) -> int:
    """How many samples adaptive rounding takes of this graph."""
    largest = max(graph[name].size for name in graph.activations())
    return max(16, min(SAMPLES, ELEMENTS // max(largest, 1)))


def round_adaptively(
    exact: Graph,
    quantized: Graph,
    samples: Batch,
    method: str,
    *,
    biases: bool = True,
    clustered: bool = False,
) -> tuple[Graph, Note]:
    """The quantized graph with its weights rounded by `method` ("gptq" or "adaround"), if that
    brings its outputs closer to the float graph's on samples that were not used; and a note.

    `samples` are real inputs, by name for several inputs; `exact` is the float graph that
    `quantized` was made from, with the same names. Without `biases` no mean error is taken off.
    With `clustered` ("gptq" only) int8 weights take the values alone that their tensor has.
    """
    judges = np.arange(count_of(samples)) % HELD_OUT == HELD_OUT - 1
    apart = count_of(samples) >= HELD_OUT
    used = chosen(samples, ~judges) if apart else samples
    held = chosen(samples, judges) if apart else samples
    rounded, left = rounded_weights(
        exact, quantized, used, method, biases=biases, clustered=clustered
    )
    before, after = (worst_sqnr(exact, graph, held) for graph in (quantized, rounded))
    said = f"{method}: output SQNR {before:.1f} dB rounded to nearest, {after:.1f} dB adaptively"
    if left:
        said += f"; {len(left)} layers stay rounded to nearest (first {left[0]})"
    if after < before:
        said += "; rounding to nearest is kept"
    note = Note("adaptive-rounding", quantized.name, said, level="info")
    return (rounded if after >= before else quantized), note


def rounded_weights(
    exact: Graph,
    quantized: Graph,
    samples: Batch,
    method: str,
    *,
    biases: bool = True,
    clustered: bool = False,
) -> tuple[Graph, tuple[str, ...]]:
    """The graph with all weights rounded anew, and the weighted layers that were left out: those
    that share their weights, and those with more than `MOST_TAPS` weights per output."""
    references = {node.name: node for node in exact.nodes}
    ours, theirs = Walk.start(quantized, samples), Walk.start(exact, samples)
    left = []
    for node in quantized.nodes:
        reference = references.get(node.name)
        if reference is not None:
            theirs.until(reference)
            if _taken(ours.graph, node):
                layer = _Layer.of(ours, theirs, node, reference, biases, clustered)
                ours.graph = layer.rounded(ours, theirs, method)
            elif "weights" in node.op.INPUTS:
                left.append(node.name)
        ours.compute(node)
    return ours.graph, tuple(left)


def _taken(graph: Graph, node: Node) -> bool:
    if not isinstance(node.op, MATRICES):
        return False
    weights = graph.input(node, 1)
    if weights.dtype not in _HIGH or weights.quant is None:
        return False
    taps = weight_matrices(graph, node, weights.values).shape[2]
    return len(graph.consumers(weights.name)) == 1 and taps <= MOST_TAPS


@dataclass(frozen=True, slots=True)
class _Layer:
    """One layer being rounded: `weights` (groups, channels, taps) and `bias` (channels) of the
    float layer, `scales` (groups, channels) of the plain quantizer, all alike where `shared`."""

    node: Node
    exact: Node
    weights: Floats
    bias: Floats | None
    scales: Floats
    high: int
    palette: Floats | None
    shared: bool
    moments: InputMoments

    @classmethod
    def of(
        cls, ours: Walk, theirs: Walk, node: Node, exact: Node, biases: bool, clustered: bool
    ) -> _Layer:
        real = theirs.graph.input(exact, 1).values
        weights = weight_matrices(theirs.graph, exact, real).astype(np.float64)
        bias, stored = theirs.graph.role(exact, "bias"), ours.graph.input(node, 1)
        assert stored.quant is not None
        shared = stored.quant.axis is None
        shape = (1, 1) if shared else weights.shape[:2]
        scales = np.broadcast_to(np.reshape(stored.quant.scales, shape), weights.shape[:2])
        few = clustered and stored.dtype is DType.INT8
        moments = input_moments(ours, theirs, node, exact, centred=biases and bias is not None)
        return cls(
            node,
            exact,
            weights,
            None if bias is None else bias.values.astype(np.float64),
            scales,
            _HIGH[stored.dtype],
            np.unique(stored.values).astype(np.float64) if few else None,
            shared,
            moments,
        )

    def rounded(self, ours: Walk, theirs: Walk, method: str) -> Graph:
        """The graph of `ours` with this layer's weights, scales and bias replaced."""
        target = self._moved_weights()
        if method == "adaround":
            found, scales = self._learned(ours, theirs, target)
        else:
            own, shared = self.moments.own, self.shared
            found, scales = best_rounding(target, own, self.scales, self._grid, shared=shared)
        found, scales = self._with_room_for_bias(ours.graph, found, scales)
        return self._replaced(ours.graph, found, scales)

    @property
    def _grid(self) -> Grid:
        return self.high if self.palette is None else self.palette

    def _moved_weights(self) -> Floats:
        """W E[x x'] E[x' x']^-1, damped: the real weights that come closest to the float layer's
        output on the quantized layer's inputs, with zeros where there were."""
        own, cross = self.moments.own, self.moments.cross
        return best_on(self.weights, self.weights != 0, own, cross)

    def _learned(self, ours: Walk, theirs: Walk, target: Floats) -> tuple[Floats, Floats]:
        """The closed form's integers, learned on; channels that come no closer keep them."""
        examples = self._examples(ours, theirs)
        own, shared = self.moments.own, self.shared
        start, scales = best_rounding(target, own, self.scales, self.high, shared=shared)
        found = learned_rounding(target, scales, examples, start, self.high)
        steps = scales[..., None]
        gained = output_errors(found * steps, examples) - output_errors(start * steps, examples)
        return np.where((gained < 0)[..., None], found, start), scales

    def _examples(self, ours: Walk, theirs: Walk) -> Examples:
        """Up to LEARNED_ROWS rows, drawn evenly."""
        every = max(1, self.moments.rows // LEARNED_ROWS)
        pairs = [
            (noisy[:, ::every], clean[:, ::every])
            for noisy, clean in paired_rows(ours, theirs, self.node, self.exact)
        ]
        noisy, clean = (np.concatenate(parts, axis=1) for parts in zip(*pairs, strict=True))
        moments, bias = self.moments, self._bias()
        if moments.centred:
            noisy = noisy - moments.mean[:, None].astype(np.float32)
            offset = bias + (self.weights @ moments.exact_mean[..., None])[..., 0]
        else:
            offset = bias
        sums = clean @ np.swapaxes(self.weights, 1, 2).astype(np.float32)
        wanted: NDArray[np.float32] = np.add(sums, bias[:, None], dtype=np.float32)
        return Examples(
            np.asarray(noisy, np.float32),
            wanted,
            offset.astype(np.float32),
            getattr(self.node.op, "activation", Activation.NONE),
        )

    def _each(self, by_row: Floats) -> Floats:
        """The rows' sum in the place of each, where they share a scale."""
        return np.broadcast_to(by_row.sum(), by_row.shape) if self.shared else by_row

    def _bias(self) -> Floats:
        shape = self.weights.shape[:2]
        return np.zeros(shape) if self.bias is None else self.bias.reshape(shape)

    def _with_room_for_bias(
        self, graph: Graph, found: Floats, scales: Floats
    ) -> tuple[Floats, Floats]:
        """Channels whose bias would leave half of int32 at the new scale keep the old rounding."""
        source = graph.source(self.node).quant
        assert source is not None
        tight = np.abs(self._bias()) > 0.99 * MAX_BIAS * source.scale * scales
        tight = self._each(tight.astype(np.float64)) > 0
        plain = nearest(self.weights, self.scales, self._grid)
        return np.where(tight[..., None], plain, found), np.where(tight, self.scales, scales)

    def _replaced(self, graph: Graph, found: Floats, scales: Floats) -> Graph:
        stored = graph.input(self.node, 1)
        assert stored.quant is not None
        axis, flat = stored.quant.axis, scales.reshape(-1)
        quant = Quant.per_tensor(flat[0], 0) if axis is None else Quant.per_channel(flat, axis)
        data = stored_weights(graph, self.node, found).astype(stored.dtype.numpy)
        graph = graph.with_tensors(replace(stored, quant=quant, data=data))
        bias, source = graph.role(self.node, "bias"), graph.source(self.node).quant
        if bias is None or self.bias is None or bias.quant is None or source is None:
            return graph
        real = self._bias()
        if self.moments.centred:
            mean, own = self.moments.exact_mean[..., None], self.moments.mean[..., None]
            real = real + (self.weights @ mean - (found * scales[..., None]) @ own)[..., 0]
        exact = source.scale * np.array(quant.scales)
        values = np.clip(integers(real.reshape(-1), exact), -MAX_BIAS, MAX_BIAS)
        kept = replace(bias.quant, scales=tuple(float(np.float32(scale)) for scale in exact))
        return graph.with_tensors(replace(bias, quant=kept, data=values.astype(bias.dtype.numpy)))
