"""Names of meters, and the registry behind them."""

from __future__ import annotations

from importlib import import_module

import pytest

from edgekit.errors import UsageError
from edgekit.runtime.power.meter import TakesEdges
from edgekit.runtime.power.names import METERS, MeterSpec, make_meter, parse_meter
from edgekit.runtime.power.ppk2 import Ppk2
from edgekit.runtime.power.virtual_meter import VirtualMeter
from edgekit.targets.reader import load_target


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("virtual", MeterSpec("virtual")),
        ("virtual:", MeterSpec("virtual")),
        ("ppk2:", MeterSpec("ppk2")),
        ("ppk2:auto", MeterSpec("ppk2")),
        ("ppk2:/dev/ttyACM1", MeterSpec("ppk2", "/dev/ttyACM1")),
        (
            "ppk2:/dev/ttyACM1?mode=ampere&voltage=1800",
            MeterSpec("ppk2", "/dev/ttyACM1", {"mode": "ampere", "voltage": "1800"}),
        ),
        ("ppk2:COM7?mode=source", MeterSpec("ppk2", "COM7", {"mode": "source"})),
    ],
)
def test_names_are_parsed(text: str, spec: MeterSpec) -> None:
    assert parse_meter(text) == spec
    assert parse_meter(str(spec)) == spec


def test_unknown_scheme_lists_the_meters_and_guesses() -> None:
    with pytest.raises(UsageError) as caught:
        parse_meter("pkp2:/dev/ttyACM1")
    assert caught.value.code == "meter-unknown"
    assert caught.value.allowed == ", ".join(f"{name}:" for name in METERS)
    assert "ppk2:" in caught.value.hint
    with pytest.raises(UsageError, match="Write scheme:place"):
        parse_meter("/dev/ttyACM1")


@pytest.mark.parametrize("text", ["ppk2:?volts=3", "virtual:?x"])
def test_unknown_option_lists_the_options(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_meter(text)
    assert caught.value.code == "meter-option"
    assert caught.value.allowed == ", ".join(METERS[text.partition(":")[0]].options)


@pytest.mark.parametrize(
    ("text", "found", "allowed"),
    [
        ("ppk2:?mode=volt", "option mode=volt", "source or ampere"),
        ("ppk2:?voltage=12000", "option voltage=12000", "a number from 800 to 5000"),
        ("ppk2:?voltage=high", "option voltage=high", "a number from 800 to 5000"),
        ("ppk2:?spike_filter=1", "option spike_filter=1", "on or off"),
        ("ppk2:?input=D8", "option input=D8", "D0 or D1 or D2 or D3 or D4 or D5 or D6 or D7"),
        ("virtual:?loss=2", "option loss=2", "a number from 0 to 0.5"),
    ],
)
def test_wrong_option_values(text: str, found: str, allowed: str) -> None:
    with pytest.raises(UsageError) as caught:
        make_meter(text, load_target("virtual-m4"))
    assert (caught.value.found, caught.value.allowed) == (found, allowed)
    assert caught.value.code == "meter-option"


def test_every_row_of_the_registry_can_be_made() -> None:
    for scheme, kind in METERS.items():
        module, _, name = kind.factory.partition(":")
        assert callable(getattr(import_module(module), name))
        name = kind.example.removeprefix("for example ")
        assert make_meter(name, load_target("virtual-m4")).identity.name
        assert scheme in kind.example


def test_the_voltage_is_that_of_the_rail_unless_given() -> None:
    target = load_target("nucleo-l4r5zi")
    made = [make_meter(text, target) for text in ("ppk2:", "ppk2:?voltage=3000")]
    assert all(isinstance(meter, Ppk2) for meter in made)
    assert [meter.settings.millivolts for meter in made] == [1800, 3000]  # type: ignore[attr-defined]


def test_a_rail_beyond_the_meter_is_refused() -> None:
    values = load_target("rpi4").model_dump()
    values["power"]["rail_v"] = 12.0
    target = type(load_target("rpi4")).model_validate(values)
    with pytest.raises(UsageError) as caught:
        make_meter("ppk2:", target)
    assert caught.value.code == "meter-voltage"
    assert "12 V" in caught.value.found


def test_only_the_virtual_meter_takes_edges_and_says_simulated() -> None:
    virtual = make_meter("virtual:?active_mw=40")
    real = make_meter("ppk2:/dev/null")
    assert isinstance(virtual, VirtualMeter)
    assert isinstance(virtual, TakesEdges)
    assert not isinstance(real, TakesEdges)
    assert virtual.identity.provenance == "simulated"
    assert real.identity.provenance == "measured"
