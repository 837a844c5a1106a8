"""The stages of a training, in order. Read this file first.

data        --data, --eval         -> Labelled, in memory
network     the zoo, or --start    -> a network to train, its averaged shadow, an optimizer
teachers    --teacher              -> trained models, held against the data
prune       --prune                -> fewer channels, or masks that zeros grow in
resume      a checkpoint           -> variables and the rows so far
fit         batches, steps         -> a checkpoint and a row after each epoch
save        the shadow's weights   -> ARCH.keras or NAME_tuned.tflite, its history beside it
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgekit.artifacts.files import check_writable, write_file
from edgekit.artifacts.pruning import PruneSummary
from edgekit.converter.data.candidates import Candidate
from edgekit.converter.load.clock import Clock
from edgekit.converter.load.keras import import_tensorflow, require_tensorflow
from edgekit.converter.train import checkpoint, data
from edgekit.converter.train.augment import Augment
from edgekit.converter.train.checkpoint import Checkpoint
from edgekit.converter.train.data import Labelled
from edgekit.converter.train.fake_quant import OBSERVED
from edgekit.converter.train.feed import Feed
from edgekit.converter.train.history import Row, csv_text
from edgekit.converter.train.loop import Plan, fit
from edgekit.converter.train.loss import Distillation
from edgekit.converter.train.options import IMAGE_AUGMENTS, TrainOptions
from edgekit.converter.train.origin import FromZoo, Origin
from edgekit.converter.train.pruning import pruned_start
from edgekit.converter.train.schedule import Schedule, Stages, sizes
from edgekit.converter.train.start import FromModel
from edgekit.converter.train.state import State, make_optimizer
from edgekit.converter.train.teacher import Teacher, load_teachers
from edgekit.converter.train.zoo import ZOO, Architecture, find
from edgekit.errors import UsageError

Progress = Callable[[str, int, int], None]
OnEpoch = Callable[[Row, int], None]
SUFFIX, START_SUFFIX = ".keras", ".tflite"


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished training: what was written, and how good it is.

    `top1` and `loss` are those of the last epoch on the evaluation data, None without any;
    `epoch_seconds` are measured, of the epochs that ran now.
    """

    model: Path
    history: Path
    architecture: str
    width: float
    shape: tuple[int, int, int]
    classes: tuple[str, ...]
    parameters: int
    data: str
    evaluation: str | None
    teachers: tuple[tuple[str, float], ...]
    rows: tuple[Row, ...]
    resumed_after: int
    epoch_seconds: tuple[float, ...]
    seconds: float
    pruning: PruneSummary | None = None

    @property
    def top1(self) -> float | None:
        """Share of right answers on the evaluation data."""
        return self.rows[-1].eval_top1

    @property
    def loss(self) -> float | None:
        """Mean cross-entropy on the evaluation data."""
        return self.rows[-1].eval_loss


@dataclass(frozen=True, slots=True)
class Places:
    """Where a training writes."""

    model: Path

    @classmethod
    def of(
        cls,
        architecture: str | None,
        output: str | Path | None,
        start: Path | None = None,
        qat: str | None = None,
    ) -> Places:
        """The places of a training. Raises UsageError for an output of another kind, and for one
        that is the model started from."""
        suffix = SUFFIX if start is None else START_SUFFIX
        usual = (
            find(architecture or "").name
            if start is None
            else f"{start.stem}_{'tuned' if qat is None else 'qat'}"
        )
        path = Path(output or f"{usual}{suffix}")
        if path.suffix != suffix or path.is_dir():
            kind = "Keras model" if start is None else "model trained from --start"
            raise UsageError(
                "-o",
                f"{str(path)!r} is no place for a {kind}",
                allowed=f"a file that ends in {suffix}",
                hint=f"-o {usual}{suffix}, which is where it goes without -o",
                code="bad-option",
            )
        if start is not None and path.resolve() == start.resolve():
            raise UsageError(
                "-o",
                f"{str(path)!r} is the model that training starts from, and would be lost",
                hint="give the trained one another name",
                code="bad-option",
            )
        return cls(path)

    @property
    def history(self) -> Path:
        """Loss and top-1 per epoch."""
        return self.model.with_suffix(".history.csv")

    @property
    def checkpoint(self) -> Path:
        """What --resume goes on from; removed when training is done."""
        return self.model.with_suffix(".checkpoint.npz")


