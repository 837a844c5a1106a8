"""What phones tell of themselves, as reports say it."""

from __future__ import annotations

import pytest

from edgekit.runtime.devices.phone import parse_identity, parse_state, state_notes
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
    [note] = state_notes("R58M", before, after)
    assert (note.code, note.subject, note.level) == ("phone-warm", "R58M", "warning")
    assert note.message.startswith(said)
    assert note.advice


def test_a_cool_phone_needs_no_note() -> None:
    cool = {"thermal": "none", "cpu0-3": "schedutil, 300 MHz, cap 1803 of 1803 MHz"}
    assert state_notes("R58M", {}, {}) == ()
    assert state_notes("R58M", cool, cool) == ()


def clusters(cap: int) -> dict[str, str]:
    text = (
        f"cluster=0 1 2 3=schedutil=300000 1803000 1803000\ncluster=7=walt=576000 {cap} 2842000\n"
    )
    return parse_state(text)


def test_the_clusters_of_cores() -> None:
    assert clusters(2842000) == {
        "cpu0-3": "schedutil, 300 MHz, cap 1803 of 1803 MHz",
        "cpu7": "walt, 576 MHz, cap 2842 of 2842 MHz",
    }
    assert parse_state("cluster=0 1 2 3==\ncluster==schedutil=3\n") == {}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (2842000, 1400000, "cpu7 at most 2842 MHz before and 1400 MHz after"),
        (1400000, 2842000, "cpu7 at most 1400 MHz before and 2842 MHz after"),
        (1400000, 1400000, "cpu7 at most 1400 of 2842 MHz"),
    ],
)
def test_a_clock_that_is_held_down_is_named(before: int, after: int, said: str) -> None:
    [note] = state_notes("R58M", clusters(before), clusters(after))
    assert (note.code, note.level) == ("clock-capped", "warning")
    assert note.message == f"clock held down: {said}"
    assert "battery saving" in note.advice


def test_the_warmest_zones() -> None:
    text = "".join(f"zone={1000 * value}=tz{value}\n" for value in (30, 70, 20, 50, 60, 40))
    zones = "tz70 70.0 °C, tz60 60.0 °C, tz50 50.0 °C, tz40 40.0 °C, tz30 30.0 °C"
    assert parse_state(text + "zone=-40960=usb\nzone==none\n") == {"zones": zones}
