"""The lab file: what it may say, and what is said of one that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.errors import UsageError
from edgekit.runtime.lab.devices import lab_path, read_lab

GOOD = """
[devices.nano]
target = "nano33ble"
port = "/dev/ttyACM0"
meter = "ppk2:auto"
supply_v = 3.0
notes = "on the left"

[devices.pi]
target = "rpi4"
host = "pi@raspberrypi.local"

[devices.phone]
target = "android-arm64"
serial = "R58M32ABCDE"

[devices.m4]
target = "virtual-m4"

[devices.arm]
target = "rpi4"
emulate = true
"""


def _lab(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "devices.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_lab(tmp_path: Path) -> None:
    lab = read_lab(_lab(tmp_path, GOOD))
    assert list(lab.devices) == ["nano", "pi", "phone", "m4", "arm"]
    nano = lab.device("nano")
    assert (nano.port, nano.meter, nano.notes) == ("/dev/ttyACM0", "ppk2:auto", "on the left")
    profile = lab.target(nano)
    assert profile.name == "nano33ble"
    assert profile.power is not None
    assert profile.power.rail_v == 3.0


def test_a_target_of_ones_own_is_found_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('extends = "virtual-m4"\nname = "mine"\n')
    lab = read_lab(_lab(tmp_path, '[devices.a]\ntarget = "./mine.toml"\n'))
    assert lab.target(lab.device("a")).name == "mine"


def test_where_the_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDGEKIT_LAB", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert lab_path().parts[-2:] == ("edgekit", "devices.toml")
    monkeypatch.setenv("EDGEKIT_LAB", str(tmp_path / "mine.toml"))
    assert lab_path() == tmp_path / "mine.toml"
    assert lab_path(Path("given.toml")) == Path("given.toml")


def _refused(path: Path, code: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        read_lab(path)
    error = caught.value
    assert error.code == code, error
    assert str(path) in error.subject
    assert error.hint
    return error


def test_no_file(tmp_path: Path) -> None:
    error = _refused(tmp_path / "devices.toml", "lab-missing")
    assert '[devices.nano] with target = "nano33ble"' in error.hint
    assert "EDGEKIT_LAB" in error.hint


def test_a_folder(tmp_path: Path) -> None:
    assert "directory" in _refused(tmp_path, "lab-missing").found


def test_no_toml(tmp_path: Path) -> None:
    assert "line 1" in _refused(_lab(tmp_path, "[devices\n"), "lab-syntax").found


NANO = '[devices.nano]\ntarget = "nano33ble"\n'


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("[boards.nano]\n", "boards", ("unknown key", "devices")),
        ("devices = 3\n", "devices", ("found 3", "tables")),
        ("[devices]\nnano = 3\n", "devices.nano", ("found 3", "a table")),
        ("[devices.nano]\n", "devices.nano.target", ("missing", "text in quotes")),
        (NANO + "prot = 1\n", "devices.nano.prot", ("unknown key", "did you mean 'port'?")),
        (NANO + "port = 1\n", "devices.nano.port", ("found 1", "text in quotes")),
        (NANO + "serial = 'R58'\n", "devices.nano", ("serial given for nano33ble", "port or usb")),
        (NANO, "devices.nano", ("nothing says where this nano33ble is", "port or usb")),
        (NANO + "port = 'a'\nusb = 'b'\n", "devices.nano", ("port and usb given", "one of")),
        ("[devices.m4]\ntarget = 'virtual-m4'\nport = 'a'\n", "devices.m4", ("none of port",)),
        ("[devices.pi]\ntarget = 'rpi4'\n", "devices.pi", ("host or emulate",)),
        (
            "[devices.m4]\ntarget = 'virtual-m4'\nprobe = 'A'\n",
            "devices.m4.probe",
            ("given for virtual-m4", "a board that is flashed"),
        ),
        ("[devices.x]\ntarget = 'esp32'\n", "devices.x.target", ("no profile of that name",)),
        (NANO + "port = 'a'\nmeter = 'ppk3:'\n", "devices.nano.meter", ("did you mean ppk2:?",)),
        (NANO + "port = 'a'\nsupply_v = 500.0\n", "devices.nano.supply_v", ("0.5 to 48",)),
        ('[devices."a b"]\ntarget = "host"\n', "devices.a b", ("letters, digits",)),
    ],
)
def test_what_is_wrong_is_named(
    text: str, key: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    path = _lab(tmp_path, text)
    error = _refused(path, "lab-invalid")
    assert error.subject == f"{path}: {key}"
    assert all(word in str(error) or word in error.hint for word in words), error


def test_a_device_under_two_names(tmp_path: Path) -> None:
    path = _lab(tmp_path, NANO + "port = 'a'\n" + NANO.replace("nano]", "left]") + "port = 'a'\n")
    error = _refused(path, "lab-duplicate")
    assert error.found == "'a' is that of nano too"


def test_a_device_that_is_not_named(tmp_path: Path) -> None:
    lab = read_lab(_lab(tmp_path, GOOD))
    with pytest.raises(UsageError) as caught:
        lab.device("nan")
    assert (caught.value.code, caught.value.hint) == ("lab-unknown", "did you mean 'nano'?")
    assert caught.value.allowed == "nano, pi, phone, m4, arm"
