"""A plan for frames as C: `ek_camera_plan.h` with sizes, `ek_camera_plan.c` with tables."""

from __future__ import annotations

from dataclasses import asdict, astuple

import numpy as np

from edgekit.converter.camera.gate import GateSetting
from edgekit.converter.camera.plan import FramePlan
from edgekit.converter.camera.taps import WEIGHT_BITS, Taps
from edgekit.converter.emit import c_text

GREY = "gray8"
"""The format whose rows are resized as they come, as one plane whatever the model's channels."""
LANED = ("rgb565be", "rgb565le", "yuyv", "uyvy", "rggb", "grbg", "gbrg", "bggr")
"""Formats with an ek_lanes_*.c."""
LANE_WEIGHT_SHIFT = 9


def emit_plan(
    plan: FramePlan,
    name: str = "ek_camera_plan",
    *,
    gate: GateSetting | None = None,
    lanes: bool = False,
) -> dict[str, str]:
    """File name -> text of the C for a plan, which is `const ek_frame_plan_t <name>`.

    `gate` is what the firmware starts with; None: it looks at every frame unless it is told. With
    `lanes` rows are resized as lanes where `has_lanes`: faster with Cortex-M's DSP extension only.
    """
    paired = lanes and has_lanes(plan)
    header = _header(plan, name, gate, work_bytes(plan, lanes=paired))
    return {f"{name}.h": header, f"{name}.c": _source(plan, name, lanes=paired)}


def has_lanes(plan: FramePlan) -> bool:
    """Whether rows of these frames can be resized as lanes: colours, a format that has them, and no
    weight that would not fit 32 bits when it is shifted."""
    heaviest = max(max(row) for row in plan.across.weights)
    return plan.channels == 3 and plan.format.name in LANED and heaviest < 1 << WEIGHT_BITS


def planes_of(plan: FramePlan) -> int:
    """How many planes are resized: the three colours of a grey frame are equal."""
    return 1 if plan.format.name == GREY else plan.channels


def columns_of(plan: FramePlan, *, lanes: bool) -> tuple[int, int]:
    """(first, one after the last) of the columns that are unpacked; lanes begin at an even one and
    end after one, where the frame does not end before."""
    left, right = plan.across.span
    return (left & ~1, min(right + right % 2, plan.width)) if lanes else (left, right)


