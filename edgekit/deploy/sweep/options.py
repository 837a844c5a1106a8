"""What the user chooses about a sweep, as opposed to the conversions it tries."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from edgekit.deploy.sweep.objectives import Limits, parse_objectives
from edgekit.errors import UsageError

SAMPLERS = ("grid", "nsga2", "tpe", "random")
SMALL = 64
"""Combinations up to which all of them are tried, and trials of a search where there are more."""


@dataclass(frozen=True, slots=True)
class SweepOptions:
    """The choices of one sweep; checked when made.

    `objectives` are names of `OBJECTIVES`; None: accuracy, instructions and flash, for targets that
    are no microcontrollers accuracy, instructions and model.tflite. `sampler` None is "grid" where
    there are few combinations, else "nsga2". `trials` is the most that are tried. `bench` builds
    and runs each trial on a virtual board, so that sizes are measured and instructions simulated
    instead of estimated. `study` is the URL of a database (default: a file in the output folder)
    and `name` the study's name in it. `workers` are processes here; `dask` is a scheduler's address
    instead, whose workers get the data sent unless they share the same paths (`shared_paths`).
    `keep` is how many bundles stay. `networks` ("mobilenet_v1:0.25") are trained first, for
    `epochs` passes over the labelled data `train`. Raises UsageError.
    """

    objectives: tuple[str, ...] | None = None
    limits: Limits = field(default_factory=Limits)
    sampler: str | None = None
    trials: int | None = None
    seed: int = 0
    bench: bool = False
    study: str | None = None
    name: str = "sweep"
    resume: bool = False
    workers: int = 1
    dask: str | None = None
    shared_paths: bool = False
    keep: int = 5
    networks: tuple[str, ...] = ()
    train: str | Path | None = None
    epochs: int = 40

    def __post_init__(self) -> None:
        if self.objectives is not None:
            parse_objectives(self.objectives)
        if self.sampler is not None and self.sampler not in SAMPLERS:
            raise UsageError(
                "--sampler",
                f"unknown value {self.sampler!r}",
                allowed=", ".join(SAMPLERS),
                hint="leave it out for the one that suits the number of combinations",
                code="bad-option",
            )
        for flag, value, least in (
            ("--trials", self.trials, 1),
            ("--workers", self.workers, 1),
            ("--keep", self.keep, 0),
        ):
            if value is not None and value < least:
                raise UsageError(
                    flag,
                    f"{value} is too few",
                    allowed=f"{least} or more",
                    hint="`edgekit sweep --help` states the default",
                    code="bad-option",
                )
        if self.dask is not None and self.workers != 1:
            raise UsageError(
                "--workers",
                "given with --dask, whose scheduler knows its workers",
                hint="leave one of the two out",
                code="sweep-workers",
            )
        if self.shared_paths and self.dask is None:
            why = "only workers on other machines get data sent"
            raise _unused("--shared-paths", why, "give --dask tcp://scheduler:8786")
        if self.train is not None and not self.networks:
            raise _unused("--train", "no network is to be trained", "give --arch NAME:WIDTH")


def _unused(flag: str, why: str, instead: str) -> UsageError:
    return UsageError(
        flag,
        f"without effect here: {why}",
        hint=f"leave it out, or {instead}",
        code="option-unused",
    )
