"""The bundle: what `convert` writes and everything after it reads.

A bundle is a folder with `edgekit.json` (this manifest), `model.tflite` and, for targets that
run C, `c/`. The manifest holds no dates and no paths, so equal inputs give equal bytes.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from edgekit.artifacts.coding import CodingSummary
from edgekit.artifacts.figures import Note
from edgekit.artifacts.precision import PrecisionSummary
from edgekit.artifacts.pruning import PruneSummary
from edgekit.artifacts.streaming import StreamSummary
from edgekit.errors import ModelError
from edgekit.units import percent

SCHEMA_VERSION = 1
MANIFEST_NAME = "edgekit.json"
MODEL_NAME = "model.tflite"
LCE_MODEL_NAME = "model_lce.tflite"
"""Beside a portable model.tflite: the network with LCE's operators, which its C computes."""
WINDOW_MODEL_NAME = "window.tflite"
"""Beside a streaming model.tflite: the network it was made from, which takes the whole window."""


@dataclass(frozen=True, slots=True)
class Preprocess:
    """How an image becomes the model's float input: y = (x / 1 - mean) * scale per channel.

    `x` is 0..255 after resize and crop. `resize` is "stretch", "crop" (shorter side, then
    centre crop) or "none" (arrays given ready); `color` is "rgb", "bgr" or "gray".
    """

    resize: str = "crop"
    color: str = "rgb"
    mean: tuple[float, ...] = (0.0,)
    scale: tuple[float, ...] = (1.0,)
    source: str = "default"
    """Who chose it: "flag", "guessed: <reason>" or "default"."""


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """One input or output of the model file. `scale` 0 means not quantized."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float = 0.0
    zero_point: int = 0

    @property
    def bytes(self) -> int:
        """Size in bytes of one tensor of this shape and dtype."""
        width = {"float32": 4, "int32": 4, "int64": 8, "int16": 2, "float16": 2}.get(self.dtype, 1)
        count = 1
        for extent in self.shape:
            count *= extent
        return count * width


@dataclass(frozen=True, slots=True)
class Refusal:
    """A kernel of the target that computes the same as the one taken, and why it is not taken."""

    kernel: str
    reason: str
    """Reads after the kernel's name: "needs a 1x1 kernel"."""
    estimate: int = 0
    """Estimated instructions; 0 when the kernel cannot run this step at all."""


@dataclass(frozen=True, slots=True)
class StepInfo:
    """One step of the generated C. `arena` is (first byte, one past the last) of its output, in
    the block that `memory` names; "" where the arena is one block."""

    index: int
    name: str
    operator: str
    kernel: str
    output_shape: tuple[int, ...]
    macs: int
    weight_bytes: int
    scratch_bytes: int
    arena: tuple[int, int]
    sqnr_db: float | None = None
    memory: str = ""
    layer: str = ""
    """The node's name in the model."""
    estimate: int = 0
    """Instructions of the step as the cost model has them; 0: no estimate."""
    refused: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class PlacedBuffer:
    """A buffer of the memory plan: bytes [offset, offset+size) of a block, steps first..last."""

    name: str
    offset: int
    size: int
    first: int
    last: int
    kind: str = "activation"
    """"input", "output", "activation", "scratch" or "state"."""
    block: int = 0
    """Index into `MemorySummary.blocks`; 0 where the arena is one block."""


@dataclass(frozen=True, slots=True)
class ArenaBlock:
    """The part of an arena that lies in one memory of the target.

    `lower_bound` is the most bytes of its own buffers that matter at once, `room` what the memory
    has for it, and `touched` the bytes of it that one inference reads and writes, estimated.
    """

    memory: str
    bytes: int
    lower_bound: int
    room: int
    touched: int = 0


@dataclass(frozen=True, slots=True)
class CascadeInfo:
    """Steps first..last run stripe by stripe: `rows` rows of the last one's output at a time."""

    first: int
    last: int
    stripes: int
    rows: int
    upward: bool = False
    """Whether the lowest stripe comes first."""


@dataclass(frozen=True, slots=True)
class RamBudget:
    """What keeping the arena within `bytes` cost.

    The arena without a budget, and the instructions of one inference without and with it: estimated
    by the cost model, 0 where it has no estimate.
    """

    bytes: int
    arena_before: int
    instructions_before: int
    instructions: int

    @property
    def more(self) -> float | None:
        """The share of instructions that the budget adds; None without an estimate."""
        if not self.instructions_before:
            return None
        return self.instructions / self.instructions_before - 1

    @property
    def price(self) -> str:
        """The same in words: "0.05 % more instructions (estimated)"."""
        if self.more is None:
            return "instructions without an estimate"
        word = "more" if self.more >= 0 else "fewer"
        return f"{percent(abs(self.more))} {word} instructions (estimated)"


