"""`bench`, `verify` and `run` of programs: on this machine, in an emulator; binarized bundles."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from edgekit.deploy.bundles import Bundle, open_bundle
from edgekit.deploy.inputs import random_inputs
from edgekit.deploy.programs import program_engine
from edgekit.errors import DeviceError
from edgekit.firmware_stubs import toolchains
from edgekit.runtime.devices import launch
from edgekit.targets.reader import load_target
from tests.helpers.binary_bundles import convert_binary
from tests.helpers.command_line import fails, succeeds
from tests.helpers.neon_cases import COMPILER, EMULATOR
from tests.helpers.small_bundles import convert_small
from tests.helpers.toolchains import require, require_cross


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """For reading only."""
    folder = tmp_path_factory.mktemp("bundles")
    return {
        "int8": convert_small(folder, target="rpi4", name="int8"),
        "binary": convert_binary(folder, "rpi4"),
        "host": convert_binary(folder, "host"),
        "portable": convert_binary(folder, "host", "portable"),
    }


def test_a_binarized_bundle_on_this_machine(bundles: dict[str, Path], tmp_path: Path) -> None:
    words = ("--target", "host", "--quick", "--samples", 2, "--cold", 2, "--sustained", 0.2)
    words += ("-o", tmp_path / "report", "--json")
    record = succeeds("bench", bundles["host"], *words).record
    [run] = record["runs"]
    assert run["engine"].startswith("edgekit-c ")
    assert run["engine"].endswith(", native")
    assert (run["outputs_checked"], run["outputs_equal"]) == (2, 2)
    assert run["provenance"] == "measured"
    assert len(run["latency_s"]) >= 3
    assert run["batches"][0]["batch"] == 1
    assert [step["operator"] for step in run["steps"]] == [
        "LceQuantize",
        "LceBconv2d",
        "LceBconv2d",
    ]
    assert run["memory"]["peak_rss"] > run["memory"]["arena"] > 0
    assert "stack_high_water" not in run["memory"]
    assert record["figures"]["latency"]["basis"].endswith("native, 1 thread")
    assert len(run["sustained"]) == 20
    assert record["figures"]["sustained_throughput"]["value"] > 0
    assert len(run["cold"]) == record["figures"]["cold_start"]["runs"] == 2
    [note] = [note for note in record["warnings"] if note["code"] == "engine-skipped"]
    assert "LceBconv2d, LceQuantize of the Larq Compute Engine" in note["message"]
    assert note["level"] == "info"
    assert "--binary-format portable" in note["advice"]


def test_interpreter_and_program_side_by_side(bundles: dict[str, Path]) -> None:
    words = ("--target", "host", "--quick", "--samples", 1, "--batch", "1", "--json")
    runs = succeeds("bench", bundles["int8"], *words).record["runs"]
    assert [run["engine"].partition(" ")[0] for run in runs] == ["ai_edge_litert", "edgekit-c"]
    assert [run["outputs_equal"] for run in runs][1] == 1


def test_energy_of_a_binarized_bundle_is_of_its_c(bundles: dict[str, Path]) -> None:
    words = ("--target", "host", "--quick", "--samples", 1, "--power", "virtual", "--windows", 1)
    record = succeeds("bench", bundles["host"], *words, "--json").record
    [note] = [note for note in record["warnings"] if note["code"] == "energy-engine"]
    assert "while edgekit-c" in note["message"]
    assert record["figures"]["energy_gross"]["provenance"] == "simulated"


@pytest.mark.qemu
@pytest.mark.parametrize("name", ["int8", "binary"])
def test_a_program_in_an_emulator_is_checked_and_not_timed(
    name: str, bundles: dict[str, Path], tmp_path: Path
) -> None:
    require(COMPILER, EMULATOR)
    words = ("--emulate", "--quick", "--samples", 2, "-o", tmp_path / "report")
    done = succeeds("bench", bundles[name], *words, "--json")
    [run] = done.record["runs"]
    assert run["provenance"] == "simulated"
    assert (run["latency_s"], run["batches"], run["windows"], run["steps"]) == ([], [], [], [])
    assert (run["outputs_checked"], run["outputs_equal"]) == (2, 2)
    assert run["device"].startswith("qemu-aarch64-static ")
    assert run["device"].endswith("-cpu cortex-a72")
    assert "peak_rss" not in run["memory"]
    assert "latency" not in done.record["figures"]
    figure = done.record["figures"]["instructions"]
    assert (figure["provenance"], run["counter_unit"]) == ("simulated", "instructions")
    assert figure["value"] == run["count_per_inference"] > 1000
    assert "cpu" not in run["environment"]
    assert {note["code"] for note in done.record["warnings"]} >= {"emulated"}
    shown = succeeds("report", tmp_path / "report").out
    assert f"{int(figure['value']):,} instructions (simulated)" in " ".join(shown.split())


@pytest.mark.qemu
def test_a_program_of_a_32_bit_phone(tmp_path: Path) -> None:
    require_cross("android-armv7")
    require("qemu-arm-static")
    bundle = convert_binary(tmp_path, "android-armv7")
    [run] = succeeds("bench", bundle, "--emulate", "--samples", 2, "--json").record["runs"]
    assert run["outputs_equal"] == 2
    assert (run["latency_s"], run["count_per_inference"]) == ([], None)


def test_a_missing_compiler_is_named(
    bundles: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    require(EMULATOR)
    monkeypatch.setattr(toolchains, "shutil", SimpleNamespace(which=lambda name: None))
    monkeypatch.setattr(toolchains, "find_zig", lambda: None)
    error = fails("bench", bundles["int8"], "--emulate", exit_code=1, code="compiler-missing")
    assert error["hint"] == (
        "run: sudo apt-get install gcc-aarch64-linux-gnu, or without root: "
        "pip install 'edgekit-sdk[toolchain]'"
    )


@pytest.mark.qemu
def test_a_core_without_the_instructions_is_named(tmp_path: Path) -> None:
    """A Raspberry Pi 5's program needs the dot product extension, which a Cortex-A72 lacks."""
    require(COMPILER, EMULATOR)
    bundle = open_bundle(convert_small(tmp_path, target="rpi5"))
    older = launch.Here((EMULATOR, "-cpu", "cortex-a72"), "an older Pi")
    with pytest.raises(DeviceError) as caught:
        _runs(bundle, older)
    assert caught.value.code == "runner-signal-4"
    assert caught.value.found == "the runner ended: the processor lacks an instruction of it"
    _runs(bundle, launch.emulated(load_target("rpi5")))


