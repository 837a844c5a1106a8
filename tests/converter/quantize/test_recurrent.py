"""Float SVDFs and LSTMs become int8 ones that stay close, and that tflite-micro computes alike."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from edgekit.converter.interpret import run, run_in_a_row
from edgekit.converter.ir.graph import DType, Graph
from edgekit.converter.ir.verify import verify
from edgekit.converter.quantize.execute import outputs_real
from edgekit.converter.quantize.int8 import quantize_int8
from edgekit.converter.tflite.reader import read_tflite
from edgekit.converter.tflite.writer import write_tflite
from tests.conformance.references import Reference, installed
from tests.helpers.float_graphs import samples
from tests.helpers.recurrent_graphs import filter_graph, lstm_graph

GRAPHS = [filter_graph, lstm_graph]


def quantized(graph: Graph) -> Graph:
    done = quantize_int8(graph, [samples(graph, 200)]).graph
    verify(done)
    return done


@pytest.mark.parametrize("make", GRAPHS)
def test_they_stay_close_over_many_steps(make: Callable[[], Graph]) -> None:
    graph = make()
    done = quantized(graph)
    fresh = samples(graph, 40, seed=9)
    exact, found = (outputs_real(each, fresh)["y"] for each in (graph, done))
    noise = np.sqrt(np.mean((exact - found) ** 2) / np.mean(exact**2))
    assert noise < 0.04, noise


def test_an_lstm_has_tflite_micro_s_formats() -> None:
    done = quantized(lstm_graph())
    [node] = done.nodes
    cell, hidden = (done.role(node, role) for role in ("cell", "hidden"))
    assert cell is not None
    assert hidden is not None
    assert cell.quant is not None
    assert (cell.dtype, hidden.dtype) == (DType.INT16, DType.INT8)
    assert math.log2(cell.quant.scale).is_integer()
    assert hidden.quant == done["y"].quant
    assert 32768 * cell.quant.scale >= 8
    kept = {state.name: state.initial.dtype.name for state in done.states}
    assert kept == {"hidden": "int8", "cell": "int16"}


@pytest.mark.parametrize("make", GRAPHS)
def test_tflite_micro_computes_them_alike(make: Callable[[], Graph]) -> None:
    if "tflite-micro" not in installed():
        pytest.skip("not installed: tflite-micro")
    done = read_tflite(write_tflite(quantized(make())), "again")
    shape = done[done.inputs[0]].shape
    rng = np.random.default_rng(4)
    rows = [[rng.integers(-128, 128, shape).astype(np.int8)] for _ in range(6)]
    expected = [found[done.outputs[0]] for found in run_in_a_row(done, rows)]
    with Reference("tflite-micro") as reference:
        theirs = reference.run(write_tflite(done), 1, rows)
    for ours, [other] in zip(expected, theirs, strict=True):
        np.testing.assert_array_equal(ours, other)


def test_states_begin_at_real_zero() -> None:
    done = quantized(lstm_graph())
    hidden = next(state for state in done.states if state.name == "hidden")
    quant = done["y"].quant
    assert quant is not None
    assert (hidden.initial == quant.zero_point).all()
    zeros = np.full(done[done.inputs[0]].shape, 0, np.int8)
    assert run(done, zeros)["y"].std() > 0
