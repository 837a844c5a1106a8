"""Estimated instructions of the kernels on packed signs.

From counts of whole layers on a Cortex-M4 at -Os (virtual-m4), as in variants_ref.py.
"""

from __future__ import annotations

from edgekit.converter.lower.calls import product
from edgekit.converter.lower.program import NumberArg
from edgekit.converter.lower.variants import Cost, Request


def outputs(request: Request) -> int:
    """Output channels of all pixels."""
    names = ("batches", "output_h", "output_w", "output_c")
    return product(tuple(request.number(name) for name in names))


def window_words(request: Request) -> int:
    """Words of a window, of one group."""
    names = ("kernel_h", "kernel_w", "group_words")
    return product(tuple(request.number(name) for name in names))


def convolution(request: Request) -> int:
    """18 instructions a word, 12 a tap, 45 an output."""
    taps = request.number("kernel_h") * request.number("kernel_w")
    return outputs(request) * (18 * window_words(request) + 12 * taps + 45)


def pooling(request: Request) -> int:
    """8 instructions a tap and word, 30 a word."""
    names = ("batches", "output_h", "output_w", "words")
    taps = request.number("kernel_h") * request.number("kernel_w")
    return product(tuple(request.number(name) for name in names)) * (8 * taps + 30)


def signs(request: Request) -> int:
    """8 instructions a channel."""
    numbers = [int(a.value) for a in request.call.args if isinstance(a, NumberArg)]
    return 8 * numbers[0] * numbers[1]


COSTS: dict[str, Cost] = {
    "ref_b1_convolution": convolution,
    "ref_b1_pooling": pooling,
    "ref_b1_signs": signs,
}
