"""The C side of a conversion: lower, plan, ask whether it fits, emit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from edgekit.artifacts.bundle import MemorySummary, StepInfo
from edgekit.artifacts.coding import CodingSummary
from edgekit.artifacts.figures import Note
from edgekit.converter import budget, headroom, spread
from edgekit.converter.coding.program import coded_program
from edgekit.converter.coding.summary import coding_notes, coding_summary
from edgekit.converter.emit.c import CSource, emit_c, steps_info
from edgekit.converter.emit.systems import restricted
from edgekit.converter.emit.tflm import emit_tflm
from edgekit.converter.ir.cost import graph_cost
from edgekit.converter.ir.graph import Graph
from edgekit.converter.lower.lower import NO_ROOM, lower
from edgekit.converter.lower.program import Program
from edgekit.converter.options import ConvertOptions
from edgekit.converter.plan.fit import FitResult, bench_note, footprint, require_fit
from edgekit.converter.plan.plan import memory_summary
from edgekit.converter.precision import soft_float_note
from edgekit.converter.quantize.halves import has_halves
from edgekit.errors import UnsupportedError
from edgekit.targets.model import Target


@dataclass(frozen=True, slots=True)
class Code:
    """Generated C with its plan; `source` is None for targets that take the .tflite alone.

    `extra` holds further files of the bundle as text by path; `constants` are bytes of weights
    and of all other constant data; `fit` is what it needs of the target's memories.
    """

    source: CSource | None = None
    steps: tuple[StepInfo, ...] = ()
    memory: MemorySummary | None = None
    coding: CodingSummary | None = None
    weights_bytes: int = 0
    constants_bytes: int = 0
    extra: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    fit: FitResult | None = None


def generate(
    graph: Graph,
    target: Target,
    options: ConvertOptions,
    model: bytes,
    *,
    labels: tuple[str, ...],
    tool_version: str,
    others: Iterable[Target] = (),
    stored: Graph | None = None,
) -> Code:
    """C for a target that runs C, or the reason why there is none as a note.

    `stored` is the graph that `model` holds, where that is another than `graph`.
    On microcontrollers nothing else runs, so there what cannot be generated is an error.
    Raises UnsupportedError and DoesNotFitError.
    """
    extra = _tflm(stored or graph, model, tool_version) if options.code_format == "tflm" else {}
    if "c" not in target.formats:
        return Code(extra=extra, notes=_unused(target, options))
    others = tuple(others)
    target, restriction = restricted(target, options.code_format)
    coding = options.compress_weights or ("layer" if has_halves(graph) else None)
    try:
        program, whole, budgeted = _planned(graph, target, options, others, coding)
    except UnsupportedError as error:
        if target.family == "cortex-m":
            raise
        return Code(extra=extra, notes=(_without(error), *_unused(target, options)))
    shape = graph[graph.inputs[0]].shape
    fit = require_fit(
        footprint(budgeted.program, budgeted.memory),
        target,
        model=graph.name,
        input_shape=shape,
        others=others,
        rescue=lambda: spread.rescue(program, target, options.arena),
        unplaced=spread.unplaced(budgeted, target, options.arena),
    )
    found = replace(_emitted(graph, budgeted, target, model, labels, tool_version, extra), fit=fit)
    if coding is not None:
        _, _, plain = _planned(graph, target, options, others, None)
        summary = coding_summary(
            coding,
            budgeted.program,
            budgeted.memory.arena_bytes,
            plain.program,
            plain.memory.arena_bytes,
        )
        notes = (*found.notes, *coding_notes(summary, graph.name))
        found = replace(found, coding=summary, notes=notes)
    found = replace(found, notes=(*restriction, *found.notes))
    note = bench_note(
        fit, target, graph.name, lambda most: spread.smaller(whole, program, target, most)
    )
    return found if note is None else replace(found, notes=(*found.notes, note))


def _planned(
    graph: Graph,
    target: Target,
    options: ConvertOptions,
    others: tuple[Target, ...],
    coding: str | None,
) -> tuple[Program, budget.Budgeted, budget.Budgeted]:
    """The program as lowered, planned as one block, and as it will be."""
    lowered = partial(_lowered, graph, target, options, coding)
    program = lowered()
    whole = budget.within(program, options.ram_budget, graph.name)
    spread_out = spread.over(whole, program, target, options.arena, others)
    filled = headroom.filled(spread_out, program, target, lambda room: lowered(room=room))
    return program, whole, filled


def _lowered(
    graph: Graph,
    target: Target,
    options: ConvertOptions,
    coding: str | None,
    room: Mapping[str, int] = NO_ROOM,
) -> Program:
    """The program, its weights coded if that was asked for; those of float16 always are."""
    program = lower(graph, target, all_channels=options.all_channels, room=room)
    return program if coding is None else coded_program(program, target, coding)


def _emitted(
    graph: Graph,
    budgeted: budget.Budgeted,
    target: Target,
    model: bytes,
    labels: tuple[str, ...],
    tool_version: str,
    extra: Mapping[str, str],
) -> Code:
    program, memory = budgeted.program, budgeted.memory
    source = emit_c(
        program,
        memory,
        name=graph.name,
        model_sha256=hashlib.sha256(model).hexdigest(),
        target=target,
        tool_version=tool_version,
        labels=labels,
    )
    steps = steps_info(program, memory)
    weights = sum(stored.flash for stored in program.stored) or sum(
        array.bytes for array in program.constants if array.what == "weights"
    )
    left_out = left_out_note(graph, program)
    slow = soft_float_note(target.name, target.cpu.flags, program.kernels)
    return Code(
        source,
        steps,
        memory_summary(memory, budgeted.price),
        None,
        weights,
        program.constant_bytes - weights,
        extra,
        (*budgeted.notes, *(note for note in (slow, left_out) if note is not None)),
    )


def left_out_note(graph: Graph, program: Program) -> Note | None:
    """How much of the model makes channels that no input changes, if any."""
    whole, rest = graph_cost(graph).macs, program.macs
    if rest >= whole:
        return None
    found = (
        f"{whole - rest:,} of {whole:,} multiply-accumulates make channels that no input changes"
    )
    advice = "the generated C leaves them out; the outputs are the same bit for bit"
    return Note("constant-channels", graph.name, found, advice, level="info")


def _tflm(graph: Graph, model: bytes, tool_version: str) -> dict[str, str]:
    """The model as a C array for TensorFlow Lite Micro, under tflm/<name>/."""
    files = emit_tflm(
        model,
        (node.op.NAME for node in graph.nodes),
        name=graph.name,
        model_sha256=hashlib.sha256(model).hexdigest(),
        tool_version=tool_version,
    )
    return {f"tflm/{graph.name}/{name}": text for name, text in files.items()}


def _unused(target: Target, options: ConvertOptions) -> tuple[Note, ...]:
    if options.compress_weights is None:
        return ()
    found = "coded weights are for generated C, and there is none"
    advice = "leave out --compress-weights, or name a target that runs C"
    return (Note("not-compressed", target.name, found, advice),)


def _without(error: UnsupportedError) -> Note:
    return Note(
        "no-c",
        error.subject,
        f"no C was generated: {error.found}",
        "the .tflite runs here through an interpreter; microcontrollers need the C",
    )
