"""Instructions that a kernel executes on an application processor, counted in QEMU's user emulator.

The runner of a bundle is built as for the device and run once on one input. The emulator writes a
line for each block of instructions that it runs; how long a block is, it tells when it translates
it. What is counted begins with the kernel and ends where the model's own C goes on, so functions
that the kernel calls are among it, those of the C library too. Outputs are compared with the
interpreter's.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from edgekit.deploy.bundles import open_bundle
from edgekit.deploy.inputs import reference_outputs
from edgekit.errors import DeviceError
from edgekit.firmware_stubs.runner import build_runner, read_lines

EMULATORS = {"aarch64": ("qemu-aarch64-static",), "native": ("qemu-x86_64-static", "-cpu", "max")}
"""Architecture of a target -> its emulator; QEMU 7.2 has AVX2 and no AVX-512."""
LOG = ("-d", "exec,in_asm,nochain", "-D", "/dev/stderr")


def executed(folder: Path, out: Path, function: str, emulator: tuple[str, ...] = ()) -> int:
    """Instructions of one call of `function` (a kernel) in the bundle at `folder`, built in `out`.

    Raises DeviceError where the outputs differ from the interpreter's or nothing was counted.
    """
    bundle = open_bundle(folder)
    target = bundle.target(None)
    runner = build_runner(folder, target, out)
    rng = np.random.default_rng(1)
    shapes = [tensor.shape for tensor in bundle.manifest.inputs]
    inputs = [rng.integers(-128, 128, shape, dtype=np.int8) for shape in shapes]
    (out / "input.bin").write_bytes(b"".join(x.tobytes() for x in inputs))
    words = [*(emulator or EMULATORS[target.cpu.arch]), *LOG, str(runner), str(out / "input.bin")]
    said = out / "said.txt"
    with (
        said.open("wb") as printed,
        subprocess.Popen(words, stdout=printed, stderr=subprocess.PIPE) as process,
    ):
        assert process.stderr is not None
        count = instructions(process.stderr, function, f"{bundle.manifest.name}_invoke")
    [sample] = read_lines(said.read_text(encoding="utf-8").splitlines()).samples
    [expected] = reference_outputs(bundle.graph, [inputs])
    if [value.tobytes() for value in expected] != list(sample.outputs):
        raise DeviceError(
            function,
            f"its outputs under {words[0]} differ from the interpreter's",
            hint="run tests/converter/test_binary_c.py",
            code="outputs-differ",
        )
    return count


def instructions(log: Iterable[bytes], function: str, caller: str) -> int:
    """Instructions from the first block of `function` to the next one of `caller`.

    >>> log = [b"IN: f", b"0x10:  aa", b"0x14:  bb", b"", b"Trace 0: 0x7f [0/10/0/0] f"]
    >>> log += [b"IN: g", b"0x20:  cc", b"", b"Trace 0: 0x7f [0/20/0/0] g"]
    >>> log += [b"Trace 0: 0x7f [0/10/0/0] f", b"IN: m", b"0x30: dd", b"Trace 0: 0 [0/30/0/0] m"]
    >>> instructions(log, "f", "m")
    5
    """
    lengths: dict[int, int] = {}
    counting, total, first, wanted = False, 0, 0, function.encode()
    for line in log:
        if line.startswith(b"Trace"):
            place, _, name = line.partition(b"] ")
            name = name.rstrip()
            counting = name != caller.encode() if counting else name == wanted
            if counting:
                total += lengths[int(place.split(b"/", 2)[1], 16)]
        elif line.startswith(b"IN:"):
            first = 0
        elif line.startswith(b"0x"):
            at = int(line.partition(b":")[0], 16)
            first = first or at
            lengths[first] = lengths.get(first, 0) + 1 if at != first else 1
    if not total:
        raise DeviceError(
            function,
            "was not among what the emulator logged",
            hint="is it the kernel that the bundle calls, and QEMU 7 or later?",
            code="not-counted",
        )
    return total
