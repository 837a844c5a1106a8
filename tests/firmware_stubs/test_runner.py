"""The runner: what it prints here and under qemu-aarch64, and how it refuses."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from edgekit.artifacts.bundle import read_manifest
from edgekit.converter.tflite.reader import read_tflite
from edgekit.errors import DeviceError, ModelError, ToolError
from edgekit.firmware_stubs import toolchains
from edgekit.firmware_stubs.runner import build_runner, build_runner_image, read_lines
from edgekit.targets.reader import load_target
from tests.helpers.command_line import succeeds
from tests.helpers.neon_cases import COMPILER, EMULATOR
from tests.helpers.oracle import Array, run_tflm
from tests.helpers.random_graphs import random_inputs
from tests.helpers.small_bundles import convert_small
from tests.helpers.toolchains import require, run

RUNS = 3
BOARDS = ("rpi4", "rpi5", "android-arm64")
MODELS = (
    "mlperf_ad01_int8",
    "mlperf_dscnn_kws_int8",
    "mlperf_mobilenetv1_vww96_int8",
    "mlperf_resnet8_cifar10_int8",
)


@pytest.fixture(scope="session")
def tiny_runner(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_runner(tiny, load_target("host"), tmp_path_factory.mktemp("runner"))


def write_samples(path: Path, samples: list[list[Array]]) -> Path:
    path.write_bytes(b"".join(array.tobytes() for sample in samples for array in sample))
    return path


def samples_for(bundle: Path, count: int) -> list[list[Array]]:
    graph = read_tflite((bundle / "model.tflite").read_bytes(), "model")
    rng = np.random.default_rng(5)
    return [random_inputs(graph, rng) for _ in range(count)]


def emulate(runner: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    require(EMULATOR)
    return run([EMULATOR, runner, *words])


def check_bundle(bundle: Path, board: str, folder: Path, count: int = 2) -> None:
    """Outputs of the runner in the emulator are those of TensorFlow Lite Micro."""
    require(COMPILER, EMULATOR)
    samples = samples_for(bundle, count)
    data = (bundle / "model.tflite").read_bytes()
    runner = build_runner(bundle, load_target(board), folder / board)
    done = emulate(runner, write_samples(folder / "samples.bin", samples), str(RUNS), "profile")
    result = read_lines(done.stdout.splitlines())
    expected = [[out.tobytes() for out in run_tflm(data, sample)] for sample in samples]
    assert [list(sample.outputs) for sample in result.samples] == expected
    manifest = read_manifest(bundle)
    assert manifest.model_sha256.startswith(result.hash)
    assert [step.name for step in result.steps] == [step.name for step in manifest.steps]


def test_prints_times_outputs_and_steps(tiny: Path, tiny_runner: Path, tmp_path: Path) -> None:
    size = sum(tensor.bytes for tensor in read_manifest(tiny).inputs)
    file = tmp_path / "in.bin"
    file.write_bytes(bytes(range(2 * size)))
    result = read_lines(run([tiny_runner, file, str(RUNS), "profile"]).stdout.splitlines())
    assert result.model == "tiny"
    assert result.arena_bytes > 0
    assert [len(sample.ns) for sample in result.samples] == [RUNS, RUNS]
    assert all(time > 0 for sample in result.samples for time in sample.ns)
    one, two = (sample.outputs for sample in result.samples)
    assert one != two
    assert [len(step.ns) for step in result.steps] == [RUNS] * len(result.steps)
    assert result.steps


def test_runs_once_and_without_profile_unless_told(
    tiny: Path, tiny_runner: Path, tmp_path: Path
) -> None:
    size = sum(tensor.bytes for tensor in read_manifest(tiny).inputs)
    file = tmp_path / "in.bin"
    file.write_bytes(bytes(size))
    result = read_lines(run([tiny_runner, file]).stdout.splitlines())
    assert [len(sample.ns) for sample in result.samples] == [1]
    assert result.steps == ()


def test_a_file_of_no_whole_samples_is_refused(tiny_runner: Path, tmp_path: Path) -> None:
    file = tmp_path / "in.bin"
    for content in (b"", b"x"):
        file.write_bytes(content)
        done = run([tiny_runner, file])
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(f"runner: {file}: not one or more samples of ")
    assert run([tiny_runner, tmp_path / "absent"]).returncode == 1


@pytest.mark.parametrize("words", [[], ["x", "0"], ["x", "1", "trace"], ["x", "1", "profile", "y"]])
def test_a_wrong_command_line_is_refused(tiny_runner: Path, words: list[str]) -> None:
    done = run([tiny_runner, *words])
    assert (done.returncode, done.stderr) == (
        2,
        "usage: runner serve | runner INPUT [RUNS] [profile] | runner starts COUNT INPUT\n",
    )


@pytest.mark.qemu
@pytest.mark.parametrize("board", BOARDS)
def test_a_small_network_in_the_emulator(board: str, tmp_path: Path) -> None:
    check_bundle(convert_small(tmp_path, target=board), board, tmp_path, count=5)


@pytest.mark.qemu
@pytest.mark.data
@pytest.mark.parametrize("board", ["rpi4", "rpi5"])
@pytest.mark.parametrize("stem", MODELS)
def test_real_models_in_the_emulator(
    stem: str, board: str, test_data: Path, tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle"
    succeeds("convert", test_data / "models" / f"{stem}.tflite", "-t", board, "-o", bundle)
    check_bundle(bundle, board, tmp_path)


@pytest.mark.qemu
def test_a_bundle_for_a_microcontroller_runs_too(tiny: Path, tmp_path: Path) -> None:
    require(COMPILER, EMULATOR)
    size = sum(tensor.bytes for tensor in read_manifest(tiny).inputs)
    file = tmp_path / "in.bin"
    file.write_bytes(bytes(range(size)))
    here = build_runner(tiny, load_target("host"), tmp_path / "here")
    there = build_runner(tiny, load_target("rpi4"), tmp_path / "there")
    outputs = [read_lines(text.splitlines()).samples[0].outputs for text in (
        run([here, file]).stdout, emulate(there, file).stdout
    )]  # fmt: skip
    assert outputs[0] == outputs[1]


@pytest.mark.qemu
def test_the_program_needs_no_libraries(tiny: Path, tmp_path: Path) -> None:
    require(COMPILER)
    image = build_runner_image(tiny, load_target("rpi3"), tmp_path)
    assert ".interp" not in image.sections
    assert image.groups["weights"].flash == 32
    again = build_runner_image(tiny, load_target("rpi3"), tmp_path / "again")
    assert image.elf.read_bytes() == again.elf.read_bytes()
    other = build_runner_image(tiny, load_target("rpi4"), tmp_path / "other")
    assert other.build_id != image.build_id


def test_a_missing_compiler_names_its_package(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolchains.shutil, "which", lambda name: None)
    monkeypatch.setattr(toolchains, "find_zig", lambda: None)
    with pytest.raises(ToolError, match="sudo apt-get install gcc-aarch64-linux-gnu") as caught:
        build_runner(tiny, load_target("rpi4"), tmp_path)
    assert caught.value.code == "compiler-missing"


def test_a_bundle_without_c_is_refused(tiny: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "edgekit.json").write_text((tiny / "edgekit.json").read_text())
    with pytest.raises(ModelError) as caught:
        build_runner(bundle, load_target("host"), tmp_path / "out")
    assert caught.value.code == "bundle-without-c"


HEAD = {"model": "m", "hash": "0", "arena_bytes": 16, "samples": 2, "runs": 1}


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([], "not enough values to unpack (expected at least 1, got 0)"),
        (["Killed"], "Expecting value: line 1 column 1 (char 0)"),
        ([json.dumps(HEAD), '{"sample": 0, "ns": [1], "outputs": []}'], "1 of 2 samples"),
        ([json.dumps(HEAD), '{"sample": 0, "outputs": []}'], "'ns'"),
    ],
)
def test_output_that_is_cut_off_is_noticed(lines: list[str], found: str) -> None:
    with pytest.raises(DeviceError) as caught:
        read_lines(lines)
    assert str(caught.value) == (
        f"runner: its output is not complete: {found}. Run it by hand on the device: ./runner INPUT"
    )
    assert caught.value.code == "runner-output"
