"""Quantities as people type them."""

from __future__ import annotations

import pytest

from edgekit.units import parse_battery, parse_seconds, parse_si


@pytest.mark.parametrize(
    ("text", "value"),
    [("5uW", 5e-6), ("5 µW", 5e-6), ("1.2mW", 1.2e-3), ("0W", 0), ("3 W", 3), ("2kW", 2e3)],
)
def test_powers(text: str, value: float) -> None:
    assert parse_si(text, "W") == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "value"), [("100ms", 0.1), ("10s", 10), ("5 min", 300), ("1h", 3600), ("2d", 172800)]
)
def test_times(text: str, value: float) -> None:
    assert parse_seconds(text) == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1000mAh@3.7V", 3.7), ("2Ah @ 3000mV", 6), ("3.7Wh", 3.7), ("500mWh", 0.5)],
)
def test_batteries(text: str, value: float) -> None:
    assert parse_battery(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "W", "5", "fiveW", "-1W", "nanW", "infW", "5uV"])
def test_what_is_no_power(text: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        parse_si(text, "W")


@pytest.mark.parametrize("text", ["", "10", "s", "-1s", "1 week"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        parse_seconds(text)


@pytest.mark.parametrize("text", ["", "1000mAh", "1000mAh@", "@3.7V", "3.7V", "1Ah@3W"])
def test_what_is_no_battery(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a battery.*1000mAh@3\.7V"):
        parse_battery(text)
