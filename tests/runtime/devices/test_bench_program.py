"""The benchmark of a runner: samples, steps, notes; another model, another build, wrong outputs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edgekit.artifacts.bundle import Manifest, read_manifest
from edgekit.artifacts.figures import Provenance
from edgekit.errors import ProtocolError
from edgekit.firmware_stubs.image import Image
from edgekit.firmware_stubs.runner import build_runner_image
from edgekit.runtime.devices.bench import BenchPlan
from edgekit.runtime.devices.bench_program import bench_program, device_name
from edgekit.runtime.devices.launch import Here
from edgekit.runtime.link.dut import Dut
from edgekit.runtime.measure.sustained import WINDOWS
from edgekit.runtime.measure.timing import Effort
from edgekit.targets.reader import load_target
from tests.helpers.tiny_bundle import TINY_INPUT, tiny_bundle, tiny_output

INPUTS = (TINY_INPUT, bytes(8))
EXPECTED = tuple(tiny_output(data) for data in INPUTS)
EFFORT = Effort(warmup_s=0.001, seconds=0.002, fewest=5, most=50)
TARGET = load_target("host")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Manifest, Image]:
    folder = tiny_bundle(tmp_path_factory.mktemp("program") / "bundle")
    image = build_runner_image(folder, TARGET, folder.parent / "out")
    return read_manifest(folder), image


@pytest.fixture
def dut(built: tuple[Manifest, Image]) -> Iterator[Dut]:
    with Here().started(built[1].elf) as line, Dut(line) as found:
        found.connect()
        yield found


def plan(image: Image) -> BenchPlan:
    return BenchPlan(INPUTS, EXPECTED, build_id=image.build_id, who="runner", profiles=3)


def test_every_sample_is_in_the_result(dut: Dut, built: tuple[Manifest, Image]) -> None:
    told: list[str] = []
    result = bench_program(
        dut,
        built[0],
        TARGET,
        plan(built[1]),
        engine="the engine",
        effort=EFFORT,
        progress=lambda what, done, total: told.append(what),
    )
    assert 5 <= len(result.latency_s) <= 50
    assert result.batches[0].seconds == result.latency_s
    assert (result.batches[0].batch, result.threads, result.windows) == (1, 1, ())
    assert (result.engine, result.counter_unit) == ("the engine", "s")
    assert result.provenance is Provenance.MEASURED
    assert (result.outputs_checked, result.outputs_equal) == (2, 2)
    assert [step.name for step in result.steps] == ["invert", "scores"]
    assert result.warmup >= 2
    assert result.memory["arena_high_water"] == 20
    assert result.memory["peak_rss"] > 0
    assert "stack" not in result.memory
    assert result.device.startswith("this machine: ")
    assert " " not in result.environment["load_average"]
    assert {"checking outputs", "timing", "profiling", "memory"} <= set(told)


def test_a_sustained_run_follows(dut: Dut, built: tuple[Manifest, Image]) -> None:
    chosen = plan(built[1])
    result = bench_program(dut, built[0], TARGET, chosen, engine="e", effort=EFFORT, sustained=0.05)
    windows = result.sustained
    assert len(windows) == WINDOWS
    assert all(w.inferences > 0 and 0 < w.busy_s < w.seconds for w in windows)
    assert all(0 < w.p50_s <= w.p95_s <= w.p99_s for w in windows)
    assert all(a.start_s < b.start_s for a, b in itertools.pairwise(windows))


def test_in_an_emulator_nothing_is_timed(dut: Dut, built: tuple[Manifest, Image]) -> None:
    chosen = replace(plan(built[1]), device="an emulator")
    result = bench_program(dut, built[0], TARGET, chosen, engine="e", effort=EFFORT, simulated=True)
    assert result.provenance is Provenance.SIMULATED
    assert (result.latency_s, result.steps, result.batches) == ((), (), ())
    assert (result.device, result.outputs_equal) == ("an emulator", 2)
    assert [note.code for note in result.warnings] == ["emulated"]


def test_wrong_outputs_are_counted(dut: Dut, built: tuple[Manifest, Image]) -> None:
    wrong = replace(plan(built[1]), expected=(EXPECTED[0], b"none"))
    result = bench_program(dut, built[0], TARGET, wrong, engine="e", effort=EFFORT, simulated=True)
    assert (result.outputs_checked, result.outputs_equal) == (2, 1)
    assert result.warnings[0].code == "outputs-differ"


def test_a_runner_of_another_model(dut: Dut, built: tuple[Manifest, Image]) -> None:
    other = replace(built[0], model_sha256="f" * 64)
    with pytest.raises(ProtocolError) as caught:
        bench_program(dut, other, TARGET, plan(built[1]), engine="e", effort=EFFORT)
    assert caught.value.code == "wrong-model"
    assert caught.value.found == "the runner runs model 0123456789abcdef (tiny)"
    assert caught.value.hint == "build it again from this bundle: edgekit build BUNDLE"


def test_a_runner_of_another_build(dut: Dut, built: tuple[Manifest, Image]) -> None:
    other = replace(plan(built[1]), build_id="0" * 16)
    with pytest.raises(ProtocolError) as caught:
        bench_program(dut, built[0], TARGET, other, engine="e", effort=EFFORT)
    assert caught.value.code == "wrong-build"


@pytest.mark.parametrize(
    ("machine", "name"),
    [
        ({"machine": "aarch64", "board": "Raspberry Pi 4"}, "pi: aarch64 Raspberry Pi 4"),
        ({"machine": "x86_64", "cpu": "EPYC"}, "pi: x86_64 EPYC"),
        ({}, "pi: "),
    ],
)
def test_devices_have_names(machine: dict[str, str], name: str) -> None:
    assert device_name("pi", machine) == name


def test_a_runner_stays_where_it_was_built(built: tuple[Manifest, Image]) -> None:
    path: Path = built[1].elf
    with Here().started(path) as line:
        assert line.pid
    assert path.exists()
