"""What `bench` does with `--device`, and with several targets, devices or bundles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.cli import compare, keeping, output

if TYPE_CHECKING:
    from edgekit.deploy.bench import BenchOptions
    from edgekit.deploy.fleet import FleetResult, Run
    from edgekit.deploy.fleet_run import Outcome
    from edgekit.deploy.logged import Logged
    from edgekit.deploy.stations import Station


def named(option: str, text: str | None) -> tuple[str, ...]:
    """The names in "a,b"; () where the option is not given. Raises UsageError for an empty one."""
    if text is None:
        return ()
    names = tuple(name.strip() for name in text.split(","))
    if all(names):
        return names
    from edgekit.errors import UsageError

    raise UsageError(
        option,
        f"an empty name in {text!r}",
        allowed="names with commas between them",
        hint="for example virtual-m4,virtual-m7",
        code="bad-option",
    )


def check_alone(why: str, given: Mapping[str, object]) -> None:
    """Raise UsageError for an option that is given and says what is said already, or names one
    place for several."""
    from edgekit.errors import UsageError

    for option, value in given.items():
        if value:
            raise UsageError(
                option,
                f"given together with {why}",
                allowed="each device's port, place and meter in the lab file (docs/lab.md)",
                hint=f"leave {option} out, or run the command once for each device",
                code="fleet-option",
            )


def check_lab(lab: Path | None, *, used: bool) -> None:
    """Raise UsageError for a lab file of which no device is used."""
    from edgekit.errors import UsageError

    if lab is not None and not used:
        raise UsageError(
            "--lab",
            "without effect here: no device is named",
            allowed="--lab with --device, or with several targets",
            hint="add --device NAME; `edgekit devices list` shows them",
            code="option-unused",
        )


def stations(
    targets: Sequence[str], devices: Sequence[str], lab: Path | None, *, emulate: bool
) -> list[Station]:
    """Where to run, for several. Raises UsageError, DeviceError."""
    from dataclasses import replace

    from edgekit.deploy.programs import PLACES, Place
    from edgekit.deploy.stations import device_stations, target_stations

    if devices:
        return device_stations(devices, lab)
    found = target_stations(targets, lab)
    if not emulate:
        return found
    here = Place(emulate=True)
    return [replace(s, place=here) if s.target.family in PLACES else s for s in found]


def run(
    kept: keeping.Keeping,
    bundles: Sequence[Path],
    places: Sequence[Station],
    chosen: BenchOptions,
    output_dir: Path | None,
) -> None:
    """Run all, show the comparison, raise what failed. Each run is logged, each report kept."""
    import time

    from edgekit.deploy.fleet import bench_fleet, open_fleet
    from edgekit.deploy.logged import write

    out = kept.out
    runs = open_fleet(bundles, places)
    logs = {run.name: _logged(run, output_dir) for run in runs}

    def finished(run: Run, outcome: Outcome) -> None:
        wrong = outcome.error or outcome.verdict
        log = logs.pop(run.name)
        log.began = outcome.began
        if outcome.report is not None:
            log.report(outcome.report)
            kept.keep(outcome.report)
        write(log, wrong, outcome.began + outcome.seconds, kept.log, kept.warn)
        state = f"failed: {wrong.found}" if wrong is not None else "done"
        out.advance_one(run.name, state, 1, 1)

    try:
        with out.working():
            result = bench_fleet(
                runs, chosen, output_dir=output_dir, tell=out.advance_one, finished=finished
            )
    except KeyboardInterrupt as error:
        for log in logs.values():
            write(log, error, time.time(), kept.log, kept.warn)
        raise
    _show(out, result, output_dir)


def _logged(run: Run, output_dir: Path | None) -> Logged:
    from edgekit.deploy.logged import Logged

    folder = None if output_dir is None else output_dir / run.name
    station = run.station
    return Logged("bench", station.target.name, station.device, run.bundle.folder, folder)


def _show(out: output.Output, result: FleetResult, folder: Path | None) -> None:
    import json

    wrong = result.verdict()
    record = result.record()
    for row, outcome in zip(record["runs"], result.outcomes, strict=True):
        row["report"] = None if outcome.report is None else json.loads(outcome.report.to_json())
    out.emit(record, wrong)
    if result.comparison is not None:
        compare.show(out, result.comparison)
    out.table(
        "",
        ("run", "target", "bundle", ">seconds", "result"),
        [
            (o.name, r.station.target.name, str(r.bundle.folder), f"{o.seconds:.1f}", _result(o))
            for r, o in zip(result.runs, result.outcomes, strict=True)
        ],
    )
    if folder is not None:
        out.say(f"reports: {folder}")
    if wrong is not None:
        raise wrong


def _result(outcome: Outcome) -> str:
    wrong = outcome.error or outcome.verdict
    return "done" if wrong is None else f"failed: {wrong}"
