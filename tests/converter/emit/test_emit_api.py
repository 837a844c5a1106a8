"""The generated API from outside: sizes, scales, init, accessors, the model structure, hooks."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Quant
from tests.helpers.generated_c import INCLUDE, Generated, build, generate, write
from tests.helpers.hand_models import float_border_model, tiny_image_model
from tests.helpers.int8_graphs import GraphBuilder
from tests.helpers.toolchains import compile_c, run

OK, MISALIGNED, TOO_SMALL = 0, 1, 2
HOOK = "#include <stdint.h>\nvoid (*ek_profile_hook)(uint32_t step);\n"


@pytest.fixture(scope="module")
def models() -> list[Generated]:
    g = GraphBuilder("two")
    a, b = g.input((1, 6), Quant.per_tensor(0.1, 7)), g.input((1, 6), Quant.per_tensor(0.2, -9))
    total = g.node(ops.Add(), [a, b], (1, 6), Quant.per_tensor(0.3, 1), name="total")
    gate = g.unary(ops.Relu(), total, Quant.per_tensor(0.3, -128), "gate")
    return [
        generate(tiny_image_model(), "tiny"),
        generate(float_border_model(), "borders"),
        generate(g.graph(total, gate), "two"),
    ]


@pytest.fixture(scope="module")
def library(models: list[Generated], tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    folder = tmp_path_factory.mktemp("api")
    (folder / "hook.c").write_text(HOOK)
    return build(models, folder, "-DEK_PROFILE", str(folder / "hook.c"))


def arena(generated: Generated, shift: int = 0) -> tuple[np.ndarray, int]:  # type: ignore[type-arg]
    """(memory, address) of an arena `shift` bytes off the alignment."""
    memory = np.full(generated.memory.arena_bytes + 32, 0xAA, np.uint8)
    return memory, memory.ctypes.data + -memory.ctypes.data % 16 + shift


def initialise(
    library: ctypes.CDLL, generated: Generated, start: int, size: int | None = None
) -> int:
    """What `<name>_init` returns for an arena at `start`, of the size it wants unless told."""
    entry = getattr(library, f"{generated.name}_init")
    entry.argtypes, entry.restype = [ctypes.c_void_p, ctypes.c_size_t], ctypes.c_int
    return int(entry(start, generated.memory.arena_bytes if size is None else size))


def address(library: ctypes.CDLL, function: str, at: int) -> int:
    entry = getattr(library, function)
    entry.argtypes, entry.restype = [ctypes.c_void_p], ctypes.c_void_p
    return int(entry(at))


def test_init_sets_inputs_to_real_zero(models: list[Generated], library: ctypes.CDLL) -> None:
    memory, start = arena(models[2])
    assert initialise(library, models[2], start) == OK
    for word, zero in (("input_0", 7), ("input_1", -9)):
        place = address(library, f"two_{word}", start) - memory.ctypes.data
        assert memory[place : place + 6].view(np.int8).tolist() == [zero] * 6


def test_init_sets_float_inputs_to_zero(models: list[Generated], library: ctypes.CDLL) -> None:
    memory, start = arena(models[1])
    assert initialise(library, models[1], start) == OK
    place = address(library, "borders_input", start) - memory.ctypes.data
    assert memory[place : place + 32].view(np.float32).tolist() == [0.0] * 8


@pytest.mark.parametrize("shift", [1, 4, 8])
def test_init_refuses_a_misaligned_arena(
    models: list[Generated], library: ctypes.CDLL, shift: int
) -> None:
    memory, start = arena(models[0], shift)
    assert initialise(library, models[0], start) == MISALIGNED
    assert (memory == 0xAA).all()


@pytest.mark.parametrize("missing", [1, 16, 1_000_000])
def test_init_refuses_an_arena_that_is_too_small(
    models: list[Generated], library: ctypes.CDLL, missing: int
) -> None:
    memory, start = arena(models[0])
    size = max(0, models[0].memory.arena_bytes - missing)
    assert initialise(library, models[0], start, size) == TOO_SMALL
    assert (memory == 0xAA).all()


def test_init_refuses_no_arena(models: list[Generated], library: ctypes.CDLL) -> None:
    assert initialise(library, models[0], 0) == TOO_SMALL


def test_init_takes_a_larger_arena(models: list[Generated], library: ctypes.CDLL) -> None:
    memory, start = arena(models[0])
    assert initialise(library, models[0], start, len(memory)) == OK


def test_error_codes_are_those_of_the_header() -> None:
    line = "EK_OK = 0, EK_ARENA_MISALIGNED = 1, EK_ARENA_TOO_SMALL = 2"
    assert line in (INCLUDE / "ek_model.h").read_text()
    assert (OK, MISALIGNED, TOO_SMALL) == (0, 1, 2)


def test_accessors_agree_with_the_plan(models: list[Generated], library: ctypes.CDLL) -> None:
    for model in models:
        program, name = model.program, model.name
        for word, ports in (("input", program.inputs), ("output", program.outputs)):
            for index, port in enumerate(ports):
                function = f"{name}_{word}" + (f"_{index}" if len(ports) > 1 else "")
                offset = model.memory.offset(port.buffer)
                assert address(library, function, 4096) == 4096 + offset


def test_the_profile_hook_is_called_after_each_step(
    models: list[Generated], library: ctypes.CDLL
) -> None:
    seen: list[int] = []
    kind = ctypes.CFUNCTYPE(None, ctypes.c_uint32)
    callback = kind(seen.append)
    hook = kind.in_dll(library, "ek_profile_hook")
    _, start = arena(models[0])
    ctypes.memmove(ctypes.addressof(hook), ctypes.byref(callback), ctypes.sizeof(callback))
    library.tiny_invoke.argtypes = [ctypes.c_void_p]
    library.tiny_invoke(start)
    ctypes.memset(ctypes.addressof(hook), 0, ctypes.sizeof(callback))
    library.tiny_invoke(start)
    assert seen == [0, 1, 2]


SHOW = r"""
#include <stdio.h>
#include "two.h"
int main(void)
{
    const ek_model_t *m = &two_model;
    printf("%s %s %u %u %u %u\n", m->name, m->hash, (unsigned)m->arena_bytes, m->inputs, m->outputs,
           m->steps);
    for (int i = 0; i < m->inputs; i++)
        printf("%s %u %u %d %g %d\n", m->input[i].name, (unsigned)m->input[i].bytes,
               (unsigned)m->input[i].offset, (int)m->input[i].dtype, (double)m->input[i].scale,
               (int)m->input[i].zero_point);
    for (int i = 0; i < m->steps; i++) printf("%s %s\n", m->step[i].name, m->step[i].operation);
    printf("%d %d %d %g\n", TWO_ARENA_SIZE, TWO_INPUT_0_SIZE, TWO_INPUT_1_ZERO_POINT,
           (double)TWO_OUTPUT_1_SCALE);
    return 0;
}
"""


def test_the_model_structure_tells_the_truth(models: list[Generated], tmp_path: Path) -> None:
    from tests.helpers.generated_c import INCLUDE, kernel_paths

    model = models[2]
    (tmp_path / "show.c").write_text(SHOW)
    sources = [tmp_path / "show.c", *write(model, tmp_path), *kernel_paths(model.source.kernels)]
    compile_c("gcc", f"-I{INCLUDE}", f"-I{tmp_path}", *sources, "-o", tmp_path / "show")
    offsets = [model.memory.offset(port.buffer) for port in model.program.inputs]
    digest = model.source.files["two.c"].split("sha256 ")[1].split()[0]
    assert run([tmp_path / "show"]).stdout.splitlines() == [
        f"two {digest} {model.memory.arena_bytes} 2 2 2",
        f"x0 6 {offsets[0]} 0 0.1 7",
        f"x1 6 {offsets[1]} 0 0.2 -9",
        "total ADD",
        "gate RELU",
        f"{model.memory.arena_bytes} 6 -9 0.3",
    ]
