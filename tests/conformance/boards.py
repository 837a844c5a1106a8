"""Virtual boards that run many models per boot."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgekit.targets.model import Target
from edgekit.targets.reader import load_target
from tests.conformance.generated import Outcome, board_link, run_in_qemu
from tests.helpers.toolchains import MACHINES, Machine


@dataclass(frozen=True, slots=True)
class Board:
    """A shipped virtual target, its machine, and what fits into one boot."""

    name: str
    machine: Machine
    batch: int
    most_arena: int = 48 << 10
    """Bytes of the largest model's arena, with its inputs and outputs once more."""
    compiler: str = "arm-none-eabi-gcc"

    @property
    def target(self) -> Target:
        """What the graphs are lowered for: its kernels are those that run here."""
        return load_target(self.name)

    @property
    def flags(self) -> tuple[str, ...]:
        """For compiling."""
        return ("-O2", "-mthumb", *self.machine.cpu, "-ffunction-sections", "-fdata-sections")

    @property
    def link(self) -> tuple[str, ...]:
        """For linking."""
        return (*self.flags, *board_link(self.machine))

    def run(self, program: Path) -> Outcome:
        """Boot it."""
        return run_in_qemu(self.machine, program)


BOARDS = {
    board.name: board
    for board in (
        Board("virtual-m4", MACHINES["mps2-an386"], 120),
        Board("virtual-m7", MACHINES["mps2-an500"], 120),
        Board("virtual-m33", MACHINES["mps2-an505"], 120),
        Board("virtual-m55", MACHINES["mps3-an547"], 60),
        Board("virtual-m3", MACHINES["mps2-an385"], 120),
        Board("virtual-m0", MACHINES["microbit"], 20, 9 << 10),
    )
}
