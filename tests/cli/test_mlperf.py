"""`edgekit bench --mlperf` on boards with other people's firmware, and every way it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from edgekit.artifacts.answers import ANSWERS_NAME
from edgekit.artifacts.report import read_report
from edgekit.deploy.mlperf import MlperfOptions, bench_mlperf, verdict
from edgekit.firmware_stubs.build import build_posix
from edgekit.runtime.link.transport import SerialTransport
from edgekit.runtime.mlperf.device import Device
from edgekit.runtime.mlperf.interface_board import InterfaceBoard
from edgekit.runtime.power.emulators.following import FollowingLpm01a
from edgekit.runtime.power.load import LoadProfile
from tests.helpers.command_line import Done, edgekit, fails, succeeds
from tests.helpers.foreign_board import ForeignBoard
from tests.helpers.mlperf_sets import random_set, write_set
from tests.helpers.ptys import fake_peer, firmware_on_pty
from tests.helpers.tiny_bundle import TINY_HASH, tiny_bundle

MLPERF = ("bench", "--mlperf")


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pseudo-terminals count as real ports, so that a result can qualify."""
    monkeypatch.setattr("edgekit.deploy.mlperf_board.is_pseudo_terminal", lambda path: False)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return random_set(tmp_path / "sets" / "kws01", 24).parent


def by_first_byte(data: bytes) -> tuple[float, ...]:
    """The class is the sample's first byte."""
    return tuple(0.9 if index == data[0] else 0.009 for index in range(12))


def refused_result(*words: object) -> Done:
    """A run that ends with exit code 3 and a report."""
    done = edgekit(*MLPERF, *words)
    assert done.code == 3, done
    return done


def test_performance_of_a_foreign_board_would_qualify(real: None, data: Path) -> None:
    with fake_peer(ForeignBoard(comma=True, end="\n")) as port:
        done = succeeds(*MLPERF, "--port", port, "--data", data, "--json")
    record = done.record["mlperf"]
    assert record["benchmark"] == "kws01"
    assert record["vendor"] == "someone else"
    assert record["throughput"] == pytest.approx(1 / 0.0425, rel=1e-4)
    assert len(record["windows"]) == 5
    assert all(rule["met"] for rule in record["rules"])
    figures = done.record["figures"]
    assert figures["latency"]["value"] == pytest.approx(0.0425, rel=1e-4)
    assert figures["latency"]["provenance"] == "measured"
    assert figures["throughput"]["basis"].startswith("board at ")


