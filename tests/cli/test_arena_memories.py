"""`convert --arena`: one block or several memories, what is said, and that the results stay."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

import edgekit as sdk
from edgekit.converter.tflite.writer import write_tflite
from edgekit.deploy.bench_options import BenchOptions
from tests.helpers.command_line import fails, succeeds
from tests.helpers.split_bundles import board
from tests.helpers.striped import mobile
from tests.helpers.virtual_firmware import needs_qemu

MOBILE_SKETCH = "new/arduino/mobile/examples/mobile_self_test/mobile_self_test.ino"
ROOM = 0x7000
"""Bytes of the main RAM: too little for the arena of 24 KB with stack and variables."""


@pytest.fixture
def model(desk: Path) -> Path:
    Path("mobile.tflite").write_bytes(write_tflite(mobile()))
    return desk


def words(target: object, *more: object) -> tuple[object, ...]:
    return ("convert", "mobile.tflite", "-t", target, "-o", "new", *more)


def test_where_the_arena_lies_is_told(model: Path) -> None:
    target = board(model, size=ROOM)
    done = succeeds(*words(target))
    assert "DTCM: 8,192 B of 8,960 B, " in done.out
    assert "main RAM: 16,384 B of 18,400 B, " in done.out
    assert "the arena lies in DTCM: 8,192 B of " in done.out + done.err
    record = succeeds(*words(target, "--json")).record["manifest"]
    memory = record["memory"]
    assert [block["memory"] for block in memory["blocks"]] == ["DTCM", "main RAM"]
    assert memory["arena_bytes"] == record["sizes"]["arena"] == 8192 + 16384
    assert {step["memory"] for step in record["steps"]} == {"DTCM", "main RAM"}
    assert "arena" not in record["recipe"]


def test_one_block_stays_one_block(model: Path) -> None:
    """A target with a second memory changes nothing where the first has room."""
    plain = {path: text for path, text in c_files("virtual-m55").items() if path.suffix == ".c"}
    single = c_files("virtual-m55", "--arena", "single")
    assert all(single[path] == text for path, text in plain.items())
    memory = succeeds(*words("virtual-m55", "--json")).record["manifest"]["memory"]
    assert memory["blocks"] == []
    assert memory["split_gap"] is None


def c_files(target: object, *more: object) -> dict[Path, str]:
    succeeds(*words(target, *more))
    return {
        path: path.read_text(encoding="utf-8") for path in sorted(Path("new/c").rglob("*.[ch]"))
    }


def test_fast_is_chosen_and_recorded(model: Path) -> None:
    record = succeeds(*words("virtual-m55", "--arena", "fast", "--json")).record["manifest"]
    [block] = record["memory"]["blocks"]
    assert block["memory"] == "dtcm"
    assert record["recipe"]["arena"] == "fast"


def test_single_refuses_what_several_would_hold(model: Path) -> None:
    error = fails(*words(board(model, size=0x5F00), "--arena", "single"),
                  exit_code=3, code="does-not-fit")  # fmt: skip
    assert error["found"].startswith("arena in one RAM needs 24.0 KiB of 23.8 KiB")
    succeeds(*words(board(model, size=0x5F00)))


def test_too_much_for_all_of_them(model: Path) -> None:
    error = fails(*words(board(model, size=0x4000, coupled=2048)), exit_code=3, code="does-not-fit")
    assert error["subject"] == "mobile on two-rooms"
    assert error["found"].startswith("the arena needs 24,")
    assert (
        " B at step 2, CONV_2D 'wide'; DTCM has room for 2,016 B, main RAM has room for 9,184 B: "
    )
    assert error["found"].endswith(" KiB too much")
    assert "--ram-budget" in error["hint"]


def test_the_suggested_budget_is_kept_in_two_memories(model: Path) -> None:
    target = board(model, size=0x4000, coupled=4096)
    hint = fails(*words(target), exit_code=3, code="does-not-fit")["hint"]
    assert hint.startswith("its RAM would do with --ram-budget ")
    budget = hint.split("--ram-budget ")[1].split(",")[0]
    memory = succeeds(*words(target, "--ram-budget", budget, "--json")).record["manifest"]["memory"]
    assert len(memory["blocks"]) == 2
    assert memory["arena_bytes"] <= int(budget)
    assert memory["cascades"]
    assert sdk.verify("new", samples=3, target=str(target)).proved


@pytest.mark.parametrize("value", ["", "several", "FAST"])
def test_values_that_are_none(value: str, model: Path) -> None:
    error = fails(*words("virtual-m55", f"--arena={value}"), exit_code=2, code="bad-option")
    assert (error["subject"], error["allowed"]) == ("--arena", "auto, single, fast")


def test_fast_where_no_memory_is(model: Path) -> None:
    error = fails(*words("nano33ble", "--arena", "fast"), exit_code=2, code="no-fast-memory")
    assert error["subject"] == "--arena fast"
    assert error["found"] == "target nano33ble states no tightly coupled memory"
    for name in ("grove-vision-ai-v2", "nicla-vision", "nucleo-h743zi", "virtual-m55"):
        assert name in error["allowed"]
    assert not Path("new").exists()


def test_the_plan_is_drawn_memory_by_memory(model: Path) -> None:
    succeeds(*words(board(model, size=ROOM)))
    done = succeeds("inspect", "new", "--memory", "--memory-svg", "plan.svg")
    lines = done.out.splitlines()
    assert lines[0] == "arena 24,576 B in DTCM, main RAM; at most 24,576 B are live at once"
    assert sum(line.startswith(("DTCM: ", "main RAM: ")) for line in lines) == 2
    assert sum("steps 0..4" in line for line in lines) == 2
    root = ElementTree.fromstring(Path("plan.svg").read_text(encoding="utf-8"))
    assert sum("translate" in (e.get("transform") or "") for e in root) == 2


@pytest.mark.parametrize("layout", ["cmake", "arduino", "zephyr", "platformio", "esp-idf", "tflm"])
def test_laid_out_for_every_build_system(layout: str, model: Path) -> None:
    target = board(model, size=ROOM)
    files = c_files(target, "--format", layout)
    assert any("mobile_init(ek_arena_t *arena" in text for text in files.values())
    if layout == "arduino":
        sketch = Path(MOBILE_SKETCH).read_text(encoding="utf-8")
        assert "alignas(16) static uint8_t main_ram[MOBILE_ARENA_MAIN_RAM_SIZE];" in sketch
        assert "mobile_init(&arena, dtcm, sizeof dtcm, main_ram, sizeof main_ram)" in sketch
    if layout == "cmake":
        assert sdk.verify("new", samples=3, target=str(target)).proved


def test_on_this_machine(model: Path) -> None:
    """The same bundle through the shared library, block by block."""
    succeeds(*words(board(model, size=ROOM)))
    report = sdk.bench("new", target="host", options=BenchOptions(quick=True, samples=2))
    native = next(run for run in report.runs if run.steps)
    assert native.outputs_equal == native.outputs_checked > 0


@needs_qemu
@pytest.mark.qemu
def test_a_benchmark_that_would_not_fit_is_told_and_helped(model: Path) -> None:
    """The application fits beside its arena; with a copy of the input it does not."""
    target = board(model, size=0x7C80, coupled=4096)
    [note] = notes(target)
    assert "with its copy of the inputs by estimate does not: 2944 B too much" in note["message"]
    fails("build", "new", "-t", target, exit_code=3, code="does-not-fit")
    assert "fast" not in note["advice"]
    budget = note["advice"].split("--ram-budget ")[1]
    assert notes(target, "--ram-budget", budget) == []
    succeeds("build", "new", "-t", target)


def test_fast_memory_is_advised_where_it_helps(model: Path) -> None:
    target = board(model, size=0x7C80, coupled=9000)
    [note] = notes(target)
    assert note["advice"].endswith(" or --arena fast")
    assert notes(target, "--arena", "fast") == []


def notes(target: object, *more: object) -> list[dict[str, str]]:
    manifest = succeeds(*words(target, *more, "--json")).record["manifest"]
    return [note for note in manifest["warnings"] if note["code"] == "bench-fit"]


@needs_qemu
@pytest.mark.qemu
def test_built_and_measured_on_the_board(model: Path) -> None:
    target = board(model, size=ROOM)
    succeeds(*words(target))
    built = succeeds("build", "new", "-t", target)
    assert [line.split()[-2:] for line in built.out.splitlines() if line.strip().startswith("DTCM")]
    record = succeeds("build", "new", "-t", target, "--json").record
    assert record["memories"]["DTCM"] == {"kind": "ram", "used": 8192 + 32, "size": 9000}
    succeeds("bench", "new", "-t", target, "--quick", "--samples", 1, "-o", "report")
    report = sdk.read_report("report/report.json") if hasattr(sdk, "read_report") else None
    html = Path("report/report.html").read_text(encoding="utf-8")
    assert "Memory plan: DTCM" in html
    assert "Memory plan: main RAM" in html
    assert report is None or report.runs[0].outputs_equal > 0
