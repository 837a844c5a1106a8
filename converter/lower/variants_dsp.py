"""The `dsp` variants: what they need of a call, their scratch, and what they cost.

Costs are instructions on a Cortex-M4 (virtual-m4), from counts of whole layers, which
tests/converter/lower/test_cost_model.py repeats.
"""

from __future__ import annotations

import numpy as np

from edgekit.converter.lower.calls import product
from edgekit.converter.lower.fields import strides
from edgekit.converter.lower.packing_dsp import (
    LARGEST_SHIFT,
    absolute_weights,
    channel_rows,
    finish_columns,
)
from edgekit.converter.lower.sizes import taps_of, window_of
from edgekit.converter.lower.variants import (
    Cost,
    Request,
    Requirement,
    ScratchSize,
    runs_of,
)

BASIS = "counts of whole layers on a Cortex-M4 (virtual-m4)"
"""What the costs below rest on; users read it."""
PLANE_BYTES = 3072
"""EK_PLANE_BYTES in ek_dsp_depthwise.h."""


def _moderate_factors(request: Request) -> bool:
    right = finish_columns(request)[:, 3]
    return bool(right.min() >= 1 and right.max() <= LARGEST_SHIFT)


def _moderate_sums(request: Request) -> bool:
    """Doubled accumulators stay within int32."""
    sums = np.abs(finish_columns(request)[:, 0]) + 128 * absolute_weights(request)
    return bool(sums.max() < 1 << 30)


def _lanes_hold(request: Request) -> bool:
    """256 times a channel's sum, less bias, stays within int32; every lane within int16."""
    return bool(
        128 * absolute_weights(request).max() < 1 << 23 and channel_rows(request).min() > -128
    )


def _pointwise(request: Request) -> bool:
    names = ("kernel_h", "kernel_w", "stride_h", "stride_w")
    plain = all(request.number(name) == 1 for name in names)
    same = all(request.number(f"input_{axis}") == request.number(f"output_{axis}") for axis in "hw")
    return plain and same and request.number("pad_top") == request.number("pad_left") == 0


def _three_by_three(request: Request) -> bool:
    wanted = {"kernel_h": 3, "kernel_w": 3, "dilation_h": 1, "dilation_w": 1, "depth_multiplier": 1}
    return all(request.number(name) == value for name, value in wanted.items())


def _one_shape(request: Request) -> bool:
    dense = strides(request.numbers("extent"))
    return request.numbers("a_stride") == request.numbers("b_stride") == dense


def _moderate_output(request: Request) -> bool:
    return 1 <= -request.factor("output_q").shift <= LARGEST_SHIFT


def _few_taps(request: Request) -> bool:
    return window_of(request) <= 255


def _relu(request: Request) -> bool:
    return request.number("act_min") >= request.number("output_zero")


def _one_block(request: Request) -> bool:
    pixels = request.number("output_h") * request.number("output_w")
    return pixels >= 4


def _planes(request: Request) -> bool:
    return request.numbers("reduce") == (0, 1, 1, 0)


def _no_multiplier(request: Request) -> bool:
    return request.number("depth_multiplier") == 1


REQUIRES: dict[str, Requirement] = {
    "dsp_no_multiplier": Requirement("needs a depth multiplier of 1", _no_multiplier),
    "dsp_planes": Requirement("needs a mean over height and width", _planes),
    "dsp_relu": Requirement("needs outputs at or above their zero point", _relu),
    "dsp_one_shape": Requirement("needs operands of one shape", _one_shape),
    "dsp_output_factor": Requirement("needs an output scale factor below 1/2", _moderate_output),
    "dsp_product_factor": Requirement(
        "needs a scale factor below 1/2",
        lambda r: 1 <= -r.factor("q").shift <= LARGEST_SHIFT,
    ),
    "dsp_product_sums": Requirement(
        "needs sums of at most 16384 products", lambda r: r.number("inner") <= 1 << 14
    ),
    "dsp_rows": Requirement(
        "needs columns whose elements are neighbours", lambda r: r.numbers("b_stride")[2] == 1
    ),
    "dsp_few_taps": Requirement("needs windows of at most 255 taps", _few_taps),
    "dsp_3x3": Requirement("needs a 3x3 kernel, no dilation, no multiplier", _three_by_three),
    "dsp_stride_2": Requirement(
        "needs strides of at most 2", lambda r: max(r.number("stride_h"), r.number("stride_w")) <= 2
    ),
    "dsp_pointwise": Requirement("needs a 1x1 kernel, stride 1, no padding", _pointwise),
    "dsp_factors": Requirement("needs every output scale factor below 1/2", _moderate_factors),
    "dsp_sums": Requirement("needs accumulators below 2^30", _moderate_sums),
    "dsp_block": Requirement("needs at least four outputs of a channel", _one_block),
    "dsp_lanes": Requirement("needs weights above -128, |weights| adding to 65535", _lanes_hold),
}


