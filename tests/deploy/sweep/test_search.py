"""The search with made-up trials: order, repeats, failures, taking up, output."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path

import pytest

import edgekit
from edgekit.artifacts.figures import Provenance
from edgekit.deploy.sweep import pools
from edgekit.deploy.sweep.axes import Point
from edgekit.deploy.sweep.objectives import Limits
from edgekit.deploy.sweep.options import SweepOptions
from edgekit.deploy.sweep.outcome import Outcome
from edgekit.deploy.sweep.record import SweepRecord
from edgekit.errors import EdgeKitError
from edgekit.runtime.lab.locks import Holder, locked_file
from tests.deploy.sweep.conftest import made_up
from tests.helpers.command_line import edgekit as command
from tests.helpers.command_line import fails, succeeds

AXES = {"precision": ["int8", "int4", "int16"], "rounding": ["nearest", "gptq"]}


def _sweep(**options: object) -> SweepRecord:
    return edgekit.sweep(
        "model.tflite",
        target="virtual-m4",
        output_dir="out",
        axes=AXES,
        options=SweepOptions(**options),  # type: ignore[arg-type]
    )


def _record() -> dict[str, object]:
    found: dict[str, object] = json.loads(Path("out/sweep.json").read_text())
    return found


def test_a_grid_tries_everything_once_in_order(place: Path, tried: list[Point]) -> None:
    record = _sweep()
    assert [(p["precision"], p["rounding"]) for p in tried] == [
        (a, b) for a in AXES["precision"] for b in AXES["rounding"]
    ]
    assert record.how == "grid: all 6 combinations"
    assert [trial.label for trial in record.front] == ["int16 gptq", "int8 gptq"]
    assert record.to_json() == Path("out/sweep.json").read_text()


def test_the_best_bundles_stay(place: Path, tried: list[Point]) -> None:
    record = _sweep(keep=3)
    kept = {trial.label: trial.bundle for trial in record.trials if trial.bundle}
    assert list(kept) == ["int8 gptq", "int16 nearest", "int16 gptq"]
    folders = sorted(f"bundles/{path.name}" for path in Path("out/bundles").iterdir())
    assert folders == sorted(kept.values())


def test_views_tell_every_trial(place: Path, tried: list[Point]) -> None:
    record = _sweep(limits=Limits(flash=400))
    with Path("out/sweep.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["state"] for row in rows] == [trial.state for trial in record.trials]
    assert rows[0]["instructions_provenance"] == "estimated"
    page, text = Path("out/sweep.html").read_text(), Path("out/sweep.md").read_text()
    for view in (page, text):
        assert "top-1 (measured)" in view
        assert "instructions (estimated)" in view
        assert "flash 500 B of at most 400 B" in view
    pictures = {path.name for path in Path("out").glob("*.svg")}
    assert pictures == {"front-flash.svg", "front-instructions.svg"}
    assert page.count("<svg ") == 2


@pytest.mark.parametrize("sampler", ["nsga2", "tpe", "random"])
def test_samplers_try_each_combination_once(place: Path, tried: list[Point], sampler: str) -> None:
    record = _sweep(sampler=sampler, trials=4, seed=1, limits=Limits(flash=400))
    assert len(record.trials) == len(tried) <= 4
    assert len({tuple(point.values()) for point in tried}) == len(tried)
    assert [trial.number for trial in record.trials] == sorted(t.number for t in record.trials)
    assert {t.label.split()[0] for t in record.trials if t.state == "infeasible"} <= {"int16"}


def test_the_same_seed_tries_the_same(place: Path, tried: list[Point]) -> None:
    _sweep(sampler="nsga2", trials=3, seed=5)
    first = list(tried)
    tried.clear()
    _sweep(sampler="nsga2", trials=3, seed=5, name="other")
    assert tried == first


def test_a_failing_trial_does_not_stop_the_others(place: Path, tried: list[Point]) -> None:
    words = ("sweep", "model.tflite", "-t", "virtual-m4", "-o", "out")
    done = succeeds(*words, "--precision", "binary,int8")
    assert "failed: trial 0 (binary): net: has no signs" in done.out
    assert "Pareto front" in done.out
    done = succeeds(*words, "--precision", "binary,int8", "--resume", "--json")
    assert [trial["state"] for trial in done.record["trials"]] == ["failed", "ok"]


def test_all_failing_is_a_failure(place: Path, tried: list[Point]) -> None:
    words = ("sweep", "model.tflite", "-t", "virtual-m4", "-o", "out", "--precision", "binary")
    done = command(*words, "--json")
    assert done.code == 1
    assert done.record["error"]["code"] == "sweep-failed"
    assert done.record["counts"]["failed"] == 1


def test_no_trial_within_the_limits_is_a_verdict(place: Path, tried: list[Point]) -> None:
    words = ("sweep", "model.tflite", "-t", "virtual-m4", "-o", "out", "--precision", "int8,int4")
    done = command(*words, "--max-flash", "150", "--json")
    assert (done.code, done.record["error"]["code"]) == (3, "sweep-infeasible")
    assert "trial 0 (int8): flash 200 B of at most 150 B" in done.record["error"]["found"]
    assert done.record["trials"][0]["broken"][0]["allowed"] == 150
    loosened = succeeds(*words, "--max-flash", "250", "--resume", "--json")
    assert loosened.record["counts"] == {"ok": 1, "infeasible": 1, "failed": 0}
    assert len(tried) == 2


def test_what_broke_off_goes_on(
    place: Path, tried: list[Point], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in the third trial: two are kept, the third is tried again."""
    whole = pools.run_parcel

    def breaks(parcel: object, points: Sequence[Point]) -> tuple[Outcome, ...]:
        if len(tried) == 2:
            raise KeyboardInterrupt
        return whole(parcel, points)  # type: ignore[arg-type]

    monkeypatch.setattr(pools, "run_parcel", breaks)
    words = ("sweep", "model.tflite", "-t", "virtual-m4", "-o", "out", "--precision")
    done = command(*words, ",".join(AXES["precision"]))
    assert done.code == 130
    assert "--resume" in done.err
    assert (_record()["complete"], _record()["counts"]) == (
        False,
        {"ok": 2, "infeasible": 0, "failed": 0},
    )
    assert not list(Path("out").glob(".sweep*"))
    monkeypatch.setattr(pools, "run_parcel", whole)
    succeeds(*words, ",".join(AXES["precision"]), "--resume")
    assert [point["precision"] for point in tried] == AXES["precision"]
    assert _record()["complete"]
    assert [t["bundle"] for t in _record()["trials"] if t["front"]]  # type: ignore[attr-defined]


