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
from edgekit.converter.lower.program import Port, Program
from edgekit.converter.lower.select import source_path
from edgekit.converter.plan.fit import MOST_BLOCKS
from edgekit.converter.plan.lifetimes import lifetimes
from edgekit.converter.plan.plan import MemoryPlan, plan
from edgekit.converter.plan.split import Room, split
from edgekit.converter.plan.traffic import touched
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
    memories: Sequence[tuple[str, float]] = (),
) -> Generated:
    """Lower, plan and emit with a fixed version; `rewrite` changes what was lowered.

    The arena is spread over `memories`, each with a share of what it takes as one block.
    """
    program = rewrite(lower(graph, target))
    memory = plan(program)
    if memories:
        sizes = [(name, int(memory.arena_bytes * share)) for name, share in memories]
        rooms = [Room(name, size, index) for index, (name, size) in enumerate(sizes)]
        spread = split(memory, lifetimes(program), rooms, touched(program))
        assert spread is not None, f"{name} does not fit {sizes}"
        memory = spread
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
    """One inference in an arena filled with random bytes; asserts that the canaries survive.

    Each block of an arena of several has an array, and canaries, of its own.
    """
    memory, program, name = generated.memory, generated.program, generated.name
    blocks = [_Block(size, poison + index) for index, size in enumerate(memory.block_bytes)]
    addresses = (ctypes.c_void_p * MOST_BLOCKS)(*(block.data.ctypes.data for block in blocks))
    if program.decoders:
        _init(library, name, blocks, addresses)
    for port, value in zip(program.inputs, inputs, strict=True):
        data = np.frombuffer(np.ascontiguousarray(value).tobytes(), np.uint8)
        _part(blocks, memory, port)[:] = data
    invoke = getattr(library, f"{name}_invoke")
    invoke.argtypes, invoke.restype = [ctypes.c_void_p], None
    invoke(addresses if len(blocks) > 1 else addresses[0])
    for block in blocks:
        block.check()
    return [
        np.frombuffer(_part(blocks, memory, port).tobytes(), port.dtype.numpy).reshape(port.shape)
        for port in program.outputs
    ]


def _init(library: ctypes.CDLL, name: str, blocks: Sequence[_Block], addresses: Any) -> None:
    """What expands weights that are kept in the arena."""
    init = getattr(library, f"{name}_init")
    sizes = [ctypes.c_size_t(block.data.size) for block in blocks]
    places = [ctypes.c_void_p(block.data.ctypes.data) for block in blocks]
    pairs = [word for pair in zip(places, sizes, strict=True) for word in pair]
    assert init(*([addresses] if len(blocks) > 1 else []), *pairs) == 0


class _Block:
    """Aligned bytes between two canaries, all random."""

    def __init__(self, size: int, seed: int) -> None:
        self._room = np.random.default_rng(seed).integers(
            0, 256, size + 16 + 2 * CANARY, dtype=np.uint8
        )
        start = CANARY + -(self._room.ctypes.data + CANARY) % 16
        self.data = self._room[start : start + size]
        self._around = (slice(None, start), slice(start + size, None))
        self._before = [self._room[part].copy() for part in self._around]

    def check(self) -> None:
        for part, before, where in zip(
            self._around, self._before, ("before", "after"), strict=True
        ):
            assert np.array_equal(self._room[part], before), f"bytes {where} the arena changed"


def _part(blocks: Sequence[_Block], memory: MemoryPlan, port: Port) -> Array:
    placed = memory.placement(port.buffer)
    return blocks[placed.block].data[placed.offset : placed.offset + port.bytes]
