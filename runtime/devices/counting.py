"""What a board's counter counts, and how finely."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edgekit.errors import ProtocolError
from edgekit.targets.model import Emulator, Target


def ticks_per_instruction(emulator: Emulator) -> float:
    """One instruction takes 2^icount_shift ns of virtual time."""
    return emulator.timer_hz * float(1 << emulator.icount_shift) / 1e9


def instructions(ticks: int, emulator: Emulator) -> int:
    """Instructions in the difference of a window and an empty one.

    Exact from four ticks an instruction on: each of the two is off by less than one tick, so
    their difference is off by less than half an instruction.
    """
    return round(ticks / ticks_per_instruction(emulator))


@dataclass(frozen=True, slots=True)
class Counter:
    """Ticks of a board as counts of `unit` ("instructions", "cycles" or "s").

    `resolution` is the smallest difference it can show, in `unit`.
    """

    unit: str
    hz: int
    ticks_per_count: float
    resolution: float
    description: str
    exact: bool = False
    """Counts are whole: rounding removes what the tick's phase adds."""

    @classmethod
    def of(cls, target: Target, facts: Mapping[str, str]) -> Counter:
        """The counter of a board that answered `info` with `facts`.

        Raises ProtocolError when it counts at another rate than the profile says.
        """
        hz = int(facts.get("counter_hz", "0"))
        if target.emulator is not None:
            return cls._simulated(target.emulator, hz, target.name)
        unit = "cycles" if facts.get("counter") == "cycles" else "s"
        per_count = 1.0 if unit == "cycles" else float(hz)
        return cls(unit, hz, per_count, 1 / per_count, f"{hz} Hz on the board")

    @classmethod
    def _simulated(cls, emulator: Emulator, hz: int, name: str) -> Counter:
        if hz != emulator.timer_hz:
            raise ProtocolError(
                name,
                f"the firmware counts at {hz} Hz",
                allowed=f"{emulator.timer_hz} Hz",
                hint="correct emulator.timer_hz in the target profile",
                code="wrong-counter",
            )
        ticks = ticks_per_instruction(emulator)
        exact = ticks >= 4
        return cls(
            unit="instructions",
            hz=hz,
            ticks_per_count=ticks,
            resolution=1.0 if exact else max(1.0, 1 / ticks),
            description=f"{hz} Hz timer, {ticks:g} ticks an instruction, empty window subtracted",
            exact=exact,
        )

    def count(self, ticks: int) -> float:
        """`ticks` in `unit`; a whole number where the counter is exact."""
        value = ticks / self.ticks_per_count
        return float(round(value)) if self.exact else value
