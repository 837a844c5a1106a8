"""Layers of real networks with their `neon` kernels, executed instructions counted in QEMU.

The emulator of user programs translates one instruction at a time and logs each before it runs
(`-d exec`); lines within a kernel and the helpers in its file are its instructions. What it calls
in the C library is not among them.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from edgekit.converter.lower import select
from edgekit.converter.lower.calls import Call, Value
from edgekit.converter.lower.operators import LOWERINGS
from edgekit.converter.lower.variants import Request
from edgekit.firmware_stubs import catalog
from tests.helpers import counted_layers, neon_cases
from tests.helpers.neon_calls import Sample
from tests.helpers.packed_cases import PackedCase, reference
from tests.helpers.toolchains import require, run

CORES = {"neon": "-mcpu=cortex-a72", "neondot": "-march=armv8.2-a+dotprod"}
LAYERS = (
    "conv 3x3 s2 3->8 of 48x48",
    "conv 3x3 16->16 of 16x16",
    "conv 1x1 8->16 of 24x24",
    "conv 1x1 32->64 of 12x12",
    "conv 1x1 128->128 of 6x6",
    "depthwise 3x3 64 of 12x12",
    "depthwise 3x3 s2 128 of 6x6",
    "depthwise 5x5 32 of 12x12",
    "dense 640->128",
    "dense 64->10",
    "average pool 25x5 of 64",
    "average pool 3x3 of 256",
    "max pool 2x2 of 16x16x16",
    "add 16x16x32",
    "sub 16x16x8",
    "mul 16x16x8",
    "maximum 16x16x8",
    "logistic 1024",
    "mean 7x7x320",
)


@dataclass(frozen=True, slots=True)
class Counted:
    """One layer with one kernel: what the cost model said and what was executed."""

    layer: str
    kernel: str
    estimate: int
    count: int

    @property
    def ratio(self) -> float:
        return self.count / self.estimate


@cache
def counted(isa: str) -> tuple[Counted, ...]:
    """Every layer with every kernel of the folder that can."""
    require(neon_cases.COMPILER, neon_cases.EMULATOR)
    wanted = [(layer, *row) for layer in LAYERS for row in _kernels(layer, isa)]
    cases = [case for _, _, _, case in wanted]
    with tempfile.TemporaryDirectory(prefix="edgekit-counted-") as folder:
        counts = _counts(cases, Path(folder), CORES[isa])
    return tuple(
        Counted(layer, kernel.function, select.cost(kernel, request), count)
        for (layer, kernel, request, _), count in zip(wanted, counts, strict=True)
    )


def _kernels(layer: str, isa: str) -> Iterator[tuple[select.Kernel, Request, PackedCase]]:
    graph = counted_layers.graph([layer])
    (node,) = graph.nodes
    (call,) = LOWERINGS[type(node.op)](graph, node)
    request, rng = Request(call), np.random.default_rng(1)
    shapes = [graph[arg.tensor].shape for arg in call.args if isinstance(arg, Value)]
    inputs = [rng.integers(-128, 128, shape, dtype=np.int8) for shape in shapes]
    for kernel in select.kernel_table()[call.family]:
        if kernel.isa == isa and select.broken(kernel, request) is None:
            yield kernel, request, _case(kernel, call, inputs, graph[node.output].size)


def _case(kernel: select.Kernel, call: Call, inputs: list[np.ndarray], outputs: int) -> PackedCase:
    sample = Sample(call, tuple(inputs), reference(call, inputs, outputs))
    tables = [a.values.reshape(-1) for a in call.args if getattr(a, "suffix", "") == "lut"]
    return neon_cases.neon_case(kernel, Sample(call, (*tables, *sample.inputs), sample.expected))


def _counts(cases: Sequence[PackedCase], folder: Path, core: str) -> list[int]:
    """Instructions of each case, in order."""
    program = neon_cases.program(neon_cases.COMPILER, cases, folder, core, "-static", "-O3")
    ranges = _functions(program, {case.function for case in cases}, folder, core)
    spans = ",".join(f"{start:#x}+{size:#x}" for start, size in ranges.values())
    command = [neon_cases.EMULATOR, *_one_at_a_time(), "-d", "exec,nochain", "-dfilter", spans]
    words = [*command, str(program), str(folder / "cases.bin")]
    entries = {ranges[case.function][0] for case in cases}
    counts: list[int] = []
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stderr:
            if not line.startswith("Trace"):
                continue
            at = int(line.split("/", 2)[1], 16)
            if at in entries:
                counts.append(0)
            counts[-1] += 1
        said = process.stdout.read()
    assert f"{len(cases)} cases, 0 failures" in said
    return counts


def _one_at_a_time() -> tuple[str, ...]:
    """The emulator's option for one instruction a block, which has two names."""
    words = run([neon_cases.EMULATOR, "--help"]).stdout
    return ("-one-insn-per-tb",) if "one-insn-per-tb" in words else ("-singlestep",)


def _functions(
    program: Path, kernels: set[str], folder: Path, core: str
) -> dict[str, tuple[int, int]]:
    """Start and size of the kernels and of the functions in their files."""
    own: set[str] = set(kernels)
    for kernel in kernels:
        file = folder / "alone.o"
        source = catalog.kernel_source(kernel)
        words = [neon_cases.COMPILER, core, "-O3", f"-I{catalog.INCLUDE}", "-c", source, "-o", file]
        assert run(words).returncode == 0
        own |= {name for name, _ in _symbols(file)}
    return {name: place for name, place in _symbols(program) if name in own}


def _symbols(file: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    """Functions with start and size."""
    tool = neon_cases.COMPILER.replace("gcc", "nm")
    for line in run([tool, "-S", file]).stdout.splitlines():
        words = line.split()
        if len(words) == 4 and words[2] in "tT":
            yield words[3], (int(words[0], 16), int(words[1], 16))
