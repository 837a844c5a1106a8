"""The cost estimates of the int8 x86-64 kernels against instructions executed with AVX2 in QEMU."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from benchmarks.executed import EMULATORS, executed
from edgekit.converter.lower.select import kernel_table
from edgekit.converter.options import ConvertOptions
from edgekit.converter.tflite import write_tflite
from edgekit.deploy.bundles import open_bundle
from edgekit.deploy.convert import convert
from tests.helpers import counted_layers
from tests.helpers.toolchains import require

pytestmark = [
    pytest.mark.qemu,
    pytest.mark.skipif(platform.machine() != "x86_64", reason="for x86-64"),
]

TOLERANCE = 1.3
CALL = 1500
"""Instructions that a call may cost besides: the C library is found at run time."""
LAYERS = (
    ("conv 3x3 16->16 of 16x16", "x86_convolution"),
    ("conv 1x1 8->16 of 24x24", "x86_convolution"),
    ("conv 1x1 128->128 of 6x6", "x86_convolution"),
    ("depthwise 3x3 64 of 12x12", "x86_depthwise"),
    ("depthwise 5x5 32 of 12x12", "x86_depthwise"),
    ("dense 640->128", "x86_fully_connected"),
    ("add 16x16x32", "x86_sum"),
    ("sub 16x16x8", "x86_sum"),
)


@pytest.mark.parametrize(("layer", "cost"), LAYERS)
def test_estimates_are_near_what_is_executed(layer: str, cost: str, tmp_path: Path) -> None:
    require(EMULATORS["native"][0])
    model, out = tmp_path / "layer.tflite", tmp_path / "bundle"
    model.write_bytes(write_tflite(counted_layers.graph([layer])))
    convert(model, target="host", output_dir=out, options=ConvertOptions(all_channels=True))
    [step] = open_bundle(out).manifest.steps
    kernels = [k for rows in kernel_table().values() for k in rows if k.function == step.kernel]
    assert [kernel.cost for kernel in kernels] == [cost]
    count = executed(out, tmp_path / "runner", step.kernel)
    found = f"{step.kernel}: {count} executed, {step.estimate} estimated"
    assert step.estimate / TOLERANCE - CALL <= count <= step.estimate * TOLERANCE + CALL, found


def test_every_cost_is_compared() -> None:
    kernels = [k for rows in kernel_table().values() for k in rows if k.isa == "x86"]
    own = {k.cost for k in kernels if "b1" not in k.family.split("_")}
    assert own == {cost for _, cost in LAYERS}
