"""Boards under one roof: a virtual board booted from a fresh build, or a real one on a port."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.deploy.build import build_advice, build_folder, check_image
from edgekit.deploy.bundles import Bundle
from edgekit.deploy.inputs import Sample, raw_bytes
from edgekit.errors import UsageError
from edgekit.firmware_stubs.build import build_firmware
from edgekit.firmware_stubs.image import Image
from edgekit.runtime.devices.bench import LoadInput
from edgekit.runtime.devices.qemu import Edge, VirtualBoard
from edgekit.runtime.link.dut import Dut, open_dut
from edgekit.targets.model import Target

OnEdge = Callable[[Edge], None]

SIDE_DOOR = "written into the emulator's memory"


@dataclass
class EdgeTap:
    """Passes a virtual board's trigger edges on, but only while someone listens."""

    listener: OnEdge | None = None

    def __call__(self, edge: Edge) -> None:
        if self.listener is not None:
            self.listener(edge)


@dataclass(frozen=True)
class OpenBoard:
    """A board that answers, with what was built for it; `virtual` is None for real ones."""

    dut: Dut
    target: Target
    image: Image | None = None
    virtual: VirtualBoard | None = None
    tap: EdgeTap | None = None

    @property
    def load_input(self) -> LoadInput | None:
        """The emulator's side door for inputs, past its slow serial line."""
        return None if self.virtual is None else self.virtual.load_input

    @property
    def load_name(self) -> str:
        """How inputs get onto the board, for the report."""
        return SIDE_DOOR if self.virtual is not None else "frames over the serial line"

    @property
    def description(self) -> str:
        """What runs: the emulator and machine, or "" to let the board say it."""
        return self.virtual.description if self.virtual is not None else ""

    def listen(self, listener: OnEdge | None) -> None:
        """Pass trigger edges of a virtual board to `listener` from now on; None: no more."""
        if self.virtual is not None and self.tap is not None:
            self.virtual.trigger_events()  # what is under way belongs to before
            self.tap.listener = listener


@contextmanager
def board(bundle: Bundle, target: Target, *, port: str | None = None) -> Iterator[OpenBoard]:
    """The board for a bundle. With `port` a real one; else the target's virtual board, built
    and booted now and gone afterwards.

    Raises UsageError when there is neither, ToolError, PortError, ProtocolError, DoesNotFitError.
    """
    check_port(target, port)
    if port is not None:
        with open_dut(port, target.link.baud) as dut:
            yield OpenBoard(dut, target)
        return
    with ExitStack() as stack:
        folder = stack.enter_context(build_folder("board", build_advice(bundle, target)))
        image = build_firmware(bundle.folder, target, folder)
        check_image(image, target)
        tap = EdgeTap()
        virtual = stack.enter_context(VirtualBoard(target, image.elf, on_edge=tap))
        dut = stack.enter_context(open_dut(virtual.port, target.link.baud))
        yield OpenBoard(dut, target, image, virtual, tap)


def check_port(target: Target, port: str | None) -> None:
    """Raise UsageError unless it is clear which board is meant."""
    if target.family != "cortex-m":
        raise UsageError(
            f"target {target.name}",
            f"no board that runs firmware: its family is {target.family}",
            allowed="Cortex-M targets",
            hint="name one with --target, such as virtual-m4",
            code="no-board",
        )
    if port is None and target.emulator is None:
        raise UsageError(
            f"target {target.name}",
            "a real board, and no --port was given",
            allowed="--port /dev/ttyACM0, or a virtual target",
            hint="`edgekit doctor` lists the ports; of several targets a lab file names them "
            "(docs/lab.md); `--target virtual-m4` needs no board",
            code="port-needed",
        )
    if port is not None and target.emulator is not None:
        raise UsageError(
            f"--port {port}",
            f"given for {target.name}, which runs in an emulator of its own",
            allowed="--port with real boards",
            hint="leave it out, or name the board that is plugged in with --target",
            code="port-unused",
        )


@contextmanager
def board_engine(
    bundle: Bundle, target: Target, port: str | None = None
) -> Iterator[tuple[Callable[[tuple[Sample, ...]], list[NDArray[Any]]], str]]:
    """The board as a function from a row of samples to the last outputs; its name.

    Raises ProtocolError at the end where the firmware wrote outside its memory: equal outputs
    prove nothing then.
    """
    with board(bundle, target, port=port) as opened:
        extension = opened.dut.extension()
        extension.info()
        size = sum(tensor.bytes for tensor in bundle.manifest.outputs)

        def run(row: tuple[Sample, ...]) -> list[NDArray[Any]]:
            for index, sample in enumerate(row):
                data = raw_bytes(sample)
                if opened.load_input is not None:
                    opened.load_input(extension, data)
                else:
                    extension.write_input(data)
                extension.follow(index, timeout=120.0)
            return split_outputs(bundle, extension.read_output(size))

        yield run, f"edgekit-c {bundle.isa}, {opened.description or target.name}"
        extension.check_guard(extension.memory().get("guard", 0))


def split_outputs(bundle: Bundle, data: bytes) -> list[NDArray[Any]]:
    """All output tensors' bytes as arrays of their shapes and dtypes."""
    arrays, at = [], 0
    for tensor in bundle.manifest.outputs:
        part = data[at : at + tensor.bytes]
        arrays.append(np.frombuffer(part, tensor.dtype).reshape(tensor.shape))
        at += tensor.bytes
    return arrays


def joined(outputs: Sequence[NDArray[Any]]) -> bytes:
    """Output arrays as a board sends them."""
    return b"".join(np.ascontiguousarray(array).tobytes() for array in outputs)
