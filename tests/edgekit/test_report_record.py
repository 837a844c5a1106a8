"""The report record: round trip, schema file, damage, size."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgekit.artifacts.figures import Figure, Provenance
from edgekit.artifacts.power import PowerTrace
from edgekit.artifacts.report import from_json, json_schema, read_report
from edgekit.errors import DataError
from edgekit.runtime.report.envelope import envelope
from tests.helpers.sample_report import board_report, bundle_report, host_report, trace

SCHEMA_FILE = Path(__file__).parents[2] / "runtime" / "report" / "report-v1.schema.json"


@pytest.mark.parametrize("make", [board_report, host_report, bundle_report])
def test_a_record_survives_its_json(make: Callable[[], object]) -> None:
    report = make()
    assert from_json(report.to_json()) == report  # type: ignore[attr-defined]


def test_the_json_text(golden: Callable[[str, str], None]) -> None:
    golden("report/board.json", board_report(4).to_json())


def test_a_bundles_report_has_no_date_and_is_deterministic() -> None:
    assert bundle_report().created == ""
    assert bundle_report().to_json() == bundle_report().to_json()


def test_the_shipped_schema_is_current(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        SCHEMA_FILE.write_text(json_schema(), encoding="utf-8")
    assert json_schema() == SCHEMA_FILE.read_text(encoding="utf-8")


def test_the_schema_names_every_field() -> None:
    schema = json.loads(json_schema())
    written = json.loads(board_report().to_json())
    assert written.keys() == schema["properties"].keys()
    assert schema["properties"]["schema"]["const"] == 1


def test_unknown_fields_are_ignored() -> None:
    raw = json.loads(bundle_report().to_json())
    raw["of_tomorrow"] = 1
    assert from_json(json.dumps(raw)) == bundle_report()


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"schema": 2}, "report-newer", "report schema 2, written by a newer EdgeKit"),
        ({"schema": None}, "report-damaged", "not an EdgeKit report"),
        ({"tool": None}, "report-damaged", "tool: "),
        ({"figures": {"latency": {"value": "x"}}}, "report-damaged", r"figures\.latency\."),
        ({"runs": 3}, "report-damaged", "runs: "),
    ],
)
def test_damage_is_named(change: dict[str, object], code: str, message: str) -> None:
    raw = {**json.loads(bundle_report().to_json()), **change}
    with pytest.raises(DataError, match=message) as caught:
        from_json(json.dumps(raw))
    assert caught.value.code == code
    assert caught.value.hint


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", '"x"'])
def test_what_is_no_record(text: str) -> None:
    with pytest.raises(DataError) as caught:
        from_json(text)
    assert caught.value.code == "report-damaged"


def test_reading_by_folder_by_file_and_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(bundle_report().to_json(), encoding="utf-8")
    assert read_report(tmp_path) == read_report(tmp_path / "report.json") == bundle_report()
    with pytest.raises(DataError, match="cannot be read: No such file") as caught:
        read_report(tmp_path / "none.json")
    assert caught.value.code == "report-missing"
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="damaged") as caught:
        read_report(tmp_path / "bytes.json")
    assert caught.value.code == "report-damaged"


def test_infinity_and_nan_never_reach_the_file() -> None:
    figure = Figure(1.0, "s", Provenance.MEASURED, "x", low=float("-inf"), high=float("nan"))
    text = replace(bundle_report(), figures={"latency": figure}).to_json()
    assert "Infinity" not in text
    assert "NaN" not in text
    assert from_json(text).figures["latency"].low is None


def test_a_million_samples_leave_the_record_small() -> None:
    long = trace(1_000_000)
    report = replace(board_report(), trace=envelope(long))
    assert report.trace is not None
    assert report.trace.samples > 980_000
    assert len(report.to_json()) < 60_000


def test_the_envelope_keeps_peaks_and_gaps() -> None:
    t = np.arange(100_000) / 1e5
    amps = np.full(len(t), 1e-3)
    amps[31_415] = 0.5
    amps[27_182] = 0.0
    kept = (t < 0.4) | (t > 0.5)
    picture = envelope(PowerTrace(t[kept], np.full(kept.sum(), 2.0), amps[kept]), columns=100)
    assert max(v for v in picture.high_w if v is not None) == 1.0
    assert min(v for v in picture.low_w if v is not None) == 0.0
    assert sum(v is None for v in picture.high_w) in range(8, 11)
    for low, mean, high in zip(picture.low_w, picture.mean_w, picture.high_w, strict=True):
        assert (low is None) == (mean is None) == (high is None)
        if low is not None and mean is not None and high is not None:
            assert low <= mean <= high


@pytest.mark.parametrize("count", [1, 2])
def test_a_trace_of_almost_nothing(count: int) -> None:
    t = np.arange(count, dtype=np.float64)
    picture = envelope(PowerTrace(t, np.ones(count), np.ones(count)))
    assert picture.high_w == (1.0,) * count
