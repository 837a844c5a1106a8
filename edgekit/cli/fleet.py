"""What `bench` does with several targets, devices or bundles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.cli import compare, keeping, output, stations

if TYPE_CHECKING:
    from edgekit.deploy.bench_options import BenchOptions
    from edgekit.deploy.fleet import FleetResult, Run
    from edgekit.deploy.fleet_run import Outcome
    from edgekit.deploy.stations import Station


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
    logs = {
        run.name: stations.logged(
            "bench",
            run.station,
            None,
            run.bundle.folder,
            None if output_dir is None else output_dir / run.name,
        )
        for run in runs
    }

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
