"""Estimated instructions of the portable kernels, so that variants have something to beat.

Per multiply-accumulate or per output, from counts on a Cortex-M4 at -Os (virtual-m4), the way its
firmware is built; tests/converter/lower/test_cost_model.py counts again.
"""

from __future__ import annotations

from edgekit.converter.lower.calls import product
from edgekit.converter.lower.program import NumberArg
from edgekit.converter.lower.variants import Cost, Request

BASIS = "counts of whole layers on a Cortex-M4 at -Os (virtual-m4)"
"""What the costs below rest on; users read it."""


def convolution(request: Request) -> int:
    """6 instructions a tap and channel, 14 a row of the window, 104 an output."""
    taps = product(tuple(request.number(name) for name in ("kernel_h", "kernel_w", "input_c")))
    return request.outputs * (6 * taps + 14 * request.number("kernel_h") + 104)


def legacy_convolution(request: Request) -> int:
    """8 instructions a tap and channel, 40 an output: zero points on both sides."""
    taps = product(tuple(request.number(name) for name in ("kernel_h", "kernel_w", "input_c")))
    return request.outputs * (8 * taps + 40)


def depthwise(request: Request) -> int:
    """10 instructions a tap, 52 an output."""
    taps = request.number("kernel_h") * request.number("kernel_w")
    return request.outputs * (10 * taps + 52)


def fully_connected(request: Request) -> int:
    """4 instructions a weight, 75 an output."""
    return request.outputs * (4 * request.number("input_c") + 75)


def w4_convolution(request: Request) -> int:
    """Weights of 4 bits: 11 instructions a tap and channel, 140 an output, 300 a further row."""
    taps = product(tuple(request.number(name) for name in ("kernel_h", "kernel_w", "input_c")))
    return request.outputs * (11 * taps + 140 + 300 * (request.number("kernel_h") - 1))


def w4_depthwise(request: Request) -> int:
    """33 instructions a tap, 105 an output."""
    taps = request.number("kernel_h") * request.number("kernel_w")
    return request.outputs * (33 * taps + 105)


def w4_fully_connected(request: Request) -> int:
    """8 instructions a weight, 65 an output."""
    return request.outputs * (8 * request.number("input_c") + 65)


def s16_convolution(request: Request) -> int:
    """int16 activations: 14 instructions a tap and channel, 65 an output."""
    taps = product(tuple(request.number(name) for name in ("kernel_h", "kernel_w", "input_c")))
    return request.outputs * (14 * taps + 65)


def s16_depthwise(request: Request) -> int:
    """38 instructions a tap, 65 an output."""
    taps = request.number("kernel_h") * request.number("kernel_w")
    return request.outputs * (38 * taps + 65)


def s16_fully_connected(request: Request) -> int:
    """7 instructions a weight, 75 an output."""
    return request.outputs * (7 * request.number("input_c") + 75)


def s16w4_convolution(request: Request) -> int:
    """int16 activations, weights of 4 bits: 11 instructions a tap and channel, 50 a row of the
    window, 115 an output."""
    taps = product(tuple(request.number(name) for name in ("kernel_h", "kernel_w", "input_c")))
    return request.outputs * (11 * taps + 50 * request.number("kernel_h") + 115)


def s16w4_fully_connected(request: Request) -> int:
    """9 instructions a weight, 100 an output."""
    return request.outputs * (9 * request.number("input_c") + 100)


def pooling(request: Request) -> int:
    """10 instructions a tap, 45 an output."""
    taps = request.number("kernel_h") * request.number("kernel_w")
    return request.outputs * (10 * taps + 45)


def binary(request: Request) -> int:
    """134 instructions an output: both operands are rescaled, then their sum."""
    return 134 * product(request.numbers("extent"))


def scaled(request: Request) -> int:
    """63 instructions an output: one product, rescaled."""
    return 63 * product(request.numbers("extent"))


def divided(request: Request) -> int:
    """330 instructions an output: a reciprocal in fixed point."""
    return 330 * product(request.numbers("extent"))


def selected(request: Request) -> int:
    """18 instructions an output: one of two."""
    return 18 * product(request.numbers("extent"))


def float_binary(request: Request) -> int:
    """12 instructions an output, with an FPU."""
    return 12 * product(request.numbers("extent"))


def mean(request: Request) -> int:
    """24 instructions an input."""
    return 24 * product(request.numbers("extent"))


def running_mean(request: Request) -> int:
    """60 instructions a channel, 3 for each row of it that comes, goes, or is new in every call."""
    before, _, moved, after, channels = request.numbers("rows")
    return channels * (60 + 3 * (before + 2 * moved + after))


def softmax(request: Request) -> int:
    """390 instructions an element: two exponentials in fixed point."""
    return 390 * request.number("rows") * request.number("depth")


def elements(request: Request) -> int:
    """8 instructions an element."""
    return 8 * request.count


