"""A plan for frames as C: `ek_camera_plan.h` with sizes, `ek_camera_plan.c` with tables."""

from __future__ import annotations

from dataclasses import asdict, astuple

import numpy as np

from edgekit.converter.camera.gate import GateSetting
from edgekit.converter.camera.plan import FramePlan
from edgekit.converter.camera.taps import Taps
from edgekit.converter.emit import c_text


def emit_plan(
    plan: FramePlan, name: str = "ek_camera_plan", *, gate: GateSetting | None = None
) -> dict[str, str]:
    """File name -> text of the C for a plan, which is `const ek_frame_plan_t <name>`.

    `gate` is what the firmware starts with; None: it looks at every frame unless it is told.
    """
    return {f"{name}.h": _header(plan, name, gate), f"{name}.c": _source(plan, name)}


def work_bytes(plan: FramePlan) -> dict[str, int]:
    """Bytes of the work memory: a row of pixels, resized rows, an output row."""
    left, right = plan.across.span
    row = len(plan.across.first) * plan.channels
    return {
        "PIXELS": (right - left) * plan.channels,
        "KEPT": plan.down.most * row,
        "MIXED": row,
    }


def _header(plan: FramePlan, name: str, gate: GateSetting | None) -> str:
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
        **{f"{what}_BYTES": count for what, count in work_bytes(plan).items()},
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


def _source(plan: FramePlan, name: str) -> str:
    left, right = plan.across.span
    stored = np.ascontiguousarray(plan.stored)
    unpack = f"ek_unpack_{plan.format.name}_{'rgb' if plan.channels == 3 else 'gray'}"
    order = (2, 1, 0) if plan.reverse else (0, 1, 2)
    kind = f"{'float' if stored.dtype.kind == 'f' else stored.dtype.name + '_t'}"
    parts = [
        c_text.comment([f"{name}.c - {_sentence(plan)}"]),
        f'#include "{name}.h"\n#include "ek_unpack.h"',
        *_taps("across", plan.across.shifted(left)),
        *_taps("down", plan.down),
        c_text.array(f"static const {kind} stored[{stored.size}]", stored),
        "\n".join(
            (
                f"const ek_frame_plan_t {name} = {{",
                f"    .width = {plan.width}, .height = {plan.height},",
                f"    .left = {left}, .columns = {right - left},",
                f"    .out_width = {plan.shape[1]}, .out_height = {plan.shape[0]},",
                f"    .channels = {plan.channels}, .neighbours = {int(plan.format.neighbours)},",
                f"    .order = {{{', '.join(map(str, order))}}}, .bytes = {stored.itemsize},",
                f"    .kept = {plan.down.most}, .unpack = {unpack},",
                "    .across = across, .down = down,",
                "    .across_weight = across_weight, .down_weight = down_weight,",
                "    .stored = (const uint8_t *)stored,",
                "};",
            )
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _taps(name: str, taps: Taps) -> list[str]:
    counts = [len(row) for row in taps.weights]
    pairs = np.array([taps.first, counts]).T
    weights = np.array([weight for row in taps.weights for weight in row], np.int32)
    return [
        c_text.array(f"static const ek_taps_t {name}[{len(counts)}]", pairs, pairs=True),
        c_text.array(f"static const int32_t {name}_weight[{weights.size}]", weights),
    ]
