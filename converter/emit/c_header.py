"""`<name>.h`: the model's sizes, scales and functions."""

from __future__ import annotations

from edgekit.converter.emit import c_text
from edgekit.converter.emit.sheet import C_TYPES, Sheet, meaning, ports
from edgekit.converter.lower.program import Port


def header(sheet: Sheet) -> str:
    """The text of `<name>.h`, usable from C and C++."""
    guard = f"{sheet.upper}_H"
    return "\n".join(
        (
            c_text.comment(_head(sheet)),
            f"#ifndef {guard}",
            f"#define {guard}",
            "",
            "#include <stddef.h>",
            "#include <stdint.h>",
            "",
            '#include "ek_model.h"',
            "",
            "#ifdef __cplusplus",
            'extern "C" {',
            "#endif",
            "",
            *_sizes(sheet),
            *_scales(sheet),
            *_functions(sheet),
            "#ifdef __cplusplus",
            "}",
            "#endif",
            "",
            "#endif",
            "",
        )
    )


def _head(sheet: Sheet) -> list[str]:
    name = sheet.name
    inputs, outputs = _names(sheet)
    return [
        *sheet.origin(f"{name}.h", "the model as a C library"),
        "",
        f"    static _Alignas(16) uint8_t arena[{sheet.upper}_ARENA_SIZE];",
        "",
        f"    if ({name}_init(arena, sizeof arena) != EK_OK) stop();",
        *(f"    fill({name}_{word}(arena));" for word in inputs),
        f"    {name}_invoke(arena);",
        *(f"    use({name}_{word}(arena));" for word in outputs),
        "",
        *(_STATEFUL if sheet.program.states else _STATELESS),
        "write every input before every inference, because later steps use its bytes again.",
    ]


_STATELESS = (
    "The arena is yours and need not survive between inferences. Inputs and outputs lie in it:",
)
_STATEFUL = (
    "The model keeps states from one inference to the next: leave the arena as it is between them.",
    "Inputs and outputs lie in it:",
)


def _names(sheet: Sheet) -> tuple[list[str], list[str]]:
    program = sheet.program
    return ports("input", len(program.inputs)), ports("output", len(program.outputs))


def _named(sheet: Sheet) -> list[tuple[str, Port]]:
    inputs, outputs = _names(sheet)
    return [
        *zip(inputs, sheet.program.inputs, strict=True),
        *zip(outputs, sheet.program.outputs, strict=True),
    ]


def _sizes(sheet: Sheet) -> list[str]:
    rows = [(f"    {sheet.upper}_ARENA_SIZE = {sheet.memory.arena_bytes},", "/* bytes */")]
    for word, port in _named(sheet):
        prefix = f"{sheet.upper}_{word.upper()}"
        shape = c_text.extents(port.shape)
        rows.append(
            (f"    {prefix}_SIZE = {_count(port)},", f"/* {C_TYPES[port.dtype]} {shape} */")
        )
        if port.scale:
            rows.append((f"    {prefix}_ZERO_POINT = {port.zero_point},", f"/* {meaning(port)} */"))
    if sheet.labels:
        rows.append((f"    {sheet.upper}_LABEL_COUNT = {len(sheet.labels)},", ""))
    return ["enum {", *c_text.table(rows), "};", ""]


def _count(port: Port) -> int:
    return int(port.bytes // (port.dtype.bits // 8))


def _scales(sheet: Sheet) -> list[str]:
    lines = [
        f"#define {sheet.upper}_{word.upper()}_SCALE {c_text.number(port.scale)}"
        for word, port in _named(sheet)
        if port.scale
    ]
    return [*lines, ""] if lines else []


def _functions(sheet: Sheet) -> list[str]:
    name = sheet.name
    inputs, outputs = _names(sheet)
    lines = [
        "/* Sets the inputs to real zero in an arena of `size` bytes. Returns EK_OK (0), or, having"
        "\n * touched nothing, EK_ARENA_TOO_SMALL or EK_ARENA_MISALIGNED (to 16 bytes). */",
        f"int {name}_init(uint8_t *arena, size_t size);",
        "",
        "/* Where the inputs go and, after an inference, the outputs are. */",
    ]
    for word, port in zip(inputs, sheet.program.inputs, strict=True):
        lines.append(f"{C_TYPES[port.dtype]} *{name}_{word}(uint8_t *arena);")
    for word, port in zip(outputs, sheet.program.outputs, strict=True):
        lines.append(f"const {C_TYPES[port.dtype]} *{name}_{word}(const uint8_t *arena);")
    lines += ["", "/* One inference. */", f"void {name}_invoke(uint8_t *arena);", ""]
    if sheet.program.states:
        lines += [
            "/* Puts the states back to where they were before the first inference. */",
            f"void {name}_reset(uint8_t *arena);",
            "",
        ]
    if sheet.labels:
        lines += [f"extern const char *const {name}_labels[{sheet.upper}_LABEL_COUNT];", ""]
    return [
        *lines,
        "/* The same for programs that take any model. */",
        f"extern const ek_model_t {name}_model;",
        "",
    ]
