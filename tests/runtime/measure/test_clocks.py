"""Clocks that run apart, found from the windows of a measurement."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgekit.artifacts.figures import Provenance
from edgekit.artifacts.power import ClockRatio, EnergyResult, EnergyWindow
from edgekit.runtime.devices.qemu import Edge
from edgekit.runtime.measure.clocks import LIMIT_PPM, board_clock, clock_notes, computer_clock
from edgekit.runtime.measure.metered import (
    MeteredRun,
    WindowsRun,
    edge_listener,
    measure_energy,
    with_clocks,
)
from edgekit.runtime.power.names import make_meter
from edgekit.targets.reader import load_target

BOARD = load_target("virtual-m4")


def windows(
    count: int = 5, *, source: str = "trigger", seconds: float = 10.0
) -> list[EnergyWindow]:
    starts = 1 + (seconds + 0.5) * np.arange(count)
    return [EnergyWindow(at, at + seconds, 0.4, 100, source) for at in starts.tolist()]


@pytest.mark.parametrize("ppm", [-5000.0, -300.0, 0.0, 40.0, 300.0])
def test_a_board_whose_clock_is_off(ppm: float) -> None:
    rng = np.random.default_rng(0)
    own = [10 * (1 + ppm * 1e-6) + jitter for jitter in rng.normal(0, 20e-6, 5)]
    found = board_clock(windows(), own)
    assert found is not None
    assert found.ppm == pytest.approx(ppm, abs=5)
    assert found.low_ppm is not None
    assert found.high_ppm is not None
    assert found.low_ppm <= ppm <= found.high_ppm
    assert found.high_ppm - found.low_ppm < 20
    assert bool(clock_notes([found])) == (abs(ppm) > LIMIT_PPM)


@pytest.mark.parametrize("ppm", [0.0, 300.0])
def test_a_computer_whose_clock_is_off(ppm: float) -> None:
    """It is told of the ends some milliseconds late, which does not count but for its scatter."""
    rng = np.random.default_rng(1)
    ends = np.array([window.end_s for window in windows(9)])
    told = 77_000 + ends * (1 + ppm * 1e-6) + 0.02 + rng.normal(0, 5e-4, 9)
    found = computer_clock(windows(9), told.tolist())
    assert found is not None
    assert found.low_ppm is not None
    assert found.high_ppm is not None
    assert found.low_ppm <= ppm <= found.high_ppm
    assert found.ppm == pytest.approx(ppm, abs=40)
    assert bool(clock_notes([found])) == bool(ppm)


def test_the_interval_covers_the_truth_at_its_rate() -> None:
    rng = np.random.default_rng(2)
    covered = 0
    for _ in range(400):
        found = board_clock(windows(), (10.003 + rng.normal(0, 1e-4, 5)).tolist())
        assert found is not None
        assert found.low_ppm is not None
        assert found.high_ppm is not None
        # A mean has this interval; the median, which is told, lies near it.
        covered += found.low_ppm <= 300 <= found.high_ppm
    assert covered / 400 > 0.9


def test_the_position_of_edges_is_in_the_interval() -> None:
    exact = board_clock(windows(), [10.001] * 5)
    coarse = board_clock(windows(), [10.001] * 5, 1e-3)
    assert exact is not None
    assert coarse is not None
    assert exact.high_ppm == pytest.approx(100)
    assert (coarse.low_ppm, coarse.high_ppm) == (pytest.approx(0, abs=1e-6), pytest.approx(200))


def test_what_tells_no_clock() -> None:
    assert board_clock(windows(source="marks"), [10.0] * 5) is None
    assert board_clock([], []) is None
    assert computer_clock(windows(2), [1.0, 2.0]) is None
    assert computer_clock(windows(source="plateau"), [1.0, 2.0, 3.0, 4.0, 5.0]) is None
    lone = board_clock(windows(1), [10.01])
    assert lone == ClockRatio("board", pytest.approx(1000), None, None, 1)
    assert [note.code for note in clock_notes([lone])] == ["clock-drift"]


def test_a_note_names_the_clock_and_what_to_do() -> None:
    (note,) = clock_notes([ClockRatio("board", -312.4, -320.0, -305.0, 5)])
    assert note.subject == "the board's"
    assert note.message == (
        "the board's clock runs 312 ppm slow against the meter's (-320 to -305, 5 windows)"
    )
    assert "check the board's clock source" in note.advice
    (other,) = clock_notes([ClockRatio("computer", 900.0, 700.0, 1100.0, 5)])
    assert "this computer's clock runs 900 ppm fast" in other.message


def metered(ppm: float) -> MeteredRun:
    """Windows of a virtual board under a virtual meter whose clock is fast by `ppm`."""
    ticks, ran = 24_000_000 * 32 // 5, WindowsRun()
    with make_meter(f"virtual:?seed=1&clock_ppm={ppm:g}", BOARD) as meter:
        feed = edge_listener(meter, BOARD)
        assert feed is not None

        def run_windows() -> list[int]:
            for number in range(3):
                at = (2 * number + 1) * ticks
                feed.from_board(Edge("fall", at))
                feed.from_board(Edge("rise", at + ticks))
                assert BOARD.emulator is not None
                scale = BOARD.nominal_time_scale or 0.0
                ran.add(meter, 10, ticks / BOARD.emulator.timer_hz * scale)
            feed.await_windows(3)
            return ran.inferences

        return measure_energy(meter, run_windows, ran=ran, min_window_s=0.1)


@pytest.mark.parametrize("ppm", [0, 300])
def test_an_emulated_meter_that_runs_fast(ppm: int) -> None:
    """Its samples say that windows last longer than by the board, whose clock seems slow. Energy
    is on the meter's clock, and too large by as much."""
    found, truth = metered(ppm).result, metered(0).result
    (clock,) = found.clocks
    assert clock.name == "board"
    assert clock.ppm == pytest.approx(-ppm, abs=20)
    assert bool([n for n in found.warnings if n.code == "clock-drift"]) == bool(ppm)
    assert found.gross_j / truth.gross_j - 1 == pytest.approx(ppm * 1e-6, abs=5e-5)


def test_clocks_are_figures_of_the_report() -> None:
    clocks = (ClockRatio("board", -300.0, -310.0, -290.0, 5),)
    from edgekit.runtime.report.figures import build_figures
    from tests.helpers import sample_report

    energy = replace(sample_report.energy(), clocks=clocks)
    figures = build_figures(sample_report.manifest(), BOARD, energy=energy)
    figure = figures["board_clock"]
    assert (figure.value, figure.unit, figure.low, figure.high) == (-300.0, "ppm", -310.0, -290.0)
    assert figure.provenance is Provenance.SIMULATED
    assert list(figures).index("board_clock") > list(figures).index("idle_power")


def test_windows_of_a_resumed_measurement_are_matched_from_the_end() -> None:
    """The computer's times are those of the last leg only; the board's are of all."""
    result = EnergyResult(
        gross_j=1.0, net_j=None, low_j=1.0, high_j=1.0, idle_w=None, average_w=1.0,
        windows=tuple(windows(6)), provenance=Provenance.MEASURED, meter="x",
    )  # fmt: skip
    late = [window.end_s * 1.001 + 5 for window in windows(6)[2:]]
    ran = WindowsRun([100] * 4, [10.02] * 6, late)
    clocks = {clock.name: clock for clock in with_clocks(result, ran).clocks}
    assert clocks["board"].ppm == pytest.approx(2000)
    assert (clocks["computer"].ppm, clocks["computer"].windows) == (pytest.approx(1000), 4)
