"""A model as a library for each build system: same sources, another wrapper and example.

Every layout starts from the files as `emit_c` and the kernel folder give them: <name>.{h,c},
<name>_weights.{h,c}, kernels/, include/, example/main.c, CMakeLists.txt. Each comes with a README
of three commands, the licence, and an example that checks one inference and prints PASS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edgekit.artifacts.bundle import Manifest
from edgekit.converter.emit.blocks import BlockNames, block_names
from edgekit.converter.emit.golden import Golden, golden_header
from edgekit.converter.emit.systems import (
    DSP_ARCHITECTURES,
    PORTABLE_ARCHITECTURES,
    SYSTEMS,
    ZEPHYR_BOARDS,
)
from edgekit.converter.emit.template import render

Files = dict[str, str]
"""Text by path below the library's folder."""

_HOST_ONLY = ("CMakeLists.txt", "example/main.c")
_LEAST_TFLM_ARENA = 16 << 10


@dataclass(frozen=True, slots=True, eq=False)
class Export:
    """What a layout is made of: the manifest, the plain library by path, and a golden vector."""

    manifest: Manifest
    library: Mapping[str, str]
    golden: Golden

    @property
    def name(self) -> str:
        """The model's name."""
        return self.manifest.name

    @property
    def version(self) -> str:
        """The library's version: that of the program which wrote it, whose kernels it has."""
        return self.manifest.versions.get("edgekit", "0.0.0")

    @property
    def kernels(self) -> list[str]:
        """Sources of kernels: "kernels/ref/conv2d_s8.c"."""
        return sorted(path for path in self.library if path.startswith("kernels/"))

    @property
    def isas(self) -> list[str]:
        """Folders of its kernels: "dsp", "ref"."""
        return sorted({path.split("/")[1] for path in self.kernels})

    @property
    def blocks(self) -> tuple[BlockNames, ...]:
        """The arena's blocks; none where it is one."""
        memory = self.manifest.memory
        return block_names(memory.blocks if memory is not None else (), self.name)

    def render(self, template: str, **more: object) -> str:
        """A template with what all of them may need."""
        return render(
            template,
            name=self.name,
            upper=self.name.upper(),
            version=self.version,
            blocks=self.blocks,
            kernels=self.kernels,
            isas=self.isas,
            hash=self.manifest.model_sha256[:16],
            **more,
        )

    def golden_header(self, *, with_test: bool = True) -> str:
        """`<name>_golden.h`."""
        arena = "const ek_arena_t *arena" if self.blocks else "uint8_t *arena"
        return golden_header(
            self.golden, self.name, version=self.version, arena=arena if with_test else None
        )


def cmake(export: Export) -> Files:
    """A static library with CMakeLists.txt; what compiles anywhere, and part of every bundle."""
    return {
        **export.library,
        "example/self_test.c": export.render("self_test.c.j2"),
        f"example/{export.name}_golden.h": export.golden_header(),
        **_papers(export, "cmake"),
    }


def arduino(export: Export) -> Files:
    """An Arduino library: sources under src/, where its builder finds headers at the top only."""
    sketch = f"{export.name}_self_test"
    architectures = PORTABLE_ARCHITECTURES if "dsp" not in export.isas else DSP_ARCHITECTURES
    properties = export.render("library.properties.j2", architectures=",".join(architectures))
    return {
        **{f"src/{path.removeprefix('include/')}": text for path, text in _sources(export)},
        "library.properties": properties,
        f"examples/{sketch}/{sketch}.ino": export.render("self_test.ino.j2"),
        f"examples/{sketch}/{export.name}_golden.h": export.golden_header(),
        **_papers(export, "arduino"),
    }


def platformio(export: Export) -> Files:
    """A PlatformIO library; its example builds for this machine and for Arduino boards."""
    return {
        **_include_and_src(export),
        "library.json": export.render("library.json.j2"),
        "examples/self_test/platformio.ini": export.render("platformio.ini.j2"),
        "examples/self_test/src/native.c": export.render("self_test.c.j2"),
        "examples/self_test/src/arduino.cpp": export.render("self_test.ino.j2"),
        f"examples/self_test/src/{export.name}_golden.h": export.golden_header(),
        **_papers(export, "platformio"),
    }


