"""A board that is plugged in: firmware in QEMU behind a pseudo-terminal."""

from __future__ import annotations

import contextlib
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from edgekit.runtime.link.process import stop_process

# The firmware of a virtual board as if it were a real one: something has to run it.
BOARD = """
name = "my-board"
title = "My board"
family = "cortex-m"
cpu = "cortex-m4f"
clock_hz = 25_000_000
port = "cortex_m/mps2_an386"
formats = ["tflite", "c"]

[[memories]]
name = "flash"
kind = "flash"
start = 0
size = "4M"

[[memories]]
name = "ram"
kind = "ram"
start = 0x2000_0000
size = "4M"

[link]
kind = "serial"
usb = ["0483:374b"]

[flash]
tools = ["st-flash"]
"""


@contextlib.contextmanager
def in_qemu(elf: Path, machine: str = "mps2-an386", line: int = 0) -> Iterator[str]:
    """A firmware in QEMU; the pseudo-terminal that is its line, the machine's serial port of that
    number."""
    words = ["qemu-system-arm", "-M", machine, "-kernel", str(elf), "-display", "none"]
    words += ["-monitor", "none", *["-serial", "null"] * line, "-serial", "pty"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        found = re.search(rb"redirected to (\S+)", process.stdout.readline())
        assert found
        try:
            yield found[1].decode()
        finally:
            stop_process(process)