def counted(request: Request) -> int:
    """20 instructions an element: a factor or a table with interpolation."""
    return 20 * request.number("count")


def padding(request: Request) -> int:
    """50 instructions a row copied at once, half of one a byte read or written; 150 more."""
    extents, *amounts = (request.numbers(n) for n in ("extent", "before", "after"))
    padded = [sum(parts) for parts in zip(extents, *amounts, strict=True)]
    last = max((a for a in range(4) if padded[a] != extents[a]), default=0)
    rows, copied = product(extents[:last]), product(extents)
    return 150 + 50 * rows + (copied + product(tuple(padded))) // 2


def rows_copied(request: Request) -> int:
    """30 instructions a row, one for two bytes."""
    return request.number("rows") * (30 + request.number("run") // 2)


def strided(request: Request) -> int:
    """8 instructions an element; of neighbours copied at once 60 a run, one for two."""
    *outer, run = request.numbers("extent")
    if request.numbers("stride")[3] == 1:
        return product(tuple(outer)) * (60 + run // 2)
    return 8 * product((*outer, run))


def taken(request: Request) -> int:
    """30 instructions a run, one for two bytes."""
    runs = request.number("rows") * request.number("output_n")
    return runs * (30 + request.number("run") // 2)


def bilinear(request: Request) -> int:
    """44 instructions an output."""
    names = ("batches", "output_h", "output_w", "channels")
    return 44 * product(tuple(request.number(name) for name in names))


def transposed(request: Request) -> int:
    """20 instructions a multiply-accumulate, 80 an output."""
    names = ("kernel_h", "kernel_w", "input_h", "input_w", "input_c", "output_c", "batches")
    macs = product(tuple(request.number(name) for name in names))
    return 20 * macs + 80 * request.outputs


def arg_max(request: Request) -> int:
    """11 instructions an input."""
    return 11 * product(tuple(request.number(name) for name in ("outer", "count", "inner")))


def svdf(request: Request) -> int:
    """8 instructions a weight, 220 a filter."""
    filters = request.number("batches") * request.number("filters")
    return filters * (8 * (request.number("input_c") + request.number("memory")) + 220)


def lstm(request: Request) -> int:
    """8 instructions a weight, 1100 a unit and step."""
    units = product(tuple(request.number(name) for name in ("batches", "steps", "units")))
    return units * (32 * (request.number("input_c") + request.number("units")) + 1100)


def rows_of(request: Request) -> int:
    """25 instructions an element, 300 a row."""
    return request.number("rows") * (25 * request.number("depth") + 300)


def shifted(request: Request) -> int:
    """40 instructions a stretch of kept bytes, one for two bytes; 5 for two over a short way."""
    numbers = [int(arg.value) for arg in request.call.args if isinstance(arg, NumberArg)]
    shift, kept, added = numbers
    moved = 5 * kept // 2 if shift < 16 else -(-kept // shift) * 40 + kept // 2
    return 60 + moved + added // 2


def matmul(request: Request) -> int:
    """15 instructions a multiply-accumulate, 50 an output."""
    return product(request.numbers("extent")) * (15 * request.number("inner") + 50)


def detections(request: Request) -> int:
    """8,000 instructions a box, most of them double precision in software; those whose scores are
    below the threshold cost next to nothing, but that is not known here."""
    return 8000 * request.number("boxes")


COSTS: dict[str, Cost] = {
    "ref_convolution": convolution,
    "ref_legacy_convolution": legacy_convolution,
    "ref_depthwise": depthwise,
    "ref_fully_connected": fully_connected,
    "ref_w4_convolution": w4_convolution,
    "ref_w4_depthwise": w4_depthwise,
    "ref_w4_fully_connected": w4_fully_connected,
    "ref_s16_convolution": s16_convolution,
    "ref_s16_depthwise": s16_depthwise,
    "ref_s16_fully_connected": s16_fully_connected,
    "ref_s16w4_convolution": s16w4_convolution,
    "ref_s16w4_fully_connected": s16w4_fully_connected,
    "ref_pooling": pooling,
    "ref_binary": binary,
    "ref_scaled": scaled,
    "ref_divided": divided,
    "ref_selected": selected,
    "ref_float_binary": float_binary,
    "ref_mean": mean,
    "ref_running_mean": running_mean,
    "ref_softmax": softmax,
    "ref_elements": elements,
    "ref_counted": counted,
    "ref_padding": padding,
    "ref_rows": rows_copied,
    "ref_shift": shifted,
    "ref_strided": strided,
    "ref_take": taken,
    "ref_bilinear": bilinear,
    "ref_transposed": transposed,
    "ref_arg_max": arg_max,
    "ref_matmul": matmul,
    "ref_rows_of": rows_of,
    "ref_svdf": svdf,
    "ref_lstm": lstm,
    "ref_detections": detections,
}
