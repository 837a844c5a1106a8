"""Cases for kernels with packed weights: prepared here, computed by `ref`, run in QEMU or natively.

    case = packed_case(select.Kernel(...), call, [x], expected)
    done = run_on(BOARDS["virtual-m4"], [case, ...], folder)       # prints what differs

The converter's own packing prepares the constants, so a wrong packing fails as a wrong kernel does.
`firmware_stubs/test/packed_main.c` is the program and describes the file.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgekit.converter.fixed_point import Requant
from edgekit.converter.lower.calls import Array as ConstArray
from edgekit.converter.lower.calls import Call, Kept, Result, Value
from edgekit.converter.lower.program import NumberArg, ParamsArg
from edgekit.converter.lower.select import PACKINGS, SCRATCHES, Kernel, kernel_table
from edgekit.converter.lower.variants import Request
from edgekit.firmware_stubs import catalog
from tests.helpers.kernel_library import load, requants
from tests.helpers.toolchains import MACHINES, compile_c, require, run

Array = npt.NDArray[np.generic]
TESTS = catalog.ROOT / "test"
GUARD = b"\xa5" * 32
COUNTING = "ek_lut_s8__"
"""Kernels whose first argument is how many elements there are."""


@dataclass(frozen=True, slots=True)
class Board:
    """A machine, how to compile for its core, a memory for the cases, its tick counter."""

    machine: str
    core: tuple[str, ...]
    cases_at: int
    counter: int


BOARDS = {
    "virtual-m3": Board("mps2-an385", ("-mcpu=cortex-m3",), 0x21000000, 0x40028018),
    "virtual-m4": Board(
        "mps2-an386",
        ("-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"),
        0x21000000,
        0x40028018,
    ),
    "virtual-m7": Board(
        "mps2-an500",
        ("-mcpu=cortex-m7", "-mfpu=fpv5-d16", "-mfloat-abi=hard"),
        0x60000000,
        0x40028018,
    ),
    "virtual-m33": Board(
        "mps2-an505",
        ("-mcpu=cortex-m33", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard"),
        0x80000000,
        0x50302018,
    ),
    "virtual-m55": Board(
        "mps3-an547", ("-mcpu=cortex-m55", "-mfpu=auto", "-mfloat-abi=hard"), 0x60000000, 0x59302018
    ),
}


@dataclass(frozen=True, slots=True)
class PackedCase:
    """One call: `inputs` are placed `skew` bytes off a multiple of 16.

    `tables` are the model's own arrays that precede the inputs; `params` of a call without
    parameters is its leading number.
    """

    function: str
    params: bytes
    inputs: tuple[bytes, ...]
    constants: tuple[bytes, ...]
    expected: bytes
    scratch: int
    skew: int = 0
    tables: tuple[bytes, ...] = ()
    after: tuple[bytes, ...] = ()
    """What states, the last of the inputs, hold afterwards."""


@dataclass(slots=True)
class _File:
    words: list[int] = field(default_factory=list)
    data: bytearray = field(default_factory=bytearray)

    def put(self, content: bytes, skew: int = 0) -> int:
        """The offset of `content` behind the words, which are counted later."""
        self.data += GUARD[:16]
        self.data += b"\xa5" * (-len(self.data) % 16 + skew)
        at = len(self.data)
        self.data += content + GUARD
        return at


def params_bytes(call: Call) -> bytes:
    """The call's parameter structure as it lies in memory on a little-endian machine."""
    words: list[int] = []
    assert call.params is not None
    for _, value in call.params.fields:
        match value:
            case Requant():
                words += [value.multiplier, value.shift]
            case tuple():
                words += value
            case _:
                words.append(value)
    return np.array(words, np.int32).tobytes()


def packed_case(
    kernel: Kernel, call: Call, inputs: Sequence[Array], expected: Array, skew: int = 0
) -> PackedCase:
    """A case of `kernel` for a call."""
    request = Request(call)
    constants = PACKINGS[kernel.packing](request) if kernel.packing else ()
    own = () if kernel.packing else [a.values for a in call.args if isinstance(a, ConstArray)]
    return PackedCase(
        function=kernel.function,
        params=params_bytes(call) if call.params else np.int32(request.count).tobytes(),
        inputs=tuple(np.ascontiguousarray(x).tobytes() for x in inputs),
        constants=tuple(np.ascontiguousarray(a.values).tobytes() for a in constants),
        expected=expected.tobytes(),
        scratch=SCRATCHES[kernel.scratch](request),
        skew=skew,
        tables=tuple(np.ascontiguousarray(values).tobytes() for values in own),
        after=tuple(state.tobytes() for state in states_after(call, inputs, expected.size)),
    )


