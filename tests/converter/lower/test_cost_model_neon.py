"""The cost estimates of the 64-bit Arm kernels against executed instructions, counted in QEMU."""

from __future__ import annotations

import pytest

from edgekit.converter.lower.select import kernel_table
from tests.helpers.counted_neon import CORES, counted

pytestmark = pytest.mark.qemu

TOLERANCE = 1.3
"""Count and estimate differ by at most this factor, either way, ..."""
CALL = 150
"""... small steps by so many instructions: what every call costs."""


@pytest.mark.parametrize("isa", CORES)
def test_estimates_are_near_the_counts(isa: str) -> None:
    wrong = [
        f"{row.layer}: {row.kernel}: {row.ratio:.2f}"
        for row in counted(isa)
        if not row.estimate / TOLERANCE - CALL <= row.count <= row.estimate * TOLERANCE + CALL
    ]
    assert not wrong, "count / estimate:\n" + "\n".join(wrong)


def test_every_cost_is_compared() -> None:
    ran = {row.kernel for isa in CORES for row in counted(isa)}
    kernels = [k for rows in kernel_table().values() for k in rows if k.isa in CORES]
    compared = {kernel.cost for kernel in kernels if kernel.function in ran}
    binarized = {"neon_b1_lanes", "neon_b1_lanes_scaled"}  # test_binary_costs_processors.py
    assert {kernel.cost for kernel in kernels} - compared == binarized


def test_the_dearer_kernel_is_not_taken() -> None:
    """Where a layer has several kernels, the cheapest by estimate is the cheapest by count."""
    rows = counted("neon")
    for layer in {row.layer for row in rows}:
        tried = [row for row in rows if row.layer == layer]
        taken = min(tried, key=lambda row: row.estimate)
        best = min(tried, key=lambda row: row.count)
        assert taken.count <= 1.05 * best.count, f"{layer}: {taken.kernel}, {best.kernel}"
