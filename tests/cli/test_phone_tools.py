"""LiteRT's benchmark_model and the battery gauge, in a benchmark of a phone behind `adb`."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Any

import pytest

from edgekit.deploy import bench_board
from edgekit.runtime.link.extension import Extension, Ticks
from tests.helpers.adb_client import AdbClient, needs_adb
from tests.helpers.benchmark_tool import FIRST_US, INIT_US, MEDIAN_US, benchmark_tool
from tests.helpers.binary_bundles import convert_binary
from tests.helpers.command_line import fails, succeeds
from tests.helpers.emulated import eventually
from tests.helpers.neon_cases import COMPILER, EMULATOR
from tests.helpers.phone import Phone
from tests.helpers.toolchains import require

pytestmark = [needs_adb, pytest.mark.qemu]
BENCH = ("--quick", "--samples", "1")
READINGS = 4
"""Of the gauge in a window of the test; a loaded machine reads slowly."""


@pytest.fixture(autouse=True)
def programs() -> None:
    require(COMPILER, EMULATOR)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return convert_binary(tmp_path_factory.mktemp("tools"), "android-arm64")


def test_benchmark_model_beside_a_runner_on_the_big_cores(
    bundle: Path, client: AdbClient, phone: Phone, tmp_path: Path
) -> None:
    tool, serial = benchmark_tool(tmp_path, COMPILER), client.reach(phone)
    words = ("--serial", serial, "--benchmark-model", tool, "--cores", "big")
    record = succeeds("bench", bundle, *words, *BENCH, "--json").record
    assert record["runs"][0]["environment"]["cores"] == "6,7"
    assert phone.masks() == ["c0", "c0"]
    figures = record["figures"]
    assert figures["tool_latency"]["value"] == pytest.approx(MEDIAN_US / 1e6)
    assert figures["tool_init"]["value"] == pytest.approx(INIT_US / 1e6)
    assert f"the first took {FIRST_US / 1e3:.1f} ms" in figures["tool_latency"]["basis"]
    assert figures["tool_latency"]["basis"].startswith(f"{tool.name} (SHA-256 ")
    assert figures["latency"]["basis"] != figures["tool_latency"]["basis"]
    assert len(record["runs"]) == 1


def test_cold_starts_and_a_sustained_run(bundle: Path, client: AdbClient, tmp_path: Path) -> None:
    """Starts are timed by the phone; each window has its thermal status."""
    phone = Phone(tmp_path / "phone", thermal=(0,) * 11 + (1,))
    words = ("--serial", client.reach(phone), "--cold", 3, "--sustained", 0.2, "--cores", "6-7")
    record = succeeds("bench", bundle, *words, *BENCH, "--json").record
    [run] = record["runs"]
    assert len(run["cold"]) == 3
    parts = [start[part] for start in run["cold"] for part in ("process_s", "load_s", "first_s")]
    assert all(part > 0 for part in parts)
    assert record["figures"]["cold_start"]["provenance"] == "measured"
    assert [row["state"]["thermal"] for row in run["sustained"]] == ["none"] * 10 + ["light"] * 10
    assert {row["state"]["temperature_mc"] for row in run["sustained"]} == {"41000"}
    assert phone.masks() == ["c0", "c0"]
    assert not list(phone.home.iterdir())


def test_benchmark_model_that_prints_no_timings(
    bundle: Path, client: AdbClient, phone: Phone, tmp_path: Path
) -> None:
    tool = benchmark_tool(tmp_path, COMPILER, "ERROR: Encountered unresolved custom op: LceBconv2d")
    words = ("--serial", client.reach(phone), "--benchmark-model", tool)
    error = fails("bench", bundle, *words, *BENCH, exit_code=1, code="benchmark-model-failed")
    assert "unresolved custom op: LceBconv2d" in error["found"]


def test_benchmark_model_without_a_device(bundle: Path, client: AdbClient, tmp_path: Path) -> None:
    tool = benchmark_tool(tmp_path, COMPILER)
    words = ("--emulate", "--benchmark-model", tool)
    error = fails("bench", bundle, *words, *BENCH, exit_code=2, code="option-unused")
    assert "it runs on a Pi or a phone" in error["found"]


@pytest.mark.parametrize(
    ("words", "code", "found"),
    [
        (("--emulate", "--cores", "big"), "option-unused", "it is for a Pi or a phone"),
        (("--serial", "R58M", "--cores", "fast"), "bad-option", "not understood: 'fast'"),
        (("--serial", "R58M", "--benchmark-model", "none"), "bad-benchmark-model", "No such file"),
    ],
)
def test_options_that_cannot_be_had(
    words: tuple[str, ...], code: str, found: str, bundle: Path
) -> None:
    """Said before a phone is asked for anything."""
    assert found in fails("bench", bundle, *words, *BENCH, exit_code=2, code=code)["found"]


@pytest.fixture
def patient(phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows end when the gauge was read some times, however slow this machine is."""
    run, sizing, metered = Extension.run, bench_board.window_inferences, Event()

    def size(*words: Any, **options: Any) -> int:
        metered.set()
        return sizing(*words, **options)

    def run_and_wait(self: Extension, *words: int, timeout: float) -> Ticks:
        before = phone.readings()
        found = run(self, *words, timeout=timeout)
        assert not metered.is_set() or eventually(lambda: phone.readings() >= before + READINGS)
        return found

    monkeypatch.setattr(bench_board, "window_inferences", size)
    monkeypatch.setattr(Extension, "run", run_and_wait)


@pytest.mark.usefixtures("patient")
def test_energy_from_the_battery_gauge(bundle: Path, client: AdbClient, phone: Phone) -> None:
    """The meter is the gauge of the phone that --serial names."""
    phone.discharge()
    serial = client.reach(phone)
    meter = ("--power", "android:?interval=0.1", "--windows", 1)
    record = succeeds("bench", bundle, "--serial", serial, *meter, *BENCH, "--json").record
    assert record["energy"]["meter"] == f"Android battery gauge at {serial}"
    gross = record["figures"]["energy_gross"]
    assert gross["provenance"] == "measured"
    assert gross["value"] > 0
    assert 0.9 < record["figures"]["average_power"]["value"] < 1.1
    codes = {note["code"]: note["message"] for note in record["warnings"]}
    assert "screen and radios included" in codes["meter-gauge"]
    assert "steps of 1.00 mA" in codes["meter-gauge"]


def test_a_phone_on_its_charger(bundle: Path, client: AdbClient, phone: Phone) -> None:
    phone.discharge("Charging")
    words = ("--serial", client.reach(phone), "--power", "android:")
    error = fails("bench", bundle, *words, *BENCH, exit_code=1, code="meter-charging")
    assert "the battery is charging" in error["found"]
    assert "adb over Wi-Fi" in error["hint"]


def test_the_gauge_of_another_phone(bundle: Path, client: AdbClient, phone: Phone) -> None:
    words = ("--serial", client.reach(phone), "--power", "android:R58M")
    error = fails("bench", bundle, *words, *BENCH, exit_code=2, code="other-phone")
    assert error["subject"] == "--power android:R58M"
    assert error["hint"] == "leave the serial number out: --power android:"
