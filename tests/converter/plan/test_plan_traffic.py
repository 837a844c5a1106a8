"""Bytes that an inference reads and writes, counted by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgekit.converter.ir.graph import Quant
from edgekit.converter.ir.ops import Padding
from edgekit.converter.lower.cascade import Choice, cascaded
from edgekit.converter.lower.lower import lower
from edgekit.converter.lower.program import ScratchArg
from edgekit.converter.plan.traffic import touched
from edgekit.targets.reader import load_target
from tests.helpers.generated_c import TARGET
from tests.helpers.int8_graphs import GraphBuilder
from tests.helpers.striped import mobile

Q = Quant.per_tensor(0.1, 3)


def test_by_hand() -> None:
    """A convolution without scratch: its operand is read once and once a product."""
    g = GraphBuilder()
    x = g.input((1, 4, 4, 2), Q)
    weights = np.ones((3, 1, 1, 2), np.int8)
    scales = Quant.per_tensor(0.01, 0)
    y = g.conv(x, weights, Padding.VALID, Q, scales=scales, bias=np.zeros(3, np.int32))
    program = lower(g.graph(y), TARGET)
    [step] = program.steps
    assert step.macs == 4 * 4 * 2 * 3
    assert touched(program) == {
        program.inputs[0].buffer: 32 + 32 + step.macs,
        program.outputs[0].buffer: 48 + 48,
    }


def test_scratch_takes_the_products() -> None:
    program = lower(mobile(), load_target("virtual-m4"))
    found = touched(program)
    step = next(s for s in program.steps if s.scratch_bytes and s.macs)
    [scratch] = [arg.buffer for arg in step.args if isinstance(arg, ScratchArg)]
    assert found[scratch] == 2 * step.scratch_bytes + step.macs


def test_a_rolling_buffer_counts_as_the_tensor_that_passes_through_it() -> None:
    program = lower(mobile(), TARGET)
    cut = cascaded(program, [Choice(0, 2, 2)])
    assert cut is not None
    held = program.steps[0].writes[0]
    assert cut.buffer(held).bytes < program.buffer(held).bytes
    assert touched(cut)[held] == touched(program)[held]


def test_a_program_of_nothing() -> None:
    program = lower(mobile(), TARGET)
    empty = replace(program, steps=(), buffers=(), inputs=(), outputs=())
    assert touched(empty) == {}
