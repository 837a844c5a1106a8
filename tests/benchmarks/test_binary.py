"""The binarized benchmark: its tables, its parts on small layers, and how it ends."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from benchmarks import binary, binary_sizes, binary_times, executed
from benchmarks.binary_counts import Row, measure, table, tflm
from benchmarks.binary_layers import Layer
from benchmarks.binary_sizes import Size
from benchmarks.binary_times import Timed
from edgekit.errors import DeviceError
from tests.helpers.toolchains import require

SMALL = Layer(3, 64, 32, 3)


def test_counts_have_ratios_and_stand_beside_a_baseline_where_there_is_one() -> None:
    rows = [Row(board, "3x3", 0.2, 0.8, "ek_k", 9, 10) for board in ("virtual-m4", "rpi4")]
    *_, board, processor = table(rows)
    figure = tflm("virtual-m4")
    assert figure == pytest.approx(29863164 / 12501632)
    assert board == f"| virtual-m4 | 3x3 | 0.200 | 0.800 | 0.250 | {0.2 / figure:.3f} | `ek_k` |"
    assert processor == "| rpi4 | 3x3 | 0.200 | 0.800 | 0.250 |  | `ek_k` |"


def test_times_are_compared_within_a_round() -> None:
    """A round in which everything was slow changes no ratio."""
    seconds = {
        "binary C": (1e-6, 10e-6, 1e-6),
        "int8 C": (4e-6, 40e-6, 4e-6),
        "int8 LiteRT": (2e-6, 20e-6, 2e-6),
    }
    row = Timed("3x3", seconds, "", "")
    assert (row.ratio("int8 C"), row.ratio("int8 LiteRT")) == (0.25, 0.5)
    assert binary_times.table([row])[-1] == (
        "| 3x3 | 1 (1 to 6) | 4 (4 to 22) | 2 (2 to 11) | 0.250 | 0.500 |"
    )


def test_engines_take_turns() -> None:
    order: list[str] = []
    calls = {name: (lambda n=name: order.append(n)) for name in ("a", "b")}
    found = binary_times.in_turns(calls, rounds=2, round_s=0)
    assert [len(values) for values in found.values()] == [2, 2]
    assert order[-12:] == ["a"] * 3 + ["b"] * 3 + ["a"] * 3 + ["b"] * 3


def test_sizes_hold_up_to_five_percent_more_than_a_bit() -> None:
    exact = Size("3x3", "virtual-m4", 800, 100, 100, 105, 1000, 2000)
    assert exact.holds
    assert not Size("3x3", "virtual-m4", 800, 106, 100, 100, 1000, 2000).holds
    assert binary_sizes.table([exact])[-1] == (
        "| 3x3 for virtual-m4 | 800 | 1.000 | 1.000 | 1.050 | 1,000 B | 2,000 B |"
    )


def test_sizes_of_a_layer(tmp_path: Path) -> None:
    found = binary_sizes.measure(Layer(3, 64, 64, 3), "virtual-m4", tmp_path)
    assert found.weights == 9 * 64 * 64
    assert found.holds
    assert found.lce_file < found.portable_file


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() != "x86_64", reason="for x86-64")
def test_times_of_a_layer(tmp_path: Path) -> None:
    found = binary_times.timed(SMALL, tmp_path, rounds=2, round_s=0.001)
    assert found.kernels.startswith("ek_conv2d_b1__x86")
    assert set(found.seconds) == set(binary_times.ENGINES)
    assert all(value > 0 for values in found.seconds.values() for value in values)


@pytest.mark.qemu
def test_counts_on_64_bit_arm(tmp_path: Path) -> None:
    require("aarch64-linux-gnu-gcc", "qemu-aarch64-static")
    row = measure(SMALL, "rpi4", tmp_path)
    assert row.kernel == "ek_conv2d_b1__neon"
    assert 0 < row.ratio < 1


def test_a_kernel_that_did_not_run_is_an_error() -> None:
    with pytest.raises(DeviceError, match="was not among what the emulator logged"):
        executed.instructions([b"IN: f", b"0x10:  aa", b"Trace 0: 0 [0/10/0/0] f"], "g", "m")


def test_layers_are_named_where_none_is_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    assert binary.main(["--layers", "5x5"]) == 2
    assert "3x3 128->128 of 28x28" in capsys.readouterr().err


def test_layers_over_a_bit_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    large = Size("1x1", "virtual-m4", 800, 112, 100, 100, 1000, 2000)
    monkeypatch.setattr(binary_sizes, "measure", lambda *a: large)
    assert binary.main(["--only", "sizes", "--layers", "1x1 1024"]) == 0
    assert "1x1: over 5 % more than a bit" in capsys.readouterr().out
