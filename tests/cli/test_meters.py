"""`edgekit meters`: the list, and what is plugged in."""

from __future__ import annotations

import pytest

from edgekit.runtime.power.names import METERS
from edgekit.runtime.power.virtual_meter import VirtualMeter
from tests.helpers.command_line import fails, succeeds
from tests.helpers.ptys import AsciiPeer, fake_peer
from tests.helpers.usb_ports import plug_in
from tests.runtime.power.test_virtual_meter import LOAD


def test_the_list_names_every_meter(monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch)
    done = succeeds("meters", "list")
    assert all(f"{scheme}:" in done.out for scheme in METERS)
    assert "No meter is plugged in" in done.out


def test_what_is_plugged_in_is_named_as_power_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, ("/dev/ttyACM1", "1915:c00a", "F3", "1-2:1.1"))
    assert "ppk2:/dev/ttyACM1 (PPK2)" in succeeds("meters", "list").out
    record = succeeds("meters", "list", "--json").record
    assert [(row["scheme"], row["path"], row["sure"]) for row in record["found"]] == [
        ("ppk2", "/dev/ttyACM1", True)
    ]
    assert {row["scheme"] for row in record["known"]} == set(METERS)
    (line,) = [
        row["found"] for row in succeeds("doctor", "--json").record if row["group"] == "ports"
    ]
    assert line == "PPK2 power meter (ppk2:/dev/ttyACM1) 1915:c00a"


def test_probing_asks_at_every_port(monkeypatch: pytest.MonkeyPatch) -> None:
    with VirtualMeter(LOAD) as meter, fake_peer(AsciiPeer({})) as board:
        place = meter.device.path
        meter._ready().close()  # so that its port is free
        ports = [(path, "", "", None) for path in ("/dev/ttyNONE", board, place)]
        plug_in(monkeypatch, *ports)
        record = succeeds("meters", "list", "--probe", "--json").record
        text = succeeds("meters", "list", "--probe").out
    found = {row["path"]: (row["scheme"], row["answer"]) for row in record["found"]}
    assert found[place] == ("ppk2", "PPK2")
    assert found[board][0] == "board"
    assert found["/dev/ttyNONE"] == ("", "no such port")
    assert "no meter that EdgeKit knows. no such port" in text


def test_a_group_without_a_command_is_a_usage_error() -> None:
    fails("meters", "weigh", exit_code=2, code="usage")
