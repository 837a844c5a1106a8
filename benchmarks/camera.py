"""Instructions of a frame's conversion and of the inference after it, on a virtual Cortex-M4.

    python -m benchmarks.camera BUNDLE [--size 160x120]

The whole firmware runs in QEMU on random frames of every format; inputs and outputs are compared
with the NumPy definition. Prints a Markdown table; figures are simulated instructions.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from edgekit.artifacts.files import scratch_folder
from edgekit.converter.camera.formats import FORMATS
from edgekit.converter.camera.taps import RESAMPLES
from edgekit.deploy.camera import CameraRun, run_camera

TARGET = "virtual-m4"
FRAMES = 2


def runs(bundle: Path, width: int, height: int) -> Iterator[tuple[str, CameraRun]]:
    """Every format with bilinear, then the other filters with RGB565; raises where one differs."""
    cases = [(format, "bilinear") for format in FORMATS]
    cases += [("rgb565be", resample) for resample in RESAMPLES if resample != "bilinear"]
    with scratch_folder("edgekit-camera-") as folder:
        rng = np.random.default_rng(1)
        pictures = rng.integers(0, 256, (FRAMES, height, width, 3), np.uint8)
        np.save(folder / "frames.npy", pictures)
        for format, resample in cases:
            run = run_camera(
                bundle,
                folder / "frames.npy",
                target=TARGET,
                format=format,
                width=width,
                height=height,
                resample=resample,
            )
            wrong = run.verdict()
            if wrong is not None:
                raise wrong
            yield resample, run


def row(resample: str, run: CameraRun) -> str:
    """A line of the table."""
    convert = max(frame.convert for frame in run.frames)
    infer = max(frame.infer for frame in run.frames)
    share = 100 * convert / (convert + infer)
    cells = (
        f"{run.format}, {resample}",
        f"{convert:,.0f}",
        f"{convert / (run.width * run.height):.1f}",
        f"{run.work_bytes:,}",
        f"{infer:,.0f}",
        f"{share:.0f} %",
    )
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--size", default="160x120")
    arguments = parser.parse_args()
    width, height = map(int, arguments.size.split("x"))
    print("| frames | conversion | per pixel | buffers, B | inference | share |")
    print("|---|--:|--:|--:|--:|--:|")
    for resample, run in runs(arguments.bundle, width, height):
        print(row(resample, run), flush=True)


if __name__ == "__main__":
    main()
