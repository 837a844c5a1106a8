"""Generated C for 64-bit Arm boards in an emulator: chains of images, whole and in stripes.

The kernels run as they do on a Raspberry Pi, with NEON and with dot products.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.targets.reader import load_target
from tests.conformance.against_references import activations
from tests.conformance.generated import Compiler, Emitted, build, emit, run_on_host
from tests.helpers.neon_cases import COMPILER, EMULATOR
from tests.helpers.random_graphs import random_inputs
from tests.helpers.striped import random_chain
from tests.helpers.toolchains import require

pytestmark = pytest.mark.qemu

CHANNELS = 24
"""Of an image at most; many kernels want eight or more."""
FEW, MANY = 12, 100
FAST = {"neon", "neondot"}
BOARDS = [
    pytest.param("rpi4", ("-mcpu=cortex-a72",), id="neon"),
    pytest.param("rpi5", ("-mcpu=cortex-a76",), id="neondot"),
]


def chain(seed: int, target: str, *, stripes: bool) -> Emitted:
    graph = random_chain(seed, most=CHANNELS)
    rng = np.random.default_rng(seed)
    samples = [random_inputs(graph, rng) for _ in range(2)]
    values = activations(graph, samples)
    name = f"chain_{seed}{'_striped' * stripes}"
    return emit(graph, name, load_target(target), samples, values, stripes=stripes)


def check(models: list[Emitted], cpu: tuple[str, ...], folder: Path) -> None:
    """The program of all models says that each equals the interpreter."""
    require(COMPILER, EMULATOR)
    compiler = Compiler(COMPILER, (*cpu, "-O2"), folder / "kernels")
    program = build(models, compiler, folder, "-static", board=False)
    found = run_on_host(program, 600, emulator=[EMULATOR])
    assert found.complete, found.words
    assert (found.differing, found.status) == ({}, 0), found.words


def fast_in_stripes(models: list[Emitted]) -> set[str]:
    """The fast kernels that run stripe by stripe."""
    steps = [step for model in models for step in model.program.steps if step.stripes]
    return {step.kernel for step in steps if step.kernel.rpartition("__")[2] in FAST}


@pytest.mark.parametrize(("target", "cpu"), BOARDS)
def test_striped_plans_equal_the_interpreter(
    target: str, cpu: tuple[str, ...], tmp_path: Path
) -> None:
    models = [chain(seed, target, stripes=True) for seed in range(FEW)]
    models += [chain(seed, target, stripes=False) for seed in range(FEW // 3)]
    assert len(fast_in_stripes(models)) >= 4, "too few fast kernels in stripes"
    check(models, cpu, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("target", "cpu"), BOARDS)
def test_a_hundred_striped_plans(target: str, cpu: tuple[str, ...], tmp_path: Path) -> None:
    models = [chain(seed, target, stripes=True) for seed in range(1000, 1000 + MANY)]
    kernels = fast_in_stripes(models)
    assert {f"ek_{name}__neon" for name in IN_STRIPES} <= kernels | {"ek_conv2d_s8__neon"}
    check(models, cpu, tmp_path)


IN_STRIPES = ("conv2d_s8", "depthwise_conv2d_s8", "average_pool2d_s8", "max_pool2d_s8", "add_s8")
"""Kernels of which some stripe is sure among many chains; convolutions may be neondot's."""


def test_a_wrong_sample_is_noticed(tmp_path: Path) -> None:
    """The comparison itself: one expected byte changed."""
    require(COMPILER, EMULATOR)
    model = chain(0, "rpi4", stripes=True)
    compiler = Compiler(COMPILER, ("-mcpu=cortex-a72", "-O1"), tmp_path / "kernels")
    program = build([model], compiler, tmp_path, "-static", board=False)
    samples = tmp_path / "samples.bin"
    changed = bytearray(samples.read_bytes())
    changed[-1] ^= 1
    samples.write_bytes(bytes(changed))
    found = run_on_host(program, emulator=[EMULATOR])
    assert model.name in found.differing
    assert found.status == 1
