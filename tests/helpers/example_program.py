"""The generated example program: raw samples in on stdin, raw results out on stdout."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from tests.helpers.generated_c import INCLUDE, Generated, kernel_paths, write
from tests.helpers.toolchains import compile_c


def build_example(generated: Generated, folder: Path, *flags: str) -> Path:
    """Compile the model's example; returns the program."""
    folder.mkdir(parents=True, exist_ok=True)
    sources = [*write(generated, folder), folder / "example" / "main.c"]
    program = folder / "example" / "main"
    includes = (f"-I{INCLUDE}", f"-I{folder}")
    kernels = kernel_paths(generated.source.kernels)
    compile_c("gcc", "-O1", "-g", *flags, *includes, "-o", program, *sources, *kernels)
    return program


def run_example(
    program: Path, generated: Generated, samples: Sequence[Sequence[NDArray[Any]]]
) -> bytes:
    """The output bytes of all samples, in order."""
    data = b"".join(value.tobytes() for sample in samples for value in sample)
    done = subprocess.run([str(program)], input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout
