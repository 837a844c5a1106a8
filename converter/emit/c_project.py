"""What surrounds the generated sources: a CMake project and a host program."""

from __future__ import annotations

import re

from edgekit.converter.emit.sheet import Sheet
from edgekit.converter.emit.template import render
from edgekit.converter.lower.select import source_path


def cmake_lists(sheet: Sheet) -> str:
    """`CMakeLists.txt`: a static library, and the host example as an option."""
    return render(
        "CMakeLists.txt.j2",
        name=sheet.name,
        upper=sheet.upper,
        version=sheet.tool_version,
        numeric_version=numeric_version(sheet.tool_version),
        kernels=[source_path(kernel) for kernel in sheet.program.kernels],
    )


def example(sheet: Sheet) -> str:
    """`example/main.c`: raw samples in on stdin, raw results out on stdout."""
    names = sheet.words.names
    template = "main_blocks.c.j2" if names else "main.c.j2"
    more = {"blocks": names} if names else {}
    return render(template, name=sheet.name, upper=sheet.upper, version=sheet.tool_version, **more)


def numeric_version(version: str) -> str:
    """The leading numbers of a version, which is all that CMake takes.

    >>> numeric_version("0.1.0.dev3+g1"), numeric_version("next")
    ('0.1.0', '0')
    """
    found = re.match(r"\d+(?:\.\d+){0,2}", version)
    return found[0] if found else "0"
