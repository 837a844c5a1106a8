"""The demo: `make demo`. Prints each command it runs, then what the command prints.

With the MLPerf Tiny models and data at hand (EDGEKIT_TEST_DATA, default ../shared/data) it runs
the person detector and ResNet-8; without them the shapes sample of this repository. Without the Arm
compiler or QEMU the virtual board is left out and this machine stands in.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
EDGEKIT = Path(sys.executable).with_name("edgekit")


def run(*arguments: str | Path) -> None:
    """Print and run one edgekit command in the repository's folder; stop the demo if it fails."""
    words = [str(argument) for argument in arguments]
    print(f"\n$ edgekit {shlex.join(words)}", flush=True)
    done = subprocess.run([str(EDGEKIT), *words], cwd=ROOT, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def board() -> str:
    """The target of the first half: a virtual Cortex-M4 where its tools are installed."""
    missing = [name for name in ("arm-none-eabi-gcc", "qemu-system-arm") if not shutil.which(name)]
    if not missing:
        return "virtual-m4"
    print(f"{' and '.join(missing)} not found: no virtual board, the host target stands in.")
    print("Debian: sudo apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm")
    return "host"


def data_folder() -> Path | None:
    """The test data relative to the repository, if they are there."""
    folder = Path(os.environ.get("EDGEKIT_TEST_DATA", "../shared/data"))
    return folder if (ROOT / folder / "models/mlperf_vww_96.h5").exists() else None


def mlperf(data: Path, target: str) -> None:
    """Person detection on the board, image classification on this machine."""
    images = data / "datasets/coco256_person/images"
    cifar = data / "datasets/cifar10_lossless/train_webp_lossless.npz"
    vww, resnet = (data / "models" / f"mlperf_{n}.h5" for n in ("vww_96", "resnet8_cifar10"))
    run("convert", vww, "--target", target, "--calibration", images, "-o", "demo-out/vww")
    bench = ("bench", "demo-out/vww", "--target", target, "--power", "virtual", "--quick")
    run(*bench, "-o", "demo-out/report-vww")
    run("convert", resnet, "--target", "rpi", "--calibration", cifar, "-o", "demo-out/ic")
    run("bench", "demo-out/ic", "--target", "host", "--quick", "-o", "demo-out/report-ic")
    run("verify", "demo-out/vww", "--data", images, "--samples", "20")


def shapes(target: str) -> None:
    """Six shapes, drawn here, on the board and on this machine."""
    script = [sys.executable, "samples/shapes/shapes.py", "demo-out/pictures", "--count", "300"]
    subprocess.run(script, cwd=ROOT, check=True)
    model, pictures = "samples/shapes/shapes.keras", "demo-out/pictures"
    run("convert", model, "--target", target, "--calibration", pictures, "-o", "demo-out/shapes")
    bench = ("bench", "demo-out/shapes", "--power", "virtual", "--quick")
    run(*bench, "--target", target, "-o", "demo-out/report-shapes")
    run("bench", "demo-out/shapes", "--target", "host", "--quick", "-o", "demo-out/report-host")
    run("verify", "demo-out/shapes", "--data", pictures, "--samples", "20")


def main() -> None:
    data, target = data_folder(), board()
    (ROOT / "demo-out").mkdir(exist_ok=True)
    if data is not None:
        mlperf(data, target)
    else:
        print("No MLPerf Tiny models at EDGEKIT_TEST_DATA: the shapes sample stands in.")
        shapes(target)
    print("\nOpen the report.html files in demo-out/.")


if __name__ == "__main__":
    main()
