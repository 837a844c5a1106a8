"""The bundle as a mapping, and the layouts for other build systems."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgekit.artifacts.bundle import Manifest
from edgekit.converter.emit.bundle import bundle_files
from edgekit.converter.emit.packages import PACKAGES
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


def files(package: str = "cmake") -> dict[str, bytes]:
    source = generate(tiny_image_model(), "tiny").source
    kernels = {
        path.relative_to(FIRMWARE / "kernels").as_posix(): path.read_text()
        for path in kernel_paths(source.kernels)
    }
    headers = {path.name: path.read_text() for path in INCLUDE.glob("*.h")}
    return bundle_files(
        MANIFEST, MODEL, c=source, kernels=kernels, headers=headers, package=package
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
        "c/example/main.c",
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
    ("package", "source", "own"),
    [
        ("arduino", "c/src", {"c/library.properties", "c/examples/tiny_once/tiny_once.ino"}),
        ("zephyr", "c", {"c/zephyr/module.yml", "c/CMakeLists.txt", "c/Kconfig"}),
        ("platformio", "c", {"c/library.json"}),
    ],
)
def test_layouts_carry_all_sources_and_compile(
    tmp_path: Path, package: str, source: str, own: set[str]
) -> None:
    found = files(package)
    assert own <= set(found)
    assert not any(path.endswith("main.c") for path in found)
    for path, data in found.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    folder = tmp_path / source
    sources = sorted(folder.rglob("*.c"))
    assert len(sources) == 5
    compile_c("gcc", "-c", f"-I{folder}", f"-I{folder / 'include'}", *sources, cwd=tmp_path)


def test_platformio_manifest_is_json() -> None:
    described = json.loads(files("platformio")["c/library.json"])
    assert described["headers"] == "tiny.h"


def test_zephyr_lists_every_source() -> None:
    text = files("zephyr")["c/CMakeLists.txt"].decode()
    for path in ("tiny.c", "tiny_weights.c", "kernels/ref/conv2d_s8.c"):
        assert f"        {path}" in text


def test_layout_names_are_the_format_flag() -> None:
    assert sorted(PACKAGES) == ["arduino", "cmake", "platformio", "zephyr"]
