"""`<name>_weights.h` and `<name>_weights.c`: the constants, in rows of their natural shape."""

from __future__ import annotations

from edgekit.converter.emit import c_text
from edgekit.converter.emit.sheet import Sheet
from edgekit.converter.lower.program import ConstArray


def weights_header(sheet: Sheet) -> str:
    """Declarations, private to the model's own sources."""
    guard = f"{sheet.upper}_WEIGHTS_H"
    declared = [
        (f"extern {_declaration(sheet, array)};", f"/* {_description(array)} */")
        for array in sheet.program.constants
    ]
    lines = c_text.table(declared) if declared else []
    return "\n".join(
        (
            c_text.comment(sheet.origin(f"{sheet.name}_weights.h", "the model's constants")),
            f"#ifndef {guard}",
            f"#define {guard}",
            "",
            "#include <stdint.h>",
            "",
            '#include "ek_kernels.h"',
            "",
            *lines,
            "",
            "#endif",
            "",
        )
    )


def weights_source(sheet: Sheet) -> str:
    """Definitions, one section per step."""
    by_name = {array.name: array for array in sheet.program.constants}
    sections = []
    for step in sheet.program.steps:
        if not step.constants:
            continue
        sections.append(f"/* ---- {step.name}: {step.operator}, {step.weight_bytes:,} B ---- */")
        sections += [_definition(sheet, by_name[name]) for name in step.constants]
    for state in sheet.program.states:
        if state.array:
            sections.append(f"/* ---- {state.buffer}: after a reset, {state.bytes:,} B ---- */")
            sections.append(_definition(sheet, by_name[state.array]))
    purpose = "the model's constants, in the order of its steps"
    return (
        "\n\n".join(
            (
                c_text.comment(sheet.origin(f"{sheet.name}_weights.c", purpose)),
                f'#include "{sheet.name}_weights.h"',
                *sections,
                "",
            )
        ).rstrip("\n")
        + "\n"
    )


def _declaration(sheet: Sheet, array: ConstArray) -> str:
    return f"const {array.c_type} {sheet.symbol(array.name)}[{array.length}]"


def _description(array: ConstArray) -> str:
    return f"{array.what} {c_text.extents(array.shape)}"


def _definition(sheet: Sheet, array: ConstArray) -> str:
    aligned = f"_Alignas({array.align}) " if array.align > 1 else ""
    declaration = aligned + _declaration(sheet, array)
    body = c_text.array(declaration, array.values, array.c_type == "ek_requant_t")
    return f"/* {_description(array)} */\n{body}"
