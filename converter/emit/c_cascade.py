"""Steps that run stripe by stripe: their parameters, the table of their calls, and the loop."""

from __future__ import annotations

from collections.abc import Callable

from edgekit.converter.emit import c_text
from edgekit.converter.lower.cascade import MOVE
from edgekit.converter.lower.program import (
    Arg,
    Cascade,
    NumberArg,
    Params,
    ParamsArg,
    Program,
    ReadArg,
    Step,
    StripeCall,
    WriteArg,
)
from edgekit.converter.lower.rowwise import ITEM_BYTES

Argument = Callable[[Step, Arg], str]
"""An argument of a single call as C."""
_OPERANDS = ("x", "x2")
"""Members of ek_stripe_t, for each buffer read."""


def title(program: Program, cascade: Cascade) -> str:
    """A cascade in a line: its steps, stripes, and the rows that make one.

    "conv2d to conv2d_1: 12 stripes, each of 4 rows of conv2d_1_y"
    """
    first, last = program.steps[cascade.first], program.steps[cascade.last]
    names = first.name if first is last else f"{first.name} to {last.name}"
    order = ", the lowest first" if cascade.upward else ""
    rows = f"{cascade.rows} row" + ("s" if cascade.rows > 1 else "")
    return f"{names}: {cascade.stripes} stripes, each of {rows} of {last.writes[0]}{order}"


def tables(step: Step) -> list[str]:
    """The distinct parameters of a step's calls, and the table that says which call has which."""
    assert step.stripes is not None
    kinds, lines = _kinds(step), []
    if len(kinds) == 1:
        declaration = f"static const {kinds[0].c_type} {step.name}"
        lines += [c_text.struct(declaration, kinds[0].fields), ""]
    elif kinds:
        elements = [line for params in kinds for line in _element(step, params)]
        declaration = f"static const {kinds[0].c_type} {step.name}[{len(kinds)}]"
        lines += [f"{declaration} = {{", *elements, "};", ""]
    if not _varies(step):
        return lines[:-1]
    calls = [_row(kinds, call) for call in step.stripes.calls]
    return [*lines, f"static const ek_stripe_t {step.name}_at[{len(calls)}] = {{", *calls, "};"]


def _varies(step: Step) -> bool:
    """Whether the calls differ in anything, so that a table has to say in what."""
    assert step.stripes is not None
    calls = step.stripes.calls
    moved = any(call.write or call.kept or any(call.reads) for call in calls)
    ran = {(call.params, call.rows > 0) for call in calls}
    return step.params is None or moved or len(ran) > 1


def _element(step: Step, params: Params) -> list[str]:
    """One of several parameters, with the stripes that have them."""
    assert step.stripes is not None
    _, *fields, _ = c_text.struct("", params.fields).splitlines()
    stripes = [i for i, call in enumerate(step.stripes.calls) if call.params == params]
    spans = f"{stripes[0]}" if len(stripes) == 1 else f"{stripes[0]} to {stripes[-1]}"
    if len(stripes) not in (1, stripes[-1] - stripes[0] + 1):
        spans = ", ".join(map(str, stripes))
    word = "stripe" if len(stripes) == 1 else "stripes"
    return [f"    {{ /* {word} {spans} */", *(f"    {line}" for line in fields), "    },"]


def _kinds(step: Step) -> list[Params]:
    assert step.stripes is not None
    return list(dict.fromkeys(c.params for c in step.stripes.calls if c.params is not None))


def _row(kinds: list[Params], call: StripeCall) -> str:
    """One row of the table: what is 0 is left out."""
    reads = dict(zip(_OPERANDS, call.reads, strict=False))
    fields = {
        "call": kinds.index(call.params) if call.params is not None else 0,
        "rows": call.rows,
        **reads,
        "y": call.write,
        "kept": call.kept,
        "from": call.kept_from,
    }
    stated = ", ".join(f".{name} = {value}" for name, value in fields.items() if value)
    return f"    {{{stated or '0'}}},"


def loop(program: Program, cascade: Cascade, argument: Argument) -> list[str]:
    """The loop over the stripes of a cascade, one call a line."""
    lines = [
        "",
        f"    /* {title(program, cascade)} */",
        f"    for (int32_t stripe = 0; stripe < {cascade.stripes}; stripe++) {{",
    ]
    for index in range(cascade.first, cascade.last + 1):
        step = program.steps[index]
        lines += [*_calls(program, step, argument), f"        EK_STEP_DONE({index});"]
    return [*lines, "    }"]


def _calls(program: Program, step: Step, argument: Argument) -> list[str]:
    assert step.stripes is not None
    lines = []
    at = f"{step.name}_at[stripe]"
    if any(call.kept for call in step.stripes.calls):
        [out] = [arg for arg in step.args if isinstance(arg, WriteArg)]
        row = step.stripes.write_row * ITEM_BYTES[out.c_type]
        base = _as_bytes(program, out.buffer)
        words = [f"{row} * {at}.kept", f"{base} + {row} * {at}.from", base]
        lines.append(c_text.call(MOVE, words, "        "))
    arguments = [_argument(step, place, argument, at) for place in range(len(step.args))]
    some = all(call.rows for call in step.stripes.calls)
    indent = "        " if some else " " * 12
    if not some:
        lines.append(f"        if ({at}.rows)")
    return [*lines, c_text.call(step.kernel, arguments, indent)]


def _as_bytes(program: Program, buffer: str) -> str:
    return buffer if program.buffer(buffer).c_type == "int8_t" else f"(int8_t *)(void *){buffer}"


def _argument(step: Step, place: int, argument: Argument, at: str) -> str:
    """The argument at a place of a call, moved on to the rows of the stripe."""
    stripes, arg = step.stripes, step.args[place]
    before = [type(earlier) for earlier in step.args[:place]]
    assert stripes is not None
    match arg:
        case ParamsArg():
            return f"&{step.name}[{at}.call]" if len(_kinds(step)) > 1 else f"&{step.name}"
        case NumberArg() if step.params is None and NumberArg not in before:
            return f"{stripes.write_row} * {at}.rows"
        case ReadArg():
            index = before.count(ReadArg)
            moved = any(call.reads[index] for call in stripes.calls)
            row, field = stripes.read_rows[index], _OPERANDS[index]
            return _moved(argument(step, arg), row, moved, at, field)
        case WriteArg():
            moved = any(call.write for call in stripes.calls)
            return _moved(argument(step, arg), stripes.write_row, moved, at, "y")
        case _:
            return argument(step, arg)


def _moved(text: str, row: int, moved: bool, at: str, field: str) -> str:
    return f"{text} + {row} * {at}.{field}" if moved else text