def _runs(bundle: Bundle, launcher: launch.Launcher) -> None:
    sample = random_inputs(bundle.graph, 1).samples[0]
    with program_engine(bundle, load_target("rpi5"), launcher) as (run, _):
        run((sample,))


@pytest.mark.qemu
@pytest.mark.parametrize("name", ["int8", "binary"])
def test_verify_runs_the_program_in_an_emulator(name: str, bundles: dict[str, Path]) -> None:
    require(COMPILER, EMULATOR)
    for option in ("--emulate", "--board"):
        engines = succeeds("verify", bundles[name], "--samples", 3, option, "--json").record
        own = [row for row in engines["engines"] if row["must_equal"]]
        assert [row["inputs_equal"] for row in own] == [3, 3]
        assert own[0]["engine"].endswith("native")
        assert ", qemu-aarch64-static " in own[1]["engine"]


def test_verify_names_the_form_that_litert_runs(bundles: dict[str, Path]) -> None:
    rows = succeeds("verify", bundles["host"], "--samples", 3, "--json").record["engines"]
    litert = [row for row in rows if row["engine"].endswith("portable form")]
    assert len(litert) == 2
    assert all(row["largest"] <= 1 and not row["must_equal"] for row in litert)
    assert [row["inputs_equal"] for row in rows if row["must_equal"]] == [3]


