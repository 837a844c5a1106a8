"""The shipped profiles against the table of checks, and each check against a wrong profile."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgekit.targets.checks import CHECKS, doubled_names, failures
from edgekit.targets.model import Target
from edgekit.targets.reader import BOARDS, cpu_names, list_targets, load_target

PORTS = Path(__file__).parents[2] / "firmware_stubs" / "port"

SHIPPED = list_targets()

WANTED = {
    "host",
    "virtual-m0",
    "virtual-m3",
    "virtual-m4",
    "virtual-m7",
    "virtual-m33",
    "virtual-m55",
    "b-l475e-iot01a",
    "grove-vision-ai-v2",
    "microbit",
    "microbit-v2",
    "nano33ble",
    "nicla-vision",
    "nrf52840dk",
    "arduino-nano-rp2040",
    "nucleo-f207zg",
    "nucleo-f401re",
    "nucleo-f411re",
    "nucleo-f446re",
    "nucleo-f746zg",
    "nucleo-f767zi",
    "nucleo-h743zi",
    "nucleo-l476rg",
    "nucleo-l4r5zi",
    "nucleo-u575zi",
    "openmv-h7",
    "pico",
    "pico-arducam",
    "pico2",
    "portenta-h7",
    "stm32f4discovery",
    "stm32f746g-disco",
    "stm32vldiscovery",
    "xiao-nrf52840",
    "rpi-zero2w",
    "rpi3",
    "rpi4",
    "rpi5",
    "android-arm64",
    "android-armv7",
}


def test_the_promised_profiles_are_shipped() -> None:
    names = {target.name for target in SHIPPED}
    assert names >= WANTED
    assert any(t.cpu.name == "cortex-m55" and t.emulator is None for t in SHIPPED)
    assert len([t for t in SHIPPED if t.family == "android" and t.clock_hz]) >= 2


def test_every_shipped_profile_passes_every_check() -> None:
    broken = {t.name: failures(t, shipped=True) for t in SHIPPED if failures(t, shipped=True)}
    assert broken == {}
    assert doubled_names(SHIPPED) == ()
    assert [t.name for t in SHIPPED] == sorted(path.stem for path in BOARDS.glob("*.toml"))


def test_ports_that_are_named_exist() -> None:
    named = {target.port for target in SHIPPED if target.port}
    missing = {port for port in named if not (PORTS / port).is_dir()}
    assert missing == set()


def changed(board: str, /, **changes: Any) -> Target:
    """A shipped profile with other values, unchecked; "power__rail_v" reaches into a table."""
    values = load_target(board).model_dump()
    for path, value in changes.items():
        *tables, key = path.split("__")
        place = values
        for table in tables:
            place = place[int(table) if table.isdigit() else table]
        place[key] = value
    return Target.model_validate(values)


# One deliberately wrong profile for every check, and a word of what is said about it.
WRONG: dict[str, tuple[Callable[[], Target], str]] = {
    "names": (lambda: changed("host", name="My Board"), "'My Board'"),
    "title": (lambda: changed("host", title=" "), "empty"),
    "family": (lambda: changed("rpi4", family="toaster"), "'toaster'"),
    "link": (lambda: changed("rpi4", link__kind="adb"), "rpi with link 'adb'"),
    "baud": (lambda: changed("nano33ble", link__baud=0), "baud 0"),
    "usb": (lambda: changed("nano33ble", link__usb=("2341:805A",)), "'2341:805A'"),
    "clock": (lambda: changed("nano33ble", clock_hz=0), "clock_hz 0"),
    "toolchain": (lambda: changed("rpi4", cpu__toolchain="arm-none-eabi"), "rpi with toolchain"),
    "isa": (lambda: changed("nano33ble", cpu__isa=("ref", "dsp")), "['ref', 'dsp']"),
    "cycles": (lambda: changed("nano33ble", cpu__cycles_per_instruction=50.0), "50"),
    "formats": (lambda: changed("nano33ble", formats=("tflite",)), '"c"'),
    "kinds": (lambda: changed("nano33ble", memories=()), "'flash'"),
    "extents": (lambda: changed("nano33ble", memories__0__size=0), "size 0"),
    "apart": (lambda: changed("nano33ble", memories__1__start=0x1000), "overlaps"),
    "memory-names": (lambda: changed("nano33ble", memories__1__name="flash"), "'flash' twice"),
    "coupled": (lambda: changed("nano33ble", memories__0__tightly_coupled=True), "'flash' of kind"),
    "stack": (lambda: changed("nano33ble", stack_bytes=1 << 20), "1048576 of 262144"),
    "power-order": (lambda: changed("nucleo-l4r5zi", power__idle_mw=90.0), "[90.0, 44.0]"),
    "power-source": (lambda: changed("nucleo-l4r5zi", power__source=""), "without source"),
    "camera": (lambda: changed("openmv-h7", camera__width=0), "0x480"),
    "virtual": (lambda: changed("virtual-m4", modelled_on=""), "modelled_on"),
    "emulator": (lambda: changed("virtual-m4", emulator__timer_hz=0), "timer 0 Hz"),
    "boots-in": (lambda: changed("microbit", boots_in__serial=9), "serial 9"),
    "flash": (lambda: changed("nano33ble", flash__tools=("spoon",)), "'spoon'"),
    "sources": (lambda: changed("nano33ble", sources=()), "no sources"),
}


def test_every_check_has_a_wrong_profile() -> None:
    assert list(WRONG) == [check.name for check in CHECKS]
    assert len({check.sentence for check in CHECKS}) == len(CHECKS)


@pytest.mark.parametrize("name", WRONG)
def test_check_finds_its_wrong_profile(name: str) -> None:
    make, words = WRONG[name]
    found = {check.name: text for check, text in failures(make(), shipped=True)}
    assert words in found[name]


@pytest.mark.parametrize(
    ("make", "name", "words"),
    [
        (lambda: changed("nano33ble", cpu__cycles_source=""), "cycles", "cycles_source"),
        (lambda: changed("nano33ble", memories__1__start=0xFFFF_0000), "extents", "beyond 4 GiB"),
        (lambda: changed("nano33ble", stack_bytes=0), "stack", "stack_bytes 0"),
        (lambda: changed("nano33ble", power__rail_v=-3.3), "power-order", "rail_v -3.3"),
        (lambda: changed("virtual-m4", power__active_mw=None), "virtual", "active_mw"),
        (
            lambda: changed("virtual-m4", cpu__cycles_per_instruction=None),
            "virtual",
            "cycles_per_instruction",
        ),
        (lambda: changed("host", formats=("c", "c")), "formats", "['c', 'c']"),
        (lambda: changed("microbit", boots_in__chip=""), "boots-in", "'microbit', ''"),
        (lambda: changed("microbit", port=""), "boots-in", "'microbit'"),
        (
            lambda: changed("virtual-m0", boots_in={"machine": "microbit", "chip": "nRF51822"}),
            "boots-in",
            "beside an emulator",
        ),
        (lambda: changed("nano33ble", flash__chip={}), "flash", "chip without pyocd"),
        (lambda: changed("pico2", flash__uf2_family=0), "flash", "UF2 without uf2_family"),
        (lambda: changed("microbit", flash__daplink=()), "flash", "daplink without the board's"),
        (lambda: changed("pico2", flash__enter=""), "flash", "without bootloader and enter"),
        (lambda: changed("pico2", flash__bootloader=("2e8a",)), "flash", "'2e8a'"),
    ],
)
def test_checks_with_more_than_one_finding(
    make: Callable[[], Target], name: str, words: str
) -> None:
    found = {check.name: text for check, text in failures(make())}
    assert words in found[name]


def test_sources_are_asked_of_shipped_profiles_only() -> None:
    assert failures(changed("nano33ble", sources=())) == ()


def test_doubled_names_are_found_across_profiles() -> None:
    twins = (changed("rpi4", aliases=("pi",)), changed("rpi3", aliases=("pi",)))
    assert doubled_names(twins) == ("pi",)


def test_virtual_boards_have_a_basis_for_time() -> None:
    target = load_target("virtual-m4")
    assert target.seconds_per_instruction == pytest.approx(1.56 / 120e6)
    assert target.nominal_time_scale == pytest.approx(1.56 / 120e6 / 256e-9)
    assert load_target("nano33ble").nominal_time_scale is None
    assert load_target("host").seconds_per_instruction is None


@pytest.mark.parametrize("name", cpu_names())
def test_a_compiler_takes_the_flags(name: str, tmp_path: Path) -> None:
    """Every row whose compiler is installed here compiles a line of C."""
    from edgekit.targets import reader

    row = reader._cpu_rows()[name]
    native = row["toolchain"] == "native"
    compiler = shutil.which("gcc" if native else f"{row['toolchain']}-gcc")
    if compiler is None:
        pytest.skip(f"no compiler for {row['toolchain']}")
    command = [compiler, *row.get("flags", ()), "-std=c11", "-c", "-x", "c", "-", "-o"]
    done = subprocess.run(
        [*command, str(tmp_path / "a.o")], input=b"float f(float x) { return x * x; }",
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()


def test_fitted_cycles_follow_from_the_published_figures() -> None:
    """Cortex-M4 and M33: median of published cycles over counted instructions."""
    import numpy as np

    counted_m4 = np.array([24_101_554, 29_863_164, 7_699_745, 582_876])
    counted_m33 = np.array([24_541_675, 29_931_047, 7_802_940, 582_477])
    l4r5 = np.array([301.2, 389.6, 99.8, 8.61]) * 120e3 / counted_m4
    ra6m4 = np.array([162.4, 246.2, 50.6, 4.61]) * 200e3 / counted_m33
    nrf53 = np.array([232.0, 316.2, 76.1, 6.27]) * 128e3 / counted_m33
    m33 = np.median(np.concatenate((ra6m4, nrf53)))
    assert load_target("virtual-m4").cpu.cycles_per_instruction == pytest.approx(
        np.median(l4r5), abs=0.005
    )
    assert load_target("virtual-m33").cpu.cycles_per_instruction == pytest.approx(m33, abs=0.005)
    m7 = np.array([26.8, 50.9, 13.9, 1.35]) * 280 / (np.array([98.8, 167.8, 47.8, 4.05]) * 120)
    assert load_target("virtual-m7").cpu.cycles_per_instruction == pytest.approx(
        float(np.median(m7) * np.median(l4r5)), abs=0.005
    )