def fully_connected_cost(request: Request) -> int:
    """18 instructions for four inputs and four outputs, 50 more."""
    quads = quads_of(request.number("output_c"))
    return 150 + request.number("rows") * quads * (18 * quads_of(request.number("input_c")) + 50)


def pointwise_cost(request: Request) -> int:
    """Blocks of four pixels: widening once, then 12.5 instructions a pair of inputs and channels. A
    pixel left over takes a third of a block."""
    fours, channels = quads_of(request.number("input_c")), _pairs_of(request.number("output_c"))
    return _blocks(request, 17 * fours + 130 + channels * (25 * fours + 80))


def _blocks(request: Request, block: int) -> int:
    """The cost of all pixels from that of a block of four."""
    full, left = divmod(request.outputs // request.number("output_c"), 4)
    return full * block + left * block // 3


def blocks_cost(request: Request) -> int:
    """As pointwise, with a window gathered for each pixel."""
    fours, channels = quads_of(taps_of(request)), _pairs_of(request.number("output_c"))
    gather = 20 * fours + 280 + 30 * request.number("kernel_h")
    return _blocks(request, gather + channels * (25 * fours + 80))


def doubled_pointwise_cost(request: Request) -> int:
    """As pointwise, 11 instructions for a pair of inputs and channels, after widening."""
    return _doubled(request, quads_of(request.number("input_c")), 0)


def doubled_blocks_cost(request: Request) -> int:
    """As blocks, 11 instructions for a pair of taps and channels, after widening."""
    return _doubled(request, quads_of(taps_of(request)), 200 + 30 * request.number("kernel_h"))


def _doubled(request: Request, fours: int, gather: int) -> int:
    """Weights of two channels at four inputs are widened in 12 instructions, once; every eighth
    pair of inputs ends a round of the loop."""
    channels = _pairs_of(request.number("output_c"))
    blocks = quads_of(request.outputs // request.number("output_c"))
    block = 17 * fours + 120 + gather + channels * (91 * fours // 4 + 58)
    return channels * (12 * fours + 35) + blocks * block


def doubled_scratch(request: Request) -> int:
    """Widened weights, and their factors."""
    channels, fours = _pairs_of(request.number("output_c")), quads_of(taps_of(request))
    return channels * (16 * fours + 32)


def blocks_scratch(request: Request) -> int:
    """A block of four windows, and what gathering them copies."""
    return 32 * quads_of(taps_of(request)) + gather_scratch(request)


def gather_scratch(request: Request) -> int:
    """Five kernel rows, and of four windows what the fours of all kernel rows leave over."""
    row = request.number("kernel_w") * request.number("input_c")
    return 20 * quads_of(row) + 16 * quads_of(request.number("kernel_h") * (row & 3))


def depthwise_cost(request: Request) -> int:
    """For four channels 620 instructions, 120 a row, 75 an output (205 and 115 at stride 2).

    Outputs go in twos, 50 more for one alone; 200 a row where not all rows fit into scratch.
    """
    rows, width = request.number("output_h"), request.number("output_w")
    start, each = (120, 75) if request.number("stride_w") == 1 else (205, 115)
    odd = width % 2
    row = start + each * (width + odd) + 50 * odd + (0 if _plane(request) else 200)
    return request.number("batches") * quads_of(request.number("output_c")) * (620 + rows * row)


def _row_bytes(request: Request) -> int:
    """Bytes of a row of int16 of four channels."""
    read = 4 * quads_of(request.number("output_w")) * request.number("stride_w") + 3
    pitch = max(read, request.number("pad_left") + request.number("input_w"))
    return 8 * (pitch + pitch % 2)


def _rows_read(request: Request) -> int:
    return (request.number("output_h") - 1) * request.number("stride_h") + 3


def _plane(request: Request) -> bool:
    """Whether all rows lie in scratch at once."""
    return _rows_read(request) * _row_bytes(request) <= PLANE_BYTES


def depthwise_scratch(request: Request) -> int:
    """Taps of four channels, and rows of int16: see ek_depthwise_scratch in ek_dsp_depthwise.h."""
    return 160 + _row_bytes(request) * (_rows_read(request) if _plane(request) else 4)


def quads_of(count: int) -> int:
    """`count` in fours, rounded up."""
    return quotient_up(count, 4)


def _pairs_of(count: int) -> int:
    return quotient_up(count, 2)


def quotient_up(count: int, size: int) -> int:
    """`count` in pieces of `size`, rounded up."""
    return -(-count // size)


def block_scratch(request: Request) -> int:
    """A block of four widened pixels."""
    return 32 * quads_of(request.number("input_c"))


def tables_cost(request: Request) -> int:
    """Two tables, then 21 instructions an output."""
    return 512 * 22 + 21 * product(request.numbers("extent"))


def pooling_cost(request: Request) -> int:
    """8 instructions for a tap of four channels, 115 more; 60 a window."""
    pixels = request.outputs // request.number("channels")
    taps, quads = window_of(request), quads_of(request.number("channels"))
    return pixels * (60 + quads * (8 * taps + 115))


def without_ties(cost: Cost) -> Cost:
    """One instruction less an output, as ties below zero need no care."""
    return lambda request: cost(request) - request.outputs


def lanes_cost(request: Request) -> int:
    """32 instructions for a tap of four channels, 170 to end their sums, 150 more where the window
    leaves the input; 100 a pixel."""
    channels = request.number("output_c")
    pixels, quads = request.outputs // channels, quads_of(channels)
    clipped = pixels - request.number("batches") * _whole(request, "h") * _whole(request, "w")
    return pixels * (100 + quads * (32 * window_of(request) + 170)) + 150 * clipped * quads


def _whole(request: Request, axis: str) -> int:
    """Output positions along an axis whose window lies inside the input."""
    before = request.number({"h": "pad_top", "w": "pad_left"}[axis])
    reach = (request.number(f"kernel_{axis}") - 1) * request.number(f"dilation_{axis}")
    stride, count = request.number(f"stride_{axis}"), request.number(f"output_{axis}")
    last = (request.number(f"input_{axis}") - 1 - reach + before) // stride
    return max(0, min(last, count - 1) - quotient_up(before, stride) + 1)


def mul_cost(request: Request) -> int:
    """17 instructions an output, 60 a run."""
    runs, length, _ = runs_of(request)
    return runs * (17 * length + 60)


def choice_cost(request: Request) -> int:
    """10 instructions for four outputs, 80 a run."""
    runs, length, _ = runs_of(request)
    return runs * (10 * quads_of(length) + 80)


def prelu_cost(request: Request) -> int:
    """A table of up to 256, 18 instructions an output, 35 a run."""
    runs, length, _ = runs_of(request)
    return 30 * (127 - request.number("a_zero")) + runs * (18 * length + 35)


def matmul_columns_cost(request: Request) -> int:
    """12.5 instructions for products of one element with four columns, 60 for their sums; 8 with
    one column; 10 to widen an element of a row."""
    *rows, columns = request.numbers("extent")
    inner, (fours, left) = request.number("inner"), divmod(columns, 4)
    each = 60 + 10 * inner + fours * (60 + 25 * inner // 2) + left * (20 + 8 * inner)
    return product(tuple(rows)) * each


def matmul_rows_cost(request: Request) -> int:
    """18 instructions for four products of two columns, 60 for their sums; 15 to widen one."""
    *rows, columns = request.numbers("extent")
    inner, pairs = request.number("inner"), _pairs_of(columns)
    return product(tuple(rows)) * (60 + 15 * inner + pairs * (60 + 18 * quads_of(inner)))


def max_pooling_cost(request: Request) -> int:
    """7 instructions for a tap of four channels, 25 to store them, 90 a window."""
    channels = request.number("channels")
    return request.outputs // channels * (90 + quads_of(channels) * (7 * window_of(request) + 25))


def planes_cost(request: Request) -> int:
    """6 instructions for a pixel of four channels, 45 a channel."""
    batches, height, width, channels = request.numbers("extent")
    return batches * (quads_of(channels) * (6 * height * width + 30) + 45 * channels)


COSTS: dict[str, Cost] = {
    "dsp_choice": choice_cost,
    "dsp_prelu": prelu_cost,
    "dsp_matmul_columns": matmul_columns_cost,
    "dsp_matmul_rows": matmul_rows_cost,
    "dsp_mul": mul_cost,
    "dsp_max_pooling": max_pooling_cost,
    "dsp_planes": planes_cost,
    "dsp_lanes": lanes_cost,
    "dsp_pointwise_relu": without_ties(pointwise_cost),
    "dsp_doubled_pointwise": doubled_pointwise_cost,
    "dsp_doubled_pointwise_relu": without_ties(doubled_pointwise_cost),
    "dsp_doubled_blocks": doubled_blocks_cost,
    "dsp_doubled_blocks_relu": without_ties(doubled_blocks_cost),
    "dsp_blocks_relu": without_ties(blocks_cost),
    "dsp_depthwise_relu": without_ties(depthwise_cost),
    "dsp_tables": tables_cost,
    "dsp_pooling": pooling_cost,
    "dsp_blocks": blocks_cost,
    "dsp_depthwise": depthwise_cost,
    "dsp_pointwise": pointwise_cost,
    "dsp_fully_connected": fully_connected_cost,
}
SCRATCHES: dict[str, ScratchSize] = {
    "dsp_bytes_table": lambda request: 256,
    "dsp_matrix_row": lambda request: 8 * quads_of(request.number("inner") + 1),
    "dsp_tables": lambda request: 2048,
    "dsp_blocks": blocks_scratch,
    "dsp_depthwise": depthwise_scratch,
    "dsp_block": block_scratch,
    "dsp_doubled_pointwise": lambda r: doubled_scratch(r) + block_scratch(r),
    "dsp_doubled_blocks": lambda r: doubled_scratch(r) + blocks_scratch(r),
}
