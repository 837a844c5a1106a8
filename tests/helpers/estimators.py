"""Fitted scikit-learn models and the sets they are fitted on, which come with scikit-learn."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgekit.converter.interpret import run
from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.verify import verify
from edgekit.converter.load.estimator import estimator_graph

pytest.importorskip("sklearn")
pytest.importorskip("joblib")

Set = tuple[NDArray[Any], NDArray[Any]]


@functools.cache
def digits(classes: int = 10) -> Set:
    """Pictures of 8 by 8 pixels of 0 to 16 as rows, and their digits."""
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    return x[y < classes], y[y < classes]


@functools.cache
def iris() -> Set:
    """Four lengths of 150 flowers, three species."""
    from sklearn.datasets import load_iris

    x, y = load_iris(return_X_y=True)
    return x, y


@functools.cache
def diabetes() -> Set:
    """Ten measurements of 442 patients, and how their illness went on."""
    from sklearn.datasets import load_diabetes

    x, y = load_diabetes(return_X_y=True)
    return x, y


def fitted(model: Any, data: Set, count: int = 600) -> Any:
    """The model, fitted on the first samples."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few iterations are enough here
        return model.fit(data[0][:count], data[1][:count])


def as_float32(x: NDArray[Any]) -> NDArray[np.float32]:
    """The samples as a device gets them."""
    return np.asarray(x, np.float32)


def graph_of(model: Any) -> Graph:
    """The verified graph of a fitted model."""
    graph, _, _ = estimator_graph(model, "model", "model.joblib")
    verify(graph)
    return graph


def outputs(graph: Graph, x: Any) -> Any:
    """What the interpreter computes of rows of features."""
    return run(graph, as_float32(x))[graph.outputs[0]]
