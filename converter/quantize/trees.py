"""Thresholds of trees on quantized inputs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgekit.converter.ir.graph import Graph, Node, Quant, Tensor
from edgekit.converter.quantize.params import constant_values
from edgekit.converter.quantize.scheme import Format


def quantized_trees(graph: Graph, node: Node, quant: Quant, form: Format) -> tuple[Tensor, Tensor]:
    """Thresholds and children of an ensemble whose input is quantized.

    A threshold becomes the largest stored value that is not above it, so that every decision on a
    stored value is that on the real value it stands for. Below all stored values there is none:
    such a node has its right child on both sides.
    """
    thresholds, children = graph.input(node, 2), graph.input(node, 3)
    real = constant_values(thresholds).astype(np.float64)
    half = 1 << (form.dtype.bits - 1)
    stored = np.arange(-half, half)
    values = quant.scale * (stored - quant.zero_point)
    place = np.searchsorted(values, real, side="right") - 1
    never = place < 0
    sides = children.values.copy()
    sides[never, 0] = sides[never, 1]
    found = stored[np.maximum(place, 0)].astype(form.dtype.numpy)
    return (
        replace(thresholds, dtype=form.dtype, quant=quant, data=found),
        replace(children, data=sides),
    )
