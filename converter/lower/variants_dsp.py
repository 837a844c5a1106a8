"""The `dsp` variants: what they need of a call, their scratch, and what they cost.

Costs are instructions on a Cortex-M4 (virtual-m4), from counts of whole layers.
"""

from __future__ import annotations

from edgekit.converter.lower.packing_dsp import (
    LARGEST_SHIFT,
    absolute_weights,
    channel_rows,
    largest_sums,
    right_shifts,
)
from edgekit.converter.lower.variants import Cost, Request, Requirement, ScratchSize


def _moderate_factors(request: Request) -> bool:
    _, right = right_shifts(request)
    return bool(right.min() >= 1 and right.max() <= LARGEST_SHIFT)


def _moderate_sums(request: Request) -> bool:
    """Doubled accumulators stay within int32."""
    return bool(largest_sums(request).max() < 1 << 30)


def _lanes_hold(request: Request) -> bool:
    """256 times a channel's sum, less bias, stays within int32; every lane within int16."""
    return bool(
        128 * absolute_weights(request).max() < 1 << 23 and channel_rows(request).min() > -128
    )


REQUIRES: dict[str, Requirement] = {
    "dsp_factors": Requirement("needs every output scale factor below 1/2", _moderate_factors),
    "dsp_sums": Requirement("needs accumulators below 2^30", _moderate_sums),
    "dsp_lanes": Requirement("needs weights above -128, |weights| adding to 65535", _lanes_hold),
}


def fully_connected_cost(request: Request) -> int:
    """1.3 instructions a weight, 15 an output."""
    quads = -(-request.number("output_c") // 4)
    inputs = -(-request.number("input_c") // 4)
    return request.number("rows") * quads * (21 * inputs + 60)


COSTS: dict[str, Cost] = {
    "dsp_fully_connected": fully_connected_cost,
}
SCRATCHES: dict[str, ScratchSize] = {}
