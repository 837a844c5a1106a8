"""The built firmware, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgekit.firmware_stubs.sizes import ElfSizes, GroupSize


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """Bytes of a memory of the target, and how many of them the program takes."""

    name: str
    kind: str
    used: int
    size: int


@dataclass(frozen=True, slots=True)
class Image:
    """One firmware: the ELF file and what is known about it. Sizes are bytes, measured in it."""

    elf: Path
    target: str
    name: str
    """The model's."""
    build_id: str
    """16 hexadecimal digits over sources, flags and compiler; `info` on the board repeats it."""
    toolchain: str
    optimization: str
    sizes: ElfSizes = field(repr=False)
    stack_bytes: int = 0
    """Reserved for the stack, contained in `ram_bytes`; 0 where the system provides it."""
    memories: tuple[MemoryUse, ...] = ()
    """Of a firmware, every memory of the target."""
    camera: Mapping[str, Any] = field(default_factory=dict)
    """What its camera is set to; empty without one."""

    @property
    def flash_bytes(self) -> int:
        """Code, constants and initial values."""
        return self.sizes.flash

    @property
    def ram_bytes(self) -> int:
        """Arena, buffers, variables and the stack's reservation."""
        return self.sizes.ram

    @property
    def sections(self) -> dict[str, int]:
        """Bytes by ELF section."""
        return self.sizes.sections

    @property
    def groups(self) -> dict[str, GroupSize]:
        """Bytes by origin: kernels, model, weights, app, port, libc, stack, padding."""
        return self.sizes.groups
