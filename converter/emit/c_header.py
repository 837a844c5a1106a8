"""`<name>.h`: the model's sizes, scales and functions."""

from __future__ import annotations

from edgekit.converter.emit import c_text
from edgekit.converter.emit.c_expand import own_states
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
    arena = "&arena" if sheet.words.several else "arena"
    return [
        *sheet.origin(f"{name}.h", "the model as a C library"),
        "",
        *(_several_example(sheet) if sheet.words.several else _example(sheet)),
        *(f"    fill({name}_{word}({arena}));" for word in inputs),
        f"    {name}_invoke({arena});",
        *(f"    use({name}_{word}({arena}));" for word in outputs),
        "",
        *_keeping(sheet),
        "write every input before every inference, because later steps use its bytes again.",
    ]


def _example(sheet: Sheet) -> list[str]:
    where = [f" // in {c_text.safe(block.memory)}" for block in sheet.memory.blocks]
    return [
        f"    static _Alignas(16) uint8_t arena[{sheet.upper}_ARENA_SIZE];{''.join(where)}",
        "",
        f"    if ({sheet.name}_init(arena, sizeof arena) != EK_OK) stop();",
    ]


def _several_example(sheet: Sheet) -> list[str]:
    names = sheet.words.names
    given = ", ".join(f"{n.word}, sizeof {n.word}" for n in names)
    return [
        *(f"    static _Alignas(16) uint8_t {n.word}[{n.size}]; // in {n.comment}" for n in names),
        "    ek_arena_t arena;",
        "",
        f"    if ({sheet.name}_init(&arena, {given}) != EK_OK) stop();",
    ]


_STATELESS = (
    "The arena is yours and need not survive between inferences. Inputs and outputs lie in it:",
)
_STATEFUL = (
    "The model keeps states from one inference to the next: leave the arena as it is between them.",
    "Inputs and outputs lie in it:",
)


_EXPANDED = (
    "The arena holds the model's expanded weights: leave it as it is from init on. Inputs and",
    "outputs lie in it:",
)


def _keeping(sheet: Sheet) -> tuple[str, ...]:
    if sheet.program.decoders:
        return _EXPANDED
    return _STATEFUL if sheet.program.states else _STATELESS


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
    several = sheet.words.several
    what = "/* bytes, of all blocks together */" if several else "/* bytes */"
    rows = [(f"    {sheet.upper}_ARENA_SIZE = {sheet.memory.arena_bytes},", what)]
    rows += [
        (f"    {n.size} = {n.bytes},", f"/* bytes in {n.comment} */") for n in sheet.words.names
    ]
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
    return ["enum {", *c_text.table(rows), "};", "", *_block_constants(sheet)]


def _block_constants(sheet: Sheet) -> list[str]:
    """Indices of the blocks, and what init returns about each: ek_status_t and index << 8."""
    names = sheet.words.names
    if not names:
        return []
    indices = [f"    {n.index} = {i}," for i, n in enumerate(names)]
    codes = [
        f"    {n.status(what)} = {i << 8 | code},"
        for i, n in enumerate(names)
        for what, code in (("MISALIGNED", 1), ("TOO_SMALL", 2))
    ]
    return [
        "/* Blocks of the arena by their place in ek_arena_t. */",
        *("enum {", *indices, "};", ""),
        f"/* What {sheet.name}_init returns besides EK_OK (0): which block is wrong, and how. */",
        *("enum {", *codes, "};", ""),
    ]


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
        *(_several_init(sheet) if sheet.words.several else _init(sheet)),
        "",
        "/* Where the inputs go and, after an inference, the outputs are. */",
    ]
    arena, read_only = sheet.words.parameter, sheet.words.read_only
    for word, port in zip(inputs, sheet.program.inputs, strict=True):
        lines.append(f"{C_TYPES[port.dtype]} *{name}_{word}({arena});")
    for word, port in zip(outputs, sheet.program.outputs, strict=True):
        lines.append(f"const {C_TYPES[port.dtype]} *{name}_{word}({read_only});")
    lines += ["", "/* One inference. */", f"void {name}_invoke({arena});", ""]
    if own_states(sheet.program):
        lines += [
            "/* Puts the states back to where they were before the first inference. */",
            f"void {name}_reset({arena});",
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


def _init(sheet: Sheet) -> list[str]:
    return [
        "/* Sets the inputs to real zero in an arena of `size` bytes. Returns EK_OK (0), or, having"
        "\n * touched nothing, EK_ARENA_TOO_SMALL or EK_ARENA_MISALIGNED (to 16 bytes). */",
        f"int {sheet.name}_init(uint8_t *arena, size_t size);",
    ]


def _several_init(sheet: Sheet) -> list[str]:
    first = sheet.words.names[0]
    return [
        "/* Makes the arena of its blocks, of so many bytes each, aligned to 16 bytes, and sets",
        " * the inputs to real zero. Returns EK_OK (0), or, having touched nothing, which block is",
        f" * wrong: {first.status('TOO_SMALL')}, ... The arena holds their addresses: keep it. */",
        f"{several_init(sheet)};",
    ]


def several_init(sheet: Sheet) -> str:
    """The head of an init that takes one pointer and one size per block."""
    blocks = [f"uint8_t *{n.word}, size_t {n.word}_size" for n in sheet.words.names]
    return c_text.signature(f"int {sheet.name}_init", ["ek_arena_t *arena", *blocks])
