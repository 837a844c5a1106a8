"""Our firmware in QEMU, on a real pseudo-terminal, against the official runner's dialogue."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import numpy as np
import pytest

from edgekit.converter.interpret import run
from edgekit.deploy.boards import board
from edgekit.deploy.bundles import open_bundle
from edgekit.deploy.mlperf_rig import Rig, emulated_rig
from edgekit.runtime.devices.counting import Counter
from edgekit.runtime.power.load import LoadProfile
from edgekit.targets.reader import load_target
from tests.helpers.mlperf_sets import CLASSES, keyword_bundle, write_set
from tests.helpers.official_runner import OfficialRunner
from tests.helpers.virtual_firmware import needs_qemu

pytestmark = [pytest.mark.qemu, needs_qemu]
FILES = 8


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return keyword_bundle(tmp_path_factory.mktemp("keywords"))


@pytest.fixture(scope="module")
def answers(bundle: Path) -> tuple[list[bytes], list[int]]:
    """Samples, and the class that the NumPy reference gives each."""
    graph = open_bundle(bundle).graph
    rng = np.random.default_rng(2)
    contents, classes = [], []
    while len(contents) < FILES:
        x = rng.integers(-128, 128, (1, 49, 10, 1)).astype(np.int8)
        found = run(graph, {graph.inputs[0]: x})[graph.outputs[0]].reshape(-1)
        if int(np.sort(found)[-1]) - int(np.sort(found)[-2]) > 4:  # no tie in three decimals
            contents.append(x.tobytes())
            classes.append(int(found.argmax()))
    return contents, classes


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, answers: tuple[list[bytes], list[int]]) -> Path:
    """Labelled so that six of eight are right."""
    contents, classes = answers
    labels = [(label + (i < 2)) % CLASSES for i, label in enumerate(classes)]
    return write_set(tmp_path_factory.mktemp("set") / "kws01", contents, labels)


@pytest.fixture(scope="module")
def instructions(bundle: Path, answers: tuple[list[bytes], list[int]]) -> float:
    """Of one inference in a row of 40, counted through EdgeKit's own extension; median of the
    first five samples, since a softmax takes longer for some."""
    target = load_target("virtual-m4")
    with board(open_bundle(bundle), target) as opened:
        extension = opened.dut.extension()
        counter = Counter.of(target, extension.info())
        counts = []
        for sample in answers[0][:5]:
            extension.write_input(sample)
            counts.append(counter.count(extension.run(40, timeout=60.0).net) / 40)
        return median(counts)


def test_performance_mode(bundle: Path, data: Path, instructions: float, tmp_path: Path) -> None:
    times = iter([0.0, 9.9, 0.0, 10.0])
    with (
        emulated_rig(bundle, mode="performance") as rig,
        OfficialRunner(tmp_path, data, clock=lambda: next(times)) as runner,
    ):
        again = runner.performance(rig.ports["dut"], 40, 10)
        rate = runner.performance(rig.ports["dut"], 40, 10)
    assert runner.model == "kws01"
    assert rate == pytest.approx(again, rel=1e-3), "counted in instructions, so it repeats"
    assert rate == pytest.approx(1 / (256e-9 * instructions), rel=0.01)
    log = (tmp_path / "log.txt").read_text(encoding="utf-8").splitlines()
    assert log[:3] == ["> name%", "< m-name-dut-[EdgeKit]", "< m-ready"]
    start = log.index("> infer 40 10%")
    assert [line.split("-us-")[0] for line in log[start + 1 : start + 7]] == [
        "< m-warmup-start-10", "< m-warmup-done", "< m-infer-start-40",
        "< m-lap", "< m-lap", "< m-infer-done",
    ]  # fmt: skip
    assert log[start + 7].startswith("< m-results-[")
    assert log[start + 8] == "< m-ready"
    assert (tmp_path / "results.txt").read_text().splitlines() == [
        "ulp-mlperf: ERROR 2 - loop exited before 10 seconds elapsed.",
        f"ulp-mlperf: Median throughput is {rate:>10.3f} inf./sec.",
    ]


def test_accuracy_mode(bundle: Path, data: Path, tmp_path: Path) -> None:
    with (
        emulated_rig(bundle, mode="accuracy") as rig,
        OfficialRunner(tmp_path, data) as runner,
    ):
        assert rig.load is None
        assert runner.accuracy(rig.ports["dut"]) == 75.0
    top1, area = (tmp_path / "results.txt").read_text().splitlines()
    assert top1 == "ulp-mlperf: Top 1% = 75.0"
    assert 0.5 < float(area.removeprefix("ulp-mlperf: AUC = ")) <= 1.0


def expected_microjoules(rig: Rig, seconds: float, inferences: int) -> float:
    power = LoadProfile.from_target(load_target("virtual-m4")).active_w
    return 1e6 * power * seconds / inferences


@pytest.mark.parametrize("inferences", [300, 3000])
def test_energy_mode(
    inferences: int, bundle: Path, data: Path, instructions: float, tmp_path: Path
) -> None:
    """Every window's energy is the load's power over the window's length."""
    with emulated_rig(bundle, mode="energy") as rig, OfficialRunner(tmp_path, data) as runner:
        found = runner.energy(rig.ports["interface"], rig.ports["power"], inferences, 10)
    target = load_target("virtual-m4")
    assert target.seconds_per_instruction is not None
    seconds = inferences * instructions * target.seconds_per_instruction
    assert found == pytest.approx(expected_microjoules(rig, seconds, inferences), rel=0.01)
    results = (tmp_path / "results.txt").read_text().splitlines()
    lengths = [float(line.split(":")[1].split()[0]) for line in results if "Elapsed" in line]
    exact = sorted(expected_microjoules(rig, length, inferences) for length in lengths)[2]
    assert found == pytest.approx(exact, rel=2e-4), "four digits of each sample's energy"
    assert len(lengths) == 5
    assert max(lengths) < 1.15 * min(lengths), "samples differ by their softmax only"
    assert results[-1] == f"Median energy cost is {found:5.4f} uJ/inf."
    log = (tmp_path / "log.txt").read_text(encoding="utf-8")
    start = log.index(f"> dut infer {inferences} 10%")
    assert f"< m-dut-passthrough(infer {inferences} 10)\n< m-ready\n" in log[start:]
    assert "< [dut]: m-results-[" in log[start:]
    assert "m-lap-us" not in log, "energy mode prints no time stamps"
    assert log.count("lpm < event ") >= 10


