"""The `dsp` variants: what they need of a call, their scratch, and what they cost.

Costs are instructions on a Cortex-M4 (virtual-m4), from counts of whole layers.
"""

from __future__ import annotations

import numpy as np

from edgekit.converter.lower.calls import product
from edgekit.converter.lower.elementwise import strides
from edgekit.converter.lower.packing_dsp import (
    LARGEST_SHIFT,
    absolute_weights,
    channel_rows,
    finish_columns,
)
from edgekit.converter.lower.variants import Cost, Request, Requirement, ScratchSize

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
    return _taps(request) <= 255


def _relu(request: Request) -> bool:
    return request.number("act_min") >= request.number("output_zero")


def _no_multiplier(request: Request) -> bool:
    return request.number("depth_multiplier") == 1


REQUIRES: dict[str, Requirement] = {
    "dsp_no_multiplier": Requirement("needs a depth multiplier of 1", _no_multiplier),
    "dsp_relu": Requirement("needs outputs at or above their zero point", _relu),
    "dsp_one_shape": Requirement("needs operands of one shape", _one_shape),
    "dsp_output_factor": Requirement("needs an output scale factor below 1/2", _moderate_output),
    "dsp_few_taps": Requirement("needs windows of at most 255 taps", _few_taps),
    "dsp_3x3": Requirement("needs a 3x3 kernel, no dilation, no multiplier", _three_by_three),
    "dsp_stride_2": Requirement(
        "needs strides of at most 2", lambda r: max(r.number("stride_h"), r.number("stride_w")) <= 2
    ),
    "dsp_pointwise": Requirement("needs a 1x1 kernel, stride 1, no padding", _pointwise),
    "dsp_factors": Requirement("needs every output scale factor below 1/2", _moderate_factors),
    "dsp_sums": Requirement("needs accumulators below 2^30", _moderate_sums),
    "dsp_lanes": Requirement("needs weights above -128, |weights| adding to 65535", _lanes_hold),
}


def fully_connected_cost(request: Request) -> int:
    """1.3 instructions a weight, 15 an output."""
    quads = -(-request.number("output_c") // 4)
    inputs = -(-request.number("input_c") // 4)
    return request.number("rows") * quads * (21 * inputs + 60)


def pointwise_cost(request: Request) -> int:
    """Blocks of four pixels: widening once, then 13 instructions a pair of inputs and channels."""
    pixels = request.outputs // request.number("output_c")
    fours, channels = quads_of(request.number("input_c")), -(-request.number("output_c") // 2)
    return -(-pixels // 4) * (20 * fours + 70 + channels * (25 * fours + 75))


def window_taps(request: Request) -> int:
    """Inputs of one output."""
    return product(tuple(request.number(name) for name in ("kernel_h", "kernel_w", "input_c")))


def blocks_cost(request: Request) -> int:
    """As pointwise, with a window gathered for each pixel."""
    pixels = request.outputs // request.number("output_c")
    fours, channels = quads_of(window_taps(request)), -(-request.number("output_c") // 2)
    gather = 30 * fours + 4 * (60 + 20 * request.number("kernel_h"))
    return -(-pixels // 4) * (gather + channels * (25 * fours + 75))


def blocks_scratch(request: Request) -> int:
    """A block of four windows and two patches."""
    return 40 * quads_of(window_taps(request))


def depthwise_cost(request: Request) -> int:
    """18 instructions an output at stride 1 and 25 at stride 2, for tearing rows apart included."""
    rows = request.number("batches") * request.number("output_h")
    groups = quads_of(request.number("output_c"))
    width, inputs = request.number("output_w"), request.number("input_w")
    each = 17 if request.number("stride_w") == 1 else 24
    split = min(request.number("stride_h"), 3) * 10 * inputs
    return groups * (300 + rows * (split + 4 * (each * width + 30)))


def depthwise_scratch(request: Request) -> int:
    """Taps of four channels, and rows of int16: see ek_depthwise_scratch in ek_dsp_depthwise.h."""
    read = 4 * quads_of(request.number("output_w")) * request.number("stride_w") + 3
    pitch = max(read, request.number("pad_left") + request.number("input_w"))
    row = 8 * (pitch + pitch % 2)
    rows = (request.number("output_h") - 1) * request.number("stride_h") + 3
    return 160 + row * (rows if rows * row <= PLANE_BYTES else 4)


def quads_of(count: int) -> int:
    """`count` in fours, rounded up."""
    return -(-count // 4)


def block_scratch(request: Request) -> int:
    """A block of four widened pixels."""
    return 32 * quads_of(request.number("input_c"))


def tables_cost(request: Request) -> int:
    """Two tables, then 11 instructions an output."""
    return 512 * 14 + 11 * product(request.numbers("extent"))


def pooling_cost(request: Request) -> int:
    """6 instructions for a tap of four channels, 15 an output, 60 a window."""
    pixels = request.outputs // request.number("channels")
    taps, quads = _taps(request), quads_of(request.number("channels"))
    return pixels * (60 + quads * (6 * taps + 60))


def _taps(request: Request) -> int:
    return request.number("kernel_h") * request.number("kernel_w")


def without_ties(cost: Cost) -> Cost:
    """One instruction less an output, as ties below zero need no care."""
    return lambda request: cost(request) - request.outputs


def lanes_cost(request: Request) -> int:
    """24 instructions for a tap of four channels, 60 an output."""
    pixels = request.outputs // request.number("output_c")
    return pixels * quads_of(request.number("output_c")) * (24 * _taps(request) + 240)


COSTS: dict[str, Cost] = {
    "dsp_lanes": lanes_cost,
    "dsp_pointwise_relu": without_ties(pointwise_cost),
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
    "dsp_tables": lambda request: 2048,
    "dsp_blocks": blocks_scratch,
    "dsp_depthwise": depthwise_scratch,
    "dsp_block": block_scratch,
}
