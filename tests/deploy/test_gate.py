"""`study_gate`: what a threshold saves and misses on a clip; events and costs that cannot be."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgekit.deploy.gate import study_gate
from edgekit.deploy.gate_data import Event, read_costs, read_events
from edgekit.errors import DataError, UsageError, Verdict
from tests.helpers.command_line import edgekit, fails, succeeds
from tests.helpers.sample_report import board_report

SIDE = 12


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """20 still frames of the model's size but for a bright event and a faint one."""
    frames = np.full((20, SIDE, SIDE, 3), 100, np.uint8)
    frames[5:8, :8, :8] = 180
    frames[12:15, :8, :8] = 108
    np.save(tmp_path / "clip.npy", frames)
    (tmp_path / "events.csv").write_text("start,end,label\n5,7,bright\n12,14,faint\n")
    return tmp_path


def counts_file(folder: Path) -> Path:
    record = {
        "unit": "instructions",
        "basis": "simulated",
        "device": "QEMU",
        "frames": [
            {"convert": 100.0, "infer": 300.0, "ran": True},
            {"convert": 100.0, "infer": 0.0, "ran": False},
        ],
    }
    path = folder / "camera.json"
    path.write_text(json.dumps(record), encoding="utf-8")
    return path


def test_the_setting_that_saves_most_and_misses_nothing(small_bundle: Path, clip: Path) -> None:
    study = study_gate(
        small_bundle,
        clip / "clip.npy",
        clip / "events.csv",
        width=SIDE,
        height=SIDE,
        format="gray8",
        thresholds=(64, 320, 2000),
        hold=0,
        counts=counts_file(clip),
    )
    bright, faint = study.events
    assert [row.missed for row in study.rows] == [(), (faint,), (bright, faint)]
    assert [row.inferences for row in study.rows] == [5, 3, 1]
    assert study.chosen is study.rows[0]
    assert study.chosen.saved == pytest.approx(1 - (20 * 100 + 5 * 300) / (20 * 400))
    assert study.verdict() is None
    picture = study.picture()
    assert "simulated on QEMU" in picture
    assert picture.startswith("<svg")


def test_no_setting_that_will_do_is_a_verdict(small_bundle: Path, clip: Path) -> None:
    study = study_gate(
        small_bundle,
        clip / "clip.npy",
        clip / "events.csv",
        width=SIDE,
        height=SIDE,
        thresholds=(2000,),
        max_missed=1,
    )
    wrong = study.verdict()
    assert isinstance(wrong, Verdict)
    assert wrong.code == "gate-misses"
    assert "misses 2 or more of 2 events" in str(wrong)
    assert study.costs.basis == "inferences counted, conversion left out"


def test_the_command_writes_record_and_picture(small_bundle: Path, clip: Path) -> None:
    size = ("--size", f"{SIDE}x{SIDE}", "--frames", clip / "clip.npy")
    words = ("gate", small_bundle, *size, "--labels", clip / "events.csv")
    said = succeeds(*words, "--thresholds", "64,320", "-o", clip / "out").out
    assert "choose --gate 64" in said
    assert (clip / "out" / "gate.svg").is_file()
    assert len(json.loads((clip / "out" / "gate.json").read_text())["rows"]) == 2
    assert edgekit(*words, "--thresholds", "2000").code == 3
    fails(*words, "--thresholds", "many", exit_code=2, code="bad-option")
    fails("camera", small_bundle, *size[2:], "--size", "big", exit_code=2, code="bad-option")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("start,end\n", "no events in it"),
        ("start,end\n3,2\n", "line 2.*frames 3 to 2"),
        ("start,end\n0,1\n5,20\n", "line 3.*frames 5 to 20"),
        ("from,to\n1,2\n", "no frame numbers"),
        ("start,end\n1\n", "no frame numbers"),
    ],
)
def test_events_that_cannot_be_are_named(text: str, word: str, tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text(text)
    with pytest.raises(DataError, match=word) as found:
        read_events(tmp_path / "events.csv", 20)
    assert found.value.code == "gate-events"
    with pytest.raises(DataError, match="cannot be read"):
        read_events(tmp_path / "missing.csv", 20)


def test_events_need_no_label(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text("start,end\n1,2\n")
    assert read_events(tmp_path / "events.csv", 3) == (Event(1, 2),)


def test_costs_that_no_file_holds_are_named(tmp_path: Path) -> None:
    (tmp_path / "camera.json").write_text("{}")
    with pytest.raises(DataError, match="no counts of frames") as found:
        read_costs(tmp_path / "camera.json", None)
    assert found.value.code == "gate-costs"


def test_measured_energy_is_named_and_conversion_estimated(tmp_path: Path) -> None:
    report = board_report()
    assert report.energy is not None
    (tmp_path / "report.json").write_text(report.to_json(), encoding="utf-8")
    alone = read_costs(None, tmp_path / "report.json")
    assert (alone.unit, alone.infer, alone.convert) == ("J", report.energy.gross_j, 0.0)
    assert str(report.energy.provenance) in alone.basis
    assert "conversion left out" in alone.basis
    both = read_costs(counts_file(tmp_path), tmp_path / "report.json")
    assert both.convert == pytest.approx(report.energy.gross_j / 3)
    assert "conversion estimated by instructions" in both.basis
    bare = replace(report, energy=None)
    (tmp_path / "bare.json").write_text(bare.to_json(), encoding="utf-8")
    with pytest.raises(DataError, match="a report without energy"):
        read_costs(None, tmp_path / "bare.json")


def test_a_gate_that_makes_no_sense_is_refused(small_bundle: Path, clip: Path) -> None:
    with pytest.raises(UsageError, match="leave at most enter") as found:
        study_gate(
            small_bundle,
            clip / "clip.npy",
            clip / "events.csv",
            width=SIDE,
            height=SIDE,
            thresholds=(70000,),
        )
    assert found.value.code == "gate-setting"
