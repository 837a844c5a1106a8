"""What streaming saves and costs, beside the window network in every call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from edgekit.artifacts.figures import Note
from edgekit.artifacts.streaming import StreamEnd, StreamLayer, StreamSummary
from edgekit.converter.generate import Code
from edgekit.converter.ir.cost import graph_cost, node_macs
from edgekit.converter.lower.lower import lower
from edgekit.converter.plan.plan import plan
from edgekit.converter.stream.stream import Streamed
from edgekit.targets.model import Target
from edgekit.units import count_text, percent


def summarized(streamed: Streamed) -> StreamSummary:
    """What holds on every target."""
    window, graph = streamed.window, streamed.graph
    return StreamSummary(
        axis=streamed.axis,
        window=streamed.steps,
        hop=streamed.hop,
        least_hop=streamed.least,
        warm_up=-(-streamed.steps // streamed.hop),
        state_bytes=sum(state.initial.nbytes for state in graph.states),
        macs=(graph_cost(window).macs, graph_cost(graph).macs),
        edge_macs=sum(macs for _, macs in _layers(streamed)),
        layers=tuple(layer for layer, _ in _layers(streamed)),
        ends=tuple(StreamEnd(n.name, n.op.NAME, way.reason) for n, way in streamed.ends),
    )


def on_target(
    summary: StreamSummary, streamed: Streamed, code: Code, target: Target
) -> StreamSummary:
    """The summary with the arena and the estimate of the generated C, of both networks."""
    if code.memory is None:
        return summary
    whole = lower(streamed.window, target)
    costs = [
        sum(estimates) if all(estimates) else 0
        for estimates in ([s.cost for s in whole.steps], [s.estimate for s in code.steps])
    ]
    arenas = (plan(whole).arena_bytes, code.memory.arena_bytes)
    return replace(summary, arena=arenas, instructions=(costs[0], costs[1]))


def stream_notes(summary: StreamSummary | None, name: str) -> tuple[Note, ...]:
    """Where padding makes calls dear: what it costs."""
    if summary is None:
        return ()
    return (*_edges_told(summary, name), *_dearness_told(summary, name))


def _edges_told(summary: StreamSummary, name: str) -> Iterator[Note]:
    before, now = summary.macs
    if summary.edge_macs * 10 < now or not summary.edge_macs:
        return
    yield Note(
        "stream-edges",
        name,
        f"{percent(summary.edge_macs / now)} of a call's multiply-accumulates are rows at the"
        " window's ends, which SAME padding in time makes different in every window",
        f"with padding VALID in time a call would take {count_text(now - summary.edge_macs)} or"
        f" fewer instead of {count_text(now)} of the window's {count_text(before)}; that is"
        " another network, to be trained so",
        level="info",
    )


def _dearness_told(summary: StreamSummary, name: str) -> Iterator[Note]:
    whole, now = summary.instructions
    if not whole or now < whole:
        return
    yield Note(
        "stream-dearer",
        name,
        f"a call takes {count_text(now)} instructions, estimated, the whole window"
        f" {count_text(whole)}",
        "leave --stream out, or take fewer new time steps a call",
    )


def _layers(streamed: Streamed) -> Iterator[tuple[StreamLayer, int]]:
    """The layers with time that do something, each with the MACs of its rows at the edges."""
    graph = streamed.window
    for node in graph.nodes:
        rows = streamed.rows.get(node.output)
        if rows is None:
            continue
        axis = streamed.tracks[node.output].axis
        whole = graph[node.output].shape[axis]
        fresh = min(rows.hop, rows.computed_rows) if rows.newest >= 0 else 0
        edges = rows.computed_rows - fresh
        layer = StreamLayer(
            node.name, node.op.NAME, whole, rows.computed_rows, edges, rows.kept_rows
        )
        yield layer, node_macs(graph, node) * edges // whole
