"""A network over a window of time steps as one that takes the new steps alone.

    tracks    where time runs, and which rows stay what they are when the window moves on
    need      which rows are computed in a call, which are kept
    build     the graph: nodes on few rows, rings as states

Of a quantized graph every value is the integer that the window network computes: rows that stay
the same are kept as they were computed, all others are computed from the same operands by the same
operators. So the outputs are the same bit for bit, in every call.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.interpret import run
from edgekit.converter.interpret.program import fold_constants
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.verify import verify
from edgekit.converter.stream.build import Building
from edgekit.converter.stream.need import Rows, needs, whole_nodes
from edgekit.converter.stream.tracks import MOVES, Slide, Track, Way, Whole, follow, through
from edgekit.errors import UnsupportedError, UsageError


@dataclass(frozen=True, slots=True)
class Streamed:
    """A streaming graph with the window network it was made from.

    It takes `hop` of the window's `steps` along `axis` of the input in each call. `least` is the
    smallest hop, `tracks` say how time runs through each tensor that has it, `rows` what a call
    has of it, `ends` are the nodes at which time ends, with the reason.
    """

    graph: Graph
    window: Graph
    axis: int
    steps: int
    hop: int
    least: int
    tracks: Mapping[str, Track]
    rows: Mapping[str, Rows]
    ends: tuple[tuple[Node, Whole], ...]


def stream(graph: Graph, hop: int | None = None, axis: int = 1) -> Streamed:
    """The graph for `hop` new time steps a call, by default the fewest that its strides allow.

    Before the first call the window holds zeros. Raises UsageError for an axis or hop that the
    network cannot have, UnsupportedError for a network of which no layer can be reused.
    """
    name, steps = _time(graph, axis)
    ways, tracks = _followed(graph, {name: Track(axis, 1, 0, steps)})
    least = math.lcm(*(track.step for track in tracks.values()))
    hop = least if hop is None else hop
    _check_hop(graph, hop, least, steps, tracks)
    rows = needs(graph, ways, tracks, hop)
    ends = whole_nodes(graph, ways)
    _check_gain(graph, ways, tracks, rows, ends, hop)
    made = Building(graph, ways, tracks, rows, run(graph, silence(graph), keep="all")).graph()
    verify(fold_constants(made))
    return Streamed(made, graph, axis, steps, hop, least, tracks, rows, ends)


def silence(graph: Graph) -> dict[str, NDArray[Any]]:
    """Real zero as every input, as stored."""
    made = {}
    for name in graph.inputs:
        tensor = graph[name]
        zero = tensor.quant.zero_point if tensor.quant else 0
        made[name] = np.full(tensor.shape, zero, tensor.dtype.numpy)
    return made


def _time(graph: Graph, axis: int) -> tuple[str, int]:
    """The input with time, and its steps."""
    if graph.states:
        raise UnsupportedError(
            graph.name,
            f"keeps {len(graph.states)} states of its own, so it streams already",
            allowed="networks over a window",
            hint="leave --stream out",
            code="stream-states",
        )
    if len(graph.inputs) != 1:
        raise UnsupportedError(
            graph.name,
            f"{len(graph.inputs)} inputs: {', '.join(graph.inputs)}",
            allowed="one input, a window of time steps",
            hint="leave --stream out",
            code="stream-inputs",
        )
    [name] = graph.inputs
    shape = graph[name].shape
    if not 0 < axis < len(shape) or shape[0] != 1 or shape[axis] < 2:
        raise UsageError(
            "--stream-axis",
            f"axis {axis} of input {name!r}, which is {list(shape)}, is no time",
            allowed="an axis from 1 on with two steps or more, of a single window",
            hint="name the axis along which the time steps lie",
            code="stream-axis",
        )
    return name, shape[axis]


def _followed(
    graph: Graph, tracks: dict[str, Track]
) -> tuple[Mapping[str, Way], Mapping[str, Track]]:
    """How every node with time takes its rows, and the tracks of all tensors with time."""
    ways: dict[str, Way] = {}
    known = {name for name, tensor in graph.tensors.items() if tensor.constant}
    for node in graph.nodes:
        way = follow(graph, node, tracks, known)
        if way is None:
            if all(name is None or name in known for name in node.inputs):
                known.update(node.outputs)
            continue
        ways[node.name] = way
        if isinstance(way, Slide):
            tracks[node.output] = through(graph, node, way, tracks)
    return ways, tracks


def _check_hop(graph: Graph, hop: int, least: int, steps: int, tracks: Mapping[str, Track]) -> None:
    multiples = [str(least * n) for n in range(1, 4) if least * n < steps]
    if hop > 0 and hop % least == 0 and hop < steps:
        return
    strided = [node for node in graph.nodes if tracks.get(node.output, _NONE).step == least]
    reason = f": {strided[0].name!r} steps by {least}" if strided and least > 1 else ""
    if hop >= steps:
        reason = f": the window has {steps}, so that nothing would be left to reuse"
    elif least >= steps:
        reason += f", and the window has {steps}"
    raise UsageError(
        "--stream",
        f"{hop} new time steps a call do not go with {graph.name}{reason}",
        allowed=f"multiples of {least} below {steps}: {', '.join(multiples) or 'none'}",
        hint="name another hop" if multiples else "leave --stream out",
        code="stream-hop",
    )


_NONE = Track(0, 0, 0, 0)


def _check_gain(
    graph: Graph,
    ways: Mapping[str, Way],
    tracks: Mapping[str, Track],
    rows: Mapping[str, Rows],
    ends: tuple[tuple[Node, Whole], ...],
    hop: int,
) -> None:
    """Raise UnsupportedError where every row of every layer would be computed in every call; what
    only moves rows does not count."""
    for node in graph.nodes:
        computes = not isinstance(node.op, MOVES)
        if computes and isinstance(ways.get(node.name), Slide) and node.output in rows:
            track = tracks[node.output]
            if rows[node.output].computed_rows < graph[node.output].shape[track.axis]:
                return
    first = f"; {ends[0][0].name!r} {ends[0][1].reason}" if ends else ""
    raise UnsupportedError(
        graph.name,
        f"every layer would be computed anew for {hop} new time steps{first}",
        allowed="a network of which some layer's rows stay the same when the window moves on",
        hint="leave --stream out, or use padding VALID and a longer window",
        code="stream-nothing",
    )