def test_the_report_and_its_views_tell_the_rules(real: None, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "report"
    with fake_peer(ForeignBoard()) as port:
        words = ("--port", port, "--data", data, "-t", "nucleo-l4r5zi", "-o", out, "--quick")
        done = refused_result(*words)
    assert "MLPerf Tiny kws01, performance mode: would not qualify" in done.out
    assert "leave out --quick" in done.out
    assert "Every window lasts at least 10 s" in done.err
    report = read_report(out)
    assert report.mlperf is not None
    assert [rule.name for rule in report.mlperf.rules if not rule.met] == ["window-length"]
    assert report.target.name == "nucleo-l4r5zi"
    for name in ("report.html", "report.md"):
        assert "No window lasts longer than the 30 s" in (out / name).read_text(encoding="utf-8")


def test_a_pseudo_terminal_never_qualifies(data: Path) -> None:
    with fake_peer(ForeignBoard()) as port:
        done = refused_result("--port", port, "--data", data, "--json")
    assert done.record["error"]["code"] == "mlperf-not-qualified"
    assert "Measured on hardware (simulated)" in done.record["error"]["found"]
    assert done.record["figures"]["latency"]["provenance"] == "simulated"


def labelled(folder: Path, wrong: int, count: int = 1000) -> Path:
    """`count` samples whose first byte is the class, of which so many are labelled otherwise."""
    contents = [bytes([index % 12]) + bytes(489) for index in range(count)]
    labels = [(index % 12 + (index < wrong)) % 12 for index in range(count)]
    return write_set(folder, contents, labels)


@pytest.mark.parametrize(("wrong", "code"), [(100, 0), (101, 3)])
def test_accuracy_at_its_limit(wrong: int, code: int, real: None, tmp_path: Path) -> None:
    with fake_peer(ForeignBoard(classify=by_first_byte)) as port:
        report = bench_mlperf(
            options=MlperfOptions("accuracy", labelled(tmp_path, wrong), port=port)
        )
    assert report.mlperf is not None
    score = report.mlperf.score
    assert score is not None
    assert score.value == 1 - wrong / 1000
    assert (score.files, score.inferences) == (1000, 1000)
    found = verdict(report)
    assert (found.exit_code if found else 0) == code
    assert report.figures["accuracy"].value == score.value


def test_some_of_the_files_do_not_qualify(real: None, data: Path) -> None:
    with fake_peer(ForeignBoard(classify=by_first_byte)) as port:
        done = refused_result(
            "--mode", "accuracy", "--port", port, "--data", data, "--files", "12", "--json"
        )
    assert (
        "As many files as the official data set has (12 of 1000)" in done.record["error"]["found"]
    )
    assert done.record["mlperf"]["score"]["files"] == 12


def dying(board: ForeignBoard, after: int) -> object:
    """The board, until it has inferred so often; then silence."""

    def answer(data: bytes) -> bytes:
        dead = sum(command.startswith("infer") for command in board.received) >= after
        return b"" if dead else board(data)

    return answer


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgekit.deploy.mlperf_board.Device", partial(Device, timeout=0.3))


def test_an_accuracy_run_that_broke_off_goes_on(
    real: None, impatient: None, data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "report"
    words = ("--mode", "accuracy", "--data", data, "-o", out)
    board = ForeignBoard(classify=by_first_byte)
    with fake_peer(dying(board, 10)) as port:  # type: ignore[arg-type]
        error = fails(*MLPERF, *words, "--port", port, exit_code=1, code="device-load")
    assert "--resume" in error["hint"]
    kept = (out / ANSWERS_NAME).read_text(encoding="utf-8")
    (out / ANSWERS_NAME).write_text(kept + '{"file": "sample_0', encoding="utf-8")
    fresh = ForeignBoard(classify=by_first_byte)
    with fake_peer(fresh) as port:
        done = refused_result(*words, "--port", port, "--resume", "--json")
    assert sum(command.startswith("infer") for command in fresh.received) == 14
    assert done.record["mlperf"]["score"]["files"] == 24
    (note,) = (n for n in done.record["warnings"] if n["code"] == "mlperf-resumed")
    assert note["message"].startswith("10 of the 24 files")
    assert not (out / ANSWERS_NAME).exists()
    with fake_peer(ForeignBoard(classify=by_first_byte)) as port:
        whole = refused_result(*words, "--port", port, "--json")
    assert whole.record["mlperf"]["score"] == done.record["mlperf"]["score"]


def test_nothing_or_something_else_to_go_on_with(
    real: None, impatient: None, data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "report"
    words = (*MLPERF, "--mode", "accuracy", "--data", data, "-o", out)
    with fake_peer(ForeignBoard()) as port:
        fails(*words, "--port", port, "--resume", exit_code=2, code="resume-nothing")
    with fake_peer(dying(ForeignBoard(), 3)) as port:  # type: ignore[arg-type]
        fails(*words, "--port", port, exit_code=1, code="device-load")
    with fake_peer(ForeignBoard(vendor="another")) as port:
        error = fails(*words, "--port", port, "--resume", exit_code=2, code="resume-changed")
    assert error["subject"] == "--resume, vendor"
    path = out / ANSWERS_NAME
    path.write_text(path.read_text(encoding="utf-8").replace("results", "rest", 1))
    with fake_peer(ForeignBoard()) as port:
        error = fails(*words, "--port", port, "--resume", exit_code=1, code="resume-damaged")
    assert error["subject"].endswith("line 2")


def anomalies(folder: Path, labels: list[int]) -> Path:
    """Files of two windows; the first float of a window is its distance, larger for label 1."""
    contents = [
        np.concatenate([np.full(640, i + 10 * label, "<f4"), np.zeros(128, "<f4")]).tobytes()
        for i, label in enumerate(labels)
    ]
    return write_set(folder, contents, labels, 2, more=",2560,512")


def test_anomaly_files_are_scored_by_the_mean_of_their_windows(real: None, tmp_path: Path) -> None:
    def distance(data: bytes) -> tuple[float, ...]:
        return (float(np.frombuffer(data, "<f4").mean()),)

    labels = [0, 1, 0, 1, 0, 0]
    board = ForeignBoard("ad01", classify=distance)
    with fake_peer(board) as port:
        options = MlperfOptions("accuracy", anomalies(tmp_path / "ad01", labels), port=port)
        report = bench_mlperf(options=options)
    assert report.mlperf is not None
    score = report.mlperf.score
    assert score is not None
    assert (score.metric, score.value, score.inferences) == ("auc", 1.0, 12)
    with fake_peer(ForeignBoard("ad01", classify=distance)) as port:
        folder = anomalies(tmp_path / "normal", [0, 0])
        words = ("--mode", "accuracy", "--port", port, "--data", folder)
        error = fails(*MLPERF, *words, exit_code=1, code="mlperf-one-class")
    assert error["allowed"] == "files of both labels"


def test_a_model_of_another_benchmark(data: Path) -> None:
    board = ForeignBoard(classify=lambda _: (0.5, 0.5))
    with fake_peer(board) as port:
        words = ("--mode", "accuracy", "--port", port, "--data", data)
        error = fails(*MLPERF, *words, exit_code=1, code="mlperf-results")
    assert error["found"] == "2 results"


def test_a_board_with_an_unknown_model(data: Path) -> None:
    with fake_peer(ForeignBoard(model="gpt5")) as port:
        fails(*MLPERF, "--port", port, "--data", data, exit_code=1, code="mlperf-model")


@contextmanager
def metered(board: ForeignBoard, *, wired: bool = True) -> Iterator[tuple[str, str]]:
    """A board with energy firmware behind an interface board, fed by an LPM01A: (port, meter)."""
    profile = LoadProfile(volts=1.8, idle_w=0.01, active_w=0.04)
    with FollowingLpm01a(profile) as meter, fake_peer(board) as port:
        board.pulse = meter.fall if wired else None
        line = SerialTransport(port)
        with InterfaceBoard(line, on_infer=meter.expect_window) as interface:
            yield interface.path, f"lpm01a:{meter.path}?voltage=1800"


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows of a fifth of a second."""
    monkeypatch.setattr("edgekit.deploy.mlperf.QUICK_WINDOW_S", 0.2)
    monkeypatch.setattr("edgekit.deploy.mlperf_energy.WALL_S", 0.1)


def test_energy_through_an_interface_board(
    real: None, hasty: None, data: Path, tmp_path: Path
) -> None:
    """The load's power times the latency, whatever it took to find out how many fill a window."""
    out = tmp_path / "out"
    board = ForeignBoard(energy=True, latency_s=0.001, real_time=True)
    with metered(board) as (port, meter):
        words = ("--mode", "energy", "--port", port, "--power", meter, "--data", data, "--quick")
        record = refused_result(*words, "-o", out, "--json").record
    assert record["mlperf"]["link"] == "interface board"
    recording = (out / record["trace"]["file"]).read_bytes()
    assert record["trace"]["file_sha256"] == sha256(recording).hexdigest()
    assert record["mlperf"]["energy_j"] == pytest.approx(40e-6, rel=0.01)
    assert record["figures"]["energy_gross"]["value"] == pytest.approx(40e-6, rel=0.01)
    broken = {rule["name"] for rule in record["mlperf"]["rules"] if not rule["met"]}
    assert broken == {"hardware", "window-length"}, "the meter is at a pseudo-terminal too"
    assert board.longest <= 80


def test_energy_without_a_trigger_says_what_to_wire(hasty: None, data: Path) -> None:
    board = ForeignBoard(energy=True, latency_s=0.001, real_time=True)
    with metered(board, wired=False) as (port, meter):
        words = ("--mode", "energy", "--port", port, "--power", meter, "--data", data, "--quick")
        error = fails(*MLPERF, *words, exit_code=1, code="energy-windows")
    assert "trigger" in error["hint"]


def test_performance_firmware_in_energy_mode(data: Path) -> None:
    with metered(ForeignBoard()) as (port, meter):
        words = ("--mode", "energy", "--port", port, "--power", meter, "--data", data)
        error = fails(*MLPERF, *words, exit_code=1, code="mlperf-no-edges")
    assert "EE_CFG_ENERGY_MODE 1" in error["hint"]


def test_a_silent_board_behind_an_interface_board(impatient: None, data: Path) -> None:
    board = ForeignBoard(mute=("name",))
    with fake_peer(ForeignBoard()) as port, InterfaceBoard(SerialTransport(port)) as interface:
        interface.host_said = _deaf(interface, board)  # type: ignore[method-assign]
        words = ("--port", interface.path, "--data", data)
        error = fails(*MLPERF, *words, exit_code=1, code="device-silent")
    assert "an interface board answers, and the board behind it does not" in error["found"]
    assert "checkbaud" in error["hint"]


def _deaf(interface: InterfaceBoard, board: ForeignBoard) -> object:
    """What the interface board hears, with the board's answers lost."""
    heard = interface.host_said

    def host_said(data: bytes) -> None:
        interface.board_said = lambda _: None  # type: ignore[method-assign]
        heard(data)

    return host_said


def test_no_meter_and_a_meter_without_a_wire(data: Path, small_bundle: Path) -> None:
    error = fails(*MLPERF, "--mode", "energy", exit_code=2, code="mlperf-no-meter")
    assert "lpm01a:auto" in error["hint"]
    with fake_peer(ForeignBoard(energy=True)) as port:
        words = ("--mode", "energy", "--port", port, "--power", "virtual", "--data", data)
        error = fails(*MLPERF, *words, exit_code=2, code="mlperf-no-wire")
    assert "edgekit mlperf emulate" in error["hint"]


@pytest.mark.parametrize(
    ("words", "code", "exit_code"),
    [
        (("--mode", "speed"), "mlperf-mode", 2),
        ((), "mlperf-no-board", 2),
        (("--power", "virtual"), "option-unused", 2),
        (("--files", "3"), "option-unused", 2),
        (("--baud", "9600"), "option-unused", 2),
        (("--model-id", "kws01", "--port", "/dev/null"), "option-unused", 2),
        (("--battery", "1Wh"), "option-unused", 2),
        (("--windows", "7"), "option-unused", 2),
        (("--resume",), "option-unused", 2),
        (("--samples", "5"), "option-unused", 2),
        (("--port", "/dev/nowhere", "--data", "x"), "port-missing", 1),
    ],
)
def test_options_that_do_not_go_together(words: tuple[str, ...], code: str, exit_code: int) -> None:
    fails(*MLPERF, *words, exit_code=exit_code, code=code)


def test_without_mlperf_its_options_and_no_bundle_are_refused(small_bundle: Path) -> None:
    for words in (("--mode", "energy"), ("--files", "3"), ("--baud", "9600")):
        error = fails("bench", small_bundle, *words, exit_code=2, code="option-unused")
        assert "--mlperf" in error["found"]
    assert "edgekit bench BUNDLE" in fails("bench", exit_code=2, code="no-bundle")["hint"]


def test_a_bundle_of_no_benchmark(small_bundle: Path) -> None:
    error = fails(*MLPERF, small_bundle, exit_code=2, code="mlperf-which")
    assert "kws01 (490 B in, 12 out)" in error["allowed"]
    assert "--model-id" in error["hint"]
    fails(*MLPERF, small_bundle, "--model-id", "x", exit_code=2, code="model-id")


def test_no_data_set(tmp_path: Path) -> None:
    for words in ((), ("--data", tmp_path)):
        with fake_peer(ForeignBoard()) as port:
            error = fails(*MLPERF, "--port", port, *words, exit_code=1, code="mlperf-no-data")
        assert "y_labels.csv" in error["allowed"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--mode", "speed"), "mlperf-rig"),
        (("--interface", "nano"), "mlperf-rig"),
        (("--model-id", "x"), "model-id"),
        (("-t", "nano33ble"), "port-needed"),
    ],
)
def test_rigs_that_are_none(words: tuple[str, str], code: str, small_bundle: Path) -> None:
    fails("mlperf", "emulate", small_bundle, *words, exit_code=2, code=code)


def test_a_bundle_beside_a_port_is_checked_or_said_not_to_be(
    impatient: None, data: Path, small_bundle: Path, tmp_path: Path
) -> None:
    """EdgeKit firmware tells its model's hash; other firmware only its benchmark."""
    with fake_peer(ForeignBoard()) as port:
        record = refused_result(small_bundle, "--port", port, "--data", data, "--json").record
    assert "mlperf-bundle-unchecked" in {note["code"] for note in record["warnings"]}
    tiny = build_posix(tiny_bundle(tmp_path / "tiny"), tmp_path / "build", model_id="kws01")
    with firmware_on_pty(tiny.elf) as (port, _):
        words = (small_bundle, "--port", port, "--data", data)
        error = fails(*MLPERF, *words, exit_code=1, code="wrong-model")
    assert TINY_HASH in error["found"]
