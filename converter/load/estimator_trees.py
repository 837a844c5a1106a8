"""scikit-learn's decision trees, forests and boosted trees as one TREE_ENSEMBLE.

Thresholds become the largest float32 that is not above them, which decides as the float64 threshold
does for every float32 feature. Scalers in front are folded into them: a threshold is then the
largest float32 feature that the scaler does not take above it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from edgekit.converter.ir.ops_trees import TreeEnsemble
from edgekit.converter.load.estimator_graph import Affine, Array, Stack
from edgekit.errors import UnsupportedError

MOST = 1 << 15
"""Inner nodes, and leaves, that a tree can address with 16 bits."""


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """One tree as flat arrays over all its nodes, parents before children.

    `left` is -1 at leaves; `values` (nodes, width) are what leaves are worth, for output `output`
    or all of them.
    """

    left: Array
    right: Array
    feature: Array
    threshold: Array
    values: Array
    output: int = 0


def single(stack: Stack, model: Any, scaling: Affine) -> None:
    """One decision tree: the classes' shares, or values."""
    _ensemble(stack, [_plain(model)], scaling)


def forest(stack: Stack, model: Any, scaling: Affine) -> None:
    """The mean over trees, of the classes' shares or of values."""
    _ensemble(stack, [_plain(tree) for tree in model.estimators_], scaling, averaged=True)


def boosted(stack: Stack, model: Any, scaling: Affine) -> None:
    """GradientBoosting: the start, plus each tree's values times the learning rate.

    Outputs of a classifier are decision values, whose SOFTMAX are its probabilities; of two classes
    the first one's is 0.
    """
    rows = [
        [replace(_plain(tree), values=model.learning_rate * _plain(tree).values) for tree in row]
        for row in model.estimators_
    ]
    _boosted(stack, model, _start(model), rows, scaling)


def histogram(stack: Stack, model: Any, scaling: Affine) -> None:
    """HistGradientBoosting on numerical features; outputs as those of `boosted`."""
    _check_links(model)
    rows = [[_from_histogram(model, tree) for tree in row] for row in model._predictors]
    _boosted(stack, model, np.ravel(model._baseline_prediction), rows, scaling)


def _boosted(
    stack: Stack, model: Any, start: Array, rows: Sequence[Sequence[Tree]], scaling: Affine
) -> None:
    two = len(getattr(model, "classes_", ())) == 2
    shift, outputs = int(two), len(start) + int(two)
    trees = [replace(_leaf(value), output=k + shift) for k, value in enumerate(start.tolist())]
    trees += [replace(tree, output=k + shift) for row in rows for k, tree in enumerate(row)]
    _ensemble(stack, trees, scaling, outputs=outputs)


def _plain(model: Any) -> Tree:
    tree = model.tree_
    values = np.asarray(tree.value, np.float64)
    if hasattr(model, "classes_"):
        counts = values[:, 0, :]
        values = counts / counts.sum(axis=1, keepdims=True)
    else:
        values = values[:, :, 0]
    return Tree(tree.children_left, tree.children_right, tree.feature, tree.threshold, values)


def _from_histogram(model: Any, predictor: Any) -> Tree:
    nodes = predictor.nodes
    if nodes["is_categorical"].any():
        raise UnsupportedError(
            type(model).__name__,
            "splits by categories",
            allowed="numerical features",
            hint="train it without categorical_features, on numbers or one-hot columns",
            code="estimator-option",
        )
    inner = nodes["is_leaf"] == 0
    left = np.where(inner, nodes["left"].astype(np.int64), -1)
    right = np.where(inner, nodes["right"].astype(np.int64), -1)
    return Tree(left, right, nodes["feature_idx"], nodes["num_threshold"], nodes["value"][:, None])


def _start(model: Any) -> Array:
    """What boosting starts from, per output."""
    initial = model.init_
    if initial != "zero" and type(initial).__name__ not in ("DummyClassifier", "DummyRegressor"):
        raise UnsupportedError(
            type(model).__name__,
            f"starts from another model (init={type(initial).__name__})",
            allowed="init=None, init='zero'",
            hint="train it with init=None",
            code="estimator-option",
        )
    return np.ravel(model._raw_predict_init(np.zeros((1, model.n_features_in_), np.float32)))


def _check_links(model: Any) -> None:
    if not hasattr(model, "classes_") and model.loss in ("poisson", "gamma"):
        raise UnsupportedError(
            type(model).__name__,
            f"loss {model.loss!r}, whose prediction is an exponential",
            allowed="squared_error, absolute_error, quantile",
            hint="train it with one of those on the logarithm of the target",
            code="estimator-option",
        )


def _leaf(value: float) -> Tree:
    one = np.array([-1])
    return Tree(one, one, one, np.array([0.0]), np.array([[value]]))


# ------------------------------------------------------------------------- to flat arrays


