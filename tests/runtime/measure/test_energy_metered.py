"""Windows of inferences under a meter: boards, the host, and what joins them."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import partial

import pytest

from edgekit.artifacts.figures import Provenance
from edgekit.artifacts.power import PowerTrace
from edgekit.errors import MeterError
from edgekit.runtime.devices.qemu import Edge
from edgekit.runtime.measure.energy import energy_per_inference
from edgekit.runtime.measure.metered import (
    EdgeFeed,
    edge_listener,
    measure_energy,
    timed_windows,
)
from edgekit.runtime.power.meter import MeterIdentity
from edgekit.runtime.power.names import make_meter
from edgekit.runtime.power.ppk2 import Ppk2
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
    assert edge_listener(Ppk2("/dev/null"), BOARD) is None


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


INSTRUCTIONS = 24_000_000


def test_a_virtual_board_under_the_virtual_meter() -> None:
    """Edges in ticks of an emulated clock, late and from another thread, as QEMU reports them."""
    ticks = INSTRUCTIONS * 32 // 5
    edges = [Edge("fall", 10), Edge("rise", 10 + ticks), Edge("fall", 20 + 2 * ticks)]
    edges.append(Edge("rise", 20 + 3 * ticks))
    with make_meter("virtual:?seed=1", BOARD) as meter:
        listener = edge_listener(meter, BOARD)
        assert listener is not None

        def run_windows() -> list[int]:
            timer = threading.Timer(0.02, lambda: [listener.from_board(edge) for edge in edges])
            timer.start()
            listener.await_windows(2)
            return [1, 1]

        result = measure_energy(meter, run_windows).result
    nominal_s = INSTRUCTIONS * 1.56 / 120e6
    assert result.gross_j == pytest.approx(0.044 * nominal_s, rel=1e-3)
    assert result.net_j == pytest.approx(0.7 * 0.044 * nominal_s, rel=3e-3)
    assert result.provenance is Provenance.SIMULATED
    assert len(result.windows) == 2
    found = [note.code for note in result.warnings]
    assert found == ["meter-simulated", "energy-short-window", "energy-few-windows"]


def test_host_windows_under_the_virtual_meter() -> None:
    now = [0.0]

    def pass_time(seconds: float = 0.03) -> None:
        now[0] += seconds

    with make_meter("virtual:?noise=0.001", load_target("host")) as meter:
        windows = partial(
            timed_windows, meter, pass_time, windows=3, window_s=0.1, pause_s=0.05,
            clock=lambda: now[0], sleep=pass_time,
        )  # fmt: skip
        result = measure_energy(meter, windows).result
    assert [window.inferences for window in result.windows] == [4, 4, 4]
    assert result.gross_j == pytest.approx(3.0 * 0.03, rel=2e-3)


class MarkMeter:
    """A meter with neither wire nor edges: it has marks."""

    identity = MeterIdentity("marks", "")

    def __init__(self) -> None:
        self.labels: list[str] = []

    def mark(self, label: str) -> None:
        self.labels.append(label)


def test_a_meter_without_a_wire_gets_host_marks() -> None:
    meter = MarkMeter()
    assert timed_windows(meter, lambda: None, windows=2, window_s=0.0, pause_s=0.0) == [1, 1]
    assert meter.labels == ["window-start", "window-end"] * 2


def test_idling_is_looked_for_next_to_the_windows_only() -> None:
    """What a board does long before its windows is not idling."""
    quiet, _ = make_trace(Plan(windows=2, idle_s=1.5))
    loud = quiet.amps.copy()
    loud[quiet.t < 0.4] *= 3
    noisy = replace(quiet, amps=loud)
    assert _idle(noisy) == _idle(quiet) == pytest.approx(0.012)


def _idle(trace: PowerTrace) -> float | None:
    return energy_per_inference(trace, [1, 1]).idle_w
