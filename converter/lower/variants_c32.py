"""The `c32` variants: their scratch, and what they cost. What they need is in variants_dsp.py.

Costs are instructions on a Cortex-M3 (virtual-m3), from counts of whole layers.
"""

from __future__ import annotations

from edgekit.converter.lower.calls import product
from edgekit.converter.lower.sizes import taps_of, window_of
from edgekit.converter.lower.variants import Cost, Request, ScratchSize
from edgekit.converter.lower.variants_dsp import quads_of

BASIS = "counts of whole layers on a Cortex-M3 (virtual-m3)"
"""What the costs below rest on; users read it."""


def convolution_cost(request: Request) -> int:
    """15 instructions for a tap of two windows and four channels, 185 to end their sums."""
    pixels, rows = request.outputs // request.number("output_c"), request.number("kernel_h")
    quads, taps = quads_of(request.number("output_c")), taps_of(request)
    return -(-pixels // 2) * (100 + 60 * rows + quads * (15 * taps + 185))


def windows_scratch(request: Request) -> int:
    """Two windows."""
    return 2 * taps_of(request)


def depthwise_cost(request: Request) -> int:
    """44 instructions an output at stride 1 and 54 at stride 2 in fours, 65 of those left over."""
    rows = request.number("batches") * request.number("output_h") * request.number("output_c")
    fours, singles = divmod(request.number("output_w"), 4)
    each = {1: 44, 2: 54}.get(request.number("stride_w"), 65)
    return rows * (4 * each * fours + 65 * singles + 45)


def rows_scratch(request: Request) -> int:
    """Four rows, see depthwise_conv2d_3x3_s8.c."""
    read = (request.number("output_w") - 1) * request.number("stride_w") + 3
    held = request.number("pad_left") + request.number("input_w")
    return 4 * max(read, held) * request.number("input_c")


def fully_connected_cost(request: Request) -> int:
    """2.7 instructions a weight, 26 an output."""
    quads = quads_of(request.number("output_c"))
    return request.number("rows") * quads * (43 * request.number("input_c") // 4 + 104)


def tables_cost(request: Request) -> int:
    """Two tables, then 22 instructions an output."""
    return 512 * 30 + 22 * product(request.numbers("extent"))


def mul_cost(request: Request) -> int:
    """23 instructions an output."""
    return 23 * product(request.numbers("extent"))


def _pooling(request: Request, tap: int, quad: int, pixel: int) -> int:
    channels = request.number("channels")
    quads = quads_of(channels)
    return request.outputs // channels * (pixel + quads * (tap * window_of(request) + quad))


def average_pool_cost(request: Request) -> int:
    """13 instructions for a tap of four channels, 95 more; 60 a window."""
    return _pooling(request, 13, 95, 60)


def max_pool_cost(request: Request) -> int:
    """19 instructions for a tap of four channels, 65 more; 60 a window."""
    return _pooling(request, 19, 65, 60)


def planes_cost(request: Request) -> int:
    """11 instructions for a pixel of four channels, 30 a channel."""
    batches, height, width, channels = request.numbers("extent")
    return batches * (quads_of(channels) * (11 * height * width + 30) + 30 * channels)


COSTS: dict[str, Cost] = {
    "c32_mul": mul_cost,
    "c32_average_pool": average_pool_cost,
    "c32_max_pool": max_pool_cost,
    "c32_planes": planes_cost,
    "c32_convolution": convolution_cost,
    "c32_depthwise": depthwise_cost,
    "c32_fully_connected": fully_connected_cost,
    "c32_tables": tables_cost,
}
SCRATCHES: dict[str, ScratchSize] = {"c32_windows": windows_scratch, "c32_rows": rows_scratch}
