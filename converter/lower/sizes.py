"""Sizes of a call that what it costs is counted in.

pixels_of(request)     output pixels of all batches
window_of(request)     taps of a kernel
taps_of(request)       inputs of one output
"""

from __future__ import annotations

from edgekit.converter.lower.calls import product
from edgekit.converter.lower.variants import Request


def ceil_div(count: int, size: int) -> int:
    """Blocks of `size` that hold `count`.

    >>> ceil_div(9, 4)
    3
    """
    return -(-count // size)


def window_of(request: Request) -> int:
    """Taps of the kernel of a convolution or pooling call."""
    return request.number("kernel_h") * request.number("kernel_w")


def pixels_of(request: Request) -> int:
    """Output pixels of all batches."""
    return product(tuple(request.number(n) for n in ("batches", "output_h", "output_w")))


def taps_of(request: Request) -> int:
    """Inputs of one output of a convolution or fully connected call."""
    depth = request.number("input_c")
    return depth * window_of(request) if "kernel_h" in request.names else depth
