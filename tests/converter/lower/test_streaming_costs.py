"""The cost estimates of kernels that only streaming networks call, against counts on a board."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from edgekit.artifacts.bundle import read_manifest
from edgekit.converter.options import ConvertOptions
from edgekit.converter.tflite import write_tflite
from edgekit.deploy.bench import BenchOptions, bench
from edgekit.deploy.convert import convert
from tests.helpers.temporal_graphs import Temporal
from tests.helpers.toolchains import require

TOLERANCE = 1.5
CALL = 150
"""Instructions that a call may cost besides."""
KERNELS = {"ek_shift_s8__ref", "ek_running_mean_s8__ref"}


@pytest.mark.qemu
def test_estimates_are_near_the_counts(tmp_path: Path) -> None:
    require("arm-none-eabi-gcc", "qemu-system-arm")
    t = Temporal(1, 64, 6, 1)
    t.conv(16, 5, wide=3)
    t.conv(24, 9, wide=3)
    model, place = tmp_path / "net.tflite", tmp_path / "bundle"
    model.write_bytes(write_tflite(t.mean()))
    convert(model, target="virtual-m4", output_dir=place, options=ConvertOptions(stream=2))
    [run] = bench(place, options=BenchOptions(samples=2)).runs
    steps = read_manifest(place).steps
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for row in run.steps:
        found[steps[row.index].kernel].append((round(row.count), steps[row.index].estimate or 0))
    assert set(found) >= KERNELS
    for kernel in KERNELS:
        for count, estimate in found[kernel]:
            words = f"{kernel}: {count} counted, {estimate} estimated"
            assert estimate / TOLERANCE - CALL <= count <= estimate * TOLERANCE + CALL, words
