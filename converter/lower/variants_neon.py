"""The `neon` and `neondot` variants: what they need of a call, their scratch, and what they cost.

Costs are instructions on a 64-bit Arm processor, from the loops that GCC 12 makes of the kernels.
"""

from __future__ import annotations

from edgekit.converter.lower.calls import product
from edgekit.converter.lower.variants import Cost, Request, Requirement, ScratchSize, runs_of

BASIS = "the loops GCC 12 makes of the kernels for 64-bit Arm; nothing was counted"
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
    "neon_one_copy": Requirement(
        "needs a depth multiplier of 1", lambda request: request.number("depth_multiplier") == 1
    ),
    "neon_3x3": Requirement("needs a 3x3 kernel", _is_3x3),
    "neon_order": Requirement(
        "needs operands in the output's order", lambda request: max(runs_of(request)[2]) <= 1
    ),
    "neon_taps": Requirement(
        "needs a window of up to 65536", lambda request: _window(request) <= 1 << 16
    ),
}


def _ceil(count: int, size: int) -> int:
    return -(-count // size)


def _window(request: Request) -> int:
    return request.number("kernel_h") * request.number("kernel_w")


def _pixels(request: Request) -> int:
    return product(tuple(request.number(n) for n in ("batches", "output_h", "output_w")))


def _taps(request: Request) -> int:
    """Inputs of one output of a convolution or fully connected call."""
    window = _window(request) if "kernel_h" in request.names else 1
    return window * request.number("input_c")


def _gathering(request: Request) -> int:
    """Windows that lie in the input as they are wanted are read there."""
    if _window(request) == 1 and request.number("input_c") % 16 == 0:
        return 10 * _pixels(request)
    copied = 25 * request.number("kernel_h") + _ceil(_taps(request), 8)
    return _pixels(request) * (30 + copied)


def _rows(request: Request, rows: int, chunk: int, single: int) -> int:
    """Four rows by four channels take `chunk` instructions for 16 inputs, one row `single`."""
    chunks, quads = _ceil(_taps(request), 16), _ceil(request.number("output_c"), 4)
    fours, rest = divmod(rows, 4)
    last = 0 if rest == 0 else single * chunks + 35 if rest == 1 else chunk * chunks + 90
    return quads * (fours * (chunk * chunks + 90) + last)


def convolution_cost(request: Request) -> int:
    """61 instructions for 256 products, 90 for 16 outputs."""
    return _gathering(request) + _rows(request, _pixels(request), 61, 22)


def dot_convolution_cost(request: Request) -> int:
    """29 instructions for 256 products, 90 for 16 outputs."""
    return _gathering(request) + _rows(request, _pixels(request), 29, 12)


def fully_connected_cost(request: Request) -> int:
    """22 instructions for 64 products, 35 for four outputs; batches as convolution."""
    return _rows(request, request.number("rows"), 61, 22)


def dot_fully_connected_cost(request: Request) -> int:
    """12 instructions for 64 products, 35 for four outputs; batches as convolution."""
    return _rows(request, request.number("rows"), 29, 12)


def depthwise_cost(request: Request) -> int:
    """7 instructions a tap for eight channels, 45 more; 12 a tap for its address."""
    window, blocks = _window(request), _ceil(request.number("output_c"), 8)
    return _pixels(request) * (30 + 12 * window + blocks * (45 + 7 * window))


def depthwise_3x3_cost(request: Request) -> int:
    """60 instructions for eight outputs, 120 where a window reaches beyond left or right."""
    blocks, wide = _ceil(request.number("output_c"), 8), request.number("output_w")
    lines = request.number("batches") * request.number("output_h")
    return blocks * lines * (60 * wide + 120 + 80)


def pooling_cost(request: Request) -> int:
    """4 instructions a tap for eight channels, 30 more; 40 a window."""
    blocks = _ceil(request.number("channels"), 8)
    return _pixels(request) * (40 + blocks * (4 * _window(request) + 30))


def add_cost(request: Request) -> int:
    """62 instructions for eight outputs, 30 a run."""
    runs, length, _ = runs_of(request)
    return runs * (30 + 62 * _ceil(length, 8))


def mul_cost(request: Request) -> int:
    """36 instructions for eight outputs, 30 a run."""
    runs, length, _ = runs_of(request)
    return runs * (30 + 36 * _ceil(length, 8))


def lut_cost(request: Request) -> int:
    """12 instructions for 16 outputs, 50 for the table."""
    return 50 + 12 * _ceil(request.count, 16)


COSTS: dict[str, Cost] = {
    "neon_convolution": convolution_cost,
    "neon_fully_connected": fully_connected_cost,
    "neon_depthwise": depthwise_cost,
    "neon_depthwise_3x3": depthwise_3x3_cost,
    "neon_pooling": pooling_cost,
    "neon_add": add_cost,
    "neon_mul": mul_cost,
    "neon_lut": lut_cost,
    "neondot_convolution": dot_convolution_cost,
    "neondot_fully_connected": dot_fully_connected_cost,
}


def rows_scratch(request: Request) -> int:
    """Four rows of x in chunks."""
    return 4 * 16 * _ceil(_taps(request), 16)


def depthwise_scratch(request: Request) -> int:
    """An address for every tap, and a pixel of zero points."""
    return 8 * _window(request) + request.number("input_c")


SCRATCHES: dict[str, ScratchSize] = {
    "neon_rows": rows_scratch,
    "neon_depthwise": depthwise_scratch,
}
