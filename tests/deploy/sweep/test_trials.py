"""Trials that really convert: here, in processes, on a Dask cluster; what they measure."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import edgekit
from edgekit.converter.convert import load_source
from edgekit.converter.options import ConvertOptions
from edgekit.deploy.sweep import pools
from edgekit.deploy.sweep.objectives import Limits
from edgekit.deploy.sweep.options import SweepOptions
from edgekit.deploy.sweep.parcel import pack, unpack
from edgekit.deploy.sweep.record import SweepRecord
from edgekit.deploy.sweep.workbench import Setup, Workbench
from edgekit.errors import EdgeKitError
from tests.helpers.command_line import ROOT, fails, succeeds

AXES = {"precision": ["int8", "float32"], "compress_weights": ["none", "layer"]}


def _sweep(folder: str, *, target: str = "virtual-m4", **options: object) -> SweepRecord:
    return edgekit.sweep(
        "model.tflite",
        target=target,
        output_dir=folder,
        axes=AXES,
        options=SweepOptions(**options),  # type: ignore[arg-type]
        convert=ConvertOptions(calibration="data.npz", evaluation=Path("data.npz")),
    )


def _facts(record: SweepRecord) -> list[Any]:
    return [(t.number, t.point, t.state, t.problem, t.outcome.figures) for t in record.trials]


def test_figures_are_those_of_a_conversion(place: Path) -> None:
    record = _sweep("out")
    first, coded = record.trials[:2]
    assert first.state == "ok"
    told = edgekit.read_manifest(Path("out") / first.bundle)
    own = edgekit.convert(
        "model.tflite",
        target="virtual-m4",
        output_dir="own",
        options=ConvertOptions(calibration="data.npz", evaluation="data.npz", gate=False),
    ).manifest
    assert told == own
    assert own.accuracy is not None
    assert first.value("accuracy") == own.accuracy.after
    assert first.value("instructions") == sum(step.estimate for step in own.steps)
    assert edgekit.read_manifest(Path("out") / coded.bundle).recipe["compress_weights"] == "layer"
    real = next(t for t in record.trials if t.point["precision"] == "float32")
    assert real.value("accuracy") == real.value("accuracy_before") == own.accuracy.before == 1.0
    assert real.outcome.metric == "top1"


@pytest.mark.parametrize("where", ["processes", "dask"])
def test_workers_give_the_same_trials(place: Path, where: str) -> None:
    here = _facts(_sweep("here"))
    if where == "processes":
        there = _sweep("there", workers=2)
    else:
        distributed = pytest.importorskip("distributed")
        cluster = distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None
        )
        with cluster:
            there = _sweep("there", dask=cluster.scheduler_address)
    assert _facts(there) == here
    assert {t.number for t in there.trials if t.bundle} == {0, 1, 2, 3}


def test_workers_end_with_a_search_that_is_killed(place: Path) -> None:
    program = """if __name__ == "__main__":
    import multiprocessing, os, signal
    import edgekit
    from edgekit.converter.convert import load_source
    from edgekit.converter.options import ConvertOptions
    from edgekit.deploy.sweep import pools
    from edgekit.deploy.sweep.options import SweepOptions
    from edgekit.deploy.sweep.parcel import pack
    from edgekit.deploy.sweep.workbench import Setup
    base = ConvertOptions(calibration="data.npz")
    models = {"model": load_source("model.tflite", base)}
    setup = Setup(models, {"host": edgekit.load_target("host")}, base, ())
    with pools.open_pool(pack(setup), SweepOptions(workers=2)) as pool:
        point = {"model": "model", "target": "host"}
        print(pool.submit([point]).result()[0].error)
        print(*[child.pid for child in multiprocessing.active_children()], flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
"""
    Path("search.py").write_text(program)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with Path("out.txt").open("w") as out:
        done = subprocess.run([sys.executable, "search.py"], env=environment, stdout=out)
    assert done.returncode == -signal.SIGKILL
    error, pids = Path("out.txt").read_text().splitlines()
    assert error == "None"
    assert pids
    for pid in map(int, pids.split()):
        while _runs(pid):
            time.sleep(0.1)


def _runs(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_data_travel_with_the_parcel(place: Path) -> None:
    Path("sub").mkdir()
    shutil.move("data.npz", "sub/data.npz")
    base = ConvertOptions(calibration="./sub/data.npz", evaluation="sub/data.npz")
    loaded = load_source("model.tflite", base)
    target = edgekit.load_target("virtual-m4")
    setup = Setup({"model": loaded}, {"virtual-m4": target}, base, ("accuracy",))
    with_data, without = pack(setup, with_data=True), pack(setup)
    assert len(with_data.data) == 1
    assert with_data.digest != without.digest
    shutil.rmtree("sub")
    found = unpack(with_data, place / "worker")
    assert Path(found.base.calibration).is_file()
    assert found.base.calibration == found.base.evaluation
    (outcome,) = Workbench(found).run([{"model": "model", "target": "virtual-m4"}])
    assert outcome.error is None, outcome.error
    (lost,) = Workbench(unpack(without, place)).run([{"model": "model", "target": "virtual-m4"}])
    assert lost.error is not None
    assert "data.npz" in str(lost.error["subject"])


def test_pruned_networks_are_judged_against_the_given_one(place: Path) -> None:
    record = edgekit.sweep(
        "model.tflite",
        target="virtual-m4",
        output_dir="out",
        axes={"prune": ["none", "0.5", "layer:0.9"]},
        convert=ConvertOptions(calibration="data.npz", evaluation="data.npz"),
    )
    assert [trial.state for trial in record.trials] == ["ok"] * 3, [
        t.problem for t in record.trials
    ]
    assert {trial.value("accuracy_before") for trial in record.trials} == {1.0}
    whole, _, sparse = record.trials
    assert sparse.value("accuracy") < whole.value("accuracy")


def test_impossible_combinations_and_missing_figures_fail_by_name(place: Path) -> None:
    done = succeeds(
        *("sweep", "model.tflite", "-t", "virtual-m4", "-o", "out", "--data", "data.npz"),
        *("--precision", "float32,int8", "--cluster", "none,8", "--json"),
    )
    states = {t["label"]: (t["state"], t["error"]) for t in done.record["trials"]}
    state, error = states["float32 cluster 8"]
    assert (state, error["code"]) == ("failed", "bad-option")
    assert done.record["counts"]["ok"] == 3
    record = _sweep("pi", target="rpi4", objectives=("accuracy", "energy"))
    wrong = record.verdict()
    assert wrong is not None
    assert "target rpi4: there is no figure for energy" in wrong.found


def test_a_board_that_is_too_small_is_infeasible(place: Path) -> None:
    Path("tiny.toml").write_text(
        'extends = "virtual-m4"\nname = "tiny"\ntitle = "A tiny board"\n'
        + '[[memories]]\nname = "flash"\nkind = "flash"\nstart = 0\nsize = "8K"\n'
        + '[[memories]]\nname = "ram"\nkind = "ram"\nstart = 0x20000000\nsize = "8K"\n'
    )
    record = _sweep("out", target="tiny.toml")
    assert {trial.state for trial in record.trials} == {"infeasible"}
    wrong = record.verdict()
    assert wrong is not None
    assert wrong.exit_code == 3


@pytest.mark.qemu
def test_benched_trials_are_simulated_and_measured(place: Path) -> None:
    for tool in ("arm-none-eabi-gcc", "qemu-system-arm"):
        if shutil.which(tool) is None:
            pytest.skip(f"not installed: {tool}")
    record = edgekit.sweep(
        "model.tflite",
        target="virtual-m4",
        output_dir="out",
        options=SweepOptions(bench=True, limits=Limits(latency=1.0, ram=1 << 20)),
        convert=ConvertOptions(calibration="data.npz"),
    )
    (trial,) = record.trials
    assert trial.state == "ok", trial.problem
    found = {name: figure.provenance.value for name, figure in trial.outcome.figures.items()}
    assert (found["flash"], found["ram"], found["instructions"]) == (
        "measured",
        "measured",
        "simulated",
    )
    assert (found["latency"], found["energy"]) == ("estimated", "estimated")


def test_a_scheduler_that_is_not_there_is_named(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(pools, "CONNECT_S", 0.3)
    words = ("sweep", "model.tflite", "-t", "virtual-m4", "-o", "out", "--dask")
    fails(*words, "tcp://127.0.0.1:9", exit_code=1, code="dask-unreachable")
    fails(*words, "nonsense://a", "--resume", exit_code=1, code="dask-unreachable")


class _Client:
    """A cluster's client as far as the check asks it."""

    def __init__(self, workers: dict[str, object], answer: object) -> None:
        self.workers, self.answer = workers, answer

    def run(self, function: object) -> dict[str, object]:
        if isinstance(self.answer, Exception):
            raise self.answer
        return dict.fromkeys(self.workers, self.answer)


@pytest.mark.parametrize(
    ("client", "code", "found"),
    [
        (_Client({}, ""), "dask-no-workers", "no workers"),
        (_Client({"a": 1}, "0.0.1"), "dask-version", "0.0.1"),
        (_Client({"a": 1}, ImportError("edgekit")), "dask-version", "none"),
    ],
)
def test_a_cluster_that_cannot_help_is_named(client: _Client, code: str, found: str) -> None:
    with pytest.raises(EdgeKitError) as caught:
        pools._check_workers(client, "tcp://a:1")
    assert caught.value.code == code
    assert found in caught.value.found


def test_without_dask_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(EdgeKitError) as caught:
        pools._distributed()
    assert caught.value.code == "missing-extra"
