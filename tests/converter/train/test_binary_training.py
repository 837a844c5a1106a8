"""Training of networks with binarized layers: two stages, latent weights, their ordinary twins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.converter.load.clock import Clock
from edgekit.converter.load.keras import import_tensorflow
from edgekit.converter.train.history import Row
from edgekit.converter.train.options import TrainOptions
from edgekit.converter.train.state import make_optimizer
from edgekit.converter.train.train import Trained, train
from edgekit.converter.train.zoo import ZOO, build, find
from edgekit.errors import UsageError

pytestmark = pytest.mark.tensorflow
pytest.importorskip("tensorflow")

TWO_STAGES = TrainOptions(
    width=0.5,
    epochs=4,
    batch=24,
    validation=0.25,
    optimizer="adamw",
    rate=0.01,
    augment=("flip",),
    progressive=0.7,
    real_weights=0.5,
)
SHAPE = (16, 16, 3)


@pytest.fixture(scope="module")
def tf() -> Any:
    return import_tensorflow(Clock())


def _run(colours: Path, output: Path, options: TrainOptions = TWO_STAGES, **more: Any) -> Trained:
    return train("quicknet", colours, output=output, options=options, **more)


def _stop_after(epoch: int) -> Callable[[Row, int], None]:
    def stop(row: Row, epochs: int) -> None:
        if row.epoch == epoch:
            raise KeyboardInterrupt

    return stop


def test_two_stages_resume_exactly_at_their_border_and_save_a_binary_network(
    tf: Any, colours: Path, tmp_path: Path
) -> None:
    whole = _run(colours, tmp_path / "whole.keras")
    place = tmp_path / "part.keras"
    with pytest.raises(KeyboardInterrupt):
        _run(colours, place, on_epoch=_stop_after(2))
    resumed = _run(colours, place, replace(TWO_STAGES, resume=True))
    assert place.read_bytes() == whole.model.read_bytes()
    assert resumed.rows == whole.rows
    rates = [row.rate for row in whole.rows]
    assert rates[1] < rates[2], "the second stage has a schedule of its own"
    model = tf.keras.models.load_model(place, compile=False)
    layers = [layer for layer in model.layers if hasattr(layer, "real_weights")]
    assert layers
    assert not any(layer.real_weights for layer in layers)


def test_the_first_stage_uses_the_latent_kernels(tf: Any) -> None:
    from edgekit.converter.binary.layers import BinaryConv2D

    layer = BinaryConv2D(8, 3)
    x = np.random.default_rng(0).normal(size=(1, 5, 5, 4)).astype(np.float32)
    binary = np.asarray(layer(x))
    assert np.all(binary == np.round(binary))
    layer.real_weights = True
    signs = np.where(np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))) >= 0, 1.0, -1.0)
    expected = tf.nn.conv2d(signs.astype(np.float32), layer.kernel, 1, "VALID")
    np.testing.assert_allclose(np.asarray(layer(x)), np.asarray(expected), atol=1e-5)


def test_latent_kernels_are_not_decayed(tf: Any) -> None:
    model = build(tf, find("quicknet"), SHAPE, 3, 0.5, flexible=True)
    optimizer = make_optimizer(tf, model, TWO_STAGES)
    decayed = {id(v) for v in model.trainable_variables if optimizer._use_weight_decay(v)}
    latent = {id(layer.kernel) for layer in model.layers if hasattr(layer, "real_weights")}
    assert latent
    assert not latent & decayed
    assert id(model.get_layer("stem_conv").kernel) in decayed


@pytest.mark.parametrize("row", [row for row in ZOO if row.binary], ids=lambda row: row.name)
def test_the_ordinary_twin_has_the_same_kernels(tf: Any, row: Any) -> None:
    binary, twin = (build(tf, row, SHAPE, 3, 0.25, binary=b) for b in (True, False))
    for layer in binary.layers:
        if hasattr(layer, "real_weights"):
            assert twin.get_layer(layer.name).kernel.shape == layer.kernel.shape
    assert not any(hasattr(layer, "real_weights") for layer in twin.layers)
    assert binary.count_params() == twin.count_params()


@pytest.mark.parametrize(
    ("architecture", "change", "message"),
    [
        ("resnet8", {"real_weights": 0.5}, "--real-weights: resnet8 has no binarized layers"),
        ("resnet8", {"binary": False, "real_weights": 0.0}, "--no-binary: resnet8 has no"),
        ("quicknet", {"binary": False}, "--real-weights: with --no-binary there are no"),
        ("quicknet", {"real_weights": 1.0}, "--real-weights: 1.*a share of all epochs"),
    ],
)
def test_options_of_binarized_networks_are_for_these(
    architecture: str, change: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=message):
        train(
            architecture,
            tmp_path / "none",
            output=tmp_path / "model.keras",
            options=replace(TWO_STAGES, **change),
        )
