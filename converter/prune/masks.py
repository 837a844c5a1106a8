"""Which single weights stay: by share of all, by share of each layer, or N of M in a row.

Masks are boolean, in the shape of a layer's weights, true where the weight stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.ops import DepthwiseConv2D
from edgekit.converter.patterns import matches
from edgekit.converter.prune.layers import Floats, prunable
from edgekit.converter.prune.spec import Amount, PruneSpec, Scope
from edgekit.errors import UnsupportedError, UsageError

Mask = NDArray[np.bool_]


def weight_masks(
    graph: Graph, costs: Mapping[str, Floats], spec: PruneSpec
) -> tuple[dict[str, Mask], dict[str, str]]:
    """Masks by layer, and why layers were left whole. `costs` is what each weight costs when it
    goes (`layers.weight_costs`).

    Raises UsageError (code "prune-unknown-layer") for an exception that is no layer's, and
    UnsupportedError: "prune-pattern" for N:M on a layer that cannot have it and was asked for by
    name, "nothing-to-prune" where no layer is left.
    """
    check_names(graph, spec)
    layers = {node.name: node for node in prunable(graph)}
    amounts = {name: _amount(spec, name) for name in layers}
    left = {
        name: _refusal(graph, node, amounts[name].of)
        for name, node in layers.items()
        if amounts[name].of
    }
    left = {name: why for name, why in left.items() if why}
    for name, why in left.items():
        if spec.exception(name) is not None:
            raise _no_pattern(spec, layers[name], amounts[name], why)
    chosen = [name for name in layers if name not in left and _asks(amounts[name])]
    if not chosen:
        raise _nothing(graph, left)
    if spec.scope is Scope.GLOBAL:
        return _globally({name: costs[name] for name in chosen}, spec), left
    return {name: _mask(costs[name], amounts[name]) for name in chosen}, left


def check_names(graph: Graph, spec: PruneSpec) -> None:
    """Raise UsageError for an exception that no prunable layer has the name of."""
    names = [node.name for node in prunable(graph)]
    for rule in spec.exceptions:
        if not any(matches(rule.pattern, name) for name in names):
            shown = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
            raise UsageError(
                f"--prune {spec.text}",
                f"no layer of {graph.name} is called {rule.pattern!r}",
                allowed=shown or "this model has no layers with weights",
                hint="`edgekit inspect MODEL` lists the layers",
                code="prune-unknown-layer",
            )


def sparsest(costs: Floats, share: float) -> Mask:
    """The mask that drops this share of the weights, the cheapest; of equals the first ones."""
    gone = round(costs.size * share)
    mask = np.ones(costs.size, bool)
    mask[np.argsort(costs, axis=None, kind="stable")[:gone]] = False
    return mask.reshape(costs.shape)


def pattern(costs: Floats, keep: int, of: int) -> Mask:
    """The mask that keeps `keep` of each `of` weights in a row along the last axis (Mishra et al.
    2021, "Accelerating Sparse Deep Neural Networks", has 2:4).

    >>> pattern(np.array([[1.0, 4.0, 3.0, 2.0]]), 2, 4).tolist()
    [[False, True, True, False]]
    """
    rows = costs.reshape(-1, of)
    order = np.argsort(-rows, axis=1, kind="stable")
    mask = np.zeros(rows.shape, bool)
    np.put_along_axis(mask, order[:, :keep], True, axis=1)
    return mask.reshape(costs.shape)


def _amount(spec: PruneSpec, name: str) -> Amount:
    own = spec.exception(name)
    return spec.amount if own is None else own


def _asks(amount: Amount) -> bool:
    return bool(amount.of or amount.share)


def _mask(costs: Floats, amount: Amount) -> Mask:
    return pattern(costs, amount.keep, amount.of) if amount.of else sparsest(costs, amount.share)


def _globally(costs: Mapping[str, Floats], spec: PruneSpec) -> dict[str, Mask]:
    """One threshold for all layers without an amount of their own, on each weight's cost over the
    sum of those of its layer that are as dear or dearer (Lee et al. 2021, "Layer-Adaptive Sparsity
    for the Magnitude-based Pruning"): so no layer is emptied because its weights are small."""
    own = {name: spec.exception(name) for name in costs}
    masks = {name: _mask(costs[name], amount) for name, amount in own.items() if amount is not None}
    rest = [name for name in costs if own[name] is None]
    if not rest:
        return masks
    together = np.concatenate([_relative(costs[name]).reshape(-1) for name in rest])
    ends = np.cumsum([costs[name].size for name in rest])
    parts = np.split(sparsest(together, spec.amount.share), ends[:-1])
    return masks | {
        name: part.reshape(costs[name].shape) for name, part in zip(rest, parts, strict=True)
    }


def _relative(costs: Floats) -> Floats:
    flat = costs.reshape(-1)
    order = np.argsort(flat, kind="stable")
    sums = np.cumsum(flat[order][::-1])[::-1]
    found = np.empty_like(flat)
    found[order] = flat[order] / np.maximum(sums, np.finfo(np.float64).tiny)
    return found.reshape(costs.shape)


def _refusal(graph: Graph, node: Node, of: int) -> str:
    """Why a layer cannot have groups of `of` weights; "" where it can."""
    shape: tuple[Any, ...] = graph.input(node, 1).shape
    if isinstance(node.op, DepthwiseConv2D):
        return (
            "a depthwise convolution sums over no input channels: groups would run over the"
            f" {shape[1]}x{shape[2]} taps of its windows"
        )
    if shape[-1] % of:
        return f"{shape[-1]} inputs are no multiple of {of}"
    return ""


def _no_pattern(spec: PruneSpec, node: Node, amount: Amount, why: str) -> UnsupportedError:
    return UnsupportedError(
        f"--prune {spec.text}: layer {node.name} ({node.op.NAME})",
        f"cannot keep {amount}: {why}",
        allowed="N:M on convolutions and fully connected layers whose input channels are a"
        " multiple of M: groups run along them",
        hint=f"leave it out ({node.name}=0)",
        code="prune-pattern",
    )


def _nothing(graph: Graph, left: Mapping[str, str]) -> UnsupportedError:
    first = next(iter(left.items()), None)
    why = f" ({first[0]}: {first[1]})" if first else ""
    return UnsupportedError(
        graph.name,
        f"nothing left to prune{why}",
        allowed="convolutions and fully connected layers with float weights of their own",
        hint="leave fewer layers out, or ask for a share (--prune 0.5)",
        code="nothing-to-prune",
    )
