"""Pruning of a trained float graph, in one shot. The stages:

costs      weights, second moments of the inputs   -> what each weight or group costs
choose     the cheapest                            -> masks, or groups of channels
fit        calibration data                        -> the weights that stay, moved
shrink     groups that are zero now                -> a smaller graph
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from edgekit.artifacts.figures import Note
from edgekit.artifacts.pruning import PrunedLayer, PruneSummary
from edgekit.converter.compress.edit import computes_in_integers
from edgekit.converter.ir.cost import graph_cost
from edgekit.converter.ir.graph import Graph
from edgekit.converter.prune.coupling import Coupling, couple
from edgekit.converter.prune.families import choose_groups
from edgekit.converter.prune.fit import fitted, masked
from edgekit.converter.prune.layers import (
    InputPower,
    group_costs,
    input_powers,
    prunable,
    weight_costs,
)
from edgekit.converter.prune.masks import Mask, check_names, weight_masks
from edgekit.converter.prune.shrink import channel_masks, shrink
from edgekit.converter.prune.spec import PruneSpec
from edgekit.converter.quantize.correct import worst_sqnr
from edgekit.converter.quantize.execute import Batch, chosen, count_of
from edgekit.converter.quantize.rounding import HELD_OUT
from edgekit.errors import UnsupportedError

REASONS = 3
"""Layers left whole whose reasons are told."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """The pruned graph, what was done, and what there is to say about it.

    `aligned` computes the same with all channels still there, so that layers can be compared with
    those of the graph before.
    """

    graph: Graph
    summary: PruneSummary
    notes: tuple[Note, ...]
    aligned: Graph


def prune(graph: Graph, spec: PruneSpec, samples: Batch | None = None) -> Pruned:
    """The float graph pruned as `spec` says; by magnitude, or with real input `samples` by what
    each weight adds to the outputs, the others fitted to make up for it.

    Of the samples an eighth only judges: where fitting does not bring the outputs closer, the
    weights keep their values. Inputs and outputs keep their shapes.

    Raises UnsupportedError: for a quantized graph ("prune-quantized"), and where nothing can go
    ("nothing-to-prune", "prune-pattern", "prune-out-of-reach"); UsageError for an exception that is
    no layer's.
    """
    _check_float(graph)
    used, held = _parted(samples)
    powers = {} if used is None else input_powers(graph, used)
    if spec.structured:
        coupling = couple(graph)
        masks, gone = _channel_masks(graph, spec, coupling, powers)
        left: Mapping[str, str] = coupling.left
    else:
        masks, left = weight_masks(graph, weight_costs(graph, powers), spec)
    bare = aligned = masked(graph, masks)
    decibels = None
    if used is not None and held is not None:
        moved = fitted(graph, masks, used)
        before, after = (worst_sqnr(graph, each, held) for each in (bare, moved))
        aligned = moved if after >= before else bare
        decibels = (round(before, 2), round(max(before, after), 2))
    done = shrink(aligned, coupling, gone) if spec.structured else aligned
    summary = summary_of(graph, done, spec)
    if used is not None:
        summary = replace(summary, criterion="data", samples=count_of(used), sqnr_db=decibels)
    return Pruned(done, summary, _notes(graph, left), aligned)


def summary_of(before: Graph, after: Graph, spec: PruneSpec) -> PruneSummary:
    """What is gone from `before` in `after`, by magnitude."""
    return PruneSummary(
        asked=spec.text,
        criterion="magnitude",
        samples=0,
        macs=(graph_cost(before).macs, graph_cost(after).macs),
        layers=tuple(_rows(before, after)),
    )


def _check_float(graph: Graph) -> None:
    if computes_in_integers(graph):
        raise UnsupportedError(
            graph.name,
            "is quantized already, and pruning works on float weights",
            allowed="float models",
            hint="give the float model, or --requantize to turn its values back into float32",
            code="prune-quantized",
        )


def _parted(samples: Batch | None) -> tuple[Batch | None, Batch | None]:
    """Samples to fit on, and others to judge by."""
    if samples is None or count_of(samples) < HELD_OUT:
        return samples, samples
    judges = np.arange(count_of(samples)) % HELD_OUT == HELD_OUT - 1
    return chosen(samples, ~judges), chosen(samples, judges)


def _channel_masks(
    graph: Graph, spec: PruneSpec, coupling: Coupling, powers: Mapping[str, InputPower]
) -> tuple[dict[str, Mask], Mask]:
    """Masks over the weights that make or read channels that go, and the groups that go."""
    check_names(graph, spec)
    gone = choose_groups(graph, coupling, group_costs(graph, coupling, powers), spec)
    return channel_masks(graph, coupling, gone), gone


def _rows(before: Graph, after: Graph) -> list[PrunedLayer]:
    found = {node.name: node for node in after.nodes}
    rows = []
    for node in prunable(before):
        old, new = before.input(node, 1), after.input(found[node.name], 1)
        channels = before.output(node).shape[-1], after.output(found[node.name]).shape[-1]
        zeros = new.size - int(np.count_nonzero(new.values))
        rows.append(PrunedLayer(node.name, node.op.NAME, old.size, new.size, zeros, channels))
    return rows


def _notes(graph: Graph, left: Mapping[str, str]) -> tuple[Note, ...]:
    """Layers that were left whole, the first ones with their reasons."""
    if not left:
        return ()
    shown = "; ".join(f"{name} ({why})" for name, why in list(left.items())[:REASONS])
    more = f"; and {len(left) - REASONS} more" if len(left) > REASONS else ""
    return (Note("prune-left-whole", graph.name, f"left whole: {shown}{more}", level="info"),)
