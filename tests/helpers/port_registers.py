"""A board's port as a shared library whose registers are those of a model in Python."""

from __future__ import annotations

import ctypes
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from edgekit.firmware_stubs.catalog import INCLUDE
from tests.helpers.camera_registers import READ, REGISTERS, WRITE, Model
from tests.helpers.toolchains import compile_c

CORE = """
#include <stdint.h>
volatile uint32_t *model_register(uint32_t address);
#define EK_REG(address) (*model_register(address))
static inline void ek_use_vectors(void) {}
static inline void ek_wake_on(uint32_t line) { EK_REG(0xE000E100u) = line; }
static inline void ek_wait_for_interrupt(void) { EK_REG(0xE000E280u) = 1u; }
"""
"""What a port asks of the core: the line that may wake it at 0xE000E100, sleep at 0xE000E280."""


class PortLibrary:
    """The C of a port, compiled for this machine; `broken` holds what the model raised."""

    def __init__(self, sources: Sequence[Path], folder: Path, headers: Sequence[Path]) -> None:
        (folder / "cortex_m.h").write_text(CORE)
        text = (REGISTERS / "registers.c").read_text(encoding="utf-8")
        (folder / "registers.c").write_text(text[: text.index("uint64_t ek_port_cycles")])
        # copied, as an #include looks beside its file first, where some have the real cortex_m.h
        copies = [Path(shutil.copy(path, folder)) for path in sources]
        folders = (f"-I{path}" for path in (folder, *headers, REGISTERS, INCLUDE))
        flags = ("-std=gnu11", "-O1", "-fPIC", "-shared", *folders)
        out = folder / "port.so"
        compile_c("gcc", *flags, *copies, folder / "registers.c", "-o", out)
        self.library = ctypes.CDLL(str(out))
        self.library.ek_port_cycles.restype = ctypes.c_uint64
        self.broken: list[Exception] = []

    def connect(self, model: Model) -> None:
        self._calls = READ(self._kept(model.read)), WRITE(self._kept(model.write))
        self.library.model_connect(*self._calls)

    def call(self, name: str, *words: Any) -> int:
        """A function of the port, and what it wrote last."""
        found = int(getattr(self.library, name)(*words))
        self.library.model_flush()
        return found

    def _kept(self, function: Callable[..., int | None]) -> Callable[..., int]:
        """ctypes has no way to raise what a function called from C raised."""

        def call(*words: int) -> int:
            try:
                return function(*words) or 0
            except Exception as error:
                self.broken.append(error)
                return 0

        return call
