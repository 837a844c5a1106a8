"""Custom operators in files: written, read, and refused by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from flatbuffers import flexbuffers
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.converter.interpret import run
from edgekit.converter.ir.graph import DType, Graph
from edgekit.converter.ir.ops_base import Padding
from edgekit.converter.tflite import read_tflite, write_tflite
from edgekit.converter.tflite.custom import custom_options
from edgekit.converter.tflite.raw import read_raw
from edgekit.errors import ModelError, UnsupportedError
from tests.helpers.binary_graphs import Case, bconv_graph, pool_graph, random_case, random_values
from tests.helpers.graph_equality import assert_same_graph
from tests.helpers.odd_tflite import changed, operator_becomes, schema

GRAPH = bconv_graph(Case(output=DType.INT32), np.random.default_rng(0))


def graphs(seed: int) -> Graph:
    rng = np.random.default_rng(seed)
    return pool_graph(rng) if seed % 4 == 3 else bconv_graph(random_case(rng), rng)


@pytest.mark.parametrize("seed", range(16))
def test_graphs_come_back_equal(seed: int) -> None:
    graph = graphs(seed)
    data = write_tflite(graph)
    found = read_tflite(data, "g")
    assert [(node.op, node.output) for node in found.nodes] == [
        (node.op, node.output) for node in graph.nodes
    ]
    assert_same_graph(found, read_tflite(write_tflite(found), "g"))
    assert write_tflite(found) == data
    x = random_values(graph, np.random.default_rng(seed))
    np.testing.assert_array_equal(run(found, x)[found.outputs[0]], run(graph, x)[graph.outputs[0]])


def test_absent_operands_keep_their_places() -> None:
    operator = read_raw(write_tflite(GRAPH), "g").main.operators[1]
    assert len(operator.inputs) == 5
    assert operator.inputs[2:4] == (-1, -1)
    assert (operator.name, operator.version) == ("LceBconv2d", 1)


def test_the_options_are_those_that_lce_reads() -> None:
    op = GRAPH.nodes[1].op
    stored = flexbuffers.Loads(custom_options(op))
    assert stored == {
        "channels_in": 64, "dilation_height_factor": 1, "dilation_width_factor": 1,
        "fused_activation_function": 0, "pad_values": 1, "padding": 0,
        "stride_height": 1, "stride_width": 1,
    }  # fmt: skip
    assert list(stored) == sorted(stored)
    valid = bconv_graph(Case(padding=Padding.VALID), np.random.default_rng(0)).nodes[1].op
    assert flexbuffers.Loads(custom_options(valid))["padding"] == 1


def with_options(data: bytes) -> bytes:
    """The file whose convolution has these custom options."""

    def change(module: Any, model: Any) -> None:
        model.subgraphs[0].operators[1].customOptions = np.frombuffer(data, np.uint8)

    return changed(write_tflite(GRAPH), change)


def test_another_encoding_of_the_options_is_read_alike() -> None:
    stored = flexbuffers.Loads(custom_options(GRAPH.nodes[1].op))
    wide = flexbuffers.Dumps({**stored, "more": 1 << 20})
    found = read_tflite(with_options(bytes(wide)), "g")
    assert found.nodes[1].op == GRAPH.nodes[1].op


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"channels_in": None}, "has no channels_in in its options"),
        ({"padding": 7}, "has padding 7"),
        ({"fused_activation_function": -1}, "has fused_activation_function -1"),
        ({"stride_width": 0}, "has stride_width 0"),
    ],
)
def test_options_that_do_not_fit_are_named(change: dict[str, int | None], found: str) -> None:
    stored = {**flexbuffers.Loads(custom_options(GRAPH.nodes[1].op)), **change}
    left = {key: value for key, value in stored.items() if value is not None}
    with pytest.raises(ModelError, match=f"operator 1 .LceBconv2d. {found}"):
        read_tflite(with_options(bytes(flexbuffers.Dumps(left))), "g")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_options_are_an_error_of_ours(data: st.DataObject) -> None:
    schema()
    options = bytearray(custom_options(GRAPH.nodes[1].op))
    for _ in range(data.draw(st.integers(1, 3))):
        options[data.draw(st.integers(0, len(options) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_tflite(with_options(bytes(options)), "g")
    except ModelError as error:
        assert "operator 1" in error.found or error.code  # noqa: PT017


def test_options_that_are_no_map_are_named() -> None:
    for data in (b"\x00\x00", b"\x01\x04\x01", bytes(flexbuffers.Dumps([1, 2]))):
        with pytest.raises(ModelError, match="options that are no map of numbers"):
            read_tflite(with_options(data), "g")


def test_an_unknown_custom_operator_is_refused_by_node_and_name() -> None:
    odd = changed(write_tflite(GRAPH), operator_becomes(1, "CUSTOM", "LceMystery"))
    with pytest.raises(UnsupportedError) as caught:
        read_tflite(odd, "g")
    assert "CUSTOM 'LceMystery'" in caught.value.found
    assert "node 1" in caught.value.subject
    assert "LceBconv2d" in caught.value.allowed
