"""What the variants of a kernel are chosen by: a call seen from outside, and the kinds of answers.

A variant's row in kernels.toml names functions of the types below; they live in `variants_<isa>.py`
and `packing_<isa>.py`, one pair of files per ISA.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.fixed_point import Requant
from edgekit.converter.lower.calls import Array, Call, product
from edgekit.converter.lower.program import NumberArg, Params


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """A kernel call that wants a function: its parameters and its constant data."""

    call: Call

    def with_params(self, params: Params | None, count: int | None = None) -> Request:
        """The same call with other parameters, and with another leading number."""
        args = self.call.args
        if count is not None:
            at = next(i for i, arg in enumerate(args) if isinstance(arg, NumberArg))
            args = (*args[:at], NumberArg(count), *args[at + 1 :])
        return Request(replace(self.call, params=params, args=args))

    def number(self, field: str) -> int:
        """An int among the parameters."""
        value = self._field(field)
        assert isinstance(value, int), field
        return value

    def numbers(self, field: str) -> tuple[int, ...]:
        """An array among the parameters."""
        value = self._field(field)
        assert isinstance(value, tuple), field
        return value

    def factor(self, field: str) -> Requant:
        """A requantization factor among the parameters."""
        value = self._field(field)
        assert isinstance(value, Requant), field
        return value

    def _field(self, name: str) -> object:
        assert self.call.params is not None, f"{self.call.family} has no parameters"
        return dict(self.call.params.fields)[name]

    @property
    def count(self) -> int:
        """The leading number of a call without parameters: its elements."""
        return int(next(a.value for a in self.call.args if isinstance(a, NumberArg)))

    @property
    def weights(self) -> NDArray[np.int8]:
        """Weights in the model's layout."""
        return self._array("w").astype(np.int8)

    @property
    def packed_weights(self) -> NDArray[np.uint8]:
        """Weights of 4 bits as they are stored, see ek_w4.h."""
        return self._array("w").astype(np.uint8)

    @property
    def wide_bias(self) -> NDArray[np.int64]:
        """One bias per output channel, where it has 64 bits."""
        return self._array("b").astype(np.int64)

    @property
    def bias(self) -> NDArray[np.int32]:
        """One folded bias per output channel."""
        return self._array("b").astype(np.int32)

    @property
    def factors(self) -> NDArray[np.int32]:
        """(multiplier, shift) for every output channel, also where the model has one for all."""
        rows = self._array("q").astype(np.int32)
        return np.broadcast_to(rows, (self._array("b").size, 2))

    def array(self, suffix: str) -> Array:
        """The call's array of that suffix, with its words for people."""
        return next(a for a in self.call.args if isinstance(a, Array) and a.suffix == suffix)

    def _array(self, suffix: str) -> NDArray[np.generic]:
        return self.array(suffix).values

    @property
    def outputs(self) -> int:
        """Output elements of a convolution, pooling or fully connected call."""
        if "rows" in self.names:
            return self.number("rows") * self.number("output_c")
        channels = "output_c" if "output_c" in self.names else "channels"
        extents = ("batches", "output_h", "output_w", channels)
        return product(tuple(self.number(name) for name in extents))

    @property
    def names(self) -> frozenset[str]:
        """The parameters' names."""
        params = self.call.params
        return frozenset(name for name, _ in params.fields) if params else frozenset()


Check = Callable[[Request], bool]


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a variant needs of a call; the sentence says what was found when it does not hold."""

    sentence: str
    """Reads after the variant's name: "needs a 1x1 kernel"."""
    holds: Check


Packing = Callable[[Request], tuple[Array, ...]]
"""Constant data in the layout of a variant, which replaces the arrays of the call."""
ScratchSize = Callable[[Request], int]
"""Bytes of scratch one call needs."""
Cost = Callable[[Request], int]
"""Estimated instructions of one call. Measured on the virtual boards, rounded; an estimate."""


def runs_of(request: Request) -> tuple[int, int, tuple[int, int]]:
    """How many long runs an elementwise call has, their length and both operands' steps in them:
    as ek_runs.h finds them."""
    length, steps = 1, (0, 0)
    extents = request.numbers("extent")
    strides = tuple(zip(request.numbers("a_stride"), request.numbers("b_stride"), strict=True))
    for extent, stride in reversed(tuple(zip(extents, strides, strict=True))):
        if extent == 1:
            continue
        if length == 1:
            steps = stride
        elif stride != (length * steps[0], length * steps[1]):
            break
        length *= extent
    return product(extents) // length, length, steps
