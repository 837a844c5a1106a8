"""One benchmark on several devices: side by side, compared, and one that fails stops no other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgekit.artifacts.report import read_report
from edgekit.deploy.bench_options import BenchOptions
from edgekit.deploy.fleet import fleet_options, open_fleet
from edgekit.deploy.stations import Station
from edgekit.targets.reader import load_target
from tests.helpers.command_line import edgekit, fails, nothing_left_in, succeeds
from tests.helpers.small_bundles import convert_small

QUICK = ("--quick", "--samples", "1")


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The small network for virtual-m4 and for virtual-m0."""
    folder = tmp_path_factory.mktemp("bundles")
    m4 = convert_small(folder, name="m4")
    return m4, convert_small(folder, target="virtual-m0", name="m0")


@pytest.fixture
def lab(desk: Path) -> Path:
    path = desk / "devices.toml"
    path.write_text(
        '[devices.here]\ntarget = "virtual-m4"\n'
        '[devices.nano]\ntarget = "nano33ble"\nport = "/dev/ttyNONE"\n'
        '[devices.other]\ntarget = "nano33ble"\nport = "/dev/ttyOTHER"\n'
    )
    return path


@pytest.mark.qemu
def test_virtual_boards_and_this_computer(bundles: tuple[Path, Path], desk: Path) -> None:
    m4, m0 = bundles
    words = ("bench", m4, m0, "-t", "virtual-m4,virtual-m0,virtual-m7,host", *QUICK, "--batch", "1")
    record = succeeds(*words, "-o", "out", "--json").record
    names = ["virtual-m4", "virtual-m0", "virtual-m7", "host"]
    assert [run["name"] for run in record["runs"]] == names
    assert [Path(run["bundle"]).name for run in record["runs"]] == ["m4", "m0", "m4", "m4"]
    assert all(run["error"] is None and run["report"]["runs"] for run in record["runs"])
    assert record["comparison"]["reports"] == names
    assert json.loads(Path("out/comparison.json").read_text()) == record["comparison"]
    assert "\n| virtual-m7 | " in Path("out/comparison.md").read_text()
    for name in names:
        assert read_report(desk / "out" / name).target.name == name
    alone = succeeds("bench", m4, *QUICK, "--json").record
    beside = record["runs"][0]["report"]
    for figure in ("instructions", "flash", "ram", "stack"):
        assert beside["figures"][figure] == alone["figures"][figure]


@pytest.mark.qemu
def test_one_that_fails_is_named_at_the_end(
    bundles: tuple[Path, Path], desk: Path, lab: Path
) -> None:
    words = ("bench", bundles[0], "--device", "nano,here", "--lab", lab, *QUICK, "-o", "out")
    done = edgekit(*words)
    assert done.code == 1
    assert "1 of 2 runs failed: nano (no such port)" in done.err
    assert "done" in done.out
    report = read_report(desk / "out" / "here")
    assert report.environment["device"] == "here"
    assert not (desk / "out" / "nano").exists()
    assert not (desk / "out" / "comparison.json").exists()
    record = edgekit(*words[:-2], "--json").record
    assert record["error"]["code"] == "fleet-failed"
    codes = [run["error"] and run["error"]["code"] for run in record["runs"]]
    assert codes == ["port-missing", None]


