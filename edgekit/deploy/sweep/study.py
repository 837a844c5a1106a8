"""The study: every trial in a database, by Optuna, so that a sweep that broke off goes on.

A trial that was running when the sweep was killed is marked as lost and tried again. What a study
was made of is stored with it and must be the same when it is taken up; limits may be others, since
what a trial breaks is computed from its figures.
"""

from __future__ import annotations

import json
import logging
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edgekit.deploy.sweep.axes import Point
from edgekit.deploy.sweep.objectives import Objective
from edgekit.deploy.sweep.outcome import Outcome, outcome_of
from edgekit.deploy.sweep.space import Space
from edgekit.errors import EdgeKitError, MissingExtraError, UsageError

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler
    from optuna.study import Study
    from optuna.trial import Trial

SCHEMA = 1
IDENTITY, RESULT, LOST, SAME = "edgekit", "edgekit", "lost", "same_as"
"""Keys of what is stored with a study and with a trial."""
PATIENCE_S = 20.0
"""How long a locked SQLite file is waited for."""


@dataclass(frozen=True, slots=True)
class Told:
    """A finished trial. `same_as` is the number of the trial that was the same combination."""

    number: int
    point: Point
    outcome: Outcome
    same_as: int | None = None


@dataclass(slots=True)
class Store:
    """An open study."""

    url: str
    study: Study
    space: Space
    objectives: tuple[Objective, ...]
    lost: list[Point] = field(default_factory=list)
    """Combinations that were running when the sweep was killed."""

    def finished(self) -> tuple[Told, ...]:
        """Every finished trial, by number."""
        with _naming(self.url):
            trials = self.study.get_trials(deepcopy=False)
        return tuple(
            Told(
                trial.number,
                self._point(trial.params),
                outcome_of(json.loads(trial.user_attrs[RESULT])),
                trial.user_attrs.get(SAME),
            )
            for trial in trials
            if RESULT in trial.user_attrs
        )

    def ask(self, point: Point | None = None) -> tuple[Trial, Point]:
        """The next trial: of this combination, or of one that the sampler chooses."""
        with _naming(self.url):
            if point is not None:
                self.study.enqueue_trial(dict(point))
            trial = self.study.ask(self._distributions())
        return trial, self._point(trial.params)

    def tell(self, trial: Trial, outcome: Outcome, same_as: int | None = None) -> None:
        """Store what a trial yielded."""
        from optuna.trial import TrialState

        with _naming(self.url):
            if same_as is not None:
                trial.set_user_attr(SAME, same_as)
            trial.set_user_attr(RESULT, json.dumps(outcome.record()))
            if outcome.error is not None:
                self.study.tell(trial, state=TrialState.FAIL)
            else:
                self.study.tell(trial, [outcome.figures[o.name].value for o in self.objectives])

    def give_up_running(self) -> None:
        """Mark what was running when the sweep was killed, to be tried again."""
        from optuna.trial import TrialState

        states = (TrialState.RUNNING, TrialState.WAITING)
        with _naming(self.url):
            for trial in self.study.get_trials(deepcopy=False, states=states):
                point = trial.params or trial.system_attrs.get("fixed_params", {})
                if set(point) == set(self.space.axes):
                    self.lost.append(self._point(point))
                self.study.tell(trial.number, state=TrialState.FAIL)

    def _point(self, params: Mapping[str, Any]) -> Point:
        """A combination in the order of the space, which a database does not keep."""
        return {name: str(params[name]) for name in self.space.axes}

    def _distributions(self) -> dict[str, Any]:
        from optuna.distributions import CategoricalDistribution

        return {name: CategoricalDistribution(values) for name, values in self.space.axes.items()}


