"""`zig cc`, the compiler of the pip package ziglang, for Linux and Android on 64- and 32-bit Arm.

It is Clang with a linker and the C library musl inside, so a runner needs nothing from Debian. Its
`-mcpu` names processors with underscores and features with plus signs, and takes no `-march` of
GCC's; its linker writes no map, so bytes of a program are not told apart by origin.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from functools import cache

TRIPLES = {
    "aarch64-linux-gnu": "aarch64-linux-musl",
    "arm-linux-gnueabihf": "arm-linux-musleabihf",
}
"""Toolchain of cpus.toml -> what Zig calls the system that its programs run on."""

ARCHITECTURES = {
    "armv8-a": "generic",
    "armv8.2-a+dotprod": "generic+v8_2a+dotprod",
    "armv7-a": "generic+v7a+neon",
}
"""-march of GCC -> -mcpu of Zig. NEON of 32-bit Arm is an -mfpu of GCC's, and the float ABI is in
the triple."""


def zig_flags(toolchain: str, flags: tuple[str, ...]) -> tuple[str, ...]:
    """GCC's words for a core of a toolchain in TRIPLES, as Zig wants them.

    `-g0`: Zig adds debugging information on its own, with paths of this machine. Raises KeyError
    for a -march that ARCHITECTURES lacks.
    """
    words = ["-target", TRIPLES[toolchain], "-g0"]
    for flag in flags:
        name, _, value = flag.partition("=")
        if name == "-mcpu":
            words.append(f"-mcpu={value.replace('-', '_')}")
        elif name == "-march":
            words.append(f"-mcpu={ARCHITECTURES[value]}")
        elif name not in ("-mfpu", "-mfloat-abi"):
            words.append(flag)
    return tuple(words)


def find_zig() -> tuple[str, ...] | None:
    """The words that start Zig: of the pip package, else the program on the PATH; None for none."""
    if importlib.util.find_spec("ziglang") is not None:
        return (sys.executable, "-m", "ziglang")
    path = shutil.which("zig")
    return (path,) if path else None


@cache
def zig_version(words: tuple[str, ...]) -> str:
    """ "zig cc 0.17.1" """
    done = subprocess.run([*words, "version"], capture_output=True, text=True, check=False)
    return f"zig cc {done.stdout.strip() or 'of an unknown version'}"
