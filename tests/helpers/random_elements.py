"""Random calls of kernels without weights: softmax, tables, choices, resizing, other orders.

    call, inputs, outputs = softmax(rng)

As in `random_calls`: every tail, extreme data now and then.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from edgekit.converter.bilinear import places
from edgekit.converter.fixed_point import Requant, mul_requant, prelu_params, softmax_params
from edgekit.converter.ir.graph import Quant
from edgekit.converter.ir.ops import ResizeBilinear
from edgekit.converter.lower import calls
from edgekit.converter.lower.calls import Array as ConstArray
from edgekit.converter.lower.calls import Call, Result, Value
from edgekit.converter.lower.fields import strides
from edgekit.converter.lower.moves import strided
from edgekit.converter.lower.program import NumberArg, Params, ParamsArg
from tests.helpers import kernel_formulas as formula
from tests.helpers.random_calls import Rng, Sample, ints

ONE_INPUT = (ParamsArg(), Value("x"), Result("y"))
TWO_INPUTS = (ParamsArg(), Value("a"), Value("b"), Result("y"))


def softmax(rng: Rng) -> Sample:
    """Few or many rows; scales from where all is equal to where one value takes all; rows so long
    and flat that no output is above half a step."""
    long = rng.integers(6) == 0
    rows, depth = (
        ints(rng, 1, 3, 1)[0],
        ints(rng, 300, 1100, 1)[0] if long else ints(rng, 1, 70, 1)[0],
    )
    if rng.integers(3) == 0:
        rows = max(rows, -(-256 // depth))
    scale = float(rng.choice([1e-4, 0.003, rng.uniform(0.01, 0.3), rng.uniform(0.3, 5)]))
    factor = softmax_params(Quant.per_tensor(scale, 0), 1.0)
    x = formula.random_s8(rng, rows, depth)
    if rng.integers(3) == 0:
        x = (x // rng.integers(2, 100)).astype(np.int8)
    fields = (
        ("rows", rows),
        ("depth", depth),
        ("multiplier", factor.multiplier),
        ("left_shift", factor.left_shift),
        ("diff_min", factor.diff_min),
    )
    call = Call("softmax_s8", ONE_INPUT, Params("ek_softmax_s8_t", fields))
    return call, [x], rows * depth


def lut(rng: Rng) -> Sample:
    """Any table; every count up to a few turns of the widest loop."""
    count = ints(rng, 1, 100, 1)[0]
    table = calls.table(formula.random_s8(rng, 256))
    call = Call("lut_s8", (NumberArg(count), table, Value("x"), Result("y")))
    return call, [formula.random_s8(rng, count)], count


def repeating(rng: Rng, extent: tuple[int, ...]) -> tuple[Any, tuple[int, ...]]:
    """Values of an operand some of whose axes may repeat, and its strides."""
    free = rng.integers(2)
    shape = tuple(n if free or rng.integers(3) else 1 for n in extent)
    return formula.random_s8(rng, *shape), strides(shape)


def maximum(rng: Rng) -> Sample:
    """Operands that may repeat along any axis."""
    extent = (*ints(rng, 1, 4, 3), ints(rng, 1, 40, 1)[0])
    (a, a_stride), (b, b_stride) = repeating(rng, extent), repeating(rng, extent)
    fields = (("extent", extent), ("a_stride", a_stride), ("b_stride", b_stride))
    call = Call("maximum_s8", TWO_INPUTS, Params("ek_choice_s8_t", fields))
    return call, [a, b], int(np.prod(extent))


def minimum(rng: Rng) -> Sample:
    """As maximum."""
    call, inputs, outputs = maximum(rng)
    return replace(call, family="minimum_s8"), inputs, outputs


def prelu(rng: Rng) -> Sample:
    """Slopes per channel or per element; scales of both operands, and outputs that saturate."""
    extent = (*ints(rng, 1, 4, 3), ints(rng, 1, 40, 1)[0])
    a, a_stride = formula.random_s8(rng, *extent), strides(extent)
    b, b_stride = repeating(rng, extent)
    quants = [
        Quant.per_tensor(float(rng.uniform(0.01, 0.2)), formula.random_zero(rng)) for _ in "aby"
    ]
    factors = prelu_params(*quants)
    low, high = formula.random_range(rng)
    fields = (
        ("extent", extent),
        ("a_stride", a_stride),
        ("b_stride", b_stride),
        *zip(("a_zero", "b_zero", "output_zero"), (q.zero_point for q in quants), strict=True),
        ("left_shift", 0),
        ("a_q", factors.positive),
        ("b_q", Requant(0, 0)),
        ("output_q", factors.negative),
        ("act_min", low),
        ("act_max", high),
    )
    call = Call("prelu_s8", TWO_INPUTS, Params("ek_binary_s8_t", fields))
    return call, [a, b], int(np.prod(extent))


def bilinear(rng: Rng) -> Sample:
    """Larger and smaller, with either convention for corners and centers."""
    batches, (height, width) = ints(rng, 1, 2, 1)[0], ints(rng, 1, 8, 2)
    (wider, taller), channels = ints(rng, 1, 12, 2), ints(rng, 1, 35, 1)[0]
    kind = int(rng.integers(3))
    op = ResizeBilinear(align_corners=kind == 1, half_pixel_centers=kind == 2)
    rows = ConstArray("rows", "rows", "int16_t", places(height, taller, op))
    columns = ConstArray("cols", "columns", "int16_t", places(width, wider, op))
    fields = (
        ("batches", batches),
        ("input_h", height),
        ("input_w", width),
        ("channels", channels),
        ("output_h", taller),
        ("output_w", wider),
    )
    args = (ParamsArg(), rows, columns, Value("x"), Result("y"))
    call = Call("resize_bilinear_s8", args, Params("ek_resize_bilinear_s8_t", fields))
    x = formula.random_s8(rng, batches, height, width, channels)
    return call, [x], batches * taller * wider * channels


def strided_copy(rng: Rng) -> Sample:
    """A transposed, sliced, reversed view of a tensor of up to four axes."""
    shape = (*ints(rng, 1, 9, 3), *ints(rng, 1, 40, 1))
    x = formula.random_s8(rng, *shape)
    slices = tuple(slice(None, None, int(rng.choice([1, 1, 2, 3, -1]))) for _ in shape)
    part = np.arange(x.size, dtype=np.int32).reshape(shape)
    view = part[slices].transpose(rng.permutation(4))
    loops = strided(view, part)
    fields = (
        ("extent", calls.four(loops.extents)),
        ("stride", calls.four(loops.strides, fill=0)),
        ("offset", loops.offset),
    )
    call = Call("strided_copy_s8", ONE_INPUT, Params("ek_strided_copy_s8_t", fields))
    return call, [x], view.size


def batch_matmul(rng: Rng) -> Sample:
    """Either matrix may lie transposed; one in three repeats over a batch axis."""
    first, second, rows = ints(rng, 1, 3, 3)
    inner, columns = ints(rng, 1, 45, 2)
    operands, step = [], []
    for shape in ((rows, inner), (inner, columns)):
        turned = bool(rng.integers(2))
        stored = shape[::-1] if turned else shape
        batch = (first, 1) if rng.integers(3) == 0 else (first, second)
        x = formula.random_s8(rng, *batch, *stored)
        outer, within = strides(batch), (1, stored[1]) if turned else (stored[1], 1)
        step.append((*(s * stored[0] * stored[1] for s in outer), *within))
        operands.append(x)
    quants = [Quant.per_tensor(float(s), formula.random_zero(rng)) for s in (0.05, 0.02, 0.3)]
    if rng.integers(6) == 0:
        quants[2] = Quant.per_tensor(1e-4, quants[2].zero_point)
    fields = (
        ("extent", (first, second, rows, columns)),
        ("inner", inner),
        ("a_stride", step[0]),
        ("b_stride", step[1]),
        *zip(("a_zero", "b_zero", "output_zero"), (q.zero_point for q in quants), strict=True),
        ("q", mul_requant(*quants)),
    )
    call = Call("batch_matmul_s8", TWO_INPUTS, Params("ek_batch_matmul_s8_t", fields))
    return call, operands, first * second * rows * columns
