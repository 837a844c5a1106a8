"""SVDF and LSTM with four rows of weights at a time: packing, requirements, costs.

The rows lie as the ISA's fully connected kernel reads four outputs; zero points are folded into
biases. An LSTM's four rows are the gates of one unit.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.lower import packing_dsp, packing_mve
from edgekit.converter.lower.calls import Array, product
from edgekit.converter.lower.variants import Cost, Packing, Request, Requirement
from edgekit.converter.lower.variants_dsp import quads_of

Rows = NDArray[np.int8]
Layout = Callable[[Rows], Rows]
"""Rows of weights (O, K), O padded to fours, as an ISA reads four outputs: (O/4, ...)."""


def gate_rows(request: Request) -> tuple[Rows, Rows]:
    """Of each unit the four gates' weights, (4 * units, I), and recurrent ones, (4 * units, U)."""
    both = (request.array(name).values.astype(np.int8) for name in ("w", "r"))
    first, second = (rows.transpose(1, 0, 2).reshape(-1, rows.shape[2]) for rows in both)
    return first, second


def folded(bias: NDArray[np.generic], rows: Rows, zero: int) -> NDArray[np.int32]:
    """bias - zero * sum of each row, wrapping as the kernels' sums do."""
    sums = rows.astype(np.int64).sum(axis=1)
    result: NDArray[np.int32] = (bias.astype(np.int64) - zero * sums).astype(np.int32)
    return result


def lstm_packing(layout: Layout) -> Packing:
    """Each unit's rows for the input, then those for the hidden values; biases likewise."""

    def pack(request: Request) -> tuple[Array, ...]:
        first, second = gate_rows(request)
        units = request.number("units")
        given = request.bias.reshape(4, units).T.reshape(-1)
        biases = (
            folded(given, first, request.number("input_zero")),
            folded(np.zeros(4 * units), second, request.number("hidden_zero")),
        )
        words = (layout(rows).reshape(units, -1) for rows in (first, second))
        bias = np.concatenate([part.reshape(units, 4) for part in biases], axis=1)
        return (
            request.array("q"),
            request.array("lut"),
            Array("w", "weights", "int8_t", np.concatenate(list(words), axis=1), align=4),
            Array("f", "bias", "int32_t", bias),
        )

    return pack


def svdf_packing(layout: Layout) -> Packing:
    """Filters in fours, a folded bias for each, then what the model has."""

    def pack(request: Request) -> tuple[Array, ...]:
        rows = request.weights
        bias = folded(np.zeros(len(rows)), rows, request.number("input_zero"))
        return (
            Array("w", "weights", "int8_t", layout(rows), align=4),
            Array("f", "bias of filters", "int32_t", packing_dsp.padded(bias, 4)),
            request.array("t"),
            request.array("b"),
        )

    return pack


def _lanes_hold(*parts: Rows) -> bool:
    """256 times a row's sum stays within int32, every lane within int16."""
    return all(
        128 * np.abs(rows.astype(np.int64)).sum(axis=1).max() < 1 << 23 and rows.min() > -128
        for rows in parts
    )


LANES = "needs weights above -128, |weights| adding to 65535"
REQUIRES: dict[str, Requirement] = {
    "dsp_lstm_lanes": Requirement(LANES, lambda request: _lanes_hold(*gate_rows(request))),
    "dsp_svdf_lanes": Requirement(LANES, lambda request: _lanes_hold(request.weights)),
}
PACKINGS: dict[str, Packing] = {
    "dsp_lstm": lstm_packing(packing_dsp.quad_words),
    "mve_lstm": lstm_packing(packing_mve.row_chunks),
    "dsp_svdf": svdf_packing(packing_dsp.quad_words),
    "mve_svdf": svdf_packing(packing_mve.row_chunks),
}


def _chunks(count: int) -> int:
    return -(-count // 16)


def lstm_cost(each: Callable[[int], int], more: int) -> Cost:
    """`each` of a unit's input and hidden values, `more` instructions a unit and step."""

    def cost(request: Request) -> int:
        units = product(tuple(request.number(name) for name in ("batches", "steps", "units")))
        sums = each(request.number("input_c")) + each(request.number("units"))
        return units * (sums + more)

    return cost


def svdf_cost(each: Callable[[int], int], value: int, more: int) -> Cost:
    """`each` of the inputs for four filters; `value` instructions a value of a state, `more` a
    filter."""

    def cost(request: Request) -> int:
        filters = request.number("batches") * request.number("filters")
        row = each(request.number("input_c")) // 4
        return filters * (row + value * request.number("memory") + more)

    return cost


COSTS: dict[str, Cost] = {
    "dsp_lstm": lstm_cost(lambda count: 17 * quads_of(count), 900),
    "mve_lstm": lstm_cost(lambda count: 10 * _chunks(count), 600),
    "dsp_svdf": svdf_cost(lambda count: 17 * quads_of(count), 4, 135),
    "mve_svdf": svdf_cost(lambda count: 10 * _chunks(count), 7, 80),
}
