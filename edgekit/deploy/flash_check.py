"""After flashing: does the board run this build of this model, and does it compute the same?"""

from __future__ import annotations

import time
from dataclasses import dataclass

from edgekit.deploy.boards import joined, split_outputs
from edgekit.deploy.bundles import Bundle
from edgekit.deploy.closeness import same
from edgekit.deploy.inputs import random_inputs, raw_bytes, reference_outputs
from edgekit.errors import DeviceError, MismatchError, PortError, ProtocolError
from edgekit.firmware_stubs.image import Image
from edgekit.runtime.devices.bench import check_identity
from edgekit.runtime.link.dut import Dut, open_dut
from edgekit.runtime.link.ports import list_ports
from edgekit.targets.model import Target

STARTS_S = 15.0
"""A board that was flashed answers within this time: it resets, and its port may come anew."""
PAUSE_S = 0.5
ANSWER_S = 3.0
TEST_S = 120.0
"""Longest time one inference may take on a slow board."""
PASSING = frozenset(
    {"port-missing", "port-lost", "port-busy", "device-silent", "device-garbage", "device-unknown"}
    | {"device-reset", "no-extension", "wrong-model", "wrong-build"}
)
"""Codes of what may be over once the board has reset."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A board that runs what was flashed."""

    port: str
    board: str


def line_port(target: Target, port: str | None) -> str | None:
    """The port to ask: the one given, else the only one with the USB numbers of the firmware's
    line.

    A bootloader's port is not it: the firmware does not answer there.
    """
    flash = target.flash
    boots = flash.bootloader if flash is not None else ()
    listed = list_ports()
    if port is not None:
        usb = next((info.usb for info in listed if info.device == port), "")
        if usb in boots and usb:
            raise PortError(
                port,
                f"is the USB socket of {target.title}, where its firmware does not answer",
                hint="name the port of the serial adapter at its pins (docs/flash.md), or leave "
                "--port out: nothing is checked then",
                code="port-of-bootloader",
            )
        return port
    found = [p.device for p in listed if p.usb in target.link.usb and p.usb not in boots]
    return found[0] if len(found) == 1 else None


def check_flashed(bundle: Bundle, image: Image, target: Target, port: str) -> Checked:
    """Ask the board on `port` for build id and model hash, and have it test itself.

    Tries again for STARTS_S seconds while it resets. Raises DeviceError when another firmware
    still runs, MismatchError when the self-test fails, PortError, ProtocolError.
    """
    deadline = time.monotonic() + STARTS_S
    while True:
        try:
            with open_dut(port, target.link.baud, timeout=ANSWER_S) as dut:
                facts = dut.extension().info()
                check_identity(dut, facts, bundle.manifest.model_sha256[:16], image.build_id)
                _self_test(bundle, target, dut)
                return Checked(port, facts.get("board", target.name))
        except DeviceError as error:
            if error.code not in PASSING or time.monotonic() >= deadline:
                raise _still_old(error) from None
        time.sleep(PAUSE_S)


def _still_old(error: DeviceError) -> DeviceError:
    """Another model or build after all this time is the firmware of before."""
    if error.code not in ("wrong-model", "wrong-build"):
        return error
    return ProtocolError(
        error.subject,
        f"old firmware is still running: {error.found}",
        allowed=error.allowed,
        hint="reset the board, or unplug it and plug it in again; is this the port of the board "
        "that was flashed?",
        code="old-firmware",
    )


def _self_test(bundle: Bundle, target: Target, dut: Dut) -> None:
    """One random input; integers must come out to the last bit, floats close to it."""
    sample = random_inputs(bundle.graph, 1).samples[0]
    wanted = reference_outputs(bundle.graph, (sample,))[0]
    extension = dut.extension()
    extension.write_input(raw_bytes(sample))
    if all(array.dtype.kind != "f" for array in wanted):
        equal = extension.self_test(joined(wanted), timeout=TEST_S)
    else:
        extension.run(timeout=TEST_S)
        found = split_outputs(bundle, extension.read_output(len(joined(wanted))))
        equal = same(found, wanted)
        extension.check_guard(extension.memory(timeout=TEST_S).get("guard", 0))
    if not equal:
        raise MismatchError(
            f"{target.name} on {dut.name}",
            "the self-test failed: its outputs are not the reference's",
            allowed="outputs equal to the NumPy interpreter's",
            hint=f"run `edgekit verify {bundle.folder} --target {target.name} --port {dut.name}` "
            "for what differs",
            code="self-test-failed",
        )
