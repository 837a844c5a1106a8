"""The `neon` and `neondot` kernels against `ref`, on random shapes."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.lower.select import Kernel
from edgekit.firmware_stubs import catalog
from tests.helpers.neon_calls import random_sample
from tests.helpers.neon_cases import (
    COMPILER,
    EMULATOR,
    KERNELS,
    SANITIZED,
    may_run_in_place,
    neon_case,
    run_in_plain_c,
    run_under_qemu,
)
from tests.helpers.packed_cases import PackedCase
from tests.helpers.toolchains import compile_c, require, run

CORES = {"neon": "-mcpu=cortex-a53", "neondot": "-march=armv8.2-a+dotprod"}


def random_cases(kernel: Kernel, count: int, seed: int = 0) -> list[PackedCase]:
    rng = np.random.default_rng([zlib.crc32(kernel.function.encode()), seed])
    cases: list[PackedCase] = []
    while len(cases) < count:
        sample, skew = random_sample(kernel, rng), int(rng.integers(16))
        cases.append(neon_case(kernel, sample, skew))
        if may_run_in_place(kernel, sample):
            cases.append(neon_case(kernel, sample, skew, in_place=True))
    return cases


def every_kernel(count: int) -> list[PackedCase]:
    return [case for kernel in KERNELS for case in random_cases(kernel, count)]


@pytest.mark.qemu
@pytest.mark.parametrize("isa", CORES)
def test_kernels_equal_ref_on_random_shapes(isa: str, tmp_path: Path) -> None:
    cases = [c for k in KERNELS if k.isa == isa for c in random_cases(k, 200)]
    done = run_under_qemu(cases, tmp_path, CORES[isa], "-O3")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert f"{len(cases)} cases, 0 failures" in done.stdout


@pytest.mark.qemu
def test_dot_products_without_the_extension(tmp_path: Path) -> None:
    """neondot kernels compiled for a core that lacks SDOT."""
    cases = [c for k in KERNELS if k.isa == "neondot" for c in random_cases(k, 60)]
    done = run_under_qemu(cases, tmp_path, CORES["neon"], "-O2")
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.qemu
@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.function)
def test_a_kernel_equals_ref_on_thousands_of_shapes(kernel: Kernel, tmp_path: Path) -> None:
    cases = random_cases(kernel, 2500, seed=1)
    done = run_under_qemu(cases, tmp_path, CORES[kernel.isa], "-O3")
    assert done.returncode == 0, done.stdout
    assert f"{len(cases)} cases, 0 failures" in done.stdout


def test_plain_c_equals_ref_under_sanitizers(tmp_path: Path) -> None:
    """Every argument in a block of its exact size: not one byte too far is read or written."""
    cases = every_kernel(60)
    done = run_in_plain_c(cases, tmp_path, *SANITIZED)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert f"{len(cases)} cases, 0 failures" in done.stdout


def test_a_wrong_output_is_noticed(tmp_path: Path) -> None:
    """The comparison itself: one expected byte changed."""
    [case, *_] = random_cases(KERNELS[0], 1)
    flipped = bytes([case.expected[0] ^ 1]) + case.expected[1:]
    wrong = PackedCase(
        case.function, case.params, case.inputs, case.constants, flipped, case.scratch
    )
    done = run_in_plain_c([wrong], tmp_path, "-O1")
    assert done.returncode == 1
    assert f"FAILED: case 0, {case.function}, byte 0 of {len(case.expected)}" in done.stdout


REQUANT = catalog.ROOT / "test" / "neon_requant.c"
REQUANT_COUNT = 63 * 2000


@pytest.mark.qemu
def test_requantization_is_exact_for_every_shift(tmp_path: Path) -> None:
    require(COMPILER, EMULATOR)
    compile_c(
        COMPILER, "-O2", "-static", f"-I{catalog.INCLUDE}", REQUANT, "-o", tmp_path / "requant"
    )
    done = run([EMULATOR, tmp_path / "requant"])
    assert done.stdout == f"{REQUANT_COUNT} values, 0 failures\n"


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_requantization_in_plain_c_is_exact(compiler: str, tmp_path: Path) -> None:
    program = tmp_path / "requant"
    compile_c(compiler, *SANITIZED, f"-I{catalog.INCLUDE}", REQUANT, "-o", program)
    done = run([program])
    assert (done.stdout, done.stderr) == (f"{REQUANT_COUNT} values, 0 failures\n", "")


def test_dividing_floats_gives_the_integer_quotient() -> None:
    """Average pooling divides n by up to 2^16 taps in float32; a quotient that is rounded up to an
    integer would come from an n right below a multiple."""
    taps = np.arange(1, (1 << 16) + 1, dtype=np.int64)
    for quotient in range(1, 130):
        for n in (taps * quotient - 1, taps * quotient):
            assert n.max() < 1 << 24
            found = (n.astype(np.float32) / taps.astype(np.float32)).astype(np.int64)
            assert np.array_equal(found, n // taps)
