"""Classical models beside a network, trained and sized on the user's data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edgekit import __version__
from edgekit.artifacts.bundle import AccuracySummary
from edgekit.converter.classical.candidates import CANDIDATES, keep, require_sklearn
from edgekit.converter.classical.measure import Row, interval, measure, train
from edgekit.converter.classical.vectors import halves, small_shape, vectors
from edgekit.converter.classical.verdict import verdict
from edgekit.converter.convert import Reduced, complete, load_source, reduce_model
from edgekit.converter.data.dataset import Dataset, Kind, subset
from edgekit.converter.data.open import open_dataset
from edgekit.converter.options import ConvertOptions
from edgekit.converter.prepare import prepare_data
from edgekit.converter.quantize.evaluate import evaluate
from edgekit.errors import DataError, UsageError
from edgekit.targets.model import Target
from edgekit.targets.reader import load_target
from edgekit.units import bytes_text, count_text, percent

Progress = Callable[[str, int, int], None]
PRECISIONS = ("int8", "int16", "float32")
HELD_BACK = 0.25
"""Share of the data that models are judged on where no other data are given."""
COLUMNS = ("model", ">accuracy", ">95 % interval", ">flash", ">RAM", ">instructions", ">training")


@dataclass(frozen=True, slots=True)
class Baseline:
    """The table: what was trained on, judged on, and found."""

    data: str
    evaluation: str
    features: str
    target: str
    precision: str
    rows: tuple[Row, ...]
    verdict: str

    def record(self) -> dict[str, Any]:
        """The result as `--json` prints it; sizes in bytes, times in seconds."""
        return asdict(self)

    def table(self) -> list[tuple[str, ...]]:
        """A row of strings per model."""
        return [_shown(row) for row in self.rows]

    def basis(self) -> list[str]:
        """Where the figures come from."""
        return [
            f"trained on {self.data}; {self.features}",
            f"accuracy: measured on {self.evaluation}, {self.precision} in the NumPy interpreter,"
            " which the generated C equals",
            f"flash: bytes of constants, without code; RAM: the arena; instructions: estimated for"
            f" {self.target} by the cost model; training: measured on this machine",
        ]


def baseline(
    data: Any,
    *,
    evaluation: Any = None,
    models: tuple[str, ...] = (),
    target: str | Target = "virtual-m4",
    precision: str = "int8",
    samples: int = 2000,
    seed: int = 0,
    save: str | Path | None = None,
    progress: Progress | None = None,
) -> Baseline:
    """Train classical models on labelled data and set them beside the networks in `models`.

    At most `samples` samples are trained on, and judged on; without `evaluation` a quarter of the
    data is held back for that. `save` is a folder for the trained models, one .joblib each. The
    same seed gives the same models. Raises UsageError, DataError, MissingExtraError, and what
    `convert` raises for the networks.
    """
    require_sklearn("training classical models")
    if precision not in PRECISIONS:
        raise UsageError(
            "--precision",
            f"unknown value {precision!r}",
            allowed=", ".join(PRECISIONS),
            hint="`edgekit convert` has the others",
            code="bad-option",
        )
    report = progress or (lambda stage, done, total: None)
    profile = load_target(target) if isinstance(target, str) else target
    kept, held = _split(data, evaluation, samples, seed)
    shape = small_shape(kept.load(0)) if kept.kind is Kind.IMAGES else None
    known, features = vectors(kept, shape)
    asked, _ = vectors(held, shape)
    if asked.x.shape[1] != known.x.shape[1]:
        raise DataError(
            held.description,
            f"{asked.x.shape[1]} features",
            allowed=f"{known.x.shape[1]}, as in {kept.description}",
            hint="give data of the same kind to --data and --eval",
            code="feature-count",
        )
    rows = []
    for index, candidate in enumerate(CANDIDATES):
        model, seconds = train(candidate, known, seed)
        rows.append(
            measure(candidate, model, seconds, known, asked, profile, precision, __version__)
        )
        if save is not None and candidate.compiled:
            keep(candidate, model, Path(save))
        report("train", index + 1, len(CANDIDATES))
    for index, path in enumerate(models):
        rows.append(_network(path, kept, held, profile, precision))
        report("networks", index + 1, len(models))
    return Baseline(
        data=kept.description,
        evaluation=held.description,
        features=features,
        target=profile.name,
        precision=precision,
        rows=tuple(rows),
        verdict=verdict(rows),
    )


def _split(data: Any, evaluation: Any, samples: int, seed: int) -> tuple[Dataset, Dataset]:
    """What is trained on and what is judged on, each of at most `samples` samples."""
    opened = open_dataset(data)
    if evaluation is not None:
        other = open_dataset(evaluation, evaluation=True)
        return subset(opened, samples, seed), subset(other, samples, seed)
    kept, held = halves(opened, HELD_BACK, seed)
    return subset(kept, samples, seed), subset(held, samples, seed)


def _network(path: str, kept: Dataset, held: Dataset, target: Target, precision: str) -> Row:
    """A network, judged on the very samples that the others are judged on, also one that came
    quantized or stays float: it is its own accuracy that counts."""
    options = ConvertOptions(
        precision=precision,
        calibration=_pairs(subset(kept, 256, 0)) if precision != "float32" else None,
        evaluation=_pairs(held),
        evaluation_samples=held.count,
        gate=False,
    )
    loaded = load_source(path, options)
    ready = prepare_data(loaded.graph, loaded, options, _silent)
    reduced = reduce_model(loaded, ready, target, options)
    manifest = complete(reduced, target, options, tool_version=__version__).manifest
    summary = manifest.accuracy or _own(reduced)
    if summary is None or summary.metric != "top1":
        raise UsageError(
            path,
            "it predicts no classes of these labels, so its share of right ones cannot be told",
            allowed="a classifier of the data's classes",
            hint="take a model with one output a class, or one for two classes",
            code="baseline-network",
        )
    low, high = interval(summary.after, held.count)
    return Row(
        Path(path).name,
        summary.after,
        low,
        high,
        held.count,
        manifest.sizes.get("weights", 0) + manifest.sizes.get("constants", 0),
        manifest.memory.arena_bytes if manifest.memory else 0,
        sum(step.estimate for step in manifest.steps),
        network=True,
    )


def _own(reduced: Reduced) -> AccuracySummary | None:
    """The accuracy of a network that there is no float model of to compare with."""
    ready = reduced.data
    assert ready.evaluation is not None
    if ready.preprocess is None:
        return None
    return evaluate(reduced.graph, ready.evaluation, ready.preprocess)


def _silent(stage: str, done: int, total: int) -> None:
    pass


def _pairs(dataset: Dataset) -> list[tuple[Any, int]]:
    assert dataset.labels is not None
    return [(dataset.load(at), label) for at, label in enumerate(dataset.labels)]


def _shown(row: Row) -> tuple[str, ...]:
    sized = bool(row.flash_bytes)
    return (
        row.name,
        percent(row.accuracy),
        f"{100 * row.low:.1f} .. {100 * row.high:.1f}",
        bytes_text(row.flash_bytes) if sized else "-",
        bytes_text(row.ram_bytes) if sized else "-",
        count_text(row.instructions) if row.instructions else "-",
        "-" if row.seconds is None else f"{row.seconds:.2f} s",
    )
