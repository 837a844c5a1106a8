"""Targets that do not exist or are too small, and options that contradict."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.converter.tflite import write_tflite
from tests.helpers.command_line import edgekit, fails, nothing_left_in, succeeds
from tests.helpers.small_bundles import small_network

CONVERT = ("convert", "model.tflite", "-o", "new", "--calibration", "data.npz", "-t")

SMALL_BOARD = """
extends = "virtual-m4"
name = "thimble"
title = "64 KB of flash, 16 KB of RAM"
aliases = []
stack_bytes = 2048

[[memories]]
name = "flash"
kind = "flash"
start = 0x0000_0000
size = "{flash}"

[[memories]]
name = "ram"
kind = "ram"
start = 0x2000_0000
size = "{ram}"
"""


def _board(flash: str, ram: str) -> str:
    Path("thimble.toml").write_text(SMALL_BOARD.format(flash=flash, ram=ram), encoding="utf-8")
    return "thimble.toml"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("esp32", "target-unknown"),
        ("virtual", "target-ambiguous"),
        ("gone.toml", "target-file"),
    ],
)
@pytest.mark.parametrize(
    "line",
    [
        "convert model.tflite -o new --calibration data.npz -t {}",
        "inspect model.tflite -t {}",
        "targets {}",
        "bench bundle -t {}",
        "build bundle -t {}",
        "verify bundle -t {}",
    ],
)
def test_unknown_targets(line: str, name: str, code: str, desk: Path, small_bundle: Path) -> None:
    Path("bundle").symlink_to(small_bundle)
    with nothing_left_in(small_bundle):
        done = edgekit(*line.format(name).split(), "--json")
    error = done.record["error"]
    assert (done.code, done.err, error["exit_code"]) == (2, "", 2), done
    assert name in error["subject"]
    if name == "virtual":
        assert "virtual-m4" in error["allowed"]
    assert not Path("new").exists()


def test_candidates_are_near_what_was_typed() -> None:
    error = edgekit("targets", "nano33", "--json").record
    assert error["name"] == "nano33ble"  # a unique prefix
    error = edgekit("targets", "virtual-m5", "--json").record
    assert error["name"] == "virtual-m55"
    error = edgekit("targets", "virtuel-m4", "--json").record["error"]
    assert "virtual-m4" in error["allowed"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name = ",
        'extends = "nothing"\nname = "x"\ntitle = "x"\n',
        'extends = "virtual-m4"\nname = "x"\ntitle = "x"\nspeed = 3\n',
        'extends = "virtual-m4"\nname = "Not A Name"\ntitle = "x"\n',
        'extends = "virtual-m4"\nname = "x"\ntitle = "x"\nclock_hz = "fast"\n',
        'extends = "./board.toml"\nname = "x"\ntitle = "x"\n',
    ],
)
def test_bad_target_files(text: str, desk: Path) -> None:
    Path("board.toml").write_text(text, encoding="utf-8")
    for words in (("targets", "./board.toml"), (*CONVERT, "./board.toml")):
        with nothing_left_in(desk):
            done = edgekit(*words, "--json")
        error = done.record["error"]
        assert (done.code, done.err) == (2, ""), done
        assert "board.toml" in error["subject"]
        assert error["code"].startswith("target-")


def test_too_little_flash_says_what_would_fit(desk: Path) -> None:
    """A network of some 150 kB of weights for a board with 64 kB of flash."""
    big = small_network(64, channels=144)
    Path("big.tflite").write_bytes(write_tflite(big))
    import numpy as np

    from tests.helpers.float_graphs import samples

    np.savez("big.npz", x=samples(big, 4))
    words = ("convert", "big.tflite", "-o", "new", "--calibration", "big.npz", "--no-gate")
    with nothing_left_in(desk, desk.parent / "temporary"):
        _board("64K", "256K")
        error = fails(*words, "-t", "thimble.toml", exit_code=3, code="does-not-fit")
        Path("thimble.toml").unlink()
    assert "flash" in error["found"]
    assert "times its width" in error["hint"]


def test_too_little_ram_says_what_would_fit(desk: Path) -> None:
    big = small_network(64, channels=16)
    Path("big.tflite").write_bytes(write_tflite(big))
    import numpy as np

    from tests.helpers.float_graphs import samples

    np.savez("big.npz", x=samples(big, 4))
    words = ("convert", "big.tflite", "-o", "new", "--calibration", "big.npz", "--no-gate")
    with nothing_left_in(desk, desk.parent / "temporary"):
        _board("1M", "16K")
        error = fails(*words, "-t", "thimble.toml", exit_code=3, code="does-not-fit")
        Path("thimble.toml").unlink()
    assert "RAM" in error["found"]
    assert "it would fit with an input of about " in error["hint"]
    assert "it fits as it is on " in error["hint"]


def test_a_board_of_one_s_own_runs_the_whole_way(desk: Path) -> None:
    _board("64K", "32K")
    succeeds(*CONVERT, "thimble.toml")
    image = succeeds("build", "new", "-t", "thimble.toml", "--json").record
    assert 0 < image["flash_bytes"] <= 65536
    assert 0 < image["ram_bytes"] <= 32768
    error = fails("build", "new", exit_code=2, code="foreign-target")
    assert error["hint"] == "give its file again: --target BOARD.toml"


def test_firmware_that_does_not_fit(desk: Path, small_bundle: Path) -> None:
    """The bundle is fine, the linked image is too large: a verdict, and nothing to flash."""
    _board("8K", "32K")
    error = fails(
        "build", small_bundle, "-t", "thimble.toml", "-o", "firmware",
        exit_code=3, code="does-not-fit",
    )  # fmt: skip
    assert "flash" in error["found"]
    assert not Path("firmware/firmware.elf").exists()


OPTIONS = [
    (("--format", "fortran"), "bad-option"),
    (("--resize", "squash"), "bad-option"),
    (("--color", "cmyk"), "bad-option"),
    (("--mean", "blue"), "bad-option"),
    (("--mean", "1,2"), "bad-option"),
    (("--mean", "nan"), "bad-option"),
    (("--scale", "1/0"), "bad-option"),
    (("--scale", "0"), "bad-option"),
    (("--scale", "inf"), "bad-option"),
    (("--min-agreement", "1.5"), "usage"),
    (("--max-drop", "-0.1"), "usage"),
    (("--calibration-samples", "0"), "usage"),
    (("--bogus",), "usage"),
]


@pytest.mark.parametrize(("words", "code"), OPTIONS)
def test_options_of_convert(words: tuple[str, ...], code: str, desk: Path) -> None:
    with nothing_left_in(desk):
        fails(*CONVERT, "virtual-m4", *words, exit_code=2, code=code)


BENCH = [
    ("--threads 0", "bad-option"),
    ("--threads one", "bad-option"),
    ("--threads 100000", "bad-option"),
    ("--batch 1,,2", "bad-option"),
    ("--threads 2", "option-unused"),
    ("--batch 2", "option-unused"),
    ("--windows 3", "option-unused"),
    ("--samples 0", "usage"),
    ("--windows 0", "usage"),
    ("-t host --port /dev/ttyACM0", "port-unused"),
    ("--port /dev/ttyACM0", "port-unused"),
    ("-t nano33ble", "port-needed"),
    ("-t rpi", "not-here"),
    ("-t pixel-6", "not-here"),
]


@pytest.mark.parametrize(("words", "code"), BENCH)
def test_options_of_bench(words: str, code: str, desk: Path, small_bundle: Path) -> None:
    with nothing_left_in(desk, small_bundle):
        fails("bench", small_bundle, "-o", "report", *words.split(), exit_code=2, code=code)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("build {} -t host", "no-firmware"),
        ("build {} -t rpi4 --model-id vww01", "no-firmware"),
        ("verify {} -t host --board", "no-board"),
        ("verify {} -t rpi4 --port /dev/ttyACM0", "no-board"),
        ("verify {} -t nano33ble --board", "port-needed"),
        ("verify {} --port /dev/ttyACM0", "port-unused"),
        ("run {} data.npz --engine magic", "bad-option"),
        ("run {} data.npz --top 0", "usage"),
    ],
)
def test_options_of_the_other_commands(
    line: str, code: str, desk: Path, small_bundle: Path
) -> None:
    with nothing_left_in(desk, small_bundle):
        fails(*line.format(small_bundle).split(), exit_code=2, code=code)


@pytest.mark.parametrize("name", ["int", "1st try/../x", "-", "Größe"])
def test_names_become_c_identifiers(name: str, desk: Path) -> None:
    """The code must compile whatever the name was."""
    succeeds(*CONVERT, "virtual-m4", f"--name={name}")
    done = succeeds("verify", "new", "--samples", "1", "--json")
    assert any("native" in e["engine"] and e["inputs_equal"] == 1 for e in done.record["engines"])
