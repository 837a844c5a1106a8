"""Random kernel calls with int4 weights or int16 activations, made of the int8 ones.

call, inputs, outputs = with_nibbles(random_calls.conv2d)(rng)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from edgekit.converter.fixed_point import Requant
from edgekit.converter.lower import calls
from edgekit.converter.lower.calls import Array as ConstArray
from edgekit.converter.lower.calls import Call
from edgekit.converter.lower.int4 import packed_rows
from edgekit.converter.lower.program import Params
from tests.helpers import kernel_formulas as formula
from tests.helpers.kernel_formulas import Array
from tests.helpers.random_calls import Rng, Sample, constants_of, ints

Draw = Callable[[Rng], Sample]


def with_nibbles(draw: Draw) -> Draw:
    """The same call with weights of 4 bits."""

    def drawn(rng: Rng) -> Sample:
        call, inputs, outputs = draw(rng)
        family = call.family.removesuffix("s8") + "s8w4"
        weights = constants_of(call)["w"].astype(np.int64) >> 4
        by_tap = family.startswith("depthwise")
        rows = weights.reshape(-1, weights.shape[-1]) if by_tap else _rows(weights)
        return _replaced(call, family, w=packed_rows(rows.astype(np.int8))), inputs, outputs

    return drawn


def with_int16(draw: Draw) -> Draw:
    """A like call with int16 activations."""

    def drawn(rng: Rng) -> Sample:
        call, inputs, outputs = draw(rng)
        assert call.params is not None
        f = dict(call.params.fields)
        family = call.family.removesuffix("s8") + "s16w8"
        weights = constants_of(call)["w"]
        channels = len(constants_of(call)["b"])
        terms = weights.size // channels
        limit = 2**46 if rng.integers(10) == 0 else 40_000 * terms
        low, high = sorted(ints(rng, -32768, 32767, 2)) if rng.integers(2) else (-32768, 32767)
        fields = {k: v for k, v in f.items() if k not in ("input_zero", "output_zero")}
        fields |= {"act_min": low, "act_max": high}
        made = _replaced(
            replace(call, params=Params(f"ek_{family}_t", tuple(fields.items()))),
            family,
            q=_factors(rng, len(constants_of(call)["q"]), 1.3e4 * terms**0.5),
            b=rng.integers(-limit, limit, channels).astype(np.int64),
        )
        return made, [_widened(rng, x) for x in inputs], outputs

    return drawn


def _rows(weights: Array) -> Array:
    return weights.reshape(len(weights), -1)


def _factors(rng: Rng, count: int, magnitude: float) -> Array:
    rows = formula.random_q(rng, count, magnitude)
    rows[:, 1] = np.minimum(rows[:, 1], 7)
    return calls.requants(tuple(Requant(int(m), int(s)) for m, s in rows)).values


def _widened(rng: Rng, x: Array) -> Array:
    """int16 values: random, small or at both ends."""
    kind = rng.integers(4)
    if kind == 0:
        return rng.choice(np.array([-32768, 32767], np.int16), x.shape)
    reach = 32768 if kind > 1 else 300
    return rng.integers(-reach, reach, x.shape).astype(np.int16)


def _replaced(call: Call, family: str, **arrays: Array) -> Call:
    """The call with these arrays, by suffix."""
    types = {"uint8": "uint8_t", "int64": "int64_t"}

    def changed(arg: object) -> object:
        if not isinstance(arg, ConstArray) or arg.suffix not in arrays:
            return arg
        values = arrays[arg.suffix]
        return replace(arg, values=values, c_type=types.get(str(values.dtype), arg.c_type))

    return replace(call, family=family, args=tuple(changed(arg) for arg in call.args))  # type: ignore[arg-type]
