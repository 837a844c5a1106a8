"""Plain C where int has 16 bits: kernels through avr-gcc, models on an emulated ATmega2560."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from edgekit.cli.main import main
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph
from edgekit.converter.tflite import write_tflite
from edgekit.firmware_stubs.catalog import INCLUDE, KERNELS
from tests.helpers.float_graphs import FloatGraph, classifier, samples
from tests.helpers.toolchains import require

AVR = ("avr-gcc", "-mmcu=atmega2560", "-std=gnu11", "-Os", "-Wall", "-Wextra", "-Werror")
AVR += ("-Wno-unknown-pragmas", "-DNDEBUG", "-ffunction-sections", "-Wl,--gc-sections")
PLAIN_C = sorted(path for isa in ("any", "c32", "ref") for path in KERNELS.glob(f"{isa}/*.c"))
FOR_OTHERS = re.compile(r"ek_(dsp|mve|neon|x86)")
TOO_FAR = re.compile(r"\b1u? << \(?(1[5-9]|2\d|3[01])\b")
"""A shift of the plain number 1, of which no more than 16 bits need be there."""


def test_no_plain_one_is_shifted_beyond_sixteen_bits() -> None:
    headers = [path for path in INCLUDE.glob("*.h") if not FOR_OTHERS.match(path.name)]
    lines = ((path, line) for path in (*PLAIN_C, *headers) for line in path.read_text().split("\n"))
    assert [(path.name, line) for path, line in lines if TOO_FAR.search(line)] == []
    assert TOO_FAR.search("x = (1 << 28) + y")
    assert not TOO_FAR.search("x = (INT32_C(1) << 28) + (1 << 10)")


def test_the_compiler_has_nothing_to_say(tmp_path: Path) -> None:
    require("avr-gcc")
    words = [*AVR, f"-I{INCLUDE}", "-fsyntax-only", *(str(path) for path in PLAIN_C)]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


MAIN = """
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
#include "net_golden.h"

static uint8_t arena[NET_ARENA_SIZE] __attribute__((aligned(16)));

static void put(const char *text)
{
    for (; *text; text++) {
        while (!(UCSR0A & 1 << UDRE0)) {
        }
        UDR0 = *text;
    }
}

int main(void)
{
    UCSR0B = 1 << TXEN0;
    const int fits = net_init(arena, sizeof arena) == EK_OK;
    put(fits && net_golden_test(arena) == 0 ? "PASS\\n" : "FAIL\\n");
    cli();
    sleep_mode(); /* for good: the emulator ends */
    return 0;
}
"""


def two_branches(op: ops.Op, *more: list[int]) -> Graph:
    """A convolution and what follows it: with itself, or with constants."""
    rng = np.random.default_rng(1)
    g = FloatGraph("net")
    x = g.input((1, 6, 6, 2))
    y = g.conv(x, rng.normal(0, 0.4, (4, 3, 3, 2)), rng.normal(0, 0.1, 4))
    other = [g.constant(values, dtype="int32") for values in more]
    other = other or [g.conv(x, rng.normal(0, 0.4, (4, 1, 1, 2)), rng.normal(0, 0.1, 4))]
    return g.graph(g.node(op, [y, *other]))


@pytest.mark.parametrize(
    ("graph", "precision"),
    [
        (classifier(size=6), "int8"),
        (two_branches(ops.Add()), "int8"),
        (two_branches(ops.ResizeBilinear(), [9, 9]), "int16"),
    ],
    ids=["classifier", "add", "resize"],
)
def test_a_model_computes_what_it_should(graph: Graph, precision: str, tmp_path: Path) -> None:
    require("avr-gcc", "simavr")
    (tmp_path / "net.tflite").write_bytes(write_tflite(graph))
    np.savez(tmp_path / "data.npz", x=samples(graph, 120))
    words = ["convert", tmp_path / "net.tflite", "--calibration", tmp_path / "data.npz", "-q"]
    words += ["-t", "virtual-m3", "--precision", precision]
    words += ["--format", "arduino", "-o", tmp_path / "out"]
    assert main([str(word) for word in words]) == 0
    library = tmp_path / "out/arduino/net"
    (tmp_path / "main.c").write_text(MAIN)
    sources = [tmp_path / "main.c", *(library / "src").rglob("*.c")]
    folders = (f"-I{library / 'src'}", f"-I{library / 'examples/net_self_test'}")
    build = [*AVR, *folders, *map(str, sources), "-lm", "-o", str(tmp_path / "net.elf")]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    run = ["simavr", "-m", "atmega2560", "-f", "16000000", str(tmp_path / "net.elf")]
    done = subprocess.run(run, capture_output=True, text=True, check=True, timeout=120)
    assert "PASS" in done.stdout + done.stderr
