"""Building: every board, determinism, the cache, and each thing that can go wrong."""

from __future__ import annotations

import ctypes
import shutil
from pathlib import Path

import pytest

from edgekit.artifacts.bundle import read_manifest
from edgekit.errors import DoesNotFitError, ModelError, ToolError, UsageError
from edgekit.firmware_stubs import build as build_module
from edgekit.firmware_stubs.build import build_firmware, build_host_library, build_posix
from edgekit.firmware_stubs.image import Image
from edgekit.firmware_stubs.sources import memory_script
from edgekit.firmware_stubs.toolchains import find_toolchain, run_compiler
from edgekit.targets.model import Memory, Target
from edgekit.targets.reader import list_targets, load_target
from tests.helpers.tiny_bundle import tiny_bundle

needs_arm = pytest.mark.skipif(
    shutil.which("arm-none-eabi-gcc") is None, reason="no arm-none-eabi-gcc"
)
PORTS = [target.name for target in list_targets() if target.port.startswith("cortex_m")]


def test_all_six_virtual_boards_have_a_port() -> None:
    assert {f"virtual-m{core}" for core in (0, 3, 4, 7, 33, 55)} <= set(PORTS)


@needs_arm
@pytest.mark.parametrize("name", PORTS)
def test_builds_for_every_port(tiny: Path, tmp_path: Path, name: str) -> None:
    target = load_target(name)
    image = build_firmware(tiny, target, tmp_path)
    assert image.target == name
    assert image.stack_bytes == target.stack_bytes
    assert 4_000 < image.flash_bytes < 20_000
    assert image.stack_bytes < image.ram_bytes < target.total("ram")
    assert image.groups["weights"].flash == 32
    assert image.groups["kernels"].flash > 0
    assert "m-ready" in (tmp_path / "firmware.elf").read_bytes().decode("latin-1")


@needs_arm
def test_the_same_input_gives_the_same_bytes(tiny: Path, tmp_path: Path) -> None:
    target = load_target("virtual-m4")
    copy = shutil.copytree(tiny, tmp_path / "elsewhere" / "copy")
    one = build_firmware(tiny, target, tmp_path / "one")
    two = build_firmware(copy, target, tmp_path / "two")
    assert one.build_id == two.build_id
    assert one.elf.read_bytes() == two.elf.read_bytes()


@needs_arm
def test_the_build_id_covers_sources_flags_and_options(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_module, "make", lambda plan, script: None)
    monkeypatch.setattr(build_module, "image_of", lambda plan, *rest: plan)
    target = load_target("virtual-m4")
    other = shutil.copytree(tiny, tmp_path / "other")
    weights = other / "c" / "tiny_weights.c"
    weights.write_text(weights.read_text().replace("127", "126"))
    header = shutil.copytree(tiny, tmp_path / "header") / "c" / "tiny.h"
    header.write_text(header.read_text() + "\n")
    ids = {
        build_firmware(tiny, target, tmp_path).build_id,
        build_firmware(tiny, target, tmp_path, profile=False).build_id,
        build_firmware(tiny, target, tmp_path, model_id="kws01").build_id,
        build_firmware(tiny, target, tmp_path, optimization="-O1").build_id,
        build_firmware(tiny, load_target("virtual-m7"), tmp_path).build_id,
        build_firmware(other, target, tmp_path).build_id,
        build_firmware(header.parent.parent, target, tmp_path).build_id,
        build_firmware(tiny, smaller(target, "ram", 1 << 20), tmp_path).build_id,
    }
    assert len(ids) == 8


