"""Frames through camera firmware: capture, conversion, gate, inference.

`run_camera` shows pictures to a virtual board, `ask_camera` asks a real one for what its sensor
sees. Every frame that is known here is compared with the NumPy definition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np

from edgekit.artifacts.files import check_writable, write_file
from edgekit.converter.camera.formats import Pixels, Raw
from edgekit.converter.camera.gate import GateSetting
from edgekit.converter.camera.plan import FramePlan, Region, resized
from edgekit.deploy.boards import check_port
from edgekit.deploy.build import build_advice, build_folder, check_image
from edgekit.deploy.bundles import Bundle, open_bundle
from edgekit.deploy.camera_choice import CameraChoice, CameraPart, choose_camera, plan_for
from edgekit.deploy.camera_run import CameraRun, FrameAnswer
from edgekit.deploy.camera_session import CameraSession
from edgekit.deploy.claims import claimed, claims
from edgekit.deploy.frames import Frames, load_frames
from edgekit.errors import UsageError
from edgekit.firmware_stubs.build import build_firmware
from edgekit.runtime.devices.bench import check_identity
from edgekit.runtime.devices.counting import Counter
from edgekit.runtime.devices.qemu import VirtualBoard
from edgekit.runtime.link.camera import CameraFault, CameraLink
from edgekit.runtime.link.dut import Dut, open_dut
from edgekit.targets.model import Target

Progress = Callable[[str, int, int], None]
SIDE_DOOR_FROM = 1 << 12
"""Bytes of a frame from which it goes into the emulator's memory: its line takes 10 kB/s."""
FAULTS_IN_A_ROW = 3
"""A camera that gives no frame so often is not asked again."""


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
    choice = CameraChoice("virtual", format, (width, height), region, resample)
    part = choose_camera(opened, profile, choice)
    given = load_frames(frames, part.plan.format, width, height, limit)
    progress("building and booting", 0, 1)
    with _virtual(opened, profile, part) as (dut, virtual):
        progress("building and booting", 1, 1)
        asked = _Asked(opened, profile, dut)
        session = asked.session(part.plan, gate)
        done = []
        for name, raw in _counted(given, progress):
            _show(asked.link, virtual, raw.tobytes())
            done.append(session.shown(name, raw))
        return asked.result(part.plan, virtual.description, "simulated", done)


def ask_camera(
    bundle: str | Path,
    port: str,
    *,
    target: str | Target | None = None,
    frames: str | Path | None = None,
    gate: GateSetting | None = None,
    limit: int = 10,
    save: str | Path | None = None,
    wait_s: float = 0.0,
    progress: Progress = lambda *_: None,
) -> CameraRun:
    """Ask the board on `port`, which runs camera firmware of the bundle, for `limit` frames.

    `gate` replaces the gate it was built with. `save` brings each frame home, as a PNG of what the
    sensor saw and one of what the model sees, and then all is compared with the definition.
    Firmware with the virtual camera is shown `frames` (what `load_frames` takes). A frame that did
    not come is in the result with the reason. Raises UsageError, DataError, DeviceError (another
    run has the board), PortError, ProtocolError (no camera firmware, another model, no frame).
    """
    opened = open_bundle(bundle)
    profile = opened.target(target)
    check_port(profile, port)
    folder = Path(save) if save is not None else None
    if folder is not None:
        check_writable(folder)
    what = f"camera of {opened.manifest.name} on {profile.name}"
    with ExitStack() as stack:
        stack.enter_context(claimed(claims(port=port), what, wait_s=wait_s, progress=progress))
        dut = stack.enter_context(open_dut(port, profile.link.baud))
        asked = _Asked(opened, profile, dut)
        plan, setting = asked.plan(), gate or asked.gate()
        _check_frames(asked.facts, port, frames)
        session = asked.session(plan, setting)
        if frames is not None:
            done = []
            given = load_frames(frames, plan.format, plan.width, plan.height, limit)
            for name, raw in _counted(given, progress):
                asked.link.write_frame(raw.tobytes())
                done.append(session.shown(name, raw))
        else:
            done = _sensed(session, limit, folder, progress)
        return asked.result(plan, f"{asked.board} on {port}", "measured", done)


class _Asked:
    """Camera firmware on an open line, and what it says of itself."""

    def __init__(self, bundle: Bundle, target: Target, dut: Dut) -> None:
        self.bundle, self.target = bundle, target
        self.extension = dut.extension()
        info = self.extension.info()
        check_identity(dut, info, bundle.manifest.model_sha256[:16], "")
        self.board = info.get("board", target.name)
        self.counter = Counter.of(target, info)
        self.link = CameraLink(self.extension, int(info["frame"]) - 4)
        self.facts = self.link.facts()

    def plan(self) -> FramePlan:
        """The plan the firmware was built with."""
        facts = self.facts
        region = Region(*map(int, facts["region"].split(",")))
        size = int(facts["width"]), int(facts["height"])
        return plan_for(self.bundle, facts["format"], *size, region, facts["resample"])

    def gate(self) -> GateSetting | None:
        """The gate it was built with."""
        if not int(self.facts["gated"]):
            return None
        names = ("enter", "leave", "blocks", "hold", "refresh")
        return GateSetting(**{name: int(self.facts[name]) for name in names})

    def session(self, plan: FramePlan, gate: GateSetting | None) -> CameraSession:
        """A session that begins with a gate that has seen nothing."""
        return CameraSession(self.bundle, plan, self.extension, self.link, self.counter, gate)

    def result(
        self, plan: FramePlan, device: str, basis: str, frames: list[FrameAnswer]
    ) -> CameraRun:
        """The frames with what they ran on."""
        timed = {"cycles": self.counter.hz, "s": 1}
        return CameraRun(
            model=self.bundle.manifest.name,
            target=self.target.name,
            device=device,
            camera=self.facts["camera"],
            format=plan.format.name,
            width=plan.width,
            height=plan.height,
            work_bytes=int(self.facts["work"]),
            unit=self.counter.unit,
            hz=timed.get(self.counter.unit, 0),
            basis=basis,
            frames=tuple(frames),
        )


def _check_frames(facts: dict[str, str], port: str, frames: str | Path | None) -> None:
    """Raise UsageError where the firmware's camera and `frames` do not go together."""
    virtual = facts["camera"] == "virtual"
    if virtual == (frames is not None):
        return
    raise UsageError(
        f"the camera {facts['camera']} on {port}",
        "shows frames of this computer, and there are none" if virtual else "has a sensor",
        allowed="--frames with --camera virtual, and only then",
        hint="give --frames DIR" if virtual else "leave --frames out",
        code="camera-frames",
    )


def _sensed(
    session: CameraSession, limit: int, folder: Path | None, progress: Progress
) -> list[FrameAnswer]:
    """Frames of the sensor, until there are enough or too many in a row do not come. Raises
    CameraFault when none came."""
    done: list[FrameAnswer] = []
    for index in range(limit):
        name = f"{index:04d}"
        answer, raw = session.taken(name, keep=folder is not None)
        done.append(answer)
        progress("frames", index + 1, limit)
        if folder is not None and raw is not None:
            _save(session.plan, folder, name, raw)
        if len(done) >= FAULTS_IN_A_ROW and all(frame.fault for frame in done[-FAULTS_IN_A_ROW:]):
            break
    if all(frame.fault for frame in done):
        raise CameraFault(session.extension.name, done[-1].fault, len(done))
    return done


def _save(plan: FramePlan, folder: Path, name: str, raw: Raw) -> None:
    write_file(folder / f"frame-{name}.png", _png(plan.format.unpack(raw, 3)))
    write_file(folder / f"seen-{name}.png", _png(resized(plan, raw)))


def _png(pixels: Pixels) -> bytes:
    from PIL import Image

    out = BytesIO()
    flat = pixels[:, :, 0] if pixels.shape[2] == 1 else pixels
    Image.fromarray(np.ascontiguousarray(flat)).save(out, format="PNG")
    return out.getvalue()


def _counted(frames: Frames, progress: Progress) -> Iterator[tuple[str, Raw]]:
    """(name, frame) of each, told to `progress` when it is done with."""
    for index, (raw, name) in enumerate(zip(frames.raw, frames.names, strict=True)):
        yield name, raw
        progress("frames", index + 1, len(frames.raw))


@contextmanager
def _virtual(
    bundle: Bundle, target: Target, part: CameraPart
) -> Iterator[tuple[Dut, VirtualBoard]]:
    """The target's virtual board with the bundle's firmware and a virtual camera."""
    with ExitStack() as stack:
        folder = stack.enter_context(build_folder("camera", build_advice(bundle, target)))
        camera = part.written(folder / "plan")
        image = build_firmware(bundle.folder, target, folder / "build", camera=camera)
        check_image(image, target)
        virtual = stack.enter_context(VirtualBoard(target, image.elf))
        yield stack.enter_context(open_dut(virtual.port, target.link.baud)), virtual


def _show(link: CameraLink, virtual: VirtualBoard, data: bytes) -> None:
    """Large frames go past the line, which moves 10 kB in a second."""
    if len(data) < SIDE_DOOR_FROM:
        link.write_frame(data)
    else:
        virtual.write_memory(virtual.symbol("ek_camera_frame"), data)
