"""The C of many graphs in one program, on the host or in QEMU, against the interpreter."""

from __future__ import annotations

import subprocess
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from edgekit.converter.emit.c import CSource, emit_c
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph
from edgekit.converter.ir.ops_binary import BINARY
from edgekit.converter.lower.lower import lower
from edgekit.converter.lower.program import Program
from edgekit.converter.plan.lifetimes import aligned
from edgekit.converter.plan.plan import MemoryPlan, plan
from edgekit.targets.model import Target
from tests.conformance.against_references import FLOAT_FLOOR, FLOAT_TOLERANCE, Values, largest
from tests.conformance.maker import Array
from tests.helpers.generated_c import INCLUDE, kernel_paths
from tests.helpers.spread import spread
from tests.helpers.striped import striped
from tests.helpers.toolchains import STRICT, Machine, require, run

HERE = Path(__file__).parent
FIRMWARE_TEST = INCLUDE.parent / "test"
JOBS = 2
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g")


@dataclass(frozen=True, slots=True, eq=False)
class Emitted:
    """One graph's C, with samples of its inputs and what the interpreter makes of them."""

    name: str
    graph: Graph
    program: Program
    memory: MemoryPlan
    source: CSource
    samples: tuple[tuple[tuple[Array, ...], tuple[Array, ...]], ...]
    peak: float
    """The largest magnitude of its float activations."""

    @property
    def part(self) -> float:
        """By which part of the largest a float32 output may be off."""
        return FLOAT_TOLERANCE if self.rounds else 0.0

    @property
    def floor(self) -> float:
        """By how much it may be off in any case."""
        return FLOAT_FLOOR * self.peak if self.rounds else 0.0

    @property
    def rounds(self) -> bool:
        """Whether it computes in float32, where the order of a sum shows in the result."""
        graph, exact = self.graph, (ops.Quantize, ops.Dequantize, *BINARY)
        inner = [node for node in graph.nodes if not isinstance(node.op, exact)]
        return any(graph[name].dtype is DType.FLOAT32 for node in inner for name in node.outputs)

    @property
    def room(self) -> int:
        """Bytes of RAM that driver.c needs for it: the arena and the largest input or output."""
        ports = (*self.program.inputs, *self.program.outputs)
        return self.memory.arena_bytes + max(port.bytes for port in ports)

    @property
    def bytes(self) -> bytes:
        """Inputs and expected outputs of all samples, as driver.c reads them."""
        return b"".join(
            array.tobytes() for sample in self.samples for part in sample for array in part
        )


def emit(
    graph: Graph,
    name: str,
    target: Target,
    samples: Sequence[Sequence[Array]],
    expected: Sequence[Values],
    stripes: bool = False,
    spreads: bool = False,
) -> Emitted:
    """Lower, plan (the plan checks itself), emit. Raises UnsupportedError without a kernel.

    With `stripes` the steps that can be run so are cut into cascades at random, with `spreads` the
    arena lies in several memories of random sizes where it can be had so.
    """
    program = lower(graph, target)
    if stripes:
        program = striped(program, zlib.crc32(graph.name.encode()))
    memory = plan(program)
    if spreads:
        memory = spread(program, memory, zlib.crc32(graph.name.encode()))
    source = emit_c(
        program, memory, name=name, model_sha256="0" * 64, target=target, tool_version="0.0.test"
    )
    pairs = tuple(
        (tuple(inputs), tuple(values[output] for output in graph.outputs))
        for inputs, values in zip(samples, expected, strict=True)
    )
    peak = max(largest(values, graph.activations()) for values in expected)
    return Emitted(name, graph, program, memory, source, pairs, peak)


# ------------------------------------------------------------------------------------ building


@dataclass(frozen=True, slots=True)
class Compiler:
    """A compiler with its flags; `objects` keeps the kernels it has compiled."""

    command: str
    flags: tuple[str, ...]
    objects: Path

    def compile(self, sources: Sequence[Path], folder: Path, *flags: str) -> list[Path]:
        """Object files in `folder`, by two processes at a time."""
        folder.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(JOBS) as pool:
            return list(pool.map(lambda source: self._one(source, folder, flags), sources))

    def kernels(self, functions: Sequence[str]) -> list[Path]:
        """Object files of kernels, each compiled once."""
        paths = kernel_paths(functions)
        missing = [path for path in paths if not self._object(path, self.objects).exists()]
        self.compile(missing, self.objects)
        return [self._object(path, self.objects) for path in paths]

    def link(self, objects: Sequence[Path], program: Path, *flags: str) -> None:
        """Link; the compiler's words are the failure."""
        self._run([*map(str, objects), *flags, "-lm", "-o", str(program)])

    def _one(self, source: Path, folder: Path, flags: Sequence[str]) -> Path:
        result = self._object(source, folder)
        includes = (f"-I{INCLUDE}", f"-I{source.parent}")
        self._run([*flags, *includes, "-c", str(source), "-o", str(result)])
        return result

    @staticmethod
    def _object(source: Path, folder: Path) -> Path:
        return folder / f"{source.parent.name}-{source.stem}.o"

    def _run(self, words: Sequence[str]) -> None:
        done = run([self.command, *STRICT, *self.flags, *words])
        assert done.returncode == 0, f"{self.command} {' '.join(words)}\n{done.stderr}"


