"""Every rule has a graph that breaks it; the sentences are the documentation."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.interpret import run
from edgekit.converter.ir import ops, ops_logic
from edgekit.converter.ir.graph import DType, Graph, Node, Quant, State, Tensor
from edgekit.converter.ir.ops import Activation, Op, Padding
from edgekit.converter.ir.verify import (
    AGAIN,
    GRAPH_RULES,
    LOOK,
    NODE_RULES,
    supported_ops_markdown,
    verify,
    violations,
)
from edgekit.converter.tflite import read_tflite, write_tflite
from edgekit.errors import ModelError, UnsupportedError
from edgekit.litert import open_interpreter
from tests.helpers.random_graphs import random_graph

ROOT = Path(__file__).parents[3]
Q = Quant.per_tensor(0.1, 0)
UNIT = Quant.per_tensor(1 / 256, -128)
Operand = Tensor | None


def act(name: str, *shape: int, quant: Quant | None = Q, dtype: DType = DType.INT8) -> Tensor:
    return Tensor(name, shape, dtype, quant)


def floats(name: str, *shape: int) -> Tensor:
    return Tensor(name, shape, DType.FLOAT32)


def const(name: str, values: object, dtype: DType, quant: Quant | None = None) -> Tensor:
    array = np.asarray(values, dtype.numpy)
    return Tensor(name, array.shape, dtype, quant, array)


def one(op: Op, *operands: Operand, output: Tensor) -> Graph:
    """A graph of one node; operands without data are its inputs."""
    tensors = {t.name: t for t in (*operands, output) if t is not None}
    node = Node("n", op, tuple(t.name if t else None for t in operands), (output.name,))
    inputs = tuple(t.name for t in operands if t is not None and not t.constant)
    return Graph("g", tensors, (node,), inputs, (output.name,))


X = act("x", 1, 4, 4, 2)
W = const("w", np.ones((3, 1, 1, 2)), DType.INT8, Quant.per_tensor(0.5, 0))
B = const("b", [1, 2, 3], DType.INT32, Quant.per_tensor(0.1 * 0.5, 0))
Y = act("y", 1, 4, 4, 3)
CONV = ops.Conv2D(Padding.SAME)
GOOD = one(CONV, X, W, B, output=Y)


def _svdf(activation: Activation = Activation.RELU, **parts: Tensor) -> Graph:
    """Two units of one filter over three steps."""
    wide = Quant.per_tensor(0.001, 0)
    tensors = {
        "x": act("x", 1, 2),
        "w": const("w", np.ones((2, 2)), DType.INT8, Q),
        "t": const("t", np.ones((2, 3)), DType.INT16, Q),
        "b": const("b", [1, 2], DType.INT32, Q),
        "s": act("s", 1, 6, quant=wide, dtype=DType.INT16),
        "n": act("n", 1, 6, quant=wide, dtype=DType.INT16),
        "y": act("y", 1, 2),
        **parts,
    }
    node = Node("n", ops.Svdf(1, activation), ("x", "w", "t", "b", "s"), ("y", "n"))
    state = State("s", "s", "n", np.zeros((1, 6), np.int16))
    return Graph("g", tensors, (node,), ("x",), ("y",), {}, (state,))


def _detection(
    anchors: object = ((0.5, 0.5, 0.2, 0.2),),
    outputs: int = 4,
    dtype: DType = DType.FLOAT32,
    **options: float,
) -> Graph:
    """One box of two classes and the background."""
    op = replace(ops.DetectionPostProcess(1, 1, 2, 0.5, 0.5, 10.0, 10.0, 5.0, 5.0), **options)
    quant = Q if dtype is DType.INT8 else None
    shapes = {
        "boxes": (1, 1, 4),
        "scores": (1, 1, 3),
        "anchors": (1, 4),
        "y0": (1, 1, 4),
        "y1": (1, 1),
        "y2": (1, 1),
        "y3": (1,),
    }
    tensors = {name: Tensor(name, shape, dtype, quant) for name, shape in shapes.items()}
    names = list(tensors)
    if anchors is not None:
        tensors["anchors"] = const("anchors", anchors, dtype, quant)
    written = tuple(names[3 : 3 + outputs])
    inputs = tuple(name for name in names[:3] if not tensors[name].constant)
    return Graph("g", tensors, (Node("n", op, tuple(names[:3]), written),), inputs, written)


def _trees(
    trees: object = ((0, 0, 0),), outputs: int = 2, dtype: DType = DType.FLOAT32, **parts: object
) -> Graph:
    """One tree of two splits over two features; three leaves of two values."""
    quant = Q if dtype is DType.INT8 else None
    given = {
        "features": [0, 1],
        "thresholds": [1, 2],
        "children": [[1, -1], [-2, -3]],
        "leaves": [[1, 0], [0, 1], [2, 2]],
        **parts,
    }
    tensors = [
        const("features", given["features"], DType.INT16),
        const("thresholds", given["thresholds"], dtype, quant),
        const("children", given["children"], DType.INT16),
        const("trees", trees, DType.INT32),
        const("leaves", given["leaves"], DType.FLOAT32),
    ]
    y = floats("y", 1, outputs)
    return one(ops.TreeEnsemble(outputs), Tensor("x", (1, 2), dtype, quant), *tensors, output=y)


def _tree_of_computed_features() -> Graph:
    graph = _trees()
    computed = replace(graph["features"], data=None)
    return replace(graph.with_tensors(computed), inputs=("x", "features"))


def _lstm(*, peephole: bool = False, cell: float = 2**-11, hidden: Quant = Q) -> Graph:
    """One unit, one value, two steps."""
    roles = ops.UnidirectionalSequenceLstm.INPUTS
    tensors: dict[str, Tensor] = {}
    for role in roles:
        if role.startswith(("weights", "recurrent")):
            tensors[role] = const(role, [[1]], DType.INT8, Q)
        elif role.startswith("bias"):
            tensors[role] = const(role, [1], DType.INT32, Q)
    if peephole:
        tensors["peephole_input?"] = const("peephole_input?", [1], DType.INT16, Q)
    tensors["input"] = act("input", 1, 2, 1)
    for end in ("", "_next"):
        tensors["hidden" + end] = act("hidden" + end, 1, 1, quant=hidden)
        quant = Quant.per_tensor(cell, 0)
        tensors["cell" + end] = act("cell" + end, 1, 1, quant=quant, dtype=DType.INT16)
    tensors["y"] = act("y", 1, 2, 1)
    inputs = tuple(role if role in tensors else None for role in roles)
    node = Node("n", ops.UnidirectionalSequenceLstm(), inputs, ("y", "hidden_next", "cell_next"))
    states = (
        State("hidden", "hidden", "hidden_next", np.zeros((1, 1), np.int8)),
        State("cell", "cell", "cell_next", np.zeros((1, 1), np.int16)),
    )
    return Graph("g", tensors, (node,), ("input",), ("y",), {}, states)


def _bconv(
    output: Tensor, *ends: Operand, channels: int = 40, pad_values: int = 1, group: int = 2
) -> Graph:
    """Two outputs of 1x1 windows over 4x4 pixels."""
    x = act("x", 1, 4, 4, 2, quant=None, dtype=DType.INT32)
    weights = const("w", np.zeros((2, 3, 3, group)), DType.INT32)
    op = ops.LceBconv2d(channels, Padding.SAME, pad_values)
    return one(op, x, weights, *ends, output=output)


FACTORS = const("m", [1, 2], DType.FLOAT32), const("b", [1, 2], DType.FLOAT32), None
THRESHOLDS = None, None, const("t", [1, 2], DType.INT32)
REAL, PACKED = floats("y", 1, 4, 4, 2), act("y", 1, 4, 4, 1, quant=None, dtype=DType.INT32)

KEEPING = replace(GOOD.with_tensors(replace(X, name="other")), inputs=("other",))


def _stays(read: str, written: str) -> State:
    """A state that is written, but not what its node reads."""
    return State("s", read, read, np.zeros((1, 6), np.int16))


def _state(read: str, written: str, depth: int = 2) -> State:
    return State("s", read, written, np.zeros((1, 4, 4, depth), np.int8))


def conv(**parts: Tensor) -> Graph:
    chosen = {"x": X, "w": W, "b": B, "y": Y, **parts}
    return one(CONV, chosen["x"], chosen["w"], chosen["b"], output=chosen["y"])


def relu(x: Tensor, y: Tensor) -> Graph:
    return one(ops.Relu(), x, output=y)


def _two_relus(order: tuple[int, ...] = (0, 1), second: str = "z", name: str = "m") -> Graph:
    tensors = {n: act(n, 2) for n in ("x", "y", "z")}
    nodes = (
        Node("n", ops.Relu(), ("x",), ("y",)),
        Node(name, ops.Relu(), ("y",), (second,)),
    )
    return Graph("g", tensors, tuple(nodes[i] for i in order), ("x",), ("z",))


BROKEN: list[tuple[str, Graph, str]] = [
    ("not-empty", replace(GOOD, inputs=()), "no inputs"),
    ("not-empty", replace(GOOD, nodes=()), "no nodes"),
    ("not-empty", replace(GOOD, outputs=()), "no outputs"),
    ("names-resolve", replace(GOOD, outputs=("nothing",)), "no tensor 'nothing'"),
    (
        "names-resolve",
        replace(GOOD, nodes=(Node("n", CONV, ("x", "w", "ghost"), ("y",)),)),
        "no tensor 'ghost'",
    ),
    (
        "names-resolve",
        replace(GOOD, tensors={**GOOD.tensors, "other": X}),
        "stored under the name 'x'",
    ),
    ("one-producer", replace(GOOD, inputs=("x", "w")), "both a graph input and a constant"),
    ("one-producer", _two_relus(second="y"), "y is already written by n"),
    ("one-producer", _two_relus(second="x"), "x is already the graph's inputs"),
    ("unique-nodes", _two_relus(name="n"), "another node has this name"),
    ("execution-order", _two_relus(order=(1, 0)), "reads y before it is written"),
    ("execution-order", _two_relus(order=(0,)), "output z is never written"),
    ("one-producer", replace(GOOD, states=(_state("x", "y"),)), "also the graph's inputs"),
    ("names-resolve", replace(GOOD, states=(_state("z", "x"),)), "no tensor 'z'"),
    ("states-keep-their-form", replace(KEEPING, states=(_state("x", "y"),)), "read as"),
    (
        "states-keep-their-form",
        replace(KEEPING, states=(_state("x", "x", 3),)),
        "int8 [1, 4, 4, 3] as initial value of int8 [1, 4, 4, 2]",
    ),
    (
        "states-keep-their-form",
        replace(KEEPING, outputs=("y", "x"), states=(_state("x", "x"),)),
        "its tensor x is an output",
    ),
    ("tensors-sound", relu(act("x", 0, 2), act("y", 0, 2)), "shape [0, 2]"),
    (
        "tensors-sound",
        relu(act("x", 1, 2**16, 2**15), act("y", 1, 2**16, 2**15)),
        "shape [1, 65536, 32768], 2147483648 elements",
    ),
    (
        "tensors-sound",
        conv(w=replace(W, shape=(3, 1, 2, 2))),
        "int8 array [3, 1, 1, 2] for int8 [3, 1, 2, 2]",
    ),
    ("operand-count", one(CONV, X, output=Y), "1 operands instead of input, weights, bias?"),
    ("operand-count", one(CONV, X, None, B, output=Y), "3 operands"),
    ("operand-count", one(ops.Relu(), X, act("z", 2), output=Y), "2 operands"),
    ("operand-count", one(ops.Concatenation(0), X, None, output=Y), "an operand is absent"),
    ("rank", relu(act("x", *[1] * 7), act("y", *[1] * 7)), "[1, 1, 1, 1, 1, 1, 1]"),
    ("constant-parameters", conv(w=replace(W, data=None)), "weights w is computed at run time"),
    (
        "plain-convolution",
        conv(w=const("w", np.ones((4, 1, 1, 1)), DType.INT4, Q)),
        "int4 weights in groups",
    ),
    (
        "index-dtype",
        one(ops.Mean(), X, const("a", [1, 2], DType.INT64), output=act("y", 1, 2)),
        "axes int64",
    ),
    (
        "float-operators",
        one(ops.Square(), act("x", 1, 2), output=act("y", 1, 2)),
        "int8",
    ),
    (
        "root-input",
        one(ops.Rsqrt(), act("x", 1, 2), output=act("y", 1, 2)),
        "zero point 0",
    ),
    (
        "logic-formats",
        one(ops_logic.Greater(), X, act("b", 2), output=act("y", 1, 4, 4, 2)),
        "int8, int8 to int8",
    ),
    (
        "logic-formats",
        one(ops_logic.Cast(), floats("x", 2), output=act("y", 2)),
        "float32 to int8",
    ),
    (
        "comparison-scale",
        one(
            ops_logic.Less(),
            act("a", 2, quant=Quant.per_tensor(1.5, 0)),
            act("b", 2),
            output=act("y", 2, dtype=DType.BOOL, quant=None),
        ),
        "a has scale 1.5",
    ),
    (
        "int8-negation",
        one(ops.Neg(), act("x", 1, 2, quant=UNIT), output=act("y", 1, 2, quant=UNIT)),
        "zero -128",
    ),
    (
        "recurrent-formats",
        _svdf(t=const("t", np.ones((2, 3)), DType.INT8, Q)),
        "weights_time int8 with int8 activations",
    ),
    (
        "recurrent-formats",
        _svdf(w=const("w", np.ones((2, 2)), DType.INT8, Quant.per_tensor(0.1, 4))),
        "weights w: zero point 4",
    ),
    ("recurrent-formats", _lstm(cell=0.001), "cell scale 0.001"),
    ("recurrent-formats", _lstm(hidden=UNIT), "different scales or zero points"),
    ("plain-recurrent", _svdf(Activation.NONE), "activation NONE"),
    ("tree-formats", _trees().with_tensors(act("y", 1, 2)), "output int8"),
    ("tree-formats", _trees().with_tensors(act("x", 1, 2, dtype=DType.UINT8)), "input uint8"),
    ("tree-formats", _trees().with_tensors(act("x", 1, 2)), "thresholds float32"),
    (
        "tree-formats",
        _trees(dtype=DType.INT8).with_tensors(act("x", 1, 2, quant=Quant.per_tensor(0.7, 0))),
        "thresholds of another scale",
    ),
    ("constant-parameters", _tree_of_computed_features(), "features"),
    ("tree-walks", _trees(((1, 0, 0),)), "a tree without a node"),
    ("tree-walks", _trees(((0, 0, 0), (0, 0, 0))), "a tree without a node"),
    ("tree-walks", _trees(features=[0, 2]), "feature 2 of 2"),
    ("tree-walks", _trees(features=[-1, 0]), "feature -1 of 2"),
    ("tree-walks", _trees(children=[[1, -1], [1, -3]]), "a child that is no later node"),
    ("tree-walks", _trees(children=[[2, -1], [-2, -3]]), "a child that is no later node"),
    ("tree-walks", _trees(children=[[1, -1], [-2, -4]]), "a leaf that does not exist"),
    ("tree-walks", _trees(((0, 1, 0),)), "a leaf that does not exist"),
    ("tree-walks", _trees(((0, 0, 1),)), "output 1 of 2"),
    ("shapes-agree", _trees(outputs=3), "leaves [3, 2] for 3 outputs"),
    ("shapes-agree", _trees(((0, 0),)), "trees [1, 2]"),
    ("detection-options", _detection(nms_iou_threshold=0.0), "nms_iou_threshold 0.0"),
    ("detection-options", _detection(nms_score_threshold=math.nan), "nms_score_threshold nan"),
    ("detection-options", _detection(h_scale=-5.0), "h_scale -5.0"),
    ("detection-options", _detection(detections_per_class=0), "detections_per_class 0"),
    ("detection-anchors", _detection([[0.5, 0.5, 0.2, -0.2]]), "a height or width of -0.2"),
    ("detection-anchors", _detection(None), "anchors anchors are computed at run time"),
    ("shapes-agree", _detection([[0.5] * 4] * 2), "anchors [2, 4] for boxes [1, 1, 4]"),
    ("shapes-agree", _detection(num_classes=1), "scores [1, 1, 3] for 1 classes"),
    ("shapes-agree", _detection(outputs=3), "3 outputs instead of 4"),
    ("float-operators", _detection(dtype=DType.INT8), "int8"),
    ("plain-recurrent", _lstm(peephole=True), "peephole_input"),
    ("plain-recurrent", replace(_svdf(), states=(_stays("s", "n"),)), "s is no state of its own"),
    ("shapes-agree", conv(y=act("y", 1, 4, 4, 4)), "output [1, 4, 4, 4], operands give"),
    ("activations-dtype", relu(X, floats("y", 1, 4, 4, 2)), "input int8, output float32"),
    (
        "activations-dtype",
        one(ops.Quantize(), X, output=floats("y", 1, 4, 4, 2)),
        "output float32",
    ),
    ("activations-dtype", one(ops.Dequantize(), X, output=act("y", 1, 4, 4, 2)), "output int8"),
    (
        "activations-dtype",
        relu(act("x", 2, dtype=DType.INT32), act("y", 2, dtype=DType.INT32)),
        "input int32",
    ),
    (
        "int16-operators",
        one(ops.HardSwish(), act("x", 2, dtype=DType.INT16), output=act("y", 2, dtype=DType.INT16)),
        "int16",
    ),
    (
        "int16-slopes",
        one(
            ops.Prelu(),
            act("x", 2, dtype=DType.INT16),
            const("alpha", [3, 4], DType.INT16, Q),
            output=act("y", 2, dtype=DType.INT16),
        ),
        "alpha int16",
    ),
    (
        "int8-factor",
        conv(
            x=act("x", 1, 4, 4, 2, quant=Quant.per_tensor(1e10, 0)),
            b=const("b", [1, 2, 3], DType.INT32, Quant.per_tensor(5e9, 0)),
        ),
        "5e+10 output scales",
    ),
    (
        "int16-factor",
        conv(
            x=act("x", 1, 4, 4, 2, quant=Quant.per_tensor(100.0, 0), dtype=DType.INT16),
            b=const("b", [1, 2, 3], DType.INT64, Quant.per_tensor(50.0, 0)),
            y=act("y", 1, 4, 4, 3, dtype=DType.INT16),
        ),
        "500 output scales",
    ),
    (
        "int16-quantized",
        relu(
            act("x", 2, dtype=DType.INT16),
            act("y", 2, dtype=DType.INT16, quant=Quant.per_tensor(0.1, 3)),
        ),
        "output y: zero point 3",
    ),
    (
        "weights-dtype",
        conv(x=floats("x", 1, 4, 4, 2), y=floats("y", 1, 4, 4, 3)),
        "bias int32 with float32 activations",
    ),
    (
        "weights-dtype",
        conv(x=replace(X, dtype=DType.INT16), y=replace(Y, dtype=DType.INT16)),
        "bias int32 with int16 activations",
    ),
    (
        "weights-dtype",
        conv(
            w=replace(W, dtype=DType.UINT8, data=W.values.astype(np.uint8)),
            x=replace(X, dtype=DType.INT16),
            y=replace(Y, dtype=DType.INT16),
        ),
        "weights uint8 with int16 activations",
    ),
    (
        "weights-dtype",
        conv(b=const("b", [1.0, 2, 3], DType.FLOAT32)),
        "bias float32 with int8 activations",
    ),
    (
        "finite-parameters",
        one(
            ops.FullyConnected(),
            floats("x", 1, 2),
            const("w", [[1.0, np.nan]], DType.FLOAT32),
            output=floats("y", 1, 1),
        ),
        "weights w holds 1 values that are NaN or infinite",
    ),
    ("int8-quantized", relu(act("x", 2, quant=None), act("y", 2)), "input x: no scale"),
    (
        "int8-quantized",
        relu(act("x", 2, quant=Quant.per_channel([0.1, 0.2], 0)), act("y", 2)),
        "2 scales along axis 0",
    ),
    ("int8-quantized", relu(X, act("y", 1, 4, 4, 2, quant=Quant((0.0,), (0,)))), "scale 0.0"),
    (
        "int8-quantized",
        relu(X, act("y", 1, 4, 4, 2, quant=Quant((float("nan"),), (0,)))),
        "scale nan",
    ),
    (
        "int8-quantized",
        relu(act("x", 2), act("y", 2, quant=Quant((1.0,), (300,)))),
        "zero point 300",
    ),
    ("weights-symmetric", conv(w=replace(W, quant=Quant.per_tensor(0.5, 3))), "zero point 3"),
    ("weights-symmetric", conv(w=replace(W, quant=None)), "w has no scale"),
    (
        "weights-symmetric",
        conv(w=replace(W, quant=Quant.per_channel([1, 2], 3))),
        "2 scales along axis 3",
    ),
    (
        "weights-symmetric",
        conv(w=replace(W, quant=Quant.per_channel([1, 2], 0))),
        "2 scales along axis 0",
    ),
    (
        "weights-symmetric",
        conv(w=replace(W, quant=Quant.per_channel([1, -2, 1], 0))),
        "scale -2.0",
    ),
    ("bias-scale", conv(b=replace(B, quant=Quant.per_tensor(0.06, 0))), "1.2 times the product"),
    ("bias-scale", conv(b=replace(B, quant=Quant.per_tensor(0.05, 1))), "zero point 1"),
    (
        "bias-scale",
        conv(
            b=replace(B, quant=Quant((0.05, 0.05), (0, 0), 0)),
            w=replace(W, quant=Quant.per_channel([0.5] * 3, 0)),
        ),
        "2 scales along axis 0",
    ),
    (
        "bias-scale",
        conv(b=replace(B, quant=Quant.per_channel([0.05] * 3, 0))),
        "3 bias scales for 1 weight scales",
    ),
    (
        "same-scale",
        one(ops.Reshape(), X, output=act("y", 32, quant=Quant.per_tensor(0.2, 0))),
        "input scale 0.1 zero 0, output scale 0.2 zero 0",
    ),
    ("unit-output", one(ops.Softmax(), act("x", 1, 4), output=act("y", 1, 4)), "scale 0.1"),
    (
        "transposed-weights",
        one(
            ops.TransposeConv(Padding.SAME, activation=Activation.RELU),
            const("s", [1, 4, 4, 3], DType.INT32),
            W,
            X,
            output=Y,
        ),
        "activation RELU",
    ),
    (
        "plain-gather",
        one(
            ops.Gather(1, 1),
            act("x", 1, 4),
            const("i", [[0, 1]], DType.INT32),
            output=act("y", 1, 2, 2),
        ),
        "batch_dims 1",
    ),
    (
        "softmax-scale",
        one(
            ops.Softmax(),
            act("x", 1, 2, quant=Quant.per_tensor(8e-9, 0)),
            output=act("y", 1, 2, quant=Quant.per_tensor(1 / 256, -128)),
        ),
        "input scale 8e-09",
    ),
    (
        "softmax-scale",
        one(
            ops.LogSoftmax(),
            act("x", 1, 2, quant=Quant.per_tensor(2**-26, 0)),
            output=act("y", 1, 2, quant=Quant.per_tensor(1 / 16, 127)),
        ),
        "input scale 1.49012e-08",
    ),
    (
        "sum-scale",
        one(
            ops.Sub(),
            X,
            act("z", 1, 4, 4, 2, quant=Quant.per_tensor(5.0, 0)),
            output=act("y", 1, 4, 4, 2, quant=Quant.per_tensor(9e-6, 0)),
        ),
        "output scale 9e-06 of 5",
    ),
    ("leaky-alpha", one(ops.LeakyRelu(float("inf")), X, output=act("y", 1, 4, 4, 2)), "alpha inf"),
    (
        "hard-swish-scale",
        one(
            ops.HardSwish(),
            act("x", 2, quant=Quant.per_tensor(12.8, 0)),
            output=act("y", 2),
        ),
        "input scale 12.8",
    ),
    (
        "softmax-beta",
        one(ops.Softmax(-1.0), act("x", 1, 4), output=act("y", 1, 4, quant=UNIT)),
        "beta -1.0",
    ),
    (
        "plain-concatenation",
        one(
            ops.Concatenation(1, Activation.RELU),
            act("x", 1, 2),
            act("z", 1, 2),
            output=act("y", 1, 4),
        ),
        "activation RELU",
    ),
    (
        "packed-formats",
        one(ops.LceQuantize(), act("x", 1, 4), output=act("y", 1, 1)),
        "output int8",
    ),
    ("shapes-agree", _bconv(REAL, *FACTORS, channels=65), "channels_in 65 with 2 words"),
    ("shapes-agree", _bconv(REAL, *FACTORS, group=1), "40 channels in 2 groups"),
    (
        "shapes-agree",
        one(
            ops.LceDequantize(),
            act("x", 1, 2, quant=None, dtype=DType.INT32),
            output=floats("y", 1, 32),
        ),
        "[1, 2] words do not hold [1, 32]",
    ),
    ("binary-ends", _bconv(floats("y", 1, 4, 4, 1), *THRESHOLDS), "threshold with float32 output"),
    ("binary-ends", _bconv(REAL), "none of them with float32 output"),
    ("binary-padding", _bconv(REAL, *FACTORS, pad_values=3), "pad_values 3"),
    ("binary-padding", _bconv(REAL, *FACTORS, pad_values=0, channels=33), "33 channels"),
    ("binary-padding", _bconv(PACKED, *THRESHOLDS, pad_values=0), "packed output"),
]


@pytest.mark.parametrize(
    ("rule", "graph", "found"), BROKEN, ids=[f"{rule}: {found}" for rule, _, found in BROKEN]
)
def test_a_broken_rule_is_named_with_node_sentence_and_finding(
    rule: str, graph: Graph, found: str
) -> None:
    with pytest.raises(ModelError) as caught:
        verify(graph)
    error = caught.value
    assert (error.code, found in error.found) == (rule, True), str(error)
    known = {row.name: row for row in (*GRAPH_RULES, *NODE_RULES)}[rule]
    assert error.allowed == known.sentence.rstrip(".")
    assert error.subject.startswith("g: ")
    usual = LOOK if isinstance(error, UnsupportedError) else AGAIN
    assert error.hint == (getattr(known, "hint", "") or usual)


def test_every_rule_has_a_graph_that_breaks_it() -> None:
    assert {row.name for row in (*GRAPH_RULES, *NODE_RULES)} == {rule for rule, _, _ in BROKEN}


def test_limits_are_unsupported_and_contradictions_are_not() -> None:
    limits = {row.name for row in NODE_RULES if row.error is UnsupportedError}
    assert {"rank", "activations-dtype", "weights-dtype", "plain-convolution"} <= limits
    assert "shapes-agree" not in limits


@pytest.mark.parametrize("seed", range(10))
def test_sound_graphs_break_nothing(seed: int) -> None:
    assert list(violations(random_graph(seed))) == []
    verify(GOOD)


def test_a_bias_may_be_absent_and_its_scale_two_per_cent_off() -> None:
    verify(one(CONV, X, W, output=Y))
    verify(conv(b=replace(B, quant=Quant.per_tensor(0.0505, 0))))
    verify(conv(b=replace(B, quant=None)))


def test_the_first_broken_node_is_named() -> None:
    tensors = {n: act(n, 2) for n in ("x", "z")} | {"y": act("y", 3)}
    nodes = (Node("n", ops.Relu(), ("x",), ("y",)), Node("m", ops.Relu(), ("y",), ("z",)))
    graph = Graph("g", tensors, nodes, ("x",), ("z",))
    assert [error.subject for error in violations(graph)] == [
        "g: node n (RELU)",
        "g: node m (RELU)",
    ]


def test_real_models_break_nothing(test_data: Path) -> None:
    names = ("mlperf_mobilenetv1_vww96_int8", "mlperf_resnet8_cifar10_int8", "mlperf_ad01_int8",
             "mlperf_dscnn_kws_int8", "mlperf_vww_96_float", "mlperf_streaming_wakeword_int8",
             "tflm_micro_speech_int8", "tflm_hello_world_int8")  # fmt: skip
    for name in names:
        data = (test_data / "models" / f"{name}.tflite").read_bytes()
        verify(read_tflite(data, name))


def test_supported_ops_page_is_current() -> None:
    page = (ROOT / "docs" / "supported_ops.md").read_text(encoding="utf-8")
    assert page == supported_ops_markdown(), (
        "run: python -c 'from edgekit.converter.ir.verify import supported_ops_markdown as m; "
        'print(m(), end="")\' > docs/supported_ops.md'
    )


def test_supported_ops_page_lists_operators_attributes_and_rules() -> None:
    page = supported_ops_markdown()
    assert "| CONV_2D | `input`, `weights`, `bias?` | `padding`, `stride_h`," in page
    assert "| MAX_POOL_2D | `input` | `padding`, `filter_h`," in page
    for row in (*GRAPH_RULES, *NODE_RULES):
        assert f"| `{row.name}` | {row.sentence} |" in page


@pytest.mark.parametrize(
    ("weights", "bias"),
    [
        # 2 % of the output scale is more than 2 % of the product here.
        (Quant.per_tensor(0.03, 0), Quant.per_tensor(0.1 * 0.03 * 1.6, 0)),
        # TensorFlow's older quantizer rescales single channels of a bias.
        (Quant.per_channel([0.5, 0.25, 0.1], 0), Quant.per_channel([0.05, 0.2, 0.01], 0)),
    ],
)
def test_biases_that_tflite_runs_are_run_alike(weights: Quant, bias: Quant) -> None:
    """Its kernels add the stored integers; the scale beside them is checked under one weight
    scale only, against the output's."""
    graph = conv(w=replace(W, quant=weights), b=replace(B, quant=bias))
    verify(graph)
    x = np.random.default_rng(2).integers(-128, 128, X.shape).astype(np.int8)
    [expected] = open_interpreter(write_tflite(graph), kernels="reference").run([x])
    assert np.array_equal(run(graph, x)["y"], expected)
