"""What one operator's lowering returns: kernel calls in terms of the graph's tensors.

`lower.py` turns a `Call` into a `Step`: it picks the function for the target, packs the weights
for it, adds scratch, and gives everything its C name.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.fixed_point import Requant
from edgekit.converter.ir.graph import DType, Node, Quant, Tensor
from edgekit.converter.lower.program import NumberArg, Params, ParamsArg
from edgekit.errors import UnsupportedError


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor the kernel reads: an activation, or a constant that becomes an array."""

    tensor: str
    c_type: str = "int8_t"


@dataclass(frozen=True, slots=True)
class Result:
    """The tensor the kernel writes."""

    tensor: str
    c_type: str = "int8_t"


@dataclass(frozen=True, slots=True)
class Kept:
    """A state (the tensor it is read from) that the kernel updates."""

    tensor: str
    c_type: str = "int8_t"


@dataclass(frozen=True, slots=True, eq=False)
class Array:
    """Constant data. `suffix` ends its C name, `what` is the word for people."""

    suffix: str
    what: str
    c_type: str
    values: NDArray[np.generic]
    align: int = 1
    """Bytes; the array's address is a multiple."""


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One kernel call. `tag` tells the calls of one node apart; temporaries are its own tensors."""

    family: str
    args: tuple[Value | Result | Kept | Array | ParamsArg | NumberArg, ...]
    params: Params | None = None
    tag: str = ""
    temporary: Tensor | None = None


def weights(values: NDArray[np.generic]) -> Array:
    """Weights in their natural shape; a variant's packing replaces them."""
    return Array("w", "weights", "int8_t", values.astype(np.int8))


def bias(values: NDArray[np.int32]) -> Array:
    """The folded bias, one int32 per output channel."""
    return Array("b", "bias", "int32_t", values)


def wide_bias(values: NDArray[np.generic]) -> Array:
    """One int64 per output channel, as int16 activations have it."""
    return Array("b", "bias", "int64_t", values.astype(np.int64))


def requants(factors: tuple[Requant, ...]) -> Array:
    """`ek_requant_t` entries, shape (n, 2)."""
    rows = [(factor.multiplier, factor.shift) for factor in factors]
    return Array("q", "requantization", "ek_requant_t", np.array(rows, np.int32))


def table(values: NDArray[np.int8]) -> Array:
    """256 results, written as 16 rows of 16."""
    return Array("lut", "table", "int8_t", values.reshape(16, 16))


C_TYPES: dict[DType, str] = {
    DType.INT8: "int8_t",
    DType.INT16: "int16_t",
    DType.FLOAT32: "float",
}


def c_type(tensor: Tensor) -> str:
    """The element type its kernels see."""
    return C_TYPES[tensor.dtype]


def size(tensor: Tensor) -> int:
    """Bytes of one element."""
    return tensor.dtype.numpy.itemsize


def product(extents: tuple[int, ...]) -> int:
    """Number of elements of a shape."""
    return int(np.prod(extents, dtype=np.int64))


def refuse(node: Node, found: str, allowed: str, hint: str = "") -> UnsupportedError:
    """The error for a node that has no C kernel as it stands."""
    return UnsupportedError(
        f"{node.op.NAME} {node.name!r}",
        found,
        allowed=allowed,
        hint=hint
        or "take another --precision, or a target that runs the .tflite itself: host, rpi4",
        code="no-kernel",
    )


def quant(node: Node, tensor: Tensor) -> Quant:
    """The tensor's per-tensor quantization; refuses anything that is not int8 with one."""
    if tensor.dtype is not DType.INT8 or tensor.quant is None:
        raise refuse(
            node,
            f"{tensor.name!r} is {tensor.dtype.value}",
            "quantized int8",
            "generated C computes in int8: quantize the model (the default of edgekit convert)",
        )
    assert len(tensor.quant.scales) == 1, f"{tensor.name} has one scale per channel"
    return tensor.quant


def four(extents: tuple[int, ...], fill: int = 1) -> tuple[int, ...]:
    """`extents` with leading `fill` up to four axes."""
    assert len(extents) <= 4, f"rank {len(extents)}"
    return (fill,) * (4 - len(extents)) + tuple(int(extent) for extent in extents)
