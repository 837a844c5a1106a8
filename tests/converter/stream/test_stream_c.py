"""Generated C of streaming networks: every byte of every call equals the window network's."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.ir.ops import Padding
from edgekit.converter.load.dequantize import dequantize_graph
from edgekit.converter.quantize.int8 import quantize_int8
from edgekit.converter.quantize.scheme import SCHEMES
from edgekit.converter.stream.stream import Streamed, stream
from edgekit.converter.tflite.writer import write_tflite
from edgekit.errors import EdgeKitError
from tests.conformance.references import Reference, installed
from tests.converter.stream.test_stream_exact import dilated, ds_cnn
from tests.helpers.generated_c import build, generate
from tests.helpers.int8_graphs import Array
from tests.helpers.streamed import steps, wanted
from tests.helpers.temporal_graphs import random_temporal

SANITIZED = ("-fsanitize=undefined", "-fno-sanitize-recover=all")
NETWORKS = {
    "valid": lambda: stream(ds_cnn(Padding.VALID, "mean"), 2),
    "same": lambda: stream(ds_cnn(Padding.SAME, "global_pool"), 4),
    "pool": lambda: stream(ds_cnn(Padding.VALID, "global_pool"), 2),
    "edges": lambda: stream(ds_cnn(Padding.SAME, "mean"), 2),
    "causal": lambda: stream(dilated(True, "last"), 1),
    "delayed": lambda: stream(dilated(False, "flat"), 3),
    "rows": lambda: stream(ds_cnn(Padding.SAME, "rows"), 2),
}


def run_c(streamed: Streamed, folder: Path, new: list[Array]) -> list[list[Array]]:
    """The calls of the generated C, in an arena that held random bytes before; twice, as a reset
    puts everything back."""
    made = generate(streamed.graph, "streamed")
    library = build([made], folder, *SANITIZED)
    memory = np.full(made.memory.arena_bytes + 16, 0xA5, np.uint8)
    start = -memory.ctypes.data % 16
    arena, address = memory[start:], ctypes.c_void_p(memory.ctypes.data + start)
    assert library.streamed_init(address, ctypes.c_size_t(made.memory.arena_bytes)) == 0
    [given] = made.program.inputs
    found: list[list[Array]] = []
    for one in (*new, *new):
        if len(found) == len(new) and streamed.graph.states:
            library.streamed_reset(address)
        at = made.memory.offset(given.buffer)
        arena[at : at + given.bytes] = one.view(np.uint8).ravel()
        library.streamed_invoke(address)
        results = []
        for port in made.program.outputs:
            at = made.memory.offset(port.buffer)
            raw = arena[at : at + port.bytes].tobytes()
            results.append(np.frombuffer(raw, port.dtype.numpy).reshape(port.shape))
        found.append(results)
    return found


def check_c(streamed: Streamed, folder: Path) -> None:
    new = steps(streamed)
    found = run_c(streamed, folder, new)
    expected = wanted(streamed, new)
    for ours, theirs in zip(found, [*expected, *expected], strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(a, b.reshape(a.shape))


@pytest.mark.parametrize("name", list(NETWORKS))
def test_c_equals_the_window_network(name: str, tmp_path: Path) -> None:
    check_c(NETWORKS[name](), tmp_path)


@pytest.mark.parametrize("seed", range(6))
def test_c_of_random_networks(seed: int, tmp_path: Path) -> None:
    try:
        streamed = stream(random_temporal(seed))
    except EdgeKitError:
        pytest.skip("this network does not stream")
    check_c(streamed, tmp_path)


def test_c_of_int16_networks(tmp_path: Path) -> None:
    """16-bit activations: every value twice as wide, the same rings."""
    real = dequantize_graph(ds_cnn(Padding.SAME, "mean"))
    batch = np.random.default_rng(0).normal(size=(20, 33, 4, 1)).astype(np.float32)
    graph = quantize_int8(real, [batch], scheme=SCHEMES["int16"]).graph
    check_c(stream(graph, 4), tmp_path)


@pytest.mark.parametrize("reference", ["tflite-micro", "tflite-runtime"])
@pytest.mark.parametrize("name", ["same", "causal"])
def test_references_run_the_file(name: str, reference: str) -> None:
    """READ_VARIABLE and ASSIGN_VARIABLE of other runtimes carry the rings as well."""
    if reference not in installed():
        pytest.skip(f"not installed: {reference}")
    streamed = NETWORKS[name]()
    new = steps(streamed)[:8]
    with Reference(reference) as interpreter:
        model = write_tflite(streamed.graph)
        found = interpreter.run(model, len(streamed.graph.outputs), [[x] for x in new])
    for ours, theirs in zip(found, wanted(streamed, new), strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(a, b.reshape(a.shape))
