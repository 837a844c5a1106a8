"""Generators of the operators that work element by element, and of the softmax."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Quant
from tests.conformance.maker import MOST_ELEMENTS, Maker, Shape
from tests.conformance.registry import generator

UNIT = {
    DType.INT8: Quant.per_tensor(1 / 256, -128),
    DType.INT16: Quant.per_tensor(1 / 32768, 0),
    DType.FLOAT32: None,
}
LOGARITHMS = {DType.INT8: Quant.per_tensor(1 / 16, 127), DType.FLOAT32: None}
SIGNED_UNIT = {
    DType.INT8: Quant.per_tensor(1 / 128, 0),
    DType.INT16: Quant.per_tensor(1 / 32768, 0),
    DType.FLOAT32: None,
}


# ------------------------------------------------------------------------------- two operands


def _binary(name: str, *formats: str, same_scale: bool = False) -> None:
    def grow(m: Maker) -> bool:
        a = m.pick()
        if a is None:
            return False
        b = partner(m, a, same_scale)
        kind: Any = ops.BY_NAME[name]
        op = kind(m.activation()) if "activation" in kind.__slots__ else kind()
        operands = [a, b] if m.chance(0.5) else [b, a]
        m.add(op, operands, m.like(a) if same_scale else _result(m, name, a, b))
        return True

    generator(name, *formats)(grow)


_binary("ADD")
_binary("MUL")
_binary("SUB")
_binary("MAXIMUM", same_scale=True)
_binary("MINIMUM", same_scale=True)
_binary("SQUARED_DIFFERENCE", "int8", "float32")


def partner(m: Maker, a: str, same_scale: bool) -> str:
    """An activation or a constant that is `a` or broadcasts with it."""
    shape, quant = m[a].shape, m.like(a)
    fitting = m.values(
        lambda t: _broadcast(t.shape, shape) and (not same_scale or t.quant == quant)
    )
    if fitting and m.chance(0.6):
        return str(m.one_of(fitting))
    return m.clone_constant(smaller(m, shape), quant if same_scale else m.quant())


def _broadcast(one: Shape, other: Shape) -> bool:
    try:
        result = np.broadcast_shapes(one, other)
    except ValueError:
        return False
    return int(np.prod(result)) <= MOST_ELEMENTS


def smaller(m: Maker, shape: Shape) -> Shape:
    """A shape that broadcasts to `shape`: some extents 1, some leading ones left out."""
    kept = tuple(extent if m.chance(0.6) else 1 for extent in shape)
    return kept[m.integer(0, len(kept)) :] if m.chance(0.3) else kept


def _result(m: Maker, name: str, a: str, b: str) -> Quant | None:
    """An output scale near the operands' range, so that the sum says something."""
    first, second = m.like(a), m.like(b)
    if first is None or second is None:
        return None
    largest = 128 if m.dtype is DType.INT8 else 32768
    base = max(first.scale, second.scale)
    if name == "MUL":
        base = first.scale * second.scale * largest / 3
    elif name == "SQUARED_DIFFERENCE":
        base *= base * largest / 3
    scale = base * float(np.exp(m.rng.uniform(-0.7, 1.4)))
    return Quant.per_tensor(scale, 0 if m.dtype is DType.INT16 else m.zero_point())


@generator("PRELU")
def prelu(m: Maker) -> bool:
    x = m.pick(lambda tensor: len(tensor.shape) >= 2)
    if x is None:
        return False
    extents = tuple(extent if m.chance(0.5) else 1 for extent in m[x].shape[1:-1])
    shape = (*extents, m[x].shape[-1])
    kind = DType.FLOAT32 if m.dtype is DType.FLOAT32 else DType.INT8
    quant = m.quant(kind, low=0.002, high=0.02)
    if quant is not None and m.dtype is DType.INT16:
        quant = Quant.per_tensor(quant.scale, 0)
    alpha = m.constant(m.numbers(shape, kind), quant)
    m.add(ops.Prelu(), [x, alpha], _near(m, x))
    return True


# -------------------------------------------------------------------------------- one operand


