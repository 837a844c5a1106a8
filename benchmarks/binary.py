"""Binarized convolutions beside int8 ones: instructions, time on this machine, sizes.

    python -m benchmarks.binary [--boards virtual-m4,rpi4] [--layers "3x3 128->128 of 28x28"]
    python -m benchmarks.binary --only times

Each layer is built twice, with packed signs and with int8. Instructions are counted in QEMU, of
Cortex-M firmware and of programs for 64-bit Arm: exact and simulated. Times are measured on this
machine, in turns with LiteRT's XNNPACK on the same int8 layer. Outputs are compared with the
interpreter's everywhere. TFLite Micro has no binarized operators: what stands beside its name is
its figure for a whole int8 model, not for the same layer.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import binary_sizes, binary_times
from benchmarks.binary_counts import measure, table, tflm
from benchmarks.binary_layers import LAYERS, Layer

BOARDS = ("virtual-m4", "virtual-m7", "virtual-m55", "rpi4", "rpi5")
SIZED = "virtual-m4"
Part = Callable[[Sequence[Layer], Sequence[str], Path], None]


def counts(layers: Sequence[Layer], boards: Sequence[str], folder: Path) -> None:
    """Instructions on each target, row by row."""
    print("Instructions, counted in QEMU (simulated, not cycles); outputs exact")
    for board in boards:
        figure = tflm(board)
        if figure is not None:
            print(f"TFLM + CMSIS-NN on {board}: {figure:.2f} instr/MAC over all of int8 ResNet-8")
    print("\n".join(table([])))
    for board in boards:
        for layer in layers:
            print(table([measure(layer, board, folder)])[-1], flush=True)


def times(layers: Sequence[Layer], boards: Sequence[str], folder: Path) -> None:
    """Time on this machine, row by row."""
    rows = []
    print("Time of an inference here, one thread (measured): median, middle half of the rounds")
    print("\n".join(binary_times.table([])))
    for layer in layers:
        rows.append(binary_times.timed(layer, folder))
        print(binary_times.table(rows)[-1], flush=True)
    print(f"kernels {rows[0].kernels}; {rows[0].interpreter}")


def sizes(layers: Sequence[Layer], boards: Sequence[str], folder: Path) -> None:
    """Bits for each weight, and which layers take over 5 % more than one."""
    rows = [binary_sizes.measure(layer, SIZED, folder) for layer in layers if layer.packed]
    print("Weights as stored, and files as they are")
    print("\n".join(binary_sizes.table(rows)))
    for row in rows:
        if not row.holds:
            print(f"{row.layer}: over 5 % more than a bit")


PARTS: dict[str, Part] = {"counts": counts, "times": times, "sizes": sizes}


def main(arguments: Sequence[str] | None = None) -> int:
    """All tables, row by row as they come."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.binary", description=__doc__)
    parser.add_argument("--boards", default=",".join(BOARDS))
    parser.add_argument("--layers", default="", help="part of a layer's name")
    parser.add_argument("--only", choices=PARTS, help="one of the parts")
    given = parser.parse_args(arguments)
    chosen = [layer for layer in LAYERS if given.layers in layer.name]
    if not chosen:
        print("layers: " + ", ".join(layer.name for layer in LAYERS), file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="edgekit-binary-") as folder:
        for name in [given.only] if given.only else PARTS:
            PARTS[name](chosen, given.boards.split(","), Path(folder))
            print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
