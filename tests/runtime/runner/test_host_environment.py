"""What is told about the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.runtime.runner import environment


def test_only_known_values_are_told() -> None:
    facts = environment.describe()
    assert all(facts.values())
    assert int(facts["cores"]) >= 1
    assert environment.device_name().startswith("host ")


def test_memory_is_in_bytes_and_the_peak_is_no_less() -> None:
    assert 1e6 < environment.current_rss() <= environment.peak_rss() < 1e12


def test_peak_memory_without_proc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(environment, "_STATUS", tmp_path / "none")
    assert environment.peak_rss() > 1e6
    assert environment.current_rss() == 0


def test_a_raspberry_pi_is_named_by_its_board(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "model").write_text("Raspberry Pi 4 Model B Rev 1.4\0")
    monkeypatch.setattr(environment, "_DEVICE_TREE", tmp_path / "model")
    assert environment.device_name().endswith("Raspberry Pi 4 Model B Rev 1.4")
    assert environment.describe()["board"] == "Raspberry Pi 4 Model B Rev 1.4"


@pytest.mark.parametrize(
    ("facts", "threads", "codes"),
    [
        ({"cores": "4", "load_average": "0.3", "governor": "performance"}, 4, []),
        ({"cores": "4", "load_average": "2.5"}, 1, ["busy-machine"]),
        ({"cores": "4", "governor": "ondemand"}, 1, ["governor"]),
        ({"cores": "2"}, 4, ["too-many-threads"]),
    ],
)
def test_what_spoils_a_measurement_is_noted(
    facts: dict[str, str], threads: int, codes: list[str]
) -> None:
    notes = environment.notes(facts, threads, "pi")
    assert [note.code for note in notes] == codes
    assert all(note.advice and note.subject == "pi" for note in notes)
