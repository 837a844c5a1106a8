"""Every way to make a network smaller, on the same network, images and board: the one table.

    python -m benchmarks.compression [--network NAME] [--trained FOLDER] [--json FILE]

Converts each network for virtual-m4 in each way of `CASES`, judges CIFAR-10's test images with the
NumPy interpreter, and counts on the board, whose answers are held against the interpreter's. What
was trained (quantization-aware, pruned and fine-tuned, distilled) is read from `--trained`; a row
whose file is missing is left out, and it is said. A row takes minutes: `--resume` takes those that
`--json FILE` holds already from there. Top-1 is measured, bytes are those of the files
and of the linked firmware, instructions are simulated.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.cifar10 import BOARD, SAMPLE, SETS, Row, run_on_board
from edgekit.artifacts.files import write_file
from edgekit.converter.options import ConvertOptions
from edgekit.deploy.convert import convert
from edgekit.errors import EdgeKitError
from edgekit.runtime.report.svg_tradeoff import Point, Words, svg_tradeoff

CALIBRATION = 256

Key = tuple[str, str, int]
"""Network, case and number of images of a row."""


@dataclass(frozen=True, slots=True)
class Case:
    """One way: what the row is called, the options beside the common ones, and for what had to be
    trained the ending of its file's name, `<network><ending>`."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    trained: str | None = None


FLOAT = "float32"
"""Its top-1 is what a conversion to int8 compares with."""
CODED = {"compress_weights": "layer"}
CASES = (
    Case(FLOAT),
    Case("W8A8"),
    Case("W4A8, to nearest", {"precision": "int4"}),
    Case("W4A8, gptq", {"precision": "int4", "rounding": "gptq"}),
    Case("W8A16", {"precision": "int16"}),
    Case("W4A16, gptq", {"precision": "w4a16", "rounding": "gptq"}),
    Case("float16", {"precision": "float16", "calibration": None, "compress_weights": "boot"}),
    Case("W8A8 without data", {"calibration": "none"}),
    Case("W8A8, quantization-aware", trained="_qat8.tflite"),
    Case("W4A8, quantization-aware", {"precision": "int4"}, "_qat4.tflite"),
    Case("50 % of weights pruned, W8A8", trained="_pruned.tflite"),
    Case("50 % of weights pruned, coded", CODED, "_pruned.tflite"),
    Case("2:4 pruned, W8A8", trained="_2of4.tflite"),
    Case("2:4 pruned, coded", CODED, "_2of4.tflite"),
    Case("half of the MACs pruned, W8A8", trained="_structured.tflite"),
    Case("half width, distilled, W8A8", trained="_half.keras"),
    Case("50 % of weights pruned at once, coded", {"prune": "0.5", **CODED}),
    Case("16 clusters, coded", {"cluster": 16, **CODED}),
    Case("16 clusters, gptq, coded", {"cluster": 16, "rounding": "gptq", **CODED}),
    Case("W4A8, adaround", {"precision": "int4", "rounding": "adaround"}),
)


def measure(source: Path, case: Case, name: str, data: Path, images: int) -> Row:
    """The case's row of network `name`, read from `source`. `data` holds CIFAR-10's two .npz."""
    test = data / "test_webp_lossless.npz"
    common = ConvertOptions(
        calibration=str(data / "train_webp_lossless.npz"),
        calibration_samples=CALIBRATION,
        evaluation=str(test),
        evaluation_samples=images,
        gate=False,
    )
    with tempfile.TemporaryDirectory() as folder:
        bundle, plain = Path(folder, "bundle"), ConvertOptions(precision="float32")
        options = replace(common, **case.options)
        manifest = convert(source, target=BOARD, output_dir=bundle, options=options).manifest
        assert manifest.accuracy is not None
        top1 = manifest.accuracy.after
        if case.name == FLOAT:
            bundle, top1 = Path(folder, "float32"), manifest.accuracy.before
            manifest = convert(source, target=BOARD, output_dir=bundle, options=plain).manifest
        return run_on_board(bundle, manifest, test, (name, case.name, top1, images))


def rows(
    name: str, model: Path, given: argparse.Namespace, data: Path, known: Mapping[Key, Row]
) -> Iterator[Row]:
    """A row for each case whose file there is: from `known` or measured."""
    for case in CASES:
        source = given.trained / f"{name}{case.trained}" if case.trained else model
        if not source.is_file():
            print(f"{name}, {case.name}: left out, no {source}", file=sys.stderr)
            continue
        row = known.get((name, case.name, given.images))
        yield row or measure(source, case, name, data, given.images)


def read_rows(path: Path) -> list[Row]:
    """The rows that `--json` wrote."""
    return [Row(**row) for row in json.loads(path.read_text(encoding="utf-8"))]


HEAD = """\
| network | | top-1 | to float | .tflite | weights in C | flash | RAM | instructions |
|---|---|--:|--:|--:|--:|--:|--:|--:|"""


def line(row: Row, real: float) -> str:
    """A row of the table; `real` is the top-1 of the network in float32."""
    return (
        f"| {row.name} | {row.precision} | {row.top1:.2%} | {100 * (row.top1 - real):+.2f} "
        f"| {row.tflite:,} B | {row.weights:,} B | {row.flash:,} B | {row.ram:,} B "
        f"| {row.instructions / 1e6:.2f} M |"
    )


def picture(rows: Sequence[Row], name: str) -> str:
    """Top-1 over the bytes of flash."""
    points = [Point(row.precision, row.flash / 1000, 100 * row.top1) for row in rows]
    words = Words(
        f"{name} on CIFAR-10: accuracy and flash",
        f"flash of the firmware for {BOARD} in kB",
        "top-1 in %, measured",
    )
    return svg_tradeoff(points, words)


def as_json(rows: Iterable[Row]) -> str:
    """What `--json` holds."""
    return json.dumps([asdict(row) for row in rows], indent=2) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; exit 1 where data or weights are missing."""
    root = Path(os.environ.get("EDGEKIT_TEST_DATA", "../shared/data"))
    networks = {
        "resnet8": root / "models" / "mlperf_resnet8_cifar10.h5",
        "mobilenet": SAMPLE / "mobilenet_v1.keras",
    }
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--network", choices=list(networks), action="append")
    parser.add_argument("--trained", type=Path, default=SAMPLE, help="where trained files lie")
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--svg", type=Path, help="write a picture here, for one network")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--resume", action="store_true", help="keep the rows that --json has")
    given = parser.parse_args(arguments)
    found: list[Row] = []
    earlier = read_rows(given.json) if given.resume and given.json and given.json.is_file() else []
    known = {(row.name, row.precision, row.images): row for row in earlier}
    try:
        print(HEAD)
        for name in given.network or networks:
            first = len(found)
            for row in rows(name, networks[name], given, root / SETS, known):
                found.append(row)
                known[row.name, row.precision, row.images] = row
                if given.json:
                    write_file(given.json, as_json(known.values()))
                print(line(row, found[first].top1), flush=True)
    except EdgeKitError as error:
        print(error, file=sys.stderr)
        return 1
    if not found:
        print("no network found: see samples/cifar10/README.md", file=sys.stderr)
        return 1
    images = ", ".join(f"{count:,}" for count in sorted({row.images for row in found}))
    print(
        f"\ntop-1 measured on {images} test images; bytes those of files and firmware; "
        f"instructions simulated on {BOARD}"
    )
    if given.svg:
        write_file(given.svg, picture(found, found[0].name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