def build(
    models: Sequence[Emitted], compiler: Compiler, folder: Path, *link: str, board: bool
) -> Path:
    """The program that runs all models, with its samples beside it."""
    require(compiler.command)
    sources = [_write(model, folder) for model in models]
    arena = max(sum(map(aligned, model.memory.block_bytes)) for model in models)
    (folder / "cases.h").write_text(_cases_header(models, arena), encoding="utf-8")
    (folder / "cases.c").write_text(_cases_table(models), encoding="utf-8")
    (folder / "samples.bin").write_bytes(b"".join(model.bytes for model in models))
    drivers = [HERE / "driver.c", HERE / f"driver_{'board' if board else 'host'}.c"]
    drivers += [FIRMWARE_TEST / "qemu_start.c"] * board
    objects = compiler.compile([*sources, folder / "cases.c"], folder / "obj")
    objects += compiler.compile(drivers, folder / "obj", f"-I{folder}")
    functions = sorted({kernel for model in models for kernel in model.source.kernels})
    program = folder / "conformance.elf"
    compiler.link([*objects, *compiler.kernels(functions)], program, *link)
    return program


def _write(model: Emitted, folder: Path) -> Path:
    """The model's files, and one that includes both sources: compilers start slowly."""
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in model.source.files.items():
        if "/" not in path and path.endswith((".c", ".h")):
            (folder / path).write_text(text, encoding="utf-8")
    whole = folder / f"{model.name}_whole.c"
    whole.write_text(f'#include "{model.name}.c"\n#include "{model.name}_weights.c"\n')
    return whole


def _cases_header(models: Sequence[Emitted], arena: int) -> str:
    widest = max(port.bytes for m in models for port in (*m.program.inputs, *m.program.outputs))
    return "\n".join(
        (
            "#ifndef CASES_H",
            "#define CASES_H",
            '#include "ek_model.h"',
            f"#define EK_CASES {len(models)}",
            f"#define EK_CASE_SAMPLES {len(models[0].samples)}",
            f"#define EK_CASE_BYTES {widest}",
            f"#define EK_CASE_ARENA {arena}",
            f"#define EK_CASE_BLOCKS {max(len(m.memory.block_bytes) for m in models)}",
            "extern const ek_model_t *const ek_case_models[EK_CASES];",
            "/* Of float32 outputs: a part of the largest, and what never counts; 0: exact. */",
            "typedef struct {",
            "    float part, floor;",
            "} ek_case_close_t;",
            "extern const ek_case_close_t ek_case_close[EK_CASES];",
            "uint8_t *ek_case_block(int index, uint32_t bytes); /* in their order */",
            "uint8_t *ek_case_guard(int index); /* before block `index`, or after the last */",
            "void ek_case_done(void);",
            "#endif",
            "",
        )
    )


def _cases_table(models: Sequence[Emitted]) -> str:
    return "\n".join(
        (
            '#include "cases.h"',
            *(f'#include "{model.name}.h"' for model in models),
            "const ek_model_t *const ek_case_models[EK_CASES] = {",
            *(f"    &{model.name}_model," for model in models),
            "};",
            "const ek_case_close_t ek_case_close[EK_CASES] = {",
            *(f"    {{{model.part:.1e}f, {model.floor:.1e}f}}," for model in models),
            "};",
            "",
        )
    )


# ------------------------------------------------------------------------------------- running


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the program printed: the models that differ, by name, with their line."""

    differing: dict[str, str]
    output: str
    status: int

    @property
    def words(self) -> str:
        """The output; a program that a signal ended has none."""
        return self.output.strip() or f"ended with status {self.status}"

    @property
    def complete(self) -> bool:
        """Whether every model had its turn."""
        return self.output.rstrip().endswith("models equal") and self.status in (0, 1)


def outcome(done: subprocess.CompletedProcess[str]) -> Outcome:
    """The program's words. A program that did not come to its end counts by its status."""
    lines = [line for line in done.stdout.splitlines() if ": sample " in line]
    differing = {line.partition(":")[0]: line for line in reversed(lines)}
    return Outcome(differing, done.stdout + done.stderr, done.returncode)


def run_on_host(program: Path, seconds: float = 120, emulator: Sequence[str] = ()) -> Outcome:
    """Run the program beside its samples, one for another processor in an emulator."""
    done = subprocess.run(
        [*emulator, str(program)],
        capture_output=True,
        text=True,
        check=False,
        cwd=program.parent,
        timeout=seconds,
        errors="replace",
    )
    return outcome(done)


def run_in_qemu(machine: Machine, program: Path, seconds: float = 300) -> Outcome:
    """Boot the program on a machine; its file is read through semihosting."""
    require("qemu-system-arm")
    options = "-nographic -monitor none -serial none -semihosting-config enable=on,target=native"
    command = ["qemu-system-arm", "-M", machine.name, *options.split(), "-kernel", str(program)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=program.parent, timeout=seconds
    )
    return outcome(done)


def board_link(machine: Machine) -> tuple[str, ...]:
    """Link flags for a program that boots on `machine`."""
    places = zip(
        ("TEXT", "DATA", "STACK"), (machine.text, machine.data, machine.stack), strict=True
    )
    return (
        *("-nostartfiles", "--specs=rdimon.specs", "-Wl,--gc-sections"),
        *("-T", str(FIRMWARE_TEST / "qemu.ld")),
        *(f"-Wl,--defsym=EK_{name}={at:#x}" for name, at in places),
    )


@cache
def host_target() -> Target:
    """Any C11 processor: the portable kernels."""
    from tests.helpers.generated_c import TARGET

    return TARGET