def reference(call: Call, inputs: Sequence[Array], outputs: int) -> Array:
    """What the family's `ref` kernel computes, shape (outputs,)."""
    if any(isinstance(arg, Kept) for arg in call.args):
        return _with_states(call, inputs, outputs)[0]
    library, request = load(), Request(call)
    y = np.zeros(outputs, np.int16 if call.family.endswith("s16w8") else np.int8)
    params = np.frombuffer(params_bytes(call), np.int32) if call.params else None
    arrays = {arg.suffix: arg.values for arg in call.args if isinstance(arg, ConstArray)}
    constants = [np.ascontiguousarray(arrays[name]) for name in ("w", "b") if name in arrays]
    if constants:
        q = requants(request.factors if request.number("q_step") else request.factors[:1])
        library.call(f"ek_{call.family}__ref", params, q, *inputs, *constants, y)
    else:
        given = iter(inputs)
        args: list[Any] = []
        for arg in call.args:
            match arg:
                case ParamsArg():
                    args.append(params)
                case NumberArg():
                    args.append(int(arg.value))
                case ConstArray():
                    args.append(np.ascontiguousarray(arg.values))
                case Value():
                    args.append(next(given))
                case Result():
                    args.append(y)
        library.call(f"ek_{call.family}__ref", *args)
    return y


def states_after(call: Call, inputs: Sequence[Array], outputs: int) -> list[Array]:
    """What `ref` leaves in the states of a call, the last of its inputs."""
    has_states = any(isinstance(arg, Kept) for arg in call.args)
    return _with_states(call, inputs, outputs)[1] if has_states else []


def _with_states(call: Call, inputs: Sequence[Array], outputs: int) -> tuple[Array, list[Array]]:
    y = np.zeros(outputs, np.int8)
    given, states, args = iter(inputs), [], list[Any]()
    for arg in call.args:
        match arg:
            case ParamsArg():
                args.append(np.frombuffer(params_bytes(call), np.int32))
            case ConstArray() if arg.suffix == "q":
                args.append(requants(arg.values))
            case ConstArray():
                args.append(np.ascontiguousarray(arg.values))
            case Value():
                args.append(next(given))
            case Kept():
                states.append(next(given).copy())
                args.append(states[-1])
            case Result():
                args.append(y)
    load().call(f"ek_{call.family}__ref", *args)
    return y, states


def write_cases(cases: Sequence[PackedCase], functions: Sequence[str]) -> bytes:
    """The file that packed_main.c reads."""
    file = _File()
    layout: list[tuple[PackedCase, list[tuple[int, int, int]]]] = []
    for case in cases:
        rows = [(file.put(case.params), len(case.params), 0)]
        rows += [(file.put(t), len(t), 0) for t in case.tables]
        plain = len(case.inputs) - len(case.after)
        rows += [(file.put(x, case.skew), len(x), 0) for x in case.inputs[:plain]]
        for state, after in zip(case.inputs[plain:], case.after, strict=True):
            expected = file.put(after)
            rows.append((file.put(state), len(state), expected))
        rows += [(file.put(c), len(c), 0) for c in case.constants]
        expected = file.put(case.expected)
        found = file.put(b"\x5a" * len(case.expected))
        rows.append((found, len(case.expected), expected))
        if case.scratch:
            # every byte random: what a kernel reads there it must have written
            rows.append((file.put(b"\x7f" * case.scratch), case.scratch, 0))
        layout.append((case, rows))
    size = 4 * (1 + sum(3 + 3 * len(rows) for _, rows in layout))
    start = size + -size % 16
    words = [len(cases)]
    for case, rows in layout:
        words += [functions.index(case.function), 0, len(rows)]
        for offset, count, expected in rows:
            words += [start + offset, count, start + expected if expected else 0]
    head = np.array(words, np.int32).tobytes()
    return head + b"\0" * (start - size) + bytes(file.data)


