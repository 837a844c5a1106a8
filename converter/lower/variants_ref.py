"""Estimated instructions of the portable kernels, so that variants have something to beat.

Per multiply-accumulate or per output, from counts on a Cortex-M4 at -O3 (virtual-m4).
"""

from __future__ import annotations

from edgekit.converter.lower.calls import product
from edgekit.converter.lower.variants import Cost, Request

BASIS = "counts of whole layers on a Cortex-M4 at -O3 (virtual-m4)"
"""What the costs below rest on; users read it."""


def convolution(request: Request) -> int:
    """3 instructions a tap and channel, 26 an output."""
    taps = product(tuple(request.number(name) for name in ("kernel_h", "kernel_w", "input_c")))
    return request.outputs * (4 * taps + 26)


def depthwise(request: Request) -> int:
    """12 instructions a tap, 30 an output."""
    taps = request.number("kernel_h") * request.number("kernel_w")
    return request.outputs * (12 * taps + 30)


def fully_connected(request: Request) -> int:
    """3 instructions a weight, 26 an output."""
    return request.outputs * (4 * request.number("input_c") + 26)


def pooling(request: Request) -> int:
    """5 instructions a tap, 25 an output."""
    taps = request.number("kernel_h") * request.number("kernel_w")
    return request.outputs * (5 * taps + 25)


def binary(request: Request) -> int:
    """60 instructions an output."""
    return 60 * product(request.numbers("extent"))


def float_binary(request: Request) -> int:
    """12 instructions an output, with an FPU."""
    return 12 * product(request.numbers("extent"))


def mean(request: Request) -> int:
    """5 instructions an input."""
    return 5 * product(request.numbers("extent"))


def softmax(request: Request) -> int:
    """250 instructions an element: two exponentials in fixed point."""
    return 250 * request.number("rows") * request.number("depth")


def elements(request: Request) -> int:
    """5 instructions an element."""
    return 5 * request.count


def counted(request: Request) -> int:
    """20 instructions an element: a factor or a table with interpolation."""
    return 20 * request.number("count")


def padding(request: Request) -> int:
    """10 instructions an output."""
    amounts = zip(*(request.numbers(n) for n in ("extent", "before", "after")), strict=True)
    return 10 * product(tuple(sum(parts) for parts in amounts))


def rows_copied(request: Request) -> int:
    """2 instructions a byte."""
    return 2 * request.number("rows") * request.number("run")


def strided(request: Request) -> int:
    """8 instructions an element."""
    return 8 * product(request.numbers("extent"))


def taken(request: Request) -> int:
    """20 instructions a run and 2 a byte."""
    runs = request.number("rows") * request.number("output_n")
    return runs * (20 + 2 * request.number("run"))


def bilinear(request: Request) -> int:
    """30 instructions an output."""
    names = ("batches", "output_h", "output_w", "channels")
    return 30 * product(tuple(request.number(name) for name in names))


def transposed(request: Request) -> int:
    """5 instructions a multiply-accumulate, 40 an output."""
    names = ("kernel_h", "kernel_w", "input_h", "input_w", "input_c", "output_c", "batches")
    macs = product(tuple(request.number(name) for name in names))
    return 5 * macs + 40 * request.outputs


def arg_max(request: Request) -> int:
    """5 instructions an input."""
    return 5 * product(tuple(request.number(name) for name in ("outer", "count", "inner")))


def matmul(request: Request) -> int:
    """7 instructions a multiply-accumulate, 30 an output."""
    return product(request.numbers("extent")) * (7 * request.number("inner") + 30)


COSTS: dict[str, Cost] = {
    "ref_convolution": convolution,
    "ref_depthwise": depthwise,
    "ref_fully_connected": fully_connected,
    "ref_pooling": pooling,
    "ref_binary": binary,
    "ref_float_binary": float_binary,
    "ref_mean": mean,
    "ref_softmax": softmax,
    "ref_elements": elements,
    "ref_counted": counted,
    "ref_padding": padding,
    "ref_rows": rows_copied,
    "ref_strided": strided,
    "ref_take": taken,
    "ref_bilinear": bilinear,
    "ref_transposed": transposed,
    "ref_arg_max": arg_max,
    "ref_matmul": matmul,
}
