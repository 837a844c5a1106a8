"""What a terminal of 80 columns shows: nothing cut off, nothing squeezed to single letters."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import numpy as np
import pytest

from edgekit.cli.main import main
from edgekit.cli.target_rows import details
from edgekit.targets.reader import list_targets, load_target
from tests.helpers.sample_report import board_report, host_report

WIDTH = 80
COMMANDS = (
    "doctor",
    "targets",
    "targets virtual-m4",
    "inspect model.tflite",
    "inspect {bundle}",
    "inspect {bundle} --explain",
    "convert model.tflite -t virtual-m4 --calibration data.npz -o out --explain",
    "run {bundle} one.npy",
    "verify {bundle} --samples 2",
    "build {bundle} -o firmware",
    "report board",
    "report host",
    "report {bundle}",
)


class Terminal(io.StringIO):
    """Text that a terminal would show."""

    def isatty(self) -> bool:
        return True


def shown(line: str, width: int = WIDTH) -> str:
    """Standard output of a command line on a terminal, without colours."""
    out = Terminal()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(width))
        patch.setenv("TERM", "xterm")
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            assert main(line.split()) == 0
    return re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())


@pytest.fixture
def records(desk: Path) -> None:
    """Reports of a board and of a host, and one sample, in the current folder."""
    for name, report in (("board", board_report()), ("host", host_report())):
        (desk / name).mkdir()
        (desk / name / "report.json").write_text(report.to_json(), encoding="utf-8")
    np.save("one.npy", np.load("data.npz")["x"][0])


@pytest.mark.parametrize("line", COMMANDS)
@pytest.mark.usefixtures("records")
def test_everything_fits_and_nothing_is_cut(line: str, small_bundle: Path) -> None:
    text = shown(line.format(bundle=small_bundle))
    long = [row for row in text.splitlines() if len(row.rstrip()) > WIDTH]
    paths = (str(small_bundle), str(Path.cwd()))  # are never broken
    assert not [row for row in long if not any(path in row for path in paths)], long
    assert "…" not in text


def test_the_list_of_targets_keeps_its_words() -> None:
    text = " ".join(shown("targets").split())
    for target in list_targets():
        assert target.name in text
        assert target.cpu.name in text
        assert all(word in text for word in target.title.split())
    wide = shown("targets", width=140)
    assert re.search(r"^ virtual-m4 +Cortex-M4F in QEMU \(mps2-an386\) +cortex-m4f ", wide, re.M)


def test_layers_keep_their_names(desk: Path, small_bundle: Path) -> None:
    narrow, wide = (shown(f"inspect {small_bundle}", width) for width in (WIDTH, 120))
    assert re.search(r"^ +0 +CONV_2D +1x6x6x4 ", narrow, re.MULTILINE)
    assert re.search(r"^ +int8|^ {5,}\S+ +int8", narrow, re.MULTILINE)
    assert re.search(r"^ +0 +CONV_2D +\S+ +1x6x6x4 +int8 ", wide, re.MULTILINE)


def test_engines_of_verify_keep_their_names(small_bundle: Path) -> None:
    text = shown(f"verify {small_bundle} --samples 2")
    assert re.search(r"edgekit-c [\w+]+, native +2/2 +0 ", text), text


def test_everything_about_every_target_is_text() -> None:
    for target in list_targets():
        rows = list(details(target))
        assert rows[0] == ("name", target.name)
        assert all(what and value for what, value in rows), target.name
        assert not any(mark in value for _, value in rows for mark in "{}[]"), target.name


def test_what_a_virtual_board_says_about_itself() -> None:
    rows = dict(details(load_target("virtual-m4")))
    assert rows["cpu"] == "cortex-m4f (armv7e-m), 120 MHz"
    assert rows["kernels"] == "dsp, any, ref; compiled with -Os"
    assert rows["flash"] == "4.00 MiB at 0x00000000 (ssram1)"
    assert rows["RAM"] == "4.00 MiB at 0x20000000 (ssram23)"
    assert rows["firmware"] == "cortex_m/mps2_an386, in QEMU as mps2-an386, counter 25.0 MHz"
    assert rows["power"].startswith("1.8 V, 44 mW active; NUCLEO-L4R5ZI")
    assert rows["cycles"].startswith("1.56 per instruction; estimate: ")
    assert dict(details(load_target("rpi4")))["firmware"].startswith("none: an operating system")
