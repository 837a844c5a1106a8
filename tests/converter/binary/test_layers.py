"""The layers: what they compute, how their gradients go, and that models with them convert."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.converter.binary import layers
from edgekit.converter.compress.passes import compress
from edgekit.converter.interpret import run
from edgekit.converter.ir import ops
from edgekit.converter.ir.ops_logic import GreaterEqual, SelectV2
from edgekit.converter.load import load_model
from edgekit.errors import UsageError

pytestmark = pytest.mark.tensorflow
tf: Any = pytest.importorskip("tensorflow")
keras = tf.keras
RNG = np.random.default_rng(5)


def signs(x: np.ndarray) -> np.ndarray:
    return np.where(x >= 0, 1.0, -1.0).astype(np.float32)


def test_the_sign_of_zero_is_plus_one_and_kinds_differ_in_their_gradients() -> None:
    x = tf.constant([-2.0, -0.5, 0.0, 0.25, 1.5])
    for kind, expected in (("ste", [0, 1, 1, 1, 0]), ("approximate", [0, 1, 2, 1.5, 0])):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layers.binary_sign(x, kind)
        assert y.numpy().tolist() == [-1, -1, 1, 1, 1]
        assert tape.gradient(y, x).numpy().tolist() == expected


@pytest.mark.parametrize("padding", layers.PADDINGS)
def test_a_convolution_multiplies_signs(padding: str) -> None:
    layer = layers.BinaryConv2D(4, 3, 2, padding, scale=True, use_bias=True)
    x = RNG.normal(size=(2, 7, 6, 5)).astype(np.float32)
    y = layer(x).numpy()
    kernel, bias = (w.numpy() for w in layer.weights)
    wanted = signs(x)
    if padding == "same":
        wanted = np.pad(wanted, ((0, 0), (1, 1), (0, 1), (0, 0)), constant_values=1)
    scaled = signs(kernel) * np.abs(kernel).mean(axis=(0, 1, 2))
    mode = "SAME" if padding == "same_zero" else "VALID"
    expected = tf.nn.conv2d(wanted, scaled, 2, mode).numpy() + bias
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5)
    assert y.shape == (2, *layer.compute_output_shape(x.shape)[1:])


def gradients(layer: Any, x: np.ndarray, upstream: np.ndarray) -> list[np.ndarray]:
    """Of sum(upstream * layer(x)) by the layer's weights."""
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer(x) * upstream)
    return [g.numpy() for g in tape.gradient(total, layer.trainable_variables)]


