"""What binarized weights take: in the C's flash, and in both forms of the `.tflite`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.binary_counts import bundle_of
from benchmarks.binary_layers import Layer, binary_graph
from edgekit.converter.binary.portable import portable
from edgekit.converter.ir.graph import Graph
from edgekit.converter.tflite import read_tflite, write_tflite

LIMIT = 1.05
"""Bytes at most for each eight weights."""


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes of one layer's weights where they are stored; files hold structure besides."""

    layer: str
    target: str
    weights: int
    """How many weights; a bit each would be an eighth of it."""
    flash: int
    lce: int
    portable: int
    lce_file: int
    portable_file: int

    @property
    def per_bit(self) -> tuple[float, ...]:
        """Of C, LCE's form and the portable one: bits stored for each weight."""
        return tuple(8 * size / self.weights for size in (self.flash, self.lce, self.portable))

    @property
    def holds(self) -> bool:
        """Whether all three are within 5 % of a bit."""
        return max(self.per_bit) <= LIMIT


def measure(layer: Layer, target: str, folder: Path) -> Size:
    """Sizes of one layer, the C's as converted for `target`."""
    graph = binary_graph(layer)
    bundle = bundle_of(graph, target, folder)
    other = write_tflite(portable(graph))
    lce = bundle.model_path.read_bytes()
    return Size(
        layer.name,
        target,
        layer.kernel**2 * layer.inputs * layer.outputs,
        bundle.manifest.sizes["weights"],
        _largest(read_tflite(lce, "lce")),
        _largest(read_tflite(other, "portable")),
        len(lce),
        len(other),
    )


def _largest(graph: Graph) -> int:
    """Bytes of the largest constant: the weights."""
    return max(t.values.nbytes for t in graph.tensors.values() if t.constant)


def table(rows: Sequence[Size]) -> list[str]:
    """The rows as Markdown: bits for each weight, and whole files."""
    lines = [
        "| layer | weights | C, bits | lce, bits | portable, bits | lce, file | portable, file |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for r in rows:
        bits = " | ".join(f"{value:.3f}" for value in r.per_bit)
        files = f"{r.lce_file:,} B | {r.portable_file:,} B"
        lines.append(f"| {r.layer} for {r.target} | {r.weights:,} | {bits} | {files} |")
    return lines
