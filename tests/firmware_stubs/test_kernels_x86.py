"""The int8 `x86` kernels equal `ref` byte for byte on random shapes, on every kind of processor.

The converter's packing prepares weights and factors, so kernel and packing are tested as one. A
kernel asks the processor what it has: QEMU's `max` has AVX2, `qemu64` has neither that nor AVX-512.
"""

from __future__ import annotations

import platform
from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.lower.select import Kernel, kernel_table
from edgekit.firmware_stubs import catalog
from tests.helpers.neon_calls import random_sample
from tests.helpers.packed_cases import PackedCase, build, packed_case, run_natively, write_cases
from tests.helpers.toolchains import compile_c, require, run

KERNELS = [
    k
    for rows in kernel_table().values()
    for k in rows
    if k.isa == "x86" and "b1" not in k.family.split("_")
]
"""But for those on packed signs: tests/converter/test_binary_processors.py."""
SANITIZERS = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
X86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="for x86-64")

MUTATIONS = [
    ("conv2d_s8", "conv2d_s8", "(i < t.rows ? i : 0)", "0"),
    ("fully_connected_s8", "fully_connected_s8", "(r + i) * p->input_c", "i * p->input_c"),
    ("depthwise_conv2d_s8", "taps_plain_s8", "offset + c] * w[1]", "c] * w[1]"),
    ("sub_s8", "sum_plain_s8", "b[i * run.b_step]", "b[i]"),
]
"""Kernel, the file that is changed, what stands there, and what is put in its place."""


def random_cases(kernel: Kernel, count: int) -> list[PackedCase]:
    rng = np.random.default_rng([11, *kernel.function.encode()])
    cases = []
    for _ in range(count):
        sample, skew = random_sample(kernel, rng), int(rng.integers(16))
        cases.append(packed_case(kernel, sample.call, sample.inputs, sample.expected, skew))
    return cases


def every_kernel(count: int) -> list[PackedCase]:
    return [case for kernel in KERNELS for case in random_cases(kernel, count)]


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_kernels_equal_ref_here_under_sanitizers(compiler: str, tmp_path: Path) -> None:
    """By the best means of this processor."""
    require(compiler)
    cases = every_kernel(150)
    done = run_natively(cases, tmp_path, "-O1", *SANITIZERS)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


@X86
@pytest.mark.qemu
@pytest.mark.parametrize("cpu", ["max", "qemu64"])
def test_kernels_equal_ref_on_every_processor(cpu: str, tmp_path: Path) -> None:
    require("qemu-x86_64-static")
    cases = every_kernel(200)
    functions = sorted({case.function for case in cases})
    (tmp_path / "cases.bin").write_bytes(write_cases(cases, functions))
    compile_c("gcc", *build(tmp_path, functions, "-O3", "-static"), "-o", tmp_path / "packed")
    done = run(["qemu-x86_64-static", "-cpu", cpu, tmp_path / "packed", tmp_path / "cases.bin"])
    assert f"{len(cases)} cases, 0 failures" in done.stdout, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.function)
def test_a_kernel_equals_ref_on_thousands_of_shapes(kernel: Kernel, tmp_path: Path) -> None:
    done = run_natively(random_cases(kernel, 2500), tmp_path, "-O3")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(("name", "file", "old", "new"), MUTATIONS)
def test_the_cases_notice_a_wrong_kernel(
    name: str, file: str, old: str, new: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In plain C, which every processor can run."""
    kernel = next(k for k in KERNELS if k.function == f"ek_{name}__x86")
    path = catalog.kernel_source(f"ek_{file}__x86")
    assert path.read_text().count(old) == 1, "the mutation no longer applies"
    mutant = tmp_path / path.name
    mutant.write_text(path.read_text().replace(old, new))
    source_of, changed = catalog.kernel_source, f"ek_{file}__x86"
    with monkeypatch.context() as patch:
        patch.setattr(catalog, "kernel_source", lambda n: mutant if n == changed else source_of(n))
        done = run_natively(random_cases(kernel, 200), tmp_path, "-O1", "-DEK_X86=0", *SANITIZERS)
    assert done.returncode != 0