def test_the_c_of_a_portable_bundle_is_held_against_packed_signs(
    bundles: dict[str, Path],
) -> None:
    """LiteRT rounds the int8 outputs of its file in fixed point, the C in float32 as LCE does;
    biases make both the same, but for XNNPACK's rounding."""
    rows = succeeds("verify", bundles["portable"], "--samples", 3, "--json").record["engines"]
    assert [row["inputs_equal"] for row in rows if row["must_equal"]] == [3]
    litert = [row for row in rows if row["engine"].startswith("ai_edge_litert")]
    assert len(litert) == 2
    assert all(row["largest"] <= 1 and not row["skipped"] for row in litert)
    assert not any(row["engine"].endswith("portable form") for row in rows)
    words = ("--quick", "--samples", 1, "--batch", "1", "--json")
    runs = succeeds("bench", bundles["portable"], *words).record["runs"]
    assert [run["engine"].partition(" ")[0] for run in runs] == ["ai_edge_litert", "edgekit-c"]
    assert runs[1]["outputs_equal"] == 1


def test_run_takes_the_engine_that_can(bundles: dict[str, Path], tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((1, 10, 10, 24), np.float32))
    words = ("run", bundles["host"], tmp_path / "x.npy", "--json")
    [answer] = succeeds(*words).record
    assert answer["engine"].startswith("edgekit-c")
    [same] = succeeds(*words, "--engine", "reference").record
    assert same["values"] == answer["values"]
    error = fails(*words[:-1], "--engine", "litert", exit_code=2, code="engine-operators")
    assert error["allowed"] == "c, reference"


def test_a_bundle_that_nothing_runs(bundles: dict[str, Path], tmp_path: Path) -> None:
    bundle = Path(shutil.copytree(bundles["host"], tmp_path / "bare"))
    shutil.rmtree(bundle / "c")
    manifest = bundle / "edgekit.json"
    text = manifest.read_text()
    at = text.index('"memory": {')
    end = text.index("\n  }", at)
    manifest.write_text(text[:at] + '"memory": null' + text[end + 4 :])
    np.save(tmp_path / "x.npy", np.zeros((1, 10, 10, 24), np.float32))
    for words in (("bench", bundle, "-t", "host"), ("run", bundle, tmp_path / "x.npy")):
        error = fails(*words, exit_code=1, code="no-engine")
        assert "there is no generated C" in error["found"]


@pytest.mark.parametrize(
    ("words", "code", "allowed"),
    [
        (("-t", "rpi4"), "not-here", "--host USER@PI"),
        (("-t", "android"), "not-here", "--serial NUMBER"),
        (("-t", "host", "--emulate"), "place-unused", "none of --host, --serial, --emulate"),
        (("-t", "virtual-m4", "--emulate"), "place-unused", "none of"),
        (("-t", "rpi4", "--serial", "x"), "place-unused", "--host, --emulate"),
        (("-t", "rpi4", "--host", "x", "--emulate"), "place-ambiguous", "one of them"),
        (("-t", "rpi4", "--emulate", "--power", "virtual"), "option-unused", ""),
        (("-t", "rpi4", "--emulate", "--threads", "2"), "option-unused", ""),
        (("-t", "rpi4", "--emulate", "--batch", "2"), "option-unused", ""),
        (("-t", "rpi4", "--emulate", "--cold", "2"), "option-unused", ""),
        (("-t", "rpi4", "--emulate", "--sustained", "2"), "option-unused", ""),
    ],
)
def test_where_it_runs_must_make_sense(
    words: tuple[str, ...], code: str, allowed: str, bundles: dict[str, Path]
) -> None:
    error = fails("bench", bundles["int8"], *words, exit_code=2, code=code)
    assert error["allowed"].startswith(allowed)


def test_mlperf_decides_for_itself(bundles: dict[str, Path]) -> None:
    for words in (("--host", "x"), ("--serial", "x"), ("--emulate",)):
        fails("bench", "--mlperf", *words, exit_code=2, code="option-unused")


def test_a_missing_emulator_names_its_package(
    bundles: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch.shutil, "which", lambda name: None)
    error = fails("bench", bundles["int8"], "--emulate", exit_code=1, code="qemu-user-missing")
    assert error["hint"] == "run: sudo apt-get install qemu-user-static"
