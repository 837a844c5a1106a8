"""Exports built for this machine: each build system's header or CMake package as a stand-in.

The sources, build files and examples are the exported ones, unchanged. What the tools themselves
do with them is in docs/exports.md.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from edgekit.converter.emit.tflm import RESOLVER_METHODS
from tests.helpers.toolchains import compile_c, require, run

HERE = Path(__file__).parent
CXX = ("g++", "-std=c++17", "-Wall", "-Wextra", "-Werror")


def prints(program: Path) -> str:
    """The standard output of a program that must end well."""
    done = run([program])
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def cmake(source: Path, build: Path, *options: str) -> None:
    """Configure and build."""
    require("cmake", "make", "gcc")
    configure = ["cmake", "-S", source, "-B", build, "-G", "Unix Makefiles", *options]
    for command in (configure, ["cmake", "--build", build]):
        done = run(command)
        assert done.returncode == 0, done.stdout + done.stderr


def run_arduino(library: Path, sketch: Path, build: Path) -> str:
    """Compile as Arduino's builder does: the library to an archive, then the sketch against it."""
    source = build / "sketch.cpp"
    build.mkdir()
    source.write_text(sketch.read_text("utf-8"), "utf-8")
    core = HERE / "arduino"
    archive = archived(sorted((library / "src").rglob("*.c")), [library / "src"], build)
    includes = [f"-I{path}" for path in (core, library / "src", sketch.parent)]
    _cxx(*includes, source, core / "core.cpp", archive, "-o", build / "sketch")
    return prints(build / "sketch")


def run_platformio_native(library: Path, build: Path) -> str:
    """The example's environment `native`: include/ is public, src/ is compiled."""
    build.mkdir()
    example = library / "examples/self_test/src"
    archive = archived(
        sorted((library / "src").rglob("*.c")), [library / "include", library / "src"], build
    )
    program = build / "program"
    includes = (f"-I{library / 'include'}", f"-I{example}")
    compile_c("gcc", *includes, example / "native.c", archive, "-o", program)
    return prints(program)


def run_zephyr(module: Path, build: Path) -> str:
    """The sample, with the stand-in's ZephyrConfig.cmake."""
    cmake(module / "samples/self_test", build, f"-DZephyr_DIR={HERE / 'zephyr'}")
    return prints(build / "app")


def run_esp_idf(component: Path, build: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The example project, with the stand-in's project.cmake under IDF_PATH."""
    monkeypatch.setenv("IDF_PATH", str(HERE / "idf"))
    cmake(component / "examples/self_test", build)
    return prints(build / "app")


def run_tflm(files: Path, c_folder: Path, build: Path) -> str:
    """The example around an interpreter that runs the generated C of the same bundle."""
    build.mkdir()
    name = files.name
    micro = build / "tensorflow/lite/micro"
    micro.mkdir(parents=True)
    (micro / "micro_mutable_op_resolver.h").write_text(resolver_header(), "utf-8")
    folders = [c_folder, c_folder / "include"]
    sources = [*c_folder.glob("*.c"), *sorted((c_folder / "kernels").rglob("*.c"))]
    archive = archived(sources, folders, build)
    example = files / "examples/self_test"
    includes = [f"-I{path}" for path in (build, HERE / "tflm", files, example, *folders)]
    program = build / "self_test"
    model = f"-DSTAND_IN_MODEL={name}_model"
    sources = [example / "self_test.cc", files / f"{name}_model_data.cc"]
    _cxx(model, *includes, *sources, archive, "-o", program)
    return prints(program)


def resolver_header() -> str:
    """micro_mutable_op_resolver.h with every method, each counted."""
    methods = "\n".join(
        f"    TfLiteStatus {method}() {{ return add(); }}"
        for method in sorted(set(RESOLVER_METHODS.values()))
    )
    return f"""#pragma once
enum TfLiteStatus {{ kTfLiteOk, kTfLiteError }};
namespace tflite {{
template <unsigned n> struct MicroMutableOpResolver {{
    unsigned count = 0;
    TfLiteStatus add() {{ return ++count <= n ? kTfLiteOk : kTfLiteError; }}
{methods}
}};
}}
"""


def archived(sources: Sequence[Path], folders: Sequence[Path], build: Path) -> Path:
    """A static library of C sources."""
    objects = []
    for index, source in enumerate(sources):
        made = build / f"{index}.o"
        compile_c("gcc", "-c", *(f"-I{folder}" for folder in folders), source, "-o", made)
        objects.append(made)
    archive = build / "library.a"
    subprocess.run(["ar", "rcs", str(archive), *map(str, objects)], check=True)
    return archive


def _cxx(*arguments: str | Path) -> None:
    require("g++")
    done = run([*CXX, *arguments])
    assert done.returncode == 0, done.stderr
