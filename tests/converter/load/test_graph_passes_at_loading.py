"""The small passes between reading and verifying."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edgekit.converter.interpret import run
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, Quant, Tensor
from edgekit.converter.ir.ops import Activation, Padding
from edgekit.converter.ir.verify import verify
from edgekit.converter.load.dequantize import dequantize_graph, fold_stored_weights, real_values
from edgekit.converter.load.export import Exported, output_names, rename, restore_names
from edgekit.converter.load.legacy import is_legacy, uint8_to_int8
from edgekit.converter.load.load import prepare
from edgekit.converter.load.rewire import bypass, own_biases
from edgekit.converter.tflite import read_tflite, write_tflite
from edgekit.converter.tflite.reader import SIGNATURE_INPUTS, SIGNATURE_OUTPUTS
from edgekit.errors import ModelError, UnsupportedError
from tests.helpers import oracle
from tests.helpers.float_graphs import FloatGraph
from tests.helpers.int8_graphs import GraphBuilder
from tests.helpers.odd_tflite import changed

Q = Quant.per_tensor(0.1, 0)


def act(name: str, *shape: int, dtype: DType = DType.INT8, quant: Quant | None = Q) -> Tensor:
    return Tensor(name, shape, dtype, quant if dtype is not DType.FLOAT32 else None)


def chain(*steps: tuple[str, ops.Op], outputs: tuple[str, ...] = ()) -> Graph:
    """x -> one node per step, each named as its output."""
    names = ["x", *(name for name, _ in steps)]
    tensors = {name: act(name, 4) for name in names}
    nodes = tuple(
        Node(name, op, (source,), (name,)) for source, (name, op) in zip(names, steps, strict=False)
    )
    return Graph("g", tensors, nodes, ("x",), outputs or (names[-1],))


# ------------------------------------------------------------------------------------ bypass

RELU, QUANTIZE = ops.Relu(), ops.Quantize()


def test_bypass_in_the_middle_and_at_the_input() -> None:
    graph = bypass(chain(("a", QUANTIZE), ("b", RELU), ("c", QUANTIZE), ("d", RELU)), ["a", "c"])
    assert [(n.name, n.inputs) for n in graph.nodes] == [("b", ("x",)), ("d", ("b",))]
    assert set(graph.tensors) == {"x", "b", "d"}
    verify(graph)


def test_bypass_at_the_output_keeps_its_name() -> None:
    graph = bypass(chain(("a", RELU), ("b", QUANTIZE), ("c", QUANTIZE)), ["b", "c"])
    assert [(n.name, n.output) for n in graph.nodes] == [("c", "c")]
    assert graph.outputs == ("c",)
    verify(graph)


def test_bypass_leaves_a_node_between_input_and_output() -> None:
    graph = bypass(chain(("a", QUANTIZE)), ["a"])
    assert [n.name for n in graph.nodes] == ["a"]
    verify(graph)


def test_bypass_leaves_a_second_output_of_the_same_value() -> None:
    tensors = {name: act(name, 4) for name in "xab"}
    nodes = (Node("a", RELU, ("x",), ("a",)), Node("b", QUANTIZE, ("a",), ("b",)))
    graph = bypass(Graph("g", tensors, nodes, ("x",), ("a", "b")), ["b"])
    assert graph.outputs == ("a", "b")
    verify(graph)


def test_shared_biases_are_separated() -> None:
    g = GraphBuilder("shared")
    x = g.input((1, 4), Q)
    graph = g.graph(g.dense(x, np.ones((4, 4), np.int8), Q, bias=np.zeros(4, np.int32), name="one"))
    first = graph.nodes[0]
    second = Node("two", first.op, ("one", *first.inputs[1:]), ("two",))
    shared = replace(graph.with_tensors(act("two", 1, 4)), nodes=(first, second), outputs=("two",))
    owned = own_biases(shared)
    assert owned.nodes[0].inputs[2] == first.inputs[2]
    assert owned.nodes[1].inputs[1:] == (first.inputs[1], "two_bias")
    assert owned["two_bias"].data is shared[first.inputs[2] or ""].data
    verify(owned)
    assert own_biases(owned) is owned


# -------------------------------------------------------------------------------- dequantize


def small_int8() -> Graph:
    rng = np.random.default_rng(3)
    g = GraphBuilder("small")
    x = g.input((1, 6, 6, 3), Quant.per_tensor(1 / 64, 0))
    y = g.conv(
        x,
        rng.integers(-127, 128, (4, 3, 3, 3)).astype(np.int8),
        Padding.SAME,
        Quant.per_tensor(0.2, -128),
        scales=Quant.per_channel([0.01, 0.02, 0.005, 0.01], 0),
        bias=rng.integers(-2000, 2000, 4).astype(np.int32),
        activation=Activation.RELU,
        name="conv",
    )
    flat = g.reshape(y, (1, 144), name="flat")
    scores = g.dense(
        flat,
        rng.integers(-127, 128, (5, 144)).astype(np.int8),
        Quant.per_tensor(1.0, 3),
        scales=Quant.per_tensor(0.004, 0),
        name="scores",
    )
    return g.graph(scores)


def test_dequantized_graphs_are_float_and_close() -> None:
    graph = small_int8()
    floats = dequantize_graph(graph)
    verify(floats)
    assert {t.dtype for t in floats.tensors.values()} == {DType.FLOAT32}
    assert all(t.quant is None for t in floats.tensors.values())
    codes = np.random.default_rng(4).integers(-128, 128, (1, 6, 6, 3)).astype(np.int8)
    real = real_values(codes, graph[graph.inputs[0]].quant or Q).astype(np.float32)
    [[quantized], [exact]] = oracle.run_tflite_runtime(
        [(write_tflite(graph), [codes]), (write_tflite(floats), [real])]
    )
    back = real_values(quantized, graph["scores"].quant or Q)
    assert np.abs(exact).max() > 10
    assert np.abs(back - exact).max() <= 1.0, "one step of the output scale"


def test_dequantize_removes_quantize_and_dequantize() -> None:
    graph = small_int8()
    image, out = (
        act("image", 1, 6, 6, 3, dtype=DType.FLOAT32),
        act("out", 1, 5, dtype=DType.FLOAT32),
    )
    nodes = (
        Node("x0", QUANTIZE, ("image",), ("x0",)),
        *graph.nodes,
        Node("out", ops.Dequantize(), ("scores",), ("out",)),
    )
    bordered = replace(
        graph.with_tensors(image, out), nodes=nodes, inputs=("image",), outputs=("out",)
    )
    verify(bordered)
    floats = dequantize_graph(bordered)
    verify(floats)
    assert [n.op.NAME for n in floats.nodes] == ["CONV_2D", "RESHAPE", "FULLY_CONNECTED"]
    assert (floats.inputs, floats.outputs) == (("image",), ("out",))


def test_a_bias_without_scale_takes_the_product() -> None:
    graph = small_int8()
    bias = graph[graph.nodes[0].inputs[2] or ""]
    with_scale = dequantize_graph(graph)[bias.name].values
    without = dequantize_graph(graph.with_tensors(replace(bias, quant=None)))[bias.name].values
    assert without == pytest.approx(with_scale, rel=1e-6)


def test_float_graphs_and_indices_stay_as_they_are() -> None:
    x, y = act("x", 1, 2, 2, 1, dtype=DType.FLOAT32), act("y", 1, 1, dtype=DType.FLOAT32)
    axes = Tensor("axes", (2,), DType.INT32, None, np.array([1, 2], np.int32))
    node = Node("y", ops.Mean(), ("x", "axes"), ("y",))
    graph = Graph("g", {"x": x, "axes": axes, "y": y}, (node,), ("x",), ("y",))
    assert dequantize_graph(graph)["axes"].dtype is DType.INT32
    assert dequantize_graph(graph).nodes == graph.nodes


# --------------------------------------------------------------------------- stored weights


def test_dynamic_range_weights_are_expanded_with_a_note() -> None:
    x, y = act("x", 1, 3, dtype=DType.FLOAT32), act("y", 1, 2, dtype=DType.FLOAT32)
    codes = np.array([[1, -2, 3], [4, 5, -6]], np.int8)
    w = Tensor("w", (2, 3), DType.INT8, Quant.per_channel([0.5, 0.25], 0), codes)
    node = Node("y", ops.FullyConnected(), ("x", "w"), ("y",))
    graph = Graph("g", {"x": x, "w": w, "y": y}, (node,), ("x",), ("y",))
    folded, notes = prepare(graph)
    verify(folded)
    assert folded["w"].values.tolist() == [[0.5, -1.0, 1.5], [1.0, 1.25, -1.5]]
    assert notes == ("1 int8 weight tensors expanded to float32",)


def test_float16_weights_behind_dequantize_are_expanded() -> None:
    x, y = act("x", 1, 2, dtype=DType.FLOAT32), act("y", 1, 1, dtype=DType.FLOAT32)
    stored = Tensor("h", (1, 2), DType.FLOAT16, None, np.array([[0.5, 2.0]], np.float16))
    w = act("w", 1, 2, dtype=DType.FLOAT32)
    nodes = (
        Node("w", ops.Dequantize(), ("h",), ("w",)),
        Node("y", ops.FullyConnected(), ("x", "w"), ("y",)),
    )
    graph = Graph("g", {t.name: t for t in (x, y, stored, w)}, nodes, ("x",), ("y",))
    folded, notes = fold_stored_weights(graph)
    verify(folded)
    assert folded.input(folded.nodes[0], 1).values.tolist() == [[0.5, 2.0]]
    assert notes == ("1 float16 weight tensors expanded to float32",)
    again, none = fold_stored_weights(folded)
    assert (again is folded, none) == (True, ())


# ------------------------------------------------------------------------------ legacy uint8


def as_uint8(module: Any, model: Any) -> None:
    """Every int8 tensor becomes uint8 of the same real values: codes and zero points plus 128."""
    for tensor in model.subgraphs[0].tensors:
        if tensor.type != module.TensorType.INT8:
            continue
        tensor.type = module.TensorType.UINT8
        tensor.quantization.zeroPoint = [int(z) + 128 for z in tensor.quantization.zeroPoint]
        data = model.buffers[tensor.buffer].data if tensor.buffer else None
        if data is not None:
            model.buffers[tensor.buffer].data = np.asarray(data, np.uint8) ^ 0x80


def legacy_candidate() -> Graph:
    """int8, per tensor, over the operators that uint8 kernels share with int8 ones exactly."""
    rng = np.random.default_rng(5)
    g = GraphBuilder("legacy")
    one = Quant.per_tensor(0.01, 0)
    x = g.input((1, 6, 6, 4), Quant.per_tensor(1 / 64, 3))

    def codes(*shape: int) -> np.ndarray:
        return rng.integers(-127, 128, shape).astype(np.int8)

    bias = rng.integers(-900, 900, 4).astype(np.int32)
    conv = g.conv(
        x, codes(4, 3, 3, 4), Padding.SAME, Quant.per_tensor(0.05, -9), scales=one, bias=bias
    )
    deep = g.depthwise(
        conv, codes(1, 3, 3, 4), Padding.SAME, Quant.per_tensor(0.06, 5), scales=one, bias=bias
    )
    total = g.node(
        ops.Add(Activation.RELU), [conv, deep], (1, 6, 6, 4), Quant.per_tensor(0.08, -100)
    )
    pooled = g.node(
        ops.MaxPool2D(Padding.VALID, 2, 2, 2, 2),
        [total],
        (1, 3, 3, 4),
        Quant.per_tensor(0.08, -100),
    )
    flat = g.reshape(pooled, (1, 36))
    out = Quant.per_tensor(0.3, 7)
    return g.graph(g.dense(flat, codes(5, 36), out, scales=one, bias=bias.repeat(2)[:5]))


def test_legacy_uint8_computes_the_same_in_int8() -> None:
    data = changed(write_tflite(legacy_candidate()), as_uint8)
    legacy = read_tflite(data, "legacy")
    assert is_legacy(legacy)
    converted, notes = uint8_to_int8(legacy)
    verify(converted)
    assert not is_legacy(converted)
    assert notes[0].startswith("legacy uint8")
    assert "subtract 128 from uint8 data for" in notes[1]
    rng, jobs = np.random.default_rng(6), []
    for _ in range(10):
        codes = rng.integers(0, 256, (1, 6, 6, 4)).astype(np.uint8)
        shifted = (codes.astype(np.int16) - 128).astype(np.int8)
        jobs += [(data, [codes]), (write_tflite(converted), [shifted])]
    answers = oracle.run_tflite_runtime(jobs)
    for [theirs], [ours] in zip(answers[::2], answers[1::2], strict=True):
        assert np.array_equal(theirs.astype(np.int16) - 128, ours.astype(np.int16))


def test_means_in_legacy_graphs_get_a_note() -> None:
    g = GraphBuilder("average")
    x = g.input((1, 2, 2, 1), Q)
    axes = g.constant(np.array([1, 2], np.int32))
    graph = g.graph(g.node(ops.Mean(True), [x, axes], (1, 1, 1, 1), Q))
    _, notes = uint8_to_int8(read_tflite(changed(write_tflite(graph), as_uint8), "g"))
    assert "halfway" in notes[-1]


def test_uint8_borders_of_an_int8_model_disappear() -> None:
    """`inference_input_type=tf.uint8` puts QUANTIZE at both ends; int8 needs neither."""
    graph = small_int8()
    first = Tensor("image", (1, 6, 6, 3), DType.UINT8, Quant.per_tensor(1 / 64, 128))
    last = Tensor("result", (1, 5), DType.UINT8, Quant.per_tensor(1.0, 131))
    nodes = (
        Node("x0", QUANTIZE, ("image",), ("x0",)),
        *graph.nodes,
        Node("result", QUANTIZE, ("scores",), ("result",)),
    )
    bordered = replace(
        graph.with_tensors(first, last), nodes=nodes, inputs=("image",), outputs=("result",)
    )
    converted, _ = prepare(bordered)
    verify(converted)
    assert [n.op.NAME for n in converted.nodes] == ["CONV_2D", "RESHAPE", "FULLY_CONNECTED"]
    assert (converted.inputs, converted.outputs) == (("image",), ("result",))


def test_legacy_tensors_have_one_scale() -> None:
    x = Tensor("x", (2,), DType.UINT8, Quant.per_channel([1, 2], 0))
    node = Node("y", RELU, ("x",), ("y",))
    graph = Graph("g", {"x": x, "y": replace(x, name="y")}, (node,), ("x",), ("y",))
    with pytest.raises(UnsupportedError) as caught:
        prepare(graph)
    assert (caught.value.code, caught.value.found) == (
        "legacy-uint8",
        "uint8, quantized per channel",
    )


@pytest.mark.parametrize(
    ("quant", "found"),
    [
        (Quant.per_channel([1, 2, 3], 0), "3 scales along axis 0"),
        (Quant((float("inf"),), (0,)), "scales inf..inf"),
        (Quant((-1.0,), (0,)), "scales -1.0..-1.0"),
    ],
)
def test_scales_that_mean_nothing_are_refused(quant: Quant, found: str) -> None:
    x, y = (Tensor(name, (2,), DType.INT8, quant) for name in "xy")
    graph = Graph("g", {"x": x, "y": y}, (Node("y", RELU, ("x",), ("y",)),), ("x",), ("y",))
    with pytest.raises(ModelError) as caught:
        prepare(graph, requantize=True)
    assert (caught.value.code, caught.value.found) == ("bad-scales", found)


def test_passes_run_on_sound_graphs_only() -> None:
    graph = chain(("a", RELU))
    broken = replace(graph, nodes=(Node("a", ops.FullyConnected(), ("x",), ("a",)),))
    with pytest.raises(ModelError) as caught:
        prepare(broken)
    assert caught.value.code == "operand-count"


# ------------------------------------------------------------------------- names from Keras


def test_scope_counts_are_taken_off_again() -> None:
    g = GraphBuilder("net")
    x = g.input((1, 4), Q)
    a = g.dense(x, np.ones((4, 4), np.int8), Q, name="dense_1")
    b = g.dense(a, np.ones((4, 4), np.int8), Q, name="dense_1_2")
    graph = g.graph(g.unary(ops.Softmax(), b, Quant.per_tensor(1 / 256, -128), name="softmax"))
    exported = Exported(b"", layers=("dense", "dense_1"), inputs=("img",), outputs=("probs",))
    named = restore_names(graph, exported)
    verify(named)
    assert [n.name for n in named.nodes] == ["dense", "dense_1", "probs"]
    assert named.outputs == ("probs",)
    assert named.metadata[SIGNATURE_INPUTS] == "img"
    assert named.metadata[SIGNATURE_OUTPUTS] == "probs"


def test_renaming_takes_the_constants_along() -> None:
    graph = read_tflite(write_tflite(small_int8()), "g")
    renamed = rename(graph, {"conv": "stem"})
    verify(renamed)
    assert renamed.nodes[0].name == "stem"
    assert renamed.nodes[1].inputs[0] == "stem"


def test_output_names_do_not_collide() -> None:
    graph = chain(("a", RELU), ("relu", RELU))
    assert output_names(graph, ["answer"]) == {"relu": "answer"}
    assert output_names(graph, ["a"]) == {}
    assert output_names(graph, ["one", "two"]) == {}


def masked(values: list[float], op: ops.Op) -> Graph:
    """SOFTMAX of `op` on the input and a constant; not verified."""
    g = FloatGraph("masked")
    y = g.node(op, [g.input((1, len(values))), g.constant(values, "mask")], "y")
    share = g.node(ops.Softmax(), [y], "share")
    return Graph(g.name, g.tensors, tuple(g.nodes), tuple(g.inputs), (share,))


@pytest.mark.parametrize("sign", [1, -1])
def test_masks_of_infinity_become_finite(sign: int) -> None:
    op = ops.Add() if sign < 0 else ops.Sub()
    graph, notes = prepare(masked([0.0, sign * np.inf, 0.0], op))
    verify(graph)
    assert notes == ("infinite values of 1 masks (first mask) became 1e+30",)
    x = np.array([[1, 200, 3]], np.float32)
    assert run(graph, [x])["share"][0, 1] == 0


@pytest.mark.parametrize(
    ("values", "op"), [([0.0, -np.inf, np.nan], ops.Add()), ([1.0, -np.inf, 1.0], ops.Mul())]
)
def test_other_infinite_constants_are_refused(values: list[float], op: ops.Op) -> None:
    graph, notes = prepare(masked(values, op))
    assert not notes
    with pytest.raises(ModelError, match="NaN or infinite"):
        verify(graph)
