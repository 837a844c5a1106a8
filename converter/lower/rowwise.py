"""Which steps can be called for some rows of their output, and which rows of the input those need.

A kernel knows nothing of it: it gets the parameters of a smaller image. Rows that exist are passed
in, rows beyond the image stay padding, so every output is the same sum of the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from edgekit.converter.lower.headers import operation
from edgekit.converter.lower.program import (
    ConstArg,
    FieldValue,
    Params,
    ReadArg,
    Step,
    WriteArg,
)
from edgekit.converter.lower.variants import Request

ITEM_BYTES = {"int8_t": 1, "uint8_t": 1, "int16_t": 2, "int32_t": 4, "float": 4}


@dataclass(frozen=True, slots=True)
class Window:
    """How rows of an output depend on rows of one operand.

    The operand has `height` rows of `row` elements; output row y reads rows y * stride - pad +
    i * dilation for i below `taps`, as far as they exist.
    """

    height: int
    row: int
    stride: int = 1
    taps: int = 1
    dilation: int = 1
    pad: int = 0

    def start(self, first: int) -> int:
        """The row under the first tap of output row `first`; may lie outside."""
        return first * self.stride - self.pad

    def needs(self, first: int, end: int) -> tuple[int, int]:
        """Existing rows from the first to the last read by output rows first to end (excluded)."""
        low = self.start(first)
        high = self.start(end - 1) + (self.taps - 1) * self.dilation + 1
        return max(low, 0), min(high, self.height)


@dataclass(frozen=True, slots=True)
class RowMap:
    """A step seen row by row: `height` output rows of `row` elements.

    `windows` holds one entry for each buffer read; None is an operand that every row reads whole.
    """

    height: int
    row: int
    windows: tuple[Window | None, ...]
    narrow: Callable[[int, int], tuple[Params | None, int | None]]
    """Of a call for output rows first to end: the parameters, and the leading count if any."""


def row_map(step: Step) -> RowMap | None:
    """How a step works row by row; None for other operators, for batches and for a single row."""
    found = rows_of(step)
    return found if found is not None and found.height > 1 else None


def rows_of(step: Step) -> RowMap | None:
    """The same, also of an output of a single row."""
    if step.origin is None:
        return None
    request = step.origin.request
    make = _MAPS.get(operation(request.call.family))
    return make(step, request) if make else None


def row_bytes(step: Step, rows: RowMap) -> dict[str, tuple[int, int]]:
    """(rows, bytes of one) of every buffer of which the step reads or writes rows."""
    found: dict[str, tuple[int, int]] = {}
    reads = [arg for arg in step.args if isinstance(arg, ReadArg)]
    for arg, window in zip(reads, rows.windows, strict=True):
        if window is not None:
            found[arg.buffer] = (window.height, window.row * ITEM_BYTES[arg.c_type])
    [out] = [arg for arg in step.args if isinstance(arg, WriteArg)]
    found[out.buffer] = (rows.height, rows.row * ITEM_BYTES[out.c_type])
    return found


def _windowed(step: Step, request: Request) -> RowMap | None:
    """Convolutions and poolings: the window slides over rows; the parameters say how."""
    if request.number("batches") != 1 or len(step.reads) != 1:
        return None
    number = request.number
    read, written = (
        ("channels", "channels") if "channels" in request.names else ("input_c", "output_c")
    )
    dilation = number("dilation_h") if "dilation_h" in request.names else 1
    window = Window(
        number("input_h"),
        number("input_w") * number(read),
        number("stride_h"),
        number("kernel_h"),
        dilation,
        number("pad_top"),
    )

    def narrow(first: int, end: int) -> tuple[Params | None, int | None]:
        low, high = window.needs(first, end)
        changes = {
            "input_h": high - low,
            "output_h": end - first,
            "pad_top": low - window.start(first),
        }
        return _changed(request, changes), None

    row = number("output_w") * number(written)
    return RowMap(number("output_h"), row, (window,), narrow)


def _binary(step: Step, request: Request) -> RowMap | None:
    """Two operands of the output's rows, or of one row that serves all."""
    extent = request.numbers("extent")
    operands = [arg for arg in step.args if isinstance(arg, ReadArg | ConstArg)]
    steps = [request.numbers(name)[1] for name in ("a_stride", "b_stride")]
    if extent[0] != 1 or len(operands) != len(steps):
        return None
    windows = []
    for arg, stride in zip(operands, steps, strict=True):
        if isinstance(arg, ReadArg):
            windows.append(Window(extent[1], stride) if stride else None)
        elif stride:
            return None

    def narrow(first: int, end: int) -> tuple[Params | None, int | None]:
        changes: dict[str, FieldValue] = {"extent": (1, end - first, *extent[2:])}
        if end - first == 1:  # strides are 0 along an axis of extent 1
            for name in ("a_stride", "b_stride"):
                one, _, *rest = request.numbers(name)
                changes[name] = (one, 0, *rest)
        return _changed(request, changes), None

    return RowMap(extent[1], extent[2] * extent[3], tuple(windows), narrow)


