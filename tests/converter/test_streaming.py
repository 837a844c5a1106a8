"""States kept between invocations: file, interpreter, references, generated C, quantizer."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.converter.interpret import run, run_in_a_row
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, State
from edgekit.converter.ir.text import graph_text
from edgekit.converter.ir.verify import verify
from edgekit.converter.load.dequantize import dequantize_graph
from edgekit.converter.quantize.int8 import quantize_int8
from edgekit.converter.tflite.reader import outputs_apart, read_tflite
from edgekit.converter.tflite.writer import write_tflite
from tests.conformance.references import Reference, installed
from tests.helpers.generated_c import build, generate
from tests.helpers.oracle import Array
from tests.helpers.streaming_graphs import Q, delay, ring, tensor

STEPS = 9
SANITIZED = ("-fsanitize=undefined", "-fno-sanitize-recover=all")


def samples(graph: Graph, count: int = STEPS) -> list[list[Array]]:
    rng = np.random.default_rng(1)
    shapes = [graph[name].shape for name in graph.inputs]
    return [
        [rng.integers(-128, 128, shape).astype(np.int8) for shape in shapes] for _ in range(count)
    ]


def in_a_row(graph: Graph, inputs: Sequence[Sequence[Array]]) -> list[list[Array]]:
    found = run_in_a_row(graph, [list(sample) for sample in inputs])
    return [[result[name] for name in graph.outputs] for result in found]


def test_invocations_continue_where_the_last_one_ended() -> None:
    graph = ring()
    x = np.concatenate([sample[0] for sample in samples(graph)])
    rows = run(graph, x)["window"]
    everything = np.concatenate([graph.states[0].initial[0], x[:, 0]])
    for step in range(STEPS):
        np.testing.assert_array_equal(rows[step], everything[step : step + 6])
    np.testing.assert_array_equal(run(graph, x[:1])["window"], rows[:1])


def test_states_that_change_places() -> None:
    graph = delay()
    verify(graph)
    x = np.zeros((3, 4), np.int8)
    found = run(graph, x, keep="all")
    assert found["a"][:, 0].tolist() == [3, 4, 0]
    assert found["b"][:, 0].tolist() == [4, 0, 0]
    assert found["c"][:, 0].tolist() == [5, 6, 5]


@pytest.mark.parametrize("make", [ring, delay])
@pytest.mark.parametrize("reference", ["tflite-micro", "tflite-runtime"])
def test_references_agree(make: object, reference: str) -> None:
    if reference not in installed():
        pytest.skip(f"not installed: {reference}")
    graph: Graph = make()  # type: ignore[operator]
    inputs = samples(graph)
    with Reference(reference) as interpreter:
        found = interpreter.run(write_tflite(graph), len(graph.outputs), inputs)
    for ours, theirs in zip(in_a_row(graph, inputs), found, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("make", [ring, delay])
def test_a_file_holds_the_states(make: object) -> None:
    graph: Graph = make()  # type: ignore[operator]
    data = write_tflite(graph)
    again = read_tflite(data, graph.name)
    verify(again)
    assert graph_text(again) == graph_text(graph)
    assert write_tflite(again) == data
    for ours, theirs in zip(graph.states, again.states, strict=True):
        np.testing.assert_array_equal(ours.initial, theirs.initial)


@pytest.mark.parametrize("make", [ring, delay])
def test_generated_c_keeps_the_states_and_resets_them(make: object, tmp_path: Path) -> None:
    graph: Graph = make()  # type: ignore[operator]
    made = generate(graph, graph.name)
    library = build([made], tmp_path, *SANITIZED)
    memory = np.full(made.memory.arena_bytes + 16, 0xA5, np.uint8)
    start = -memory.ctypes.data % 16
    arena, address = memory[start:], ctypes.c_void_p(memory.ctypes.data + start)
    size = ctypes.c_size_t(made.memory.arena_bytes)
    assert getattr(library, f"{graph.name}_init")(address, size) == 0
    inputs = samples(graph)
    for _ in range(2):  # the second time after a reset
        for sample, wanted in zip(inputs, in_a_row(graph, inputs), strict=True):
            for port, value in zip(made.program.inputs, sample, strict=True):
                at = made.memory.offset(port.buffer)
                arena[at : at + port.bytes] = value.view(np.uint8).ravel()
            getattr(library, f"{graph.name}_invoke")(address)
            for port, value in zip(made.program.outputs, wanted, strict=True):
                at = made.memory.offset(port.buffer)
                np.testing.assert_array_equal(
                    arena[at : at + port.bytes].view(np.int8), value.ravel()
                )
        getattr(library, f"{graph.name}_reset")(address)


def test_state_buffers_belong_to_no_other_value() -> None:
    made = generate(delay(), "delay")
    last = len(made.program.steps) - 1
    for state in made.program.states:
        placed = made.memory.placement(state.buffer)
        assert (placed.first, placed.last, placed.kind) == (0, last, "state")


def test_models_without_states_have_no_reset() -> None:
    from tests.helpers.int8_graphs import GraphBuilder

    g = GraphBuilder("plain")
    graph = g.graph(g.node(ops.Relu(), [g.input((1, 4), Q)], (1, 4), Q))
    text = "".join(generate(graph, "plain").source.files.values())
    assert "reset" not in text


def test_an_output_that_is_a_state_becomes_a_copy() -> None:
    graph = replace(ring(), outputs=("window", "ring"))
    apart = outputs_apart(graph)
    verify(apart)
    assert apart.outputs == ("window", "ring_now")
    assert isinstance(apart.producer("ring_now").op, ops.Reshape)  # type: ignore[union-attr]


def test_a_variable_that_nothing_reads_is_no_state() -> None:
    graph = ring()
    unread = State("spare", "spare", "tail", graph.states[0].initial)
    more = replace(graph.with_tensors(tensor("spare", 1, 5, 4)), states=(*graph.states, unread))
    assert [s.name for s in read_tflite(write_tflite(more), "ring").states] == ["ring"]


def test_quantizing_gives_a_state_one_scale() -> None:
    graph = ring(quant=None)
    verify(graph)
    batch = np.random.default_rng(0).normal(0, 30, (40, 1, 4)).astype(np.float32)
    made = quantize_int8(graph, [batch]).graph
    verify(made)
    [state] = made.states
    assert state.initial.dtype == np.int8
    assert made["ring"].quant == made["tail"].quant == made["window"].quant
    real = dequantize_graph(made)
    verify(real)
    np.testing.assert_allclose(real.states[0].initial, graph.states[0].initial, atol=1.2)


def test_an_initialisation_that_computes_is_refused() -> None:
    from edgekit.errors import UnsupportedError
    from tests.helpers.odd_tflite import changed

    def compute(module: Any, model: Any) -> None:
        init = model.subgraphs[1]
        for operator in init.operators:
            if operator.inputs is not None and len(operator.inputs) == 2:
                init.tensors[operator.inputs[1]].buffer = 0

    with pytest.raises(UnsupportedError) as caught:
        read_tflite(changed(write_tflite(ring()), compute), "ring")
    assert caught.value.code == "variable-initialisation"
    assert "ASSIGN_VARIABLE of 'ring_initial', which is no constant" in str(caught.value)
    assert "Give the variables constant initial values" in str(caught.value)


def test_batches_of_a_graph_with_states_start_anew() -> None:
    from edgekit.converter.interpret import run_batches

    graph = ring()
    x = np.concatenate([sample[0] for sample in samples(graph, 4)])
    first, second = run_batches(graph, [x, x])
    np.testing.assert_array_equal(first["window"], second["window"])


def test_a_node_that_writes_a_state_is_not_folded_away() -> None:
    graph = ring()
    same = Node("same", ops.Reshape(), ("tail",), ("next",))
    longer = replace(
        graph.with_tensors(tensor("next", 1, 5, 4)),
        nodes=(*graph.nodes, same),
        states=(replace(graph.states[0], written="next"),),
    )
    from edgekit.converter.compress.tidy import drop_dead

    verify(longer)
    assert [node.name for node in drop_dead(longer).nodes] == ["window", "tail", "same"]
    inputs = samples(graph)
    for ours, theirs in zip(in_a_row(longer, inputs), in_a_row(graph, inputs), strict=True):
        np.testing.assert_array_equal(ours[0], theirs[0])


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.parametrize("quantized", [False, True])
def test_a_streaming_convolution_from_tensorflow(quantized: bool, tmp_path: Path) -> None:
    """tf.Variable state, converted by TensorFlow, verified on this machine."""
    from edgekit import convert
    from edgekit import verify as verify_bundle
    from edgekit.converter.options import ConvertOptions
    from tests.helpers.streaming_tensorflow import streaming_tflite

    path = tmp_path / "stream.tflite"
    path.write_bytes(streaming_tflite(quantized=quantized))
    options = ConvertOptions(precision="int8" if quantized else "float32")
    convert(path, target="host", output_dir=tmp_path / "out", options=options)
    result = verify_bundle(tmp_path / "out", samples=12)
    assert result.proved
    micro = [row for row in result.engines if row.engine.startswith("tflite-micro")]
    assert all(row.equal for row in micro)


def test_an_svdf_without_relu_is_not_quantized() -> None:
    from edgekit.errors import UnsupportedError
    from tests.helpers.recurrent_graphs import filter_graph

    graph = filter_graph(ops.Activation.NONE)
    with pytest.raises(UnsupportedError) as caught:
        quantize_int8(graph, [np.zeros(graph[graph.inputs[0]].shape, np.float32)])
    assert caught.value.code == "recurrent-quantization"
    assert caught.value.found == "activation NONE"
    assert "RELU" in caught.value.allowed
    assert "--precision float32" in caught.value.hint


def test_an_lstm_with_another_activation_is_refused() -> None:
    from edgekit.errors import UnsupportedError
    from tests.conformance.maker import Maker
    from tests.conformance.recurrent import lstm
    from tests.helpers.odd_tflite import changed, option_is

    m = Maker(1, DType.INT8)
    assert lstm(m)
    data = write_tflite(m.graph("lstm", [m.nodes[-1].output]))
    [state, _] = read_tflite(data, "lstm").states
    assert np.unique(state.initial).tolist() == [m[state.read].quant.zero_point]  # type: ignore[union-attr]
    with pytest.raises(UnsupportedError) as caught:
        read_tflite(changed(data, option_is(0, fusedActivationFunction=1)), "lstm")
    assert "activation RELU" in str(caught.value)
    assert "allowed: TANH" in str(caught.value)
