"""Every int8 operator against tflite-micro and tflite-runtime, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.converter import fixed_point
from edgekit.converter.interpret import run
from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.graph import Quant as IrQuant
from edgekit.converter.ir.ops import Logistic
from edgekit.converter.tables import lut_for
from edgekit.converter.tflite.reader import read_tflite
from tests.converter.interpret.every_case import MAKERS, NOT_IN_MICRO, NOT_IN_RUNTIME, all_cases
from tests.converter.interpret.int8_cases import EVERY_CODE, Case
from tests.helpers import oracle
from tests.helpers.oracle import Array, Quant, Tensor
from tests.helpers.reduction_models import reduce_model

REPEATS = 24
IN_MICRO = [name for name in MAKERS if name not in NOT_IN_MICRO]
IN_RUNTIME = [name for name in MAKERS if name not in NOT_IN_RUNTIME]


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    oracle.skip_without("ai_edge_litert")
    return list(all_cases(REPEATS))


@pytest.fixture(scope="module")
def interpreted(cases: list[Case]) -> dict[str, list[Array]]:
    return {case.name: interpret_all(case.model, case.inputs) for case in cases}


@pytest.fixture(scope="module")
def runtime_results(cases: list[Case]) -> dict[str, list[Array]]:
    known = [case for operator in IN_RUNTIME for case in _of(cases, operator)]
    found = oracle.run_tflite_runtime([(case.model, case.inputs) for case in known])
    return {case.name: outputs for case, outputs in zip(known, found, strict=True)}


def interpret(model: bytes, inputs: list[Array]) -> Array:
    return interpret_all(model, inputs)[0]


def interpret_all(model: bytes, inputs: list[Array]) -> list[Array]:
    graph = read_tflite(model, "case")
    found = run(graph, inputs)
    return [found[name] for name in graph.outputs]


def check(found: list[Array], expected: list[Array], case: Case) -> None:
    for ours, theirs in zip(found, expected, strict=True):
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype), case.name
        np.testing.assert_array_equal(ours, theirs, err_msg=case.name)


@pytest.mark.parametrize("operator", IN_MICRO)
def test_equals_tflite_micro(
    operator: str, cases: list[Case], interpreted: dict[str, list[Array]]
) -> None:
    for case in _of(cases, operator):
        check(interpreted[case.name], oracle.run_tflm(case.model, case.inputs), case)


@pytest.mark.parametrize("operator", IN_RUNTIME)
def test_equals_tflite_runtime(
    operator: str,
    cases: list[Case],
    interpreted: dict[str, list[Array]],
    runtime_results: dict[str, list[Array]],
) -> None:
    for case in _of(cases, operator):
        check(interpreted[case.name], runtime_results[case.name], case)


@pytest.mark.parametrize("operator", ["conv", "depthwise", "fully_connected", "add", "mean"])
def test_the_cases_are_not_saturated(
    operator: str, cases: list[Case], interpreted: dict[str, list[Array]]
) -> None:
    values = np.concatenate([interpreted[case.name][0].ravel() for case in _of(cases, operator)])
    assert len(np.unique(values)) > 100
    assert np.mean(np.abs(values.astype(int)) < 120) > 0.3


def _of(cases: list[Case], operator: str) -> list[Case]:
    found = [case for case in cases if case.name.rpartition("-")[0] == operator]
    assert len(found) == REPEATS
    return found


def test_a_convolution_without_bias_equals_tflite_micro() -> None:
    rng = np.random.default_rng(7)
    x = Tensor((1, 6, 6, 3), scale=0.05, zero_point=-9)
    w = Tensor((4, 3, 3, 3), scale=0.01, data=rng.integers(-127, 128, (4, 3, 3, 3)).astype(np.int8))
    model = oracle.conv_model(x, w, None, Quant(0.2, 5), padding="SAME")
    inputs: list[Array] = [rng.integers(-128, 128, x.shape).astype(np.int8)]
    np.testing.assert_array_equal(interpret(model, inputs), oracle.run_tflm(model, inputs)[0])


# The rows of the table in the package's docstring: where the two references part.


def test_fully_connected_takes_the_product_of_scales_in_float64() -> None:
    x_scale, w_scale, y_scale = (np.float32(v) for v in (0.0123, 0.00123, 0.0789))
    exact = fixed_point.requant(float(x_scale) * float(w_scale) / float(y_scale))
    rounded = fixed_point.requant(float(x_scale * w_scale) / float(y_scale))
    sums = np.arange(-600_000, 600_000)
    by_exact, by_rounded = (
        fixed_point.multiply_by_quantized_multiplier(sums, f.multiplier, f.shift)
        for f in (exact, rounded)
    )
    parting = sums[(by_exact != by_rounded) & (np.abs(by_exact) < 120)]
    assert len(parting), "the scales of this test no longer part the two"

    x = Tensor((1, 1), scale=float(x_scale))
    weights = np.zeros((len(parting), 1), np.int8)
    w = Tensor(weights.shape, scale=float(w_scale), data=weights)
    biases = parting.astype(np.int32)
    b = Tensor(biases.shape, "int32", scale=oracle.bias_scale(x, w), data=biases)
    model = oracle.fully_connected_model(x, w, b, Quant(float(y_scale)))
    inputs: list[Array] = [np.zeros((1, 1), np.int8)]

    found = interpret(model, inputs)
    np.testing.assert_array_equal(found, oracle.run_tflm(model, inputs)[0])
    assert (found != oracle.run_tflite_runtime([(model, inputs)])[0][0]).all()


def test_logistic_of_a_wide_scale_saturates_one_step_from_zero_as_in_tflite_micro() -> None:
    x = Tensor((1, 256), scale=4.5)
    model = oracle.unary_model("LOGISTIC", x, Quant(1 / 256, -128))
    found = interpret(model, [EVERY_CODE])
    np.testing.assert_array_equal(found, oracle.run_tflm(model, [EVERY_CODE])[0])
    parted = found != oracle.run_tflite_runtime([(model, [EVERY_CODE])])[0][0]
    assert list(EVERY_CODE[parted]) == [-1, 1]


def test_relu6_between_two_scales_follows_tflite_runtime() -> None:
    x = Tensor((1, 256), scale=0.05, zero_point=-20)
    model = oracle.unary_model("RELU6", x, Quant(0.03, -128))
    found = interpret(model, [EVERY_CODE])
    np.testing.assert_array_equal(found, oracle.run_tflite_runtime([(model, [EVERY_CODE])])[0][0])
    assert (found != oracle.run_tflm(model, [EVERY_CODE])[0]).any()
    # And it is the right one: clamp(real input) up to half a step of the output.
    real = np.clip((EVERY_CODE.astype(float) + 20) * 0.05, 0, 6)
    assert np.abs((found.astype(float) + 128) * 0.03 - real).max() <= 0.0151


def test_sum_rescales_as_in_tflite_micro() -> None:
    x = Tensor((1, 40), scale=0.1, zero_point=3)
    model = reduce_model("SUM", x, Quant(0.7, -5), [1], keep_dims=False)
    inputs: list[Array] = [np.arange(-20, 20, dtype=np.int8)[None]]
    found = interpret(model, inputs)
    np.testing.assert_array_equal(found, oracle.run_tflm(model, inputs)[0])
    assert found.tolist() == [round((inputs[0].sum() - 40 * 3) * 0.1 / 0.7) - 5]


@pytest.mark.parametrize("depth", [511, 512, 600, 5000])
def test_softmax_of_very_many_equal_values(depth: int) -> None:
    x = Tensor((2, depth), scale=0.1)
    model = oracle.softmax_model(x)
    rows = np.full(depth, 9), np.r_[100, np.full(depth - 1, -90)]
    inputs: list[Array] = [np.stack(rows).astype(np.int8)]
    found = interpret(model, inputs)
    assert (found[0] == (-127 if depth < 512 else -128)).all()
    assert found[1, 0] == 127
    if depth < 512:  # tflite-micro stops the program beyond
        np.testing.assert_array_equal(found, oracle.run_tflm(model, inputs)[0])


def test_a_table_is_what_the_operator_computes() -> None:
    source, target = IrQuant.per_tensor(0.06, 11), IrQuant.per_tensor(1 / 256, -128)
    table = lut_for(Logistic(), source, target)
    x = Tensor((1, 256), scale=0.06, zero_point=11)
    model = oracle.unary_model("LOGISTIC", x, Quant(1 / 256, -128))
    np.testing.assert_array_equal(table, interpret(model, [EVERY_CODE])[0])
    assert not table.flags.writeable


def test_graphs_of_several_inputs_are_read_in_order() -> None:
    a, b = Tensor((1, 4), scale=0.1), Tensor((1, 4), scale=0.01)
    graph: Graph = read_tflite(oracle.add_model(a, b, Quant(0.1)), "sum")
    ones, zeros = np.full((1, 4), 10, np.int8), np.zeros((1, 4), np.int8)
    assert (run(graph, [ones, zeros])[graph.outputs[0]] == 10).all()
    assert (run(graph, [zeros, ones])[graph.outputs[0]] == 1).all()
