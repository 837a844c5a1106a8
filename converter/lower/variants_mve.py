"""The `mve` variants: what they need of a call, their scratch, and what they cost.

Costs are instructions on a Cortex-M55 (virtual-m55), from counts of whole layers, which
tests/converter/lower/test_cost_model.py repeats.
"""

from __future__ import annotations

from edgekit.converter.lower.calls import product
from edgekit.converter.lower.packing_mve import factors
from edgekit.converter.lower.sizes import ceil_div, pixels_of, taps_of, window_of
from edgekit.converter.lower.variants import (
    Cost,
    Request,
    Requirement,
    ScratchSize,
    runs_of,
)

BASIS = "counts of whole layers on a Cortex-M55 (virtual-m55)"
"""What the costs below rest on; users read it."""
FARTHEST = 65535 // 7
"""Between eight elements that one gathering load fetches."""


def _small_factors(request: Request) -> bool:
    return bool(factors(request)[:, 2].max() <= -1)


def _pointwise(request: Request) -> bool:
    """Every input pixel is an output pixel, in order."""
    ones = ("kernel_h", "kernel_w", "stride_h", "stride_w")
    same = all(request.number(f"output_{a}") == request.number(f"input_{a}") for a in "hw")
    unit = all(request.number(name) == 1 for name in ones)
    return unit and same and request.number("pad_top") == request.number("pad_left") == 0


def _short(request: Request) -> bool:
    return request.number("input_c") <= 16 and request.number("output_c") % 4 == 0


def _is_3x3(request: Request) -> bool:
    taps = request.number("kernel_h") == request.number("kernel_w") == 3
    return taps and request.number("dilation_h") == request.number("dilation_w") == 1


def _stride(request: Request, stride: int) -> bool:
    return request.number("stride_h") == request.number("stride_w") == stride


def _added_at_one_shape(request: Request) -> bool:
    extent = request.numbers("extent")
    dense = tuple(product(extent[axis + 1 :]) for axis in range(4))
    return all(
        step == full or count == 1
        for name in ("a_stride", "b_stride")
        for step, full, count in zip(request.numbers(name), dense, extent, strict=True)
    )


def _added_factors(request: Request) -> bool:
    """Operands' factors below 1/2 or exactly that; the sum's below 1/2."""
    operands = (request.factor("a_q"), request.factor("b_q"))
    halves = all(q.shift <= -1 or (q.shift, q.multiplier) == (0, 1 << 30) for q in operands)
    return halves and request.factor("output_q").shift <= -1 and request.number("left_shift") == 20


def _window_of_255(request: Request) -> bool:
    return window_of(request) <= 255


REQUIRES: dict[str, Requirement] = {
    "mve_factors": Requirement("needs every output scale factor below 1/2", _small_factors),
    "mve_pointwise": Requirement("needs a 1x1 kernel, stride 1, no padding", _pointwise),
    "mve_short": Requirement("needs up to 16 inputs, outputs in fours", _short),
    "mve_3x3": Requirement("needs a 3x3 kernel, no dilation", _is_3x3),
    "mve_stride_1": Requirement("needs stride 1", lambda request: _stride(request, 1)),
    "mve_stride_2": Requirement("needs stride 2", lambda request: _stride(request, 2)),
    "mve_quads": Requirement(
        "needs channels in fours", lambda request: request.number("output_c") % 4 == 0
    ),
    "mve_one_copy": Requirement(
        "needs a depth multiplier of 1", lambda request: request.number("depth_multiplier") == 1
    ),
    "mve_one_shape": Requirement("needs operands of one shape", _added_at_one_shape),
    "mve_add_factors": Requirement(
        "needs operand scales within twice the larger, an output scale above 2^-20 of it",
        _added_factors,
    ),
    "mve_window_255": Requirement("needs a window of up to 255 taps", _window_of_255),
    "mve_output_factor": Requirement(
        "needs an output scale factor below 1/2",
        lambda request: request.factor("output_q").shift <= -1,
    ),
    "mve_factor": Requirement(
        "needs an output scale factor below 1/2", lambda request: request.factor("q").shift <= -1
    ),
    "mve_short_rows": Requirement(
        "needs rows of at most 4095", lambda request: request.number("depth") <= 4095
    ),
    "mve_near": Requirement(
        "needs innermost elements at most 9362 apart",
        lambda request: 0 <= request.numbers("stride")[3] <= FARTHEST,
    ),
    "mve_columns": Requirement(
        "needs columns that are neighbours", lambda r: r.numbers("b_stride")[3] == 1
    ),
    "mve_rows": Requirement(
        "needs summed elements that are neighbours",
        lambda r: r.numbers("a_stride")[3] == r.numbers("b_stride")[2] == 1,
    ),
    "mve_four_pixels": Requirement("needs four pixels", lambda request: pixels_of(request) >= 4),
}


