"""Models of Larq's layers, from files in Larq's form; Larq itself is not needed."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.converter.compress.passes import compress
from edgekit.converter.interpret import run
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph
from edgekit.converter.load import load_model
from edgekit.converter.load.keras2 import is_keras2
from edgekit.errors import UnsupportedError
from tests.helpers.larq_files import Layer, quant, registered, write_h5, write_keras2

pytestmark = pytest.mark.tensorflow
tf: Any = pytest.importorskip("tensorflow")
RNG = np.random.default_rng(11)


def signs(x: np.ndarray) -> np.ndarray:
    return np.where(x >= 0, 1.0, -1.0).astype(np.float32)


def normal(*shape: int) -> np.ndarray:
    values = RNG.normal(0, 0.5, shape).astype(np.float32)
    values.reshape(-1)[0] = 0  # whose sign is +1
    return values


def loaded(path: Path, x: np.ndarray) -> tuple[Graph, np.ndarray]:
    """The compressed graph of a file, which gives what the graph as read gives, and its output."""
    graph = load_model(path).graph
    small = compress(graph)
    y, again = (run(g, x)[g.outputs[0]] for g in (graph, small))
    np.testing.assert_allclose(again, y, rtol=1e-4, atol=1e-4)
    return small, y


def bconvs(graph: Graph) -> list[ops.LceBconv2d]:
    return [node.op for node in graph.nodes if isinstance(node.op, ops.LceBconv2d)]


def framed(x: np.ndarray, value: float) -> np.ndarray:
    return np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=value)


@pytest.mark.parametrize("pad_values", [0.0, 1.0])
@pytest.mark.parametrize("form", ["object", "word", "old object"])
def test_a_convolution_of_signs(pad_values: float, form: str, tmp_path: Path) -> None:
    kernel, bias = normal(3, 3, 8, 6), normal(6)
    given = {
        "object": registered("ApproxSign"),
        "word": "approx_sign",
        "old object": {"class_name": "SteSign", "config": {"clip_value": 1.3}},
    }[form]
    layer = quant(
        "QuantConv2D", {"kernel": kernel, "bias": bias}, filters=6, kernel_size=[3, 3],
        pad_values=pad_values, kernel_quantizer=given, input_quantizer=given,
    )  # fmt: skip
    x = normal(2, 5, 6, 8)
    graph, y = loaded(write_h5(tmp_path / "net.h5", (5, 6, 8), [layer]), x)
    expected = tf.nn.conv2d(framed(signs(x), pad_values), signs(kernel), 1, "VALID").numpy() + bias
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5)
    [op] = bconvs(graph)
    assert (op.padding, op.pad_values) == (ops.Padding.SAME, int(pad_values))


LEAKY = {"module": "builtins", "class_name": "function", "config": "leaky_tanh"}


@pytest.mark.parametrize("activation", ["leaky_tanh", LEAKY])
def test_strides_magnitudes_and_activations(activation: Any, tmp_path: Path) -> None:
    kernel = normal(3, 3, 8, 4)
    layer = quant(
        "QuantConv2D", {"kernel": kernel}, filters=4, kernel_size=[3, 3], strides=[2, 2],
        pad_values=1.0, kernel_quantizer=registered("MagnitudeAwareSign", clip_value=1.0),
        activation=activation,
    )  # fmt: skip
    x = normal(2, 7, 7, 8)
    graph, y = loaded(write_h5(tmp_path / "net.h5", (7, 7, 8), [layer]), x)
    scaled = signs(kernel) * np.abs(kernel).mean(axis=(0, 1, 2))
    s = tf.nn.conv2d(framed(signs(x), 1), scaled, 2, "VALID").numpy()
    np.testing.assert_allclose(y, np.clip(s, -1, 1) * 0.8 + 0.2 * s, rtol=1e-5, atol=1e-5)
    assert len(bconvs(graph)) == 1


def test_a_dense_layer_behind_flatten_takes_signs(tmp_path: Path) -> None:
    """TensorFlow moves the RESHAPE into the comparison, and it is moved back."""
    kernel, bias = normal(4 * 4 * 5, 7), normal(7)
    dense = quant("QuantDense", {"kernel": kernel, "bias": bias}, units=7,
                  kernel_quantizer="ste_sign", activation="relu")  # fmt: skip
    x = normal(3, 4, 4, 5)
    path = write_h5(tmp_path / "net.h5", (4, 4, 5), [Layer("Flatten"), dense])
    graph, y = loaded(path, x)
    expected = np.maximum(signs(x).reshape(3, -1) @ signs(kernel) + bias, 0)
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5)
    assert len(bconvs(graph)) == 1


def test_files_of_keras_2_in_its_newer_form(tmp_path: Path) -> None:
    """Two layers of one class, and one of Keras' own that Keras 3 does not take as it is."""
    first, second, filters = normal(3, 3, 8, 6), normal(1, 1, 6, 5), normal(3, 3, 5, 1)
    plain = {"kernel_size": [3, 3], "use_bias": False, "groups": 1, "padding": "valid"}
    layers = [
        quant("QuantConv2D", {"kernel": first}, filters=6, kernel_size=[3, 3],
              kernel_quantizer="ste_sign", pad_values=1.0),
        quant("QuantConv2D", {"kernel": second}, filters=5, kernel_size=[1, 1],
              kernel_quantizer="ste_sign"),
        Layer("DepthwiseConv2D", plain, {"depthwise": filters}),
    ]  # fmt: skip
    x = normal(2, 5, 6, 8)
    path = write_keras2(tmp_path / "net.keras", (5, 6, 8), layers)
    graph, y = loaded(path, x)
    middle = tf.nn.conv2d(framed(signs(x), 1), signs(first), 1, "VALID").numpy()
    middle = tf.nn.conv2d(signs(middle), signs(second), 1, "VALID").numpy()
    expected = tf.nn.depthwise_conv2d(middle, filters, [1, 1, 1, 1], "VALID").numpy()
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-4)
    assert len(bconvs(graph)) == 2
    assert any("DepthwiseConv2D.groups" in note for note in load_model(path).notes)


