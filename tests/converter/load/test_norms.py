"""Statistics of batch normalizations, and how they find their layers again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edgekit.converter.load.norms import Norm, match_norms, norms_of
from tests.helpers.float_graphs import FloatGraph


class BatchNormalization(SimpleNamespace):
    """What is read of Keras' layer."""


def _layer(**changes: Any) -> BatchNormalization:
    bias = np.array([0.5, 0.0])
    producer = SimpleNamespace(bias=bias)
    values = SimpleNamespace(
        shape=(None, 4, 4, 2), _keras_history=SimpleNamespace(operation=producer)
    )
    facts: dict[str, Any] = {
        "name": "bn",
        "built": True,
        "axis": 3,
        "epsilon": 0.0,
        "scale": True,
        "center": True,
        "gamma": np.array([2.0, -3.0]),
        "beta": np.array([1.0, 4.0]),
        "moving_mean": np.array([0.25, 1.0]),
        "moving_variance": np.array([4.0, 1.0]),
        "input": values,
    }
    return BatchNormalization(**(facts | changes))


def test_mean_deviation_and_the_bias_it_is_folded_into() -> None:
    [norm] = norms_of([_layer(), SimpleNamespace(name="dense")])
    assert norm.layer == "bn"
    assert norm.mean.tolist() == [1, 4]
    assert norm.deviation.tolist() == [2, 3]
    assert norm.shift.tolist() == [1 + (0.5 - 0.25) * 1.0, 4 + (0 - 1) * -3.0]


def test_other_axes_are_left_and_missing_parameters_are_neutral() -> None:
    assert norms_of([_layer(axis=1)]) == ()
    [norm] = norms_of([_layer(axis=[3], scale=False, center=False)])
    assert norm.mean.tolist() == [0, 0]
    assert norm.deviation.tolist() == [1, 1]


def test_layers_are_found_by_their_bias() -> None:
    rng = np.random.default_rng(0)
    g = FloatGraph()
    x = g.input((1, 4, 4, 3))
    biases = rng.normal(0, 1, (3, 5))
    for index, name in enumerate(("one", "two", "three")):
        depth = g.tensors[x].shape[3]
        x = g.conv(x, rng.normal(0, 1, (5, 1, 1, depth)), biases[index], name=name)
    graph = g.graph(x)

    def norm(layer: str, shift: np.ndarray, mean: float = 0.0) -> Norm:
        return Norm(layer, np.full(5, mean), np.ones(5), shift)

    norms = (
        norm("first", biases[0] * (1 + 1e-6)),
        norm("other", rng.normal(0, 1, 5)),
        norm("short", biases[1][:4]),
        norm("twice", biases[2], mean=1.0),
        norm("twice too", biases[2], mean=2.0),
    )
    assert {name: found.layer for name, found in match_norms(graph, norms).items()} == {
        "one": "first"
    }


@pytest.mark.tensorflow
def test_keras_networks_keep_them_through_loading(tmp_path: Any) -> None:
    tf = pytest.importorskip("tensorflow")
    from edgekit.converter.compress.passes import compress
    from edgekit.converter.load import load_model

    layers = tf.keras.layers
    model = tf.keras.Sequential(
        [
            tf.keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3, use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.DepthwiseConv2D(3),
            layers.BatchNormalization(),
        ]
    )
    rng = np.random.default_rng(0)
    model.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in model.get_weights()])
    model.save(tmp_path / "net.keras")
    loaded = load_model(tmp_path / "net.keras")
    assert len(loaded.norms) == 2
    graph = compress(loaded.graph)
    known = match_norms(graph, loaded.norms)
    assert set(known) == {node.name for node in graph.nodes}
