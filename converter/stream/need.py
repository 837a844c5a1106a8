"""Which rows of which tensor are computed in a call, and which are kept from earlier ones.

Demand runs from the outputs to the input. Of a tensor's steady rows only the newest, which no
earlier call had, are computed; the others that somebody reads are kept. Rows at the edges, which
padding reaches, belong to one window alone: those that somebody reads are computed in every call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.stream.tracks import Slide, Track, Tracks, Way, Whole, timed_operands


@dataclass(frozen=True, slots=True)
class Rows:
    """What a call has of a tensor with time: `computed` runs of rows, each (first, end), in order,
    and the rows `kept` from earlier calls, which end where the run `newest` begins.

    `hop` is by how many rows the window moves on; each call's newest rows take the place of the
    oldest kept ones.
    """

    computed: tuple[tuple[int, int], ...]
    kept: tuple[int, int]
    newest: int
    hop: int

    @property
    def kept_rows(self) -> int:
        """How many rows are kept."""
        return self.kept[1] - self.kept[0]

    @property
    def computed_rows(self) -> int:
        """How many rows are computed in a call."""
        return sum(end - first for first, end in self.computed)


def needs(graph: Graph, ways: Mapping[str, Way], tracks: Tracks, hop: int) -> Mapping[str, Rows]:
    """The rows of every tensor with time that somebody reads.

    An output of the graph that has time is its newest rows, as many as the window moves on by.
    """
    wanted: dict[str, set[int]] = {name: set() for name in tracks}
    for name in graph.outputs:
        if name in tracks:
            length = graph[name].shape[tracks[name].axis]
            moved = hop // tracks[name].step
            wanted[name].update(range(max(0, length - moved), length))
    found: dict[str, Rows] = {}
    for node in reversed(graph.nodes):
        way = ways.get(node.name)
        if way is None:
            continue
        if isinstance(way, Slide):
            found[node.output] = rows = _rows(wanted[node.output], tracks[node.output], hop)
            demands = [way.reads(first, end) for first, end in rows.computed]
        else:
            demands = [(way.first, 1 << 30 if way.end is None else way.end)]
        for name, track in timed_operands(node, tracks).items():
            length = graph[name].shape[track.axis]
            for first, end in demands:
                wanted[name].update(range(max(first, 0), min(end, length)))
    for name in graph.inputs:
        if name in tracks:
            found[name] = _given(wanted[name], tracks[name], hop)
    return found


def _given(wanted: set[int], track: Track, hop: int) -> Rows:
    """The rows of the input: the new steps, whoever reads them, and what is kept of the others."""
    newest = track.end - hop
    oldest = min(wanted, default=newest)
    return Rows(((newest, track.end),), (min(oldest, newest), newest), 0, hop)


def _rows(wanted: set[int], track: Track, hop: int) -> Rows:
    moved = hop // track.step
    steady = [row for row in wanted if row in track.steady]
    edges = wanted.difference(track.steady)
    if not steady:
        return Rows(runs(edges), (0, 0), -1, moved)
    oldest, end = min(steady), max(steady) + 1
    newest = max(oldest, end - moved)
    computed = runs(edges.union(range(newest, end)))
    at = next(i for i, (first, stop) in enumerate(computed) if first <= newest < stop)
    return Rows(computed, (oldest, newest), at, moved)


def runs(rows: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Rows as runs of neighbours.

    >>> runs({1, 2, 3, 7})
    ((1, 4), (7, 8))
    """
    found: list[tuple[int, int]] = []
    for row in sorted(rows):
        if found and found[-1][1] == row:
            found[-1] = (found[-1][0], row + 1)
        else:
            found.append((row, row + 1))
    return tuple(found)


def whole_nodes(graph: Graph, ways: Mapping[str, Way]) -> tuple[tuple[Node, Whole], ...]:
    """Nodes at which time ends."""
    pairs = ((node, ways.get(node.name)) for node in graph.nodes)
    return tuple((node, way) for node, way in pairs if isinstance(way, Whole))
