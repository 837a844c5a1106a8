"""Keras models that are put together unusually: recurrent layers, dicts, operations in .h5."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.converter.interpret import run
from edgekit.converter.load import load_model

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(
        importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"
    ),
]
RNG = np.random.default_rng(6)


@pytest.fixture(scope="module")
def tf() -> Any:
    from edgekit.converter.load.clock import Clock
    from edgekit.converter.load.keras import import_tensorflow

    return import_tensorflow(Clock())


def values(*shape: int) -> np.ndarray:
    return RNG.normal(0, 1, (1, *shape)).astype(np.float32)


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "SimpleRNN"])
@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_recurrent_layers_are_unrolled(tf: Any, tmp_path: Path, kind: str, suffix: str) -> None:
    layers = tf.keras.layers
    layer = getattr(layers, kind)(5, name="memory")
    model = tf.keras.Sequential([layers.Input((7, 3)), layer, layers.Dense(2)])
    path = tmp_path / f"m.{suffix}"
    model.save(path)
    loaded = load_model(path)
    assert "memory unrolled over 7 steps" in loaded.notes
    x = values(7, 3)
    [ours] = run(loaded.graph, x).values()
    assert ours == pytest.approx(model.predict(x, verbose=0), abs=1e-5)


def test_recurrent_layers_inside_others(tf: Any, tmp_path: Path) -> None:
    """Images over time: a convolution per step, a convolutional LSTM."""
    layers = tf.keras.layers
    model = tf.keras.Sequential(
        [
            layers.Input((3, 6, 6, 2)),
            layers.TimeDistributed(layers.Conv2D(3, 3, activation="relu")),
            layers.ConvLSTM2D(2, 3, padding="same", name="memory"),
            layers.Flatten(),
            layers.Dense(2),
        ]
    )
    model.save(tmp_path / "m.keras")
    loaded = load_model(tmp_path / "m.keras")
    assert "memory unrolled over 3 steps" in loaded.notes
    x = values(3, 6, 6, 2)
    [ours] = run(loaded.graph, x).values()
    assert ours == pytest.approx(model.predict(x, verbose=0), abs=1e-5)


def test_dicts_of_inputs_and_outputs(tf: Any, tmp_path: Path) -> None:
    layers = tf.keras.layers
    z, a = layers.Input((6,), name="zeta"), layers.Input((4,), name="alpha")
    x = layers.Dense(3)(z)
    joined = layers.Concatenate()([x, a])
    model = tf.keras.Model(
        {"zeta": z, "alpha": a}, {"second": layers.Dense(2)(joined), "first": layers.Dense(5)(x)}
    )
    model.save(tmp_path / "m.keras")
    graph = load_model(tmp_path / "m.keras").graph
    assert graph.metadata["signature_inputs"].split() == ["alpha", "zeta"]
    assert graph.metadata["signature_outputs"].split() == ["first", "second"]
    given = {"alpha": values(4), "zeta": values(6)}
    expected = model.predict(given, verbose=0)
    found = run(graph, [given["alpha"], given["zeta"]])
    for name, ours in zip(("first", "second"), found.values(), strict=True):
        assert ours == pytest.approx(expected[name], abs=1e-5)


def test_operations_in_h5_files(tf: Any, tmp_path: Path) -> None:
    """A slice in a functional model is an operation, which Keras' own loader does not find."""
    layers = tf.keras.layers
    image = layers.Input((6, 6, 2))
    flipped = image[:, ::-1, :, :]
    model = tf.keras.Model(image, tf.keras.ops.sigmoid(layers.Conv2D(3, 3)(flipped)))
    model.save(tmp_path / "m.h5")
    x = values(6, 6, 2)
    [ours] = run(load_model(tmp_path / "m.h5").graph, x).values()
    assert ours == pytest.approx(model.predict(x, verbose=0), abs=1e-5)
