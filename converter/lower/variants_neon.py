"""The `neon` and `neondot` variants: what they need of a call, their scratch, and what they cost.

Costs are instructions on a 64-bit Arm processor, from counts of whole layers at -O3, which
tests/converter/lower/test_cost_model_neon.py repeats.
"""

from __future__ import annotations

from edgekit.converter.lower.sizes import ceil_div, pixels_of, taps_of, window_of
from edgekit.converter.lower.variants import Cost, Request, Requirement, ScratchSize, runs_of

BASIS = "counts of whole layers compiled for a Cortex-A72, in QEMU"
"""What the costs below rest on; users read it."""


def _channels(request: Request) -> int:
    return request.number("channels" if "channels" in request.names else "input_c")


def _is_3x3(request: Request) -> bool:
    return request.number("kernel_h") == request.number("kernel_w") == 3


REQUIRES: dict[str, Requirement] = {
    "neon_weights": Requirement(
        "needs weights above -128", lambda request: int(request.weights.min()) > -128
    ),
    "neon_lanes": Requirement(
        "needs eight channels or more", lambda request: _channels(request) >= 8
    ),
    "neon_planes": Requirement(
        "needs eight channels or more", lambda request: request.numbers("extent")[3] >= 8
    ),
    "neon_one_copy": Requirement(
        "needs a depth multiplier of 1", lambda request: request.number("depth_multiplier") == 1
    ),
    "neon_3x3": Requirement("needs a 3x3 kernel", _is_3x3),
    "neon_order": Requirement(
        "needs operands in the output's order", lambda request: max(runs_of(request)[2]) <= 1
    ),
    "neon_taps": Requirement(
        "needs a window of up to 65536", lambda request: window_of(request) <= 1 << 16
    ),
}


def _gathering(request: Request) -> int:
    """Windows that lie in the input as they are wanted are read there."""
    if window_of(request) == 1 and request.number("input_c") % 16 == 0:
        return 35 * pixels_of(request)
    copied = 28 * request.number("kernel_h") + ceil_div(taps_of(request), 8)
    return pixels_of(request) * (60 + copied)


def _rows(request: Request, rows: int, chunk: int, single: int) -> int:
    """Four rows by four channels take `chunk` instructions for 16 inputs, one row `single`."""
    chunks, quads = ceil_div(taps_of(request), 16), ceil_div(request.number("output_c"), 4)
    fours, rest = divmod(rows, 4)
    last = 0 if rest == 0 else single * chunks + 44 if rest == 1 else chunk * chunks + 98
    return 110 + quads * (fours * (chunk * chunks + 98) + last)


def convolution_cost(request: Request) -> int:
    """61 instructions for 256 products, 98 for 16 outputs."""
    return _gathering(request) + _rows(request, pixels_of(request), 61, 20)


def dot_convolution_cost(request: Request) -> int:
    """29 instructions for 256 products, 98 for 16 outputs."""
    return _gathering(request) + _rows(request, pixels_of(request), 29, 14)


def fully_connected_cost(request: Request) -> int:
    """20 instructions for 64 products, 44 for four outputs; batches as convolution."""
    return _rows(request, request.number("rows"), 61, 20)


def dot_fully_connected_cost(request: Request) -> int:
    """14 instructions for 64 products, 44 for four outputs; batches as convolution."""
    return _rows(request, request.number("rows"), 29, 14)


def depthwise_cost(request: Request) -> int:
    """7 instructions a tap for eight channels, 45 more; 12 a tap for its address."""
    window, blocks = window_of(request), ceil_div(request.number("output_c"), 8)
    return pixels_of(request) * (30 + 12 * window + blocks * (45 + 7 * window))


def depthwise_3x3_cost(request: Request) -> int:
    """60 instructions for eight outputs, 120 where a window reaches beyond left or right."""
    blocks, wide = ceil_div(request.number("output_c"), 8), request.number("output_w")
    lines = request.number("batches") * request.number("output_h")
    return blocks * lines * (60 * wide + 120 + 80)


def average_pool_cost(request: Request) -> int:
    """6 instructions a tap for eight channels, 19 a row of them, 20 more; 40 a window."""
    return _pooling(request, 6, 19)


def max_pool_cost(request: Request) -> int:
    """4 instructions a tap for eight channels, 15 a row of them, 20 more; 40 a window."""
    return _pooling(request, 4, 15)


def _pooling(request: Request, tap: int, row: int) -> int:
    blocks, rows = ceil_div(request.number("channels"), 8), request.number("kernel_h")
    return pixels_of(request) * (40 + blocks * (tap * window_of(request) + row * rows + 20))


def add_cost(request: Request) -> int:
    """78 instructions for eight outputs, 30 a run."""
    runs, length, _ = runs_of(request)
    return runs * (30 + 78 * ceil_div(length, 8))


def mul_cost(request: Request) -> int:
    """45 instructions for eight outputs, 30 a run."""
    runs, length, _ = runs_of(request)
    return runs * (30 + 45 * ceil_div(length, 8))


def choice_cost(request: Request) -> int:
    """20 instructions for eight outputs, 40 a run."""
    runs, length, _ = runs_of(request)
    return runs * (40 + 20 * ceil_div(length, 8))


def planes_cost(request: Request) -> int:
    """8 instructions a pixel for eight channels, 45 more."""
    batches, height, width, channels = request.numbers("extent")
    return batches * ceil_div(channels, 8) * (45 + 8 * height * width)


def lut_cost(request: Request) -> int:
    """17 instructions for 16 outputs, 50 for the table."""
    return 50 + 17 * ceil_div(request.count, 16)


COSTS: dict[str, Cost] = {
    "neon_convolution": convolution_cost,
    "neon_fully_connected": fully_connected_cost,
    "neon_depthwise": depthwise_cost,
    "neon_depthwise_3x3": depthwise_3x3_cost,
    "neon_average_pool": average_pool_cost,
    "neon_max_pool": max_pool_cost,
    "neon_add": add_cost,
    "neon_mul": mul_cost,
    "neon_choice": choice_cost,
    "neon_planes": planes_cost,
    "neon_lut": lut_cost,
    "neondot_convolution": dot_convolution_cost,
    "neondot_fully_connected": dot_fully_connected_cost,
}


def rows_scratch(request: Request) -> int:
    """Four rows of x in chunks."""
    return 4 * 16 * ceil_div(taps_of(request), 16)


def depthwise_scratch(request: Request) -> int:
    """An address for every tap, and a pixel of zero points."""
    return 8 * window_of(request) + request.number("input_c")


SCRATCHES: dict[str, ScratchSize] = {
    "neon_rows": rows_scratch,
    "neon_depthwise": depthwise_scratch,
}
