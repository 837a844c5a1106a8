"""The model as a C library: what `convert` puts into `c/`, except the kernels themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edgekit.artifacts.bundle import StepInfo
from edgekit.converter.emit.c_header import header
from edgekit.converter.emit.c_project import cmake_lists, example
from edgekit.converter.emit.c_source import source
from edgekit.converter.emit.c_weights import weights_header, weights_source
from edgekit.converter.emit.sheet import Sheet
from edgekit.converter.lower.program import Program
from edgekit.converter.plan.plan import MemoryPlan
from edgekit.targets.model import Target


@dataclass(frozen=True, slots=True)
class CSource:
    """Generated text by path below `c/`, and the kernel functions it calls, sorted.

    The caller adds kernels/<isa>/<family>.c for each kernel, and include/*.h.
    """

    files: Mapping[str, str]
    kernels: tuple[str, ...]


def emit_c(
    program: Program,
    memory: MemoryPlan,
    *,
    name: str,
    model_sha256: str,
    target: Target,
    tool_version: str,
    labels: tuple[str, ...] = (),
) -> CSource:
    """C11 sources of a planned program; equal arguments give equal bytes.

    `name` is a C identifier and prefixes every symbol; `labels` name the classes of the output.
    """
    assert name.isidentifier(), f"{name!r} cannot prefix C symbols"
    sheet = Sheet(program, memory, name, model_sha256, target, tool_version, labels)
    files = {
        f"{name}.h": header(sheet),
        f"{name}.c": source(sheet),
        f"{name}_weights.h": weights_header(sheet),
        f"{name}_weights.c": weights_source(sheet),
        "CMakeLists.txt": cmake_lists(sheet),
        "example/main.c": example(sheet),
    }
    return CSource(files, program.kernels)


def steps_info(program: Program, memory: MemoryPlan) -> tuple[StepInfo, ...]:
    """The steps as the bundle's manifest records them."""
    found = []
    for index, step in enumerate(program.steps):
        placed = memory.placement(step.writes[0])
        found.append(
            StepInfo(
                index=index,
                name=step.name,
                operator=step.operator,
                kernel=step.kernel,
                output_shape=step.output_shape,
                macs=step.macs,
                weight_bytes=step.weight_bytes,
                scratch_bytes=step.scratch_bytes,
                arena=(placed.offset, placed.offset + placed.size),
                memory=memory.blocks[placed.block].memory if len(memory.blocks) > 1 else "",
                layer=step.layer,
                estimate=step.cost,
                refused=step.refused,
            )
        )
    return tuple(found)
