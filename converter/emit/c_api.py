"""The functions of `<name>.c` besides the inference itself, and the model as a structure."""

from __future__ import annotations

from collections.abc import Sequence

from edgekit.converter.emit import c_expand, c_text
from edgekit.converter.emit.c_header import several_init
from edgekit.converter.emit.sheet import C_TYPES, DTYPE_TAGS, Sheet, ports
from edgekit.converter.lower.program import KeptState, Port


def reset(sheet: Sheet) -> list[str]:
    """The states put back to where they were before the first inference."""
    states = c_expand.own_states(sheet.program)
    if not states:
        return []
    lines = [f"void {sheet.name}_reset({sheet.words.parameter})", "{"]
    for state in states:
        lines += [f"    /* {state.buffer} */", *_filled(sheet, state)]
    return [*lines, "}", ""]


def _filled(sheet: Sheet, state: KeptState) -> list[str]:
    """A state's bytes: a constant, or one byte or one row again and again."""
    address = sheet.words.address(state.buffer)
    if not state.array:
        return [c_text.call("memset", [address, str(state.fill), str(state.bytes)])]
    source, size = sheet.symbol(state.array), state.bytes // state.times
    if state.times == 1:
        return [c_text.call("memcpy", [address, source, str(size)])]
    call = c_text.call("memcpy", [f"{address} + row * {size}", source, str(size)])
    return [f"    for (int32_t row = 0; row < {state.times}; row++)", f"    {call}"]


def init(sheet: Sheet) -> list[str]:
    """The arena checked, the inputs set to real zero."""
    lines = _several_checked(sheet) if sheet.words.several else _checked(sheet)
    if sheet.program.decoders:
        lines.append("    expand(arena);")
    for port in sheet.program.inputs:
        byte = port.zero_point if port.scale else 0
        lines.append(f"    memset({sheet.words.address(port.buffer)}, {byte}, {port.bytes});")
    if c_expand.own_states(sheet.program):
        lines.append(f"    {sheet.name}_reset(arena);")
    return [*lines, "    return EK_OK;", "}", ""]


def _checked(sheet: Sheet) -> list[str]:
    return [
        f"int {sheet.name}_init(uint8_t *arena, size_t size)",
        "{",
        f"    if (!arena || size < {sheet.upper}_ARENA_SIZE) return EK_ARENA_TOO_SMALL;",
        "    if ((uintptr_t)arena % 16) return EK_ARENA_MISALIGNED;",
    ]


def _several_checked(sheet: Sheet) -> list[str]:
    names = sheet.words.names
    small = [
        f"    if (!{n.word} || {n.word}_size < {n.size})\n        return {n.status('TOO_SMALL')};"
        for n in names
    ]
    crooked = [
        f"    if ((uintptr_t){n.word} % 16)\n        return {n.status('MISALIGNED')};"
        for n in names
    ]
    kept = [f"    arena->block[{n.index}] = {n.word};" for n in names]
    return [several_init(sheet), "{", *small, *crooked, *kept]


def accessors(sheet: Sheet) -> list[str]:
    """Where inputs and outputs lie."""
    program, lines = sheet.program, []
    for word, port in zip(ports("input", len(program.inputs)), program.inputs, strict=True):
        kind = f"{C_TYPES[port.dtype]} *"
        lines += _accessor(
            f"{kind}{sheet.name}_{word}({sheet.words.parameter})", kind, "void *", sheet, port
        )
    for word, port in zip(ports("output", len(program.outputs)), program.outputs, strict=True):
        kind = f"const {C_TYPES[port.dtype]} *"
        start = f"{kind}{sheet.name}_{word}({sheet.words.read_only})"
        lines += _accessor(start, kind, "const void *", sheet, port)
    return lines


def _accessor(start: str, kind: str, void: str, sheet: Sheet, port: Port) -> list[str]:
    address = sheet.words.address(port.buffer)
    return [start, "{", f"    return ({kind})({void})({address});", "}", ""]


def labels(sheet: Sheet) -> list[str]:
    """The names of the classes."""
    if not sheet.labels:
        return []
    start = f"const char *const {sheet.name}_labels[{sheet.upper}_LABEL_COUNT] = {{"
    rows = c_text.fill([f"{c_text.string(label)}," for label in sheet.labels], "    ")
    return [start, *rows, "};", ""]


def model(sheet: Sheet) -> list[str]:
    """The structure by which programs run any model."""
    program, name = sheet.program, sheet.name
    steps = [
        f"    {{{c_text.string(step.name)}, {c_text.string(step.operator)}, {step.macs}}},"
        for step in program.steps
    ]
    fields = [
        f".name = {c_text.string(name)},",
        f".hash = {c_text.string(sheet.hash)},",
        f".arena_bytes = {sheet.upper}_ARENA_SIZE,",
        f".inputs = {len(program.inputs)},",
        f".outputs = {len(program.outputs)},",
        f".steps = {len(program.steps)},",
        f".input = {'inputs' if program.inputs else '0'},",
        f".output = {'outputs' if program.outputs else '0'},",
        f".step = {'steps' if steps else '0'},",
        *(_runs(sheet) if not sheet.words.several else [".blocks = &blocks,"]),
    ]
    return [
        *_constants("ek_tensor_t inputs", [_tensor(sheet, port) for port in program.inputs]),
        *_constants("ek_tensor_t outputs", [_tensor(sheet, port) for port in program.outputs]),
        *_constants("ek_step_t steps", steps),
        *_blocks(sheet),
        f"const ek_model_t {name}_model = {{",
        *(f"    {field}" for field in fields),
        "};",
        "",
    ]


def _runs(sheet: Sheet) -> list[str]:
    first = c_expand.first_calls(sheet)
    reset = [f".reset = {first},"] if first else []
    return [f".invoke = {sheet.name}_invoke,", *reset]


def _blocks(sheet: Sheet) -> list[str]:
    """What the model has in place of invoke and reset where its arena is several blocks."""
    if not sheet.words.several:
        return []
    program, names = sheet.program, sheet.words.names
    rows = [f"    {{{c_text.string(n.memory)}, {n.size}}}," for n in names]
    fields = [
        f".count = {len(names)},",
        ".block = block_list,",
        f".input = {'input_blocks' if program.inputs else '0'},",
        f".output = {'output_blocks' if program.outputs else '0'},",
        *_runs(sheet),
    ]
    return [
        *_constants("ek_block_t block_list", rows),
        *_block_indices(sheet, "input_blocks", program.inputs),
        *_block_indices(sheet, "output_blocks", program.outputs),
        "static const ek_blocks_t blocks = {",
        *(f"    {field}" for field in fields),
        "};",
        "",
    ]


def _block_indices(sheet: Sheet, name: str, ports: Sequence[Port]) -> list[str]:
    names = sheet.words.names
    found = [f"    {names[sheet.memory.placement(p.buffer).block].index}," for p in ports]
    return _constants(f"uint8_t {name}", found)


def _constants(declaration: str, rows: list[str]) -> list[str]:
    return [f"static const {declaration}[] = {{", *rows, "};", ""] if rows else []


def _tensor(sheet: Sheet, port: Port) -> str:
    values = (
        c_text.string(port.tensor),
        str(port.bytes),
        str(sheet.memory.offset(port.buffer)),
        DTYPE_TAGS[port.dtype],
        c_text.number(float(port.scale)),
        str(port.zero_point),
    )
    return f"    {{{', '.join(values)}}},"
