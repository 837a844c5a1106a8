"""From exporters' names to identifiers."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.converter.tflite import read_tflite
from edgekit.converter.tflite.names import Namer, identifier, layer_name

FUSED = (
    "model/activation_6/Relu;model/batch_normalization_6/FusedBatchNormV3;"
    "model/depthwise_conv2d_6/depthwise;model/depthwise_conv2d_6/BiasAdd;"
    "model/depthwise_conv2d_11/depthwise;model/depthwise_conv2d_6/BiasAdd/ReadVariableOp/resource1"
)


@pytest.mark.parametrize(
    ("raw", "operator", "layer"),
    [
        (FUSED, "DEPTHWISE_CONV_2D", "depthwise_conv2d_6"),
        ("model/conv2d_7/Conv2D", "CONV_2D", "conv2d_7"),
        ("a/relu/Relu;a/conv/BiasAdd;b/other/Conv2D;a/conv/Conv2D1", "CONV_2D", "conv"),
        ("model/activation_2/Relu;model/add/add", "ADD", "add"),
        ("functional_1/dense/MatMul;functional_1/dense/BiasAdd", "FULLY_CONNECTED", "dense"),
        ("MobilenetV1/MobilenetV1/Conv2d_3_pointwise/Relu6;x", "CONV_2D", "Conv2d_3_pointwise"),
        ("StatefulPartitionedCall:0", "SOFTMAX", "softmax"),
        ("Identity_int8", "SOFTMAX", "softmax"),
        ("", "MEAN", "mean"),
        ("features/3.weight", "CONV_2D", "features"),
    ],
)
def test_layer_names(raw: str, operator: str, layer: str) -> None:
    assert layer_name(raw, operator) == layer


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("conv1", "conv1"),
        ("a b/c:0", "a_b_c_0"),
        ("0.25", "layer_0_25"),
        ("größe", "gr_e"),
        ("///", "layer"),
        ("x" * 100, "x" * 48),
    ],
)
def test_identifiers(text: str, name: str) -> None:
    assert identifier(text, "layer") == name


def test_repeated_names_are_numbered() -> None:
    namer = Namer(["conv"])
    assert [namer.unique("conv"), namer.unique("conv"), namer.unique("pool")] == [
        "conv_2",
        "conv_3",
        "pool",
    ]


def test_real_names_read_like_the_model(test_data: Path) -> None:
    data = (test_data / "models" / "mlperf_resnet8_cifar10_int8.tflite").read_bytes()
    graph = read_tflite(data, "resnet")
    assert [node.name for node in graph.nodes][:4] == ["conv2d", "conv2d_1", "conv2d_2", "add"]
    assert graph.inputs == ("input_1",)
    assert graph.nodes[0].inputs == ("input_1", "conv2d_weights", "conv2d_bias")
