"""Rules about names, order and shapes."""

from __future__ import annotations

import math

from edgekit.converter.axes import merged, merged_operands
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node
from edgekit.converter.ir.ops_functions import FUNCTIONS, PAIRS
from edgekit.converter.ir.ops_logic import (
    COMPARISONS,
    SELECTIONS,
    SUMS,
    TURNED,
    Cast,
    LogicalAnd,
    LogicalNot,
    LogicalOr,
)
from edgekit.converter.ir.rule import PARAMETER_ROLES, activations, graph_rule, node_rule, operands
from edgekit.converter.ir.shapes import ShapeError, infer_shapes, reduced_axes
from edgekit.converter.ir.slicing import Shape

MAX_RANK = 4
MAX_MOVED_RANK = 6


@graph_rule("not-empty")
def not_empty(graph: Graph) -> tuple[str, str] | None:
    """A graph has at least one input, one node and one output."""
    for part in ("inputs", "nodes", "outputs"):
        if not getattr(graph, part):
            return "graph", f"no {part}"
    return None


@graph_rule("names-resolve")
def names_resolve(graph: Graph) -> tuple[str, str] | None:
    """Every tensor that a node or the graph's border names exists, under its own name."""
    for key, tensor in graph.tensors.items():
        if key != tensor.name:
            return f"tensor {key}", f"it is stored under the name {tensor.name!r}"
    for node in graph.nodes:
        for name in (*node.inputs, *node.outputs):
            if name is not None and name not in graph.tensors:
                return _of(node), f"no tensor {name!r}"
    for name in (*graph.sources, *graph.results):
        if name not in graph.tensors:
            return "graph", f"no tensor {name!r}"
    return None


@graph_rule("one-producer")
def one_producer(graph: Graph) -> tuple[str, str] | None:
    """A tensor is a constant, a graph input, a state or the output of exactly one node."""
    written = dict.fromkeys(graph.inputs, "the graph's inputs")
    for name in graph.inputs:
        if graph[name].constant:
            return f"tensor {name}", "both a graph input and a constant"
    for state in graph.states:
        if graph[state.read].constant or state.read in written:
            return f"tensor {state.read}", f"a state and also {written.get(state.read, 'constant')}"
        written[state.read] = "a state"
    for node in graph.nodes:
        for name in node.outputs:
            if graph[name].constant or name in written:
                return _of(node), f"{name} is already {written.get(name, 'a constant')}"
            written[name] = f"written by {node.name}"
    return None


@graph_rule("unique-nodes")
def unique_nodes(graph: Graph) -> tuple[str, str] | None:
    """Nodes have different names."""
    seen: set[str] = set()
    for node in graph.nodes:
        if node.name in seen:
            return _of(node), "another node has this name"
        seen.add(node.name)
    return None


@graph_rule("execution-order")
def execution_order(graph: Graph) -> tuple[str, str] | None:
    """Nodes stand in execution order, and the graph's outputs have been written at the end."""
    ready = set(graph.sources) | {name for name, tensor in graph.tensors.items() if tensor.constant}
    for node in graph.nodes:
        for name in node.inputs:
            if name is not None and name not in ready:
                return _of(node), f"reads {name} before it is written"
        ready.update(node.outputs)
    for name in graph.results:
        if name not in ready:
            return "graph", f"output {name} is never written"
    return None


@graph_rule("states-keep-their-form")
def states_keep_their_form(graph: Graph) -> tuple[str, str] | None:
    """A state has one shape, element type and quantization throughout, as its initial value, and
    is no output itself."""
    for state in graph.states:
        read, written = graph[state.read], graph[state.written]
        forms = [(list(t.shape), t.dtype.value, t.quant) for t in (read, written)]
        if forms[0] != forms[1]:
            return f"state {state.name}", f"read as {forms[0]}, written as {forms[1]}"
        if state.initial.shape != read.shape or state.initial.dtype != read.dtype.numpy:
            found = f"{state.initial.dtype} {list(state.initial.shape)} as initial value"
            return f"state {state.name}", f"{found} of {read.dtype} {list(read.shape)}"
        if state.read in graph.outputs:
            return f"state {state.name}", f"its tensor {state.read} is an output"
    return None


@graph_rule("tensors-sound")
def tensors_sound(graph: Graph) -> tuple[str, str] | None:
    """Extents are at least 1, tensors have less than 2^31 elements, and a constant's array has its
    tensor's shape and element type."""
    for name, tensor in graph.tensors.items():
        if any(extent < 1 for extent in tensor.shape):
            return f"tensor {name}", f"shape {list(tensor.shape)}"
        if math.prod(tensor.shape) >= 2**31:
            return (
                f"tensor {name}",
                f"shape {list(tensor.shape)}, {math.prod(tensor.shape)} elements",
            )
        if tensor.data is None:
            continue
        if tensor.data.shape != tensor.shape or tensor.data.dtype != tensor.dtype.numpy:
            found = f"{tensor.data.dtype} array {list(tensor.data.shape)}"
            return f"tensor {name}", f"{found} for {tensor.dtype} {list(tensor.shape)}"
    return None