def _near(m: Maker, x: str) -> Quant | None:
    """The operand's quantization, or one with a scale near it."""
    quant = m.like(x)
    if quant is None or m.chance(0.3):
        return quant
    scale = quant.scale * float(np.exp(m.rng.uniform(-1, 1)))
    return Quant.per_tensor(scale, 0 if m.dtype is DType.INT16 else m.zero_point())


def _unary(name: str, *formats: str, make: Callable[[Maker], Any] | None = None) -> None:
    def grow(m: Maker) -> bool:
        x = _far(m) if m.chance(0.1) else m.pick()
        if x is None:
            return False
        m.add(make(m) if make else ops.BY_NAME[name](), [x], _near(m, x))
        return True

    generator(name, *formats)(grow)


def _far(m: Maker) -> str:
    """An input whose few steps span the whole function."""
    return m.input(m.image_shape(), quant=m.quant(low=0.5, high=80))


def _fixed(name: str, output: dict[DType, Quant | None], *formats: str) -> None:
    def grow(m: Maker) -> bool:
        x = _far(m) if m.chance(0.15) else m.pick()
        if x is None:
            return False
        m.add(ops.BY_NAME[name](), [x], output[m.dtype])
        return True

    generator(name, *formats)(grow)


_unary("RELU")
_unary("RELU6")
_unary("RELU_N1_TO_1", "int8", "float32")
_unary("RELU_0_TO_1", "int8", "float32")
_unary("ELU", "int8", "float32")
_unary("HARD_SWISH", "int8", "float32")
_unary(
    "LEAKY_RELU",
    make=lambda m: ops.LeakyRelu(float(np.float32(m.one_of((0.01, 0.1, 0.3, 1.0, 1.5, -0.5))))),
)
_fixed("LOGISTIC", UNIT)
_fixed("TANH", SIGNED_UNIT)


@generator("SOFTMAX")
def softmax(m: Maker) -> bool:
    """Not too deep: tflite-micro stops where exponentials sum to 512."""
    x = m.pick(lambda tensor: len(tensor.shape) >= 2 and tensor.shape[-1] < 500)
    if x is None:
        return False
    beta = float(np.float32(m.one_of((1.0, 1.0, 1.0, 0.5, 2.0))))
    m.add(ops.Softmax(beta), [x], UNIT[m.dtype])
    return True


_unary("ABS")
_fixed("L2_NORMALIZATION", SIGNED_UNIT, "int8", "float32")
_fixed("LOG_SOFTMAX", LOGARITHMS, "int8", "float32")


@generator("RSQRT", "int8", "float32")
def rsqrt(m: Maker) -> bool:
    """Of values that are not negative."""
    if m.dtype is DType.FLOAT32:
        m.add(ops.Rsqrt(), [_positive(m)], None)
        return True
    x = m.input(m.image_shape(), quant=Quant.per_tensor(float(m.rng.uniform(0.001, 1)), -128))
    m.add(ops.Rsqrt(), [x], Quant.per_tensor(float(m.rng.uniform(0.01, 1)), m.zero_point()))
    return True


def _positive(m: Maker) -> str:
    """|x| + 1/8, of a float value."""
    x = m.add(ops.Abs(), [m.pick() or m.input(m.image_shape())], None)
    return m.add(ops.Add(), [x, m.constant(np.array([0.125], np.float32))], None)


def _of_positive(name: str) -> None:
    def grow(m: Maker) -> bool:
        m.add(ops.BY_NAME[name](), [_positive(m)], None)
        return True

    generator(name, "float32")(grow)


_of_positive("LOG")
_of_positive("SQRT")
_unary("SQUARE", "float32")
_unary("NEG", "float32")
_unary("GELU", "int8", "float32", make=lambda m: ops.Gelu(m.chance(0.5)))
_unary("LOG", "int8")


@generator("SQRT", "int8")
def sqrt(m: Maker) -> bool:
    """Of values that are not negative."""
    x = m.input(m.image_shape(), quant=Quant.per_tensor(float(m.rng.uniform(0.001, 1)), -128))
    m.add(ops.Sqrt(), [x], Quant.per_tensor(float(m.rng.uniform(0.01, 0.2)), m.zero_point()))
    return True


