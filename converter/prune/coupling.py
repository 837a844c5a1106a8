"""Which channels of a graph can only be removed together.

Every activation has one axis that counts channels. A layer makes channels of its own; an ADD ties
channel i of one operand to channel i of the other, a depthwise convolution its output to its input,
a concatenation lines channels up, a RESHAPE into a fully connected layer spreads each over several
places (rules.py has them all). What is tied goes together or not at all: a group, as in Fang et al.
2023, "DepGraph: Towards Any Structural Pruning". Groups that reach an input, an output or an
operator that is not followed stay whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir.graph import Graph, Node

Ids = NDArray[np.int64]
WHOLE = 0
"""The group of all channels that stay."""


@dataclass(frozen=True, slots=True, eq=False)
class Channels:
    """The channel axis of a tensor, and the group of each of its channels."""

    axis: int
    groups: Ids


@dataclass(frozen=True, slots=True, eq=False)
class Coupling:
    """Channels by activation; groups count from 1, `WHOLE` marks channels that stay. `left` says
    why, by node: of operators that are not followed."""

    channels: Mapping[str, Channels]
    count: int
    left: Mapping[str, str]


@dataclass(slots=True)
class Ties:
    """Channels while they are being tied together: each has a number, and the numbers a forest."""

    graph: Graph
    channels: dict[str, Channels] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    parents: list[int] = field(default_factory=lambda: [WHOLE])

    def of(self, name: str | None) -> Channels | None:
        """The channels of a tensor; None for constants and scalars."""
        return None if name is None else self.channels.get(name)

    def fresh(self, name: str) -> None:
        """The tensor's last axis counts channels that no other tensor has yet."""
        shape = self.graph[name].shape
        if shape:
            start = len(self.parents)
            self.parents += range(start, start + shape[-1])
            self.put(name, len(shape) - 1, np.arange(start, start + shape[-1]))

    def put(self, name: str, axis: int, groups: Ids) -> None:
        """The tensor's channels are these."""
        assert len(groups) == self.graph[name].shape[axis], name
        self.channels[name] = Channels(axis, groups)

    def whole(self, *names: str | None) -> None:
        """All channels of these tensors stay."""
        for name in names:
            if name is None or self.graph[name].constant:
                continue
            if name not in self.channels:
                self.fresh(name)
            found = self.of(name)
            if found is not None:
                self.tie(found.groups, np.full(len(found.groups), WHOLE))

    def leave(self, node: Node, why: str) -> None:
        """The node is not followed: all that it reads and makes stays whole."""
        groups = [found.groups for name in node.inputs if (found := self.of(name)) is not None]
        loose = any(self.root(int(group)) != WHOLE for each in groups for group in each)
        if loose or "weights" in node.op.INPUTS:
            self.left[node.name] = why
        self.whole(*node.inputs, *node.outputs)

    def tie(self, some: Ids, others: Ids) -> None:
        """Pairs of channels go together; the smaller number stands for both, so WHOLE wins."""
        for a, b in zip(some.tolist(), others.tolist(), strict=True):
            first, second = sorted((self.root(a), self.root(b)))
            self.parents[second] = first

    def root(self, channel: int) -> int:
        """What stands for a channel."""
        while self.parents[channel] != channel:
            self.parents[channel] = self.parents[self.parents[channel]]
            channel = self.parents[channel]
        return channel

    def coupling(self) -> Coupling:
        """The groups, numbered in the order in which they appear."""
        numbers = {WHOLE: WHOLE}
        roots = [self.root(channel) for channel in range(len(self.parents))]
        for root in roots:
            numbers.setdefault(root, len(numbers))
        table = np.array([numbers[root] for root in roots])
        channels = {
            name: Channels(found.axis, table[found.groups]) for name, found in self.channels.items()
        }
        return Coupling(channels, len(numbers) - 1, dict(self.left))


def couple(graph: Graph) -> Coupling:
    """The groups of channels of a float graph."""
    from edgekit.converter.prune.rules import RULES

    ties = Ties(graph)
    ties.whole(*graph.sources)
    for node in graph.nodes:
        rule = RULES.get(type(node.op))
        if rule is None:
            ties.leave(node, f"{node.op.NAME} is not followed")
        else:
            rule(ties, node)
        for name in node.outputs:
            assert name in ties.channels or not graph[name].shape, name
    ties.whole(*graph.results)
    return ties.coupling()


def weight_columns(graph: Graph, node: Node, source: Channels) -> Ids | None:
    """The group of each input of a FULLY_CONNECTED's weights, which may flatten several axes; None
    where its rows differ."""
    shape, wide = graph.input(node).shape, graph.input(node, 1).shape[1]
    along = [1] * len(shape)
    along[source.axis] = -1
    rows = np.broadcast_to(source.groups.reshape(along), shape).reshape(-1, wide)
    return rows[0] if (rows == rows[0]).all() else None
