"""Instructions, RAM and flash of the generated C on the virtual boards, beside TFLM + CMSIS-NN.

    python benchmarks/engine.py [--boards virtual-m4,virtual-m7] [--models vww] [--json FILE]

Each official int8 model is converted, built and run in QEMU for each board; outputs are compared
with the reference. Instructions are exact counts, not cycles. RAM is .data + .bss of the benchmark
firmware without its copy of the input, stack excluded. Code is the kernels and the model's own C:
all flash that is neither weights, biases and factors nor the benchmark application.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgekit.artifacts.run import RunResult, StepCost
from edgekit.deploy.bench import BenchOptions, bench_inputs
from edgekit.deploy.bench_board import run_board
from edgekit.deploy.bundles import Bundle, open_bundle
from edgekit.deploy.convert import convert
from edgekit.errors import EdgeKitError

MODELS = {
    "vww": "mlperf_mobilenetv1_vww96_int8",
    "resnet": "mlperf_resnet8_cifar10_int8",
    "kws": "mlperf_dscnn_kws_int8",
    "ad": "mlperf_ad01_int8",
}
BOARDS = ("virtual-m0", "virtual-m3", "virtual-m4", "virtual-m7", "virtual-m33", "virtual-m55")
SAMPLES = 3


def measure(model: Path, board: str, folder: Path) -> dict[str, Any]:
    """One model on one board."""
    convert(model, target=board, output_dir=folder)
    bundle, options = open_bundle(folder), BenchOptions(samples=SAMPLES)
    found = run_board(
        bundle, bundle.target(None), bench_inputs(bundle, options), options, lambda *a: None
    )
    run = found.runs[0]
    return {
        "board": board,
        "macs": bundle.manifest.macs,
        "instructions": round(run.count_per_inference or 0),
        "outputs_equal": run.outputs_equal,
        "outputs_checked": run.outputs_checked,
        **_sizes(bundle, found.sizes or {}),
        "layers": [_layer(step, bundle) for step in run.steps],
        "by_operator": _by_operator(run),
    }


def _sizes(bundle: Bundle, sizes: dict[str, int]) -> dict[str, int]:
    inputs = sum(tensor.bytes for tensor in bundle.manifest.inputs)
    memory = bundle.manifest.memory
    return {
        "arena": memory.arena_bytes if memory else 0,
        "ram": sizes["ram.total"] - sizes.get("ram.stack", 0) - inputs,
        "flash": sizes["flash.total"],
        "weights": sizes.get("flash.weights", 0),
        "code": sizes.get("flash.kernels", 0) + sizes.get("flash.model", 0),
    }


def _layer(step: StepCost, bundle: Bundle) -> dict[str, Any]:
    info = bundle.manifest.steps[step.index]
    return {
        "name": step.name,
        "operator": step.operator,
        "kernel": info.kernel,
        "macs": step.macs,
        "instructions": round(step.count),
    }


def _by_operator(run: RunResult) -> dict[str, dict[str, int]]:
    totals: dict[str, dict[str, int]] = {}
    for step in run.steps:
        total = totals.setdefault(step.operator, {"macs": 0, "instructions": 0})
        total["macs"] += step.macs
        total["instructions"] += round(step.count)
    return totals


def compared(record: dict[str, Any], baseline: dict[str, int] | None) -> dict[str, Any]:
    """The record with its ratios to a baseline; without them where none was measured."""
    if baseline is None:
        return record
    ratios = {key: record[key] / baseline[key] for key in ("instructions", "ram", "code")}
    return {**record, "baseline": baseline, "ratio": ratios}


def lines(record: dict[str, Any]) -> Iterator[str]:
    """The record as a row of the table, and a row for each operator."""
    per_mac = record["instructions"] / max(record["macs"], 1)
    ratio = record.get("ratio", {})
    parts = [f"{ratio[key]:.2f}" if key in ratio else "-" for key in ("instructions", "ram")]
    exact = f"{record['outputs_equal']}/{record['outputs_checked']}"
    yield (
        f"{record['board']:12} {record['model']:8} {record['instructions']:>12,} {per_mac:>7.2f}"
        f" {parts[0]:>6} {record['ram']:>9,} {parts[1]:>6} {record['flash']:>9,}"
        f" {record['code']:>8,} {exact:>6}"
    )
    for operator, total in record["by_operator"].items():
        rate = f"{total['instructions'] / total['macs']:.2f}" if total["macs"] else "-"
        yield f"{'':13}{operator.lower():20} {total['instructions']:>12,} {rate:>7}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Count the engine's instructions in QEMU.")
    parser.add_argument("--boards", default=",".join(BOARDS))
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--json", type=Path, help="write every figure, layers included")
    parser.add_argument("--brief", action="store_true", help="no rows for operators")
    options = parser.parse_args()
    data = Path(os.environ.get("EDGEKIT_TEST_DATA", "../shared/data")) / "models"
    text = Path(__file__).with_name("baselines.toml").read_text(encoding="utf-8")
    baselines = tomllib.loads(text)
    records: list[dict[str, Any]] = []
    print(
        f"{'board':12} {'model':8} {'instructions':>12} {'per MAC':>7} {'ratio':>6} {'RAM':>9}"
        f" {'ratio':>6} {'flash':>9} {'code':>8} {'equal':>6}"
    )
    for board in options.boards.split(","):
        for name in options.models.split(","):
            with tempfile.TemporaryDirectory(prefix="edgekit-engine-") as folder:
                try:
                    found = measure(data / f"{MODELS[name]}.tflite", board, Path(folder) / name)
                except EdgeKitError as error:  # a board may be too small; the table goes on
                    print(f"{board:12} {name:8} {str(error)[:80]}")
                    continue
            record = compared({"model": name, **found}, baselines.get(board, {}).get(name))
            records.append(record)
            rows = list(lines(record))
            print("\n".join(rows[:1] if options.brief else rows), flush=True)
    if options.json:
        options.json.write_text(json.dumps(records, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
