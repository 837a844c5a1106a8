"""What loading a model gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edgekit.artifacts.figures import Note
from edgekit.converter.ir.graph import DType, Graph
from edgekit.converter.load.detect import Format
from edgekit.converter.load.norms import Norm


@dataclass(frozen=True, slots=True)
class ZooOptions:
    """Choices for a zoo architecture. Without `weights` they are random, from `seed`.

    `alpha` scales the channels; `weights` is a .h5, .weights.h5 or .keras file of the same
    architecture.
    """

    alpha: float | None = None
    classes: int | None = None
    weights: Path | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A verified graph and where it came from.

    `timings` are seconds by step: "import_tensorflow" is separate from "load", "convert", "read".
    `labels` are class names found in the file, in output order. `input_range` is the range of
    real input values the model was made for, where the file or the architecture tells:
    (0, 255), (0, 1), (-1, 1), ... `notes` say what was changed on the way in, `cautions` what to
    look out for. `norms` are the statistics of batch normalizations, which were folded away.
    """

    graph: Graph
    source: str
    format: Format
    sha256: str
    timings: Mapping[str, float] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    input_range: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()
    norms: tuple[Norm, ...] = ()
    cautions: tuple[Note, ...] = ()
    architecture: str = ""
    """The zoo model's name, or ""."""

    @property
    def quantized(self) -> bool:
        """Whether the graph is int8 already."""
        return any(tensor.dtype is DType.INT8 for tensor in self.graph.tensors.values())


def quantized_input_range(graph: Graph) -> tuple[float, float] | None:
    """Real values an int8 input can hold, None for float inputs and for several inputs."""
    if len(graph.inputs) != 1:
        return None
    tensor = graph[graph.inputs[0]]
    if tensor.quant is None or tensor.dtype is not DType.INT8:
        return None
    scale, zero = tensor.quant.scale, tensor.quant.zero_point
    return scale * (-128 - zero), scale * (127 - zero)