def test_a_second_build_compiles_nothing(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build_posix(tiny, tmp_path)

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("compiled again")

    with monkeypatch.context() as patch:
        patch.setattr(build_module, "run_compiler", refuse)
        assert build_posix(tiny, tmp_path).build_id == first.build_id
    first.elf.write_bytes(first.elf.read_bytes() + b"x")  # somebody touched it
    again = build_posix(tiny, tmp_path)
    assert not again.elf.read_bytes().endswith(b"x")


def test_build_without_profile_has_no_hook(tiny: Path, tmp_path: Path) -> None:
    assert "ek_profile_hook" in build_posix(tiny, tmp_path).sizes.symbols
    assert "ek_profile_hook" not in build_posix(tiny, tmp_path, profile=False).sizes.symbols


def test_host_library_exports_the_model(tiny: Path, tmp_path: Path) -> None:
    for profile in (True, False):
        path = build_host_library(tiny, tmp_path / str(profile), profile=profile, native=True)
        library = ctypes.CDLL(str(path))
        assert ctypes.c_void_p.in_dll(library, "tiny_model").value
        assert hasattr(library, "ek_profile_hook") == profile


def test_missing_compiler_names_program_and_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    for name, program, package in (
        ("arm-none-eabi", "arm-none-eabi-gcc", "gcc-arm-none-eabi libnewlib-arm-none-eabi"),
        ("aarch64-linux-gnu", "aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu"),
        ("native", "gcc", "gcc"),
    ):
        with pytest.raises(ToolError, match=program) as caught:
            find_toolchain(name)
        assert f"apt-get install {package}" in caught.value.hint
        assert caught.value.code == "compiler-missing"


def test_compile_errors_quote_the_first_and_name_the_log(tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path / "bundle")
    (bundle / "c" / "tiny_dense.c").write_text("int x = undefined_name;\nint y = another;\n")
    with pytest.raises(ToolError) as caught:
        build_posix(bundle, tmp_path / "out")
    assert "tiny_dense.c:1:9: error: 'undefined_name' undeclared" in caught.value.found.replace(
        "‘", "'"
    ).replace("’", "'")
    assert caught.value.code == "compile-failed"
    log = tmp_path / "out" / "build.log"
    assert str(log) in caught.value.hint
    assert "another" in log.read_text()


def test_warnings_are_errors(tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path / "bundle")
    source = bundle / "c" / "tiny_dense.c"
    source.write_text(source.read_text() + "\nstatic int unused;\n")
    with pytest.raises(ToolError, match="unused"):
        build_posix(bundle, tmp_path / "out")


def test_link_errors_name_the_symbol(tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path / "bundle")
    (bundle / "c" / "tiny_weights.c").unlink()
    with pytest.raises(ToolError, match=r"undefined reference to .tiny_scores_w"):
        build_posix(bundle, tmp_path / "out")


def test_a_failed_build_is_not_taken_for_a_finished_one(tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path / "bundle")
    source = bundle / "c" / "tiny_dense.c"
    good = source.read_text()
    first = build_posix(bundle, tmp_path / "out")
    source.write_text("broken")
    with pytest.raises(ToolError):
        build_posix(bundle, tmp_path / "out")
    source.write_text(good)
    assert build_posix(bundle, tmp_path / "out").build_id == first.build_id


def smaller(target: Target, kind: str, size: int) -> Target:
    memories = tuple(
        memory.model_copy(update={"size": size}) if memory.kind == kind else memory
        for memory in target.memories
    )
    return target.model_copy(update={"memories": memories})


@needs_arm
@pytest.mark.parametrize(("kind", "word"), [("flash", "flash"), ("ram", "RAM")])
def test_too_small_a_board_says_by_how_much(
    tiny: Path, tmp_path: Path, kind: str, word: str
) -> None:
    target = load_target("virtual-m4")
    fits = build_firmware(tiny, target, tmp_path)
    used = fits.flash_bytes if kind == "flash" else fits.ram_bytes
    with pytest.raises(DoesNotFitError, match=rf"\d+ bytes too large for the {word}") as caught:
        build_firmware(tiny, smaller(target, kind, used // 2), tmp_path)
    assert caught.value.exit_code == 3


def test_no_port_lists_the_ports(tiny: Path, tmp_path: Path) -> None:
    target = load_target("virtual-m4").model_copy(update={"port": "cortex_m/toaster"})
    with pytest.raises(ToolError, match="no firmware for this target yet") as caught:
        build_firmware(tiny, target, tmp_path)
    assert "cortex_m/mps2_an386" in caught.value.allowed
    assert "ek_port.h" in caught.value.hint


def test_a_bundle_without_c(tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path / "bundle")
    shutil.rmtree(bundle / "c")
    with pytest.raises(ModelError, match=r"no c/tiny\.c") as caught:
        build_posix(bundle, tmp_path / "out")
    assert caught.value.code == "bundle-without-c"


def test_a_bundle_without_a_memory_plan(tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path / "bundle")
    path = bundle / "edgekit.json"
    text = path.read_text()
    start, end = text.index('"memory"'), text.index('"model_bytes"')
    path.write_text(text[:start] + '"memory": null, ' + text[end:])
    assert read_manifest(bundle).memory is None
    with pytest.raises(ModelError, match=r"no memory plan\. Convert for a target that runs C"):
        build_posix(bundle, tmp_path / "out")


def test_an_unknown_model_id_lists_the_known(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="ad01, ic01, kws01, vww01") as caught:
        build_posix(tiny, tmp_path, model_id="gpt5")
    assert caught.value.exit_code == 2
    assert "leave --model-id out" in caught.value.hint


def test_memory_script_places_vectors_first_and_code_in_the_largest_flash() -> None:
    text = memory_script(load_target("virtual-m55"))
    assert "BOOT (rx) : ORIGIN = 0x00000000, LENGTH = 0x80000" in text
    assert "FLASH (rx) : ORIGIN = 0x60000000, LENGTH = 0x400000" in text
    assert 'REGION_ALIAS("BOOT", FLASH)' in memory_script(load_target("virtual-m4"))


def test_a_profile_without_ram() -> None:
    flash = (Memory(name="flash", kind="flash", start=0, size=1024),)
    target = load_target("virtual-m4").model_copy(update={"memories": flash})
    with pytest.raises(ToolError, match=r"no flash or no RAM\. Add \[\[memories\]\]"):
        memory_script(target)


def test_image_shows_its_sizes(tiny_posix: Image) -> None:
    assert tiny_posix.sections == tiny_posix.sizes.sections
    assert tiny_posix.stack_bytes == 0


def test_a_full_disk_is_told_from_a_wrong_program(tmp_path: Path) -> None:
    """Compilers keep temporary files elsewhere: neither the bundle nor its C is to blame."""
    fake = tmp_path / "cc"
    fake.write_text("#!/bin/sh\necho 'x.c:9:1: fatal error: error writing to /tmp/c.s: "
                    "No space left on device' >&2\nexit 1\n")  # fmt: skip
    fake.chmod(0o755)
    with pytest.raises(ToolError) as caught:
        run_compiler([str(fake)], cwd=tmp_path, log=tmp_path / "log", subject="firmware")
    assert caught.value.code == "disk-full"
    assert "TMPDIR" in caught.value.hint
