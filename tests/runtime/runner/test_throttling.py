"""What a Pi's firmware says of supply and temperature."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from edgekit.runtime.runner import throttling


@pytest.mark.parametrize(
    ("text", "number"),
    [("0x50005", 0x50005), ("50005", 0x50005), ("0x0", 0), ("", None), ("no", None)],
)
def test_the_number(text: str, number: int | None) -> None:
    assert throttling.parse(text) == number


def test_every_bit_has_its_own_words() -> None:
    for bit, words in throttling.BITS.items():
        assert throttling.meaning(1 << bit) == (words,)
    assert throttling.meaning(0x50005) == (
        "under-voltage",
        "throttled",
        "under-voltage has occurred",
        "throttling has occurred",
    )
    assert throttling.meaning(1 << 7) == ("bit 7",)
    assert throttling.meaning(0) == ()


@pytest.mark.parametrize(
    ("before", "after", "code", "message"),
    [
        ("0x0", "0x0", None, ""),
        ("0x0", "0x1", "throttled", "under-voltage (get_throttled 0x1)"),
        ("0x4", "0x0", "throttled", "throttled (get_throttled 0x0)"),
        ("0x0", "0x80000", "throttled", "soft temperature limit active (get_throttled 0x80000)"),
        ("0x10000", "0x10000", "throttled-before", "under-voltage has occurred"),
        ("0x10000", "0x50000", "throttled", "throttled (get_throttled 0x50000)"),
    ],
)
def test_what_it_means_for_a_run(before: str, after: str, code: str | None, message: str) -> None:
    found = throttling.notes("pi", {"throttled": before}, {"throttled": after})
    assert [note.code for note in found] == ([code] if code else [])
    for note in found:
        assert note.message.endswith(message)
        assert note.advice
        assert note.level == ("warning" if code == "throttled" else "info")
    assert throttling.notes("pi", {}, {}) == ()


def test_the_script_and_its_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose firmware answers, and one without any."""
    state = throttling.here()
    assert int(state["memory_available_kb"]) > 1000
    program = tmp_path / "vcgencmd"
    program.write_text("#!/bin/sh\necho throttled=0x50000\n")
    program.chmod(0o700)
    words = ["sh", "-c", f"PATH={tmp_path}:$PATH; {throttling.STATE}"]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert throttling.parse_state(said)["throttled"] == "0x50000"
    assert throttling.parse_state("throttled=\ntemperature_mc=\nfrequency_khz=\n") == {}
    told = "throttled=throttled=0x4\ntemperature_mc=61300\n"
    assert throttling.parse_state(told) == {"throttled": "0x4", "temperature_mc": "61300"}