def convolution_cost(request: Request) -> int:
    """15 instructions a chunk of 16 taps for eight outputs, 30 more; 15 a row of a window."""
    chunks = ceil_div(taps_of(request), 16)
    blocks = ceil_div(pixels_of(request), 4) * ceil_div(request.number("output_c"), 4)
    gathering = pixels_of(request) * (30 + 15 * request.number("kernel_h") + 3 * chunks)
    return blocks * (2 * 15 * chunks + 60) + gathering


def short_cost(request: Request) -> int:
    """65 instructions for four pixels by four channels."""
    return ceil_div(pixels_of(request), 4) * (30 + 65 * ceil_div(request.number("output_c"), 4))


def depthwise_cost(request: Request) -> int:
    """17 instructions a tap for 16 channels, 65 more; 14 a tap for its address, 156 a pixel."""
    taps = request.number("kernel_h") * request.number("kernel_w")
    blocks = ceil_div(request.number("output_c"), 16)
    return pixels_of(request) * (156 + 14 * taps + blocks * (65 + 17 * taps))


def depthwise_3x3_cost(request: Request) -> int:
    """90 instructions for four pixels by four channels at stride 1, 115 at stride 2, 30 more; 15 to
    turn four rows of 16 channels, 110 a strip."""
    height, width = request.number("output_h"), request.number("output_w")
    twos = _stride(request, 1)
    strips = request.number("batches") * (ceil_div(height, 2) if twos else height)
    groups = ceil_div(width, 2 if twos else 4)
    turned = ceil_div(request.number("input_w") * request.number("input_c"), 16)
    quads = ceil_div(request.number("output_c"), 4)
    return strips * (110 + 15 * turned + groups * (30 + (90 if twos else 115) * quads))


def fully_connected_cost(request: Request) -> int:
    """10 instructions for 16 inputs and four outputs, 35 more."""
    quads = ceil_div(request.number("output_c"), 4)
    return 50 + request.number("rows") * quads * (35 + 10 * ceil_div(request.number("input_c"), 16))


def add_cost(request: Request) -> int:
    """96 instructions for 16 elements."""
    return 96 * ceil_div(product(request.numbers("extent")), 16)


def max_pool_cost(request: Request) -> int:
    """8 instructions a tap for 16 channels, 30 more; 70 a window."""
    blocks = ceil_div(request.number("channels"), 16)
    return pixels_of(request) * (70 + blocks * (30 + 8 * window_of(request)))


def average_pool_cost(request: Request) -> int:
    """9 instructions a tap for 16 channels, 9 a row of them, 85 more; 70 a window."""
    blocks, rows = ceil_div(request.number("channels"), 16), request.number("kernel_h")
    return pixels_of(request) * (70 + blocks * (85 + 9 * rows + 9 * window_of(request)))


def mul_cost(request: Request) -> int:
    """62 instructions for 16 elements, 60 a run."""
    runs, length, _ = runs_of(request)
    return runs * (60 + 62 * ceil_div(length, 16))


