"""Pruning while a trained network is trained further: `edgekit train --start MODEL --prune ...`.

Channels go at once, before the first step (`converter/prune`), and the smaller network is trained.
Zeros come gradually: over the first part of the training the share grows as

    share(t) = share (1 - (1 - t / T)^3)

(Zhu and Gupta 2017, "To prune, or not to prune"), fast while there is much to spare. At even
intervals the smallest weights of the moment join those that are zero already; N:M goes from M of M
down to N of M the same way. After step T the masks stay, and what is left adapts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from edgekit.artifacts.pruning import PruneSummary
from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.verify import verify
from edgekit.converter.prune.layers import weight_costs
from edgekit.converter.prune.masks import weight_masks
from edgekit.converter.prune.prune import prune, summary_of
from edgekit.converter.prune.spec import Amount, PruneSpec, parse_prune
from edgekit.converter.train.data import Labelled
from edgekit.converter.train.options import TrainOptions
from edgekit.converter.train.scaling import best_scaling
from edgekit.converter.train.start import FromModel, some_inputs
from edgekit.converter.train.state import State
from edgekit.converter.train.trainable import Trainable, view

PRUNINGS = 20
"""How often masks are taken anew while the share grows."""


@dataclass(frozen=True, slots=True)
class Gradual:
    """Zeros that grow over the first `steps` steps, in weights by layer (`weights` has their
    tensors' names)."""

    spec: PruneSpec
    weights: Mapping[str, str]
    steps: int

    def due(self, step: int) -> bool:
        """Whether masks are taken anew before this step (0, 1, ...)."""
        every = max(1, self.steps // PRUNINGS)
        return step <= self.steps and (step % every == 0 or step == self.steps)

    def grown(self, step: int) -> float:
        """The part of the final share that is zero from this step on."""
        return 1 - (1 - min(step / self.steps, 1.0)) ** 3 if self.steps else 1.0

    def apply(self, state: State, step: int) -> None:
        """Give the network and its shadow the masks of this step."""
        network, shadow = state.network.model, state.shadow.model
        assert isinstance(network, Trainable)
        assert isinstance(shadow, Trainable)
        graph = network.graph()
        spec = partly(self.spec, self.grown(step))
        masks, _ = weight_masks(graph, weight_costs(graph, {}), spec)
        for layer, name in self.weights.items():
            for each in (network, shadow):
                each.masks[name].assign(masks[layer].astype(np.float32))


def partly(spec: PruneSpec, part: float) -> PruneSpec:
    """The specification with this part of its shares, never none; N:M nearer to M of M."""

    def less(amount: Amount) -> Amount:
        if amount.of:
            return replace(amount, keep=amount.of - round((amount.of - amount.keep) * part))
        return replace(amount, share=max(amount.share * part, 1e-9) if amount.share else 0.0)

    rules = tuple(replace(rule, amount=less(rule.amount)) for rule in spec.exceptions)
    return replace(spec, amount=less(spec.amount), exceptions=rules)


@dataclass(frozen=True, slots=True)
class PrunedStart:
    """What a pruned training starts from: the model, with fewer channels or masks of ones; and for
    what is said at the end the graph before and how channels were chosen."""

    model: FromModel
    before: Graph
    spec: PruneSpec
    chosen: PruneSummary | None
    weights: Mapping[str, str]

    def gradual(self, options: TrainOptions, steps: int) -> Gradual | None:
        """The schedule of zeros, of a training with this many steps; None for channels."""
        if self.spec.structured:
            return None
        return Gradual(self.spec, self.weights, round(steps * options.prune_ramp))

    def summary(self, trained: Graph) -> PruneSummary:
        """What is gone from the trained network."""
        if self.chosen is None:
            return summary_of(self.before, trained, self.spec)
        return replace(self.chosen, layers=summary_of(self.before, trained, self.spec).layers)


def pruned_start(tf: Any, model: FromModel, data: Labelled, options: TrainOptions) -> PrunedStart:
    """The model to start from, pruned as `options.prune` says. Raises UnsupportedError and
    UsageError as `prune` does."""
    spec, graph = parse_prune(options.prune or ""), model.graph
    if spec.structured:
        scaling, _ = best_scaling(tf, view(tf, graph), data)
        done = prune(graph, spec, some_inputs(tf, graph, data, scaling))
        verify(done.graph)
        smaller = replace(model, graph=done.graph, scaling=scaling)
        return PrunedStart(smaller, graph, spec, done.summary, {})
    found, _ = weight_masks(graph, weight_costs(graph, {}), spec)
    weights = {node.name: str(node.inputs[1]) for node in graph.nodes if node.name in found}
    masks = {weights[layer]: np.ones(mask.shape, np.float32) for layer, mask in found.items()}
    return PrunedStart(replace(model, masks=masks), graph, spec, None, weights)
