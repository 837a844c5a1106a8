"""Rules about operators with several element types: comparisons, logic, selection, CAST."""

from __future__ import annotations

from edgekit.converter.ir.graph import DType, Graph, Node
from edgekit.converter.ir.ops_logic import COMPARISONS, LOGIC, MIXED, SELECTIONS
from edgekit.converter.ir.rule import node_rule

_COMPARED = (DType.FLOAT32, DType.INT8, DType.INT32)
_SELECTED = (DType.FLOAT32, DType.INT8, DType.INT16)


@node_rule("comparison-scale", *COMPARISONS, supported=True, hint="quantize the model again")
def comparison_scale(graph: Graph, node: Node) -> str:
    """The operands of an int8 comparison have scales below 1, where TFLite stops."""
    for at in (0, 1):
        x = graph.input(node, at)
        if x.dtype is DType.INT8 and x.quant is not None and x.quant.scale >= 1:
            return f"{x.name} has scale {x.quant.scale:.6g}"
    return ""


CASTS = frozenset(
    {
        (DType.BOOL, DType.FLOAT32),
        (DType.INT8, DType.FLOAT32),
        (DType.INT32, DType.FLOAT32),
        (DType.FLOAT32, DType.INT32),
        (DType.BOOL, DType.INT32),
        (DType.INT8, DType.INT32),
        (DType.FLOAT32, DType.BOOL),
        (DType.INT32, DType.BOOL),
        (DType.FLOAT32, DType.FLOAT32),
        (DType.INT32, DType.INT32),
    }
)
"""From and to."""


@node_rule("logic-formats", *MIXED, supported=True, hint="compute it outside the network")
def logic_formats(graph: Graph, node: Node) -> str:
    """Comparisons take two operands of float32, int8 or int32 and give bool; logic takes bool;
    SELECT a bool, and two operands of float32, int8 or int16. CAST goes from bool, int8 or int32 to
    float32, from bool, int8 or float32 to int32, and from float32 or int32 to bool."""
    kinds = [graph.input(node, at).dtype for at in range(len(node.inputs))]
    made = graph.output(node).dtype
    found = f"{', '.join(kinds)} to {made}"
    if isinstance(node.op, COMPARISONS):
        fits = kinds[0] is kinds[1] and kinds[0] in _COMPARED and made is DType.BOOL
    elif isinstance(node.op, LOGIC):
        fits = {*kinds, made} == {DType.BOOL}
    elif isinstance(node.op, SELECTIONS):
        fits = kinds[0] is DType.BOOL and set(kinds[1:]) == {made} and made in _SELECTED
    else:
        fits = (kinds[0], made) in CASTS
    return "" if fits else found
