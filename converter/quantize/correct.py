"""Bias correction: the mean error of each layer is taken off its bias.

Rounded weights and activations shift the mean of what a layer computes, most in depthwise
convolutions with their few products per sum, and later layers add the shifts up. What the shift is
on calibration data is known: mean(W x) in float less mean(W' x') of the quantized weights on the
quantized graph's own activations. Adding it to the bias, layer by layer from the input on, costs
nothing at run time (Nagel et al. 2019, "Data-Free Quantization Through Weight Equalization and
Bias Correction", section 4.2, the variant with data).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.figures import Note
from edgekit.converter.interpret.program import build, operands
from edgekit.converter.ir.graph import DType, Graph, Node, Tensor
from edgekit.converter.ir.ops import Activation
from edgekit.converter.quantize.execute import Array, Batch, count_of, cut, outputs_real
from edgekit.converter.quantize.params import (
    MAX_BIAS,
    dequantize_array,
)
from edgekit.converter.quantize.scheme import WEIGHTED
from edgekit.converter.quantize.sqnr import Power
from edgekit.converter.quantize.tasks import head, judged
from edgekit.converter.quantize.walk import Walk

SAMPLES = 64
"""Samples for it: the even ones correct, the odd ones judge. More hardly change a mean."""

LEAST_GAIN_DB = 3.0
"""Half the noise. Where less is to be won the result stays that of TensorFlow's converter."""


def correct_biases(
    exact: Graph, quantized: Graph, samples: Batch, least_gain_db: float = LEAST_GAIN_DB
) -> tuple[Graph, Note]:
    """The quantized graph with corrected biases, if they bring its outputs clearly closer to the
    float graph's on samples that were not used for it, by `least_gain_db`; and what they did.

    `samples` are real inputs, by name for several inputs; `exact` is the float graph that
    `quantized` was made from, with the same names.
    """
    odd = cut(samples, 1, 2**31, 2) if count_of(samples) > 1 else samples
    corrected = shifted_biases(exact, quantized, cut(samples, 0, 2**31, 2))
    before, after = (worst_sqnr(exact, graph, odd) for graph in (quantized, corrected))
    better = after >= before + least_gain_db
    said = "biases corrected" if better else "biases left as they were"
    text = f"{said}: output SQNR {before:.1f} dB, {after:.1f} dB without each layer's mean error"
    note = Note("bias-correction", quantized.name, text, level="info")
    return corrected if better else quantized, note


def shifted_biases(exact: Graph, quantized: Graph, samples: Batch) -> Graph:
    """Every bias with its layer's mean error on these samples taken off."""
    references = {node.name: node for node in exact.nodes}
    ours, theirs = Walk.start(quantized, samples), Walk.start(exact, samples)
    for node in quantized.nodes:
        reference = references.get(node.name)
        if reference is not None:
            theirs.until(reference)
            bias = quantized.role(node, "bias") if type(node.op) in WEIGHTED else None
            if bias is not None and exact.role(reference, "bias") is not None:
                shift = _shift(ours, theirs, node, reference)
                ours.graph = ours.graph.with_tensors(_moved(bias, shift))
        ours.compute(node)
    return ours.graph


def _shift(ours: Walk, theirs: Walk, node: Node, reference: Node) -> NDArray[np.float64]:
    """By how much the quantized layer's sums are too small, per output channel."""
    weights = ours.graph.input(node, 1)
    assert weights.quant is not None
    rounded = dequantize_array(weights.values, weights.quant)
    exact = theirs.graph.input(reference, 1).values
    wanted = _mean(
        _sums(theirs.graph, reference, exact), theirs.real(theirs.graph.source(reference))
    )
    found = _mean(_sums(theirs.graph, reference, rounded), ours.real(ours.graph.source(node)))
    return wanted - found


def _mean(compute: Callable[[Array], Array], blocks: list[Array]) -> NDArray[np.float64]:
    """The mean per channel, the last axis, over samples and places."""
    total, count = np.zeros(()), 0
    for block in blocks:
        sums = compute(block)
        rows = sums.reshape(-1, sums.shape[-1]).astype(np.float64)
        total, count = total + rows.sum(axis=0), count + len(rows)
    mean: NDArray[np.float64] = total / count
    return mean


def _sums(graph: Graph, node: Node, weights: NDArray[Any]) -> Callable[[Array], Array]:
    """The float layer with these weights, without bias and activation, as a function."""
    roles = [role.rstrip("?") for role in node.op.INPUTS]
    named = dict(zip(roles, node.inputs, strict=False))
    named["bias"] = None
    fixed = Tensor(f"{node.name}/rounded", weights.shape, DType.FLOAT32, None, weights)
    named["weights"] = fixed.name
    bare = replace(
        node,
        op=replace(node.op, activation=Activation.NONE),  # type: ignore[call-arg]
        inputs=tuple(named[role] for role in roles),
    )
    one = graph.with_tensors(fixed).with_nodes([bare])
    kernel, source = build(one, bare), graph.source(node).name

    def compute(x: Array) -> Array:
        found = kernel(*operands(one, bare, {source: x}))
        array: Array = found[0] if isinstance(found, tuple) else found
        return array

    return compute


def _moved(bias: Tensor, shift: NDArray[np.float64]) -> Tensor:
    """The integer bias with a real shift added."""
    assert bias.quant is not None
    steps = np.rint(shift / np.array(bias.quant.scales))
    moved = np.clip(bias.values.astype(np.float64) + steps, -MAX_BIAS, MAX_BIAS)
    return replace(bias, data=moved.astype(bias.dtype.numpy))


def worst_sqnr(exact: Graph, quantized: Graph, samples: Batch) -> float:
    """SQNR in dB of the output that suffers most, before a final softmax."""
    names = judged(exact, head(exact))
    powers = {name: Power() for name in names}
    wanted, found = (outputs_real(graph, samples, names) for graph in (exact, quantized))
    for name, power in powers.items():
        power.add(wanted[name], found[name])
    return min(power.decibels for power in powers.values())
