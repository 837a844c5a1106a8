"""The `mve` variants: what they need of a call, their scratch, and what they cost.

Costs are instructions on a Cortex-M55 (virtual-m55), from counts of whole layers.
"""

from __future__ import annotations

from edgekit.converter.lower.calls import product
from edgekit.converter.lower.packing_mve import factors
from edgekit.converter.lower.variants import Cost, Request, Requirement, ScratchSize


def _small_factors(request: Request) -> bool:
    return bool(factors(request)[:, 2].max() <= -1)


def _pointwise(request: Request) -> bool:
    ones = ("kernel_h", "kernel_w", "stride_h", "stride_w")
    zeros = ("pad_top", "pad_left")
    unit = all(request.number(name) == 1 for name in ones)
    return unit and all(request.number(name) == 0 for name in zeros)


def _short(request: Request) -> bool:
    return request.number("input_c") <= 16 and request.number("output_c") % 4 == 0


REQUIRES: dict[str, Requirement] = {
    "mve_factors": Requirement("needs every output scale factor below 1/2", _small_factors),
    "mve_pointwise": Requirement("needs a 1x1 kernel, stride 1, no padding", _pointwise),
    "mve_short": Requirement("needs up to 16 inputs, outputs in fours", _short),
    "mve_four_pixels": Requirement("needs four pixels", lambda request: _pixels(request) >= 4),
}


def _pixels(request: Request) -> int:
    return product(tuple(request.number(n) for n in ("batches", "output_h", "output_w")))


def _taps(request: Request) -> int:
    return product(tuple(request.number(n) for n in ("kernel_h", "kernel_w", "input_c")))


def _ceil(count: int, size: int) -> int:
    return -(-count // size)


def convolution_cost(request: Request) -> int:
    """15 instructions a chunk of 16 taps for eight outputs, 30 more; 15 a row of a window."""
    chunks = _ceil(_taps(request), 16)
    blocks = _ceil(_pixels(request), 4) * _ceil(request.number("output_c"), 4)
    gathering = _pixels(request) * (30 + 15 * request.number("kernel_h") + 3 * chunks)
    return blocks * (2 * 15 * chunks + 60) + gathering


def short_cost(request: Request) -> int:
    """65 instructions for four pixels by four channels."""
    return _ceil(_pixels(request), 4) * (30 + 65 * _ceil(request.number("output_c"), 4))


COSTS: dict[str, Cost] = {
    "mve_convolution": convolution_cost,
    "mve_short": short_cost,
}


def convolution_scratch(request: Request) -> int:
    """Four windows in chunks, and a row for one where its taps come in odd pieces."""
    windows = 4 if request.number("input_c") % 16 == 0 else 5
    return windows * 16 * _ceil(_taps(request), 16)


SCRATCHES: dict[str, ScratchSize] = {
    "mve_convolution": convolution_scratch,
}
