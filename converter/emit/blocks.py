"""How the C names an arena: one pointer, or a block in each of several memories."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edgekit.artifacts.bundle import ArenaBlock
from edgekit.converter.emit import c_text
from edgekit.converter.lower.names import RESERVED, identifier
from edgekit.converter.plan.plan import MemoryPlan

TAKEN = ("arena", "size")
"""Words that names of memories must not become: a parameter, and the end of <NAME>_ARENA_SIZE."""


@dataclass(frozen=True, slots=True)
class BlockNames:
    """One block: its memory as the profile writes it, and as C identifiers.

    "AXI SRAM" of the model vww is the array `axi_sram` in examples, and VWW_ARENA_AXI_SRAM the
    block's index.
    """

    memory: str
    word: str
    index: str
    bytes: int

    @property
    def comment(self) -> str:
        """The memory as a comment may have it."""
        return c_text.safe(self.memory)

    @property
    def pointer(self) -> str:
        """The block's address in the function that runs the model."""
        return f"in_{self.word}"

    @property
    def size(self) -> str:
        """The constant that holds the block's bytes."""
        return f"{self.index}_SIZE"

    def status(self, what: str) -> str:
        """What `<name>_init` returns: `what` is TOO_SMALL or MISALIGNED."""
        return f"{self.index}_{what}"


def block_names(blocks: Sequence[ArenaBlock], model: str) -> tuple[BlockNames, ...]:
    """The names of several blocks; empty where the arena is one."""
    if len(blocks) < 2:
        return ()
    found, taken = [], {*TAKEN, *RESERVED}
    for block in blocks:
        word = plain = _word(block.memory)
        number = 2
        while word in taken or f"{word}_size" in taken:
            word, number = f"{plain}_{number}", number + 1
        taken |= {word, f"{word}_size"}
        index = f"{model.upper()}_ARENA_{word.upper()}"
        found.append(BlockNames(block.memory, word, index, block.bytes))
    return tuple(found)


def _word(memory: str) -> str:
    word = identifier(memory) or "ram"
    return f"ram_{word}" if word[0].isdigit() else word


@dataclass(frozen=True, slots=True)
class ArenaWords:
    """What stands in the C for the arena: a parameter, and the address of each buffer."""

    memory: MemoryPlan
    names: tuple[BlockNames, ...]

    @property
    def several(self) -> bool:
        """Whether there is more than one block."""
        return bool(self.names)

    @property
    def parameter(self) -> str:
        """The arena as the parameter of a function that runs the model."""
        return "const ek_arena_t *arena" if self.several else "uint8_t *arena"

    @property
    def read_only(self) -> str:
        """The arena as the parameter of a function that only reads."""
        return "const ek_arena_t *arena" if self.several else "const uint8_t *arena"

    def address(self, buffer: str) -> str:
        """Where a buffer starts: "arena + 64", "arena->block[VWW_ARENA_DTCM] + 64"."""
        placed = self.memory.placement(buffer)
        base = f"arena->block[{self.names[placed.block].index}]" if self.several else "arena"
        return f"{base} + {placed.offset}"

    def local(self, buffer: str) -> str:
        """The same where each block has a pointer of its own: "in_dtcm + 64"."""
        placed = self.memory.placement(buffer)
        base = self.names[placed.block].pointer if self.several else "arena"
        return f"{base} + {placed.offset}"

    def pointers(self, buffers: Iterable[str]) -> list[str]:
        """Declarations of those pointers, for the blocks that some of the buffers lie in."""
        used = {self.memory.placement(buffer).block for buffer in buffers}
        return [
            f"    uint8_t *const {name.pointer} = arena->block[{name.index}];"
            for index, name in enumerate(self.names)
            if index in used
        ]

    def name(self, buffer: str) -> str:
        """The memory a buffer lies in; "" where there is one block."""
        return self.names[self.memory.placement(buffer).block].memory if self.several else ""