def train(
    architecture: str | None,
    spec: Any,
    *,
    output: str | Path | None = None,
    options: TrainOptions | None = None,
    on_epoch: OnEpoch | None = None,
    progress: Progress | None = None,
) -> Trained:
    """Train a network of the zoo, or `options.start` further, on labelled data.

    `architecture` names a network of the zoo, None with `options.start`. `spec` is data as
    `edgekit convert` takes them, with labels; `output` (default ARCHITECTURE.keras; for a model
    NAME that was started from NAME_tuned.tflite or NAME_qat.tflite, float32) gets a history beside
    it and, until training is done, a checkpoint after every epoch. The same data, options and
    machine give the same weights, interrupted or not. `on_epoch` gets each epoch's row and the
    number of epochs.

    Raises UsageError, DataError, ModelError, OutputError, MissingExtraError; EdgeKitError with the
    code "diverged".
    """
    began = time.perf_counter()
    chosen, report = options or TrainOptions(), progress or (lambda stage, done, total: None)
    places = Places.of(architecture, output, chosen.start, chosen.qat)
    _check_places(places, chosen)
    require_tensorflow("training")
    origin = _origin(architecture, chosen)
    training, evaluation = _data(spec, origin, chosen, report)
    tf = import_tensorflow(Clock())
    teachers = load_teachers(tf, chosen.teachers, training)
    pruning = None
    if chosen.prune is not None and isinstance(origin, FromModel):
        pruning = pruned_start(tf, origin, training, chosen)
        origin = pruning.model
    origin = origin.fitted(tf, training)
    state = _state(tf, origin, training, chosen)
    _check_features(origin, state, teachers, chosen)
    plan = _plan(training, evaluation, chosen, teachers, origin.scaling)
    if pruning is not None:
        plan = replace(plan, zeros=pruning.gradual(chosen, plan.feed.steps * plan.epochs))
    identity = _identity(origin, plan, chosen, teachers)
    past: tuple[Row, ...] = _resume(places, state, identity) if chosen.resume else ()
    seconds: list[float] = []

    def keep(rows: tuple[Row, ...], spent: float) -> None:
        checkpoint.write(places.checkpoint, Checkpoint(identity, rows, state.arrays()))
        write_file(places.history, csv_text(rows))
        seconds.append(spent)
        if on_epoch is not None:
            on_epoch(rows[-1], plan.epochs)

    rows = fit(tf, state, plan, past, after_epoch=keep, progress=report)
    parameters = origin.write(tf, state.shadow, training, places.model)
    write_file(places.history, csv_text(rows))
    places.checkpoint.unlink(missing_ok=True)
    return Trained(
        model=places.model,
        history=places.history,
        architecture=origin.name,
        width=chosen.width,
        shape=training.shape,
        classes=training.classes,
        parameters=parameters,
        data=training.source,
        evaluation=None if evaluation is None else evaluation.source,
        teachers=tuple((teacher.path.name, teacher.top1) for teacher in teachers),
        rows=rows,
        resumed_after=len(past),
        epoch_seconds=tuple(seconds),
        seconds=time.perf_counter() - began,
        pruning=None if pruning is None else pruning.summary(state.shadow.model.graph()),
    )


def _origin(architecture: str | None, options: TrainOptions) -> Origin:
    if options.start is not None:
        if architecture is not None:
            raise UsageError(
                architecture,
                f"a network of the zoo, and --start {options.start} beside it",
                allowed="one of the two",
                hint=f"leave {architecture} out to train the model further, --start to train anew",
                code="two-networks",
            )
        return FromModel.read(options.start, options.qat)
    row = find(architecture or "")
    _check_binary(row, options)
    return FromZoo(row, options)


def _check_binary(row: Architecture, options: TrainOptions) -> None:
    """Options of binarized networks are for these. Raises UsageError."""
    asked = ["--real-weights"] * (options.real_weights > 0) + ["--no-binary"] * (not options.binary)
    if not asked or (row.binary and len(asked) == 1):
        return
    has_none = "with --no-binary there are" if row.binary else f"{row.name} has"
    raise UsageError(
        asked[0],
        f"{has_none} no binarized layers",
        allowed=", ".join(other.name for other in ZOO if other.binary),
        hint="leave it out, or train one of these",
        code="train-not-binary",
    )


