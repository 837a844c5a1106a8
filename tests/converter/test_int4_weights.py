"""int4 weights: reader, interpreter and generated C against tflite-micro, bit for bit."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.ir.graph import DType
from edgekit.converter.load.dequantize import dequantize_graph
from edgekit.converter.lower.int4 import packed_rows
from edgekit.converter.quantize.int8 import quantize_int8
from edgekit.converter.quantize.scheme import SCHEMES
from edgekit.converter.tflite.reader import read_tflite
from edgekit.converter.tflite.writer import pack_int4, write_tflite
from edgekit.firmware_stubs.catalog import headers_for
from edgekit.targets.reader import load_target
from tests.helpers import oracle
from tests.helpers.generated_c import generate
from tests.helpers.oracle import Quant, Tensor
from tests.helpers.temporal_graphs import Temporal
from tests.helpers.three_engines import Case, compiled, interpreted, reference

Rng = np.random.Generator
ACTIVATIONS = ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")
REPEATS = 30


def packed(weights: Tensor) -> Tensor:
    assert weights.data is not None
    return replace(weights, dtype="int4", data=pack_int4(weights.data.reshape(-1)))


def weighted(rng: Rng, x: Tensor, shape: tuple[int, ...], axis: int, channels: int) -> list[Tensor]:
    """Weights over all 16 values and a bias."""
    scales = rng.uniform(0.01, 0.1, channels)
    data = rng.integers(-8, 8, shape).astype(np.int8)
    w = Tensor(shape, scale=scales, axis=axis, data=data)
    count = shape[axis]
    bias = rng.integers(-2000, 2000, count).astype(np.int32)
    b = Tensor((count,), "int32", scale=oracle.bias_scale(x, w), axis=0, data=bias)
    return [packed(w), b]


def activation(rng: Rng, *shape: int) -> Tensor:
    zero = int(rng.choice([-128, 127, rng.integers(-128, 128)]))
    return Tensor(shape, scale=float(rng.uniform(0.01, 0.1)), zero_point=zero)


def output(rng: Rng) -> Quant:
    return Quant(float(np.float32(rng.uniform(0.05, 0.3))), int(rng.integers(-128, 128)))


def pair(rng: Rng, low: int, high: int) -> tuple[int, int]:
    first, second = rng.integers(low, high + 1, 2)
    return int(first), int(second)


def convolution(rng: Rng) -> tuple[bytes, Tensor]:
    kernel, (c, o) = pair(rng, 1, 4), pair(rng, 1, 7)
    dilation = pair(rng, 1, 2)
    x = activation(rng, 1, *pair(rng, 8, 11), c)
    w, b = weighted(rng, x, (o, *kernel, c), 0, o if rng.random() < 0.7 else 1)
    stride = pair(rng, 1, 2) if dilation == (1, 1) else (1, 1)
    model = oracle.conv_model(
        x, w, b, output(rng), stride=stride, dilation=dilation,
        padding=str(rng.choice(["SAME", "VALID"])), activation=str(rng.choice(ACTIVATIONS)),
    )  # fmt: skip
    return model, x


def depthwise(rng: Rng) -> tuple[bytes, Tensor]:
    kernel, (c, multiplier) = pair(rng, 1, 4), pair(rng, 1, 5)
    x = activation(rng, 1, *pair(rng, 8, 11), c)
    o = c * multiplier
    w, b = weighted(rng, x, (1, *kernel, o), 3, o)
    stride = int(rng.integers(1, 3))
    model = oracle.depthwise_conv_model(
        x, w, b, output(rng), stride=(stride, stride),
        padding=str(rng.choice(["SAME", "VALID"])), activation=str(rng.choice(ACTIVATIONS)),
    )  # fmt: skip
    return model, x


def fully_connected(rng: Rng) -> tuple[bytes, Tensor]:
    rows, outputs, depth = (int(v) for v in rng.integers(1, [4, 12, 60]))
    x = activation(rng, rows, depth)
    w, b = weighted(rng, x, (outputs, depth), 0, 1)  # the reference has one scale here
    act = str(rng.choice(ACTIVATIONS))
    return oracle.fully_connected_model(x, w, b, output(rng), activation=act), x


MAKERS = {"conv": convolution, "depthwise": depthwise, "fully_connected": fully_connected}


def cases(operator: str) -> list[Case]:
    oracle.skip_without("ai_edge_litert")
    found = []
    for seed in range(REPEATS):
        rng = np.random.default_rng(seed)
        model, x = MAKERS[operator](rng)
        pixels = rng.integers(-128, 128, x.shape).astype(np.int8)
        found.append(Case(f"{operator}-{seed}", model, [pixels]))
    return found


@pytest.mark.parametrize("operator", MAKERS)
def test_interpreter_and_generated_c_equal_tflite_micro(operator: str, tmp_path: Path) -> None:
    made = cases(operator)
    strict = ("-fsanitize=undefined", "-fno-sanitize-recover=all")
    for case, from_c in zip(made, compiled(made, tmp_path, *strict), strict=True):
        expected = reference(case)
        np.testing.assert_array_equal(interpreted(case), expected, err_msg=case.name)
        np.testing.assert_array_equal(from_c, expected, err_msg=case.name)
    values = np.concatenate([interpreted(case).ravel() for case in made])
    assert len(np.unique(values)) > 100


def test_weights_take_half_a_byte_in_flash() -> None:
    [case, *_] = cases("fully_connected")
    graph = case.graph
    generated = generate(graph, "small")
    [array] = [a for a in generated.program.constants if a.name.endswith("_w")]
    weights = graph.input(graph.nodes[0], 1)
    assert weights.dtype is DType.INT4
    outputs, depth = weights.shape
    assert array.bytes == outputs * ((depth + 1) // 2)
    assert f"const uint8_t small_{array.name}[{array.bytes}]" in "".join(
        generated.source.files.values()
    )
    assert '#include "ek_kernels_w4.h"' in generated.source.files["small.c"]


def test_a_written_model_is_read_back_the_same() -> None:
    for case in (cases(operator)[0] for operator in MAKERS):
        graph = case.graph
        again = read_tflite(write_tflite(graph), graph.name)
        for name, tensor in graph.tensors.items():
            assert again[name].dtype is tensor.dtype
            if tensor.constant:
                np.testing.assert_array_equal(again[name].values, tensor.values)
        np.testing.assert_array_equal(
            oracle.run_tflm(write_tflite(graph), case.inputs)[0], interpreted(case)
        )


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (3, 5), (2, 8), (4, 7)])
def test_packed_rows_start_at_bytes_and_unpack_to_the_same(rows: int, columns: int) -> None:
    values = np.random.default_rng(rows).integers(-8, 8, (rows, columns)).astype(np.int8)
    found = packed_rows(values)
    assert found.shape == (rows, (columns + 1) // 2)
    low, high = found & 15, found >> 4
    nibbles = np.stack([low, high], axis=-1).reshape(rows, -1)[:, :columns].astype(np.int16)
    np.testing.assert_array_equal(np.where(nibbles > 7, nibbles - 16, nibbles), values)
    if columns % 2:
        assert not high[:, -1].any()


def test_the_c_includes_headers_of_what_it_calls_alone() -> None:
    """A helper's own header is not among those that a bundle carries for its kernels."""
    t = Temporal(2, 40, 1, 16)
    t.conv(24, 3)
    t.conv(24, 3)
    batch = np.random.default_rng(0).normal(size=(8, 40, 1, 16)).astype(np.float32)
    scheme = SCHEMES["int4"]
    graph = quantize_int8(dequantize_graph(t.flat()), [batch], scheme=scheme).graph
    source = generate(graph, "narrow", target=load_target("virtual-m4")).source
    carried = {path.name for kernel in source.kernels for path in headers_for(kernel)}
    included = re.findall(r'#include "(ek_\w+\.h)"', source.files["narrow.c"])
    assert "ek_widen_rows_s8__dsp" in source.kernels
    assert set(included) <= carried