@node_rule("operand-count")
def operand_count(graph: Graph, node: Node) -> str:
    """A node has the operands its operator takes; only those marked "?" may be absent."""
    roles = node.op.INPUTS
    wanted = 1 + len(node.op.STATES)
    if not node.outputs or (len(node.outputs) != wanted and not node.op.SEVERAL):
        return f"{len(node.outputs)} outputs"
    if roles[-1].endswith("..."):
        return "" if node.inputs and None not in node.inputs else "an operand is absent"
    padded = (*node.inputs, *[None] * len(roles))
    absent = [r for r, name in zip(roles, padded, strict=False) if name is None and r[-1] != "?"]
    if absent or len(node.inputs) > len(roles):
        return f"{len(node.inputs)} operands instead of {', '.join(roles)}"
    return ""


_SINGLY: tuple[type[ops.Op], ...] = (
    ops.ReduceMax,
    ops.ReduceMin,
    ops.ArgMax,
    ops.Softmax,
    ops.LogSoftmax,
    ops.L2Normalization,
    ops.Logistic,
    ops.Tanh,
    ops.Relu,
    ops.Relu6,
    ops.ReluN1To1,
    ops.Relu0To1,
    ops.LeakyRelu,
    ops.Elu,
    ops.HardSwish,
    ops.Abs,
    ops.Rsqrt,
    ops.Exp,
    ops.Log,
    ops.Sqrt,
    ops.Square,
    ops.Neg,
    ops.Floor,
)
"""Value by value, or along one axis."""

_ANY_RANK: tuple[type[ops.Op], ...] = (
    ops.Reshape,
    ops.Squeeze,
    ops.ExpandDims,
    ops.Transpose,
    ops.StridedSlice,
    ops.Slice,
    ops.Split,
    ops.SplitV,
    ops.Pack,
    ops.Unpack,
    ops.Tile,
    ops.Gather,
    ops.Concatenation,
    ops.Quantize,
    ops.Dequantize,
    *_SINGLY,
    *FUNCTIONS,
    *TURNED,
    *SUMS,
    LogicalNot,
    Cast,
)

_BROADCASTS: tuple[type[ops.Op], ...] = (
    ops.Add,
    ops.Sub,
    ops.Mul,
    ops.Div,
    ops.Maximum,
    ops.Minimum,
    ops.SquaredDifference,
    *PAIRS,
    *COMPARISONS,
    LogicalAnd,
    LogicalOr,
    *SELECTIONS,
)


@node_rule("rank", supported=True, hint="reshape the tensors, or fold the leading extents")
def rank(graph: Graph, node: Node) -> str:
    """Tensors have at most 4 extents; those that are moved or computed value by value at most 6,
    and so those of broadcasts and reductions where neighbouring extents treated alike leave 4."""
    most = MAX_RANK
    if isinstance(node.op, _ANY_RANK) or len(_essential(graph, node)) <= MAX_RANK:
        most = MAX_MOVED_RANK
    for role, tensor in [*operands(graph, node), *activations(graph, node)]:
        if len(tensor.shape) > most:
            return f"{role} {tensor.name} {list(tensor.shape)}"
    return ""


def _essential(graph: Graph, node: Node) -> Shape:
    """The extents that a broadcast or reduction works on, neighbours alike taken as one."""
    try:
        if isinstance(node.op, ops.Mean | ops.Sum) and graph.input(node, 1).constant:
            x, axes = graph.input(node).shape, reduced_axes(graph, node)
            return merged(x, [axis in axes for axis in range(len(x))])[0]
        if isinstance(node.op, _BROADCASTS):
            shapes = [graph.input(node, at).shape for at in range(len(node.inputs))]
            return merged_operands(infer_shapes(graph, node)[0], *shapes)[0]
    except ShapeError:
        pass  # a later rule says what is wrong
    return graph.output(node).shape


@node_rule("constant-parameters", supported=True, hint="export the model with fixed parameters")
def constant_parameters(graph: Graph, node: Node) -> str:
    """Weights, biases, multipliers, thresholds, axes, paddings, shapes, indices and padding values
    are constants."""
    for role, tensor in operands(graph, node):
        if (role in PARAMETER_ROLES or role == "value") and not tensor.constant:
            return f"{role} {tensor.name} is computed at run time"
    return ""


@node_rule("plain-convolution", ops.Conv2D, supported=True, hint="use one convolution per group")
def plain_convolution(graph: Graph, node: Node) -> str:
    """Grouped convolutions have float32 or int8 activations and weights."""
    x, weights = graph.input(node), graph.input(node, 1)
    if len(x.shape) != 4 or len(weights.shape) != 4 or x.shape[3] == weights.shape[3]:
        return ""
    kinds = (x.dtype, weights.dtype)
    plain = kinds in ((DType.FLOAT32, DType.FLOAT32), (DType.INT8, DType.INT8))
    return "" if plain else f"{kinds[1]} weights in groups with {kinds[0]} activations"


@node_rule("shapes-agree")
def shapes_agree(graph: Graph, node: Node) -> str:
    """Outputs have the shapes that the operands and attributes give."""
    try:
        expected = infer_shapes(graph, node)
    except ShapeError as error:
        return str(error)
    for name, shape in zip(node.outputs, expected, strict=True):
        actual = graph[name].shape
        if actual != shape:
            return f"output {list(actual)}, operands give {list(shape)}"
    return ""


def _of(node: Node) -> str:
    return f"node {node.name} ({node.op.NAME})"
