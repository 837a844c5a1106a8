"""Weights that are expanded once, when the model starts: their decoders, and who calls them."""

from __future__ import annotations

from edgekit.converter.emit import c_text
from edgekit.converter.emit.sheet import Sheet
from edgekit.converter.lower.program import (
    Arg,
    ConstArg,
    KeptState,
    ParamsArg,
    Program,
    ScratchArg,
    Step,
    WriteArg,
)


def own_states(program: Program) -> tuple[KeptState, ...]:
    """The states of the model itself."""
    return tuple(state for state in program.states if state.decoder is None)


def expand(sheet: Sheet) -> list[str]:
    """The parameters of the decoders, and the function that calls them."""
    decoders = sheet.program.decoders
    if not decoders:
        return []
    lines = ["/* ---- weights, expanded when the model starts ---- */", ""]
    for step in decoders:
        assert step.params is not None
        declaration = f"static const {step.params.c_type} {step.name}"
        lines += [c_text.struct(declaration, step.params.fields), ""]
    lines += [f"static void expand({sheet.words.parameter})", "{"]
    for step in decoders:
        lines.append(c_text.call(step.kernel, [_argument(sheet, step, arg) for arg in step.args]))
    return [*lines, "}", ""]


def restart(sheet: Sheet) -> list[str]:
    """What programs that run any model call before they run it: weights and states."""
    if not (sheet.program.decoders and own_states(sheet.program)):
        return []
    return [
        f"static void restart({sheet.words.parameter})",
        "{",
        "    expand(arena);",
        f"    {sheet.name}_reset(arena);",
        "}",
        "",
    ]


def first_calls(sheet: Sheet) -> str:
    """The function that prepares an arena; "" where there is nothing to prepare."""
    states = bool(own_states(sheet.program))
    if sheet.program.decoders:
        return "restart" if states else "expand"
    return f"{sheet.name}_reset" if states else ""


def _argument(sheet: Sheet, step: Step, arg: Arg) -> str:
    match arg:
        case ParamsArg():
            return f"&{step.name}"
        case ConstArg(array):
            return sheet.symbol(array)
        case WriteArg(buffer):
            return f"(int8_t *)({sheet.words.address(buffer)})"
        case ScratchArg(buffer):
            return sheet.words.address(buffer)
        case _:
            raise AssertionError(f"a decoder has no argument {arg}")
