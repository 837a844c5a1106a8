"""The `neon` and `neondot` kernels on prepared cases: under qemu-aarch64, or here in plain C.

The cases and their program are those of `packed_cases`; a statically linked program needs no
libraries of the other machine.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from edgekit.converter.lower.select import PACKINGS, SCRATCHES, Kernel, kernel_table
from edgekit.converter.lower.variants import Request
from edgekit.firmware_stubs import catalog
from tests.helpers.neon_calls import Sample
from tests.helpers.packed_cases import TESTS, Array, PackedCase, params_bytes, write_cases
from tests.helpers.toolchains import compile_c, require, run

COMPILER, EMULATOR = "aarch64-linux-gnu-gcc", "qemu-aarch64-static"
IN_PLACE = "_in_place"
KERNELS = [
    k
    for rows in kernel_table().values()
    for k in rows
    if k.isa in ("neon", "neondot") and "b1" not in k.family.split("_")
]
"""But for those on packed signs: tests/converter/test_binary_c.py."""
SANITIZED = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")

ADAPTERS = """
#include <string.h>
#include "ek_kernels_neon.h"
static void look_up(const int32_t *count, const int8_t *table, const int8_t *x, int8_t *y)
{ ek_lut_s8__neon(*count, table, x, y); }
static void look_up_in_place(const int32_t *count, const int8_t *table, const int8_t *x, int8_t *y)
{ memcpy(y, x, (size_t)*count); ek_lut_s8__neon(*count, table, y, y); }
static size_t size(const ek_binary_s8_t *p)
{ return (size_t)(p->extent[0] * p->extent[1] * p->extent[2] * p->extent[3]); }
static void add_in_place(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b, int8_t *y)
{ memcpy(y, a, size(p)); ek_add_s8__neon(p, y, b, y); }
static void sub_in_place(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b, int8_t *y)
{ memcpy(y, a, size(p)); ek_sub_s8__neon(p, y, b, y); }
static size_t choice_size(const ek_choice_s8_t *p)
{ return (size_t)(p->extent[0] * p->extent[1] * p->extent[2] * p->extent[3]); }
static void maximum_in_place(const ek_choice_s8_t *p, const int8_t *a, const int8_t *b, int8_t *y)
{ memcpy(y, a, choice_size(p)); ek_maximum_s8__neon(p, y, b, y); }
static void minimum_in_place(const ek_choice_s8_t *p, const int8_t *a, const int8_t *b, int8_t *y)
{ memcpy(y, a, choice_size(p)); ek_minimum_s8__neon(p, y, b, y); }
static void mul_in_place(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b, int8_t *y)
{ memcpy(y, a, size(p)); ek_mul_s8__neon(p, y, b, y); }
"""
"""The test program passes addresses only, and an output of its own."""
ADAPTED = {
    "ek_lut_s8__neon": "look_up",
    "ek_lut_s8__neon_in_place": "look_up_in_place",
    "ek_add_s8__neon_in_place": "add_in_place",
    "ek_sub_s8__neon_in_place": "sub_in_place",
    "ek_mul_s8__neon_in_place": "mul_in_place",
    "ek_maximum_s8__neon_in_place": "maximum_in_place",
    "ek_minimum_s8__neon_in_place": "minimum_in_place",
}


def neon_case(kernel: Kernel, sample: Sample, skew: int = 0, in_place: bool = False) -> PackedCase:
    """A case of `kernel`; `in_place` where operand a is as large as the output."""
    request = Request(sample.call)
    constants = PACKINGS[kernel.packing](request) if kernel.packing else ()
    head = params_bytes(sample.call) if sample.call.params else _word(request.count)
    return PackedCase(
        function=kernel.function + (IN_PLACE if in_place else ""),
        params=head,
        inputs=tuple(np.ascontiguousarray(x).tobytes() for x in sample.inputs),
        constants=tuple(np.ascontiguousarray(a.values).tobytes() for a in constants),
        expected=sample.expected.tobytes(),
        scratch=SCRATCHES[kernel.scratch](request),
        skew=skew,
    )


def _word(value: int) -> bytes:
    return np.array([value], np.int32).tobytes()


def may_run_in_place(kernel: Kernel, sample: Sample) -> bool:
    """Whether operand a (the last but one of a table lookup's) has the output's size."""
    x: Array = sample.inputs[0 if kernel.family != "lut_s8" else 1]
    return kernel.in_place and x.size == sample.expected.size


def run_under_qemu(
    cases: Sequence[PackedCase], folder: Path, core: str, *flags: str
) -> subprocess.CompletedProcess[str]:
    """Run the cases on the processor `core` (-mcpu or -march) in the emulator."""
    require(COMPILER, EMULATOR)
    built = program(COMPILER, cases, folder, core, "-static", *flags)
    return run([EMULATOR, built, folder / "cases.bin"])


def run_in_plain_c(
    cases: Sequence[PackedCase], folder: Path, *flags: str
) -> subprocess.CompletedProcess[str]:
    """Run the cases on this machine."""
    return run([program("gcc", cases, folder, *flags), folder / "cases.bin"])


def program(compiler: str, cases: Sequence[PackedCase], folder: Path, *flags: str) -> Path:
    """The program that runs the cases, which are beside it in cases.bin."""
    functions = sorted({case.function for case in cases})
    (folder / "cases.bin").write_bytes(write_cases(cases, functions))
    table, made = folder / "packed_table.c", folder / "packed"
    table.write_text(_table(functions))
    names = sorted({*(name.removesuffix(IN_PLACE) for name in functions), *ADAPTED_KERNELS})
    sources = [TESTS / "packed_main.c", table, *map(catalog.kernel_source, names)]
    includes = (f"-I{catalog.INCLUDE}", f"-I{TESTS}")
    compile_c(compiler, "-w", "-Wno-error", *flags, *includes, *sources, "-o", made)
    return made


ADAPTED_KERNELS = sorted({name.removesuffix(IN_PLACE) for name in ADAPTED})


def _table(functions: Sequence[str]) -> str:
    own = [name for name in functions if name not in ADAPTED]
    rows = [f'    {{"{name}", (packed_kernel_t){ADAPTED.get(name, name)}}},' for name in functions]
    return "\n".join(
        [
            '#include "packed.h"',
            ADAPTERS,
            '#include "ek_kernels_neondot.h"' if own else "",
            "const packed_entry_t packed_kernels[] = {",
            *rows,
            "};",
            "",
        ]
    )
