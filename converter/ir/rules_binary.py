"""Rules about binarized operators, after the Larq Compute Engine's."""

from __future__ import annotations

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node
from edgekit.converter.ir.ops_base import Padding
from edgekit.converter.ir.ops_binary import BINARY
from edgekit.converter.ir.rule import node_rule, operands
from edgekit.converter.ir.shapes_binary import groups

_VALUES = (DType.FLOAT32, DType.INT8)
_SIGNS = {
    ops.LceQuantize: ((*_VALUES, DType.BOOL), (DType.INT32,)),
    ops.LceDequantize: ((DType.INT32,), (*_VALUES, DType.BOOL)),
    ops.LceBconv2d: ((DType.INT32,), (*_VALUES, DType.INT32)),
    ops.LceBMaxPool2d: ((DType.INT32,), (DType.INT32,)),
}
"""Element types of input and output."""


@node_rule("packed-formats", *BINARY, supported=True, hint="export it again with LCE's converter")
def packed_formats(graph: Graph, node: Node) -> str:
    """Packed signs are int32; LceQuantize packs float32, int8 or bool, LceDequantize gives them,
    and an LceBconv2d gives float32, int8 or packed signs. Its weights are packed, multiplier and
    bias float32, thresholds int32."""
    reads, writes = _SIGNS[type(node.op)]
    wanted = {
        "input": reads, "output": writes, "weights": (DType.INT32,), "threshold": (DType.INT32,),
        "multiplier": (DType.FLOAT32,), "bias": (DType.FLOAT32,),
    }  # fmt: skip
    for role, tensor in [*operands(graph, node), ("output", graph.output(node))]:
        if tensor.dtype not in wanted[role]:
            return f"{role} {tensor.dtype}"
    return ""


@node_rule("binary-ends", ops.LceBconv2d)
def binary_ends(graph: Graph, node: Node) -> str:
    """An LceBconv2d with float32 or int8 output has multiplier and bias and no threshold, one with
    packed output a threshold alone."""
    packed = graph.output(node).dtype is DType.INT32
    wanted = {"threshold"} if packed else {"multiplier", "bias"}
    found = {role for role, _ in operands(graph, node)} - {"input", "weights"}
    if found == wanted:
        return ""
    given = ", ".join(sorted(found)) or "none of them"
    return f"{given} with {'packed' if packed else graph.output(node).dtype} output"


@node_rule("binary-padding", ops.LceBconv2d, hint="train with padding of ones")
def binary_padding(graph: Graph, node: Node) -> str:
    """An LceBconv2d pads with 1 or 0. With SAME padding of zeros its channels (of a group) are an
    even number and its output is not packed: LCE has no such kernel."""
    op = node.op
    assert isinstance(op, ops.LceBconv2d)
    if op.pad_values not in (0, 1):
        return f"pad_values {op.pad_values}"
    if op.padding is Padding.VALID or op.pad_values:
        return ""
    own = op.channels_in // groups(graph, node)
    packed = graph.output(node).dtype is DType.INT32
    return f"{own} channels" if own % 2 else "packed output" if packed else ""
