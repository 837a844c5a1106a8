"""PAD in front of a VALID convolution: the convolution pads by itself, and nothing is copied.

TFLite's operators know SAME and VALID alone, kernels take any padding. Windows that would lie
outside the image altogether keep their PAD.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from edgekit.converter.ir.graph import DType, Graph, Node
from edgekit.converter.ir.ops import Conv2D, DepthwiseConv2D, Pad, Padding, PadV2
from edgekit.converter.lower.calls import Call, Value
from edgekit.converter.lower.formats import lowered

FAMILIES = ("conv2d_s8", "depthwise_conv2d_s8")
"""Kernels that read zero points beyond the image."""


def padded_calls(graph: Graph) -> Mapping[str, tuple[Node, Call]]:
    """By their output, convolutions that take in the PAD before them, with that PAD."""
    found = {}
    for node in graph.nodes:
        pad = graph.producer(str(node.inputs[0])) if node.inputs else None
        if pad is None or not _fits(graph, pad, node):
            continue
        [call] = lowered(graph, node)
        if call.family in FAMILIES:
            found[node.output] = pad, _padding(graph, pad, call)
    return MappingProxyType(found)


def _fits(graph: Graph, pad: Node, node: Node) -> bool:
    """Whether a PAD of zeros, along height and width, has this VALID convolution of int8 as its
    only reader, and less of it at either end than a window is long."""
    op = node.op
    if not isinstance(pad.op, Pad | PadV2) or not isinstance(op, Conv2D | DepthwiseConv2D):
        return False
    x, y, amounts = graph.input(pad), graph.output(pad), graph.input(pad, 1)
    alone = len(graph.consumers(y.name)) == 1 and y.name not in graph.results
    if not alone or op.padding is not Padding.VALID or x.dtype is not DType.INT8:
        return False
    if x.quant is None or x.quant != y.quant or amounts.data is None:
        return False
    if isinstance(pad.op, PadV2) and graph.input(pad, 2).data != x.quant.zero_point:
        return False
    (kernel_h, kernel_w), counts = graph.input(node, 1).shape[1:3], amounts.values
    spans = ((kernel_h - 1) * op.dilation_h, (kernel_w - 1) * op.dilation_w)
    within = all(max(counts[at]) <= span for at, span in zip((1, 2), spans, strict=True))
    return len(x.shape) == 4 and not np.any(counts[[0, 3]]) and within


def _padding(graph: Graph, pad: Node, call: Call) -> Call:
    """The call on what the PAD reads."""
    x, amounts = graph.input(pad), graph.input(pad, 1).values
    assert call.params is not None, "convolutions have parameters"
    changed = {
        "input_h": x.shape[1],
        "input_w": x.shape[2],
        "pad_top": int(amounts[1, 0]),
        "pad_left": int(amounts[2, 0]),
    }
    fields = tuple((name, changed.get(name, value)) for name, value in call.params.fields)
    args = tuple(
        replace(arg, tensor=x.name) if isinstance(arg, Value) and arg.tensor == pad.output else arg
        for arg in call.args
    )
    return replace(call, args=args, params=replace(call.params, fields=fields))
