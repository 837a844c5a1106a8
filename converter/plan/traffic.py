"""How many bytes of each buffer one inference reads and writes: an estimate, to rank buffers by.

A step writes each of its results once and reads each of its operands once. Multiply-accumulates
read one byte each of what they work on: the scratch that a kernel expands its operand into, or the
operand itself where there is none. What registers save is left out, as it saves nearly the same
share everywhere. The caller writes inputs and reads outputs.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

from edgekit.converter.lower.program import (
    ExpandedArg,
    Program,
    ReadArg,
    ScratchArg,
    StateArg,
    Step,
    WriteArg,
)
from edgekit.converter.lower.rowwise import ITEM_BYTES


def touched(program: Program) -> Mapping[str, int]:
    """Bytes read and written of every buffer in one inference, estimated."""
    sizes = _tensor_bytes(program)
    found: Counter[str] = Counter(dict.fromkeys(sizes, 0))
    for port in (*program.inputs, *program.outputs):
        found[port.buffer] += port.bytes
    for step in program.steps:
        _count(step, sizes, found)
    return found


def _count(step: Step, sizes: Mapping[str, int], found: Counter[str]) -> None:
    for arg in step.args:
        match arg:
            case ReadArg(buffer) | WriteArg(buffer) | ExpandedArg(buffer):
                found[buffer] += sizes[buffer]
            case StateArg(buffer) | ScratchArg(buffer):
                found[buffer] += 2 * sizes[buffer]
    worked_on = [arg.buffer for arg in step.args if isinstance(arg, ScratchArg)] or step.reads
    if worked_on:
        found[worked_on[0]] += step.macs


def _tensor_bytes(program: Program) -> dict[str, int]:
    """Bytes of whole tensors: the buffer of a cascade holds some rows of one at a time."""
    sizes = {buffer.name: buffer.bytes for buffer in program.buffers}
    for step in program.steps:
        results = [arg for arg in step.args if isinstance(arg, WriteArg)]
        if step.stripes is not None:
            for arg in results:
                sizes[arg.buffer] = math.prod(step.output_shape) * ITEM_BYTES[arg.c_type]
    return sizes