@generator("NEG", "int8")
def neg(m: Maker) -> bool:
    x = m.input(m.image_shape(), quant=Quant.per_tensor(float(m.rng.uniform(0.001, 1)), 0))
    m.add(ops.Neg(), [x], m.like(x))
    return True


@generator("EXP", "int8")
def exp_int8(m: Maker) -> bool:
    """The largest result is below 2^31 output steps: beyond, the references' C is undefined."""
    x = m.input(m.image_shape(), quant=m.quant(low=0.001, high=0.05))
    m.add(ops.Exp(), [x], m.quant(low=0.01, high=1))
    return True


@generator("DIV", "int8")
def div_int8(m: Maker) -> bool:
    """By a constant without real zeros: tflite-micro computes with them, LiteRT refuses."""
    a = m.pick() or m.input(m.image_shape())
    shape, quant = smaller(m, m[a].shape), m.quant()
    codes = m.numbers(shape)
    assert quant is not None
    other = quant.zero_point + (1 if quant.zero_point < 127 else -1)
    b = m.constant(np.where(codes == quant.zero_point, other, codes).astype(np.int8), quant)
    first = m.like(a)
    assert first is not None
    scale = first.scale / quant.scale * float(np.exp(m.rng.uniform(-7, 1)))
    m.add(ops.Div(m.activation()), [a, b], Quant.per_tensor(scale, m.zero_point()))
    return True


_unary("SIN", "float32")
_unary("COS", "float32")


def _of_input(name: str) -> None:
    """Of an input: a value computed may lie on the other side of a step."""

    def grow(m: Maker) -> bool:
        m.add(ops.BY_NAME[name](), [m.input(m.image_shape())], None)
        return True

    generator(name, "float32")(grow)


_of_input("CEIL")
_of_input("ROUND")
_of_input("SIGN")
_of_input("FLOOR")


@generator("POW", "float32")
def power(m: Maker) -> bool:
    """Of values above zero, or to a small whole power."""
    if m.chance(0.5):
        a = m.add(ops.Tanh(), [m.pick() or m.input(m.image_shape())], None)
        b = m.constant(np.array([m.integer(0, 5)], np.float32))
    else:
        a = m.add(ops.Tanh(), [_positive(m)], None)
        b = m.constant(np.array([m.rng.uniform(-1, 3)], np.float32))
    m.add(ops.BY_NAME["POW"](), [a, b], None)
    return True


@generator("FLOOR_DIV", "float32")
def floor_div(m: Maker) -> bool:
    a = m.input(m.image_shape())
    b = m.constant((1 + m.rng.random(smaller(m, m[a].shape))).astype(np.float32))
    m.add(ops.BY_NAME["FLOOR_DIV"](), [a, b], None)
    return True


@generator("EXP", "float32")
def exp(m: Maker) -> bool:
    x = m.add(ops.Tanh(), [m.pick() or m.input(m.image_shape())], None)
    m.add(ops.Exp(), [x], None)
    return True


@generator("DIV", "float32")
def div(m: Maker) -> bool:
    b = _positive(m)
    a = m.one_of(m.values(lambda t: _broadcast(t.shape, m[b].shape)))
    m.add(ops.Div(m.activation()), [a, b], None)
    return True


# ------------------------------------------------------------------------- between the formats


@generator("QUANTIZE", "int8", "int16")
def quantize(m: Maker) -> bool:
    """From another scale; or from float32, which is a new input or the end of a DEQUANTIZE."""
    if m.chance(0.5):
        x = m.pick()
        if x is None:
            return False
        m.add(ops.Quantize(), [x], m.quant())
        return True
    reals = [name for name, t in m.tensors.items() if t.dtype is DType.FLOAT32 and not t.constant]
    x = m.one_of(reals) if reals and m.chance(0.7) else m.input(m.image_shape(), DType.FLOAT32)
    m.add(ops.Quantize(), [x], m.quant(), dtype=m.dtype)
    return True


@generator("DEQUANTIZE", "int8", "int16")
def dequantize(m: Maker) -> bool:
    x = m.pick()
    if x is None:
        return False
    m.add(ops.Dequantize(), [x], None, dtype=DType.FLOAT32)
    return True