def test_a_finished_sweep_is_not_repeated(place: Path, tried: list[Point]) -> None:
    first = _sweep()
    tried.clear()
    again = _sweep(resume=True)
    assert tried == []
    assert again.to_json() == first.to_json()
    error = fails(
        *("sweep", "model.tflite", "-t", "virtual-m4", "-o", "out"),
        exit_code=2,
        code="study-exists",
    )
    assert "--resume" in error["hint"]


def test_two_sweeps_do_not_share_a_folder(place: Path, tried: list[Point]) -> None:
    def refuse(who: Holder | None) -> EdgeKitError:
        raise AssertionError(who)

    with locked_file(Path("out/.lock"), what="sweep of other.tflite", refuse=refuse):
        error = fails(
            *("sweep", "model.tflite", "-t", "host", "-o", "out"),
            exit_code=1,
            code="sweep-running",
        )
    assert f"process {os.getpid()}, sweep of other.tflite, since" in error["found"]


def test_figures_had_otherwise_do_not_share_a_column(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(parcel: object, points: Sequence[Point]) -> tuple[Outcome, ...]:
        found = [made_up(point) for point in points]
        return tuple(
            replace(one, figures={**one.figures, "flash": replace(
                one.figures["flash"], provenance=Provenance.MEASURED)})
            if point["precision"] == "int4" else one
            for point, one in zip(points, found, strict=True)
        )  # fmt: skip

    monkeypatch.setattr(pools, "run_parcel", run)
    record = _sweep()
    unlike = [t for t in record.trials if t.state == "failed"]
    assert {t.point["precision"] for t in unlike} == {"int4"}
    assert all((t.outcome.error or {})["code"] == "sweep-unlike" for t in unlike)
    assert "measured" in unlike[0].problem


@pytest.mark.parametrize(
    ("error", "code"),
    [(BrokenProcessPool("gone"), "sweep-worker-died"), (OSError("lost"), "sweep-worker-failed")],
)
def test_a_worker_that_dies_is_told_and_the_rest_kept(
    place: Path,
    tried: list[Point],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    code: str,
) -> None:
    from concurrent.futures import Future

    whole = pools._at_once

    def dies(parcel: object, points: Sequence[Point]) -> Future[tuple[Outcome, ...]]:
        if not tried:
            return whole(parcel, points)  # type: ignore[arg-type]
        future: Future[tuple[Outcome, ...]] = Future()
        future.set_exception(error)
        return future

    monkeypatch.setattr(pools, "_at_once", dies)
    with pytest.raises(EdgeKitError) as caught:
        _sweep()
    assert caught.value.code == code
    assert len(_record()["trials"]) == 1  # type: ignore[arg-type]
