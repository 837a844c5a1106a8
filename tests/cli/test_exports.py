"""`convert --format`: every export is built with its own build files and its example says PASS."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import edgekit as sdk
from edgekit.converter.options import CODE_FORMATS
from edgekit.converter.tflite.writer import write_tflite
from edgekit.deploy.bundles import open_bundle
from tests.helpers import arduino_rules, build_systems
from tests.helpers.command_line import succeeds
from tests.helpers.split_bundles import board
from tests.helpers.striped import mobile

WORDS = ("convert", "model.tflite", "--calibration", "data.npz", "-q")


def exported(code_format: str, *more: object, target: object = "virtual-m3") -> Path:
    """The library's folder in a new bundle of that format."""
    succeeds(*WORDS, "-t", target, "--format", code_format, "-o", "bundle", *more)
    return Path("bundle/c") if code_format == "cmake" else Path("bundle", code_format, "model")


def example_says(code_format: str, library: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the export's own example prints, built with the stand-in of its build system."""
    library, build = library.resolve(), Path("build").resolve()
    shutil.rmtree(build, ignore_errors=True)
    if code_format == "cmake":
        build_systems.cmake(library, build, "-DMODEL_TEST=ON")
        return build_systems.prints(build / "model_self_test")
    if code_format == "arduino":
        sketch = library / "examples/model_self_test/model_self_test.ino"
        return build_systems.run_arduino(library, sketch, build)
    if code_format == "platformio":
        return build_systems.run_platformio_native(library, build)
    if code_format == "zephyr":
        return build_systems.run_zephyr(library, build)
    if code_format == "esp-idf":
        return build_systems.run_esp_idf(library, build, monkeypatch)
    return build_systems.run_tflm(library, library.parents[1] / "c", build)


@pytest.mark.parametrize("code_format", CODE_FORMATS)
def test_the_example_computes_the_golden_vector(
    code_format: str, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = example_says(code_format, exported(code_format), monkeypatch)
    assert re.search(r"^model: PASS", said, re.MULTILINE), said


@pytest.mark.parametrize("code_format", CODE_FORMATS)
def test_a_wrong_output_is_found(
    code_format: str, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = exported(code_format)
    (header,) = library.rglob("model_golden.h")
    text = header.read_text("utf-8")
    before, values = text.split("model_golden_output[4] = {\n    ")
    number, rest = values.split(",", 1)
    other = "1" if number != "1" else "2"
    header.write_text(f"{before}model_golden_output[4] = {{\n    {other},{rest}", "utf-8")
    try:
        said = example_says(code_format, library, monkeypatch)
    except AssertionError as failure:
        said = str(failure)
    assert "model: FAIL" in said
    assert "PASS" not in said


@pytest.mark.parametrize("code_format", CODE_FORMATS)
def test_the_folder_has_its_papers(code_format: str, desk: Path) -> None:
    library = exported(code_format)
    assert "Apache License" in (library / "LICENSE").read_text("utf-8")
    readme = (library / "README.md").read_text("utf-8")
    commands = readme.split("```sh\n")[1].split("\n```")[0].splitlines()
    assert len(commands) == 3
    assert not re.search(r"[{}]", " ".join(commands)), commands
    assert f"edgekit {sdk.__version__}" in readme


@pytest.mark.parametrize("code_format", CODE_FORMATS)
def test_every_command_takes_the_bundle(code_format: str, desk: Path) -> None:
    exported(code_format)
    assert open_bundle("bundle").has_c
    succeeds("inspect", "bundle")
    assert sdk.verify("bundle", samples=2).proved


@pytest.mark.parametrize("target", ["virtual-m3", "virtual-m4"])
@pytest.mark.parametrize("rule", arduino_rules.RULES, ids=lambda rule: rule.sentence[:40])
def test_arduino_accepts_the_library(
    rule: arduino_rules.Rule, target: str, arduino_libraries: dict[str, Path]
) -> None:
    assert rule.kept(arduino_rules.opened(arduino_libraries[target])), rule.sentence


@pytest.fixture(scope="module")
def arduino_libraries(
    small_bundle: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """The Arduino library for two boards."""
    desk, found = small_bundle.parent, {}
    for target in ("virtual-m3", "virtual-m4"):
        out = tmp_path_factory.mktemp(target) / "out"
        words = ("convert", desk / "small.tflite", "--calibration", desk / "data.npz", "-q")
        succeeds(*words, "-t", target, "--format", "arduino", "-o", out)
        found[target] = out / "arduino/small"
    return found


def test_cores_without_dsp_are_named_only_where_the_kernels_run_there(
    arduino_libraries: dict[str, Path],
) -> None:
    for target, portable in (("virtual-m3", True), ("virtual-m4", False)):
        properties = arduino_rules.opened(arduino_libraries[target]).properties
        cores = properties["architectures"].split(",")
        assert ("samd" in cores) == ("avr" in cores) == portable
        assert "mbed_nano" in cores


def test_esp_idf_takes_no_kernels_of_another_processor(desk: Path) -> None:
    words = (*WORDS[:-1], "-t", "virtual-m55", "--format", "esp-idf", "-o", "bundle", "--json")
    manifest = succeeds(*words).record["manifest"]
    used = {step["kernel"].rpartition("__")[2] for step in manifest["steps"]}
    assert used <= {"any", "ref", ""}
    (note,) = [note for note in manifest["warnings"] if note["code"] == "portable-kernels"]
    assert note["level"] == "info"
    assert note["message"] == (
        "ESP-IDF runs on other processors than this: kernels from any, ref, none from mve, dsp"
    )
    sources = Path("bundle/esp-idf/model/src/kernels").rglob("*.c")
    assert {path.parent.name for path in sources} <= {"any", "ref"}


def test_an_arena_of_several_memories(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every example that C runs in, with an array for each block."""
    Path("model.tflite").write_bytes(write_tflite(mobile()))
    target = board(desk, size=0x7000)
    words = ("convert", "model.tflite", "-q", "-t", target, "-o", "bundle", "--format", "esp-idf")
    succeeds(*words)
    library = Path("bundle/esp-idf/model")
    assert "ek_arena_t arena;" in (library / "examples/self_test/main/main.c").read_text("utf-8")
    assert "model: PASS" in example_says("esp-idf", library, monkeypatch)


def test_floats_count_as_right_within_their_distance(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("convert", "model.tflite", "-q", "-t", "host", "-o", "bundle")
    succeeds(*words, "--precision", "float32", "--no-gate")
    header = Path("bundle/c/example/model_golden.h").read_text("utf-8")
    assert "static const float model_golden_output[4]" in header
    assert "model: PASS" in example_says("cmake", Path("bundle/c"), monkeypatch)


def test_an_installed_library_is_found_by_cmake(desk: Path) -> None:
    library = exported("cmake").resolve()
    prefix = Path("prefix").resolve()
    build_systems.cmake(library, Path("build").resolve(), f"-DCMAKE_INSTALL_PREFIX={prefix}")
    done = build_systems.run(["cmake", "--install", "build"])
    assert done.returncode == 0, done.stderr
    user = Path("user").resolve()
    user.mkdir()
    (user / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.13)\nproject(user C)\n"
        f"find_package(model {sdk.__version__} REQUIRED)\n"
        "add_executable(user user.c)\ntarget_link_libraries(user model::model)\n"
    )
    shutil.copy(library / "example/self_test.c", user / "user.c")
    shutil.copy(library / "example/model_golden.h", user)
    build_systems.cmake(user, user / "build", f"-DCMAKE_PREFIX_PATH={prefix}")
    assert build_systems.prints(user / "build/user") == "model: PASS\n"


def test_two_models_share_a_program(desk: Path) -> None:
    """Their libraries have the same kernels and headers; neither asks the other's name."""
    for name in ("first", "second"):
        succeeds(*WORDS, "-t", "virtual-m3", "--name", name, "-o", name)
    Path("CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.13)\nproject(both C)\n"
        "add_subdirectory(first/c)\nadd_subdirectory(second/c)\nadd_executable(both both.c)\n"
        "target_link_libraries(both first::first second::second)\n"
    )
    Path("both.c").write_text(
        '#include "first.h"\n#include "second.h"\n'
        "static _Alignas(16) uint8_t arena[FIRST_ARENA_SIZE + SECOND_ARENA_SIZE];\n"
        "int main(void)\n{\n"
        "    if (first_init(arena, sizeof arena) || second_init(arena, sizeof arena)) return 1;\n"
        "    first_invoke(arena);\n    second_invoke(arena);\n    return 0;\n}\n"
    )
    build_systems.cmake(Path.cwd(), Path("build").resolve())
    assert build_systems.prints(Path("build/both")) == ""


def test_tflm_gives_the_golden_outputs_in_the_arena_of_the_example(desk: Path) -> None:
    """The interpreter itself, from its Python package."""
    runtime = pytest.importorskip("tflite_micro.python.tflite_micro.runtime")
    library = exported("tflm")
    text = (library / "examples/self_test/self_test.cc").read_text("utf-8")
    found = re.search(r"#define MODEL_TFLM_ARENA (\d+)", text)
    assert found is not None
    model = Path("bundle/model.tflite").read_bytes()
    interpreter = runtime.Interpreter.from_bytes(model, arena_size=int(found[1]))
    golden = (library / "examples/self_test/model_golden.h").read_text("utf-8")
    interpreter.set_input(numbers(golden, "input").reshape(1, 12, 12, 3), 0)
    interpreter.invoke()
    assert np.array_equal(interpreter.get_output(0).ravel(), numbers(golden, "output"))


def numbers(header: str, word: str) -> np.ndarray:
    """An array of the golden header."""
    body = header.split(f"model_golden_{word}[")[1].split("{", 1)[1].split("}")[0]
    return np.array([int(value) for value in re.findall(r"-?\d+", body)], np.int8)


@pytest.mark.parametrize("name", ["string", "Time", "assert", "arduino", "Wire", "test"])
def test_a_model_called_as_what_the_system_has_gets_another_name(name: str, desk: Path) -> None:
    succeeds(*WORDS, "-t", "virtual-m3", "--name", name, "-o", "bundle")
    assert Path(f"bundle/c/model_{name}.h").is_file()


def test_the_manual_has_arduinos_rules() -> None:
    text = (Path(__file__).parents[2] / "docs/exports.md").read_text("utf-8")
    for rule in arduino_rules.RULES:
        assert f"| {rule.sentence} | {rule.source} |" in text
