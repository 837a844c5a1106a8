"""The bundle as a mapping, and the layouts for other build systems."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from edgekit.artifacts.bundle import Manifest
from edgekit.converter.emit.bundle import bundle_files
from edgekit.converter.emit.golden import Golden, golden_header
from edgekit.converter.emit.packages import PACKAGES
from edgekit.converter.options import CODE_FORMATS
from tests.helpers.generated_c import FIRMWARE, INCLUDE, generate, kernel_paths
from tests.helpers.hand_models import tiny_image_model
from tests.helpers.toolchains import compile_c

MANIFEST = Manifest(
    name="tiny",
    source={"name": "tiny.tflite"},
    target={"name": "test-board"},
    recipe={},
    model_sha256="0" * 64,
    model_bytes=5,
    inputs=(),
    outputs=(),
    operators={},
    macs=0,
    versions={"edgekit": "0.0.test"},
)
MODEL = b"\x00\x01TFL"
GOLDEN = Golden((np.zeros((1, 4, 4, 2), np.int8),), (np.zeros((1, 3), np.int8),), "Zeros.")


def files(package: str = "cmake") -> dict[str, bytes]:
    source = generate(tiny_image_model(), "tiny").source
    kernels = {
        path.relative_to(FIRMWARE / "kernels").as_posix(): path.read_text()
        for path in kernel_paths(source.kernels)
    }
    headers = {path.name: path.read_text() for path in INCLUDE.glob("*.h")}
    return bundle_files(
        MANIFEST,
        MODEL,
        c=source,
        kernels=kernels,
        headers=headers,
        golden=GOLDEN,
        package=package,
    )


def test_without_c_there_are_two_files() -> None:
    found = bundle_files(MANIFEST, MODEL)
    assert list(found) == ["edgekit.json", "model.tflite"]
    assert found["model.tflite"] == MODEL
    assert json.loads(found["edgekit.json"])["name"] == "tiny"


def test_cmake_layout() -> None:
    paths = [path for path in files() if not path.startswith("c/include/")]
    assert paths == [
        "c/CMakeLists.txt",
        "c/LICENSE",
        "c/README.md",
        "c/example/main.c",
        "c/example/self_test.c",
        "c/example/tiny_golden.h",
        "c/kernels/ref/conv2d_s8.c",
        "c/kernels/ref/fully_connected_s8.c",
        "c/kernels/ref/softmax_s8.c",
        "c/tiny.c",
        "c/tiny.h",
        "c/tiny_weights.c",
        "c/tiny_weights.h",
        "edgekit.json",
        "model.tflite",
    ]
    assert "c/include/ek_kernels.h" in files()


def test_extra_files_go_in_as_they_are() -> None:
    assert bundle_files(MANIFEST, MODEL, extra={"tflm/a.h": "x"})["tflm/a.h"] == b"x"


def test_equal_arguments_give_equal_bytes_in_equal_order() -> None:
    assert list(files().items()) == list(files().items())


@pytest.mark.parametrize(
    ("package", "own"),
    [
        ("arduino", {"library.properties", "examples/tiny_self_test/tiny_self_test.ino"}),
        ("zephyr", {"zephyr/module.yml", "CMakeLists.txt", "Kconfig"}),
        ("platformio", {"library.json", "examples/self_test/platformio.ini"}),
        ("esp-idf", {"idf_component.yml", "CMakeLists.txt"}),
    ],
)
def test_layouts_carry_all_sources_and_compile(tmp_path: Path, package: str, own: set[str]) -> None:
    found = files(package)
    assert {f"{package}/tiny/{path}" for path in own} <= set(found)
    assert {path for path in found if path.startswith("c/")} == {
        path for path in files() if path.startswith("c/")
    }
    for path, data in found.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    folder = tmp_path / package / "tiny"
    sources = sorted((folder / "src").rglob("*.c"))
    assert len(sources) == 5
    includes = (f"-I{folder / 'src'}", f"-I{folder / 'include'}")
    compile_c("gcc", "-c", *includes, *sources, cwd=tmp_path)


@pytest.mark.parametrize("package", ["zephyr", "esp-idf"])
def test_build_files_list_every_source(package: str) -> None:
    found = files(package)
    text = found[f"{package}/tiny/CMakeLists.txt"].decode()
    listed = set(re.findall(r"^ +(src/\S+\.c)\)?$", text, re.MULTILINE))
    inside = f"{package}/tiny/"
    assert listed == {
        path.removeprefix(inside)
        for path in found
        if path.startswith(f"{inside}src/") and path.endswith(".c")
    }


def test_layout_names_are_the_format_flag() -> None:
    assert {"cmake", *PACKAGES} == set(CODE_FORMATS)


def test_the_licence_is_the_projects_own() -> None:
    assert files()["c/LICENSE"] == (FIRMWARE.parent / "LICENSE").read_bytes()


def test_what_is_no_number_in_a_golden_vector() -> None:
    """Written as math.h has it, and equal to itself."""
    values = np.array([np.nan, np.inf, -np.inf, 1.5], np.float32)
    text = golden_header(Golden((values,), (values,), ""), "m", version="1", arena=None)
    assert "NAN, INFINITY, -INFINITY, 1.5f," in text
    assert "found[i] != found[i] && wanted != wanted" in text
    assert "<= 1.5e-05f" in text
