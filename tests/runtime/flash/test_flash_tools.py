"""Tools that write firmware: which is taken, what it is told, what its failures mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.errors import DeviceError, DoesNotFitError, EdgeKitError, ToolError, UsageError
from edgekit.runtime.flash import tools
from edgekit.runtime.flash.tools import (
    Tool,
    check_probes,
    choose_tool,
    command_line,
    probes,
    program_words,
    run_tool,
)
from edgekit.runtime.flash.troubles import SENTENCES, failure
from edgekit.targets.flashers import flashers
from edgekit.targets.reader import list_targets, load_target
from tests.helpers.stand_ins import StandIn

VALUES = {"file": "/a b/firmware.bin", "address": "0x08000000", "port": "/dev/ttyACM3"}


@pytest.fixture
def bin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the PATH; pyocd is not importable."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setattr(tools.importlib.util, "find_spec", lambda name: None)
    hidden = {"openocd", "st-flash", "dfu-util", "picotool", "bossac", "pyocd"}
    found = tools.shutil.which
    monkeypatch.setattr(
        tools.shutil,
        "which",
        lambda name: found(name, path=str(tmp_path / "bin")) if name in hidden else found(name),
    )
    return tmp_path / "bin"


def line(name: str, board: str, *, probe: str | None = None) -> list[str]:
    tool = Tool(flashers()[name], (name,))
    return list(command_line(tool, load_target(board), VALUES, probe))


@pytest.mark.parametrize(
    ("name", "board", "probe", "words"),
    [
        ("pyocd", "nucleo-h743zi", "0668",
         "pyocd flash --no-wait --target stm32h743xx --uid 0668 FILE"),
        ("openocd", "nucleo-u575zi", "0668",
         "openocd -f interface/stlink.cfg -f target/stm32u5x.cfg -c|adapter serial 0668 "
         "-c|program {FILE} verify reset exit"),
        ("st-flash", "nucleo-l4r5zi", None, "st-flash --reset write FILE 0x08000000"),
        ("stm32-programmer", "nucleo-l4r5zi", "0668",
         "stm32-programmer -c port=SWD sn=0668 -w FILE -v -rst"),
        ("picotool", "pico2", None, "picotool load -v -x FILE"),
        ("dfu-util", "nicla-vision", None,
         "dfu-util --device 2341:035f -a 0 -s 0x08040000:leave -D FILE"),
        ("bossac", "nano33ble", None, "bossac -d --port=/dev/ttyACM3 -U -i -e -w FILE -R"),
    ],
)  # fmt: skip
def test_the_words_of_each_tool(name: str, board: str, probe: str | None, words: str) -> None:
    found = "\0".join(line(name, board, probe=probe))
    wanted = words.replace(" ", "\0").replace("|", "\0")
    for phrase in ("adapter serial 0668", "program {FILE} verify reset exit"):
        wanted = wanted.replace(phrase.replace(" ", "\0"), phrase)
    assert found == wanted.replace("FILE", VALUES["file"])


def test_every_tool_of_the_table_flashes_a_board() -> None:
    used = {tool for target in list_targets() if target.flash for tool in target.flash.tools}
    assert used == set(flashers())


def test_the_first_installed_tool_is_taken(bin: Path) -> None:
    target = load_target("nucleo-l4r5zi")
    StandIn(bin, "st-flash")
    assert choose_tool(target).flasher.name == "st-flash"
    StandIn(bin, "openocd")
    chosen = choose_tool(target)
    assert (chosen.flasher.name, chosen.words) == ("openocd", (str(bin / "openocd"),))
    assert choose_tool(target, "st-flash").flasher.name == "st-flash"


def test_pyocd_beside_the_interpreter_counts(bin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools.importlib.util, "find_spec", lambda name: object())
    assert program_words(flashers()["pyocd"])[1:] == ("-m", "pyocd")


def test_no_tool_names_all_that_would_do(bin: Path) -> None:
    with pytest.raises(ToolError) as caught:
        choose_tool(load_target("nucleo-l4r5zi"))
    assert caught.value.code == "flasher-missing"
    for words in ("pip install 'edgekit-sdk[flash]'", "apt-get install openocd", "st.com"):
        assert words in caught.value.hint
    dry = choose_tool(load_target("nucleo-l4r5zi"), dry=True)
    assert (dry.words, dry.installed) == (("pyocd",), False)


@pytest.mark.parametrize(
    ("board", "wanted", "probe", "code"),
    [
        ("nucleo-l4r5zi", "bossac", None, "flasher-unknown"),
        ("grove-vision-ai-v2", None, None, "no-flasher"),
        ("pico2", "uf2", "E66", "probe-unused"),
    ],
)
def test_tools_that_cannot(board: str, wanted: str | None, probe: str | None, code: str) -> None:
    with pytest.raises(UsageError) as caught:
        choose_tool(load_target(board), wanted, probe=probe)
    assert caught.value.code == code
    assert caught.value.hint


# (tool, board, what it prints when it fails, the trouble's name)
FAILURES = (
    ("pyocd", "nucleo-l4r5zi", "0000 E No target device available [load_cmd]", "no-probe"),
    ("pyocd", "nucleo-l4r5zi", "C Target type stm32l4r5zitx not recognized. Use 'pyocd list "
     "--targets' to see currently available target types.", "unknown-chip"),
    ("pyocd", "nucleo-l4r5zi", "E USBError: [Errno 13] Access denied (insufficient permissions)",
     "probe-permission"),
    ("openocd", "nucleo-l4r5zi", "Error: libusb_open() failed with LIBUSB_ERROR_ACCESS\n"
     "Error: open failed", "probe-permission"),
    ("openocd", "nucleo-l4r5zi", "Error: open failed", "no-probe"),
    ("openocd", "nucleo-l4r5zi", "Error: libusb_claim_interface() failed with LIBUSB_ERROR_BUSY",
     "probe-busy"),
    ("openocd", "nucleo-l4r5zi", "Warn : UNEXPECTED idcode: 0x2ba01477\nError: expected 1 of 1",
     "wrong-chip"),
    ("openocd", "nucleo-l4r5zi", "Error: no flash bank found for address 0x08200000", "too-large"),
    ("st-flash", "nucleo-l4r5zi", "WARN common.c: Couldn't find any ST-Link devices", "no-probe"),
    ("st-flash", "nucleo-l4r5zi", "ERROR common.c: unknown chip id! 0x450", "wrong-chip"),
    ("stm32-programmer", "nucleo-l4r5zi", "Error: No debug probe detected.", "no-probe"),
    ("picotool", "pico2", "No accessible RP-series devices in BOOTSEL mode were found.",
     "no-bootloader"),
    ("dfu-util", "nicla-vision", "dfu-util: No DFU capable USB device available", "no-bootloader"),
    ("dfu-util", "nicla-vision", "dfu-util: Cannot open DFU device 2341:035f found on devnum 9 "
     "(LIBUSB_ERROR_ACCESS)\ndfu-util: No DFU capable USB device available", "probe-permission"),
    ("dfu-util", "nicla-vision", "dfu-util: More than one DFU capable USB device found! Try "
     "`--list' and specify the serial number", "probe-ambiguous"),
    ("bossac", "nano33ble", "No device found on ttyACM3", "no-bootloader"),
    ("bossac", "nano33ble", "Device unsupported", "wrong-chip"),
    ("bossac", "nano33ble", "File operation exceeds flash size", "too-large"),
)  # fmt: skip


@pytest.mark.parametrize(("name", "board", "words", "trouble"), FAILURES)
def test_what_tools_say_when_they_fail(
    name: str, board: str, words: str, trouble: str, bin: Path
) -> None:
    stand_in = StandIn(bin, name, output=words, status=1)
    tool = Tool(flashers()[name], (str(stand_in.path),))
    target = load_target(board)
    command = command_line(tool, target, VALUES, None)
    with pytest.raises(EdgeKitError) as caught:
        run_tool(tool, target, command)
    error = caught.value
    assert error.code == trouble
    assert isinstance(error, SENTENCES[trouble][0])
    assert words.splitlines()[-1] in error.found
    assert error.hint
    assert stand_in.arguments == list(command[1:])


def test_every_trouble_named_in_the_table_has_a_sentence() -> None:
    named = {name for row in flashers().values() for name, _ in row.troubles}
    assert named <= set(SENTENCES)
    assert set(SENTENCES) - named == set()


def test_an_unknown_failure_shows_its_last_lines() -> None:
    text = "\n".join(f"line {number}" for number in range(20))
    error = failure(flashers()["openocd"], load_target("nucleo-l4r5zi"), 3, text)
    assert error.code == "flash-failed"
    assert "status 3: line 15 | line 16 | line 17 | line 18 | line 19" in error.found
    assert error.hint.endswith("or with another --tool (pyocd, st-flash, stm32-programmer)")
    quiet = failure(flashers()["openocd"], load_target("nucleo-l4r5zi"), 3, "")
    assert "it printed nothing" in quiet.found


def test_an_image_that_is_too_large_is_a_verdict() -> None:
    error = failure(flashers()["bossac"], load_target("nano33ble"), 1, "exceeds flash size")
    assert isinstance(error, DoesNotFitError)


def test_a_board_that_leaves_while_dfu_util_says_goodbye_was_flashed(bin: Path) -> None:
    words = "File downloaded successfully\ndfu-util: Error during download get_status"
    stand_in = StandIn(bin, "dfu-util", output=words, status=74)
    tool = Tool(flashers()["dfu-util"], (str(stand_in.path),))
    assert "successfully" in run_tool(tool, load_target("nicla-vision"), (str(stand_in.path),))


def test_a_program_that_does_not_start(bin: Path) -> None:
    tool = Tool(flashers()["openocd"], ("/nonexistent/openocd",))
    with pytest.raises(ToolError, match="does not start") as caught:
        run_tool(tool, load_target("nucleo-l4r5zi"), tool.words)
    assert caught.value.code == "flasher-missing"


@pytest.mark.parametrize(
    ("plugged", "wanted", "code"),
    [
        ((), None, "no-probe"),
        (("0668A", "0668B"), None, "probe-ambiguous"),
        (("0668A",), "0777", "no-probe"),
        (("0668A",), None, ""),
        (("0668A", "0668B"), "0668b", ""),
    ],
)
def test_which_probe_is_meant(
    plugged: tuple[str, ...], wanted: str | None, code: str, bin: Path
) -> None:
    stand_in = StandIn(bin, "pyocd").lists_probes(*plugged)
    tool = Tool(flashers()["pyocd"], (str(stand_in.path),))
    target = load_target("nucleo-l4r5zi")
    assert [probe.serial for probe in probes(tool) or ()] == list(plugged)
    if not code:
        check_probes(tool, target, wanted)
        return
    with pytest.raises(DeviceError) as caught:
        check_probes(tool, target, wanted)
    assert caught.value.code == code
    for serial in plugged:
        assert serial in caught.value.found


def test_a_tool_that_cannot_list_probes_is_left_to_say_so_itself(bin: Path) -> None:
    stand_in = StandIn(bin, "pyocd", output="no JSON at all")
    assert probes(Tool(flashers()["pyocd"], (str(stand_in.path),))) is None
    assert probes(Tool(flashers()["openocd"], ("openocd",))) is None
