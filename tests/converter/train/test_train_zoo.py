"""Every network of the zoo builds, converts to int8, and its C equals the reference."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgekit
from edgekit.converter.options import ConvertOptions
from edgekit.converter.train.backend import fused_batch_norm
from edgekit.converter.train.save import keras_bytes, repeatable
from edgekit.converter.train.shapes import Shape
from edgekit.converter.train.zoo import NAMES, build, find, initialize

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def tf() -> Any:
    return pytest.importorskip("tensorflow")


def _network(tf: Any, name: str, shape: Shape, width: float = 0.25, **options: bool) -> Any:
    model = build(tf, find(name), shape, 10, width, **options)
    initialize(model, 1)
    return model


@pytest.mark.parametrize("name", NAMES)
def test_converts_and_its_c_equals_the_reference(tf: Any, name: str, tmp_path: Path) -> None:
    shape = (49, 10, 1) if name == "dscnn" else (24, 32, 3)
    model = _network(tf, name, shape)
    model.save(tmp_path / "model.keras")
    rng = np.random.default_rng(0)
    data = rng.uniform(-1, 1, (12, *shape)).astype(np.float32)
    result = edgekit.convert(
        tmp_path / "model.keras",
        target="virtual-m4",
        output_dir=tmp_path / "bundle",
        options=ConvertOptions(calibration=data, gate=False),
    )
    assert result.manifest.steps[-1].operator == "SOFTMAX"
    verified = edgekit.verify(tmp_path / "bundle", samples=3)
    assert verified.verdict() is None
    assert verified.proved


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(8, 8, 1), (32, 32, 3)])
def test_the_flexible_form_is_the_same_network(tf: Any, name: str, shape: Shape) -> None:
    fixed, flexible = (_network(tf, name, shape, flexible=f) for f in (False, True))
    assert [v.shape for v in fixed.variables] == [v.shape for v in flexible.variables]
    x = np.random.default_rng(0).uniform(-1, 1, (2, *shape)).astype(np.float32)
    first, second = (np.asarray(model(x, training=False)) for model in (fixed, flexible))
    np.testing.assert_allclose(first, second, atol=1e-6)
    np.testing.assert_allclose(first.sum(axis=1), 1, atol=1e-5)


def test_fused_batch_norm_trains_as_keras_own(tf: Any) -> None:
    """Outputs, gradients and averages; the averaged variance is n / (n - 1) times Keras'."""
    x = tf.constant(np.random.default_rng(0).normal(3, 2, (5, 4, 6, 7)).astype(np.float32))
    results = []
    for kind in (tf.keras.layers.BatchNormalization, fused_batch_norm(tf)):
        layer = kind(momentum=0.75, epsilon=1e-3)
        layer.build(x.shape)
        layer.gamma.assign(np.linspace(0.5, 2, 7))
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, training=True)
            loss = tf.reduce_sum(tf.sin(y))
        grads = tape.gradient(loss, [x, layer.gamma, layer.beta])
        results.append([y, *grads, layer.moving_mean, (layer.moving_variance - 0.75) * 4])
        assert np.asarray(layer(x, training=False)).shape == x.shape
    for own, fused in zip(*(result[:-1] for result in results), strict=True):
        np.testing.assert_allclose(np.asarray(fused), np.asarray(own), atol=2e-4)
    factor = 120 / 119
    np.testing.assert_allclose(
        np.asarray(results[1][-1]), np.asarray(results[0][-1]) * factor, rtol=1e-3
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_width_scales_the_network(tf: Any, name: str) -> None:
    counts = [_network(tf, name, (32, 32, 3), width).count_params() for width in (0.25, 0.5, 1.0)]
    assert counts == sorted(counts)
    assert counts[2] > 6 * counts[0]


def test_a_seed_gives_the_weights(tf: Any) -> None:
    first, second = (_network(tf, "resnet8", (8, 8, 3)).get_weights() for _ in range(2))
    other = build(tf, find("resnet8"), (8, 8, 3), 10, 0.25)
    initialize(other, 2)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any((a != b).any() for a, b in zip(first, other.get_weights(), strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_files_do_not_depend_on_what_was_built_before(tf: Any, name: str) -> None:
    first, second = (keras_bytes(_network(tf, name, (8, 8, 3))) for _ in range(2))
    assert first == second


def test_addresses_and_times_leave_the_file() -> None:
    config = b'[{"shared_object_id": 9977}, {"shared_object_id": 12}, {"shared_object_id": 9977}]'
    assert json.loads(repeatable("config.json", config)) == [
        {"shared_object_id": number} for number in (0, 1, 0)
    ]
    dated = b'{"keras_version": "3", "date_saved": "2026-01-01@10:00:00"}'
    assert b"2026" not in repeatable("metadata.json", dated)
    assert repeatable("model.weights.h5", config) == config


def test_mobilenet_v1_is_that_of_the_paper(tf: Any) -> None:
    """Table 8 says 4.2 M parameters, as Keras' own has; at 96 pixels the last map is 3x3, as in
    MLPerf Tiny's."""
    model = build(tf, find("mobilenet_v1"), (224, 224, 3), 1000, 1.0)
    own = tf.keras.applications.MobileNet(weights=None)
    assert model.count_params() == own.count_params()
    small = build(tf, find("mobilenet_v1"), (96, 96, 3), 2, 0.25)
    assert small.get_layer("pw13_bn").output.shape == (None, 3, 3, 256)


def test_mobilenet_v2_is_that_of_the_paper(tf: Any) -> None:
    """Table 4 says 3.4 M, as Keras' own."""
    model = build(tf, find("mobilenet_v2"), (224, 224, 3), 1000, 1.0)
    own = tf.keras.applications.MobileNetV2(weights=None)
    assert model.count_params() == own.count_params()


def test_mobilenet_v3_small_is_that_of_the_paper(tf: Any) -> None:
    """Table 4 says 2.5 M; Keras' own differs in nothing that has parameters."""
    model = build(tf, find("mobilenet_v3_small"), (224, 224, 3), 1000, 1.0)
    own = tf.keras.applications.MobileNetV3Small(weights=None)
    assert model.count_params() == own.count_params()
