"""Generated C, compiled for this machine and called through ctypes with an arena of the test's."""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.emit.c import CSource, emit_c
from edgekit.converter.ir.graph import Graph
from edgekit.converter.lower.lower import lower
from edgekit.converter.lower.program import Program
from edgekit.converter.lower.select import source_path
from edgekit.converter.plan.plan import MemoryPlan, plan
from edgekit.targets.model import Cpu, Link, Target
from tests.helpers.toolchains import compile_c

Array = NDArray[Any]
FIRMWARE = Path(__file__).parent.parent.parent / "firmware_stubs"
INCLUDE = FIRMWARE / "include"
CANARY = 64
"""Bytes after the arena that nothing may touch."""

TARGET = Target(
    name="test-board",
    title="a board for tests",
    family="cortex-m",
    cpu=Cpu(name="cortex-test", arch="armv7e-m", toolchain="arm-none-eabi"),
    clock_hz=100_000_000,
    link=Link(kind="serial"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Generated:
    """A graph with everything that was made from it."""

    graph: Graph
    program: Program
    memory: MemoryPlan
    name: str
    source: CSource


def generate(
    graph: Graph,
    name: str,
    *,
    model: bytes = b"",
    labels: Sequence[str] = (),
    target: Target = TARGET,
    rewrite: Callable[[Program], Program] = lambda program: program,
) -> Generated:
    """Lower, plan and emit with a fixed version; `rewrite` changes what was lowered."""
    program = rewrite(lower(graph, target))
    memory = plan(program)
    digest = hashlib.sha256(model or name.encode()).hexdigest()
    source = emit_c(
        program,
        memory,
        name=name,
        model_sha256=digest,
        target=target,
        tool_version="0.0.test",
        labels=tuple(labels),
    )
    return Generated(graph, program, memory, name, source)


def write(generated: Generated, folder: Path) -> list[Path]:
    """Write the generated files; returns the C sources of the library."""
    for path, text in generated.source.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return [folder / f"{generated.name}.c", folder / f"{generated.name}_weights.c"]


def kernel_paths(functions: Sequence[str]) -> list[Path]:
    """The kernel sources of the working tree."""
    return [FIRMWARE / "kernels" / source_path(function) for function in functions]


def build(models: Sequence[Generated], folder: Path, *flags: str) -> ctypes.CDLL:
    """One shared library with all models and the kernels they use."""
    sources = [path for model in models for path in write(model, folder)]
    kernels = sorted({kernel for model in models for kernel in model.source.kernels})
    library = folder / "libmodels.so"
    includes = (f"-I{INCLUDE}", f"-I{folder}")
    compile_c(
        "gcc", "-O1", "-fPIC", "-shared", *flags, *includes, "-o", library,
        *sources, *kernel_paths(kernels),
    )  # fmt: skip
    return ctypes.CDLL(str(library))


def run_c(
    library: ctypes.CDLL, generated: Generated, inputs: Sequence[Array], *, poison: int = 0
) -> list[Array]:
    """One inference in an arena filled with random bytes; asserts that the canary survives."""
    memory, program, name = generated.memory, generated.program, generated.name
    room = np.random.default_rng(poison).integers(
        0, 256, memory.arena_bytes + 16 + 2 * CANARY, dtype=np.uint8
    )
    start = CANARY + -(room.ctypes.data + CANARY) % 16
    arena = room[start : start + memory.arena_bytes]
    before, after = room[:start].copy(), room[start + memory.arena_bytes :].copy()
    for port, value in zip(program.inputs, inputs, strict=True):
        data = np.frombuffer(np.ascontiguousarray(value).tobytes(), np.uint8)
        offset = memory.offset(port.buffer)
        arena[offset : offset + port.bytes] = data
    invoke = getattr(library, f"{name}_invoke")
    invoke.argtypes, invoke.restype = [ctypes.c_void_p], None
    invoke(arena.ctypes.data)
    assert np.array_equal(room[:start], before), "bytes before the arena changed"
    assert np.array_equal(room[start + memory.arena_bytes :], after), "bytes after it changed"
    found = []
    for port in program.outputs:
        offset = memory.offset(port.buffer)
        result = arena[offset : offset + port.bytes].tobytes()
        found.append(np.frombuffer(result, port.dtype.numpy).reshape(port.shape))
    return found
