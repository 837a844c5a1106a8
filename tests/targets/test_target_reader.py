"""Finding targets by name, alias, prefix and path; merging; entry points."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from edgekit.errors import UsageError
from edgekit.targets import reader
from edgekit.targets.reader import list_targets, load_target, profile_sha256

MINIMAL = """
name = "my-board"
title = "My board"
family = "cortex-m"
cpu = "cortex-m4f"
clock_hz = 64_000_000
formats = ["c"]

[[memories]]
name = "flash"
kind = "flash"
start = 0
size = "256K"

[[memories]]
name = "ram"
kind = "ram"
start = 0x2000_0000
size = 65536

[link]
kind = "serial"
"""


def write(folder: Path, text: str, name: str = "board.toml") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def failure(name_or_path: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        load_target(name_or_path)
    return caught.value


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("virtual-m4", "virtual-m4"),
        ("rpi", "rpi4"),
        ("android", "android-arm64"),
        ("cortex-m4", "virtual-m4"),
        ("nano", "nano33ble"),
        ("grove", "grove-vision-ai-v2"),
        ("nucleo-u", "nucleo-u575zi"),
        ("stm32l4r", "nucleo-l4r5zi"),
    ],
)
def test_names_resolve_exactly_by_alias_and_by_unique_prefix(asked: str, name: str) -> None:
    assert load_target(asked).name == name


def test_ambiguous_prefix_lists_the_candidates_closest_first() -> None:
    error = failure("nucleo-")
    assert error.code == "target-ambiguous"
    nucleos = {target.name for target in list_targets() if target.name.startswith("nucleo-")}
    assert len(nucleos) == 10
    assert set(error.allowed.split(", ")) == nucleos
    assert failure("virtual").allowed.split(", ")[0].startswith("virtual-m")


@pytest.mark.parametrize(("typo", "meant"), [("vritual-m4", "virtual-m4"), ("rpi44", "rpi4")])
def test_unknown_name_lists_the_closest_first(typo: str, meant: str) -> None:
    error = failure(typo)
    assert error.code == "target-unknown"
    assert error.exit_code == 2
    assert error.allowed.split(", ")[0] == meant
    assert "edgekit targets" in error.hint


def test_the_empty_name_is_unknown() -> None:
    assert failure("").code == "target-unknown"


def test_minimal_file_is_read(tmp_path: Path) -> None:
    target = load_target(write(tmp_path, MINIMAL))
    assert target.cpu.flags[0] == "-mcpu=cortex-m4"
    assert target.total("flash") == 256 * 1024
    assert target.total("ram") == 65536
    assert target.seconds_per_instruction == pytest.approx(1.56 / 64e6)


def test_extends_merges_tables_replaces_lists_and_leaves_names(tmp_path: Path) -> None:
    text = 'extends = "virtual-m7"\nname = "fast-m7"\nformats = ["c"]\n[link]\nbaud = 9600\n'
    target, base = load_target(write(tmp_path, text)), load_target("virtual-m7")
    assert target.link.baud == 9600
    assert target.link.kind == "serial"
    assert target.formats == ("c",)
    assert target.memories == base.memories
    assert target.aliases == ()


def test_extends_a_file_beside_it(tmp_path: Path) -> None:
    write(tmp_path, MINIMAL, "base.toml")
    path = write(tmp_path, 'extends = "./base.toml"\nname = "child"\n', "child.toml")
    assert load_target(path).clock_hz == 64_000_000


def test_extends_in_a_circle_is_refused(tmp_path: Path) -> None:
    write(tmp_path, 'extends = "./b.toml"\nname = "a"\n', "a.toml")
    path = write(tmp_path, 'extends = "./a.toml"\nname = "b"\n', "b.toml")
    error = failure(path)
    assert error.code == "target-extends"
    assert "back to this profile" in error.found


@pytest.mark.parametrize(
    ("text", "found"), [('extends = "nosuch"', "no profile"), ("extends = 3", "found 3")]
)
def test_extends_of_nothing_says_what_may_be_extended(
    tmp_path: Path, text: str, found: str
) -> None:
    error = failure(write(tmp_path, text))
    assert error.code == "target-extends"
    assert found in error.found
    assert error.subject.endswith("board.toml: extends")
    assert error.allowed


@pytest.mark.parametrize(
    ("change", "key", "found", "allowed"),
    [
        (("clock_hz = 64_000_000", 'clock_hz = "fast"'), "clock_hz", "'fast'", "whole number"),
        (("clock_hz = 64_000_000", "clock_hz = 6.5"), "clock_hz", "6.5", "whole number"),
        (("clock_hz = 64_000_000", ""), "clock_hz", "missing", "whole number"),
        (('title = "My board"', "title = 7"), "title", "7", "text in quotes"),
        (('title = "My board"', ""), "title", "missing", "text in quotes"),
        (('kind = "flash"', 'kind = "rom"'), "memories[0].kind", "'rom'", "'flash' or 'ram'"),
        (('kind = "serial"', ""), "link.kind", "missing", "'serial' or 'local'"),
        (("[link]", "[lonk]"), "link", "missing", "a table"),
        (('formats = ["c"]', 'formats = "c"'), "formats", "'c'", "a list"),
        (('formats = ["c"]', 'formats = ["onnx"]'), "formats[0]", "'onnx'", "'tflite' or 'c'"),
        (('size = "256K"', 'size = "lots"'), "memories[0].size", "'lots'", "256K"),
        (('cpu = "cortex-m4f"', ""), "cpu", "missing", "table"),
        (('cpu = "cortex-m4f"', "cpu = 4"), "cpu", "4", "table"),
        (("[link]", "[link]\nbaudrate = 9600"), "link.baudrate", "unknown key", "baud"),
        (("[link]", "[camera]\n[link]"), "camera.sensor", "missing", "text in quotes"),
        (("clock_hz", "colour = 1\nclock_hz"), "colour", "unknown key", "memories"),
    ],
)
def test_wrong_values_name_file_key_found_and_allowed(
    tmp_path: Path, change: tuple[str, str], key: str, found: str, allowed: str
) -> None:
    assert change[0] in MINIMAL
    error = failure(write(tmp_path, MINIMAL.replace(*change, 1)))
    assert error.code == "target-invalid"
    assert error.subject == f"{tmp_path / 'board.toml'}: {key}"
    assert found in error.found
    assert allowed in error.allowed
    assert error.hint
    assert "pydantic" not in str(error)


def test_a_misspelt_key_is_guessed(tmp_path: Path) -> None:
    error = failure(write(tmp_path, MINIMAL.replace("[link]", "[link]\nbuad = 9600")))
    assert "did you mean 'baud'?" in error.hint.lower()


def test_several_mistakes_are_counted(tmp_path: Path) -> None:
    text = MINIMAL.replace('title = "My board"', "").replace("clock_hz = 64_000_000", "")
    assert "1 more" in failure(write(tmp_path, text)).hint


def test_unknown_cpu_lists_the_rows(tmp_path: Path) -> None:
    error = failure(write(tmp_path, MINIMAL.replace("cortex-m4f", "cortex-m4")))
    assert error.code == "target-cpu"
    assert error.allowed.split(", ")[0] == "cortex-m4f"


def test_a_cpu_table_of_its_own_is_taken(tmp_path: Path) -> None:
    table = '[cpu]\nname = "new"\narch = "armv8-r"\ntoolchain = "arm-none-eabi"\n'
    text = MINIMAL.replace('cpu = "cortex-m4f"\n', "") + table
    assert load_target(write(tmp_path, text)).cpu.arch == "armv8-r"


def test_a_broken_check_is_told_with_its_sentence(tmp_path: Path) -> None:
    error = failure(write(tmp_path, MINIMAL.replace("0x2000_0000", "0x1_0000")))
    assert error.code == "target-apart"
    assert "overlaps" in error.found
    assert error.allowed == "memories that do not overlap"


@pytest.mark.parametrize(
    ("content", "code", "found"),
    [(b"name = \n", "target-syntax", "line 1"), (b"\xff\xfe\x00", "target-syntax", "UTF-8")],
)
def test_files_that_are_no_toml(tmp_path: Path, content: bytes, code: str, found: str) -> None:
    path = tmp_path / "board.toml"
    path.write_bytes(content)
    error = failure(str(path))
    assert error.code == code
    assert found in error.found


def test_files_that_are_not_there(tmp_path: Path) -> None:
    assert failure(str(tmp_path / "none.toml")).found == "no such file"
    assert failure(str(tmp_path) + "/").found == "is a folder"


def test_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, encoding: str = "") -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    error = failure(str(tmp_path / "board.toml"))
    assert (error.code, error.found) == ("target-read", "cannot be read: Permission denied")


def test_hash_follows_content_not_place(tmp_path: Path) -> None:
    one = load_target(write(tmp_path, MINIMAL, "one.toml"))
    same = load_target(write(tmp_path, MINIMAL, "two.toml"))
    other = load_target(write(tmp_path, MINIMAL.replace("64_000", "48_000"), "three.toml"))
    assert profile_sha256(one) == profile_sha256(same)
    assert profile_sha256(one) != profile_sha256(other)
    assert len(profile_sha256(one)) == 64


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[EntryPoint]:
    """Entry points that other packages would bring; the caches forget them afterwards."""
    points: list[EntryPoint] = []
    monkeypatch.setattr(reader, "entry_points", lambda group: points)
    for cached in (reader._profiles, reader._aliases):
        monkeypatch.setattr(reader, cached.__name__, cached.__wrapped__)
    return points


def test_entry_points_bring_profiles(
    tmp_path: Path, installed: list[EntryPoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, MINIMAL, "my-board.toml")
    module = tmp_path / "board_plugin.py"
    module.write_text(
        f"FOLDER = {str(tmp_path)!r}\n\ndef folder():\n    return FOLDER\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    for value in ("board_plugin:FOLDER", "board_plugin:folder"):
        installed[:] = [EntryPoint("mine", value, reader.GROUP)]
        assert load_target("my-board").title == "My board"
        assert "my-board" in [target.name for target in list_targets()]


def test_broken_entry_point_is_named(installed: list[EntryPoint]) -> None:
    installed.append(EntryPoint("bad", "no_such_module_here:PATH", reader.GROUP))
    error = failure("virtual-m4")
    assert error.code == "target-entry-point"
    assert "bad = no_such_module_here:PATH" in error.subject
    assert "ModuleNotFoundError" in error.found


def test_entry_point_may_not_bring_a_name_twice(
    tmp_path: Path, installed: list[EntryPoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, MINIMAL, "host.toml")
    (tmp_path / "board_twice.py").write_text(f"PATH = {path!r}\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    installed.append(EntryPoint("twice", "board_twice:PATH", reader.GROUP))
    error = failure("host")
    assert error.code == "target-duplicate"
    assert "'host'" in error.found