def paired(taps: Taps) -> Taps:
    """Weights of whole pairs of inputs, shifted as lanes want them; `first` counts pairs."""
    first, rows = [], []
    for at, weights in zip(taps.first, taps.weights, strict=True):
        padded = (0,) * (at % 2) + tuple(weight << LANE_WEIGHT_SHIFT for weight in weights)
        first.append(at // 2)
        rows.append(padded + (0,) * (len(padded) % 2))
    return Taps(tuple(first), tuple(rows))


def work_bytes(plan: FramePlan, *, lanes: bool = False) -> dict[str, int]:
    """Bytes of the work memory: a row of pixels, resized rows, an output row, a row of lanes."""
    left, right = columns_of(plan, lanes=lanes)
    columns, planes = len(plan.across.first), planes_of(plan)
    return {
        "PIXELS": 1 if lanes or plan.format.name == GREY else (right - left) * planes,
        "KEPT": plan.down.most * columns * planes,
        "MIXED": columns * plan.channels,
        "LANES": (right - left + 1) // 2 * 12 if lanes else 4,
    }


def _header(plan: FramePlan, name: str, gate: GateSetting | None, work: dict[str, int]) -> str:
    rows, columns, channels = plan.shape
    sizes = {
        "WIDTH": plan.width,
        "HEIGHT": plan.height,
        "FRAME_BYTES": plan.frame_bytes,
        "OUT_WIDTH": columns,
        "OUT_HEIGHT": rows,
        "CHANNELS": channels,
        "STRIDE": plan.width * plan.format.pixel_bytes,
        "INPUT_BYTES": rows * columns * channels * plan.stored.itemsize,
        **{f"{what}_BYTES": count for what, count in work.items()},
        "GATED": int(gate is not None),
    }
    setting = ", ".join(f".{key} = {value}" for key, value in asdict(gate or GateSetting()).items())
    prefix = name.upper()
    lines = [f"    {prefix}_{what} = {count}," for what, count in sizes.items()]
    guard = f"{prefix}_H"
    return "\n".join(
        (
            c_text.comment([f"{name}.h - {_sentence(plan)}"]),
            f"#ifndef {guard}",
            f"#define {guard}",
            "",
            '#include "ek_frame.h"',
            "",
            "enum {",
            *lines,
            "};",
            f'#define {prefix}_FORMAT "{plan.format.name}"',
            f'#define {prefix}_REGION "{",".join(map(str, astuple(plan.region)))}"',
            f'#define {prefix}_RESAMPLE "{plan.resample}"',
            f"#define {prefix}_GATE {{{setting}}}",
            "",
            f"extern const ek_frame_plan_t {name};",
            "",
            "#endif",
            "",
        )
    )


def _sentence(plan: FramePlan) -> str:
    rows, columns, channels = plan.shape
    return (
        f"{plan.width}x{plan.height} {plan.format.name} to "
        f"{columns}x{rows}x{channels} {plan.stored.dtype.name}."
    )


def _source(plan: FramePlan, name: str, *, lanes: bool) -> str:
    left, right = columns_of(plan, lanes=lanes)
    across = plan.across.shifted(left)
    stored = np.ascontiguousarray(plan.stored)
    reads = f".lanes = ek_lanes_{plan.format.name}" if lanes else f".unpack = {unpacker(plan)}"
    order = (2, 1, 0) if plan.reverse else (0, 1, 2)
    kind = f"{'float' if stored.dtype.kind == 'f' else stored.dtype.name + '_t'}"
    parts = [
        c_text.comment([f"{name}.c - {_sentence(plan)}"]),
        f'#include "{name}.h"\n#include "ek_{"lanes" if lanes else "unpack"}.h"',
        *_taps("across", paired(across) if lanes else across, step=1 + lanes),
        *_taps("down", plan.down),
        c_text.array(f"static const {kind} stored[{stored.size}]", stored),
        "\n".join(
            (
                f"const ek_frame_plan_t {name} = {{",
                f"    .width = {plan.width}, .height = {plan.height},",
                f"    .left = {left}, .columns = {right - left},",
                f"    .out_width = {plan.shape[1]}, .out_height = {plan.shape[0]},",
                f"    .channels = {plan.channels}, .planes = {planes_of(plan)},",
                f"    .neighbours = {int(plan.format.neighbours)},",
                f"    .order = {{{', '.join(map(str, order))}}}, .bytes = {stored.itemsize},",
                f"    .kept = {plan.down.most}, {reads},",
                "    .across = across, .down = down,",
                "    .across_weight = across_weight, .down_weight = down_weight,",
                "    .stored = (const uint8_t *)stored,",
                "};",
            )
        ),
    ]
    return "\n\n".join(parts) + "\n"


def unpacker(plan: FramePlan) -> str:
    """The function that makes pixels of a row, "0" where its bytes are the pixels."""
    kind = "rgb" if plan.channels == 3 else "gray"
    return "0" if plan.format.name == GREY else f"ek_unpack_{plan.format.name}_{kind}"


def _taps(name: str, taps: Taps, *, step: int = 1) -> list[str]:
    """Tables of places and weights; `step` weights belong to one input."""
    counts = [len(row) // step for row in taps.weights]
    pairs = np.array([taps.first, counts]).T
    weights = np.array([weight for row in taps.weights for weight in row], np.int32)
    return [
        c_text.array(f"static const ek_taps_t {name}[{len(counts)}]", pairs, pairs=True),
        c_text.array(f"static const int32_t {name}_weight[{weights.size}]", weights),
    ]