@dataclass(frozen=True, slots=True)
class MemorySummary:
    """The memory plan of the generated C. `lower_bound` is the largest live set in bytes.

    `arena_bytes` counts all blocks together.
    """

    arena_bytes: int
    lower_bound: int
    buffers: tuple[PlacedBuffer, ...] = ()
    cascades: tuple[CascadeInfo, ...] = ()
    budget: RamBudget | None = None
    """None where none was asked for."""
    blocks: tuple[ArenaBlock, ...] = ()
    """By memory, the fastest first; empty where the arena is one block in any memory."""
    split_gap: float | None = None
    """By what share more is touched outside the fastest memory than the least any split could; 0:
    none is better; None: not known, or one block."""

    @property
    def block_bytes(self) -> tuple[int, ...]:
        """Bytes of each block; of the whole arena where it is one."""
        return tuple(block.bytes for block in self.blocks) or (self.arena_bytes,)

    def touched_share(self, block: ArenaBlock) -> float:
        """Of the bytes that an inference touches in the arena, those in a block; estimated."""
        total = sum(other.touched for other in self.blocks)
        return block.touched / total if total else 0.0

    def parts(self) -> tuple[MemorySummary, ...]:
        """Each block as a plan of its own; the plan itself where the arena is one block."""
        if len(self.blocks) < 2:
            return (self,)
        return tuple(
            MemorySummary(
                block.bytes,
                block.lower_bound,
                tuple(placed for placed in self.buffers if placed.block == index),
                self.cascades,
                blocks=(block,),
            )
            for index, block in enumerate(self.blocks)
        )


@dataclass(frozen=True, slots=True)
class AccuracySummary:
    """Float against converted model on `samples` samples of `data`.

    `metric` is "top1", "auc" or "agreement"; `before` and `after` are fractions (for
    "agreement" `before` is 1.0). `sqnr_db` is the output signal to quantization noise ratio,
    taken before a final softmax or logistic; the worst of several outputs counts. For outputs
    that are no classes `metric` is "sqnr": the share of the output's power that is kept,
    1 - 10^(-sqnr_db / 10).
    """

    metric: str
    before: float
    after: float
    samples: int
    data: str
    sqnr_db: float | None = None
    max_abs_error: float | None = None
    agreement: float | None = None
    """Share of the samples for which both predict the same class."""
    expected_drop: float | None = None
    """The accuracy lost as the float model's own probabilities have it: the mean over samples of
    p(its class) - p(the class predicted now). Near ties cost nothing; needs no labels."""
    auc: tuple[float, float] | None = None
    """Area under the ROC curve before and after, for two classes with labels."""
    confusion: tuple[tuple[int, ...], ...] | None = None
    """Samples by class (rows) and class predicted by the converted model (columns); None without
    labels, or with more classes than a matrix can be read of."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of `edgekit.json`, schema 1."""

    name: str
    """A C identifier: prefix of every generated symbol."""
    source: dict[str, str]
    """name (no folder), format ("keras-h5", ...), sha256."""
    target: dict[str, str]
    """name, cpu, profile_sha256."""
    recipe: dict[str, Any]
    """precision, calibration (description, samples), options that shaped the result."""
    model_sha256: str
    model_bytes: int
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    operators: dict[str, int]
    macs: int
    preprocess: Preprocess | None = None
    labels: tuple[str, ...] = ()
    steps: tuple[StepInfo, ...] = ()
    memory: MemorySummary | None = None
    coding: CodingSummary | None = None
    """None where weights are stored as they are."""
    pruning: PruneSummary | None = None
    """None where nothing was pruned in the conversion."""
    streaming: StreamSummary | None = None
    """None where a call takes all the model reads."""
    sizes: dict[str, int] = field(default_factory=dict)
    """Bytes: model, weights, constants (requantization, tables), arena."""
    accuracy: AccuracySummary | None = None
    layers_sqnr_db: dict[str, float] = field(default_factory=dict)
    precision: PrecisionSummary | None = None
    """How every layer got its number format; None where all are int8 (or float32) unasked."""
    cost_basis: dict[str, str] = field(default_factory=dict)
    """What the estimates of `steps` rest on, by kernel folder ("dsp", "ref", ...)."""
    warnings: tuple[Note, ...] = ()
    versions: dict[str, str] = field(default_factory=dict)
    schema: int = SCHEMA_VERSION

    def to_json(self) -> str:
        """Deterministic JSON text: sorted keys, two-space indent, final newline."""
        return json.dumps(asdict(self), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def read_manifest(bundle: Path) -> Manifest:
    """The manifest of a bundle folder (or of a path to its `edgekit.json`).

    Raises ModelError when the folder is not a bundle, the JSON is damaged, or the schema is
    newer than this program.
    """
    path = bundle if bundle.name == MANIFEST_NAME else bundle / MANIFEST_NAME
    again = "run `edgekit convert MODEL --target TARGET -o DIR` to write a new bundle"
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise ModelError(
            str(bundle), f"not a bundle: no {MANIFEST_NAME} in it", hint=again, code="not-a-bundle"
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(
            str(path), f"damaged: {error}", hint=again, code="bundle-damaged"
        ) from None
    version = raw.get("schema") if isinstance(raw, dict) else None
    if version != SCHEMA_VERSION:
        raise ModelError(
            str(path),
            f"manifest schema {version!r}",
            allowed=str(SCHEMA_VERSION),
            hint=again,
            code="bundle-schema",
        )
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(Manifest).validate_python(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ModelError(
            str(path), f"{where}: {first['msg']}", hint=again, code="bundle-damaged"
        ) from None
