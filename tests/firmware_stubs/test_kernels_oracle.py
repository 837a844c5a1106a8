"""Reference kernels against TFLite: fresh random cases where the oracle is installed, and golden
cases that it answered before, everywhere.

The golden files name the interpreters that made them. `pytest --update-golden` makes them anew and
needs the oracle.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.helpers import oracle
from tests.helpers.kernel_cases import RANDOM, Case, from_json, random_case
from tests.helpers.kernel_lowering import run

GOLDEN = Path(__file__).parent.parent / "golden" / "kernels"
GOLDEN_CASES = 6
FRESH_CASES = 150


def cases(operator: str, count: int, seed: int) -> list[Case]:
    rng = np.random.default_rng([seed, list(RANDOM).index(operator)])
    return [random_case(operator, rng) for _ in range(count)]


def check(case: Case, expected: np.ndarray, source: str) -> None:
    found = run(case)
    np.testing.assert_array_equal(found, expected, err_msg=f"{source}: {case}")


@pytest.mark.parametrize("operator", RANDOM)
def test_kernels_equal_tflite_micro(operator: str) -> None:
    oracle.skip_without("tflite_micro")
    for case in cases(operator, FRESH_CASES, seed=1):
        [expected] = oracle.run_tflm(case.model(), case.inputs)
        check(case, expected, "tflite-micro")


def test_kernels_equal_the_reference_kernels_of_tflite_runtime() -> None:
    oracle.skip_without("tflite_runtime")
    everything = [case for operator in RANDOM for case in cases(operator, 40, seed=2)]
    answers = oracle.run_tflite_runtime([(case.model(), case.inputs) for case in everything])
    for case, [expected] in zip(everything, answers, strict=True):
        check(case, expected, "tflite-runtime")


@pytest.mark.parametrize("operator", RANDOM)
def test_kernels_equal_the_golden_vectors(operator: str, request: pytest.FixtureRequest) -> None:
    path = GOLDEN / f"{operator.lower()}.json"
    if request.config.getoption("--update-golden"):
        write_golden(path, operator)
    golden = json.loads(path.read_text(encoding="utf-8"))
    assert set(golden["made_by"]) == {"tflite-micro", "tflite-runtime"}
    assert len(golden["cases"]) == GOLDEN_CASES
    for record in golden["cases"]:
        case = from_json(record["case"])
        expected = np.array(record["output"], record["dtype"]).reshape(record["shape"])
        check(case, expected, f"{path.name}, {golden['made_by']}")


def write_golden(path: Path, operator: str) -> None:
    """Cases on which both interpreters agree, one per line."""
    fresh = cases(operator, GOLDEN_CASES, seed=3)
    again = oracle.run_tflite_runtime([(case.model(), case.inputs) for case in fresh])
    lines = []
    for case, [second] in zip(fresh, again, strict=True):
        [y] = oracle.run_tflm(case.model(), case.inputs)
        np.testing.assert_array_equal(y, second, err_msg=f"the interpreters disagree on {case}")
        record = {"case": case.as_json(), "dtype": str(y.dtype), "shape": y.shape}
        lines.append(json.dumps(record | {"output": y.ravel().tolist()}, separators=(",", ":")))
    header = f'"made_by": {json.dumps(oracle.versions())}, "rounding": "double"'
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'{{{header}, "cases": [\n' + ",\n".join(lines) + "\n]}\n", encoding="utf-8")


@pytest.mark.parametrize("operator", RANDOM)
def test_a_case_survives_json(operator: str) -> None:
    for case in cases(operator, 5, seed=4):
        again = from_json(json.loads(json.dumps(case.as_json())))
        assert again.model() == case.model()
        for a, b in zip(again.inputs, case.inputs, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("operator", ["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "ADD"])
def test_random_cases_use_the_whole_output_range(operator: str) -> None:
    """Saturated outputs would hide rounding; most of them must lie strictly inside int8."""
    outputs = np.concatenate([run(case).ravel() for case in cases(operator, 100, seed=5)])
    assert np.mean(np.abs(outputs.astype(int)) < 127) > 0.5
    assert np.unique(outputs).size > 150
