"""Generated C under every compiler, strictly, alone and with everything around it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.interpret import run
from tests.helpers.example_program import run_example
from tests.helpers.generated_c import FIRMWARE, INCLUDE, Generated, generate, kernel_paths, write
from tests.helpers.hand_models import float_border_model, tiny_image_model
from tests.helpers.random_graphs import random_graph, random_inputs
from tests.helpers.toolchains import MACHINES, compile_c, require

CORES = {machine.name: machine.cpu for machine in MACHINES.values()}
MORE = ("-Wshadow", "-Wconversion", "-Wstrict-prototypes", "-Wmissing-prototypes", "-Wcast-qual")


@pytest.fixture(scope="module")
def models() -> list[Generated]:
    return [
        generate(tiny_image_model(), "tiny", labels=("a", "b", "c")),
        generate(float_border_model(), "borders"),
        *(generate(random_graph(seed), f"random_{seed}") for seed in range(4)),
    ]


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_host_compilers(models: list[Generated], compiler: str, tmp_path: Path) -> None:
    for model in models:
        sources = [*write(model, tmp_path), tmp_path / "example" / "main.c"]
        flags = ("-c", *MORE, f"-I{INCLUDE}", f"-I{tmp_path}")
        compile_c(compiler, *flags, *sources, cwd=tmp_path)
        compile_c(compiler, *flags, "-DEK_PROFILE", sources[0], cwd=tmp_path)


@pytest.mark.parametrize("machine", CORES)
def test_every_cortex_m(models: list[Generated], machine: str, tmp_path: Path) -> None:
    flags = ("-mthumb", *CORES[machine], "-c", *MORE, f"-I{INCLUDE}", f"-I{tmp_path}")
    sources = [path for model in models for path in write(model, tmp_path)]
    compile_c("arm-none-eabi-gcc", *flags, *sources, cwd=tmp_path)


def test_the_header_is_good_cpp(models: list[Generated], tmp_path: Path) -> None:
    require("g++")
    write(models[0], tmp_path)
    program = '#include "tiny.h"\nint main() { return tiny_model.steps == 0; }\n'
    (tmp_path / "user.cc").write_text(program)
    command = ["g++", "-std=c++11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]
    command += [f"-I{INCLUDE}", f"-I{tmp_path}", str(tmp_path / "user.cc")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_two_models_link_into_one_program(models: list[Generated], tmp_path: Path) -> None:
    sources = [path for model in models for path in write(model, tmp_path)]
    (tmp_path / "user.c").write_text(
        '#include "tiny.h"\n#include "borders.h"\n'
        "int main(void) { return tiny_model.steps == borders_model.steps; }\n"
    )
    kernels = kernel_paths(sorted({k for model in models for k in model.source.kernels}))
    includes = (f"-I{INCLUDE}", f"-I{tmp_path}")
    compile_c("gcc", *includes, tmp_path / "user.c", *sources, *kernels, "-o", tmp_path / "user")


def test_no_writable_data(models: list[Generated], tmp_path: Path) -> None:
    """The arena is the caller's; everything generated is code or constant."""
    require("arm-none-eabi-size")
    sources = write(models[0], tmp_path)
    cpu = CORES["mps2-an386"]
    for source in sources:
        flags = ("-mthumb", *cpu, "-Os", "-c", f"-I{INCLUDE}", f"-I{tmp_path}")
        compile_c("arm-none-eabi-gcc", *flags, source, "-o", tmp_path / "part.o", cwd=tmp_path)
        command = ["arm-none-eabi-size", str(tmp_path / "part.o")]
        row = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        _, data, bss, *_ = row.splitlines()[1].split()
        assert (data, bss) == ("0", "0")


def test_cmake_builds_the_bundle_layout_and_its_example_runs(
    models: list[Generated], tmp_path: Path
) -> None:
    require("cmake", "make")
    model = models[0]
    write(model, tmp_path)
    shutil.copytree(INCLUDE, tmp_path / "include")
    for path in kernel_paths(model.source.kernels):
        copy = tmp_path / path.relative_to(FIRMWARE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    build = tmp_path / "build"
    for command in (
        ["cmake", "-S", tmp_path, "-B", build, "-D", "TINY_EXAMPLE=ON", "-G", "Unix Makefiles"],
        ["cmake", "--build", build],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    rng = np.random.default_rng(1)
    samples = [random_inputs(model.graph, rng) for _ in range(5)]
    expected = b"".join(run(model.graph, sample)["softmax"].tobytes() for sample in samples)
    assert run_example(build / "tiny_example", model, samples) == expected


def test_the_example_refuses_half_a_sample(models: list[Generated], tmp_path: Path) -> None:
    from tests.helpers.example_program import build_example

    program = build_example(models[0], tmp_path)
    done = subprocess.run([str(program)], input=bytes(40), capture_output=True, check=False)
    assert done.returncode == 1
    assert done.stderr == b"tiny: the last sample is incomplete\n"
    assert len(done.stdout) == 3
