"""The same network in float32, int8 and binary: accuracy, size, instructions, energy.

    python -m benchmarks.cifar10 [--binary FILE] [--float FILE] [--images 10000] [--svg FILE]

Takes what `samples/cifar10` trained, converts it for virtual-m4, judges CIFAR-10's test images with
the NumPy interpreter, and runs it on the board, whose answers are held against the interpreter's.
Accuracy is measured, instructions and energy are simulated: the board in QEMU, the meter emulated,
with the power that the board's profile states. ResNet-8 of MLPerf Tiny stands beside.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from edgekit.artifacts.bundle import Manifest
from edgekit.artifacts.files import write_file
from edgekit.converter.options import ConvertOptions
from edgekit.deploy.bench import bench
from edgekit.deploy.bench_options import BenchOptions
from edgekit.deploy.convert import convert
from edgekit.errors import EdgeKitError
from edgekit.runtime.report.svg_tradeoff import Point, Words, svg_tradeoff

SAMPLE = Path(__file__).parents[1] / "samples" / "cifar10"
BOARD = "virtual-m4"
CALIBRATION = 512
SETS = "datasets/cifar10_lossless"


@dataclass(frozen=True, slots=True)
class Row:
    """One network in one precision. `top1` is a share of `images`; sizes in bytes; `energy_j` the
    emulated meter's joules per inference, gross."""

    name: str
    precision: str
    top1: float
    images: int
    weights: int
    tflite: int
    flash: int
    ram: int
    instructions: int
    energy_j: float


def measure(name: str, model: Path, data: Path, images: int, folder: Path) -> Iterator[Row]:
    """A row in float32 where the model has no binarized layers, and one converted. `data` holds
    CIFAR-10's two .npz; `folder` is for bundles."""
    test, train = data / "test_webp_lossless.npz", data / "train_webp_lossless.npz"
    options = ConvertOptions(
        calibration=str(train),
        calibration_samples=CALIBRATION,
        evaluation=str(test),
        evaluation_samples=images,
        gate=False,
    )
    manifest = convert(model, target=BOARD, output_dir=folder / "int8", options=options).manifest
    accuracy = manifest.accuracy
    assert accuracy is not None
    if any("LceBconv2d" in step.operator for step in manifest.steps):
        yield run_on_board(
            folder / "int8", manifest, test, (name, "binary", accuracy.after, images)
        )
        return
    plain = ConvertOptions(precision="float32")
    real = convert(model, target=BOARD, output_dir=folder / "float32", options=plain).manifest
    yield run_on_board(folder / "float32", real, test, (name, "float32", accuracy.before, images))
    yield run_on_board(folder / "int8", manifest, test, (name, "int8", accuracy.after, images))


def run_on_board(
    bundle: Path, manifest: Manifest, data: Path, known: tuple[str, str, float, int]
) -> Row:
    """Builds and runs the bundle on the board; its answers to three images of `data` have to be the
    reference's. `known` is the row's name, precision, top-1 and number of images."""
    options = BenchOptions(power="virtual:", data=str(data), samples=3, quick=True)
    report = bench(bundle, options=options)
    run = report.runs[0]
    if run.outputs_equal != run.outputs_checked:
        raise SystemExit(f"{known[0]} {known[1]}: the board's answers are not the reference's")
    return Row(
        *known,
        weights=manifest.sizes["weights"],
        tflite=manifest.sizes["model"],
        flash=round(report.figures["flash"].value),
        ram=round(report.figures["ram"].value),
        instructions=round(run.count_per_inference or 0),
        energy_j=report.figures["energy_gross"].value,
    )


def table(rows: Sequence[Row]) -> str:
    """The rows in Markdown."""
    lines = [
        "| network | precision | top-1 | weights | .tflite | flash | RAM | instructions | energy |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {r.name} | {r.precision} | {r.top1:.2%} | {r.weights:,} B | {r.tflite:,} B "
        f"| {r.flash:,} B | {r.ram:,} B | {r.instructions / 1e6:.2f} M "
        f"| {r.energy_j * 1e3:.2f} mJ |"
        for r in rows
    ]
    images = " and ".join(f"{count:,}" for count in sorted({r.images for r in rows}))
    lines.append("")
    lines.append(
        f"top-1 measured on {images} test images; instructions and energy simulated on {BOARD}"
    )
    return "\n".join(lines)


def picture(rows: Sequence[Row]) -> str:
    """Top-1 over energy."""
    points = [
        Point(f"{r.name} {r.precision}, {r.flash / 1000:.0f} kB", r.energy_j * 1e3, 100 * r.top1)
        for r in rows
    ]
    return svg_tradeoff(
        points,
        Words(
            "CIFAR-10: accuracy and energy",
            f"energy per inference in mJ, simulated on {BOARD}",
            "top-1 in %, measured",
        ),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; exit 1 where data or weights are missing."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--binary", type=Path, default=SAMPLE / "quicknet.keras")
    parser.add_argument("--float", type=Path, default=SAMPLE / "quicknet_float.keras")
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--svg", type=Path, help="write the picture here")
    parser.add_argument("--json", type=Path, help="write the figures here")
    given = parser.parse_args(arguments)
    root = Path(os.environ.get("EDGEKIT_TEST_DATA", "../shared/data"))
    cases = {
        "quicknet": (given.float, given.binary),
        "resnet8": (root / "models" / "mlperf_resnet8_cifar10.h5",),
    }
    models = [(name, model) for name, several in cases.items() for model in several]
    for name, model in models:
        if not model.is_file():
            print(f"{name}: left out, no {model}", file=sys.stderr)
    try:
        with tempfile.TemporaryDirectory() as folder:
            rows = [
                row
                for index, (name, model) in enumerate(models)
                if model.is_file()
                for row in measure(name, model, root / SETS, given.images, Path(folder, str(index)))
            ]
    except EdgeKitError as error:
        print(error, file=sys.stderr)
        return 1
    if not rows:
        print("no trained network found: see samples/cifar10/README.md", file=sys.stderr)
        return 1
    print(table(rows))
    if given.svg:
        write_file(given.svg, picture(rows))
    if given.json:
        write_file(given.json, json.dumps([asdict(row) for row in rows], indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
