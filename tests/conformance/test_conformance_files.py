"""Whole files: those of EDGEKIT_CONFORMANCE_MODELS, of the test data, and odd ones made here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from edgekit.converter.tflite.writer import write_tflite
from tests.conformance.campaign import Campaign
from tests.conformance.files import check_file, check_files, model_files, models_folder, verdicts
from tests.conformance.graphs import case
from tests.helpers.toolchains import require

FOLDER = models_folder()


@pytest.fixture
def campaign(tmp_path: Path) -> Campaign:
    require("gcc")
    return Campaign(tmp_path / "work")


@pytest.mark.data
@pytest.mark.skipif(not model_files(FOLDER), reason="no models; set EDGEKIT_CONFORMANCE_MODELS")
def test_files_of_others_agree() -> None:
    require("gcc")
    rows = check_files(FOLDER)
    text = "\n".join(map(str, rows))
    print(text)
    assert not any(row.failed for row in rows), text
    assert "equal" in verdicts(rows), text


def test_a_file_is_followed_through_everything(campaign: Campaign, tmp_path: Path) -> None:
    path = tmp_path / "random.tflite"
    path.write_bytes(write_tflite(case(3).graph))
    with campaign:
        row = check_file(path, campaign)
    assert (row.verdict, row.name) == ("equal", "random.tflite")
    assert "C: host 1" in row.detail


def test_what_is_not_supported_is_listed_with_the_reason(
    campaign: Campaign, tmp_path: Path
) -> None:
    path = tmp_path / "text.tflite"
    path.write_bytes(b"not a model at all")
    with campaign:
        row = check_file(path, campaign)
    assert row.verdict == "not supported"
    assert row.detail.startswith("[")
    assert not row.failed


def test_damaged_files_are_refused_politely(campaign: Campaign, tmp_path: Path) -> None:
    """Every file cut short is listed; none is a crash of the reader."""
    data = write_tflite(case(5).graph)
    with campaign:
        for cut in range(0, len(data), max(1, len(data) // 40)):
            path = tmp_path / "cut.tflite"
            path.write_bytes(data[:cut])
            assert not check_file(path, campaign).failed, cut


def test_a_large_file_is_listed(
    campaign: Campaign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.conformance.files.MOST_BYTES", 10)
    path = tmp_path / "large.tflite"
    path.write_bytes(bytes(11))
    with campaign:
        assert check_file(path, campaign).verdict == "too large"


@pytest.mark.slow
@pytest.mark.tensorflow
def test_files_of_tensorflow_agree(tmp_path: Path) -> None:
    """Detection heads, resizing, several inputs, in every number format its converter writes."""
    pytest.importorskip("tensorflow")
    require("gcc")
    command = [sys.executable, str(Path(__file__).with_name("tensorflow_models.py")), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    rows = check_files(tmp_path)
    text = "\n".join(map(str, rows)) + done.stdout
    assert not any(row.failed for row in rows), text
    assert verdicts(rows)["equal"] >= 18, text