def test_the_count_that_the_files_ask_for_fills_a_window(bundle: Path, instructions: float) -> None:
    target = load_target("virtual-m4")
    assert target.seconds_per_instruction is not None
    with emulated_rig(bundle, mode="energy") as rig:
        assert rig.load is not None
        seconds = rig.load.inferences * instructions * target.seconds_per_instruction
    assert 10.5 <= seconds <= 20.0


def test_the_arduino_dialect(bundle: Path, data: Path, tmp_path: Path) -> None:
    """What the EEMBC runner sends to the IO manager before it measures."""
    from tests.helpers.official_runner import Line

    with emulated_rig(bundle, mode="energy", interface="arduino") as rig:
        heard: list[str] = []
        line = Line(rig.ports["interface"], 115200, "%", heard.append)
        try:
            assert line.ask("name")[-1] == "m-ready"
            assert line.ask("dut profile") == ["m-dut-passthrough(profile)", "m-ready"]
            reply = [line.lines.get(timeout=5) for _ in range(4)]
            assert reply[1] == "[dut]: m-model-[kws01]"
            assert reply[-1] == "[dut]: m-ready"
            assert line.ask("tm 0") == [
                "m-timestmp-mode-FALLING", "m-[Timer disabled after mode change]", "m-ready",
            ]  # fmt: skip
            assert line.ask("tm 2")[0].startswith("e-[")
            assert line.ask("enable-timer") == ["m-timer-enabled", "m-ready"]
            assert line.ask("checkbaud") == ["e-[Unknown command: checkbaud]", "m-ready"]
        finally:
            line.close()
