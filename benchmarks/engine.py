"""Instructions, RAM and code of the generated C on the virtual boards, beside TFLM + CMSIS-NN.

    python -m benchmarks.engine [--boards virtual-m4,virtual-m7] [--models vww] [--json FILE]

Each official int8 model is converted, built and run in QEMU for each board; outputs are compared
with the reference. Sizes are those of a bare program (bare.py). Exit 3 when a figure is not what
musts.toml asks, or an output differs. `make bench-engine` runs all of it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.bare import bare_size
from benchmarks.engine_record import Layer, Record
from benchmarks.engine_table import head, rows, verdict
from edgekit import __version__
from edgekit.artifacts.run import RunResult
from edgekit.converter.options import ConvertOptions
from edgekit.deploy.bench import bench_inputs
from edgekit.deploy.bench_board import run_board
from edgekit.deploy.bench_options import BenchOptions
from edgekit.deploy.bundles import Bundle, open_bundle
from edgekit.deploy.convert import convert
from edgekit.deploy.keeper import Keeper
from edgekit.errors import EdgeKitError
from edgekit.targets.model import Target
from edgekit.targets.reader import load_target
from edgekit.units import count_text

HERE = Path(__file__).parent
MODELS = {
    "vww": "mlperf_mobilenetv1_vww96_int8",
    "resnet": "mlperf_resnet8_cifar10_int8",
    "kws": "mlperf_dscnn_kws_int8",
    "ad": "mlperf_ad01_int8",
}
BOARDS = ("virtual-m4", "virtual-m7", "virtual-m55", "virtual-m33", "virtual-m3", "virtual-m0")
BUDGETS = {"virtual-m0": {"kws": 11 << 10}}
"""Board -> model -> the RAM budget in bytes without which it does not fit."""
BESIDE_PORTABLE = ("virtual-m0",)
"""Boards without a TFLM build to compare with: the portable kernels stand beside."""
SAMPLES = 3
NOT_MET = 3


def measure(
    model: Path, board: str, folder: Path, name: str, *, all_channels: bool = False
) -> tuple[Record, RunResult]:
    """One model on one board, without TFLM's figures."""
    target, budget = load_target(board), BUDGETS.get(board, {}).get(name, 0)
    chosen = ConvertOptions(all_channels=all_channels, ram_budget=budget or None)
    bundle, run = _run(model, target, folder, chosen, SAMPLES)
    size = bare_size(folder, bundle.manifest, target, folder.with_suffix(".bare"))
    memory = bundle.manifest.memory
    record = Record(
        board=board,
        model=name,
        instructions=round(run.count_per_inference or 0),
        macs=sum(step.macs for step in bundle.manifest.steps),
        model_macs=bundle.manifest.macs,
        outputs_equal=run.outputs_equal,
        outputs_checked=run.outputs_checked,
        arena=memory.arena_bytes if memory else 0,
        ram=size.ram,
        flash=size.flash,
        weights=size.weights,
        code=size.code,
        engine=size.engine,
        layers=_layers(run, bundle),
        portable=_portable(model, target, folder.with_suffix(".portable"), chosen),
        ram_budget=budget,
    )
    return record, run


def _run(
    model: Path, target: Target, folder: Path, chosen: ConvertOptions, samples: int
) -> tuple[Bundle, RunResult]:
    convert(model, target=target, output_dir=folder, options=chosen)
    bundle, options = open_bundle(folder), BenchOptions(samples=samples)
    inputs, keeper = bench_inputs(bundle, options), Keeper.begin(None, {})
    measured = run_board(bundle, bundle.target(None), inputs, options, lambda *a: None, keeper)
    return bundle, measured.runs[0]


def _portable(model: Path, target: Target, folder: Path, chosen: ConvertOptions) -> int:
    """Instructions with the portable kernels alone, on a board that is to show them."""
    if target.name not in BESIDE_PORTABLE:
        return 0
    cpu = target.cpu.model_copy(update={"isa": ("ref",)})
    _, run = _run(model, target.model_copy(update={"cpu": cpu}), folder, chosen, 1)
    return round(run.count_per_inference or 0)


def _layers(run: RunResult, bundle: Bundle) -> tuple[Layer, ...]:
    steps = bundle.manifest.steps
    return tuple(
        Layer(
            cost.name,
            cost.operator,
            steps[cost.index].kernel,
            steps[cost.index].macs,
            round(cost.count),
            steps[cost.index].estimate,
        )
        for cost in run.steps
    )


def compared(record: Record) -> Record:
    """The record beside TFLM + CMSIS-NN and what it must be, where either is stated."""
    from dataclasses import replace

    base = _table("baselines").get(record.board, {}).get(record.model, {})
    must = _table("musts").get(record.board, {}).get(record.model, {})
    return replace(record, baseline=base, must=must)


def _table(name: str) -> dict[str, dict[str, Any]]:
    return tomllib.loads((HERE / f"{name}.toml").read_text(encoding="utf-8"))


def main(words: Sequence[str] | None = None) -> int:
    """Run what the command line asks for and return the exit code."""
    options = _parser().parse_args(words)
    data = Path(os.environ.get("EDGEKIT_TEST_DATA", "../shared/data")) / "models"
    records: list[Record] = []
    environment: dict[str, str] = {"edgekit": __version__}
    print(head())
    for board in options.boards.split(","):
        for name in options.models.split(","):
            with tempfile.TemporaryDirectory(prefix="edgekit-engine-") as folder:
                path = data / f"{MODELS[name]}.tflite"
                try:
                    place, every = Path(folder) / name, options.all_channels
                    found, run = measure(path, board, place, name, all_channels=every)
                except EdgeKitError as error:  # a board may be too small; the table goes on
                    print(f"{board:11} {name:7} {_first_sentence(error)}", flush=True)
                    continue
            records.append(compared(found))
            environment |= {board: run.device, **run.environment}
            print("\n".join(rows(records[-1], brief=options.brief)), flush=True)
    print("\n" + verdict(records))
    if options.json:
        _write(options.json, records, environment)
    return NOT_MET if any(record.missed() for record in records) else 0


def _first_sentence(error: EdgeKitError) -> str:
    return f"{error.found.partition('. ')[0]} (allowed: {error.allowed or '-'})"


def _write(path: Path, records: Sequence[Record], environment: dict[str, str]) -> None:
    value = {"environment": environment, "records": [record.as_dict() for record in records]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
    total = count_text(sum(len(record.layers) for record in records))
    print(f"every figure, {total} layers included: {path}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Count the engine's instructions in QEMU.")
    parser.add_argument("--boards", default=",".join(BOARDS))
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--json", type=Path, help="write every figure, layers included")
    parser.add_argument(
        "--all-channels", action="store_true", help="compute also channels that no input changes"
    )
    parser.add_argument("--brief", action="store_true", help="no rows for kinds of layers")
    return parser


if __name__ == "__main__":
    sys.exit(main())