@pytest.mark.parametrize("text", [None, "{", "[]", '{"keras_version": "3.0"}'])
def test_other_archives_are_left_to_keras_3(text: str | None, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "net.keras", "w") as archive:
        archive.writestr("config.json", "{}")
        if text is not None:
            archive.writestr("metadata.json", text)
    assert not is_keras2(tmp_path / "net.keras")


@pytest.mark.parametrize(("padding", "pad_values"), [("same", 1.0), ("causal", 0.0), ("valid", 0)])
def test_a_convolution_over_time(padding: str, pad_values: float, tmp_path: Path) -> None:
    kernel = normal(3, 8, 6)
    layer = quant("QuantConv1D", {"kernel": kernel}, filters=6, kernel_size=[3], padding=padding,
                  pad_values=pad_values, kernel_quantizer="ste_sign")  # fmt: skip
    x = normal(2, 9, 8)
    graph, y = loaded(write_h5(tmp_path / "net.h5", (9, 8), [layer]), x)
    before = {"same": (1, 1), "causal": (2, 0), "valid": (0, 0)}[padding]
    around = np.pad(signs(x), ((0, 0), before, (0, 0)), constant_values=pad_values)
    expected = tf.nn.conv1d(around, signs(kernel), 1, "VALID").numpy()
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5)
    assert len(bconvs(graph)) == (padding != "causal")


@pytest.mark.parametrize("pad_values", [0.0, 1.0])
def test_a_depthwise_convolution_of_signs_is_none_of_packed_signs(
    pad_values: float, tmp_path: Path
) -> None:
    kernel, bias = normal(3, 3, 8, 1), normal(8)
    layer = quant(
        "QuantDepthwiseConv2D", {"depthwise": kernel, "bias": bias}, kernel_size=[3, 3],
        depth_multiplier=1, depthwise_quantizer="ste_sign", pad_values=pad_values,
    )  # fmt: skip
    x = normal(2, 5, 6, 8)
    graph, y = loaded(write_h5(tmp_path / "net.h5", (5, 6, 8), [layer]), x)
    around = framed(signs(x), pad_values)
    expected = tf.nn.depthwise_conv2d(around, signs(kernel), [1, 1, 1, 1], "VALID").numpy() + bias
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5)
    assert not bconvs(graph)
    assert any(isinstance(node.op, ops.DepthwiseConv2D) for node in graph.nodes)


def test_the_pointwise_half_of_a_separable_convolution_reads_sums(tmp_path: Path) -> None:
    depthwise, pointwise, bias = normal(3, 3, 8, 2), normal(1, 1, 16, 6), normal(6)
    weights = {"depthwise": depthwise, "pointwise": pointwise, "bias": bias}
    layer = quant(
        "QuantSeparableConv2D", weights, filters=6, kernel_size=[3, 3], depth_multiplier=2,
        padding="valid", depthwise_quantizer="ste_sign", pointwise_quantizer="ste_sign",
    )  # fmt: skip
    x = normal(2, 5, 6, 8)
    graph, y = loaded(write_h5(tmp_path / "net.h5", (5, 6, 8), [layer]), x)
    sums = tf.nn.depthwise_conv2d(signs(x), signs(depthwise), [1, 1, 1, 1], "VALID").numpy()
    expected = tf.nn.conv2d(sums, signs(pointwise), 1, "VALID").numpy() + bias
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5)
    assert not bconvs(graph)


