"""Generated C with its arena in several memories: equal to the interpreter, strict, and apart."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from edgekit.artifacts.bundle import ArenaBlock
from edgekit.converter.emit.blocks import block_names
from edgekit.converter.interpret import run
from edgekit.converter.ir.graph import Graph
from edgekit.converter.plan.fit import MOST_BLOCKS
from tests.converter.emit.test_striped_c_runs import in_stripes, small_model
from tests.helpers.example_program import build_example, run_example
from tests.helpers.generated_c import (
    FIRMWARE,
    INCLUDE,
    Generated,
    build,
    generate,
    kernel_paths,
    run_c,
    write,
)
from tests.helpers.random_graphs import random_graph, random_inputs
from tests.helpers.streaming_graphs import delay, ring
from tests.helpers.striped import mobile, random_chain, striped
from tests.helpers.toolchains import MACHINES, compile_c, require

CHAINS, GRAPHS = 30, 20
STRICT = ("-Wshadow", "-Wconversion", "-Wstrict-prototypes", "-Wmissing-prototypes", "-Wcast-qual")
TWO = (("DTCM", 0.5), ("AXI SRAM", 1.0))
HELPERS = Path(__file__).parents[2] / "helpers"
THREE = (("DTCM", 0.35), ("AXI SRAM", 0.6), ("SRAM4", 1.0))


def make(kind: str, seed: int) -> Generated:
    """Without stripes, or with as many as can be had."""
    graph = random_chain(seed) if kind != "graph" else random_graph(seed)
    rewrite = partial(striped, seed=seed) if kind == "striped" else lambda program: program
    memories = THREE if seed % 2 else TWO
    return generate(graph, f"{kind}_{seed}", rewrite=rewrite, memories=memories)


@pytest.fixture(scope="module")
def models() -> list[Generated]:
    chains = [make("striped" if seed % 3 else "chain", seed) for seed in range(CHAINS)]
    return [*chains, *(make("graph", seed) for seed in range(GRAPHS))]


@pytest.fixture(scope="module")
def library(models: list[Generated], tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    return build(models, tmp_path_factory.mktemp("split"))


def test_the_models_have_what_this_is_about(models: list[Generated]) -> None:
    counts = [len(model.memory.blocks) for model in models]
    assert counts.count(2) > 20
    assert counts.count(3) > 3
    split_up = [model for model in models if len(model.memory.blocks) > 1]
    assert sum(bool(model.memory.in_place) for model in split_up) > 10
    assert sum(bool(model.program.cascades) for model in split_up) > 10
    apart = [
        model
        for model in split_up
        if {model.memory.placement(p.buffer).block for p in model.program.inputs}
        != {model.memory.placement(p.buffer).block for p in model.program.outputs}
    ]
    assert len(apart) > 5


@pytest.mark.parametrize("index", range(CHAINS + GRAPHS))
def test_equals_the_interpreter(models: list[Generated], library: ctypes.CDLL, index: int) -> None:
    model = models[index]
    rng = np.random.default_rng(index)
    for sample in range(2):
        inputs = random_inputs(model.graph, rng)
        expected = run(model.graph, inputs)
        found = run_c(library, model, inputs, poison=sample)
        for name, value in zip(model.graph.outputs, found, strict=True):
            np.testing.assert_array_equal(value, expected[name], err_msg=name)


@pytest.mark.parametrize("index", range(0, CHAINS + GRAPHS, 6))
def test_no_access_leaves_its_block(models: list[Generated], index: int, tmp_path: Path) -> None:
    """Each block is a piece of the heap, of exactly its size, under the address sanitizer."""
    model = models[index]
    inputs = random_inputs(model.graph, np.random.default_rng(index))
    expected = run(model.graph, inputs)
    [row] = on_the_heap(model, [inputs], tmp_path)
    assert row == [expected[name].tobytes() for name in model.graph.outputs]


def on_the_heap(
    model: Generated,
    samples: list[list[np.ndarray]],
    folder: Path,  # type: ignore[type-arg]
) -> list[list[bytes]]:
    """The outputs of a program that allocates the arena block by block."""
    sources = [*write(model, folder), HELPERS / "heap_runner.c"]
    sources += [FIRMWARE / "port" / "library" / "profile_hook.c"]
    flags = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    flags += ["-DEK_PROFILE", f"-DEK_MODEL={model.name}_model"]
    flags += ["-DEK_SPLIT"] * (len(model.memory.blocks) > 1)
    includes = (f"-I{INCLUDE}", f"-I{folder}")
    program = folder / "heap_runner"
    kernels = kernel_paths(model.source.kernels)
    compile_c("gcc", *flags, *includes, "-o", program, *sources, *kernels, "-lm")
    data = folder / "in.bin"
    data.write_bytes(b"".join(value.tobytes() for sample in samples for value in sample))
    done = subprocess.run([program, data], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    sizes = [model.graph[name].bytes for name in model.graph.outputs]
    ends = [sum(sizes[: i + 1]) for i in range(len(sizes))]
    whole = sum(sizes)
    assert len(done.stdout) == whole * len(samples)
    rows = [done.stdout[at : at + whole] for at in range(0, len(done.stdout), whole)]
    return [[row[e - n : e] for n, e in zip(sizes, ends, strict=True)] for row in rows]


def test_an_access_that_does_is_caught(tmp_path: Path) -> None:
    """The test above can fail: one byte behind a block stops the program."""
    model = generate(mobile(), "mobile", memories=TWO)
    text = model.source.files["mobile.c"]
    wrong = text.replace("    EK_STEP_DONE(4);", "    EK_STEP_DONE(4);\n    in_dtcm[{}] = 1;")
    assert wrong != text
    size = model.memory.blocks[0].bytes
    for at, message in ((size, "heap-buffer-overflow"), (size - 1, "")):
        files = dict(model.source.files) | {"mobile.c": wrong.replace("{}", str(at))}
        broken = replace(model, source=replace(model.source, files=files))
        samples = [random_inputs(model.graph, np.random.default_rng(1))]
        folder = tmp_path / str(at)
        folder.mkdir()
        if message:
            with pytest.raises(AssertionError, match=message):
                on_the_heap(broken, samples, folder)
        else:
            on_the_heap(broken, samples, folder)


def test_the_example_runs_under_sanitizers(tmp_path: Path) -> None:
    for model in (generate(mobile(), "mobile", memories=TWO), make("striped", 4)):
        program = build_example(model, tmp_path / model.name, "-fsanitize=address,undefined")
        samples = [random_inputs(model.graph, np.random.default_rng(seed)) for seed in range(3)]
        expected = [run(model.graph, sample) for sample in samples]
        found = run_example(program, model, samples)
        assert found == b"".join(
            row[name].tobytes() for row in expected for name in model.graph.outputs
        )


@pytest.mark.parametrize("make_graph", [ring, delay])
def test_states_lie_in_their_blocks_and_are_reset(
    make_graph: Callable[[], Graph], tmp_path: Path
) -> None:
    """Every sample starts anew: equal runs of equal inputs, whatever came before."""
    graph = make_graph()
    model = generate(graph, graph.name, memories=(("DTCM", 0.6), ("SRAM", 1.0)))
    assert len(model.memory.blocks) == 2
    inputs = random_inputs(graph, np.random.default_rng(3))
    rows = on_the_heap(model, [inputs] * 3, tmp_path)
    expected = [run(graph, inputs)[name].tobytes() for name in graph.outputs]
    assert rows == [expected] * 3


@pytest.fixture(scope="module")
def small() -> Generated:
    return generate(mobile(), "mobile", memories=TWO)


@pytest.fixture(scope="module")
def mobile_library(small: Generated, tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    return build([small], tmp_path_factory.mktemp("mobile"))


def initialise(library: ctypes.CDLL, blocks: list[tuple[int, int]]) -> tuple[int, list[int]]:
    """What init returns for (address, size) of each block, and the addresses it kept."""
    arena = (ctypes.c_void_p * MOST_BLOCKS)()
    entry = library.mobile_init
    entry.argtypes = [ctypes.c_void_p, *[ctypes.c_void_p, ctypes.c_size_t] * len(blocks)]
    status = entry(arena, *(word for block in blocks for word in block))
    return status, [at or 0 for at in arena]


def test_init_names_the_block_that_is_wrong(small: Generated, mobile_library: ctypes.CDLL) -> None:
    fast, slow = (np.zeros(size + 16, np.uint8) for size in small.memory.block_bytes)
    a, b = (room.ctypes.data + -room.ctypes.data % 16 for room in (fast, slow))
    m, n = small.memory.block_bytes
    assert initialise(mobile_library, [(a, m), (b, n)]) == (0, [a, b, 0, 0, 0, 0, 0, 0])
    header = small.source.files["mobile.h"]
    for blocks, name in (
        ([(a, m - 1), (b, n)], "DTCM_TOO_SMALL"),
        ([(a, m), (b, n - 1)], "AXI_SRAM_TOO_SMALL"),
        ([(0, m), (b, n)], "DTCM_TOO_SMALL"),
        ([(a, m), (0, n)], "AXI_SRAM_TOO_SMALL"),
        ([(a + 4, m), (b, n)], "DTCM_MISALIGNED"),
        ([(a, m), (b + 8, n)], "AXI_SRAM_MISALIGNED"),
    ):
        status, kept = initialise(mobile_library, blocks)
        assert f"    MOBILE_ARENA_{name} = {status},\n" in header
        assert kept == [0] * MOST_BLOCKS


def test_accessors_agree_with_the_plan(small: Generated, mobile_library: ctypes.CDLL) -> None:
    arena = (ctypes.c_void_p * MOST_BLOCKS)(4096, 1 << 20)
    for word, port in (("input", small.program.inputs[0]), ("output", small.program.outputs[0])):
        entry = getattr(mobile_library, f"mobile_{word}")
        entry.argtypes, entry.restype = [ctypes.c_void_p], ctypes.c_void_p
        placed = small.memory.placement(port.buffer)
        assert entry(arena) == (4096, 1 << 20)[placed.block] + placed.offset


def test_the_header_agrees_about_the_most_blocks() -> None:
    assert f"enum {{ EK_MOST_BLOCKS = {MOST_BLOCKS} }};" in (INCLUDE / "ek_model.h").read_text()


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_strict_compilers(small: Generated, compiler: str, tmp_path: Path) -> None:
    striped_too = generate(small_model(), "small", rewrite=in_stripes, memories=TWO)
    for model in (small, striped_too, generate(delay(), "delay", memories=TWO)):
        sources = [*write(model, tmp_path), tmp_path / "example" / "main.c"]
        flags = ("-c", *STRICT, f"-I{INCLUDE}", f"-I{tmp_path}")
        compile_c(compiler, *flags, *sources, cwd=tmp_path)


def test_a_cortex_m_and_cpp_compile_it(small: Generated, tmp_path: Path) -> None:
    require("g++")
    cpu = next(machine.cpu for machine in MACHINES.values())
    flags = ("-mthumb", *cpu, "-c", *STRICT, f"-I{INCLUDE}", f"-I{tmp_path}")
    compile_c("arm-none-eabi-gcc", *flags, *write(small, tmp_path), cwd=tmp_path)
    (tmp_path / "user.cc").write_text(
        '#include "mobile.h"\nint main() { ek_arena_t a; (void)a; return mobile_model.steps; }\n'
    )
    command = ["g++", "-std=c++11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]
    command += [f"-I{INCLUDE}", f"-I{tmp_path}", str(tmp_path / "user.cc")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("file", ["small.h", "small.c", "example/main.c"])
def test_the_text(golden: Callable[[str, str], None], file: str) -> None:
    memories = (("DTCM", 0.5), ("SRAM", 1.0))
    source = generate(small_model(), "small", rewrite=in_stripes, memories=memories).source
    golden(f"emit/split/{Path(file).name}", source.files[file])
    for line in source.files[file].splitlines():
        assert len(line) <= 100
        assert line == line.rstrip()


def test_names_of_memories_become_identifiers_of_their_own() -> None:
    memories = ("AXI SRAM", "axi-sram", "2M", "arena", "size", "int", "#!")
    names = block_names([ArenaBlock(memory, 16, 16, 16) for memory in memories], "m")
    assert [name.word for name in names] == [
        "axi_sram", "axi_sram_2", "ram_2m", "arena_2", "size_2", "int_2", "ram",
    ]  # fmt: skip
    assert names[0].index == "M_ARENA_AXI_SRAM"
    assert block_names([ArenaBlock("DTCM", 16, 16, 16)], "m") == ()
