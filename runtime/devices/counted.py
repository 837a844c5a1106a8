"""Instructions of one inference, counted by QEMU's emulator of user programs.

It translates one instruction at a time and logs each before it runs (`-d exec`). What is counted
lies between the first instruction of the generated `<name>_invoke` and the one after its call, the
C library's functions included. The count is exact, and the same every time.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from functools import cache, partial
from pathlib import Path
from typing import Any

from edgekit.artifacts.files import scratch_folder
from edgekit.errors import ToolError

MOST_MACS = 100_000_000
"""Of a model that is counted: more take minutes, and gigabytes of log."""
CHUNK = 1 << 20


def count_instructions(
    program: Path, emulator: tuple[str, ...], name: str, inputs: bytes
) -> int | None:
    """Instructions of one inference of a runner of 64-bit Arm on `inputs`, all inputs' bytes.

    `emulator` are the words before the program, `name` is the model's. None where the program has
    no such function. Raises ToolError when the emulator ends before the inference does.
    """
    entry = _symbol(program, f"{name}_invoke")
    if entry is None:
        return None
    with scratch_folder("edgekit-counted-") as folder:
        (folder / "inputs.bin").write_bytes(inputs)
        words = [*emulator, *_one_at_a_time(emulator[0]), "-d", "exec,nochain", str(program)]
        with subprocess.Popen(
            [*words, str(folder / "inputs.bin")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stderr is not None
            count = between(iter(partial(process.stderr.read, CHUNK), b""), entry)
            process.kill()
    if count is None:
        raise ToolError(
            emulator[0],
            "ended before the inference did, while its instructions were counted",
            hint="is it QEMU 7.2 or newer? Report it with the bundle",
            code="count-incomplete",
        )
    return count


def between(log: Iterable[bytes], entry: int) -> int | None:
    """Lines of an execution log from the one at address `entry` to the one before the return.

    The return is to the instruction after the call: that of the line before, four bytes on. None
    for a log that ends before.
    """
    began, count, before, rest = 0, 0, 0, b""
    mark = _mark(entry)
    for piece in log:
        *lines, rest = (rest + piece).split(b"\n")
        if not began:
            at = next((i for i, line in enumerate(lines) if mark in line), None)
            if at is None:
                before = _address(lines[-1]) if lines else before
                continue
            began = (_address(lines[at - 1]) if at else before) + 4
            lines, mark = lines[at:], _mark(began)
        end = next((i for i, line in enumerate(lines) if mark in line), None)
        if end is not None:
            return count + end
        count += len(lines)
    return None


def _mark(address: int) -> bytes:
    """How a line of the log has an address."""
    return b"/%016x/" % address


def _address(line: bytes) -> int:
    """That of an instruction; 0 of a line that is none."""
    words = line.split(b"/", 2)
    return int(words[1], 16) if len(words) == 3 else 0


@cache
def _one_at_a_time(emulator: str) -> tuple[str, ...]:
    """The emulator's option for one instruction a block, which has two names."""
    done = subprocess.run([emulator, "--help"], capture_output=True, text=True, check=False)
    return ("-one-insn-per-tb",) if "one-insn-per-tb" in done.stdout else ("-singlestep",)


def _symbol(program: Path, name: str) -> int | None:
    from elftools.elf.elffile import ELFFile

    with program.open("rb") as stream:
        table: Any = ELFFile(stream).get_section_by_name(".symtab")
        found = table.get_symbol_by_name(name) if table else None
    return int(found[0]["st_value"]) if found else None
