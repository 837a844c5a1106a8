"""Debian's cross compilers and `zig cc`: which is taken, what is said without either, and that the
programs of both compute the same."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from edgekit.errors import EdgeKitError
from edgekit.firmware_stubs import toolchains, zig
from edgekit.firmware_stubs.runner import build_runner_image, read_lines
from edgekit.firmware_stubs.toolchains import CHOICE, cross_toolchain
from edgekit.targets.reader import list_targets, load_target
from tests.firmware_stubs.test_runner import samples_for, write_samples
from tests.helpers.neon_cases import EMULATOR
from tests.helpers.oracle import run_tflm
from tests.helpers.small_bundles import convert_small
from tests.helpers.toolchains import require, require_cross, run

ZIG = ("/opt/zig",)
EMULATORS = {"rpi5": EMULATOR, "android-arm64": EMULATOR, "android-armv7": "qemu-arm-static"}


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What is installed: set `gcc` and `zig`."""
    found = SimpleNamespace(gcc=True, zig=True)
    which = SimpleNamespace(which=lambda name: f"/usr/bin/{name}" if found.gcc else None)
    monkeypatch.setattr(toolchains, "shutil", which)
    monkeypatch.setattr(toolchains, "find_zig", lambda: ZIG if found.zig else None)
    monkeypatch.setattr(toolchains, "zig_version", lambda words: "zig cc 0.17.1")
    monkeypatch.setattr(toolchains, "_version", lambda path: "gcc 12.2")
    monkeypatch.delenv(CHOICE, raising=False)
    return found


@pytest.mark.parametrize(
    ("gcc", "zig", "choice", "taken"),
    [
        (True, True, "", "gcc"),
        (False, True, "", "zig"),
        (True, True, "zig", "zig"),
        (True, True, "gcc", "gcc"),
        (True, False, "", "gcc"),
    ],
)
def test_which_compiler_is_taken(
    gcc: bool,
    zig: bool,
    choice: str,
    taken: str,
    installed: SimpleNamespace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed.gcc, installed.zig = gcc, zig
    monkeypatch.setenv(CHOICE, choice)
    cpu = load_target("android-armv7").cpu
    found, flags = cross_toolchain(cpu)
    assert found.is_zig == (taken == "zig")
    if found.is_zig:
        assert found.command == ("/opt/zig", "cc")
        assert flags == ("-target", "arm-linux-musleabihf", "-g0", "-mcpu=generic+v7a+neon")
    else:
        assert found.command == ("/usr/bin/arm-linux-gnueabihf-gcc",)
        assert flags == cpu.flags


@pytest.mark.parametrize(
    ("gcc", "zig", "choice", "subject", "hint"),
    [
        (False, False, "", "arm-linux-gnueabihf-gcc",
         "run: sudo apt-get install gcc-arm-linux-gnueabihf, or without root: "
         "pip install 'edgekit-sdk[toolchain]'"),
        (False, True, "gcc", "arm-linux-gnueabihf-gcc",
         "run: sudo apt-get install gcc-arm-linux-gnueabihf"),
        (True, False, "zig", "zig",
         "run: pip install 'edgekit-sdk[toolchain]', or unset EDGEKIT_COMPILER"),
    ],
)  # fmt: skip
def test_a_missing_compiler_names_the_ways_to_get_one(
    gcc: bool,
    zig: bool,
    choice: str,
    subject: str,
    hint: str,
    installed: SimpleNamespace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed.gcc, installed.zig = gcc, zig
    monkeypatch.setenv(CHOICE, choice)
    with pytest.raises(EdgeKitError) as caught:
        cross_toolchain(load_target("android-armv7").cpu)
    assert (caught.value.code, caught.value.subject) == ("compiler-missing", subject)
    assert caught.value.hint == hint


def test_another_compiler_is_refused(
    installed: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CHOICE, "icc")
    with pytest.raises(EdgeKitError) as caught:
        cross_toolchain(load_target("rpi4").cpu)
    assert caught.value.code == "bad-compiler"
    assert str(caught.value).startswith("EDGEKIT_COMPILER: no compiler is called 'icc'")


def test_this_machine_is_not_cross_compiled_for(
    installed: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CHOICE, "zig")
    assert cross_toolchain(load_target("host").cpu)[0].command == ("/usr/bin/gcc",)


def test_zig_is_told_of_every_core() -> None:
    """No word of GCC's is left that Zig refuses."""
    cpus = [target.cpu for target in list_targets() if target.cpu.toolchain in zig.TRIPLES]
    assert len({cpu.name for cpu in cpus}) >= 6
    for cpu in cpus:
        words = zig.zig_flags(cpu.toolchain, cpu.flags)
        [core] = [word for word in words if word.startswith("-mcpu=")]
        assert "-" not in core.removeprefix("-mcpu=")
        assert not any(word.startswith(("-march", "-mfpu", "-mfloat-abi")) for word in words)


def test_the_pip_package_comes_before_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zig.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(zig.importlib.util, "find_spec", lambda name: object())
    words = zig.find_zig()
    assert words is not None
    assert words[1:] == ("-m", "ziglang")
    monkeypatch.setattr(zig.importlib.util, "find_spec", lambda name: None)
    assert zig.find_zig() == ("/usr/bin/zig",)
    monkeypatch.setattr(zig.shutil, "which", lambda name: None)
    assert zig.find_zig() is None


@pytest.mark.qemu
@pytest.mark.parametrize("board", EMULATORS)
@pytest.mark.parametrize("compiler", ["gcc", "zig"])
def test_programs_compute_what_the_reference_computes(
    compiler: str, board: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One static file of either compiler, bit for bit TensorFlow Lite Micro."""
    require_cross(board, compiler)
    require(EMULATORS[board])
    monkeypatch.setenv(CHOICE, compiler)
    bundle = convert_small(tmp_path, target=board)
    image = build_runner_image(bundle, load_target(board), tmp_path / compiler)
    assert ".interp" not in image.sections
    assert image.toolchain.startswith("zig cc ") == (compiler == "zig")
    assert bool(image.groups) == (compiler == "gcc")
    samples = samples_for(bundle, 3)
    done = run([EMULATORS[board], image.elf, write_samples(tmp_path / "in.bin", samples)])
    data = (bundle / "model.tflite").read_bytes()
    expected = [[out.tobytes() for out in run_tflm(data, sample)] for sample in samples]
    result = read_lines(done.stdout.splitlines())
    assert [list(sample.outputs) for sample in result.samples] == expected
