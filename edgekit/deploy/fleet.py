"""One benchmark on several devices: which bundle runs where, all of them, and one comparison."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from edgekit.artifacts.files import check_writable, write_file
from edgekit.artifacts.partial import PARTIAL_NAME
from edgekit.deploy.bench import runner
from edgekit.deploy.bench_options import BenchOptions, chooses_engine, times_processes
from edgekit.deploy.boards import check_port
from edgekit.deploy.bundles import Bundle, open_bundle
from edgekit.deploy.fleet_run import Job, Outcome, Tell, run_jobs
from edgekit.deploy.stations import Station
from edgekit.errors import DeviceError, EdgeKitError, UsageError, Verdict
from edgekit.runtime.lab.schedule import Need, Shares
from edgekit.runtime.power.names import parse_meter
from edgekit.runtime.report.comparison import Comparison, compare
from edgekit.runtime.report.comparison_markdown import comparison_markdown

COMPARISON = "comparison"
"""Name of the files with the comparison, in the folder of all reports."""


@dataclass(frozen=True, slots=True)
class Run:
    """A bundle on a station; `name` is different for each of several."""

    name: str
    bundle: Bundle
    station: Station


@dataclass(frozen=True, slots=True)
class FleetResult:
    """What became of each run, and the reports compared, where there are two or more."""

    runs: tuple[Run, ...]
    outcomes: tuple[Outcome, ...]
    comparison: Comparison | None

    def record(self) -> dict[str, Any]:
        """What `--json` prints, without the reports."""
        return {
            "runs": [
                {
                    "name": outcome.name,
                    "bundle": str(run.bundle.folder),
                    "target": run.station.target.name,
                    "device": run.station.device,
                    "seconds": round(outcome.seconds, 3),
                    "error": _told(outcome.error or outcome.verdict),
                }
                for run, outcome in zip(self.runs, self.outcomes, strict=True)
            ],
            "comparison": None if self.comparison is None else self.comparison.record(),
        }

    def verdict(self) -> EdgeKitError | None:
        """The error to raise when a run failed (exit 1) or its outputs are wrong (exit 3)."""
        failed = [outcome for outcome in self.outcomes if outcome.error is not None]
        wrong = [outcome for outcome in self.outcomes if outcome.verdict is not None]
        bad = failed or wrong
        if not bad:
            return None
        kind = DeviceError if failed else Verdict
        causes = [f"{o.name} ({(o.error or o.verdict).found})" for o in bad]  # type: ignore[union-attr]
        return kind(
            "bench",
            f"{len(bad)} of {len(self.outcomes)} runs failed: {'; '.join(causes)}",
            hint="run the benchmark of one of them alone; the reports of the others are kept",
            code="fleet-failed",
        )


def _told(error: EdgeKitError | None) -> dict[str, str | int] | None:
    return None if error is None else error.as_dict()


def assign(bundles: Sequence[Bundle], stations: Sequence[Station]) -> list[Run]:
    """Which bundle runs where: on each station those that were converted for its target, else the
    first. Without stations every bundle runs on its own target. Raises UsageError for a bundle
    that would run nowhere."""
    places = list(stations) or [Station(bundle.target(None)) for bundle in bundles]
    pairs = [(bundle, place) for place in _once(places) for bundle in _for(bundles, place)]
    idle = [bundle for bundle in bundles if all(bundle is not used for used, _ in pairs)]
    if idle:
        raise UsageError(
            f"bundle {idle[0].folder}",
            f"would run nowhere: it was converted for {idle[0].manifest.target['name']}",
            allowed=", ".join(dict.fromkeys(place.target.name for place in places)),
            hint="name its target too, or leave it out",
            code="fleet-idle",
        )
    names = [place.name for _, place in pairs]
    return [
        Run(_name(place.name, bundle, names.count(place.name) > 1), bundle, place)
        for bundle, place in pairs
    ]


def _once(places: Sequence[Station]) -> list[Station]:
    return list({place.name: place for place in places}.values())


def _for(bundles: Sequence[Bundle], station: Station) -> list[Bundle]:
    made = [b for b in bundles if b.manifest.target["name"] == station.target.name]
    return made or [bundles[0]]


def _name(station: str, bundle: Bundle, several: bool) -> str:
    return f"{station}-{bundle.folder.resolve().name}" if several else station


def open_fleet(folders: Sequence[Path], stations: Sequence[Station]) -> list[Run]:
    """The runs of these bundles. Raises UsageError, ModelError."""
    runs = assign([open_bundle(folder) for folder in folders], stations)
    names = [run.name for run in runs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(
            f"bundle {twice}",
            "two bundles have this name on one device",
            allowed="bundle folders with different names",
            hint="rename one of the folders",
            code="fleet-names",
        )
    return runs


def bench_fleet(
    runs: Sequence[Run],
    options: BenchOptions,
    *,
    output_dir: Path | None = None,
    tell: Tell | None = None,
    finished: Callable[[Run, Outcome], None] | None = None,
) -> FleetResult:
    """Run all of them, side by side where they do not disturb one another, and compare.

    `options` hold for every run that they concern; ports, places and meters are those of the
    stations, and of `options` a meter that is no device. Reports go to a folder for each run in
    `output_dir`, with `comparison.json` and `comparison.md` beside. Raises UsageError before
    anything runs, and OutputError; what goes wrong with a run is in the result.
    """
    if output_dir is not None:
        check_writable(output_dir)
    own = fleet_options(runs, options, output_dir)
    jobs = [_job(run, mine, output_dir) for run, mine in zip(runs, own, strict=True)]
    by_name = {run.name: run for run in runs}
    done = finished or (lambda run, outcome: None)
    outcomes = run_jobs(
        jobs,
        tell or (lambda name, stage, now, total: None),
        lambda outcome: done(by_name[outcome.name], outcome),
    )
    reports = [(o.report, o.name) for o in outcomes if o.report is not None]
    found = compare(*zip(*reports, strict=True)) if len(reports) > 1 else None
    if output_dir is not None and found is not None:
        import json

        text = json.dumps(found.record(), indent=2, sort_keys=True, ensure_ascii=False)
        write_file(output_dir / f"{COMPARISON}.json", text + "\n")
        write_file(output_dir / f"{COMPARISON}.md", comparison_markdown(found))
    return FleetResult(tuple(runs), outcomes, found)


def _job(run: Run, options: BenchOptions, output_dir: Path | None) -> Job:
    station = run.station
    need = Need(run.name, _shares(station), station.claims)
    request = {
        "bundle": str(run.bundle.folder),
        "target": station.target.model_dump_json(),
        "options": TypeAdapter(BenchOptions).dump_json(options).decode(),
        "folder": None if output_dir is None else str(output_dir / run.name),
    }
    return Job(need, request)


def _shares(station: Station) -> Shares:
    if station.target.emulator is not None or station.place.emulate:
        return Shares.HERE
    return Shares.AWAY if station.port or station.place else Shares.ALONE


def fleet_options(
    runs: Sequence[Run], options: BenchOptions, output_dir: Path | None
) -> list[BenchOptions]:
    """Those of each run. Raises UsageError where one could not run, or an option concerns none."""
    usual = BenchOptions()
    _check_meter(options)
    found = []
    for run in runs:
        station = run.station
        mine = replace(
            options,
            port=station.port,
            place=station.place,
            power=station.power or options.power,
            device=station.device,
            resume=options.resume and _kept(output_dir, run.name),
        )
        if _shares(station) is not Shares.ALONE and _concerns(runs):
            mine = replace(mine, threads=usual.threads, batches=usual.batches)
        if not _chooses(run) and any(map(_chooses, runs)):
            mine = replace(mine, engine=usual.engine)
        if not _times(run) and any(map(_times, runs)):
            mine = replace(mine, sustained=usual.sustained, cold=usual.cold)
        if mine.power is None:
            mine = replace(mine, windows=usual.windows, duty=usual.duty)
        found.append(mine)
    if all(mine.power is None for mine in found):
        found = [replace(mine, windows=options.windows, duty=options.duty) for mine in found]
    for run, mine in zip(runs, found, strict=True):
        runner(run.station.target, mine)
        if run.station.target.family == "cortex-m":
            check_port(run.station.target, mine.port)
    return found


def _chooses(run: Run) -> bool:
    """Whether a run takes --engine."""
    return chooses_engine(run.station.target, run.station.place)


def _times(run: Run) -> bool:
    """Whether a run takes --sustained and --cold."""
    return times_processes(run.station.target, run.station.place)


def _concerns(runs: Sequence[Run]) -> bool:
    """Whether one of the runs takes --threads and --batch."""
    return any(_shares(run.station) is Shares.ALONE for run in runs)


def _kept(output_dir: Path | None, name: str) -> bool:
    return output_dir is not None and (output_dir / name / PARTIAL_NAME).exists()


def _check_meter(options: BenchOptions) -> None:
    if options.power is not None and parse_meter(options.power).scheme != "virtual":
        raise UsageError(
            f"--power {options.power}",
            "one meter for several devices",
            allowed="--power virtual, which every virtual board has its own of",
            hint="name the meter of each device in the lab file (docs/lab.md)",
            code="fleet-meter",
        )
