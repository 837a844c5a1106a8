"""scikit-learn's linear models, support vector machines with linear kernels and perceptrons.

Scalers in front are folded into the first layer's weights in float64. A classifier has one output
per class, whose largest is the answer: two classes are the halves of one decision value, plus and
minus, so that SOFTMAX over them is the logistic function of that value.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType
from edgekit.converter.ir.ops_logic import Cast, Greater
from edgekit.converter.load.estimator_graph import Affine, Array, Stack
from edgekit.errors import UnsupportedError

Builder = Callable[[Stack, Any, Affine], None]


def regression(stack: Stack, model: Any, scaling: Affine) -> None:
    """One FULLY_CONNECTED; one output per target."""
    weights, bias = _plane(model)
    stack.dense("values", *_folded(weights, bias, scaling))


def scores(stack: Stack, model: Any, scaling: Affine) -> None:
    """One FULLY_CONNECTED: a decision value per class."""
    weights, bias = _plane(model)
    stack.dense("scores", *_two_sided(*_folded(weights, bias, scaling)))


def probabilities(stack: Stack, model: Any, scaling: Affine) -> None:
    """Decision values, then SOFTMAX. Of classes that were trained one against the rest the values
    stay as they are: several logistic functions round to 1 in float32, and nothing tells them
    apart."""
    scores(stack, model, scaling)
    if len(model.classes_) == 2 or not _one_against_rest(model):
        stack.apply("probabilities", ops.Softmax())


def descent(stack: Stack, model: Any, scaling: Affine) -> None:
    """SGDClassifier: the probabilities of two classes if its loss has them, else decision
    values."""
    logistic = model.loss == "log_loss" and len(model.classes_) == 2
    (probabilities if logistic else scores)(stack, model, scaling)


def centroids(stack: Stack, model: Any, scaling: Affine) -> None:
    """NearestCentroid: of all |x - c|^2 the least is the largest of c x - |c|^2 / 2."""
    priors = getattr(model, "priors", "uniform")
    if model.metric != "euclidean" or not isinstance(priors, str) or priors != "uniform":
        raise UnsupportedError(
            type(model).__name__,
            f"metric {model.metric!r} with priors {priors!r}",
            allowed="metric='euclidean', priors='uniform'",
            hint="train it with those",
            code="estimator-option",
        )
    centres = np.asarray(model.centroids_, np.float64)
    stack.dense("scores", *_folded(centres, -0.5 * np.square(centres).sum(axis=1), scaling))


def machine(stack: Stack, model: Any, scaling: Affine) -> None:
    """SVC, NuSVC: decision values of two classes; of more, votes of every pair's decision.

    A positive decision is a vote for the pair's first class, as in LIBSVM; of equal counts the
    first class wins, and with `break_ties` that is not what `predict` does.
    """
    _check_kernel(model)
    weights, bias = _plane(model)
    folded, shift = _folded(weights, bias, scaling)
    classes = len(model.classes_)
    if classes == 2:
        stack.dense("scores", *_two_sided(folded, shift))
        return
    if model.break_ties:
        raise UnsupportedError(
            type(model).__name__,
            "break_ties=True decides equal votes by other numbers than votes",
            allowed="break_ties=False",
            hint="train it with break_ties=False, or use LinearSVC",
            code="estimator-option",
        )
    stack.dense("decisions", folded, shift)
    stack.apply("first", Greater(), stack.constant("border", np.zeros(1, np.float32)),
                dtype=DType.BOOL)  # fmt: skip
    stack.apply("vote", Cast())
    stack.dense("votes", *_ballot(classes))


def machine_regression(stack: Stack, model: Any, scaling: Affine) -> None:
    """SVR, NuSVR."""
    _check_kernel(model)
    regression(stack, model, scaling)


def perceptron(stack: Stack, model: Any, scaling: Affine) -> None:
    """MLPClassifier and MLPRegressor: FULLY_CONNECTED layers and their activations."""
    layers = [
        (np.asarray(w, np.float64).T, np.asarray(b, np.float64))
        for w, b in zip(model.coefs_, model.intercepts_, strict=True)
    ]
    layers[0] = _folded(*layers[0], scaling)
    fused = ops.Activation.RELU if model.activation == "relu" else ops.Activation.NONE
    for index, (weights, bias) in enumerate(layers[:-1]):
        stack.dense(f"hidden_{index}", weights, bias, fused)
        if model.activation in _ACTIVATIONS:
            name = f"{model.activation}_{index}"
            stack.apply(name, _ACTIVATIONS[model.activation])
    if model.out_activation_ == "identity":
        stack.dense("values", *layers[-1])
        return
    if model.out_activation_ not in ("logistic", "softmax"):
        raise UnsupportedError(
            type(model).__name__,
            f"output activation {model.out_activation_!r}",
            allowed="identity, logistic, softmax",
            hint="train it with loss='squared_error'",
            code="estimator-option",
        )
    stack.dense("scores", *_two_sided(*layers[-1]))
    stack.apply("probabilities", ops.Softmax())


_ACTIVATIONS: dict[str, ops.Op] = {"logistic": ops.Logistic(), "tanh": ops.Tanh()}


def _plane(model: Any) -> tuple[Array, Array]:
    """Weights (rows, features) and biases (rows,) in float64, also of a model fitted on sparse
    data."""
    coefficients = model.coef_
    dense = coefficients.toarray() if hasattr(coefficients, "toarray") else coefficients
    weights = np.atleast_2d(np.asarray(dense, np.float64))
    bias = np.broadcast_to(np.asarray(model.intercept_, np.float64).reshape(-1), len(weights))
    return weights, bias


def _folded(weights: Array, bias: Array, scaling: Affine) -> tuple[Array, Array]:
    return weights * scaling.factor, bias + weights @ scaling.shift


def _two_sided(weights: Array, bias: Array) -> tuple[Array, Array]:
    """A single decision value as two halves, minus and plus; several as they are."""
    if len(weights) > 1:
        return weights, bias
    sides = np.array([[-0.5], [0.5]])
    return sides * weights, (sides * bias)[:, 0]


def _ballot(classes: int) -> tuple[Array, Array]:
    """Votes (classes, pairs) and their start: a pair's vote is 1 for its first class, 0 for the
    second."""
    pairs = list(combinations(range(classes), 2))
    votes, start = np.zeros((classes, len(pairs))), np.zeros(classes)
    for column, (first, second) in enumerate(pairs):
        votes[first, column], votes[second, column] = 1.0, -1.0
        start[second] += 1.0
    return votes, start


def _one_against_rest(model: Any) -> bool:
    """Whether a LogisticRegression of several classes was trained as one model for each."""
    kind = getattr(model, "multi_class", "deprecated")
    plain = kind in ("auto", "deprecated", "warn")
    return bool(kind == "ovr" or (plain and getattr(model, "solver", "") == "liblinear"))


def _check_kernel(model: Any) -> None:
    if model.kernel == "linear":
        return
    raise UnsupportedError(
        type(model).__name__,
        f"kernel {model.kernel!r}" if isinstance(model.kernel, str) else "a kernel of its own",
        allowed="kernel='linear'",
        hint="a kernel machine keeps its support vectors: train LinearSVC, an MLPClassifier or a"
        " random forest instead",
        code="estimator-kernel",
    )


LINEAR: dict[str, Builder] = {
    **dict.fromkeys(
        ("LinearRegression", "Ridge", "RidgeCV", "Lasso", "ElasticNet", "SGDRegressor",
         "LinearSVR"),
        regression,
    ),
    **dict.fromkeys(("RidgeClassifier", "RidgeClassifierCV", "LinearSVC", "Perceptron"), scores),
    "LogisticRegression": probabilities,
    "NearestCentroid": centroids,
    "SGDClassifier": descent,
    **dict.fromkeys(("SVC", "NuSVC"), machine),
    **dict.fromkeys(("SVR", "NuSVR"), machine_regression),
    **dict.fromkeys(("MLPClassifier", "MLPRegressor"), perceptron),
}  # fmt: skip
"""By the estimator's class."""