def _ensemble(
    stack: Stack,
    trees: Sequence[Tree],
    scaling: Affine,
    *,
    averaged: bool = False,
    outputs: int | None = None,
) -> None:
    """One node over all trees; leaves of equal values are stored once."""
    trees = [_grown(tree) for tree in trees]
    width = trees[0].values.shape[1]
    whole = np.concatenate([tree.values[tree.left < 0] for tree in trees]).astype(np.float32)
    shared = np.unique(whole, axis=0)
    parts = [_flat(tree, shared if len(shared) <= MOST else None) for tree in trees]
    nodes = np.cumsum([0, *(len(part.features) for part in parts)])[:-1]
    own = [len(part.leaves) for part in parts]
    starts = np.zeros(len(parts), np.int64) if len(shared) <= MOST else np.cumsum([0, *own])[:-1]
    rows = np.stack([nodes, starts, [tree.output for tree in trees]], axis=1)
    leaves = shared if len(shared) <= MOST else np.concatenate([part.leaves for part in parts])
    features = np.concatenate([part.features for part in parts])
    thresholds = np.concatenate([part.thresholds for part in parts])
    operands = (
        stack.constant("nodes/features", features.astype(np.int16)),
        stack.constant("nodes/thresholds", float32_thresholds(thresholds, features, scaling)),
        stack.constant("nodes/children", np.concatenate([part.children for part in parts])),
        stack.constant("trees", rows.astype(np.int32)),
        stack.constant("leaves", leaves),
    )
    count = width if outputs is None else outputs
    stack.apply("scores", TreeEnsemble(count, averaged), *operands, width=count)


@dataclass(frozen=True, slots=True, eq=False)
class _Flat:
    """Inner nodes of one tree: features (n,), thresholds (n,) float64, children (n, 2) int16; and
    its leaves (l, width) where it shares none."""

    features: Array
    thresholds: Array
    children: Array
    leaves: Array


def _grown(tree: Tree) -> Tree:
    """A tree that is one leaf gets an inner node with that leaf on both sides."""
    if len(tree.left) > 1:
        return tree
    return replace(
        tree,
        left=np.array([1, -1]),
        right=np.array([1, -1]),
        feature=np.array([0, -1]),
        threshold=np.zeros(2),
        values=np.repeat(tree.values, 2, axis=0),
    )


def _flat(tree: Tree, shared: Array | None) -> _Flat:
    inner = tree.left >= 0
    rows = tree.values[~inner].astype(np.float32)
    known, places = _places(rows, shared)
    index = np.cumsum(inner) - 1
    index[~inner] = ~places
    if inner.sum() > MOST - 1 or len(known) > MOST:
        raise UnsupportedError(
            "decision tree",
            f"has {int(inner.sum())} splits",
            allowed=f"{MOST - 1} splits in a tree",
            hint="limit it: max_depth, max_leaf_nodes or min_samples_leaf",
            code="tree-too-large",
        )
    children = np.stack([index[tree.left[inner]], index[tree.right[inner]]], axis=1)
    features, thresholds = tree.feature[inner], np.asarray(tree.threshold[inner], np.float64)
    return _Flat(features.astype(np.int64), thresholds, children.astype(np.int16), known)


def _places(rows: Array, shared: Array | None) -> tuple[Array, Array]:
    """The different rows, and where each row is among them or the shared ones."""
    known, places = np.unique(rows, axis=0, return_inverse=True)
    if shared is None:
        return known, places.reshape(-1)
    order = {row.tobytes(): at for at, row in enumerate(shared)}
    found = np.array([order[row.tobytes()] for row in known], np.int64)
    return known[:0], found[places.reshape(-1)]


def float32_thresholds(thresholds: Array, features: Array, scaling: Affine) -> Array:
    """The largest float32 feature that the scaler takes to a float32 not above each threshold."""
    factor, shift = scaling.factor[features], scaling.shift[features]
    if np.array_equal(factor, np.ones_like(factor)) and not shift.any():
        nearest = thresholds.astype(np.float32)
        return np.where(nearest > thresholds, _next(nearest, -1), nearest)
    found = ((thresholds - shift) / factor).astype(np.float32)

    def above(x: Array) -> Array:
        scaled = (x.astype(np.float64) * factor + shift).astype(np.float32)
        return np.asarray(scaled > thresholds)

    for _ in range(64):
        high = above(found)
        low = ~high & ~above(_next(found, 1))
        if not (high | low).any():
            break
        found = np.where(high, _next(found, -1), np.where(low, _next(found, 1), found))
    return np.asarray(found, np.float32)


def _next(x: Array, way: int) -> Array:
    found: Array = np.nextafter(x, np.float32(way * np.inf))
    return found


TREES: dict[str, Callable[[Stack, Any, Affine], None]] = {
    **dict.fromkeys(
        ("DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier",
         "ExtraTreeRegressor"),
        single,
    ),
    **dict.fromkeys(
        ("RandomForestClassifier", "RandomForestRegressor", "ExtraTreesClassifier",
         "ExtraTreesRegressor"),
        forest,
    ),
    **dict.fromkeys(("GradientBoostingClassifier", "GradientBoostingRegressor"), boosted),
    **dict.fromkeys(
        ("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"), histogram
    ),
}  # fmt: skip
"""By the estimator's class."""