def _check_places(places: Places, options: TrainOptions) -> None:
    """Whatever can be known before hours are spent."""
    check_writable(places.model.parent)
    if not options.resume:
        checkpoint.refuse_overwriting(places.checkpoint)
    elif not places.checkpoint.is_file():
        checkpoint.read(places.checkpoint)


def _data(
    spec: Any, origin: Origin, options: TrainOptions, report: Progress
) -> tuple[Labelled, Labelled | None]:
    shape = origin.shape(options)
    whole = data.load(spec, shape, samples=options.samples, seed=options.seed, progress=report)
    origin.check(whole)
    if options.evaluation is not None:
        return whole, data.load_evaluation(options.evaluation, whole, report)
    return data.split(whole, options.validation, options.seed)


def _state(tf: Any, origin: Origin, training: Labelled, options: TrainOptions) -> State:
    network = shadow = origin.network(tf, training)
    if options.ema:
        shadow = origin.network(tf, training)
    return State(network, shadow, make_optimizer(tf, network.model, options))


def _check_features(
    origin: Origin, state: State, teachers: tuple[Teacher, ...], options: TrainOptions
) -> None:
    """Matching features takes maps on both sides. Raises UsageError."""
    views = [(origin.name, state.network), *((t.path.name, t.view) for t in teachers)]
    without = [name for name, view in views if not view.features]
    if options.feature_weight and without:
        raise UsageError(
            "--feature-weight",
            f"{without[0]} has no map with a height and a width whose features could be matched",
            allowed="0, which learns from the teacher's scores alone",
            hint="leave --feature-weight out",
            code="no-features",
        )


def _plan(
    training: Labelled,
    evaluation: Labelled | None,
    options: TrainOptions,
    teachers: tuple[Teacher, ...],
    scaling: Candidate | None,
) -> Plan:
    names = options.augment
    if names is None:
        names = IMAGE_AUGMENTS if training.images else ()
    feed = Feed(training, Augment(names, options.label_smoothing), options.batch, options.seed)
    real_epochs = round(options.length * options.real_weights)
    distillation = Distillation(
        teachers, options.temperature, options.alpha, options.feature_weight
    )
    return Plan(
        feed=feed,
        evaluation=evaluation,
        scaling=scaling,
        schedule=_stages(options, feed.steps, real_epochs),
        sizes=sizes(min(training.shape[:2]), options.progressive, options.length),
        real_epochs=real_epochs,
        observed_epochs=max(1, round(options.length * OBSERVED)) if options.qat else 0,
        ema=options.ema,
        distillation=distillation if teachers else None,
    )


def _stages(options: TrainOptions, steps: int, real_epochs: int) -> Stages:
    """A schedule for the epochs with real weights, if any, and one for the others."""
    lengths = [count for count in (real_epochs, options.length - real_epochs) if count]
    return Stages(
        tuple(
            Schedule(options.schedule, options.peak, steps * count, options.warmup)
            for count in lengths
        )
    )


def _identity(
    origin: Origin, plan: Plan, options: TrainOptions, teachers: tuple[Teacher, ...]
) -> dict[str, Any]:
    """See `checkpoint.NAMES`."""
    given = {key: getattr(options, key, None) for key in checkpoint.NAMES}
    return {
        **given,
        "architecture": origin.name,
        "start": origin.sha256,
        "epochs": options.length,
        "optimizer": options.method,
        "shape": list(plan.feed.data.shape),
        "data": plan.feed.data.sha256(),
        "evaluation": None if plan.evaluation is None else plan.evaluation.sha256(),
        "rate": options.peak,
        "augment": list(plan.feed.augment.names),
        "teachers": [teacher.sha256 for teacher in teachers],
    }


def _resume(places: Places, state: State, identity: dict[str, Any]) -> tuple[Row, ...]:
    kept = checkpoint.read(places.checkpoint)
    checkpoint.refuse_other(places.checkpoint, kept.identity, identity)
    state.restore(kept.arrays)
    return kept.history