def test_quantizers_as_layers_and_activations_and_other_kernels(tmp_path: Path) -> None:
    """A first layer with real inputs, a sign of its own, a sign as activation, a NoOp kernel."""
    first, second = normal(3, 3, 3, 4), signs(normal(1, 1, 4, 5))
    layers = [
        quant("QuantConv2D", {"kernel": first}, filters=4, kernel_size=[3, 3], padding="valid",
              kernel_quantizer="ste_sign", input_quantizer=None),
        Layer("SwishSign", {"beta": 5.0, "name": "swish"}),
        quant("QuantConv2D", {"kernel": second}, filters=5, kernel_size=[1, 1],
              kernel_quantizer=registered("NoOp", precision=1), input_quantizer=None),
        Layer("Activation", {"activation": "ste_sign"}),
    ]  # fmt: skip
    x = normal(2, 5, 5, 3)
    graph, y = loaded(write_h5(tmp_path / "net.h5", (5, 5, 3), layers), x)
    middle = signs(tf.nn.conv2d(x, signs(first), 1, "VALID").numpy())
    np.testing.assert_array_equal(y, signs(tf.nn.conv2d(middle, second, 1, "VALID").numpy()))
    assert len(bconvs(graph)) == 1


def one(class_name: str = "QuantConv2D", **config: Any) -> Layer:
    full = {"name": "stem", "filters": 4, "kernel_size": [1, 1], "kernel_quantizer": "ste_sign"}
    return quant(class_name, {"kernel": normal(1, 1, 8, 4)}, **{**full, **config})


@pytest.mark.parametrize(
    ("layer", "code", "found"),
    [
        (one(kernel_quantizer="ste_tern"), "larq-quantizer", "kernel_quantizer ste_tern"),
        (one(input_quantizer=registered("DoReFa")), "larq-quantizer", "input_quantizer DoReFa"),
        (one(input_quantizer="ste_heaviside"), "larq-quantizer", "input_quantizer ste_heaviside"),
        (
            one(input_quantizer=registered("MagnitudeAwareSign")),
            "larq-quantizer",
            "input_quantizer MagnitudeAwareSign",
        ),
        (
            one(kernel_quantizer={"class_name": "function", "config": "my_sign"}),
            "larq-quantizer",
            "kernel_quantizer my_sign",
        ),
        (Layer("SteTern", {"name": "stem"}), "larq-quantizer", "input_quantizer ste_tern"),
        (one(data_format="channels_first"), "larq-layer", "data_format channels_first"),
        (one("QuantConv2DTranspose"), "larq-layer", "Larq's QuantConv2DTranspose"),
    ],
)
def test_what_is_not_read_is_named(layer: Layer, code: str, found: str, tmp_path: Path) -> None:
    path = write_h5(tmp_path / "net.h5", (4, 4, 8), [layer])
    with pytest.raises(UnsupportedError) as caught:
        load_model(path)
    error = caught.value
    assert (error.code, error.subject, error.found) == (code, "stem", found)
    assert error.allowed
    assert "train" in error.hint or "SavedModel" in error.hint


def test_scales_of_kernels_are_allowed_for_kernels_only(tmp_path: Path) -> None:
    for config, allowed in (
        ({"kernel_quantizer": "ste_tern"}, True),
        ({"input_quantizer": "ste_tern"}, False),
    ):
        with pytest.raises(UnsupportedError) as caught:
            load_model(write_h5(tmp_path / "net.h5", (4, 4, 8), [one(**config)]))
        assert ("magnitude_aware_sign" in caught.value.allowed) is allowed


def test_a_saved_model_with_larqs_signs_is_binarized(tmp_path: Path) -> None:
    """What Larq exports computes SIGN(SIGN(x) + 0.1)."""
    kernel = signs(normal(3, 3, 8, 6)) * 0.25

    class Net(tf.Module):  # type: ignore[misc, name-defined]
        @tf.function(input_signature=[tf.TensorSpec((None, 5, 6, 8), tf.float32)])  # type: ignore[untyped-decorator]
        def serve(self, x: Any) -> Any:
            x = tf.sign(tf.sign(x) + 0.1)
            x = tf.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)], constant_values=1.0)
            return tf.nn.conv2d(x, tf.constant(kernel), 1, "VALID")

    net = Net()
    tf.saved_model.save(net, str(tmp_path / "net"), signatures={"serving_default": net.serve})
    x = normal(2, 5, 6, 8)
    graph, y = loaded(tmp_path / "net", x)
    expected = tf.nn.conv2d(framed(signs(x), 1), kernel, 1, "VALID").numpy()
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5)
    assert [node.op.NAME for node in graph.nodes] == ["LceQuantize", "LceBconv2d"]
