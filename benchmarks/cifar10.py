"""The same network in float32, int8 and binary: accuracy, size, instructions, energy.

    python -m benchmarks.cifar10 [--binary FILE] [--float FILE] [--images 10000] [--svg FILE]

Takes what `samples/cifar10` trained, converts it for virtual-m4, runs it there, and judges all
images of CIFAR-10's test set with the generated C compiled for this machine, whose answers are
those of the board. Accuracy is measured, instructions and energy are simulated: the board in QEMU,
the meter an emulated one that follows the power the board's profile states. ResNet-8 of MLPerf Tiny
stands beside.
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
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.bundle import Preprocess
from edgekit.artifacts.files import write_file
from edgekit.converter.data.batches import prepare_all
from edgekit.converter.data.open import open_dataset
from edgekit.converter.ir.graph import DType
from edgekit.converter.options import ConvertOptions
from edgekit.converter.quantize.params import quantize_input
from edgekit.deploy.bench import BenchOptions, bench
from edgekit.deploy.build import native_model
from edgekit.deploy.bundles import Bundle, open_bundle
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
    tflite: int
    flash: int
    ram: int
    instructions: int
    energy_j: float


def measure(name: str, model: Path, precision: str, data: Path, images: int, folder: Path) -> Row:
    """Convert, run on the board, judge. `data` holds CIFAR-10's two .npz."""
    test = data / "test_webp_lossless.npz"
    options = ConvertOptions(
        precision=precision,
        calibration=str(data / "train_webp_lossless.npz"),
        calibration_samples=CALIBRATION,
        gate=False,
    )
    convert(model, target=BOARD, output_dir=folder, options=options)
    report = bench(
        folder, options=BenchOptions(power="virtual:", data=str(test), samples=3, quick=True)
    )
    run = report.runs[0]
    if run.outputs_equal != run.outputs_checked:
        raise SystemExit(f"{name} {precision}: the board's answers are not the reference's")
    bundle = open_bundle(folder)
    right, count = judge(bundle, test, images)
    return Row(
        name=name,
        precision=bundle_precision(bundle),
        top1=right / count,
        images=count,
        tflite=len(bundle.model),
        flash=round(report.figures["flash"].value),
        ram=round(report.figures["ram"].value),
        instructions=round(run.count_per_inference or 0),
        energy_j=report.figures["energy_gross"].value,
    )


def bundle_precision(bundle: Bundle) -> str:
    """What its layers compute in."""
    binary = any(step.operator == "LceBconv2d" for step in bundle.manifest.steps)
    return "binary" if binary else bundle.manifest.precision


def judge(bundle: Bundle, data: Path, images: int) -> tuple[int, int]:
    """Right answers of the generated C on this machine, and how many it was asked."""
    model = native_model(bundle)
    right = count = 0
    for sample, label in _samples(bundle, data, images):
        scores = model.run(sample)[0]
        right, count = right + int(scores.argmax() == label), count + 1
    return right, count


def _samples(bundle: Bundle, data: Path, images: int) -> Iterator[tuple[list[NDArray[Any]], int]]:
    graph = bundle.graph
    dataset = open_dataset(str(data), limit=images)
    preprocess = bundle.manifest.preprocess or Preprocess()
    labels = np.asarray(dataset.labels)
    for index in range(dataset.count):
        real = prepare_all(dataset, index, preprocess, graph)
        tensors = [graph[name] for name in graph.inputs]
        stored = [
            real[t.name] if t.dtype is DType.FLOAT32 else quantize_input(real[t.name], t)
            for t in tensors
        ]
        yield [v.reshape(t.shape) for v, t in zip(stored, tensors, strict=True)], labels[index]


def table(rows: Sequence[Row]) -> str:
    """The rows in Markdown."""
    lines = [
        "| network | precision | top-1 | .tflite | flash | RAM | instructions | energy |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {r.name} | {r.precision} | {r.top1:.2%} | {r.tflite:,} B | {r.flash:,} B | {r.ram:,} B "
        f"| {r.instructions / 1e6:.2f} M | {r.energy_j * 1e3:.2f} mJ |"
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
    cases = [
        ("quicknet", given.float, "float32"),
        ("quicknet", given.float, "int8"),
        ("quicknet", given.binary, "int8"),
        ("resnet8", root / "models" / "mlperf_resnet8_cifar10.h5", "float32"),
        ("resnet8", root / "models" / "mlperf_resnet8_cifar10.h5", "int8"),
    ]
    try:
        with tempfile.TemporaryDirectory() as folder:
            rows = [
                measure(name, model, precision, root / SETS, given.images, Path(folder) / str(i))
                for i, (name, model, precision) in enumerate(cases)
                if model.is_file()
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
