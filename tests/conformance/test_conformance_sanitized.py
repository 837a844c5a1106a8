"""The generated C of every model of the test data under AddressSanitizer and UBSan.

Each target's own kernels are compiled for the host, those with intrinsics in the plain C that
stands for them elsewhere. Assertions are on, and outputs must equal the interpreter's.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.ir.graph import DType, Graph
from edgekit.converter.load import load_model
from edgekit.converter.quantize.int8 import is_quantized
from edgekit.errors import UnsupportedError
from edgekit.targets.reader import load_target
from tests.conformance.against_references import activations
from tests.conformance.generated import SANITIZERS, Compiler, Emitted, build, emit, run_on_host
from tests.helpers.random_graphs import random_inputs
from tests.helpers.toolchains import require

pytestmark = [pytest.mark.data]

FLAGS = ("-O1", *SANITIZERS)
FAST = [
    pytest.param("virtual-m4", id="dsp"),
    pytest.param("virtual-m55", id="mve", marks=pytest.mark.slow),
    pytest.param("rpi4", id="neon", marks=pytest.mark.slow),
    pytest.param("rpi5", id="neondot", marks=pytest.mark.slow),
]


def graphs(folder: Path, *, quantized: bool) -> dict[str, Graph]:
    """The models of the test data by name: the quantized ones, or those in float32."""
    found = {}
    for path in sorted(folder.glob("*.tflite")):
        try:
            graph = load_model(path).graph
        except UnsupportedError as error:
            if error.code == "legacy-uint8":  # needs to be quantized anew
                continue
            raise
        if is_quantized(graph) is quantized:
            found[path.stem.replace(".", "_")] = graph
    return found


def emitted(graph: Graph, name: str, target: str) -> Emitted:
    """The model's C with one random sample and what the interpreter makes of it."""
    samples = [random_inputs(graph, np.random.default_rng(8))]
    return emit(graph, name, load_target(target), samples, activations(graph, samples))


def check(models: list[Emitted], folder: Path) -> None:
    require("gcc")
    compiler = Compiler("gcc", FLAGS, folder / "kernels")
    program = build(models, compiler, folder, *SANITIZERS, board=False)
    found = run_on_host(program, seconds=600)
    assert found.complete, found.words
    assert found.differing == {}, found.words
    assert found.status == 0, found.words


@pytest.mark.parametrize("target", FAST)
def test_sanitizers_find_nothing_in_fast_kernels(
    target: str, test_data: Path, tmp_path: Path
) -> None:
    found = graphs(test_data / "models", quantized=True)
    assert len(found) >= 6
    models = [emitted(graph, name, target) for name, graph in found.items()]
    isas = {kernel.rpartition("__")[2] for model in models for kernel in model.source.kernels}
    assert len(isas) > 1, "no fast kernel was chosen"
    check(models, tmp_path)


def test_sanitizers_find_nothing_in_portable_kernels(test_data: Path, tmp_path: Path) -> None:
    found = graphs(test_data / "models", quantized=True)
    check([emitted(graph, name, "virtual-m3") for name, graph in found.items()], tmp_path)


@pytest.mark.slow
def test_sanitizers_find_nothing_in_float32(test_data: Path, tmp_path: Path) -> None:
    found = graphs(test_data / "models", quantized=False)
    assert all(graph[graph.inputs[0]].dtype is DType.FLOAT32 for graph in found.values())
    check([emitted(graph, name, "host") for name, graph in found.items()], tmp_path)
