"""Instructions of one convolution, counted in QEMU: on a board's firmware, or in a runner."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.binary_layers import Layer, binary_graph, int8_graph
from benchmarks.executed import executed
from edgekit.converter.ir.graph import Graph
from edgekit.converter.options import ConvertOptions
from edgekit.converter.tflite import write_tflite
from edgekit.deploy.bench import bench_inputs
from edgekit.deploy.bench_board import run_board
from edgekit.deploy.bench_options import BenchOptions
from edgekit.deploy.bundles import Bundle, open_bundle
from edgekit.deploy.convert import convert
from edgekit.deploy.keeper import Keeper
from edgekit.targets.reader import load_target

BASELINES = Path(__file__).parent / "baselines.toml"
RESNET_MACS = 12_501_632
"""Multiply-accumulates of MLPerf Tiny's ResNet-8, all but 640 of them in convolutions."""


@dataclass(frozen=True, slots=True)
class Row:
    """One layer on one target: the convolution steps alone, packing of the input apart."""

    board: str
    layer: str
    binary: float
    int8: float
    kernel: str
    estimate: int
    count: int

    @property
    def ratio(self) -> float:
        """Binarized instructions to those of int8."""
        return self.binary / self.int8

    @property
    def to_tflm(self) -> float | None:
        """Binarized instructions for a MAC to those of TFLM + CMSIS-NN over ResNet-8."""
        baseline = tflm(self.board)
        return self.binary / baseline if baseline else None


def tflm(board: str) -> float | None:
    """Instructions for a MAC of TFLM + CMSIS-NN on this board: all of ResNet-8's over its MACs.

    Not the same layer: TFLM has no binarized operators, and its figures are of whole models.
    ResNet-8 is nearly all 3x3 convolutions of 16 to 64 channels. None without a baseline.
    """
    rows = tomllib.loads(BASELINES.read_text(encoding="utf-8"))
    if board not in rows:
        return None
    return int(rows[board]["resnet"]["instructions"]) / RESNET_MACS


def bundle_of(graph: Graph, target: str, folder: Path) -> Bundle:
    """The graph converted for a target, all channels kept."""
    model, out = folder / f"{graph.name}.tflite", folder / f"{graph.name}-{target}"
    model.write_bytes(write_tflite(graph))
    convert(model, target=target, output_dir=out, options=ConvertOptions(all_channels=True))
    return open_bundle(out)


def counted(graph: Graph, board: str, folder: Path) -> tuple[str, int, int]:
    """Kernel, estimate and count of the graph's convolution. The outputs must be exact."""
    bundle = bundle_of(graph, board, folder)
    [at] = [i for i, step in enumerate(bundle.manifest.steps) if step.layer == "conv"]
    step = bundle.manifest.steps[at]
    if load_target(board).emulator is None:
        count = executed(bundle.folder, folder / f"{graph.name}-run-{board}", step.kernel)
    else:
        count = _on_board(bundle, board, at)
    return step.kernel, step.estimate, count


def _on_board(bundle: Bundle, board: str, at: int) -> int:
    """Instructions of step `at` in the firmware."""
    options = BenchOptions(samples=1)
    (run,) = run_board(
        bundle,
        bundle.target(None),
        bench_inputs(bundle, options),
        options,
        lambda *a: None,
        Keeper.begin(None, {}),
    ).runs
    if run.outputs_checked != run.outputs_equal:
        raise AssertionError(f"{bundle.folder.name}: outputs differ from the interpreter's")
    return round(run.steps[at].count)


def measure(layer: Layer, board: str, folder: Path) -> Row:
    """One layer on one target, both ways."""
    kernel, estimate, count = counted(binary_graph(layer), board, folder)
    _, _, plain = counted(int8_graph(layer), board, folder)
    return Row(board, layer.name, count / layer.macs, plain / layer.macs, kernel, estimate, count)


def table(rows: Sequence[Row]) -> list[str]:
    """The rows as Markdown."""
    lines = [
        "| target | layer | binary, instr/MAC | int8, instr/MAC | ratio | to TFLM | kernel |",
        "|---|---|--:|--:|--:|--:|---|",
    ]
    for r in rows:
        to_tflm = "" if r.to_tflm is None else f"{r.to_tflm:.3f}"
        figures = f"{r.binary:.3f} | {r.int8:.3f} | {r.ratio:.3f} | {to_tflm}"
        lines.append(f"| {r.board} | {r.layer} | {figures} | `{r.kernel}` |")
    return lines
