"""Ensembles of decision trees: interpreter, generated C and files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.interpret import run
from edgekit.converter.ir.graph import DType
from edgekit.converter.ir.ops import TreeEnsemble
from edgekit.converter.ir.verify import verify
from edgekit.converter.lower.trees import mean_depths
from edgekit.converter.tflite import read_tflite, write_tflite
from tests.helpers.generated_c import build, generate, run_c
from tests.helpers.graph_equality import assert_same_graph
from tests.helpers.toolchains import require
from tests.helpers.tree_graphs import ensemble, one_by_one, values

FORMATS = (DType.FLOAT32, DType.INT8, DType.INT16)
SEEDS = 30


@pytest.mark.parametrize("dtype", FORMATS)
def test_the_interpreter_follows_the_formula(dtype: DType) -> None:
    for seed in range(SEEDS):
        graph = ensemble(seed, dtype)
        verify(graph)
        x = values(np.random.default_rng(seed), dtype, (7, graph["x"].shape[1]))
        np.testing.assert_array_equal(run(graph, x)["y"], one_by_one(graph, x))


def test_generated_c_equals_the_interpreter(tmp_path: Path) -> None:
    require("gcc")
    graphs = [
        ensemble(seed, dtype, batch=1 + seed % 3) for seed in range(SEEDS) for dtype in FORMATS
    ]
    made = [generate(graph, f"trees_{index}") for index, graph in enumerate(graphs)]
    library = build(made, tmp_path, "-fsanitize=undefined", "-fno-sanitize-recover=all")
    for index, (graph, generated) in enumerate(zip(graphs, made, strict=True)):
        x = values(np.random.default_rng(index), graph["x"].dtype, graph["x"].shape)
        if x.dtype == np.float32 and index % 2:
            x[0, 0] = np.nan
        (found,) = run_c(library, generated, [x], poison=index)
        np.testing.assert_array_equal(found, run(graph, x)["y"], err_msg=str(index))
    kernels = {step.kernel for generated in made for step in generated.program.steps}
    assert kernels == {
        "ek_tree_ensemble_f32__ref",
        "ek_tree_ensemble_s8_f32__ref",
        "ek_tree_ensemble_s16_f32__ref",
    }


def test_nan_goes_to_the_second_child() -> None:
    graph = ensemble(0)
    x = np.full((1, graph["x"].shape[1]), np.nan, np.float32)
    most = np.full_like(x, np.inf)
    np.testing.assert_array_equal(run(graph, x)["y"], run(graph, most)["y"])


@pytest.mark.parametrize("dtype", FORMATS)
def test_files_keep_trees(dtype: DType) -> None:
    for seed in range(6):
        graph = ensemble(seed, dtype)
        again = read_tflite(write_tflite(graph), graph.name)
        assert_same_graph(again, graph)
        assert isinstance(again.nodes[0].op, TreeEnsemble)


def test_depths_are_averaged_over_leaves() -> None:
    children = np.array([[1, -1], [-1, -1], [-1, -1]], np.int16)
    assert mean_depths(children, np.array([0, 2])) == [5 / 3, 1.0]
