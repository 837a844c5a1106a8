"""Groups of channels that are interchangeable, and how many of each such family stay.

A family are the groups that occur in the same tensors equally often: the channels of one layer, of
all layers that a residual joins, of one branch of a concatenation. Whatever is taken from a family,
every tensor keeps its form.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir.cost import graph_cost
from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.ops import Conv2D, FullyConnected, TransposeConv
from edgekit.converter.prune.coupling import Coupling
from edgekit.converter.prune.shrink import Mask, shrink
from edgekit.converter.prune.spec import PruneSpec, Scope
from edgekit.errors import UnsupportedError

MULTIPLE = 4
"""Channels are kept in multiples of this: kernels compute two or four outputs side by side, and
read four inputs with one load."""
STEPS = 64
"""Shares that are tried for a share of the multiply-accumulates."""
MAKERS = (Conv2D, FullyConnected, TransposeConv)
"""Operators that make channels of their own."""


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """The groups, and the layers that make their channels."""

    groups: NDArray[np.int64]
    layers: tuple[str, ...]


def families(graph: Graph, coupling: Coupling) -> tuple[Family, ...]:
    """All families, the one with the first group first."""
    places: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for index, found in enumerate(coupling.channels.values()):
        for group, count in zip(*np.unique(found.groups, return_counts=True), strict=True):
            places[int(group)].append((index, int(count)))
    alike: dict[tuple[tuple[int, int], ...], list[int]] = defaultdict(list)
    for group in range(1, coupling.count + 1):
        alike[tuple(places[group])].append(group)
    makers = dict(_makers(graph, coupling))
    return tuple(
        Family(
            np.array(groups),
            tuple(name for name, made in makers.items() if groups[0] in made),
        )
        for groups in alike.values()
    )


def _makers(graph: Graph, coupling: Coupling) -> Iterator[tuple[str, frozenset[int]]]:
    for node in graph.nodes:
        if isinstance(node.op, MAKERS):
            yield node.name, frozenset(coupling.channels[node.output].groups.tolist())


def choose_groups(
    graph: Graph, coupling: Coupling, importance: NDArray[np.float64], spec: PruneSpec
) -> Mask:
    """By group, whether it goes: of each family the least important ones.

    Raises UnsupportedError where no channel can go, and where a share of the multiply-accumulates
    is out of reach.
    """
    found = families(graph, coupling)
    if spec.scope is Scope.CHANNELS:
        removed = _least(found, importance, coupling.count, spec, spec.amount.share)
        if not removed.any():
            raise nothing_to_prune(graph, coupling, found)
        return removed
    return _by_macs(graph, coupling, found, importance, spec)


def _by_macs(
    graph: Graph,
    coupling: Coupling,
    found: Sequence[Family],
    importance: NDArray[np.float64],
    spec: PruneSpec,
) -> Mask:
    """The smallest share of all families with which enough multiply-accumulates go."""
    before, saved = graph_cost(graph).macs, 0.0
    for step in range(1, STEPS + 1):
        removed = _least(found, importance, coupling.count, spec, step / STEPS)
        if removed.any():
            saved = 1 - graph_cost(shrink(graph, coupling, removed)).macs / before
        if saved >= spec.amount.share:
            return removed
    if not saved:
        raise nothing_to_prune(graph, coupling, found)
    raise UnsupportedError(
        f"--prune {spec.text}",
        f"at most {saved:.1%} of the multiply-accumulates of {graph.name} can go: inputs, outputs"
        f" and {MULTIPLE} channels of every layer stay",
        allowed=f"macs:SHARE with a share up to {saved:.2f}",
        hint="ask for less, or start from a network with wider layers",
        code="prune-out-of-reach",
    )


def _least(
    found: Sequence[Family],
    importance: NDArray[np.float64],
    count: int,
    spec: PruneSpec,
    share: float,
) -> Mask:
    removed = np.zeros(count + 1, bool)
    for family in found:
        own = [spec.exception(name) for name in family.layers]
        least = min((share if each is None else each.share for each in own), default=0.0)
        order = np.argsort(importance[family.groups], kind="stable")
        gone = len(family.groups) - staying(len(family.groups), least)
        removed[family.groups[order[:gone]]] = True
    return removed


def staying(count: int, share: float) -> int:
    """How many of `count` channels stay when a share goes: a multiple of `MULTIPLE`, the nearest,
    never none; all where there are no more than that.

    >>> [staying(16, 0.5), staying(16, 0.4), staying(64, 0.99), staying(3, 0.5)]
    [8, 8, 4, 3]
    """
    if count <= MULTIPLE or share == 0:
        return count
    multiples = round(count * (1 - share) / MULTIPLE)
    return min(count, MULTIPLE * max(1, multiples))


def nothing_to_prune(graph: Graph, coupling: Coupling, found: Sequence[Family]) -> UnsupportedError:
    """The refusal of a graph without channels to take away."""
    most = max((len(family.groups) for family in found), default=0)
    why = "; ".join(f"{name}: {text}" for name, text in list(coupling.left.items())[:3])
    return UnsupportedError(
        graph.name,
        f"has no channels to remove: {why or 'all of them reach an input or an output'}"
        if not most
        else f"keeps all its channels: the share is too small, or layers have {MULTIPLE} or fewer",
        allowed=f"layers between input and output with more than {MULTIPLE} channels",
        hint="prune single weights instead (--prune 0.5)" if not most else "ask for a larger share",
        code="nothing-to-prune",
    )
