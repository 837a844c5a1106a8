"""The board of a benchmark by MLPerf Tiny's rules: at a port with anyone's firmware, or virtual."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from edgekit.artifacts.figures import Provenance
from edgekit.deploy.boards import EdgeTap, OnEdge, check_port
from edgekit.deploy.build import build_advice, build_folder, check_image
from edgekit.deploy.bundles import Bundle
from edgekit.errors import UsageError
from edgekit.firmware_stubs.build import build_firmware
from edgekit.firmware_stubs.image import Image
from edgekit.runtime.devices.bench import check_identity
from edgekit.runtime.devices.qemu import VirtualBoard
from edgekit.runtime.link.dut import Identity
from edgekit.runtime.link.transport import SerialTransport
from edgekit.runtime.mlperf.benchmarks import BENCHMARKS, Benchmark, find_benchmark, guess_benchmark
from edgekit.runtime.mlperf.device import Device
from edgekit.runtime.mlperf.windows import MOST_S, Pace
from edgekit.runtime.power.serial_port import is_pseudo_terminal
from edgekit.targets.model import Target

BAUD = 115200
EMULATED_PATIENCE_S = 900.0
"""An emulated board may need many times the time that it says it needs."""


@dataclass(frozen=True)
class MlperfBoard:
    """A board that was asked what it is. `target` is None where none was named."""

    device: Device
    identity: Identity
    benchmark: Benchmark
    target: Target | None
    image: Image | None = None
    virtual: VirtualBoard | None = None
    tap: EdgeTap | None = None

    @property
    def provenance(self) -> Provenance:
        """Simulated for a virtual board, and for whatever is at a pseudo-terminal or a network
        address: a program may be there as well as a board."""
        name = self.device.name
        emulated = self.virtual is not None or "://" in name or is_pseudo_terminal(name)
        return Provenance.SIMULATED if emulated else Provenance.MEASURED

    @property
    def tells_model(self) -> bool:
        """Whether it can be asked for the very model it runs: EdgeKit firmware, directly."""
        return bool(self.identity.extension) and not self.device.passthrough

    @property
    def description(self) -> str:
        """What runs, for the report."""
        if self.virtual is not None:
            return self.virtual.description
        return f"board at {self.device.name}, {self.device.link}"

    @property
    def scale(self) -> float:
        """Seconds of the board a virtual one is modelled on per second of its clock."""
        scale = self.target.nominal_time_scale if self.virtual and self.target else None
        return scale or 1.0

    @property
    def clock(self) -> str:
        """Whose seconds windows have."""
        if self.virtual is None or self.target is None:
            return "the board's own"
        cpi = self.target.cpu.cycles_per_instruction
        return (
            f"estimated: instructions counted by {self.virtual.description} x {cpi:g} cycles / "
            f"{self.target.clock_hz / 1e6:g} MHz"
        )

    def pace(self, window_s: float) -> Pace:
        """How windows are laid out on this board."""
        real = self.provenance is Provenance.MEASURED
        return Pace(window_s, self.scale, MOST_S + 1.0 if real else EMULATED_PATIENCE_S)

    def listen(self, listener: OnEdge | None) -> None:
        """Pass trigger edges of a virtual board to `listener` from now on; None: no more."""
        if self.virtual is not None and self.tap is not None:
            self.virtual.trigger_events()
            self.tap.listener = listener


@contextmanager
def mlperf_board(
    bundle: Bundle | None,
    target: Target | None,
    *,
    port: str | None,
    baud: int | None,
    model_id: str,
) -> Iterator[MlperfBoard]:
    """The board at `port`, or the target's virtual board with the firmware of `bundle`.

    Raises UsageError, PortError, ProtocolError, ToolError, DoesNotFitError.
    """
    with ExitStack() as stack:
        if port is not None:
            rate = baud or (target.link.baud if target is not None else BAUD)
            device = stack.enter_context(Device(SerialTransport(port, rate), baud=rate))
            board = _asked(MlperfBoard(device, _NOBODY, _ANY, target))
            if bundle is not None and board.tells_model:
                check_identity(device, device.facts(), bundle.manifest.model_sha256[:16], "")
            yield board
            return
        if bundle is None or target is None:
            raise UsageError(
                "bench --mlperf",
                "neither a bundle nor a --port was given",
                allowed="--port with any board that runs MLPerf Tiny firmware, or a bundle",
                hint="edgekit bench --mlperf --port /dev/ttyACM0 --data DIR",
                code="mlperf-no-board",
            )
        check_port(target, None)
        folder = stack.enter_context(build_folder("board", build_advice(bundle, target)))
        image = build_firmware(
            bundle.folder, target, folder, model_id=model_id or model_id_of(bundle)
        )
        check_image(image, target)
        tap = EdgeTap()
        virtual = stack.enter_context(VirtualBoard(target, image.elf, on_edge=tap))
        line = SerialTransport(virtual.port, target.link.baud)
        device = stack.enter_context(Device(line))
        yield _asked(MlperfBoard(device, _NOBODY, _ANY, target, image, virtual, tap))


_NOBODY = Identity("", "", "", 0)
_ANY = next(iter(BENCHMARKS.values()))


def _asked(board: MlperfBoard) -> MlperfBoard:
    identity = board.device.connect()
    benchmark = find_benchmark(identity.model_id, board.device.name)
    return MlperfBoard(
        board.device, identity, benchmark, board.target, board.image, board.virtual, board.tap
    )


def model_id_of(bundle: Bundle) -> str:
    """The benchmark's id by the sizes of the bundle's model. Raises UsageError for none."""
    manifest = bundle.manifest
    if len(manifest.inputs) == len(manifest.outputs) == 1:
        x, y = manifest.inputs[0], manifest.outputs[0]
        found = guess_benchmark(x.bytes, y.bytes) if x.dtype == y.dtype == "int8" else ""
        if found:
            return found
    raise UsageError(
        f"bundle {manifest.name}",
        "its model has not the sizes of an MLPerf Tiny benchmark",
        allowed=", ".join(
            f"{row.id} ({row.sample_bytes} B in, {row.results} out)" for row in BENCHMARKS.values()
        ),
        hint="name the benchmark with --model-id, or use `edgekit bench` without --mlperf",
        code="mlperf-which",
    )
