"""`edgekit.sweep`: the stages of a search, in order. Read this file first.

plan     names, options     -> the space, targets, objectives (plan.py, space.py, axes.py)
load     the models         -> graphs, packed for workers     (parcel.py)
study    a database         -> what was tried before          (study.py, samplers.py)
search   combinations       -> outcomes, in a pool of workers (search.py, pools.py, workbench.py)
keep     outcomes           -> the best bundles               (kept.py)
record   all of it          -> sweep.json, tables, pictures   (record.py, views.py)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from edgekit import __version__
from edgekit.artifacts.files import check_writable
from edgekit.converter.load.model import LoadedModel
from edgekit.converter.options import ConvertOptions
from edgekit.deploy.sweep.kept import Kept
from edgekit.deploy.sweep.networks import make_training, parse_networks, train_all
from edgekit.deploy.sweep.options import SweepOptions
from edgekit.deploy.sweep.parcel import pack
from edgekit.deploy.sweep.pareto import fronts
from edgekit.deploy.sweep.plan import Plan, make_plan
from edgekit.deploy.sweep.pools import open_pool
from edgekit.deploy.sweep.record import SweepRecord, Trial, judged
from edgekit.deploy.sweep.samplers import make_sampler
from edgekit.deploy.sweep.search import Search
from edgekit.deploy.sweep.study import Store, Told, open_study, shown
from edgekit.deploy.sweep.views import write_sweep
from edgekit.errors import OutputError
from edgekit.runtime.lab.locks import Holder, locked_file

Progress = Callable[[str, int, int], None]
STUDY_NAME, LOCK_NAME = "study.db", ".lock"


def sweep(
    models: str | Path | Sequence[str | Path] = (),
    *,
    target: str | Sequence[str],
    output_dir: str | Path,
    axes: Mapping[str, Sequence[str]] | None = None,
    options: SweepOptions | None = None,
    convert: ConvertOptions | None = None,
    progress: Progress | None = None,
) -> SweepRecord:
    """Try conversions of one or several models for one or several targets, and say which are best.
    `SweepOptions(networks=...)` trains models to be tried besides.

    `axes` names options of the conversion with the values to try ({"precision": ["int8", "int4"]});
    `convert` has the others, the data with which accuracy is judged among them. Writes sweep.json,
    sweep.csv, sweep.md, sweep.html, pictures and the best bundles to `output_dir`, and keeps every
    trial in a study there, from which `SweepOptions(resume=True)` goes on.

    A trial that fails is part of the record; whether there is one to choose says
    `SweepRecord.verdict()`. Raises UsageError, ModelError, DataError, OutputError,
    MissingExtraError, and EdgeKitError for a database or a cluster that refuses.
    """
    several = [models] if isinstance(models, str | Path) else list(models)
    targets = [target] if isinstance(target, str) else list(target)
    base = convert or ConvertOptions()
    base = replace(
        base,
        calibration=_text(base.calibration),
        evaluation=_text(base.evaluation),
        gate=False,
        max_drop=None,
        min_agreement=None,
        dump=None,
    )
    folder, chosen = Path(output_dir), options or SweepOptions()
    networks = parse_networks(chosen.networks)
    training = make_training(chosen.train, chosen.epochs, chosen.seed) if networks else None
    names = [*map(str, several), *(str(network.place(folder)) for network in networks)]
    plan = make_plan(names, targets, axes or {}, base, chosen)
    check_writable(folder)
    folder.mkdir(parents=True, exist_ok=True)
    report = progress or (lambda stage, done, total: None)
    lock, what = folder / LOCK_NAME, f"sweep of {', '.join(names)}"
    with locked_file(lock, what=what, refuse=partial(_running, folder)):
        if training is not None:
            train_all(networks, training, folder, report)
        return _run(plan, folder, report)


def _text(value: object) -> object:
    return str(value) if isinstance(value, Path) else value


@dataclass(slots=True)
class _Course:
    """What has been tried so far."""

    plan: Plan
    kept: Kept
    progress: Progress
    trials: list[Trial] = field(default_factory=list)

    def take_up(self, told: Sequence[Told]) -> None:
        """Trials of an earlier run; bundles of those that no longer count go."""
        self.trials = [self._trial(each) for each in told if each.same_as is None]
        self.kept.update(self.trials, {})
        self._tell()

    def add(self, told: Told, files: Mapping[str, bytes]) -> None:
        """A trial that has just finished."""
        self.trials.append(self._trial(told))
        self.kept.update(self.trials, {told.number: files} if files else {})
        self._tell()

    def _trial(self, told: Told) -> Trial:
        space = self.plan.space
        point = space.canonical(told.point)
        return judged(replace(told, point=point), space.label(point), self.plan.options.limits)

    def _tell(self) -> None:
        self.progress("trials", min(len(self.trials), self.plan.wanted), self.plan.wanted)

    def record(self, conditions: Mapping[str, object], *, complete: bool) -> SweepRecord:
        """The record of all trials so far."""
        plan = self.plan
        good = [trial for trial in self.trials if trial.state == "ok"]
        layers = fronts(good, plan.objectives)
        front = {trial.number for trial in layers[0]} if layers else set()
        finished = [trial.outcome for trial in self.trials if trial.outcome.error is None]
        provenance = (
            {row.name: finished[0].figures[row.name].provenance for row in plan.objectives}
            if finished
            else {}
        )
        trials = [
            replace(t, front=t.number in front, bundle=self.kept.name(t.number))
            for t in sorted(self.trials, key=lambda t: t.number)
        ]
        return SweepRecord(
            tool=f"edgekit {__version__}",
            objectives=plan.objectives,
            limits=plan.options.limits,
            how=plan.how,
            combinations=plan.space.size,
            metric=finished[0].metric if finished else "",
            provenance=provenance,
            trials=tuple(trials),
            conditions=conditions,
            complete=complete,
        )


def _run(plan: Plan, folder: Path, progress: Progress) -> SweepRecord:
    options = plan.options
    models = plan.load()
    identity = plan.identity(models)
    store = open_study(
        options.study or f"sqlite:///{(folder / STUDY_NAME).resolve()}",
        options.name,
        plan.space,
        plan.objectives,
        make_sampler(plan.sampler, options.seed, options.limits),
        identity,
        resume=options.resume,
    )
    course = _Course(plan, Kept(folder, options.keep, plan.objectives), progress)
    place = "study.db" if options.study is None else shown(options.study)
    conditions = {**identity, "study": place, "name": options.name}
    try:
        _search(plan, store, course, models)
    except BaseException:
        write_sweep(course.record(conditions, complete=False), folder)
        raise
    course.kept.choose(course.trials)
    record = course.record(conditions, complete=True)
    write_sweep(record, folder)
    return record


def _search(plan: Plan, store: Store, course: _Course, models: Mapping[str, LoadedModel]) -> None:
    search = Search(store, plan.space, plan.wanted, course.add)
    before = store.finished()
    search.known(before)
    course.take_up(before)
    if len(search.told) >= plan.wanted:
        return
    options = plan.options
    away = options.dask is not None and not options.shared_paths
    parcel = pack(plan.setup(models), with_data=away)
    with open_pool(parcel, options) as pool:
        batches = search.grid() if plan.sampler == "grid" else search.sampled()
        search.run(batches, pool)


def _running(folder: Path, who: Holder | None) -> OutputError:
    return OutputError(
        str(folder),
        f"another sweep is running in it: {who or 'it has not said who it is'}",
        allowed="one sweep at a time",
        hint="wait for it, or choose another -o",
        code="sweep-running",
    )