@pytest.mark.qemu
def test_a_device_by_its_name(bundles: tuple[Path, Path], desk: Path, lab: Path) -> None:
    done = succeeds("bench", bundles[0], "--device", "here", "--lab", lab, *QUICK, "--json")
    assert done.record["target"]["name"] == "virtual-m4"
    assert done.record["environment"]["device"] == "here"
    error = fails(
        *("bench", bundles[0], "--device", "nano", "--lab", lab), exit_code=1, code="port-missing"
    )
    assert error["subject"] == "/dev/ttyNONE"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("-t", "virtual-m4,virtual-m7", "-p", "/dev/null"), "fleet-option"),
        (("-t", "virtual-m4,virtual-m7", "--mlperf"), "fleet-option"),
        (("--device", "here", "-t", "virtual-m4"), "fleet-option"),
        (("--device", "here,nan"), "lab-unknown"),
        (("-t", "virtual-m4,nano33ble", "--lab", "devices.toml"), "lab-ambiguous"),
        (("-t", "virtual-m4,nucleo-l4r5zi"), "port-needed"),
        (("-t", "virtual-m4,"), "bad-option"),
        (("-t", "virtual-m4,virtual-m7", "--power", "ppk2:/dev/null"), "fleet-meter"),
        (("-t", "virtual-m4,virtual-m7", "--threads", "2"), "option-unused"),
        (("-t", "virtual-m4,virtual-m7", "--engine", "native"), "option-unused"),
        (("-t", "virtual-m4,virtual-m7", "--cold", "2"), "option-unused"),
        (("-t", "virtual-m4,virtual-m7", "--sustained", "2"), "option-unused"),
        (("-t", "virtual-m4,virtual-m7", "--battery", "3Wh"), "option-unused"),
        (("--lab", "devices.toml"), "option-unused"),
    ],
)
def test_what_cannot_be_is_said_before_anything_runs(
    words: tuple[str, ...], code: str, small_bundle: Path, desk: Path, lab: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("EDGEKIT_LAB", str(lab))
    with nothing_left_in(desk):
        fails("bench", small_bundle, *words, "-o", "out", exit_code=2, code=code)


def test_options_of_some_runs_are_left_out_of_the_others(small_bundle: Path) -> None:
    chosen = BenchOptions(engine="litert", cold=2, threads=(2,), sustained=3.0)
    stations = [Station(load_target(name)) for name in ("virtual-m4", "host")]
    board, here = fleet_options(open_fleet([small_bundle], stations), chosen, None)
    assert (board.engine, board.cold, board.threads, board.sustained) == (None, None, (1,), 0.0)
    assert (here.engine, here.cold, here.threads, here.sustained) == ("litert", 2, (2,), 3.0)


def test_bundles_that_would_run_nowhere_or_have_one_name(
    bundles: tuple[Path, Path], own_bundle: Path, tmp_path: Path, desk: Path
) -> None:
    m4, m0 = bundles
    both = ("-t", "virtual-m4,virtual-m7")
    error = fails("bench", m4, m0, *both, exit_code=2, code="fleet-idle")
    assert "virtual-m0" in error["found"]
    twin = own_bundle.rename(tmp_path / "m4")
    fails("bench", m4, twin, *both, exit_code=2, code="fleet-names")


def test_devices_list_and_check(desk: Path, lab: Path) -> None:
    listed = succeeds("devices", "list", "--lab", lab)
    assert "/dev/ttyNONE" in listed.out
    record = succeeds("devices", "list", "--lab", lab, "--json").record
    assert list(record["devices"]) == ["here", "nano", "other"]
    error = fails("devices", "list", "--lab", "none.toml", exit_code=2, code="lab-missing")
    assert "none.toml" in error["subject"]
    done = edgekit("devices", "check", "--lab", lab, "--json")
    assert (done.code, done.record["error"]["code"]) == (1, "lab-absent")
    found = {row["name"]: row["error"] and row["error"]["code"] for row in done.record["devices"]}
    assert found == {"here": None, "nano": "port-missing", "other": "port-missing"}
    assert succeeds("devices", "check", "here", "--lab", lab).out.count("there") == 1


def test_check_says_who_uses_a_device(desk: Path, lab: Path) -> None:
    from edgekit.runtime.lab.locks import locked

    with locked(["port /dev/ttyNONE"], what="bench small on nano33ble"):
        done = succeeds("devices", "check", "nano", "--lab", lab)
    assert "in use: process" in done.out


def test_a_board_that_is_not_plugged_in(desk: Path) -> None:
    lab = desk / "devices.toml"
    lab.write_text('[devices.nano]\ntarget = "nano33ble"\nusb = "3B72A0E1"\n')
    done = edgekit("devices", "check", "--lab", lab, "--json")
    assert done.record["devices"][0]["error"]["code"] == "lab-not-plugged-in"
