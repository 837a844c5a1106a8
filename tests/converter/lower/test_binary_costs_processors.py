"""Costs of binarized kernels on 64-bit Arm and x86-64 against instructions executed in QEMU."""

from __future__ import annotations

import platform
from pathlib import Path

import numpy as np
import pytest

from benchmarks.binary_layers import Layer, binary_graph
from benchmarks.executed import EMULATORS, executed
from edgekit.converter.lower import select
from edgekit.converter.lower.calls import Array
from edgekit.converter.lower.formats import lowered
from edgekit.converter.lower.variants import Request
from edgekit.converter.lower.variants_b1_lanes import lanes
from edgekit.converter.options import ConvertOptions
from edgekit.converter.tflite import write_tflite
from edgekit.deploy.bundles import open_bundle
from edgekit.deploy.convert import convert
from edgekit.targets.reader import load_target
from tests.helpers.toolchains import require

TOLERANCE = 1.3
CALL = 1000
"""Instructions that a call may cost besides: on a host the C library is found at run time."""
X86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="for x86-64")
LAYERS = (Layer(6, 64, 128, 3), Layer(5, 96, 33, 3, packed=False), Layer(1, 512, 64, 1))


@pytest.mark.qemu
@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
@pytest.mark.parametrize("target", ["rpi4", pytest.param("host", marks=X86)])
def test_estimates_are_near_what_is_executed(target: str, layer: Layer, tmp_path: Path) -> None:
    require(EMULATORS[load_target(target).cpu.arch][0])
    model, out = tmp_path / "layer.tflite", tmp_path / "bundle"
    model.write_bytes(write_tflite(binary_graph(layer)))
    convert(model, target=target, output_dir=out, options=ConvertOptions(all_channels=True))
    [step] = [step for step in open_bundle(out).manifest.steps if step.layer == "conv"]
    assert step.kernel.endswith(("__neon", "__x86"))
    count = executed(out, tmp_path / "runner", step.kernel)
    found = f"{step.kernel}: {count} executed, {step.estimate} estimated"
    assert step.estimate / TOLERANCE - CALL <= count <= step.estimate * TOLERANCE + CALL, found


def request(layer: Layer) -> Request:
    graph = binary_graph(layer)
    [call] = lowered(graph, graph.nodes[1])
    return Request(call)


@pytest.mark.parametrize("isa", ["neon", "x86"])
def test_lanes_are_taken_for_whole_layers_and_single_pixels(isa: str) -> None:
    for layer in (Layer(14, 64, 128, 3), Layer(1, 512, 64, 1), Layer(7, 32, 32, 1, packed=False)):
        chosen = select.choose(select.kernel_table(), request(layer), (isa, "any", "ref"))
        assert chosen.kernel.isa == isa


@pytest.mark.parametrize("layer", [Layer(4, 96, 5, 3), Layer(4, 64, 40, 3)])
def test_a_block_has_a_word_of_each_of_16_channels(layer: Layer) -> None:
    call = request(layer)
    weights, least = lanes(call)
    plain, threshold = (a for a in call.call.args if isinstance(a, Array))
    rows = plain.values.reshape(layer.outputs, -1)
    assert weights.values.shape == (-(-layer.outputs // 16), rows.shape[1], 16)
    for channel, row in enumerate(rows):
        np.testing.assert_array_equal(weights.values[channel // 16, :, channel % 16], row)
    assert not weights.values[-1, :, layer.outputs % 16 or 16 :].any()
    assert least.c_type == "uint16_t"
    np.testing.assert_array_equal(
        least.values[: layer.outputs], threshold.values.reshape(-1).astype(np.int64) + 1
    )
