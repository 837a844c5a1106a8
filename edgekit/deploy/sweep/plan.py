"""What a sweep will try, settled before any work: names, targets, space, objectives, identity."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from edgekit.converter.convert import load_source
from edgekit.converter.load.load import folder_sha256
from edgekit.converter.load.model import LoadedModel
from edgekit.converter.options import ConvertOptions
from edgekit.deploy.sweep.objectives import Objective, parse_objectives
from edgekit.deploy.sweep.options import SMALL, SweepOptions
from edgekit.deploy.sweep.parcel import DATA_FIELDS, data_paths
from edgekit.deploy.sweep.space import Space, make_space
from edgekit.deploy.sweep.workbench import Setup
from edgekit.errors import DataError, UsageError
from edgekit.targets.model import Target
from edgekit.targets.reader import load_target, profile_sha256

DEFAULTS = ("accuracy", "instructions", "flash")
WITHOUT_FLASH = ("accuracy", "instructions", "size")
"""Where a target has no flash of its own."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A settled sweep. `sources` are the models as given, by their short names."""

    sources: Mapping[str, str]
    targets: Mapping[str, Target]
    space: Space
    objectives: tuple[Objective, ...]
    base: ConvertOptions
    options: SweepOptions

    @property
    def sampler(self) -> str:
        """ "grid" unless another was asked for or there are many combinations."""
        if self.options.sampler is not None:
            return self.options.sampler
        enough = self.options.trials or SMALL
        return "grid" if len(self.space.points()) <= enough else "nsga2"

    @property
    def wanted(self) -> int:
        """How many different trials there will be at most."""
        points = len(self.space.points())
        if self.sampler == "grid":
            return min(self.options.trials or points, points)
        return min(self.options.trials or SMALL, points)

    @property
    def how(self) -> str:
        """The same in words."""
        points = len(self.space.points())
        if self.sampler == "grid" and self.wanted == points:
            return f"grid: all {points} combinations"
        rest = f", seed {self.options.seed}" if self.sampler != "grid" else ""
        return f"{self.sampler}: up to {self.wanted} of {points} combinations{rest}"

    def load(self) -> dict[str, LoadedModel]:
        """The models, by their short names. Raises as `load_model`."""
        return {name: load_source(source, self.base) for name, source in self.sources.items()}

    def setup(self, models: Mapping[str, LoadedModel]) -> Setup:
        """What every trial starts from."""
        limits = self.options.limits
        needed = (*(row.name for row in self.objectives), *limits.needed())
        return Setup(models, self.targets, self.base, needed, limits.drop, self.options.bench)

    def identity(self, models: Mapping[str, LoadedModel]) -> dict[str, Any]:
        """What a study is made of: equal for sweeps whose trials are the same."""
        usual = ConvertOptions()
        given = {
            field.name: str(getattr(self.base, field.name))
            for field in fields(ConvertOptions)
            if field.name not in ("gate", *DATA_FIELDS)
            and getattr(self.base, field.name) != getattr(usual, field.name)
        }
        return {
            "models": {name: loaded.sha256 for name, loaded in models.items()},
            "targets": {name: profile_sha256(target) for name, target in self.targets.items()},
            "axes": {name: list(values) for name, values in self.space.axes.items()},
            "objectives": [row.name for row in self.objectives],
            "bench": self.options.bench,
            "data": self._data(),
            "options": given,
        }

    def _data(self) -> dict[str, str]:
        """Hashes of what the options name as data."""
        paths = data_paths(self.base)
        found = {name: sha256_of(path) for name, path in paths.items()}
        return found | {f"{name}_name": path.name for name, path in paths.items()}


def make_plan(
    models: Sequence[str],
    targets: Sequence[str],
    axes: Mapping[str, Sequence[str]],
    base: ConvertOptions,
    options: SweepOptions,
) -> Plan:
    """Settle a sweep. Raises UsageError for what is contradictory, DataError for data that is not
    there."""
    if not models:
        raise UsageError(
            "edgekit sweep",
            "no network is named",
            allowed="MODEL... or --arch NAME:WIDTH,...",
            hint="edgekit sweep MODEL --target TARGET --data DATA -o DIR",
            code="sweep-axis",
        )
    profiles = {profile.name: profile for profile in map(load_target, targets)}
    if len(profiles) < len(targets):
        raise UsageError(
            "--target", "one target is named twice", hint="leave one out", code="sweep-axis"
        )
    names = _short_names(models)
    space = make_space(names, axes, list(profiles))
    _check_data(base)
    if options.bench:
        _check_virtual(profiles.values())
    flash = all(profile.total("flash") for profile in profiles.values())
    chosen = options.objectives or (DEFAULTS if flash else WITHOUT_FLASH)
    sources = dict(zip(names, map(str, models), strict=True))
    return Plan(sources, profiles, space, parse_objectives(chosen), base, options)


def _short_names(models: Sequence[str]) -> list[str]:
    """File names without their ending; whole paths where two have the same."""
    short = [Path(model).stem or str(model) for model in models]
    return short if len(set(short)) == len(short) else [str(model) for model in models]


def _check_data(base: ConvertOptions) -> None:
    for name in DATA_FIELDS:
        value = getattr(base, name)
        if value is not None and not isinstance(value, str | Path):
            raise UsageError(
                name,
                f"is a {type(value).__name__}; a study tells data by their files",
                allowed="a path, or none for the calibration",
                hint="save the arrays with numpy.savez first",
                code="sweep-data",
            )
    for path in data_paths(base).values():
        if not path.exists():
            raise DataError(str(path), "does not exist", hint="check the path", code="data-missing")


def _check_virtual(targets: Any) -> None:
    for target in targets:
        if target.emulator is None:
            raise UsageError(
                "--bench",
                f"{target.name} has no virtual board to run trials on",
                allowed="virtual-m0, virtual-m3, virtual-m4, virtual-m7, virtual-m33, virtual-m55",
                hint="leave --bench out: then figures are estimated",
                code="sweep-bench",
            )


def sha256_of(path: Path) -> str:
    """The hash of a file, or of all files below a folder."""
    if path.is_dir():
        return folder_sha256(path)
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
