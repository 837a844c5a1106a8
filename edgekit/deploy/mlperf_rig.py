"""A whole MLPerf Tiny set-up on pseudo-terminals: a virtual board, for energy mode with an
interface board before it and an LPM01A that feeds it. What `edgekit mlperf emulate` opens.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from edgekit.deploy.boards import EdgeTap, check_port
from edgekit.deploy.build import build_advice, build_folder, check_image
from edgekit.deploy.bundles import Bundle, open_bundle
from edgekit.deploy.mlperf_board import EMULATED_PATIENCE_S, model_id_of
from edgekit.errors import UsageError
from edgekit.firmware_stubs.build import build_firmware
from edgekit.runtime.devices.qemu import Edge, VirtualBoard
from edgekit.runtime.link.transport import SerialTransport
from edgekit.runtime.mlperf.benchmarks import BENCHMARKS, Benchmark
from edgekit.runtime.mlperf.device import Device
from edgekit.runtime.mlperf.interface_board import DIALECTS, InterfaceBoard
from edgekit.runtime.mlperf.relay import PtyRelay
from edgekit.runtime.mlperf.rules import MODES
from edgekit.runtime.mlperf.runner_files import write_runner_files
from edgekit.runtime.mlperf.windows import WARMUP, WINDOW_S, Load
from edgekit.runtime.power.emulators.following import FollowingLpm01a
from edgekit.runtime.power.load import LoadProfile
from edgekit.targets.model import Target

LOOK_S, QUIET_LOOKS = 0.005, 20
TAKEN_S = 60.0
"""Longest the board's words are held back for a host that does not read its meter."""
TIMED_S = 1.0
"""Inferences are timed for so long, or the line's share would seem theirs."""
SPARE = 1.3
"""Timed on an empty sample, and the real ones may take less."""
WALL_S = 3.0
"""Wall time of a window in performance mode: the runner wants ten seconds for all five."""


@dataclass(frozen=True)
class Rig:
    """`ports` maps "dut", or "interface" and "power", to what to open; `load` is what fills a
    window, None in accuracy mode."""

    benchmark: Benchmark
    ports: Mapping[str, str]
    load: Load | None
    baud: int
    volts: float

    def write_files(self, folder: Path) -> tuple[Path, ...]:
        """The files the official runner wants. Raises OutputError."""
        return write_runner_files(
            folder, self.ports, self.benchmark, self.load, baud=self.baud, volts=self.volts
        )


@contextmanager
def emulated_rig(
    bundle: str | Path,
    *,
    target: str | Target | None = None,
    mode: str = "performance",
    model_id: str = "",
    interface: str = DIALECTS[0],
) -> Iterator[Rig]:
    """The set-up for `mode`, gone afterwards. Raises UsageError, ToolError, DoesNotFitError."""
    opened = open_bundle(bundle)
    profile = opened.target(target)
    _check(profile, mode, interface)
    benchmark = BENCHMARKS[_known(model_id or model_id_of(opened))]
    with ExitStack() as stack:
        tap = EdgeTap()
        virtual = stack.enter_context(_booted(opened, profile, benchmark.id, tap))
        line = SerialTransport(virtual.port, profile.link.baud)
        load = _filling(line, profile, benchmark, mode)
        if mode != "energy":
            relay = stack.enter_context(PtyRelay(line))
            yield Rig(benchmark, {"dut": relay.path}, load, profile.link.baud, 0.0)
            return
        meter = stack.enter_context(FollowingLpm01a(LoadProfile.from_target(profile)))
        edges = _Edges(virtual, meter, profile)
        tap.listener = edges.take
        board = InterfaceBoard(
            line, dialect=interface, before=edges.settle, on_infer=meter.expect_window
        )
        stack.enter_context(board)
        ports = {"interface": board.path, "power": meter.path}
        yield Rig(benchmark, ports, load, profile.link.baud, meter.profile.volts)


class _Edges:
    """Carries the board's edges to the meter, and holds the board's words until the host has
    read what the meter says of them: on a real desk both come at once."""

    def __init__(self, virtual: VirtualBoard, meter: FollowingLpm01a, target: Target) -> None:
        emulator, scale = target.emulator, target.nominal_time_scale
        self._virtual, self._meter = virtual, meter
        self._second = (scale or 1.0) / (emulator.timer_hz if emulator is not None else 1)
        self._fresh = False

    def take(self, edge: Edge) -> None:
        """An edge of the board's pin."""
        if edge.kind == "fall":
            self._fresh = True
            self._meter.fall(edge.ticks * self._second)

    def settle(self) -> None:
        """Return when the host has read everything up to the last edge."""
        self._virtual.trigger_events()
        if not self._fresh:
            return
        self._fresh = False
        began = time.monotonic()
        quiet = 0
        # The kernel hands a long write on in pieces: nothing to read now may be more in a moment.
        while quiet < QUIET_LOOKS and time.monotonic() < began + TAKEN_S:
            quiet = quiet + 1 if self._meter.taken else 0
            time.sleep(LOOK_S)
        # A host that reads byte by byte is still busy with what it took last.
        time.sleep(0.1 + 0.25 * (time.monotonic() - began))


@contextmanager
def _booted(bundle: Bundle, target: Target, model_id: str, tap: EdgeTap) -> Iterator[VirtualBoard]:
    with build_folder("board", build_advice(bundle, target)) as folder:
        image = build_firmware(bundle.folder, target, folder, model_id=model_id)
        check_image(image, target)
        with VirtualBoard(target, image.elf, on_edge=tap) as virtual:
            yield virtual


def _filling(line: SerialTransport, target: Target, benchmark: Benchmark, mode: str) -> Load | None:
    """What fills a window, by this machine's clock and the board's; the board is left in its mode
    for time stamps."""
    device = Device(line)
    device.connect()
    device.load(bytes(benchmark.sample_bytes))
    if mode == "accuracy":
        return None
    own, wall = _timed(device)
    if mode == "performance":
        count = max(SPARE * WINDOW_S / own, WALL_S / wall)
        return Load(math.ceil(count), WARMUP)
    device.command("mode energy")
    nominal = own * (target.nominal_time_scale or 1.0)
    return Load(math.ceil(SPARE * WINDOW_S / nominal), WARMUP)


def _timed(device: Device) -> tuple[float, float]:
    """Seconds of an inference by the board's clock and by this machine's."""
    count = 1
    while True:
        began = time.monotonic()
        found = device.infer(count, 0, timeout=EMULATED_PATIENCE_S)
        wall = time.monotonic() - began
        if wall >= TIMED_S:
            return (found.seconds or wall) / count, wall / count
        count = math.ceil(count * min(100.0, 1.5 * TIMED_S / max(wall, 1e-3)))


def _known(model_id: str) -> str:
    if model_id in BENCHMARKS:
        return model_id
    raise UsageError(
        f"model id {model_id!r}",
        "unknown",
        allowed=", ".join(BENCHMARKS),
        hint="leave --model-id out for a model of a benchmark's sizes",
        code="model-id",
    )


def _check(target: Target, mode: str, interface: str) -> None:
    check_port(target, None)
    for option, value, allowed in (
        ("--mode", mode, MODES),
        ("--interface", interface, DIALECTS),
    ):
        if value not in allowed:
            raise UsageError(
                f"{option} {value}",
                "unknown",
                allowed=", ".join(allowed),
                hint="see `edgekit mlperf emulate --help`",
                code="mlperf-rig",
            )
