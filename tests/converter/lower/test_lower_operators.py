"""What each operator becomes: parameters, constants, steps; and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, Quant, Tensor
from edgekit.converter.ir.ops import Activation, Padding
from edgekit.converter.lower.lower import aliases, lower
from edgekit.converter.lower.program import (
    BufferKind,
    ConstArg,
    NumberArg,
    Program,
    ReadArg,
    Step,
)
from edgekit.errors import ModelError, UnsupportedError
from tests.helpers.generated_c import TARGET
from tests.helpers.int8_graphs import UNIT, GraphBuilder

Q = Quant.per_tensor(0.1, 3)
OTHER = Quant.per_tensor(0.2, -5)


def program(graph: Graph) -> Program:
    return lower(graph, TARGET)


def fields(step: Step) -> dict[str, Any]:
    assert step.params is not None
    return dict(step.params.fields)


def kernels(lowered: Program) -> list[str]:
    return [step.kernel.removeprefix("ek_").removesuffix("__ref") for step in lowered.steps]


# ------------------------------------------------------------------------- weights and biases


def test_the_zero_point_is_folded_into_the_bias() -> None:
    g = GraphBuilder()
    weights = np.arange(-9, 9, dtype=np.int8).reshape(2, 3, 3, 1)
    bias = np.array([100, -50], np.int32)
    y = g.conv(g.input((1, 5, 5, 1), Q), weights, Padding.SAME, OTHER, bias=bias, name="conv")
    folded = program(g.graph(y)).constant("conv_b").values
    sums = weights.astype(int).sum(axis=(1, 2, 3))
    assert folded.tolist() == (bias - 3 * sums).tolist()
    assert folded.dtype == np.int32


def test_depthwise_sums_per_channel() -> None:
    g = GraphBuilder()
    weights = np.arange(18, dtype=np.int8).reshape(1, 3, 3, 2)
    y = g.depthwise(g.input((1, 5, 5, 2), Q), weights, Padding.SAME, OTHER, name="dw")
    lowered = program(g.graph(y))
    assert lowered.constant("dw_b").values.tolist() == (-3 * weights[0].sum(axis=(0, 1))).tolist()
    assert fields(lowered.steps[0])["depth_multiplier"] == 1


def test_a_missing_bias_is_zero() -> None:
    g = GraphBuilder()
    y = g.dense(g.input((1, 4), Quant.per_tensor(0.1, 0)), np.ones((2, 4), np.int8), Q, name="fc")
    assert program(g.graph(y)).constant("fc_b").values.tolist() == [0, 0]


@pytest.mark.parametrize("zero", [-128, 127])
def test_a_bias_that_leaves_int32_is_an_error(zero: int) -> None:
    g = GraphBuilder()
    edge = np.array([2**31 - 1 if zero < 0 else -(2**31)], np.int32)
    x = g.input((1, 4), Quant.per_tensor(0.1, zero))
    y = g.dense(x, np.ones((1, 4), np.int8), Q, bias=edge, name="fc")
    with pytest.raises(ModelError) as caught:
        program(g.graph(y))
    assert caught.value.code == "bias-overflow"
    assert str(caught.value) == (
        "FULLY_CONNECTED 'fc': its bias leaves int32 once the input's zero point is folded in"
        " (allowed: -2147483648..2147483647)."
        " Quantize this layer again with representative calibration data"
    )


@pytest.mark.parametrize(("channels", "step"), [(1, 0), (3, 1)])
def test_factors_per_tensor_or_per_channel(channels: int, step: int) -> None:
    g = GraphBuilder()
    scales = Quant.per_tensor(0.01, 0)
    if channels > 1:
        scales = Quant.per_channel([0.01, 0.02, 0.03], 0)
    weights = np.ones((3, 1, 1, 2), np.int8)
    y = g.conv(g.input((1, 2, 2, 2), Q), weights, Padding.SAME, OTHER, scales=scales, name="conv")
    lowered = program(g.graph(y))
    assert fields(lowered.steps[0])["q_step"] == step
    assert lowered.constant("conv_q").length == channels
    assert lowered.constant("conv_q").bytes == 8 * channels


def test_int4_weights_stay_packed() -> None:
    g = GraphBuilder()
    x = g.input((1, 4), Q)
    g.tensors["w"] = Tensor(
        "w", (1, 4), DType.INT4, Quant.per_tensor(0.1, 0), np.int8([[1, 2, 3, 4]])
    )
    y = g.node(ops.FullyConnected(), [x, "w", None], (1, 1), Q, name="fc")
    graph = Graph("g", g.tensors, tuple(g.nodes), tuple(g.inputs), (y,))
    assert program(graph).constant("fc_w").values.tolist() == [[0x21, 0x43]]


def test_large_equal_constants_are_stored_once() -> None:
    g = GraphBuilder()
    weights = np.random.default_rng(0).integers(-9, 9, (20, 20)).astype(np.int8)
    first = g.dense(g.input((1, 20), Q), weights, Q, name="first")
    second = g.dense(first, weights, Q, name="second")
    lowered = program(g.graph(second))
    assert [array.name for array in lowered.constants] == [
        "first_q",
        "first_w",
        "first_b",
        "second_q",
        "second_b",
    ]
    assert ConstArg("first_w") in lowered.steps[1].args
    assert lowered.steps[1].weight_bytes == 8 + 80


# ------------------------------------------------------------------------------- parameters


def test_same_padding_puts_the_odd_row_below() -> None:
    g = GraphBuilder()
    weights = np.ones((1, 3, 2, 1), np.int8)
    x = g.input((1, 6, 5, 1), Q)
    y = g.conv(x, weights, Padding.SAME, Q, stride=(2, 1), dilation=(1, 1), name="conv")
    found = fields(program(g.graph(y)).steps[0])
    assert (found["output_h"], found["pad_top"]) == (3, 0)
    assert (found["output_w"], found["pad_left"]) == (5, 0)


def test_the_fused_activation_becomes_bounds() -> None:
    g = GraphBuilder()
    weights = np.ones((1, 1, 1, 1), np.int8)
    x = g.input((1, 2, 2, 1), Q)
    y = g.conv(x, weights, Padding.SAME, Quant.per_tensor(0.1, -10), activation=Activation.RELU6)
    found = fields(program(g.graph(y)).steps[0])
    assert (found["act_min"], found["act_max"]) == (-10, 50)


def test_broadcast_strides() -> None:
    g = GraphBuilder()
    x = g.input((1, 4, 5, 3), Q)
    bias = g.constant(np.int8([[[[1, 2, 3]]]]), OTHER)
    y = g.node(ops.Add(), [x, bias], (1, 4, 5, 3), Q, name="add")
    lowered = program(g.graph(y))
    found = fields(lowered.steps[0])
    assert found["a_stride"] == (0, 15, 3, 1)
    assert found["b_stride"] == (0, 0, 0, 1)
    assert lowered.steps[0].args[2] == ConstArg("add_c")
    assert lowered.constant("add_c").values.tolist() == [[[[1, 2, 3]]]]


def test_two_constant_operands_keep_apart() -> None:
    g = GraphBuilder()
    a = g.constant(np.int8([[1, 2]]), Q)
    b = g.constant(np.int8([[3, 4]]), OTHER)
    x = g.input((1, 2), Q)
    both = g.node(ops.Mul(), [a, b], (1, 2), Q, name="both")
    y = g.node(ops.Add(), [x, both], (1, 2), Q, name="sum")
    lowered = program(g.graph(y))
    assert lowered.constant("both_c").values.tolist() == [[1, 2]]
    assert lowered.constant("both_c2").values.tolist() == [[3, 4]]


def test_mean_marks_the_reduced_axes_from_the_right_end() -> None:
    g = GraphBuilder()
    x = g.input((2, 5, 7), Q)
    y = g.node(ops.Mean(), [x, g.constant(np.int32([-1]))], (2, 5), OTHER, name="mean")
    found = fields(program(g.graph(y)).steps[0])
    assert found["extent"] == (1, 2, 5, 7)
    assert found["reduce"] == (0, 0, 0, 1)


def test_padding_fills_with_the_zero_point() -> None:
    g = GraphBuilder()
    amounts = g.constant(np.int32([[0, 0], [1, 2]]))
    y = g.node(ops.Pad(), [g.input((1, 4), Q), amounts], (1, 7), Q, name="pad")
    found = fields(program(g.graph(y)).steps[0])
    assert (found["before"], found["after"], found["value"]) == ((0, 0, 0, 1), (0, 0, 0, 2), 3)


@pytest.mark.parametrize("op", [ops.Relu(), ops.Quantize()])
def test_functions_of_one_byte_become_tables(op: ops.Op) -> None:
    g = GraphBuilder()
    y = g.unary(op, g.input((1, 10), Q), OTHER, "f")
    lowered = program(g.graph(y))
    assert kernels(lowered) == ["lut_s8"]
    assert lowered.steps[0].args[0] == NumberArg(10)
    assert lowered.constant("f_lut").length == 256


def test_a_table_between_signed_and_unsigned_bytes() -> None:
    """uint8 200 reaches the kernel as int8 -56; scale kept, zero point moved by 128: x - 128."""
    g = GraphBuilder()
    unsigned = g.input((1, 4), Quant.per_tensor(0.5, 128), DType.UINT8)
    signed = g.node(ops.Quantize(), [unsigned], (1, 4), Quant.per_tensor(0.5, 0), name="in")
    back = g.node(
        ops.Quantize(), [signed], (1, 4), Quant.per_tensor(0.5, 128), dtype=DType.UINT8, name="out"
    )
    graph = Graph("g", g.tensors, tuple(g.nodes), tuple(g.inputs), (back,))
    lowered = program(graph)
    table = lowered.constant("in_lut").values.reshape(-1)
    assert table[np.uint8(200).view(np.int8).astype(int) + 128] == 72
    codes = np.arange(256, dtype=np.uint8)
    there = table[codes.view(np.int8).astype(int) + 128]
    again = lowered.constant(lowered.steps[1].args[1].array).values.reshape(-1)  # type: ignore[union-attr]
    np.testing.assert_array_equal(again[there.astype(int) + 128].view(np.uint8), codes)
    assert [port.dtype for port in (*lowered.inputs, *lowered.outputs)] == [DType.UINT8] * 2


def test_float_borders_name_their_pointers() -> None:
    g = GraphBuilder()
    x = g.input((1, 4), None, DType.FLOAT32)
    q = g.node(ops.Quantize(), [x], (1, 4), Q, name="q")
    y = g.node(ops.Dequantize(), [q], (1, 4), None, dtype=DType.FLOAT32, name="d")
    lowered = program(g.graph(y))
    assert kernels(lowered) == ["quantize_f32_s8", "dequantize_s8_f32"]
    assert lowered.steps[0].args[3] == ReadArg("input", "float")
    assert [lowered.buffer(n).c_type for n in ("input", "q_y", "output")] == [
        "float",
        "int8_t",
        "float",
    ]


# ---------------------------------------------------------------------------- concatenation


def test_one_copy_per_operand_of_a_concatenation() -> None:
    g = GraphBuilder()
    a, b = g.input((1, 2, 3, 4), Q), g.input((1, 2, 3, 5), Q)
    y = g.node(ops.Concatenation(-1), [a, b, a], (1, 2, 3, 13), Q, name="join")
    lowered = program(g.graph(y))
    assert [step.name for step in lowered.steps] == ["join_0", "join_1", "join_2"]
    assert [fields(step)["offset"] for step in lowered.steps] == [0, 4, 9]
    assert {fields(step)["output_run"] for step in lowered.steps} == {13}
    assert {step.writes for step in lowered.steps} == {("output",)}


def test_an_operand_of_another_scale_is_brought_to_the_outputs_first() -> None:
    g = GraphBuilder()
    a, b = g.input((1, 4), Q), g.input((1, 4), OTHER)
    y = g.node(ops.Concatenation(1), [a, b], (1, 8), Q, name="join")
    graph = Graph("g", g.tensors, tuple(g.nodes), tuple(g.inputs), (y,))
    lowered = program(graph)
    assert kernels(lowered) == ["concat_s8", "lut_s8", "concat_s8"]
    rescale = lowered.steps[1]
    assert (rescale.name, rescale.writes) == ("join_1_rescale", ("join_1_rescale_y",))
    assert lowered.steps[2].reads == rescale.writes
    table = lowered.constant("join_1_rescale_lut").values.reshape(-1)
    assert table[128 + 10] == 3 + 2 * (10 + 5)


# -------------------------------------------------------------------------------- reshapes


def test_reshapes_cost_nothing() -> None:
    g = GraphBuilder()
    x = g.reshape(g.input((1, 2, 2, 3), Q), (1, 12))
    y = g.dense(x, np.ones((2, 12), np.int8), Q, name="fc")
    squeezed = g.node(ops.Squeeze((0,)), [y], (2,), Q, name="squeeze")
    lowered = program(g.graph(squeezed))
    assert kernels(lowered) == ["fully_connected_s8"]
    assert lowered.steps[0].reads == ("input",)
    assert lowered.outputs[0].buffer == "output"
    assert lowered.outputs[0].shape == (2,)


def test_a_reshape_from_input_to_output_is_a_copy() -> None:
    g = GraphBuilder()
    x = g.input((2, 3), Q)
    y = g.reshape(g.reshape(x, (3, 2)), (6,))
    lowered = program(g.graph(y))
    assert kernels(lowered) == ["copy_s8"]
    assert (lowered.steps[0].reads, lowered.steps[0].writes) == (("input",), ("output",))


def test_a_reshaped_constant_stays_a_constant() -> None:
    g = GraphBuilder()
    flat = g.reshape(g.constant(np.int8([[1, 2, 3, 4]]), OTHER), (4,))
    y = g.node(ops.Add(), [g.input((1, 4), Q), flat], (1, 4), Q, name="add")
    lowered = program(g.graph(y))
    assert lowered.steps[0].args[2] == ConstArg("add_c")


def test_two_outputs_may_name_the_same_bytes() -> None:
    g = GraphBuilder()
    y = g.unary(ops.Relu(), g.input((1, 4), Q), OTHER, "relu")
    lowered = program(g.graph(y, g.reshape(y, (2, 2))))
    assert [port.buffer for port in lowered.outputs] == ["output", "output"]
    assert [port.shape for port in lowered.outputs] == [(1, 4), (2, 2)]


def test_chains_of_reshapes_have_one_root() -> None:
    g = GraphBuilder()
    y = g.unary(ops.Relu(), g.input((1, 4), Q), OTHER, "relu")
    first = g.reshape(y, (4,))
    second = g.reshape(first, (2, 2))
    assert dict(aliases(g.graph(second))) == {first: "relu", second: "relu"}


def test_an_output_that_is_the_input_keeps_its_bytes() -> None:
    g = GraphBuilder()
    x = g.input((1, 4), Q)
    y = g.unary(ops.Relu(), x, OTHER, "relu")
    lowered = program(g.graph(y, x))
    assert lowered.outputs[1].buffer == lowered.inputs[0].buffer
    assert lowered.buffer(lowered.inputs[0].buffer).kind is BufferKind.OUTPUT


# --------------------------------------------------------------------------------- refusals


def refused(node: Node, *tensors: Tensor) -> UnsupportedError:
    graph = Graph("g", {t.name: t for t in tensors}, (node,), ("x",), ("y",))
    with pytest.raises(UnsupportedError) as caught:
        program(graph)
    assert caught.value.code == "no-kernel"
    return caught.value


def test_an_operator_without_an_int16_kernel_is_refused() -> None:
    x, y = (Tensor(name, (1, 4), DType.INT16, Q) for name in "xy")
    error = refused(Node("act", ops.HardSwish(), ("x",), ("y",)), x, y)
    assert "HARD_SWISH 'act': computes in int16 (allowed: int8, float32)" in str(error)


def test_a_mean_of_too_many_int16_values_is_refused() -> None:
    x, y = Tensor("x", (1, 70_000), DType.INT16, Q), Tensor("y", (1,), DType.INT16, Q)
    axes = Tensor("a", (1,), DType.INT32, None, np.array([1], np.int32))
    error = refused(Node("mean", ops.Mean(), ("x", "a"), ("y",)), x, axes, y)
    assert "a mean of 70000 int16 values (allowed: 65536)" in str(error)


def test_int16_weights_are_refused() -> None:
    weights = np.ones((1, 4), np.int16)
    tensors = (
        Tensor("x", (1, 4), DType.INT8, Q),
        Tensor("w", (1, 4), DType.INT16, Q, weights),
        Tensor("y", (1, 1), DType.INT8, Q),
    )
    error = refused(Node("fc", ops.FullyConnected(), ("x", "w", None), ("y",)), *tensors)
    assert "weights are int16 (allowed: int8)" in str(error)


def test_a_quantize_between_other_types_is_refused() -> None:
    x = Tensor("x", (1, 4), DType.INT8, Q)
    y = Tensor("y", (1, 4), DType.INT32, Q)
    error = refused(Node("q", ops.Quantize(), ("x",), ("y",)), x, y)
    assert str(error) == (
        "QUANTIZE 'q': int8 to int32 (allowed: float32 to int8, or between int8 and uint8)."
        " Take another --precision, or a target that runs the .tflite itself: host, rpi4"
    )
    wide = Tensor("y", (1, 4), DType.INT16, Q)
    byte = Tensor("x", (1, 4), DType.UINT8, Q)
    error = refused(Node("q", ops.Quantize(), ("x",), ("y",)), byte, wide)
    assert "uint8 to int16 (allowed: float32 to int16, or between int8 and int16)" in str(error)


def test_costs_are_those_of_the_graph() -> None:
    g = GraphBuilder()
    weights = np.ones((8, 3, 3, 2), np.int8)
    y = g.conv(g.input((1, 6, 6, 2), Q), weights, Padding.VALID, Q, name="conv")
    y = g.unary(ops.Logistic(), y, UNIT, "gate")
    lowered = program(g.graph(y))
    assert [step.macs for step in lowered.steps] == [4 * 4 * 8 * 18, 0]
    assert lowered.constant_bytes == sum(step.weight_bytes for step in lowered.steps)
    assert lowered.constant_bytes == 144 + 8 * 4 + 8 + 256
