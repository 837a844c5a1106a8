"""Differing output bytes of the generated C against TensorFlow Lite Micro, per model.

    python -m benchmarks.exactness [--samples 100] [--json FILE]

Every int8 .tflite of the test data goes through `convert` and `verify`: random inputs, and as many
real ones where the data hold some. All figures are counts from this run, on this machine.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path

import edgekit

REAL = {
    "mlperf_mobilenetv1_vww96_int8": "datasets/coco256_person/images",
    "mlperf_resnet8_cifar10_int8": "datasets/cifar10_lossless/test_webp_lossless.npz",
    "mlperf_dscnn_kws_int8": "datasets/kws01/kws01.npz",
}
"""Model -> real inputs in the test data; the others get random inputs only."""


def measure(model: Path, data: Path, samples: int, folder: Path) -> list[dict[str, object]]:
    """One record per engine."""
    bundle = folder / model.stem
    edgekit.convert(model, target="virtual-m4", output_dir=bundle)
    real = REAL.get(model.stem)
    found = edgekit.verify(bundle, samples=samples, data=data / real if real else None)
    return [
        {
            "model": model.stem,
            "engine": result.engine,
            "inputs": result.inputs,
            "real_inputs": result.inputs - samples,
            "inputs_equal": result.inputs_equal,
            "bytes_different": result.bytes_different,
            "largest_difference": result.largest,
            "predictions_flipped": result.flips,
            "first_layer": result.first_layer,
        }
        for result in found.engines
        if not result.skipped
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Count differing output bytes per model.")
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    data = Path(os.environ.get("EDGEKIT_TEST_DATA", "../shared/data"))
    models = sorted((data / "models").glob("*_int8.tflite"))
    if not models:
        raise SystemExit(f"no *_int8.tflite in {data / 'models'}; set EDGEKIT_TEST_DATA")
    records: list[dict[str, object]] = []
    print(f"{'model':32} {'engine':34} {'equal':>9} {'bytes':>6} {'largest':>8} {'flips':>6}")
    with tempfile.TemporaryDirectory() as folder:
        for model in models:
            for row in measure(model, data, options.samples, Path(folder)):
                records.append(row)
                equal = f"{row['inputs_equal']}/{row['inputs']}"
                print(
                    f"{row['model']:32} {row['engine']:34} {equal:>9} {row['bytes_different']:>6} "
                    f"{row['largest_difference']:>8g} {row['predictions_flipped']:>6}",
                    flush=True,
                )
    if options.json:
        options.json.write_text(json.dumps(records, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
