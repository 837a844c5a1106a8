"""Every int8 model of the test data: generated C against tflite-micro, byte for byte."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.tflite.reader import read_tflite
from tests.helpers.example_program import build_example, run_example
from tests.helpers.generated_c import Generated, build, generate, run_c
from tests.helpers.oracle import run_tflm
from tests.helpers.random_graphs import random_inputs

pytestmark = pytest.mark.data

MODELS = (
    "mlperf_ad01_int8",
    "mlperf_dscnn_kws_int8",
    "mlperf_mobilenetv1_vww96_int8",
    "mlperf_resnet8_cifar10_int8",
    "mlperf_streaming_wakeword_int8",
    "tflm_hello_world_int8",
    "tflm_micro_speech_int8",
)
SAMPLES = 20


def load(test_data: Path, stem: str) -> tuple[bytes, Generated]:
    data = (test_data / "models" / f"{stem}.tflite").read_bytes()
    return data, generate(read_tflite(data, stem), "model", model=data)


@pytest.mark.parametrize("stem", MODELS)
def test_equals_tflite_micro(test_data: Path, tmp_path: Path, stem: str) -> None:
    data, generated = load(test_data, stem)
    rng = np.random.default_rng(0)
    samples = [random_inputs(generated.graph, rng) for _ in range(SAMPLES)]
    expected = b"".join(out.tobytes() for sample in samples for out in run_tflm(data, sample))
    program = build_example(generated, tmp_path, "-O2")
    assert run_example(program, generated, samples) == expected


@pytest.mark.parametrize("stem", MODELS)
def test_stays_in_its_arena(test_data: Path, tmp_path: Path, stem: str) -> None:
    _, generated = load(test_data, stem)
    library = build([generated], tmp_path)
    sample = random_inputs(generated.graph, np.random.default_rng(1))
    first, second = (run_c(library, generated, sample, poison=seed) for seed in (1, 2))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("stem", "arena"),
    [("mlperf_mobilenetv1_vww96_int8", 55_296), ("mlperf_resnet8_cifar10_int8", 49_152)],
)
def test_arena_is_the_largest_live_set(test_data: Path, stem: str, arena: int) -> None:
    _, generated = load(test_data, stem)
    assert generated.memory.arena_bytes == generated.memory.lower_bound == arena
