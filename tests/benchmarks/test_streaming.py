"""The benchmark of streaming networks: its table, its network without padding, one measurement."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.streaming import Row, measured, table, unpadded
from edgekit.converter.ir.ops import Padding
from edgekit.converter.stream.stream import stream
from edgekit.converter.tflite.writer import write_tflite
from tests.helpers.temporal_graphs import Temporal
from tests.helpers.toolchains import require


def padded() -> Temporal:
    t = Temporal(1, 24, 4, 1)
    t.conv(4, 5, wide=3, stride=2, padding=Padding.SAME)
    t.depthwise(3, wide=3, padding=Padding.SAME)
    return t


def test_shares_are_of_the_window() -> None:
    rows = [Row("net", 0, 1000, 2000, 0, 64, 0), Row("net", 2, 100, 500, 25, 96, 40)]
    *_, whole, part = table(rows)
    assert whole == "| net | all | 1,000 | 2,000 | 1.000 | 0.0% | 0 | 64 |"
    assert part == "| net | 2 | 100 | 500 | 0.250 | 5.0% | 40 | 96 |"


def test_without_padding_in_time_features_keep_theirs() -> None:
    graph = unpadded(padded().global_pool())
    assert graph["conv_2d_0"].shape == (1, 10, 4, 4)
    assert graph["depthwise_conv_2d_1"].shape == (1, 8, 4, 4)
    computed = [rows.computed_rows for name, rows in stream(graph).rows.items() if name != "x0"]
    assert set(computed) == {1, 2}  # of the features that a stride of 2 reads two


@pytest.mark.qemu
def test_a_network_is_measured_as_it_is_and_streaming(tmp_path: Path) -> None:
    require("arm-none-eabi-gcc", "qemu-system-arm")
    model = tmp_path / "net.tflite"
    model.write_bytes(write_tflite(unpadded(padded().global_pool())))
    whole, streamed = (measured(model, steps, "virtual-m4", tmp_path) for steps in (None, "2"))
    assert (whole.hop, whole.rings, whole.states) == (0, 0, 0)
    assert streamed.hop == 2
    assert streamed.states > 0
    assert 0 < streamed.rings < streamed.instructions < whole.instructions
