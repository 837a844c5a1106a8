"""Frames through the firmware with a virtual camera: capture, conversion, gate, inference.

Every frame's input and every output is compared with the NumPy definition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

from edgekit.artifacts.bundle import Preprocess
from edgekit.artifacts.files import write_file
from edgekit.converter.camera.emit import emit_plan
from edgekit.converter.camera.gate import GateSetting, GateState, block_samples, block_sums, step
from edgekit.converter.camera.plan import FramePlan, Region, convert_frame, plan_frames, resized
from edgekit.deploy.boards import check_port, joined, split_outputs
from edgekit.deploy.build import build_advice, build_folder, check_image
from edgekit.deploy.bundles import Bundle, open_bundle
from edgekit.deploy.classify import best, real_output
from edgekit.deploy.frames import Frames, load_frames
from edgekit.deploy.inputs import reference_outputs
from edgekit.errors import MismatchError
from edgekit.firmware_stubs.build import Camera, build_firmware
from edgekit.runtime.devices.counting import Counter
from edgekit.runtime.devices.qemu import VirtualBoard
from edgekit.runtime.link.camera import CameraLink
from edgekit.runtime.link.dut import Dut, open_dut
from edgekit.targets.model import Target

Progress = Callable[[str, int, int], None]
SIDE_DOOR_FROM = 1 << 12
"""Bytes of a frame from which it goes into the emulator's memory: its line takes 10 kB/s."""


@dataclass(frozen=True, slots=True)
class FrameAnswer:
    """One frame on the board. `convert` and `infer` are in the counter's unit; `label` is of the
    last inference where this frame was skipped."""

    name: str
    ran: bool
    changed: int
    convert: float
    infer: float
    label: str
    score: float
    equal: bool
    """Input, output and decision are those of the NumPy definition."""


@dataclass(frozen=True, slots=True)
class CameraRun:
    """All frames, and what they ran on."""

    model: str
    target: str
    device: str
    format: str
    width: int
    height: int
    work_bytes: int
    """Of the conversion's line buffers."""
    unit: str
    basis: str
    frames: tuple[FrameAnswer, ...]

    @property
    def ran(self) -> int:
        """Frames that the model ran on."""
        return sum(frame.ran for frame in self.frames)

    def verdict(self) -> MismatchError | None:
        """What is wrong, where a frame differs from the definition."""
        wrong = [frame.name for frame in self.frames if not frame.equal]
        if not wrong:
            return None
        return MismatchError(
            f"{self.model} on {self.target}",
            f"{len(wrong)} of {len(self.frames)} frames differ from the reference: {wrong[0]}",
            hint="is the firmware of the same EdgeKit version? Report it with the bundle",
            code="camera-mismatch",
        )


def run_camera(
    bundle: str | Path,
    frames: str | Path,
    *,
    target: str | Target | None = None,
    format: str = "rgb565",
    width: int = 160,
    height: int = 120,
    region: Region | None = None,
    resample: str = "bilinear",
    gate: GateSetting | None = None,
    limit: int | None = None,
    progress: Progress = lambda *_: None,
) -> CameraRun:
    """Feed pictures to the firmware of a bundle on a virtual board, as frames of a camera.

    `frames` is what `load_frames` takes; `gate` leaves frames out that show nothing new. Raises
    UsageError, DataError, ModelError, ToolError, ProtocolError, DoesNotFitError.
    """
    opened = open_bundle(bundle)
    profile = opened.target(target)
    check_port(profile, None)
    plan = plan_for(opened, format, width, height, region, resample)
    given = load_frames(frames, plan.format, width, height, limit)
    progress("building and booting", 0, 1)
    with _board(opened, profile, plan) as (dut, virtual):
        progress("building and booting", 1, 1)
        answers = _Run(opened, profile, plan, dut, virtual).all(given, gate, progress)
        counter, facts = answers.counter, answers.link.facts()
        return CameraRun(
            model=opened.manifest.name,
            target=profile.name,
            device=virtual.description,
            format=plan.format.name,
            width=width,
            height=height,
            work_bytes=int(facts["work"]),
            unit=counter.unit,
            basis="simulated",
            frames=tuple(answers.done),
        )


def plan_for(
    bundle: Bundle, format: str, width: int, height: int, region: Region | None, resample: str
) -> FramePlan:
    """The plan of frames for a bundle's model, prepared as the bundle was converted."""
    return plan_frames(
        bundle.graph,
        bundle.manifest.preprocess or Preprocess(),
        format=format,
        width=width,
        height=height,
        region=region,
        resample=resample,
    )


@contextmanager
def _board(bundle: Bundle, target: Target, plan: FramePlan) -> Iterator[tuple[Dut, VirtualBoard]]:
    """The target's virtual board with the bundle's firmware and a virtual camera."""
    with ExitStack() as stack:
        folder = stack.enter_context(build_folder("camera", build_advice(bundle, target)))
        for name, text in emit_plan(plan).items():
            write_file(folder / "plan" / name, text)
        camera = Camera(folder / "plan")
        image = build_firmware(bundle.folder, target, folder / "build", camera=camera)
        check_image(image, target)
        virtual = stack.enter_context(VirtualBoard(target, image.elf))
        yield stack.enter_context(open_dut(virtual.port, target.link.baud)), virtual


class _Run:
    """The frames one after another, with the definition's gate alongside."""

    def __init__(
        self, bundle: Bundle, target: Target, plan: FramePlan, dut: Dut, virtual: VirtualBoard
    ) -> None:
        self.bundle, self.plan, self.virtual = bundle, plan, virtual
        self.extension = dut.extension()
        facts = self.extension.info()
        self.counter = Counter.of(target, facts)
        self.link = CameraLink(self.extension, int(facts["frame"]) - 4)
        self.outputs = sum(tensor.bytes for tensor in bundle.manifest.outputs)
        self.samples = block_samples(plan.shape)
        self.done: list[FrameAnswer] = []

    def all(self, frames: Frames, gate: GateSetting | None, progress: Progress) -> _Run:
        """Every frame, from a gate that has seen nothing."""
        setting, state = gate or GateSetting(), GateState()
        self.link.set_gate(**asdict(setting))
        label, score = "", 0.0
        for index, (raw, name) in enumerate(zip(frames.raw, frames.names, strict=True)):
            self._show(raw.tobytes())
            taken = self.link.capture(gated=gate is not None)
            decision, state = step(
                setting, state, block_sums(resized(self.plan, raw)), self.samples
            )
            wanted = decision.run or gate is None
            given = convert_frame(self.plan, raw)
            equal = (taken.ran, taken.changed) == (wanted, decision.changed)
            equal &= taken.input_crc == crc32(given.tobytes())
            if taken.ran:
                data = self.extension.read_output(self.outputs)
                equal &= data == self._expected(given)
                outputs = split_outputs(self.bundle, data)
                [(label, score)] = best(self.bundle, real_output(self.bundle, outputs[0]), 1)
            convert, infer = self.counter.count(taken.convert), self.counter.count(taken.infer)
            self.done.append(
                FrameAnswer(name, taken.ran, taken.changed, convert, infer, label, score, equal)
            )
            progress("frames", index + 1, len(frames.raw))
        return self

    def _expected(self, given: Any) -> bytes:
        [outputs] = reference_outputs(self.bundle.graph, ([given],))
        return joined(outputs)

    def _show(self, data: bytes) -> None:
        """Large frames go past the line, which moves 10 kB in a second."""
        if len(data) < SIDE_DOOR_FROM:
            self.link.write_frame(data)
        else:
            self.virtual.write_memory(self.virtual.symbol("ek_camera_frame"), data)
