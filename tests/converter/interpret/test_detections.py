"""Detection heads: interpreter and generated C beside tflite-micro and LiteRT."""

from __future__ import annotations

import ctypes
import math
from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.interpret import run
from edgekit.converter.interpret.detections import exp
from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.ops import DetectionPostProcess
from edgekit.converter.ir.verify import verify
from edgekit.converter.tflite import write_tflite
from tests.helpers import oracle
from tests.helpers.detection_graphs import OUTPUTS, head, head_inputs
from tests.helpers.generated_c import INCLUDE, build, generate, run_c
from tests.helpers.oracle import Array
from tests.helpers.toolchains import compile_c

SEEDS = 40


def interpreted(graph: Graph, inputs: list[Array]) -> list[Array]:
    found = run(graph, inputs)
    return [found[name] for name in OUTPUTS]


def run_litert(model: bytes, inputs: list[Array]) -> list[Array]:
    interpreter = pytest.importorskip("ai_edge_litert.interpreter").Interpreter(model_content=model)
    interpreter.allocate_tensors()
    for row, value in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(row["index"], value)
    interpreter.invoke()
    return [interpreter.get_tensor(row["index"]) for row in interpreter.get_output_details()]


def assert_same(graph: Graph, found: list[Array], expected: list[Array]) -> None:
    """Equal in what is found; the references leave the rows behind it as they were."""
    op = graph.nodes[-1].op
    assert isinstance(op, DetectionPostProcess)
    assert [x.shape for x in found] == [x.shape for x in expected]
    np.testing.assert_array_equal(found[3], expected[3])
    per_box = 1 if op.use_regular_nms else op.max_classes_per_detection
    rows = np.arange(int(found[3][0]) * per_box)
    rows = rows[rows % per_box < op.num_classes]
    for mine, theirs in zip(found[:3], expected[:3], strict=True):
        np.testing.assert_array_equal(mine[0, rows], theirs[0, rows])


@pytest.mark.parametrize("by_class", [False, True])
def test_equal_to_tflite_micro_ties_included(by_class: bool) -> None:
    several = 0
    for seed in range(SEEDS):
        graph = head(seed, by_class=by_class)
        verify(graph)
        inputs = head_inputs(graph, seed, ties=seed % 2 == 1)
        found = interpreted(graph, inputs)
        assert_same(graph, found, oracle.run_tflm(write_tflite(graph), inputs))
        several += found[3][0] > 1
    assert several > SEEDS / 2


@pytest.mark.parametrize("by_class", [False, True])
@pytest.mark.parametrize("per_box", [1, 3])
def test_equal_to_litert_where_no_scores_tie(by_class: bool, per_box: int) -> None:
    for seed in range(SEEDS):
        graph = head(seed, by_class=by_class, per_box=per_box)
        inputs = head_inputs(graph, seed)
        found = interpreted(graph, inputs)
        assert_same(graph, found, run_litert(write_tflite(graph), inputs))


def test_generated_c_equals_the_interpreter(tmp_path: Path) -> None:
    graphs = [
        head(seed, by_class=by_class, per_box=per_box)
        for seed in range(20)
        for by_class in (False, True)
        for per_box in (1, 3)
    ]
    made = [generate(graph, f"head_{index}") for index, graph in enumerate(graphs)]
    library = build(made, tmp_path, "-fsanitize=undefined", "-fno-sanitize-recover=all")
    for index, (graph, generated) in enumerate(zip(graphs, made, strict=True)):
        inputs = head_inputs(graph, index, ties=index % 3 == 0)
        found = run_c(library, generated, inputs, poison=index)
        for name, mine, theirs in zip(OUTPUTS, found, interpreted(graph, inputs), strict=True):
            np.testing.assert_array_equal(mine, theirs, err_msg=f"{index} {name}")
    kernels = {step.kernel for generated in made for step in generated.program.steps}
    assert kernels == {"ek_detections_f32__ref", "ek_detections_by_class_f32__ref"}


def test_several_samples_are_computed_one_by_one() -> None:
    graph = head(3, by_class=False)
    one, two = head_inputs(graph, 1), head_inputs(graph, 2)
    both = interpreted(graph, [np.concatenate(pair) for pair in zip(one, two, strict=True)])
    for at, inputs in enumerate((one, two)):
        for mine, alone in zip(both, interpreted(graph, inputs), strict=True):
            np.testing.assert_array_equal(mine[at : at + 1], alone)


def test_scores_below_the_threshold_give_nothing_but_zeros(tmp_path: Path) -> None:
    for by_class in (False, True):
        graph = head(7, by_class=by_class)
        boxes, scores = head_inputs(graph, 7)
        inputs = [boxes, -np.abs(scores) - 1]
        made = generate(graph, "none")
        folder = tmp_path / str(by_class)
        folder.mkdir()
        for found in (interpreted(graph, inputs), run_c(build([made], folder), made, inputs)):
            assert all(not np.any(array) for array in found)


def test_exp_has_the_bits_of_the_c_and_is_exact_to_two_units(tmp_path: Path) -> None:
    source, library = tmp_path / "exp.c", tmp_path / "exp.so"
    source.write_text(
        '#include "ek_exp_f64.h"\n'
        "void all(int n, const double *x, double *y);\n"
        "void all(int n, const double *x, double *y)\n"
        "{ for (int i = 0; i < n; i++) y[i] = ek_exp_f64(x[i]); }\n"
    )
    compile_c("gcc", "-std=c11", "-O2", "-shared", "-fPIC", f"-I{INCLUDE}", "-o", library, source)
    ends = [0.0, 700.0, -700.0, 701.0, -701.0, 1e300, -1e300, np.inf, -np.inf, np.nan]
    x = np.concatenate([np.linspace(-699, 699, 20_001), np.linspace(-1, 1, 20_001), ends])
    y = np.empty_like(x)
    pointers = [a.ctypes.data_as(ctypes.c_void_p) for a in (x, y)]
    ctypes.CDLL(str(library)).all(len(x), *pointers)
    np.testing.assert_array_equal(y, exp(x))
    inner = x[: -len(ends)]
    exact = np.array([math.exp(value) for value in inner])
    np.testing.assert_allclose(exp(inner), exact, rtol=2**-51, atol=0)
    beyond = [np.inf, 0, np.inf, 0, np.inf, 0, np.nan]
    np.testing.assert_array_equal(exp(x[-7:]), beyond)
