"""Streaming networks on a virtual Cortex-M4, with its fast kernels: every call, every byte."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edgekit.converter.interpret import run_in_a_row
from edgekit.converter.ir.ops import Padding
from edgekit.converter.stream.stream import Streamed, stream
from tests.conformance.boards import BOARDS
from tests.conformance.generated import Compiler, build, emit
from tests.converter.stream.test_stream_exact import dilated, ds_cnn
from tests.helpers.streamed import steps, wanted
from tests.helpers.toolchains import require

pytestmark = pytest.mark.qemu

NETWORKS = {
    "valid": lambda: stream(ds_cnn(Padding.VALID, "mean"), 2),
    "same": lambda: stream(ds_cnn(Padding.SAME, "global_pool"), 4),
    "causal": lambda: stream(dilated(True, "last"), 4),
}
RUNNING = {
    "valid": {"ek_running_mean_s8__ref"},
    "same": {"ek_running_average_s8__ref"},
    "causal": set(),
}
"""Kernels of means that go on from a sum."""


@pytest.mark.parametrize("name", list(NETWORKS))
def test_a_cortex_m4_gives_what_the_window_network_gives(name: str, tmp_path: Path) -> None:
    require("arm-none-eabi-gcc", "qemu-system-arm")
    board, streamed = BOARDS["virtual-m4"], NETWORKS[name]()
    program = _program(streamed, tmp_path)
    text = (tmp_path / "streamed.c").read_text()
    assert "ek_shift_s8__ref(" in text
    assert set(re.findall(r"ek_running_\w+_s8__ref(?=\()", text)) == RUNNING[name]
    done = board.run(program)
    assert not done.differing, done.words
    assert done.complete


def _program(streamed: Streamed, folder: Path) -> Path:
    """The calls of the streaming network; what must come out are the window network's outputs."""
    board, new = BOARDS["virtual-m4"], steps(streamed)
    values = list(run_in_a_row(streamed.graph, new, keep="all"))
    for found, window in zip(values, wanted(streamed, new), strict=True):
        pairs = zip(streamed.graph.outputs, window, strict=True)
        found |= {output: value.reshape(found[output].shape) for output, value in pairs}
    model = emit(streamed.graph, "streamed", board.target, [[x] for x in new], values)
    compiler = Compiler(board.compiler, board.flags, folder / "kernels")
    return build([model], compiler, folder, *board.link, board=True)