def latent(layer: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Random latent weights, set; one in three lies beyond the clip."""
    values = RNG.normal(0, 1, shape).astype(np.float32)
    layer.build((None, shape[0]))
    layer.kernel.assign(values)
    return values


def test_the_gradient_by_latent_weights_stops_beyond_one() -> None:
    """Straight through: dL/dW = dL/dW_b where |W| <= 1, else 0 (Hubara et al., 2016)."""
    layer = layers.BinaryDense(3)
    kernel = latent(layer, (6, 3))
    x, upstream = RNG.normal(size=(5, 6)).astype(np.float32), RNG.normal(size=(5, 3))
    [found] = gradients(layer, x, upstream.astype(np.float32))
    through = signs(x).T @ upstream
    assert (np.abs(kernel) > 1).any()
    np.testing.assert_allclose(found, through * (np.abs(kernel) <= 1), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("scale", [True, "magnitude"])
def test_magnitude_aware_signs_have_bi_real_nets_gradient(scale: bool | str) -> None:
    """W_b = s sign(W), dL/dW = dL/dW_b s 1(|W| <= 1), s the mean of |W| per output channel, taken
    for a constant (Liu et al., "Bi-Real Net", ECCV 2018, section 3.2)."""
    layer = layers.BinaryDense(3, scale=scale)
    kernel = latent(layer, (6, 3))
    x, upstream = RNG.normal(size=(5, 6)).astype(np.float32), RNG.normal(size=(5, 3))
    mean = np.abs(kernel).mean(axis=0)
    np.testing.assert_allclose(layer(x), signs(x) @ (signs(kernel) * mean), rtol=1e-4)
    [found] = gradients(layer, x, upstream.astype(np.float32))
    wanted = (signs(x).T @ upstream) * mean * (np.abs(kernel) <= 1)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_the_gradient_by_inputs_is_bi_real_nets_parabola() -> None:
    """dL/da = dL/dsign(a) (2 - 2 |a|) within [-1, 1], else 0 (Liu et al., section 3.2)."""
    layer = layers.BinaryConv2D(4, 3, sign="approximate")
    a = tf.constant(RNG.normal(0, 1, (2, 5, 6, 3)), tf.float32)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(a)
        total = tf.reduce_sum(layer(a) ** 2)
    found = tape.gradient(total, a).numpy()
    ones = tf.constant(signs(a.numpy()))
    with tf.GradientTape() as tape:
        tape.watch(ones)
        padded = tf.pad(ones, [(0, 0), (1, 1), (1, 1), (0, 0)], constant_values=1.0)
        y = tf.nn.conv2d(padded, signs(layer.kernel.numpy()), 1, "VALID")
        total = tf.reduce_sum(y**2)
    through = tape.gradient(total, ones).numpy()
    slope = np.maximum(2 - 2 * np.abs(a.numpy()), 0)
    np.testing.assert_allclose(found, through * slope, rtol=1e-4, atol=1e-4)


def test_learned_factors_have_one_gradient_per_channel() -> None:
    layer = layers.BinaryConv2D(4, 1, scale="learned", padding="valid")
    x, upstream = RNG.normal(size=(2, 3, 3, 5)), RNG.normal(size=(2, 3, 3, 4))
    layer.build(x.shape)
    factors = np.array([0.5, -2, 0.25, 1], np.float32)
    layer.factors.assign(factors)
    kernel = layer.kernel.numpy()
    plain = signs(x) @ signs(kernel)[0, 0]
    np.testing.assert_allclose(layer(x), plain * factors, rtol=1e-4)
    by_kernel, by_factors = gradients(layer, x, upstream.astype(np.float32))
    np.testing.assert_allclose(by_factors, (upstream * plain).sum(axis=(0, 1, 2)), rtol=1e-4)
    through = np.einsum("nhwi,nhwo->io", signs(x), upstream * factors)
    np.testing.assert_allclose(by_kernel[0, 0], through, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("scale", [False, *layers.SCALES])
def test_layers_come_back_from_their_configuration(scale: bool | str) -> None:
    for layer in (layers.BinaryConv2D(4, 3, scale=scale), layers.BinaryDense(4, scale=scale)):
        again = type(layer).from_config(layer.get_config())
        assert again.get_config() == layer.get_config()
        assert again.scale == (scale or "")


def test_latent_weights_are_trained_and_stay_within_one() -> None:
    model = keras.Sequential([keras.Input((6,)), layers.BinaryDense(3)])
    model.compile(keras.optimizers.SGD(50.0), "mse")
    before = model.get_weights()[0]
    x = RNG.normal(size=(8, 6)).astype(np.float32)
    model.fit(x, RNG.normal(size=(8, 3)), epochs=2, verbose=0)
    after = model.get_weights()[0]
    assert np.abs(after - before).max() > 0.1
    assert np.abs(after).max() <= 1


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda: layers.BinaryConv2D(1, 1, padding="full"), "padding: unknown value 'full'"),
        (lambda: layers.BinaryDense(1, sign="tanh"), "sign: unknown value 'tanh'"),
        (lambda: layers.binary_sign(0.0, "soft"), "sign: unknown value 'soft'"),
        (lambda: layers.BinaryDense(1, scale="mean"), "scale: unknown value 'mean'"),
    ],
)
def test_unknown_words_are_named(make: Any, found: str) -> None:
    with pytest.raises(UsageError, match=found):
        make()


def test_other_names_are_no_attributes() -> None:
    with pytest.raises(AttributeError, match="no attribute 'BinaryConv3D'"):
        _ = layers.BinaryConv3D


def network() -> Any:
    """Packed layers in a row, a shortcut, zero padding, a pool, a RELU and a dense layer."""
    k = keras.layers
    given = keras.Input((12, 12, 3))
    x = k.BatchNormalization()(k.Conv2D(32, 3, padding="same")(given))
    x = k.BatchNormalization()(layers.BinaryConv2D(64, 3)(x))
    x = k.BatchNormalization()(
        layers.BinaryConv2D(64, 3, strides=2, scale=True, sign="approximate")(x)
    )
    y = k.BatchNormalization()(layers.BinaryConv2D(64, 3, padding="same_zero")(x))
    x = k.MaxPooling2D()(k.Add()([x, y]))
    x = k.ReLU()(layers.BinaryConv2D(96, 1, padding="valid", use_bias=True)(x))
    x = k.BatchNormalization()(k.GlobalAveragePooling2D()(x))
    x = k.BatchNormalization()(layers.BinaryDense(40, scale="learned")(x))
    model = keras.Model(given, k.Dense(10)(x))
    for layer in model.layers:
        if getattr(layer, "factors", None) is not None:
            layer.factors.assign(RNG.normal(0, 0.3, 40))
        if isinstance(layer, k.BatchNormalization):
            count = layer.weights[0].shape[0]
            layer.set_weights(
                [
                    RNG.normal(0.3, 1, count),  # some negative
                    RNG.normal(0, 0.5, count),
                    RNG.normal(0, 3, count),
                    RNG.uniform(1, 200, count),
                ]
            )
    return model


@pytest.mark.parametrize("kind", ["keras", "h5"])
def test_a_model_becomes_binarized_operators(kind: str, tmp_path: Path) -> None:
    model = network()
    path = tmp_path / f"net.{kind}"
    model.save(path)
    x = RNG.normal(size=(4, 12, 12, 3)).astype(np.float32)
    graph = compress(load_model(path).graph)
    np.testing.assert_allclose(
        run(graph, x)[graph.outputs[0]], model.predict(x, verbose=0), rtol=1e-4, atol=1e-4
    )
    convolutions = [node for node in graph.nodes if isinstance(node.op, ops.LceBconv2d)]
    assert len(convolutions) == 5
    packed = [node for node in convolutions if graph.role(node, "threshold") is not None]
    assert len(packed) == 1
    assert any(isinstance(node.op, ops.LceBMaxPool2d) for node in graph.nodes)
    left = (SelectV2, GreaterEqual, ops.PadV2, ops.BatchMatmul, ops.LceDequantize)
    assert not [node for node in graph.nodes if isinstance(node.op, left)]
