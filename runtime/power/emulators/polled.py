"""Emulated meters that answer when asked: UM24C, UM25C, UM34C, and TC66."""

from __future__ import annotations

from functools import partial

import numpy as np

from edgekit.runtime.power import tc66_wire, um_wire
from edgekit.runtime.power.aes import BLOCK, encrypt
from edgekit.runtime.power.emulators.device import Emulator, Faults
from edgekit.runtime.power.emulators.load import Load

MEAN_S = 0.01
"""What is shown is the mean over this long."""


class PolledEmulator(Emulator):
    """Answers `request`; a dropped sample is a request that it did not hear.

    Faults that strike after a time do so after so many seconds since it was plugged in.
    """

    request = b""

    def receive(self) -> None:
        count = self._input.count(self.request)
        self._input.clear()
        for kept in self.kept(count):
            if self._struck():
                return
            if kept:
                self.send(self._spoiled(self.answer(*self._reading())))

    def answer(self, volts: float, amps: float) -> bytes:
        """The bytes that tell a reading."""
        raise NotImplementedError

    def _reading(self) -> tuple[float, float]:
        now = self.now_s + MEAN_S
        return self.load.volts, float(self.load.mean_amps(np.array([now - MEAN_S, now]))[0])

    def _struck(self) -> bool:
        """Whether a fault keeps it from answering."""
        faults, now = self.faults, self.now_s
        if faults.unplug_after_s is not None and now >= faults.unplug_after_s:
            self._unplug()
        silent = (faults.hang_after_s, faults.reset_after_s)
        return self._gone or any(after is not None and now >= after for after in silent)


class EmulatedUm(PolledEmulator):
    """Speaks what um_wire describes."""

    request = um_wire.REQUEST

    def __init__(
        self, load: Load, faults: Faults | None = None, *, scheme: str = "um25c", **options: object
    ) -> None:
        self.model = um_wire.MODELS[scheme]
        super().__init__(load, faults, **options)  # type: ignore[arg-type]

    def answer(self, volts: float, amps: float) -> bytes:
        frame = bytearray(um_wire.LENGTH)
        frame[0:2] = self.model.mark.to_bytes(2, "big")
        frame[2:4] = min(round(volts / self.model.volt), 0xFFFF).to_bytes(2, "big")
        frame[4:6] = min(round(amps / self.model.ampere), 0xFFFF).to_bytes(2, "big")
        frame[6:10] = round(1000 * volts * amps).to_bytes(4, "big")
        frame[10:12] = (25).to_bytes(2, "big")
        frame[-2:] = um_wire.END.to_bytes(2, "big")
        if self.model.summed:
            frame[-1] = np.bitwise_xor.reduce(np.frombuffer(frame, np.uint8)[list(um_wire.SUMMED)])
        return bytes(frame)


um24c = partial(EmulatedUm, scheme="um24c")
um25c = partial(EmulatedUm, scheme="um25c")
um34c = partial(EmulatedUm, scheme="um34c")


class EmulatedTc66(PolledEmulator):
    """Speaks what tc66_wire describes."""

    request = tc66_wire.REQUEST

    def answer(self, volts: float, amps: float) -> bytes:
        plain = np.zeros((3, tc66_wire.PART), np.uint8)
        for number in range(3):
            plain[number, :4] = np.frombuffer(b"pac%d" % (number + 1), np.uint8)
        first = plain[0]
        first[4:8] = np.frombuffer(tc66_wire.NAME, np.uint8)
        first[8:12] = np.frombuffer(b"1.15", np.uint8)
        for at, value in (
            (tc66_wire.SERIAL, 4711),
            (tc66_wire.VOLTS, round(volts * 1e4)),
            (tc66_wire.AMPS, round(amps * 1e5)),
            (tc66_wire.WATTS, round(volts * amps * 1e4)),
        ):
            first[at : at + 4] = np.frombuffer(value.to_bytes(4, "little"), np.uint8)
        checks = tc66_wire.crc16(plain[:, :-4]).astype("<u4")
        plain[:, -4:] = checks.view(np.uint8).reshape(3, 4)
        return encrypt(plain.reshape(-1, BLOCK), tc66_wire.KEY).tobytes()
