"""An emulated PPK2 that plays a load in real time; virtual_ppk2 follows a board's clock."""

from __future__ import annotations

import numpy as np

from edgekit.runtime.power import ppk2_wire as wire
from edgekit.runtime.power.emulators.device import Emulator, Faults
from edgekit.runtime.power.emulators.load import Load
from edgekit.runtime.power.virtual_ppk2 import CALIBRATION, encode, metadata_text, take_commands


class EmulatedPpk2(Emulator):
    """Speaks what ppk2_wire describes; the trigger pin is on D0."""

    rate = wire.SAMPLE_RATE

    def __init__(self, load: Load, faults: Faults | None = None, **options: object) -> None:
        self.powered = faults is not None and faults.stale
        self.millivolts = round(1000 * load.volts)
        super().__init__(load, faults, **options)  # type: ignore[arg-type]

    def reset(self) -> None:
        super().reset()
        self.powered = False

    def receive(self) -> None:
        for command in take_commands(self._input):
            self._obey(command)

    def _obey(self, command: bytes) -> None:
        if command == wire.GET_METADATA:
            self.send(metadata_text(CALIBRATION).encode())
        elif command == wire.START:
            self.begin()
        elif command == wire.STOP:
            self.halt()
        elif command == wire.RESET:
            self.halt()
            self.reset()
        elif command[0] == wire.REGULATOR:
            self.millivolts = int.from_bytes(command[1:], "big")
        elif command in (wire.POWER_ON, wire.POWER_OFF):
            self.powered = command == wire.POWER_ON

    def block(self, first: int, count: int) -> bytes:
        edges = np.arange(first, first + count + 1) / self.rate
        amps = self.load.mean_amps(edges) * self.powered
        words = encode(amps, self.millivolts, first, 0, CALIBRATION)
        words |= self.load.levels(edges[:-1]).astype(np.uint32) << np.uint32(24)
        return words[self.kept(count)].astype("<u4").tobytes()
