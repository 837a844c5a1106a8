"""The `dsp` variants with int4 weights or int16 activations: needs, scratch, costs.

Costs are instructions on a Cortex-M4 (virtual-m4), from counts of whole layers.
"""

from __future__ import annotations

from dataclasses import dataclass

from edgekit.converter.lower.packing_dsp import absolute_weights
from edgekit.converter.lower.packing_dsp_wide import addends, short_factors
from edgekit.converter.lower.sizes import taps_of
from edgekit.converter.lower.variants import Cost, Request, Requirement, ScratchSize
from edgekit.converter.lower.variants_dsp import (
    depthwise_cost,
    depthwise_scratch,
    gather_scratch,
    lanes_cost,
    quads_of,
)

CHUNK_BYTES, BLOCK = 4096, 4
"""EK_CHUNK_BYTES in ek_dsp_wide.h, EK_BLOCK in ek_dsp_blocks.h."""


def _nibble_sums(request: Request) -> bool:
    """Sums that are 16 times too large stay within int32."""
    return bool(absolute_weights(request).max() < 1 << 19)


def _short_sums(request: Request) -> bool:
    """Sums of int16 times int8 stay within int32; with bias and factor they stay within int64."""
    weights, factors = absolute_weights(request), short_factors(request)
    product = ((1 << 31) - 1) * int(factors[:, 0].max()) << 16
    wide = max(abs(addend) for addend in addends(request))
    return bool(weights.max() < 1 << 16) and product + wide < 1 << 63


def _short_factors(request: Request) -> bool:
    right = short_factors(request)[:, 1]
    return bool(right.min() >= 16 and right.max() <= 46)


REQUIRES: dict[str, Requirement] = {
    "dsp_nibbles": Requirement("needs |weights| adding to 524287", _nibble_sums),
    "dsp_s16_sums": Requirement("needs |weights| adding to 65535, moderate biases", _short_sums),
    "dsp_s16_factors": Requirement("needs every output scale factor below 1", _short_factors),
}


def _blocks(request: Request, pairs: int) -> tuple[int, int]:
    """Blocks of four pixels in all of an image, and held at once: ek_blocks_at_once."""
    blocks = quads_of(request.number("output_h") * request.number("output_w"))
    return blocks, max(1, min(CHUNK_BYTES // (4 * BLOCK * pairs), blocks))


@dataclass(frozen=True, slots=True)
class _Wide:
    """Instructions of a wide convolution besides 11 for a pair of inputs of a block."""

    finish: int
    """To end the sums of a block and two channels."""
    widen: int
    """Weights of two channels at a pair of inputs, once per chunk."""
    gather: int
    """A pair of inputs of a block."""
    window: int
    row: int
    """To find a window, and each row of it."""

    def cost(self, request: Request, pairs: int) -> int:
        blocks, at_once = _blocks(request, pairs)
        channels = -(-request.number("output_c") // 2)
        windows = 4 * (self.window + self.row * request.number("kernel_h"))
        gathered = blocks * (self.gather * pairs + windows)
        products = blocks * channels * (11 * pairs + self.finish)
        widened = -(-blocks // at_once) * channels * (self.widen * pairs + 40)
        return request.number("batches") * (gathered + products + widened)


def w4_convolution_cost(request: Request) -> int:
    """As int8 windows; weights of two channels at two inputs are widened in 8 instructions."""
    return _Wide(190, 8, 15, 60, 20).cost(request, 2 * quads_of(taps_of(request)))


def w4_convolution_scratch(request: Request) -> int:
    """Weights of two channels, blocks, and what gathering them copies."""
    fours = quads_of(taps_of(request))
    at_once = _blocks(request, 2 * fours)[1]
    return 16 * fours + 32 * fours * at_once + gather_scratch(request)


def s16_convolution_cost(request: Request) -> int:
    """Windows are copied; outputs take products of 64 bits."""
    return _Wide(300, 10, 18, 160, 110).cost(request, -(-taps_of(request) // 2))


def s16_convolution_scratch(request: Request) -> int:
    """Weights of two channels, blocks, a patch of int16."""
    pairs = -(-taps_of(request) // 2)
    return 8 * pairs + 16 * pairs * _blocks(request, pairs)[1] + 4 * pairs


def w4_fully_connected_cost(request: Request) -> int:
    """38 instructions for four inputs and four outputs, 100 to end their sums."""
    quads, inputs = quads_of(request.number("output_c")), quads_of(request.number("input_c"))
    return request.number("rows") * quads * (38 * inputs + 100)


def s16_fully_connected_cost(request: Request) -> int:
    """18 instructions for two inputs and four outputs, 90 to end their sums."""
    quads, inputs = quads_of(request.number("output_c")), -(-request.number("input_c") // 2)
    return request.number("rows") * quads * (18 * inputs + 90)


def _unpacking(request: Request) -> int:
    taps = request.number("kernel_h") * request.number("kernel_w")
    return taps * request.number("output_c")


def w4_depthwise_cost(request: Request) -> int:
    """As int8, after unpacking in 9 instructions a weight."""
    return depthwise_cost(request) + 9 * _unpacking(request)


def w4_lanes_cost(request: Request) -> int:
    """As int8, after unpacking in 9 instructions a weight."""
    return lanes_cost(request) + 9 * _unpacking(request)


def w4_depthwise_scratch(request: Request) -> int:
    """The int8 kernel's, then a byte a weight."""
    return depthwise_scratch(request) + _unpacking(request)


def s16_lanes_cost(request: Request) -> int:
    """24 instructions for a tap of four channels, 115 to end their sums, 150 a window."""
    pixels = request.outputs // request.number("output_c")
    taps = request.number("kernel_h") * request.number("kernel_w")
    return pixels * (150 + quads_of(request.number("output_c")) * (24 * taps + 115))


COSTS: dict[str, Cost] = {
    "dsp_w4_convolution": w4_convolution_cost,
    "dsp_w4_fully_connected": w4_fully_connected_cost,
    "dsp_w4_depthwise": w4_depthwise_cost,
    "dsp_w4_lanes": w4_lanes_cost,
    "dsp_s16_convolution": s16_convolution_cost,
    "dsp_s16_fully_connected": s16_fully_connected_cost,
    "dsp_s16_lanes": s16_lanes_cost,
}
SCRATCHES: dict[str, ScratchSize] = {
    "dsp_w4_convolution": w4_convolution_scratch,
    "dsp_w4_depthwise": w4_depthwise_scratch,
    "dsp_w4_weights": _unpacking,
    "dsp_s16_convolution": s16_convolution_scratch,
}
