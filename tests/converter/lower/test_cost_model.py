"""The cost model against instructions counted in QEMU, and the choices it leads to.

`tests.helpers.counted_layers` runs layers of real networks with every kernel that can. Each board
stands for the kernel folders whose costs were fitted on it.
"""

from __future__ import annotations

import pytest

from edgekit.converter.lower import variants_b1, variants_mve_b1
from edgekit.converter.lower.select import kernel_table
from tests.helpers.counted_layers import LAYERS, Counted, counted
from tests.helpers.virtual_firmware import needs_qemu

pytestmark = [needs_qemu, pytest.mark.qemu]

TOLERANCE = 1.3
"""Count and estimate differ by at most this factor, either way, ..."""
CALL = 400
"""... small steps by so many instructions: what every call costs."""
SECOND_BEST = 1.05
"""The kernel taken needs at most this much more than the fastest one."""

FITTED = {"virtual-m3": ("c32", "any"), "virtual-m4": ("dsp", "ref"), "virtual-m55": ("mve",)}
"""Board -> the kernel folders whose estimates rest on it (BASIS of variants_<isa>.py)."""
CHEAPEST = {"virtual-m3": 1, "virtual-m4": 99, "virtual-m55": 3}
"""Kernels run of each layer. On the M55 the slowest are ten times slower than Helium."""
NOT_HERE = {
    "ref_float_binary",
    "ref_counted",
    "ref_detections",
    "ref_divided",
    "ref_half",
    "ref_legacy_convolution",
    "ref_palette",
    "ref_rans",
    "ref_rows_of",
    "ref_running_mean",
    "ref_s16w4_convolution",
    "ref_s16w4_fully_connected",
    "ref_shift",
    "ref_trees",
    *variants_b1.COSTS,
    *variants_mve_b1.COSTS,
}
"""Costs of kernels without rivals to be chosen from. Those on packed signs are compared in
test_binary_costs.py, those of streaming networks in test_streaming_costs.py, those of decoders in
tests/cli/test_compressed_weights.py."""


def isa(kernel: str) -> str:
    return kernel.rpartition("__")[2]


def off(row: Counted) -> bool:
    """Whether the estimate misses the count by more than is allowed."""
    low, high = row.estimate / TOLERANCE - CALL, row.estimate * TOLERANCE + CALL
    return not low <= row.count <= high


@pytest.mark.parametrize("board", FITTED)
def test_estimates_are_near_the_counts(board: str) -> None:
    rows = [row for row in counted(board, CHEAPEST[board]) if isa(row.kernel) in FITTED[board]]
    wrong = [f"{row.layer}: {row.kernel}: {row.ratio:.2f}" for row in rows if off(row)]
    assert rows
    assert not wrong, "count / estimate:\n" + "\n".join(wrong)


@pytest.mark.parametrize("board", FITTED)
def test_the_kernel_taken_is_the_fastest(board: str) -> None:
    _chosen_is_fastest(counted(board, CHEAPEST[board]))


@pytest.mark.slow
@pytest.mark.parametrize("board", ["virtual-m7", "virtual-m33"])
def test_the_kernel_taken_is_the_fastest_on_other_cores(board: str) -> None:
    _chosen_is_fastest(counted(board))


def _chosen_is_fastest(rows: tuple[Counted, ...]) -> None:
    for layer in LAYERS:
        tried = [row for row in rows if row.layer == layer]
        (taken, *_) = [row for row in tried if row.chosen]
        best = min(tried, key=lambda row: row.count)
        assert taken.count <= SECOND_BEST * best.count, (
            f"{layer}: {taken.kernel} took {taken.count:,}, {best.kernel} {best.count:,}"
        )


def test_every_int8_cost_is_compared() -> None:
    """A kernel with a cost of its own needs a layer in `counted_layers`."""
    rows = [r for board in FITTED for r in counted(board, CHEAPEST[board])]
    ran = {row.kernel for row in rows}
    listed = {
        kernel.cost: kernel.function
        for kernels in kernel_table().values()
        for kernel in kernels
        if kernel.isa in ("ref", "any", "c32", "dsp", "mve")
    }
    compared = {
        kernel.cost
        for kernels in kernel_table().values()
        for kernel in kernels
        if kernel.function in ran
    }
    assert {cost: listed[cost] for cost in set(listed) - compared - NOT_HERE} == {}