def _counted(step: Step, request: Request) -> RowMap | None:
    """A function of single elements, told how many there are."""
    shape = step.output_shape
    inside = "count" in request.names
    count = request.number("count") if inside else request.count
    if len(shape) != 4 or shape[0] != 1 or count % shape[1] or len(step.reads) != 1:
        return None
    row = count // shape[1]

    def narrow(first: int, end: int) -> tuple[Params | None, int | None]:
        size = row * (end - first)
        return (_changed(request, {"count": size}), None) if inside else (None, size)

    return RowMap(shape[1], row, (Window(shape[1], row),), narrow)


def _concatenated(step: Step, request: Request) -> RowMap | None:
    """An operand between others along the columns or channels."""
    shape, runs = step.output_shape, request.number("rows")
    if len(shape) != 4 or shape[0] != 1 or runs % shape[1] or len(step.reads) != 1:
        return None
    each = runs // shape[1]

    def narrow(first: int, end: int) -> tuple[Params | None, int | None]:
        return _changed(request, {"rows": each * (end - first)}), None

    window = Window(shape[1], each * request.number("run"))
    return RowMap(shape[1], each * request.number("output_run"), (window,), narrow)


def _padded(step: Step, request: Request) -> RowMap | None:
    """Rows of padding above and below those of the input."""
    extent, before, after = (request.numbers(name) for name in ("extent", "before", "after"))
    if extent[0] != 1 or before[0] or after[0] or len(step.reads) != 1:
        return None
    window = Window(extent[1], extent[2] * extent[3], pad=before[1])
    width = before[2] + extent[2] + after[2]

    def narrow(first: int, end: int) -> tuple[Params | None, int | None]:
        low, high = window.needs(first, end)
        above = low - window.start(first)
        changes: dict[str, FieldValue] = {
            "extent": (1, high - low, *extent[2:]),
            "before": (0, above, *before[2:]),
            "after": (0, end - first - above - (high - low), *after[2:]),
        }
        return _changed(request, changes), None

    row = width * (before[3] + extent[3] + after[3])
    return RowMap(before[1] + extent[1] + after[1], row, (window,), narrow)


def _changed(request: Request, changes: dict[str, FieldValue] | dict[str, int]) -> Params:
    params = request.call.params
    assert params is not None
    assert set(changes) <= request.names
    fields = tuple((name, changes.get(name, value)) for name, value in params.fields)
    return replace(params, fields=fields)


_WINDOWED = ("conv2d", "depthwise_conv2d", "average_pool2d", "average_pool2d_up", "max_pool2d")
_BINARY = ("add", "sub", "mul", "div", "maximum", "minimum", "prelu", "squared_difference")
_COUNTED = (
    "lut", "copy", "quantize", "dequantize", "requantize",
    "abs", "clamp", "elu", "exp", "floor", "hard_swish", "leaky_relu", "log", "logistic", "neg",
    "rsqrt", "sqrt", "square", "tanh",
)  # fmt: skip
_MAPS: dict[str, Callable[[Step, Request], RowMap | None]] = {
    **dict.fromkeys(_WINDOWED, _windowed),
    **dict.fromkeys(_BINARY, _binary),
    **dict.fromkeys(_COUNTED, _counted),
    "concat": _concatenated,
    "pad": _padded,
}
"""What a family of kernels computes, without its types -> how it works row by row."""
