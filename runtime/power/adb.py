"""Meters of a phone that are asked through adb."""

from __future__ import annotations

from edgekit.errors import MeterError
from edgekit.runtime.devices.remote_troubles import ADB, trouble
from edgekit.runtime.power.command_port import END, CommandPort
from edgekit.runtime.power.polled_meter import PolledMeter
from edgekit.runtime.power.recording import read_until
from edgekit.runtime.power.serial_port import Port
from edgekit.runtime.power.stream_meter import Timing

PROGRAM = "adb"
_FAILED = 1
"""What adb ends with where it says that it reaches no phone."""
NEEDS = "install Android's platform tools, or name the program: android:?adb=/path/adb"


class AdbMeter(PolledMeter):
    """Answers of `shell`, a command on the phone whose serial number is `place`, "" for the only
    phone there is."""

    at_port = False
    range_a = (1e-3, 10.0)

    def __init__(
        self,
        place: str,
        timing: Timing | None,
        *,
        interval_s: float,
        program: str,
        shell: tuple[str, ...],
    ) -> None:
        chosen = ("-s", place) if place else ()
        command = (program, *chosen, "shell", *shell)
        super().__init__(
            "android",
            place or "the phone",
            timing or Timing(silence_s=15.0),
            interval_s=interval_s,
            open_port=lambda path: CommandPort(command, needs=NEEDS),
        )

    def _answer(self, port: Port) -> str:
        """The text of one answer. Raises MeterError where it is adb that has none."""
        port.write(self.request)
        answer = read_until(port, lambda data: END in data, self.timing.answer_s)
        text = answer.decode("utf-8", "replace").strip(" \r\n\0")
        why = trouble(f"meter android at {self._identity.place}", ADB, _FAILED, text)
        if why is not None:
            raise MeterError(why.subject, why.found, hint=why.hint, code=why.code)
        return text
