"""int16 activations with int8 weights: every operator in tflite-micro, NumPy and C, bit for bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.interpret import run
from edgekit.converter.tflite.reader import read_tflite
from edgekit.converter.tflite.writer import write_tflite
from tests.converter.int16_cases import MAKERS, NOT_IN_RUNTIME, cases
from tests.helpers import oracle
from tests.helpers.oracle import Array, Quant, Tensor
from tests.helpers.three_engines import Case, compiled, interpreted, reference

SANITIZED = ("-fsanitize=undefined", "-fno-sanitize-recover=all")


@pytest.mark.parametrize("operator", MAKERS)
def test_interpreter_equals_tflite_micro(operator: str) -> None:
    for case in cases(operator):
        np.testing.assert_array_equal(interpreted(case), reference(case), err_msg=case.name)


@pytest.mark.parametrize("operator", ["conv", "depthwise", "fully_connected", "add", "mul"])
def test_the_cases_are_not_saturated(operator: str) -> None:
    values = np.concatenate([interpreted(case).ravel() for case in cases(operator)])
    assert len(np.unique(values)) > 100
    assert np.mean(np.abs(values.astype(int)) < 32000) > 0.3


def test_tflite_runtime_agrees() -> None:
    made = [
        case for operator in MAKERS if operator not in NOT_IN_RUNTIME for case in cases(operator, 4)
    ]
    found = oracle.run_tflite_runtime([(case.model, case.inputs) for case in made])
    for case, [expected] in zip(made, found, strict=True):
        np.testing.assert_array_equal(interpreted(case), expected, err_msg=case.name)


@pytest.mark.parametrize("operator", ["conv", "depthwise", "fully_connected"])
def test_a_missing_bias(operator: str) -> None:
    x = (
        Tensor((1, 6, 6, 3), "int16", 0.001)
        if operator != "fully_connected"
        else Tensor((2, 13), "int16", 0.001)
    )
    shape, axis, build = {
        "conv": ((4, 3, 3, 3), 0, oracle.conv_model),
        "depthwise": ((1, 3, 3, 6), 3, oracle.depthwise_conv_model),
        "fully_connected": ((4, 13), 0, oracle.fully_connected_model),
    }[operator]
    rng = np.random.default_rng(5)
    data = rng.integers(-127, 128, shape).astype(np.int8)
    w = Tensor(shape, scale=rng.uniform(0.001, 0.02, shape[axis]), axis=axis, data=data)
    model = build(x, w, None, Quant(0.01, 0, "int16"))  # type: ignore[operator]
    pixels: Array = rng.integers(-32768, 32768, x.shape).astype(np.int16)
    case = Case(operator, model, [pixels])
    np.testing.assert_array_equal(interpreted(case), reference(case))


@pytest.mark.parametrize("operator", MAKERS)
def test_generated_c_equals_the_interpreter(operator: str, tmp_path: Path) -> None:
    made = cases(operator)
    for case, found in zip(made, compiled(made, tmp_path, *SANITIZED), strict=True):
        np.testing.assert_array_equal(found, interpreted(case), err_msg=case.name)


def test_written_models_mean_the_same_to_the_references() -> None:
    """Operator versions, options and tensors: read, written, run again elsewhere."""
    made = [case for operator in MAKERS for case in cases(operator, 2)]
    for case in made:
        written = write_tflite(case.graph)
        again = read_tflite(written, case.name)
        found = run(again, case.inputs)[again.outputs[0]]
        np.testing.assert_array_equal(found, interpreted(case), err_msg=case.name)
        [expected] = oracle.run_tflm(written, case.inputs)
        np.testing.assert_array_equal(found, expected, err_msg=case.name)


def test_an_add_between_powers_of_two_is_written_as_any_other() -> None:
    a, b = (Tensor((1, 500), "int16", scale) for scale in (2**-10, 2**-11))
    model = oracle.add_model(a, b, Quant(2**-9, 0, "int16"))
    rng = np.random.default_rng(3)
    inputs: list[Array] = [rng.integers(-32768, 32768, (1, 500)).astype(np.int16) for _ in "ab"]
    case = Case("add", model, inputs)
    written = write_tflite(case.graph)
    np.testing.assert_array_equal(interpreted(case), reference(case))
    [[found]] = oracle.run_tflite_runtime([(written, inputs)])
    np.testing.assert_array_equal(found, interpreted(case))