def open_study(
    url: str,
    name: str,
    space: Space,
    objectives: tuple[Objective, ...],
    sampler: BaseSampler,
    identity: Mapping[str, Any],
    *,
    resume: bool,
) -> Store:
    """The study of this name, new or taken up. `identity` is what it is made of.

    Raises UsageError for a database that is not understood, for one that is there already without
    `resume` and for one of another sweep; EdgeKitError for a database that cannot be reached, is
    locked, damaged or of another version.
    """
    optuna = quiet_optuna()
    place = shown(url)
    with _naming(place):
        extra = {"connect_args": {"timeout": PATIENCE_S}} if url.startswith("sqlite") else {}
        storage = optuna.storages.RDBStorage(url, engine_kwargs=extra)
        there = name in optuna.study.get_all_study_names(storage)
        if there and not resume:
            raise UsageError(
                f"study {name!r}",
                f"is in {place} already",
                hint="go on with it with --resume, or choose another -o or --name",
                code="study-exists",
            )
        if there:
            study = optuna.load_study(study_name=name, storage=storage, sampler=sampler)
            _check_identity(name, study.user_attrs.get(IDENTITY), {"schema": SCHEMA, **identity})
        else:
            study = optuna.create_study(
                storage=storage,
                study_name=name,
                directions=["maximize" if row.more else "minimize" for row in objectives],
                sampler=sampler,
            )
            study.set_user_attr(IDENTITY, json.dumps({"schema": SCHEMA, **identity}))
    store = Store(place, study, space, objectives)
    if there:
        store.give_up_running()
    return store


def shown(url: str) -> str:
    """A database's URL without its password."""
    return re.sub(r"(://[^:/@]+):[^@]*@", r"\1:***@", url)


def _check_identity(name: str, stored: Any, wanted: Mapping[str, Any]) -> None:
    if not isinstance(stored, str):
        raise UsageError(
            f"study {name!r}",
            "was not made by edgekit sweep",
            hint="choose another --name",
            code="study-foreign",
        )
    found = json.loads(stored)
    if found.get("schema") != wanted["schema"]:
        raise EdgeKitError(
            f"study {name!r}",
            f"is of version {found.get('schema')}",
            allowed=f"version {wanted['schema']}",
            hint="go on with the EdgeKit that made it, or start anew with another --name",
            code="study-version",
        )
    different = [key for key in wanted if found.get(key) != json.loads(json.dumps(wanted[key]))]
    if different:
        key = different[0]
        raise UsageError(
            f"study {name!r}",
            f"is of another sweep, its {key} differ: {_short(found.get(key))} there,"
            f" {_short(wanted[key])} asked for",
            hint="repeat the options it was made with, or start anew with another -o or --name",
            code="study-other",
        )


def _short(value: Any, most: int = 120) -> str:
    text = json.dumps(value)
    return text if len(text) <= most else text[:most] + "..."


def quiet_optuna() -> Any:
    """Optuna without its log and its warnings of new features. Raises MissingExtraError."""
    try:
        import optuna
    except ImportError:
        raise MissingExtraError("optuna", "sweep", "searching") from None
    optuna.logging.set_verbosity(logging.ERROR)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    return optuna


@contextmanager
def _naming(url: str) -> Iterator[None]:
    """What a database refuses in the block becomes an EdgeKitError about it."""
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

    try:
        yield
    except (ArgumentError, NoSuchModuleError) as error:
        raise UsageError(
            "--study",
            f"not understood: {error}".partition("\n")[0],
            allowed="a URL such as sqlite:///study.db or postgresql://user@host/database",
            hint="leave --study out for a file in the output folder",
            code="study-url",
        ) from None
    except ImportError as error:
        raise EdgeKitError(
            f"study {url}",
            f"its driver is not installed: {error}".partition("\n")[0],
            allowed="databases whose Python package is here",
            hint="install the database's Python package, or use sqlite:///FILE",
            code="study-driver",
        ) from None
    except (DBAPIError, StorageInternalError) as error:
        raise _refused(url, error) from None
    except RuntimeError as error:
        if "version" not in str(error):
            raise
        raise EdgeKitError(
            f"study {url}",
            f"is of another version of Optuna: {error}".partition("\n")[0],
            hint="upgrade it with `optuna storage upgrade`, or start a new one",
            code="study-version",
        ) from None


def _refused(url: str, error: Exception) -> EdgeKitError:
    cause = error.__cause__ or error
    found = str(getattr(cause, "orig", None) or cause).partition("\n")[0]
    if "locked" in found:
        return EdgeKitError(
            f"study {url}",
            f"is locked by another program for more than {PATIENCE_S:g} s",
            hint="close what has it open (a database browser, another sweep), then --resume",
            code="study-locked",
        )
    if "not a database" in found or "malformed" in found:
        return EdgeKitError(
            f"study {url}",
            f"is damaged: {found}",
            hint="restore it, or start anew with another -o or --study",
            code="study-damaged",
        )
    return EdgeKitError(
        f"study {url}",
        f"cannot be reached: {found}",
        hint="check address, rights and that the database runs; then --resume",
        code="study-unreachable",
    )
