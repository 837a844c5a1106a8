"""`edgekit bench` with emulated meters, and what an energy means for a battery and a bill."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.runtime.power.emulators.lines import EmulatedBridge
from edgekit.runtime.power.emulators.load import Load
from edgekit.runtime.power.emulators.lpm01a import EmulatedLpm01a
from tests.helpers.command_line import fails, succeeds

HOST = ("-t", "host", "--quick", "--samples", "1", "--windows", "2")


@pytest.mark.parametrize(
    ("words", "allowed"),
    [
        (("--battery", "1000mAh"), "1000mAh@3.7V, 3.7Wh"),
        (("--every", "often"), "100ms, 10s"),
        (("--sleep", "5"), "5uW"),
    ],
)
def test_words_that_are_no_quantity(
    words: tuple[str, str], allowed: str, desk: Path, small_bundle: Path
) -> None:
    error = fails("bench", small_bundle, *words, exit_code=2, code="bad-option")
    assert error["subject"] == words[0]
    assert allowed in error["found"]


@pytest.mark.parametrize(
    "words", [("--battery", "1Wh"), ("--every", "10s"), ("--sleep", "0W"), ("--price", "0.3")]
)
def test_without_a_meter_they_mean_nothing(
    words: tuple[str, str], desk: Path, small_bundle: Path
) -> None:
    error = fails("bench", small_bundle, *words, exit_code=2, code="option-unused")
    assert error["subject"] == words[0]
    assert "--power" in error["found"]


def test_they_are_figures_of_the_report(
    desk: Path, small_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgekit.deploy.bench_host.QUICK_S", 0.05)
    use = ("--battery", "1000mAh@3.7V", "--every", "10s", "--sleep", "5uW", "--price", "0.3")
    meter = ("--power", "virtual:?active_mw=100")
    figures = succeeds("bench", small_bundle, *HOST, *meter, *use, "--json").record["figures"]
    gross = figures["energy_gross"]["value"]
    assert figures["inferences_per_charge"]["value"] == pytest.approx(3.7 * 3600 / gross)
    assert figures["cost_per_million"]["value"] == pytest.approx(gross / 3.6 * 0.3)
    assert figures["duty_power"]["value"] == pytest.approx(gross / 10 + 5e-6, rel=1e-3)
    life = figures["battery_life"]
    assert life["value"] == pytest.approx(3.7 * 3600 / figures["duty_power"]["value"] / 86400)
    assert life["provenance"] == "estimated"
    assert life["basis"].startswith("gross energy (simulated, ")
    assert "a battery of 3.7 Wh, one inference every 10.0 s, 5.00 µW asleep" in life["basis"]


@pytest.mark.parametrize(
    ("name", "device"), [("lpm01a:{}?voltage=3300", EmulatedLpm01a), ("ina226:{}", EmulatedBridge)]
)
def test_a_measurement_is_rehearsed_with_an_emulated_meter(
    name: str,
    device: type[EmulatedLpm01a] | type[EmulatedBridge],
    desk: Path,
    small_bundle: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A steady load without edges: windows by marks, and its power comes back, simulated."""
    monkeypatch.setattr("edgekit.deploy.bench_host.QUICK_S", 0.3)
    load = Load(np.array([0.0]), np.array([0.02]), np.array([True]), 3.3, 1.0)
    with device(load) as meter:
        words = ("--power", name.format(meter.path))
        record = succeeds("bench", small_bundle, *HOST, *words, "--json").record
    power = record["figures"]["average_power"]
    assert power["value"] == pytest.approx(0.066, rel=0.01)
    assert power["provenance"] == "simulated"
    assert {window["source"] for window in record["energy"]["windows"]} == {"marks"}
    assert {"meter-emulated", "energy-marks"} <= {note["code"] for note in record["warnings"]}
