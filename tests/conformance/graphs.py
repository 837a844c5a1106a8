"""A random graph for a seed, and inputs for it. The same commit gives the same graph.

Registering a generator changes which graph a seed stands for: a seed is quoted with its commit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from edgekit.converter.ir.graph import DType, Graph, State
from tests.conformance import elementwise as elementwise
from tests.conformance import logic as logic
from tests.conformance import movement as movement
from tests.conformance import rearrange as rearrange
from tests.conformance import recurrent as recurrent
from tests.conformance import reductions as reductions
from tests.conformance import weighted as weighted
from tests.conformance.maker import Array, Maker
from tests.conformance.registry import Generator, generators

SAMPLES = 3
MOST_NODES = 10

FORMATS: dict[DType, float] = {DType.INT8: 0.75, DType.INT16: 0.1, DType.FLOAT32: 0.15}
"""Number format of the activations -> share of the graphs."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A graph and samples of its inputs, in the order of the graph's inputs."""

    seed: int
    graph: Graph
    samples: tuple[tuple[Array, ...], ...]


def case(seed: int, dtype: DType | None = None, first: str = "") -> Case:
    """The graph of a seed, in the number format the seed chooses or in a given one; it starts
    with the operator `first`, where one is named."""
    chosen = dtype or _format(seed)
    graph = random_graph(seed, chosen, first)
    rng = np.random.default_rng([seed, 1])
    return Case(seed, graph, tuple(random_inputs(graph, rng, style) for style in range(SAMPLES)))


def _format(seed: int) -> DType:
    draw = np.random.default_rng([seed, 2]).random()
    for dtype, share in FORMATS.items():
        if draw < share:
            return dtype
        draw -= share
    return DType.INT8


def random_graph(seed: int, dtype: DType, first: str = "") -> Graph:
    """One to ten operators over one or more inputs; every loose end is an output."""
    m = Maker(seed, dtype)
    m.input(m.image_shape())
    table = generators(dtype)
    # The first operator goes round the table: any run of seeds as long as it has them all.
    named = [index for index, row in enumerate(table) if row.operator == first]
    _grow(m, table, first=named[seed % len(named)] if named else seed % len(table))
    for _ in range(m.integer(0, MOST_NODES - 1)):
        _grow(m, table, first=m.integer(0, len(table) - 1))
    return _stateful(m, _used_only(m.graph(f"seed_{seed}", _outputs(m))))


def _grow(m: Maker, table: tuple[Generator, ...], first: int) -> None:
    """Let the generator at `first` add its operator, or the next ones where it cannot."""
    for offset in range(len(table)):
        if table[(first + offset) % len(table)].grow(m):
            return


def _outputs(m: Maker) -> list[str]:
    """What nobody reads, in random order, and now and then a value that is read as well."""
    read = {name for node in m.nodes for name in node.inputs}
    made = [n for node in m.nodes for n in (node.outputs[:1] if node.op.STATES else node.outputs)]
    loose = [name for name in made if name not in read]
    inner = [name for name in made if name in read]
    chosen = [*loose, *(name for name in inner if m.chance(0.1))]
    return [chosen[int(index)] for index in m.rng.permutation(len(chosen))]


def _used_only(graph: Graph) -> Graph:
    """Without inputs that no node reads: references and EdgeKit treat them alike only by luck."""
    read = {name for node in graph.nodes for name in node.inputs}
    unread = [name for name in graph.inputs if name not in read]
    kept = tuple(name for name in graph.inputs if name in read)
    tensors = {name: t for name, t in graph.tensors.items() if name not in unread}
    return replace(graph, tensors=tensors, inputs=kept)


def _stateful(m: Maker, graph: Graph) -> Graph:
    """Now and then an input becomes a state that gets the value of something of its form."""
    rng = np.random.default_rng([m.integer(0, 1 << 30), 3])
    if len(graph.inputs) < 2 or rng.random() < 0.4:
        return graph
    for name in graph.inputs[1:]:
        form = _form(graph, name)
        alike = [n for n in graph.activations() if n != name and _form(graph, n) == form]
        if alike and name not in graph.outputs:
            [initial] = random_inputs(replace(graph, inputs=(name,)), rng)
            first = initial if rng.random() < 0.5 else np.zeros_like(initial)
            state = State(f"state_{name}", name, str(rng.choice(alike)), first)
            inputs = tuple(other for other in graph.inputs if other != name)
            graph = replace(graph, inputs=inputs, states=(*graph.states, state))
    return graph


def _form(graph: Graph, name: str) -> tuple[object, ...]:
    tensor = graph[name]
    return tensor.shape, tensor.dtype, tensor.quant


def random_inputs(graph: Graph, rng: np.random.Generator, style: int = 0) -> tuple[Array, ...]:
    """One array per input: uniform (style 0), mostly the extremes (1), near the zero point (2)."""
    return tuple(_values(graph, name, rng, style) for name in graph.inputs)


def _values(graph: Graph, name: str, rng: np.random.Generator, style: int) -> Array:
    tensor = graph[name]
    if tensor.dtype is DType.FLOAT32:
        return rng.normal(0, (2, 30, 0.05)[style % 3], tensor.shape).astype(np.float32)
    if tensor.dtype is DType.BOOL:
        return rng.random(tensor.shape) < 0.5
    info = np.iinfo(tensor.dtype.value)
    if style % 3 == 1:
        return rng.choice(np.array([info.min, info.max], tensor.dtype.numpy), tensor.shape)
    if style % 3 == 2 and tensor.quant is not None:
        around = tensor.quant.zero_point + rng.integers(-3, 4, tensor.shape)
        return np.clip(around, info.min, info.max).astype(tensor.dtype.numpy)
    return rng.integers(info.min, info.max + 1, tensor.shape).astype(tensor.dtype.numpy)
