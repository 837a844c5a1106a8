"""Binarized kernels of `x86` and `neon` on the processors they are for, and under sanitizers.

Many random graphs in one program, against the interpreter, bit for bit: here, in emulators of
64-bit Arm, and of x86-64 with AVX2 and without, where what is missing would end the program.
"""

from __future__ import annotations

import platform
from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.ir.graph import DType
from edgekit.targets.model import Target
from edgekit.targets.reader import load_target
from tests.conformance.against_references import activations
from tests.conformance.generated import SANITIZERS, Compiler, Emitted, build, emit, run_on_host
from tests.helpers.binary_graphs import bconv_graph, pool_graph, random_case, random_values
from tests.helpers.generated_c import INCLUDE, kernel_paths
from tests.helpers.toolchains import compile_c, require, run

GRAPHS = 30
KERNELS = ("conv2d_b1", "conv2d_b1_s8", "conv2d_b1_f32")
X86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="for x86-64")


def target_of(isa: str) -> Target:
    """Any processor with the kernels of one folder and the portable ones."""
    host = load_target("host")
    cpu = host.cpu.model_copy(update={"isa": (isa, "ref")})
    return host.model_copy(update={"cpu": cpu})


def models(isa: str) -> list[Emitted]:
    """Random graphs, each with two samples."""
    made = [_model(seed, target_of(isa)) for seed in range(GRAPHS)]
    kernels = {kernel for model in made for kernel in model.source.kernels}
    assert kernels >= {f"ek_{name}__{isa}" for name in KERNELS}
    assert isa != "x86" or "ek_sign_s8_b1__x86" in kernels
    return made


def _model(seed: int, target: Target) -> Emitted:
    rng = np.random.default_rng(seed)
    if seed % 10 == 9:
        graph = pool_graph(rng, (DType.FLOAT32, DType.INT8)[seed % 4 // 2])
    else:
        graph = bconv_graph(random_case(rng, batch=1 + seed % 3), rng)
    samples = [(random_values(graph, rng),) for _ in range(2)]
    return emit(graph, f"binary_{seed}", target, samples, activations(graph, samples))


def check(program: Path, *emulator: str) -> None:
    """The program says that every model equals the interpreter."""
    if emulator:
        require(emulator[0])
    found = run_on_host(program, 600, emulator)
    assert found.complete, found.words
    assert (found.differing, found.status) == ({}, 0), found.words


@pytest.mark.parametrize(("isa", "compiler"), [("x86", "gcc"), ("neon", "clang")])
def test_sanitizers_find_nothing(isa: str, compiler: str, tmp_path: Path) -> None:
    """On this processor; NEON in plain C where it has none."""
    require(compiler)
    built = Compiler(compiler, ("-O1", *SANITIZERS), tmp_path / "kernels")
    check(build(models(isa), built, tmp_path, *SANITIZERS, board=False))


@pytest.mark.qemu
def test_neon_equals_the_interpreter(tmp_path: Path) -> None:
    compiler = Compiler("aarch64-linux-gnu-gcc", ("-O3",), tmp_path / "kernels")
    program = build(models("neon"), compiler, tmp_path, "-static", board=False)
    check(program, "qemu-aarch64-static")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All models for x86-64; compiled without flags for a processor."""
    folder = tmp_path_factory.mktemp("x86")
    compiler = Compiler("gcc", ("-O3",), folder / "kernels")
    return build(models("x86"), compiler, folder, board=False)


@X86
@pytest.mark.qemu
@pytest.mark.parametrize("cpu", ["max", "Nehalem", "qemu64"])
def test_x86_equals_the_interpreter_on_every_processor(cpu: str, program: Path) -> None:
    """QEMU's `max` has AVX2, Nehalem POPCNT and qemu64 neither."""
    check(program, "qemu-x86_64-static", "-cpu", cpu)


@X86
def test_x86_equals_the_interpreter_here(program: Path) -> None:
    check(program)


COUNT = """
#include <stdio.h>
#include <string.h>
#include "ek_kernels_x86_b1.h"
#include "ek_lanes_b1.h"

enum { WORDS = 2047, BLOCKS = 3, GUARD = 8 };
static uint32_t windows[4 * WORDS], weights[BLOCKS * WORDS * 16];
static uint16_t counts[BLOCKS * 4 * 16 + GUARD];

static int wrong(int32_t stride, int32_t words, int32_t blocks)
{
    memset(counts, 0xa5, sizeof counts);
    COUNT(windows, stride, weights, words, blocks, counts);
    for (int32_t at = 0; at < blocks * stride * 16; at++) {
        const int32_t block = at / (16 * stride), row = at / 16 % stride, lane = at % 16;
        int32_t sum = 0;
        for (int32_t k = 0; k < words; k++) {
            sum += ek_bits(windows[k * stride + row] ^ weights[(block * words + k) * 16 + lane]);
        }
        if (counts[at] != sum) return 1;
    }
    for (int32_t i = 0; i < GUARD; i++) {
        if (counts[blocks * stride * 16 + i] != 0xa5a5) return 1;
    }
    return 0;
}

int main(void)
{
    uint32_t seed = 1;
    for (int32_t i = 0; i < 4 * WORDS; i++) windows[i] = seed = seed * 1664525u + 1013904223u;
    for (int32_t i = 0; i < BLOCKS * WORDS * 16; i++) {
        weights[i] = seed = seed * 1664525u + 1013904223u;
    }
    for (int32_t words = 1; words < 100; words++) {
        if (wrong(1, words, 1 + words % BLOCKS) || wrong(4, words, 1 + words % BLOCKS)) return 1;
    }
    memset(windows, 0, sizeof windows);
    memset(weights, 0xff, sizeof weights); /* the most that there can be */
    if (wrong(1, WORDS, 2) || wrong(4, WORDS, 2)) return 2;
    puts("equal");
    return 0;
}
"""
LEVELS = {"plain": (), "avx2": ("avx2",), "avx512": ("avx512f", "avx512_vpopcntdq")}
"""Ways to count -> what /proc/cpuinfo must list."""


def processor_flags() -> set[str]:
    """What this processor has, as Linux names it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return {flag for line in lines if line.startswith("flags") for flag in line.split()}


@X86
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("level", LEVELS)
def test_each_way_to_count(level: str, compiler: str, tmp_path: Path) -> None:
    missing = set(LEVELS[level]) - processor_flags()
    if missing:
        pytest.skip(f"this processor has no {', '.join(sorted(missing))}")
    require(compiler)
    names = ("count_b1", *(f"count_{name}_b1" for name in LEVELS))
    kernels = kernel_paths([f"ek_{name}__x86" for name in names])
    (tmp_path / "count.c").write_text(COUNT)
    function = f"-DCOUNT=ek_count_{level}_b1__x86"
    words = ("-O2", *SANITIZERS, f"-I{INCLUDE}", function, tmp_path / "count.c", *kernels)
    compile_c(compiler, *words, "-o", tmp_path / "count")
    assert run([tmp_path / "count"]).stdout == "equal\n"