def choice_cost(request: Request) -> int:
    """9 instructions for 16 elements, 80 a run."""
    runs, length, _ = runs_of(request)
    return runs * (80 + 9 * ceil_div(length, 16))


def lut_cost(request: Request) -> int:
    """5 instructions for 16 elements."""
    return 30 + 5 * ceil_div(request.count, 16)


def softmax_cost(request: Request) -> int:
    """38 instructions for four elements, 200 a row."""
    return request.number("rows") * (200 + 38 * ceil_div(request.number("depth"), 4))


def planes_cost(request: Request) -> int:
    """8 instructions a pixel for 16 channels, 80 more."""
    batches, height, width, channels = request.numbers("extent")
    return batches * ceil_div(channels, 16) * (80 + 8 * height * width)


def bilinear_cost(request: Request) -> int:
    """20 instructions for four outputs, 60 a pixel."""
    return pixels_of(request) * (60 + 20 * ceil_div(request.number("channels"), 4))


def strided_cost(request: Request) -> int:
    """12 instructions for eight elements, 35 a row."""
    extent = request.numbers("extent")
    return product(extent[:3]) * (35 + 12 * ceil_div(extent[3], 8))


def matmul_columns_cost(request: Request) -> int:
    """14 instructions for products of one element with 16 columns, 8 with four; 100 for 16 sums."""
    *rows, columns = request.numbers("extent")
    full, left = divmod(columns, 16)
    inner, quads = request.number("inner"), ceil_div(left, 4)
    return product(tuple(rows)) * (40 + full * (14 * inner + 100) + quads * (8 * inner + 35))


def matmul_rows_cost(request: Request) -> int:
    """50 instructions for 16 products of four columns, 100 more."""
    *rows, columns = request.numbers("extent")
    chunks = ceil_div(request.number("inner"), 16)
    return product(tuple(rows)) * (30 + ceil_div(columns, 4) * (100 + 50 * chunks))


COSTS: dict[str, Cost] = {
    "mve_mul": mul_cost,
    "mve_choice": choice_cost,
    "mve_lut": lut_cost,
    "mve_softmax": softmax_cost,
    "mve_planes": planes_cost,
    "mve_bilinear": bilinear_cost,
    "mve_strided": strided_cost,
    "mve_matmul_columns": matmul_columns_cost,
    "mve_matmul_rows": matmul_rows_cost,
    "mve_convolution": convolution_cost,
    "mve_depthwise": depthwise_cost,
    "mve_depthwise_3x3": depthwise_3x3_cost,
    "mve_fully_connected": fully_connected_cost,
    "mve_add": add_cost,
    "mve_average_pool": average_pool_cost,
    "mve_max_pool": max_pool_cost,
    "mve_short": short_cost,
}


def convolution_scratch(request: Request) -> int:
    """Four windows in chunks, and a row for one and a chunk where its taps come in odd pieces."""
    chunks = ceil_div(taps_of(request), 16)
    return 64 * chunks + (0 if request.number("input_c") % 16 == 0 else 16 * (chunks + 1))


def depthwise_scratch(request: Request) -> int:
    """A pixel of zero points and the address of every tap, eight bytes on a 64-bit host."""
    taps = request.number("kernel_h") * request.number("kernel_w")
    return 16 * ceil_div(request.number("input_c"), 16) + 8 * taps


def depthwise_3x3_scratch(request: Request) -> int:
    """Four bytes for each channel of the columns that a strip of output reads, and 64 more."""
    width = request.number("output_w")
    columns = 2 * ceil_div(width, 2) + 2 if _stride(request, 1) else 8 * ceil_div(width, 4) + 2
    return 4 * columns * request.number("input_c") + 64


SCRATCHES: dict[str, ScratchSize] = {
    "mve_convolution": convolution_scratch,
    "mve_depthwise": depthwise_scratch,
    "mve_depthwise_3x3": depthwise_3x3_scratch,
}
