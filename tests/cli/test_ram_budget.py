"""`convert --ram-budget`: the price is told, the results stay, and what cannot be is said."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import edgekit as sdk
from edgekit.converter.tflite.writer import write_tflite
from edgekit.deploy.bench_options import BenchOptions
from tests.helpers.command_line import edgekit, fails, succeeds
from tests.helpers.striped import mobile
from tests.helpers.virtual_firmware import needs_qemu

BUDGET = 10_000
WORDS = ("convert", "mobile.tflite", "-o", "new")
BOARD = """
extends = "virtual-m4"
name = "thimble"
title = "a board with little RAM"
[[memories]]
name = "FLASH"
kind = "flash"
start = 0x0
size = "1M"
[[memories]]
name = "RAM"
kind = "ram"
start = 0x20000000
size = "{}"
"""


@pytest.fixture
def model(desk: Path) -> Path:
    Path("mobile.tflite").write_bytes(write_tflite(mobile()))
    return desk


def test_the_price_is_told(model: Path) -> None:
    plain = succeeds(*WORDS, "-t", "virtual-m4", "--json").record["manifest"]
    words = (*WORDS, "-t", "virtual-m4", "--ram-budget", BUDGET)
    made = succeeds(*words, "--json").record["manifest"]
    memory, budget = made["memory"], made["memory"]["budget"]
    assert memory["arena_bytes"] <= BUDGET < plain["memory"]["arena_bytes"]
    assert budget["arena_before"] == plain["memory"]["arena_bytes"]
    assert budget["instructions"] == sum(step["estimate"] for step in made["steps"])
    assert budget["instructions_before"] == sum(step["estimate"] for step in plain["steps"])
    assert made["recipe"]["ram_budget"] == BUDGET
    assert plain["memory"]["budget"] is None
    assert memory["cascades"]
    text = succeeds(*words)
    assert re.search(r"(more|fewer) instructions", text.out)
    assert "run stripe by stripe: first" in text.out + text.err


def test_a_budget_that_is_kept_anyway_changes_nothing(model: Path) -> None:
    made = succeeds(*WORDS, "-t", "virtual-m4", "--ram-budget", "1M", "--json").record["manifest"]
    assert made["memory"]["cascades"] == []
    assert made["memory"]["budget"]["bytes"] == 1 << 20
    assert "kept as it is" in succeeds(*WORDS, "-t", "virtual-m4", "--ram-budget", "1M").out


def test_a_budget_that_cannot_be_kept(model: Path) -> None:
    words = (*WORDS, "-t", "virtual-m4", "--ram-budget", "2KiB")
    error = fails(*words, exit_code=3, code="ram-budget")
    assert error["subject"] == "mobile within a RAM budget of 2,048 B"
    assert error["found"].startswith("the smallest arena found is ")
    assert re.search(r"B too much at step [0-3], [A-Z_2]+ '(first|deep|wide|half)'", error["found"])
    least = error["hint"].split()[1]
    made = succeeds(*WORDS, "-t", "virtual-m4", "--ram-budget", least, "--json").record
    assert made["manifest"]["memory"]["arena_bytes"] == int(least)
    less = fails(*words[:-1], int(least) - 1, exit_code=3, code="ram-budget")
    assert "1 B too much" in less["found"]


@pytest.mark.parametrize("text", ["plenty", "-1", "0", "64X", "1.5K", ""])
def test_sizes_that_are_none(text: str, model: Path) -> None:
    words = (*WORDS, "-t", "virtual-m4", f"--ram-budget={text}")
    error = fails(*words, exit_code=2, code="bad-option")
    assert error["subject"] == "--ram-budget"
    assert "64K" in error["allowed"]
    assert not Path("new").exists()


def test_a_board_with_too_little_ram_names_the_budget(model: Path) -> None:
    """The budget it names is then kept, and the board has the room."""
    Path("thimble.toml").write_text(BOARD.format("20K"), encoding="utf-8")
    error = fails(*WORDS, "-t", "thimble.toml", exit_code=3, code="does-not-fit")
    assert error["found"].startswith("RAM needs ")
    assert re.search(r"(more|fewer) instructions \(estimated\)", error["hint"])
    budget = error["hint"].split("--ram-budget ")[1].split(",")[0]
    succeeds(*WORDS, "-t", "thimble.toml", "--ram-budget", budget)


def test_a_board_for_which_no_budget_would_do(model: Path) -> None:
    Path("thimble.toml").write_text(BOARD.format("9K"), encoding="utf-8")
    error = fails(*WORDS, "-t", "thimble.toml", exit_code=3, code="does-not-fit")
    assert "--ram-budget would not do: the smallest arena is " in error["hint"].lower()


def test_from_python(model: Path) -> None:
    made = sdk.convert("mobile.tflite", target="host", output_dir="new", ram_budget="10K")
    assert made.manifest.memory is not None
    assert made.manifest.memory.arena_bytes <= 10 * 1024
    report = sdk.bench("new", target="host", options=BenchOptions(quick=True, samples=2))
    native = next(run for run in report.runs if run.steps)
    assert [step.index for step in native.steps] == [0, 1, 2, 3, 4]
    assert native.outputs_equal == native.outputs_checked > 0


def test_verified_and_laid_out_for_every_build_system(model: Path) -> None:
    for layout in ("cmake", "arduino", "zephyr", "platformio", "esp-idf", "tflm"):
        succeeds(*WORDS, "-t", "virtual-m4", "--ram-budget", BUDGET, "--format", layout)
        names = {path.name for path in Path("new/c").rglob("*") if path.is_file()}
        assert {"mobile.c", "ek_model.h"} <= names
        called = Path("new/edgekit.json").read_text(encoding="utf-8")
        assert '"cascades": [' in called
    result = sdk.verify("new", samples=5)
    assert result.proved


@needs_qemu
@pytest.mark.qemu
@pytest.mark.parametrize("board", ["virtual-m4", "virtual-m55", "virtual-m0"])
def test_the_board_agrees_and_profiles_every_step(board: str, model: Path) -> None:
    made = sdk.convert("mobile.tflite", target=board, output_dir="new", ram_budget=9_000)
    assert made.manifest.memory is not None
    assert made.manifest.memory.cascades
    [run] = sdk.bench("new", options=BenchOptions(quick=True, samples=1)).runs
    assert run.outputs_equal == run.outputs_checked > 0
    assert len(run.steps) == 5
    assert run.count_per_inference is not None
    assert sum(step.count for step in run.steps) == pytest.approx(run.count_per_inference, rel=0.02)


def test_a_target_without_c_ignores_it(model: Path) -> None:
    done = edgekit(*WORDS, "-t", "android-arm64", "--ram-budget", BUDGET, "--json")
    assert done.code == 0, done


def test_the_plan_is_drawn(model: Path) -> None:
    succeeds(*WORDS, "-t", "virtual-m4", "--ram-budget", BUDGET)
    text = succeeds("inspect", "new", "--memory", "--memory-svg", "plan.svg").out
    assert "in stripes" in text
    assert "no plan with these stripes needs less" in text
    assert 'class="stripes"' in Path("plan.svg").read_text(encoding="utf-8")
    record = succeeds("inspect", "new", "--memory", "--json").record
    assert record["budget"]["bytes"] == BUDGET


def test_what_has_no_c_has_no_plan(model: Path) -> None:
    succeeds(*WORDS, "-t", "android-arm64")
    manifest = Path("new/edgekit.json")
    if '"memory": null' not in manifest.read_text(encoding="utf-8"):
        raw = json.loads(manifest.read_text(encoding="utf-8"))
        manifest.write_text(json.dumps(raw | {"memory": None}), encoding="utf-8")
    error = fails("inspect", "new", "--memory", exit_code=1, code="no-c-bundle")
    assert "no memory was planned" in error["found"]
    fails("inspect", "mobile.tflite", "--memory", exit_code=1, code="not-a-bundle")
