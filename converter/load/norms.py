"""What batch normalizations say about the values in a network, kept where they are folded away.

Folding a normalization into the convolution before it leaves the shift
beta - gamma * mean / sqrt(variance + epsilon) (plus the convolution's own bias, scaled) as the new
bias. By that vector the statistics find their layer in a graph again, whatever names it has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir.graph import Graph

Floats = NDArray[np.float64]

TOLERANCE = 1e-4
"""Relative to the largest bias: folding is done in float32, in another order."""


@dataclass(frozen=True, slots=True, eq=False)
class Norm:
    """One normalization's output over the training data: `mean` (beta) and `deviation` (|gamma|)
    by channel; `shift` is the bias of the layer it is folded into."""

    layer: str
    mean: Floats
    deviation: Floats
    shift: Floats


def norms_of(layers: list[Any]) -> tuple[Norm, ...]:
    """The statistics of Keras' BatchNormalization layers over the last axis."""
    return tuple(_norm(layer) for layer in layers if _usable(layer))


def match_norms(graph: Graph, norms: tuple[Norm, ...]) -> dict[str, Norm]:
    """The statistics of weighted nodes by node name: what goes into the activation.

    Layers whose biases are those of several normalizations that differ are left out.
    """
    found = {}
    for node in graph.nodes:
        bias = graph.role(node, "bias") if "weights" in node.op.INPUTS else None
        if bias is None or not bias.constant:
            continue
        fitting = [norm for norm in norms if _fits(norm, bias.values.astype(np.float64))]
        if fitting and all(_alike(fitting[0], norm) for norm in fitting):
            found[node.name] = fitting[0]
    return found


def _usable(layer: Any) -> bool:
    if type(layer).__name__ != "BatchNormalization":
        return False
    axis = getattr(layer, "axis", None)
    axis = axis[0] if isinstance(axis, list | tuple) and len(axis) == 1 else axis
    rank = len(getattr(layer.input, "shape", ()))
    return axis in (-1, rank - 1) and layer.built


def _norm(layer: Any) -> Norm:
    mean, variance = (np.asarray(v, np.float64) for v in (layer.moving_mean, layer.moving_variance))
    gamma = np.asarray(layer.gamma, np.float64) if layer.scale else np.ones_like(mean)
    beta = np.asarray(layer.beta, np.float64) if layer.center else np.zeros_like(mean)
    factor = gamma / np.sqrt(variance + layer.epsilon)
    producer = getattr(getattr(layer.input, "_keras_history", None), "operation", None)
    bias = getattr(producer, "bias", None)
    before = np.zeros_like(mean) if bias is None else np.asarray(bias, np.float64)
    # A channel whose variance went to 0 in training varies less than gamma says.
    deviation = np.abs(factor) * np.sqrt(variance)
    return Norm(layer.name, beta, deviation, beta + (before - mean) * factor)


def _fits(norm: Norm, bias: Floats) -> bool:
    if norm.shift.shape != bias.shape:
        return False
    largest = max(float(np.abs(norm.shift).max(initial=0.0)), 1e-6)
    return bool(np.abs(norm.shift - bias).max(initial=0.0) <= TOLERANCE * largest)


def _alike(one: Norm, other: Norm) -> bool:
    return np.array_equal(one.mean, other.mean) and np.array_equal(one.deviation, other.deviation)
