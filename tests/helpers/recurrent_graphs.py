"""Float graphs around one SVDF or LSTM, with weights as trained ones have them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, State, Tensor
from edgekit.converter.ir.ops import Activation
from edgekit.converter.ir.ops_recurrent import GATES
from edgekit.converter.ir.verify import verify
from tests.helpers.float_graphs import FloatGraph


def _updating(
    g: FloatGraph, op: ops.Op, inputs: list[str | None], y: Tensor, kept: list[Tensor]
) -> Graph:
    """The graph with a last node that updates states of its own."""
    after = [replace(tensor, name=f"{tensor.name}_next") for tensor in kept]
    names = (y.name, *(tensor.name for tensor in after))
    node = Node(y.name, op, (*inputs, *(tensor.name for tensor in kept)), names)
    tensors = {**g.tensors, **{t.name: t for t in (y, *kept, *after)}}
    states = tuple(
        State(before.name, before.name, later.name, np.zeros(before.shape, np.float32))
        for before, later in zip(kept, after, strict=True)
    )
    graph = Graph(g.name, tensors, (*g.nodes, node), tuple(g.inputs), (y.name,), states=states)
    verify(graph)
    return graph


def _dense(g: FloatGraph, rng: np.random.Generator, outputs: int, inputs: int) -> str:
    return g.constant(rng.normal(0, 1 / np.sqrt(inputs), (outputs, inputs)))


def filter_graph(activation: Activation = Activation.RELU, seed: int = 0) -> Graph:
    """An SVDF of rank 2 over 8 values, 6 units and 5 steps."""
    rng, g = np.random.default_rng(seed), FloatGraph("filter")
    x = g.input((1, 8))
    times = g.constant(rng.normal(0, 0.5, (12, 5)))
    operands: list[str | None] = [
        x,
        _dense(g, rng, 12, 8),
        times,
        g.constant(rng.normal(0, 0.2, 6)),
    ]
    state = Tensor("memory", (1, 60), DType.FLOAT32)
    y = Tensor("y", (1, 6), DType.FLOAT32)
    return _updating(g, ops.Svdf(2, activation), operands, y, [state])


def lstm_graph(seed: int = 0) -> Graph:
    """An LSTM of 10 units over 7 steps of 6 values."""
    rng, g = np.random.default_rng(seed), FloatGraph("lstm")
    x = g.input((1, 7, 6))
    weights = [_dense(g, rng, 10, 6) for _ in GATES]
    recurrent = [_dense(g, rng, 10, 10) for _ in GATES]
    biases = [g.constant(rng.normal(0, 0.3, 10)) for _ in GATES]
    operands = [x, *weights, *recurrent, None, None, None, *biases, None, None]
    kept = [Tensor(name, (1, 10), DType.FLOAT32) for name in ("hidden", "cell")]
    y = Tensor("y", (1, 7, 10), DType.FLOAT32)
    return _updating(g, ops.UnidirectionalSequenceLstm(), operands, y, kept)
