"""Windows of inferences under a meter: boards, the host, and what joins them."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import partial

import pytest

from edgekit.artifacts.figures import Provenance
from edgekit.artifacts.power import PowerTrace
from edgekit.artifacts.run import RunResult, Window
from edgekit.errors import MeterError
from edgekit.runtime.devices.qemu import Edge
from edgekit.runtime.measure.energy import energy_per_inference
from edgekit.runtime.measure.metered import (
    EdgeFeed,
    MeteredTiming,
    edge_feed,
    energy_of_run,
    measure_energy,
    timed_windows,
)
from edgekit.runtime.power.meter import make_meter
from edgekit.runtime.power.ppk2 import Ppk2
from edgekit.runtime.power.virtual_meter import VirtualMeter
from edgekit.targets.reader import load_target
from tests.helpers.power_traces import Plan, make_trace

BOARD = load_target("virtual-m4")


class Edges:
    """A meter that only collects its edges."""

    def __init__(self) -> None:
        self.taken: list[tuple[bool, float]] = []

    def edge(self, level: bool, seconds: float) -> None:
        self.taken.append((level, seconds))


def test_ticks_of_a_virtual_board_become_nominal_seconds() -> None:
    edges = Edges()
    feed = EdgeFeed(edges, BOARD)
    # 1,000,000 instructions are 6,400,000 ticks; at 120 MHz and CPI 1.56 they take 13 ms.
    feed.from_board(Edge("fall", 0))
    feed.from_board(Edge("rise", 6_400_000))
    assert edges.taken == [(False, 0.0), (True, pytest.approx(0.013))]


def test_the_host_clock_passes_unchanged() -> None:
    edges = Edges()
    EdgeFeed(edges, load_target("host"))(False, 12.5)
    assert edges.taken == [(False, 12.5)]


def test_a_meter_with_a_wire_needs_no_feed() -> None:
    assert edge_feed(Ppk2("/dev/null"), BOARD) is None


def test_edges_may_come_late_but_must_come() -> None:
    feed = EdgeFeed(Edges(), BOARD)
    timer = threading.Timer(0.02, feed, (True, 1.0))
    timer.start()
    feed.await_windows(1, 5.0)
    timer.join()
    with pytest.raises(MeterError) as caught:
        feed.await_windows(2, 0.01)
    assert caught.value.code == "meter-edges"
    assert caught.value.found == "the board reported 1 of the 2 windows it ran"
    feed.restart()
    with pytest.raises(MeterError, match="0 of the 1"):
        feed.await_windows(1, 0.0)


INSTRUCTIONS = 24_000_000


def bench(feed: EdgeFeed, timing: MeteredTiming, windows: int = 2) -> RunResult:
    """What `bench_device` does with the trigger and its progress, on made-up counts."""
    clock = 1_000_000
    for number in range(3):  # Runs before the timing: checking outputs.
        feed.from_board(Edge("fall", clock := clock + 5_000_000))
        feed.from_board(Edge("rise", clock := clock + INSTRUCTIONS * 32 // 5))
        timing("checking outputs", number, 3)
    for done in range(windows):
        timing("timing", done, windows)
        feed.from_board(Edge("fall", clock := clock + 5_000_000))
        feed.from_board(Edge("rise", clock := clock + INSTRUCTIONS * 32 // 5))
    timing("timing", windows, windows)
    window = Window(1, INSTRUCTIONS * 256e-9, INSTRUCTIONS)
    return RunResult("made up", "none", Provenance.SIMULATED, windows=(window,) * windows)


def test_a_virtual_board_under_the_virtual_meter() -> None:
    told: list[str] = []
    with make_meter("virtual:?seed=1", BOARD) as meter:
        feed = edge_feed(meter, BOARD)
        assert feed is not None
        timing = MeteredTiming(meter, feed, lambda what, done, total: told.append(what))
        run = bench(feed, timing)
    result = energy_of_run(timing.trace, run, BOARD)
    nominal_s = INSTRUCTIONS * 1.56 / 120e6
    assert result.gross_j == pytest.approx(0.044 * nominal_s, rel=1e-3)
    assert result.net_j == pytest.approx(0.7 * 0.044 * nominal_s, rel=3e-3)
    assert result.provenance is Provenance.SIMULATED
    assert len(result.windows) == 2
    assert [note.code for note in result.warnings] == ["meter-simulated", "energy-short-window"]
    assert told == ["checking outputs"] * 3 + ["timing"] * 3


def test_clocks_that_disagree_have_a_note() -> None:
    trace, _ = make_trace(Plan(windows=2))
    run = RunResult("b", "e", Provenance.MEASURED, windows=(Window(10, 0.45, 0.0),) * 2)
    result = energy_of_run(trace, run, min_window_s=0.1)
    assert [note.code for note in result.warnings] == ["energy-clock"]
    assert "1 s for the meter and 0.9 s for the board" in result.warnings[0].message
    agreed = replace(run, windows=(Window(10, 0.5, 0.0),) * 2)
    assert energy_of_run(trace, agreed, min_window_s=0.1).warnings == ()


def test_no_recording_when_the_run_ended_early() -> None:
    timing = MeteredTiming(make_meter("virtual", BOARD), None)
    timing("checking outputs", 0, 1)
    with pytest.raises(MeterError) as caught:
        _ = timing.trace
    assert caught.value.code == "meter-no-recording"


def test_host_windows_under_the_virtual_meter() -> None:
    target = load_target("host")
    meter = make_meter("virtual:?noise=0.001", target)
    assert isinstance(meter, VirtualMeter)
    now = [0.0]

    def pass_time(seconds: float = 0.03) -> None:
        now[0] += seconds

    with meter:
        windows = partial(
            timed_windows, meter, pass_time, windows=3, window_s=0.1, pause_s=0.05,
            clock=lambda: now[0], sleep=pass_time,
        )  # fmt: skip
        run = measure_energy(meter, windows)
    assert [window.inferences for window in run.result.windows] == [4, 4, 4]
    assert run.result.gross_j == pytest.approx(3.0 * 0.03, rel=2e-3)


class MarkMeter:
    """A meter with neither wire nor edges: it has marks."""

    def __init__(self) -> None:
        self.labels: list[str] = []

    def mark(self, label: str) -> None:
        self.labels.append(label)


def test_a_meter_without_a_wire_gets_host_marks() -> None:
    meter = MarkMeter()
    assert timed_windows(meter, lambda: None, windows=2, window_s=0.0, pause_s=0.0) == [1, 1]
    assert meter.labels == ["window-start 0", "window-end 0", "window-start 1", "window-end 1"]


def test_idling_is_looked_for_next_to_the_windows_only() -> None:
    """What a board does long before its windows is not idling."""
    quiet, _ = make_trace(Plan(windows=2, idle_s=1.5))
    loud = quiet.amps.copy()
    loud[quiet.t < 0.4] *= 3
    noisy = replace(quiet, amps=loud)
    assert _idle(noisy) == _idle(quiet) == pytest.approx(0.012)


def _idle(trace: PowerTrace) -> float | None:
    return energy_per_inference(trace, [1, 1]).idle_w
