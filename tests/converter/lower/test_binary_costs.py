"""Kernels on packed signs on a virtual Cortex-M4: estimates against counts, and the choice made.

`benchmarks.binary_counts` counts; its outputs are compared with the interpreter's as it does.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.binary_counts import counted
from benchmarks.binary_layers import Layer, binary_graph, int8_graph
from edgekit.converter.lower import select
from edgekit.converter.lower.calls import Array
from edgekit.converter.lower.formats import lowered
from edgekit.converter.lower.variants import Request
from edgekit.converter.lower.variants_b1 import blocks, pairs
from edgekit.converter.lower.variants_mve_b1 import PLANES, planes
from tests.helpers.virtual_firmware import needs_qemu

TOLERANCE = 1.3
LAYERS = (
    Layer(14, 64, 128, 3),
    Layer(14, 64, 128, 3, packed=False),
    Layer(6, 96, 33, 3),
    Layer(3, 128, 8, 1),
    Layer(1, 512, 64, 1),
)


@needs_qemu
@pytest.mark.qemu
@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_estimates_are_near_the_counts(layer: Layer, tmp_path: Path) -> None:
    kernel, estimate, count = counted(binary_graph(layer), "virtual-m4", tmp_path)
    found = f"{kernel}: {count} counted, {estimate} estimated"
    assert estimate / TOLERANCE - 400 <= count <= estimate * TOLERANCE + 400, found


@needs_qemu
@pytest.mark.qemu
def test_a_large_layer_takes_less_than_a_third_of_int8(tmp_path: Path) -> None:
    layer = Layer(8, 128, 128, 3)
    kernel, _, count = counted(binary_graph(layer), "virtual-m4", tmp_path)
    _, _, plain = counted(int8_graph(layer), "virtual-m4", tmp_path)
    assert kernel == "ek_conv2d_tiles_b1__dsp"
    assert count < plain / 3


ON_M55 = (Layer(12, 64, 96, 3), Layer(9, 32, 64, 1, packed=False))


@needs_qemu
@pytest.mark.qemu
@pytest.mark.parametrize("layer", ON_M55, ids=lambda layer: layer.name)
def test_estimates_are_near_the_counts_on_a_cortex_m55(layer: Layer, tmp_path: Path) -> None:
    kernel, estimate, count = counted(binary_graph(layer), "virtual-m55", tmp_path)
    assert kernel.endswith("__mve")
    found = f"{kernel}: {count} counted, {estimate} estimated"
    assert estimate / TOLERANCE - 400 <= count <= estimate * TOLERANCE + 400, found
    _, _, plain = counted(int8_graph(layer), "virtual-m55", tmp_path)
    assert count < plain


def request(layer: Layer) -> Request:
    graph = binary_graph(layer)
    [call] = lowered(graph, graph.nodes[1])
    return Request(call)


def test_tables_are_taken_where_enough_channels_share_them() -> None:
    table, isas = select.kernel_table(), ("dsp", "ref")
    wide = select.choose(table, request(Layer(14, 64, 128, 3)), isas)
    assert wide.kernel.function == "ek_conv2d_tiles_b1__dsp"
    dense = select.choose(table, request(Layer(1, 512, 64, 1)), ("dsp", "any", "ref"))
    assert dense.kernel.function == "ek_conv2d_adders_b1__any"
    [refused] = [r for r in dense.refused if r.kernel == "ek_conv2d_tiles_b1__dsp"]
    assert refused.reason == "is slower by estimate"


def test_helium_takes_large_tiles_where_there_is_room() -> None:
    table, isas = select.kernel_table(), ("mve", "dsp", "any", "ref")
    large = request(Layer(16, 64, 128, 3))
    assert select.choose(table, large, isas).kernel.name == "tables"
    assert select.choose(table, large, isas, room=60_000).kernel.name == "tables_room"
    assert select.choose(table, request(Layer(1, 512, 64, 1)), isas).kernel.isa == "any"


@pytest.mark.parametrize("channels", [5, 32, 70])
def test_helium_has_every_weight_in_its_plane(channels: int) -> None:
    rng = np.random.default_rng(channels)
    words = rng.integers(0, 2**32, (channels, 3), dtype=np.uint64).astype(np.uint32)
    found = planes(words)
    assert found.shape == (-(-channels // 32), 2, 16, 16)
    assert sorted(PLANES) == [(word, bit) for word in range(2) for bit in range(32)]
    for at, (word, bit) in enumerate(PLANES):
        for channel in range(channels):
            vector = found[channel // 32, 0, at // 4]
            nibble = int(vector[channel % 16]) >> (4 if channel % 32 >= 16 else 0)
            assert nibble >> at % 4 & 1 == int(words[channel, word]) >> bit & 1


@pytest.mark.parametrize("layer", [Layer(4, 96, 5, 3), Layer(4, 64, 6, 3), Layer(1, 30, 7, 1)])
def test_weights_of_adders_are_three_sums_of_three_words(layer: Layer) -> None:
    call = request(layer)
    weights = blocks(call)[0].values
    [plain] = [a for a in call.call.args if isinstance(a, Array) and a.suffix == "w"]
    rows = plain.values.reshape(layer.outputs, -1).astype(np.uint32)
    assert weights.shape[1] % 6 == 0
    padded = np.zeros(weights.shape, np.uint32)
    padded[:, : rows.shape[1]] = rows
    for at in range(0, weights.shape[1], 3):
        a, b, c = padded[:, at], padded[:, at + 1], padded[:, at + 2]
        np.testing.assert_array_equal(weights[:, at : at + 3].T, [a ^ b, a ^ c, a ^ b ^ c])


@pytest.mark.parametrize("layer", [Layer(4, 96, 5, 3), Layer(4, 64, 6, 3), Layer(4, 20, 7, 1)])
def test_weights_lie_in_pairs_of_words(layer: Layer) -> None:
    call = request(layer)
    weights, threshold = pairs(call)
    [plain] = [a for a in call.call.args if isinstance(a, Array) and a.suffix == "w"]
    rows = plain.values.reshape(layer.outputs, -1)
    count = rows.shape[1]
    at = 0
    for first in range(0, count, 2):
        taken = min(2, count - first)
        for channel in range(layer.outputs):
            found = weights.values[at : at + taken]
            np.testing.assert_array_equal(found, rows[channel, first : first + taken])
            at += taken
    assert at == weights.values.size
    assert threshold.values.min() >= -1
