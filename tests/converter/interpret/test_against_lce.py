"""The interpreter against the Larq Compute Engine's own.

EDGEKIT_LCE_PYTHON names a Python with `larq-compute-engine` 0.16 and numpy below 2 (the wheel is
for Python 3.11 on x86-64 Linux, and wants another TensorFlow than the tests); without it the test
is skipped, which its reason says.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.interpret import run
from edgekit.converter.ir.graph import DType, Graph
from edgekit.converter.ir.ops import Activation, Padding
from edgekit.converter.tflite import write_tflite
from tests.helpers.binary_graphs import Case, bconv_graph, pool_graph, random_case, random_values

PYTHON = os.environ.get("EDGEKIT_LCE_PYTHON", "")
WORKER = Path(__file__).parents[2] / "helpers/lce_worker.py"
RANDOM = 120

pytestmark = pytest.mark.skipif(
    not PYTHON, reason="set EDGEKIT_LCE_PYTHON to a Python with larq-compute-engine"
)


def answers(
    graphs: list[Graph], inputs: list[np.ndarray], folder: Path, *, reference: bool
) -> list[np.ndarray]:
    """LCE's outputs; all in one process, because an operator that it does not take kills it."""
    given: dict[str, np.ndarray] = {}
    for number, (graph, x) in enumerate(zip(graphs, inputs, strict=True)):
        given[f"model_{number}"] = np.frombuffer(write_tflite(graph), np.uint8)
        given[f"input_{number}"] = x
        given[f"reference_{number}"] = np.bool_(reference)
    np.savez(folder / "requests.npz", **given)  # type: ignore[arg-type]
    command = [PYTHON, str(WORKER), str(folder / "requests.npz"), str(folder / "answers.npz")]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    found = np.load(folder / "answers.npz")
    return [found[f"output_{number}"] for number in range(len(graphs))]


def compare(graphs: list[Graph], folder: Path, *, reference: bool) -> None:
    rng = np.random.default_rng(len(graphs))
    inputs = [random_values(graph, rng) for graph in graphs]
    found = answers(graphs, inputs, folder, reference=reference)
    for graph, x, theirs in zip(graphs, inputs, found, strict=True):
        ours = run(graph, x)[graph.outputs[0]]
        assert (theirs.dtype, theirs.shape) == (ours.dtype, ours.shape)
        np.testing.assert_array_equal(theirs, ours, err_msg=str(graph.nodes))


def test_random_operators_equal_lce_bit_for_bit(tmp_path: Path) -> None:
    graphs = []
    for seed in range(RANDOM):
        rng = np.random.default_rng(seed)
        output = (DType.FLOAT32, DType.INT8)[seed % 2]
        graphs.append(
            pool_graph(rng, output) if seed % 6 == 5 else bconv_graph(random_case(rng), rng)
        )
    compare(graphs, tmp_path, reference=True)


@pytest.mark.parametrize("output", [DType.FLOAT32, DType.INT8, DType.INT32])
def test_every_activation_and_padding_equals_lce(output: DType, tmp_path: Path) -> None:
    graphs = []
    for activation in Activation:
        for padding, pad_values in ((Padding.SAME, 1), (Padding.SAME, 0), (Padding.VALID, 0)):
            if output is DType.INT32 and padding is Padding.SAME and not pad_values:
                continue  # LCE has no such kernel, and verify refuses it
            case = Case(
                activation=activation, padding=padding, pad_values=pad_values, output=output
            )
            graphs.append(bconv_graph(case, np.random.default_rng(len(graphs))))
    compare(graphs, tmp_path, reference=True)


def test_lces_fast_kernels_give_the_same(tmp_path: Path) -> None:
    graphs = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        graphs.append(bconv_graph(random_case(rng, groups=1, channels=72, pad_values=1), rng))
    compare(graphs, tmp_path, reference=False)
