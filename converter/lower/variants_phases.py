"""TRANSPOSE_CONV as a fully connected layer for each phase: packing, requirements, costs.

Outputs at the same place between the strides form a phase: they have the same taps, so each is a
row of inputs times the same weights. ek_phases.h draws it. What an ISA's fully connected kernel
needs, packs and costs says the same of every phase.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgekit.converter.lower import (
    packing_c32,
    packing_dsp,
    packing_mve,
    variants_c32,
    variants_dsp,
    variants_mve,
)
from edgekit.converter.lower.calls import Array, Call, product
from edgekit.converter.lower.program import Params
from edgekit.converter.lower.variants import Cost, Packing, Request, Requirement, ScratchSize

MOST_PHASES = 16
"""Each phase has factors of its own, 12 to 16 bytes an output channel."""


def phases(request: Request) -> tuple[Request, ...]:
    """A fully connected call for each phase, by row, then by column; its rows are output pixels.

    Weights have shape (O, taps * I), taps turned around; a phase without taps has one weight of 0.
    """
    grid = np.ndindex(request.number("stride_h"), request.number("stride_w"))
    return tuple(_phase(request, down, right) for down, right in grid)


def _phase(request: Request, down: int, right: int) -> Request:
    step_h, step_w = request.number("stride_h"), request.number("stride_w")
    taps = request.weights[:, down::step_h, right::step_w][:, ::-1, ::-1]
    rows = np.ascontiguousarray(taps.reshape(len(taps), product(taps.shape[1:])))
    if rows.shape[1] == 0:
        rows = np.zeros((len(taps), 1), np.int8)
    sums = rows.astype(np.int64).sum(axis=1)
    folded = (request.bias - request.number("input_zero") * sums).astype(np.int32)
    pixels = _outputs(request, "h", "pad_top", down) * _outputs(request, "w", "pad_left", right)
    kept = ("output_zero", "act_min", "act_max", "q_step")
    fields = (
        ("rows", request.number("batches") * pixels),
        ("input_c", rows.shape[1]),
        ("output_c", len(rows)),
        *((name, request.number(name)) for name in kept),
    )
    data = {"w": rows, "b": folded}
    args = tuple(
        replace(a, values=data[a.suffix]) if isinstance(a, Array) and a.suffix in data else a
        for a in request.call.args
    )
    return Request(Call("fully_connected_s8", args, Params("ek_fully_connected_s8_t", fields)))


def _outputs(request: Request, axis: str, side: str, phase: int) -> int:
    """Output positions of a phase along an axis."""
    stride, count = request.number(f"stride_{axis}"), request.number(f"output_{axis}")
    return len(range((phase - request.number(side)) % stride, count, stride))


def packed(packing: Packing) -> Packing:
    """The weights and factors of one phase after another, each as `packing` makes them."""

    def pack(request: Request) -> tuple[Array, ...]:
        parts = zip(*(packing(phase) for phase in phases(request)), strict=True)
        return tuple(
            replace(first, values=np.concatenate([a.values.reshape(-1) for a in (first, *others)]))
            for first, *others in parts
        )

    return pack


def in_every_phase(rule: Requirement) -> Requirement:
    """What every phase needs."""
    return Requirement(rule.sentence, lambda request: all(map(rule.holds, phases(request))))


REQUIRES: dict[str, Requirement] = {
    "few_phases": Requirement(
        f"needs at most {MOST_PHASES} phases, the product of both strides",
        lambda r: r.number("stride_h") * r.number("stride_w") <= MOST_PHASES,
    ),
    "c32_outputs": Requirement(
        "needs two output channels or more", lambda request: request.number("output_c") >= 2
    ),
    "dsp_phases_factors": in_every_phase(variants_dsp.REQUIRES["dsp_factors"]),
    "dsp_phases_sums": in_every_phase(variants_dsp.REQUIRES["dsp_sums"]),
    "dsp_phases_lanes": in_every_phase(variants_dsp.REQUIRES["dsp_lanes"]),
    "mve_phases_factors": in_every_phase(variants_mve.REQUIRES["mve_factors"]),
}
PACKINGS: dict[str, Packing] = {
    "dsp_phases": packed(packing_dsp.fully_connected),
    "mve_phases": packed(packing_mve.fully_connected),
    "c32_phases": packed(packing_c32.quads),
}


def window_bytes(request: Request) -> int:
    """The inputs of an output pixel of the phase with the most."""
    return max(phase.number("input_c") for phase in phases(request))


SCRATCHES: dict[str, ScratchSize] = {"phases_window": window_bytes}


def cost_of(dense: Cost, pixel: int) -> Cost:
    """The fully connected layers; `pixel` instructions more an output, one to gather a byte."""

    def cost(request: Request) -> int:
        parts = phases(request)
        gathered = sum(p.number("rows") * (pixel + p.number("input_c")) for p in parts)
        return gathered + sum(dense(p) for p in parts)

    return cost


COSTS: dict[str, Cost] = {
    "dsp_phases": cost_of(variants_dsp.fully_connected_cost, 200),
    "mve_phases": cost_of(variants_mve.fully_connected_cost, 120),
    "c32_phases": cost_of(variants_c32.fully_connected_cost, 120),
}
