"""The int8 `x86` variants: their scratch, and what they cost.

Costs are instructions on an x86-64 processor with AVX2, from counts of whole layers at -O3 in QEMU,
which tests/converter/lower/test_cost_model_x86.py repeats. With AVX-512 they are fewer.
"""

from __future__ import annotations

from edgekit.converter.lower.sizes import ceil_div, pixels_of, taps_of, window_of
from edgekit.converter.lower.variants import Cost, Request, ScratchSize, runs_of

ROWS, BLOCK, HALF, QUAD = 8, 16, 8, 4


def _rows(request: Request, rows: int) -> int:
    """Eight channels: 43 instructions for four inputs of four rows, 15 of one, 45 an output row."""
    quads, halves = ceil_div(taps_of(request), QUAD), ceil_div(request.number("output_c"), HALF)
    fours, rest = divmod(rows, 4)
    sums = (fours + (rest > 1)) * (43 * quads + 60) + (rest == 1) * (15 * quads + 30)
    return halves * (sums + 45 * rows + 30 * ceil_div(rows, ROWS))


def _raising(request: Request, rows: int) -> int:
    """Eight activations at a time."""
    return rows * (30 + 5 * ceil_div(taps_of(request), 8))


def convolution_cost(request: Request) -> int:
    """Windows of more than a pixel are gathered first."""
    pixels = pixels_of(request)
    gathered = 0 if window_of(request) == 1 else 60 + 40 * request.number("kernel_h")
    return _rows(request, pixels) + _raising(request, pixels) + pixels * (20 + gathered)


def fully_connected_cost(request: Request) -> int:
    rows = request.number("rows")
    return _rows(request, rows) + _raising(request, rows)


def _inner(request: Request, axis: str, pad: str) -> int:
    """Windows along an axis without a tap outside the input."""
    names = ("output", "stride", "kernel", "dilation", "input")
    count, stride, taps, dilation, size = (request.number(f"{name}_{axis}") for name in names)
    starts = (i * stride - request.number(pad) for i in range(count))
    return sum(0 <= start < size - (taps - 1) * dilation for start in starts)


def depthwise_cost(request: Request) -> int:
    """Eight channels: 18 instructions for two taps, 47 more; 14 a tap for its address, which the
    inner windows of a row share."""
    window, blocks = window_of(request), ceil_div(request.number("output_c"), HALF)
    rows, columns = _inner(request, "h", "pad_top"), _inner(request, "w", "pad_left")
    lists = pixels_of(request) - request.number("batches") * rows * max(columns - 1, 0)
    listing = lists * (60 + 14 * window + 20 * blocks)
    return listing + pixels_of(request) * blocks * (47 + 18 * ceil_div(window, 2))


def sum_cost(request: Request) -> int:
    """114 instructions for eight outputs, 60 a run."""
    runs, length, _ = runs_of(request)
    return runs * (60 + 114 * ceil_div(length, HALF))


COSTS: dict[str, Cost] = {
    "x86_sum": sum_cost,
    "x86_convolution": convolution_cost,
    "x86_fully_connected": fully_connected_cost,
    "x86_depthwise": depthwise_cost,
}


def rows_scratch(request: Request) -> int:
    """Eight rows of activations in fours."""
    return ROWS * QUAD * ceil_div(taps_of(request), QUAD)


def taps_scratch(request: Request) -> int:
    """An address for every tap of whole pairs and one more, and a pixel of zero points."""
    return 8 * (2 * ceil_div(window_of(request), 2) + 1) + request.number("input_c")


SCRATCHES: dict[str, ScratchSize] = {"x86_rows": rows_scratch, "x86_taps": taps_scratch}
