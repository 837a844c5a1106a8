"""PAD in front of a VALID convolution that is SAME in other words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgekit.converter.compress.edit import merged, only_reader
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.ops import Conv2D, DepthwiseConv2D, Pad, Padding
from edgekit.converter.ir.shapes import output_extent, padding_before


def fold_padding(graph: Graph) -> Graph:
    """A zero PAD before a VALID convolution becomes SAME where TFLite's SAME pads the same.

    So do Keras' ZeroPadding2D(((0, 1), (0, 1))) and a stride of 2 on even sizes. Other paddings
    stay. Pooling is left alone: its SAME does not count the padding.
    """
    for node in graph.nodes:
        if not isinstance(node.op, Pad) or node not in graph.nodes:
            continue
        reader = only_reader(graph, node.output)
        if reader is not None and _is_same(graph, node, reader):
            assert isinstance(reader.op, Conv2D | DepthwiseConv2D)
            same = replace(reader.op, padding=Padding.SAME)
            made = replace(reader, op=same, inputs=(node.inputs[0], *reader.inputs[1:]))
            graph = merged(graph, node, reader, made)
    return graph


def _is_same(graph: Graph, pad: Node, reader: Node) -> bool:
    op = reader.op
    if not isinstance(op, Conv2D | DepthwiseConv2D) or op.padding is not Padding.VALID:
        return False
    amounts = graph.input(pad, 1).values.astype(np.int64)
    if amounts.shape != (4, 2) or amounts[[0, 3]].any() or reader.inputs[0] != pad.output:
        return False
    _, height, width, _ = graph.input(pad).shape
    _, rows, columns, _ = graph.input(reader, 1).shape
    axes = (
        (height, rows, op.stride_h, op.dilation_h, 1),
        (width, columns, op.stride_w, op.dilation_w, 2),
    )
    return all(_axis_is_same(*axis[:4], tuple(amounts[axis[4]].tolist())) for axis in axes)


def _axis_is_same(
    size: int, window: int, stride: int, dilation: int, amounts: tuple[int, ...]
) -> bool:
    """Whether SAME makes as many outputs, from windows that start where these do.

    Padding behind the last window is never read and may differ.
    """
    outputs = output_extent(size, window, stride, dilation, Padding.SAME)
    padded = size + sum(amounts)
    before = padding_before(size, window, stride, dilation, Padding.SAME)
    return (
        output_extent(padded, window, stride, dilation, Padding.VALID) == outputs
        and before == amounts[0]
    )