def table_of(functions: Sequence[str]) -> str:
    """C text of `packed_kernels`; a kernel whose first argument is a number gets its address."""
    lines = ["#include <stdint.h>", '#include "packed.h"']
    rows: list[str] = []
    for name in functions:
        counts = name.startswith(COUNTING)
        if counts:
            lines += [f"void {name}(int32_t, const int8_t *, const int8_t *, int8_t *);"]
            lines += [f"static void adapted_{name}(int32_t *n, int8_t *t, int8_t *x, int8_t *y)"]
            lines += [f"{{ {name}(*n, t, x, y); }}"]
        else:
            lines += [f"void {name}();"]
        called = f"(packed_kernel_t)adapted_{name}" if counts else name
        rows.append(f'    {{"{name}", {called}}},')
    return "\n".join([*lines, "const packed_entry_t packed_kernels[] = {", *rows, "};", ""])


def helpers_of(functions: Sequence[str]) -> list[str]:
    """The functions in files of their own that kernels call."""
    known = {k.function: k.helper_functions for rows in kernel_table().values() for k in rows}
    return sorted({helper for name in functions for helper in known[name]})


def build(
    folder: Path, functions: Sequence[str], *flags: str, source: Path | None = None
) -> list[str | Path]:
    """Compiler arguments of the program; `folder` gets the table; `source` replaces the kernels."""
    table = folder / "packed_table.c"
    table.write_text(table_of(functions))
    kernels = [source] if source else [catalog.kernel_source(name) for name in functions]
    kernels += [catalog.kernel_source(name) for name in helpers_of(functions)]
    kernels = list(dict.fromkeys(kernels))  # a helper may be a kernel of its own
    sources = [TESTS / "packed_main.c", table, *kernels]
    includes = (f"-I{catalog.INCLUDE}", f"-I{TESTS}")
    return ["-w", "-Wno-error", *flags, *includes, *sources]


def run_on(
    board: Board, cases: Sequence[PackedCase], folder: Path, *flags: str
) -> subprocess.CompletedProcess[str]:
    """Run the cases on a board, compiled with -O3 unless `flags` say otherwise."""
    require("arm-none-eabi-gcc", "qemu-system-arm")
    machine, elf = MACHINES[board.machine], folder / "packed.elf"
    functions = sorted({case.function for case in cases})
    (folder / "cases.bin").write_bytes(write_cases(cases, functions))
    addresses = {"EK_TEXT": machine.text, "EK_DATA": machine.data, "EK_STACK": machine.stack}
    places = (f"-DEK_CASES={board.cases_at:#x}u", f"-DEK_COUNTER={board.counter:#x}u")
    core = ("-mthumb", *board.core, "-O3")
    compile_c(
        "arm-none-eabi-gcc",
        *build(folder, functions, *core, *places, *flags),
        *("-ffunction-sections", "-Wl,--gc-sections", "-nostartfiles", "--specs=rdimon.specs"),
        *("-T", TESTS / "qemu.ld", TESTS / "qemu_start.c"),
        *(f"-Wl,--defsym={name}={at:#x}" for name, at in addresses.items()),
        *("-o", elf),
    )
    options = "-nographic -monitor none -serial none -semihosting-config enable=on,target=native"
    device = f"loader,file={folder / 'cases.bin'},addr={board.cases_at:#x},force-raw=on"
    counting = ("-icount", "shift=8,align=off,sleep=off") if "-DEK_COUNT" in flags else ()
    command = ["qemu-system-arm", "-M", machine.name, *options.split(), *counting]
    return _all_ran(run([*command, "-device", device, "-kernel", elf]), len(cases))


def run_on_m55(
    cases: Sequence[PackedCase], folder: Path, *flags: str
) -> subprocess.CompletedProcess[str]:
    """Run the cases on mps3-an547."""
    return run_on(BOARDS["virtual-m55"], cases, folder, *flags)


def run_natively(
    cases: Sequence[PackedCase], folder: Path, *flags: str, source: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the cases on this machine, on plain C instead of Helium."""
    functions = sorted({case.function for case in cases})
    (folder / "cases.bin").write_bytes(write_cases(cases, functions))
    program = folder / "packed"
    compile_c("gcc", *build(folder, functions, *flags, source=source), "-o", program)
    return _all_ran(run([program, folder / "cases.bin"]), len(cases))


def _all_ran(
    done: subprocess.CompletedProcess[str], count: int
) -> subprocess.CompletedProcess[str]:
    """What a program said, which has to have found all its cases if it says that none failed."""
    assert done.returncode or f"{count} cases, 0 failures" in done.stdout, done.stdout
    return done
