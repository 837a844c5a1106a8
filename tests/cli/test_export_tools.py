"""Exports given to the build systems' own tools; without one its test is skipped."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from edgekit.cli.main import main
from tests.helpers.toolchains import require

PACK = """
import sys
from platformio.package.manifest.schema import ManifestSchema
from platformio.package.pack import PackagePacker
known = {"licenses": [{"licenseId": "Apache-2.0"}]}
ManifestSchema.load_spdx_licenses = staticmethod(lambda: known)
print(PackagePacker(sys.argv[1]).pack(sys.argv[2]))
"""
"""What `pio pkg pack` does, but for the list of licences, which it would download."""


@pytest.fixture(scope="module")
def libraries(small_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bundles by format, to be read only."""
    place, desk = tmp_path_factory.mktemp("libraries"), small_bundle.parent
    for code_format in ("platformio", "esp-idf", "arduino"):
        words = ["convert", desk / "small.tflite", "--calibration", desk / "data.npz", "-q"]
        words += ["-t", "virtual-m3", "--format", code_format, "-o", place / code_format]
        assert main([str(word) for word in words]) == 0
    return place


def own(libraries: Path, code_format: str, tmp_path: Path) -> Path:
    """A copy that a tool may write into."""
    return shutil.copytree(libraries / code_format / code_format / "small", tmp_path / "small")


def interpreter(program: str) -> str:
    """The Python that an installed program runs in."""
    require(program)
    found = shutil.which(program)
    assert found is not None
    beside = Path(found).resolve().with_name("python")
    if not beside.exists():
        pytest.skip(f"{program} is not in a virtual environment of its own")
    return str(beside)


def answer(words: list[str], folder: Path) -> str:
    environment = os.environ | {"PLATFORMIO_CORE_DIR": str(folder / "pio")}
    environment |= {"PLATFORMIO_SETTING_ENABLE_TELEMETRY": "no", "IDF_TOOLS_PATH": str(folder)}
    done = subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_platformio_packs_the_library(libraries: Path, tmp_path: Path) -> None:
    library = own(libraries, "platformio", tmp_path)
    archive = tmp_path / "small.tar.gz"
    answer([interpreter("pio"), "-c", PACK, str(library), str(archive)], tmp_path)
    with tarfile.open(archive) as packed:
        names = set(packed.getnames())
    assert {"library.json", "include/small.h", "src/small.c", "LICENSE", "README.md"} <= names


def test_platformio_reads_the_examples_project(libraries: Path, tmp_path: Path) -> None:
    require("pio")
    project = own(libraries, "platformio", tmp_path) / "examples/self_test"
    told = answer(["pio", "project", "config", "-d", str(project), "--json-output"], tmp_path)
    sections = dict(json.loads(told))
    assert set(sections) >= {"env:native", "env:board"}
    for name, source in (("env:native", "native.c"), ("env:board", "arduino.cpp")):
        options = dict(sections[name])
        assert options["build_src_filter"] == [f"+<{source}>"]
        assert (project / "src" / source).is_file()


def test_the_component_manager_packs_the_component(libraries: Path, tmp_path: Path) -> None:
    require("compote")
    component = own(libraries, "esp-idf", tmp_path)
    words = ["compote", "-W", "component", "pack", "--name", "small"]
    answer([*words, "--project-dir", str(component)], tmp_path)
    (archive,) = component.rglob("small_*.tgz")
    with tarfile.open(archive) as packed:
        names = {name.removeprefix("./") for name in packed.getnames()}
    assert {"idf_component.yml", "CMakeLists.txt", "include/small.h", "src/small.c"} <= names


ARDUINO = Path("/usr/share/arduino/hardware")
"""Where Debian has the core for AVR; what its package of the builder adds lies beside it."""


def test_arduinos_builder_takes_library_and_sketch(libraries: Path, tmp_path: Path) -> None:
    """It finds the library by the sketch's #include, makes prototypes, compiles, links; and the
    sketch says PASS on an emulated ATmega2560."""
    require("arduino-builder", "avr-gcc", "simavr")
    library = own(libraries, "arduino", tmp_path)
    (tmp_path / "build").mkdir()
    words = ["arduino-builder", "-compile", "-hardware", "/usr/share/arduino-builder"]
    words += ["-hardware", str(ARDUINO), "-tools", str(tmp_path), "-libraries", str(tmp_path)]
    words += ["-fqbn", "arduino:avr:mega:cpu=atmega2560", "-build-path", str(tmp_path / "build")]
    # Debian's core does not compile with Debian's avr-libc, which lacks this of float.h
    words += ["-prefs=compiler.cpp.extra_flags=-DDECIMAL_DIG=17", "-warnings", "all"]
    sketch = library / "examples/small_self_test/small_self_test.ino"
    told = answer([*words, str(sketch)], tmp_path)
    assert "may be incompatible" not in told
    assert not [line for line in told.splitlines() if "/small/" in line and "error" in line]
    run = ["timeout", "60", "simavr", "-m", "atmega2560", "-f", "16000000"]
    run.append(str(tmp_path / "build/small_self_test.ino.elf"))
    with subprocess.Popen(run, stderr=subprocess.PIPE, text=True) as board:
        assert board.stderr is not None
        said = next((line for line in board.stderr if "small: " in line), "")
        board.terminate()  # the sketch would say it for ever
    assert "small: PASS, microseconds: " in said
