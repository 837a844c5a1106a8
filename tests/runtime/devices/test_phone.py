"""What phones tell of themselves, as reports say it."""

from __future__ import annotations

import pytest

from edgekit.runtime.devices.phone import parse_identity, parse_state, thermal_notes
from tests.helpers.phone import BATTERY, THERMAL


def test_what_a_phone_is() -> None:
    text = "maker=Google\nmodel=Pixel 6\nrelease=13\napi=33\nabis=arm64-v8a,armeabi-v7a\n"
    assert parse_identity(text) == {
        "phone": "Google Pixel 6",
        "android": "13 (API 33)",
        "abis": "arm64-v8a,armeabi-v7a",
    }


@pytest.mark.parametrize("text", ["", "maker=\nmodel=\nrelease=\napi=\nabis=\n", "sh: getprop"])
def test_a_device_that_tells_nothing(text: str) -> None:
    assert parse_identity(text) == parse_state(text) == {}


@pytest.mark.parametrize(
    ("text", "state"),
    [
        (BATTERY, {"battery": "83 %, 29.1 °C"}),
        (BATTERY + THERMAL.format(status=0), {"battery": "83 %, 29.1 °C", "thermal": "none"}),
        (THERMAL.format(status=3), {"thermal": "severe"}),
        (THERMAL.format(status=99), {}),
        ("  level: 5\r\n  temperature: -15\r\n", {"battery": "5 %, -1.5 °C"}),
        ("  Charge counter: 3 level: 9\nCan't find service: thermalservice\n", {}),
    ],
)
def test_the_state_of_a_phone(text: str, state: dict[str, str]) -> None:
    assert parse_state(text) == state


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"thermal": "none"}, {"thermal": "light"}, "thermal status none before and light after"),
        ({"thermal": "severe"}, {}, "thermal status severe before and unknown after"),
    ],
)
def test_a_warm_phone_is_named(before: dict[str, str], after: dict[str, str], said: str) -> None:
    [note] = thermal_notes("R58M", before, after)
    assert (note.code, note.subject, note.level) == ("phone-warm", "R58M", "warning")
    assert note.message.startswith(said)
    assert note.advice


def test_a_cool_phone_needs_no_note() -> None:
    assert thermal_notes("R58M", {}, {}) == ()
    assert thermal_notes("R58M", {"thermal": "none"}, {"thermal": "none"}) == ()