def zephyr(export: Export) -> Files:
    """A Zephyr module, and a sample that names it as one."""
    return {
        **_include_and_src(export),
        "zephyr/module.yml": export.render("zephyr_module.yml.j2"),
        "CMakeLists.txt": export.render("zephyr_CMakeLists.txt.j2"),
        "Kconfig": export.render("zephyr_Kconfig.j2"),
        "samples/self_test/CMakeLists.txt": export.render("zephyr_sample_CMakeLists.txt.j2"),
        "samples/self_test/prj.conf": export.render("zephyr_prj.conf.j2"),
        "samples/self_test/sample.yaml": export.render(
            "zephyr_sample.yaml.j2", board=_zephyr_board(export)
        ),
        "samples/self_test/src/main.c": export.render("zephyr_main.c.j2"),
        f"samples/self_test/src/{export.name}_golden.h": export.golden_header(),
        **_papers(export, "zephyr", board=_zephyr_board(export)),
    }


def esp_idf(export: Export) -> Files:
    """An ESP-IDF component, and a project that depends on it."""
    return {
        **_include_and_src(export),
        "idf_component.yml": export.render("idf_component.yml.j2"),
        "CMakeLists.txt": export.render("idf_CMakeLists.txt.j2"),
        "examples/self_test/CMakeLists.txt": export.render("idf_project_CMakeLists.txt.j2"),
        "examples/self_test/sdkconfig.defaults": export.render("idf_sdkconfig.defaults.j2"),
        "examples/self_test/main/CMakeLists.txt": export.render("idf_main_CMakeLists.txt.j2"),
        "examples/self_test/main/idf_component.yml": export.render("idf_main_component.yml.j2"),
        "examples/self_test/main/main.c": export.render("idf_main.c.j2"),
        f"examples/self_test/main/{export.name}_golden.h": export.golden_header(),
        **_papers(export, "esp-idf"),
    }


def tflm(export: Export) -> Files:
    """What goes beside the files of `emit_tflm`: an example around MicroInterpreter."""
    memory = export.manifest.memory
    planned = memory.arena_bytes if memory is not None else export.manifest.model_bytes
    return {
        "examples/self_test/self_test.cc": export.render(
            "tflm_self_test.cc.j2",
            arena=2 * planned + _LEAST_TFLM_ARENA,
            inputs=export.golden.input_words,
            outputs=export.golden.output_types,
        ),
        f"examples/self_test/{export.name}_golden.h": export.golden_header(with_test=False),
        **_papers(export, "tflm"),
    }


PACKAGES: dict[str, Callable[[Export], Files]] = {
    "arduino": arduino,
    "zephyr": zephyr,
    "platformio": platformio,
    "esp-idf": esp_idf,
    "tflm": tflm,
}
"""Value of --format -> layout of <format>/<name>/ beside c/; "cmake" is c/ itself."""


def _sources(export: Export) -> list[tuple[str, str]]:
    return [(path, text) for path, text in export.library.items() if path not in _HOST_ONLY]


def _include_and_src(export: Export) -> Files:
    """Public headers in include/, everything else in src/."""
    files = {}
    for path, text in _sources(export):
        public = path.startswith("include/") or path == f"{export.name}.h"
        files[f"include/{path.removeprefix('include/')}" if public else f"src/{path}"] = text
    return files


def _papers(export: Export, key: str, **more: object) -> Files:
    """README.md and LICENSE."""
    system = SYSTEMS[key]
    values = {"name": export.name, "upper": export.name.upper(), **more}
    readme = export.render(
        "README.md.j2",
        system=system,
        commands=[command.format(**values) for command in system.commands],
        notes=[note.format(**values) for note in system.notes],
        target=export.manifest.target.get("name", ""),
        memory=export.manifest.memory,
        has_c=key != "tflm",
    )
    return {"README.md": readme, "LICENSE": render("LICENSE.j2")}


def _zephyr_board(export: Export) -> str:
    """A board that QEMU has for the model's kernels."""
    return next((ZEPHYR_BOARDS[isa] for isa in ZEPHYR_BOARDS if isa in export.isas), "native_sim")
