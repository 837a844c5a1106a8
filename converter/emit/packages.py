"""How the generated library is laid out for a build system: same sources, another wrapper.

Every layout starts from the files as `emit_c` and the kernel folder give them:
<name>.{h,c}, <name>_weights.{h,c}, kernels/, include/, example/main.c, CMakeLists.txt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from edgekit.artifacts.bundle import Manifest
from edgekit.converter.emit.blocks import block_names
from edgekit.converter.emit.template import render

Files = Mapping[str, str]
"""Text by path below `c/`."""

_HOST_ONLY = ("CMakeLists.txt", "example/main.c")


def cmake(manifest: Manifest, library: Files) -> dict[str, str]:
    """A static library with CMakeLists.txt; what compiles anywhere, and the default."""
    return dict(library)


def arduino(manifest: Manifest, library: Files) -> dict[str, str]:
    """An Arduino library: sources under src/, where its builder finds headers at the top only."""
    files = {f"src/{path.removeprefix('include/')}": text for path, text in _sources(library)}
    name = manifest.name
    return {
        **files,
        "library.properties": _render("arduino_library.properties.j2", manifest),
        f"examples/{name}_once/{name}_once.ino": _arduino_example(manifest),
    }


def _arduino_example(manifest: Manifest) -> str:
    blocks = manifest.memory.blocks if manifest.memory is not None else ()
    names = block_names(blocks, manifest.name)
    if not names:
        return _render("arduino_example.ino.j2", manifest)
    return _render("arduino_blocks.ino.j2", manifest, blocks=names)


def zephyr(manifest: Manifest, library: Files) -> dict[str, str]:
    """A Zephyr module: add its folder to ZEPHYR_EXTRA_MODULES or to a west manifest."""
    kernels = sorted(path for path, _ in _sources(library) if path.startswith("kernels/"))
    return {
        **dict(_sources(library)),
        "zephyr/module.yml": _render("zephyr_module.yml.j2", manifest),
        "CMakeLists.txt": _render("zephyr_CMakeLists.txt.j2", manifest, kernels=kernels),
        "Kconfig": _render("zephyr_Kconfig.j2", manifest),
    }


def platformio(manifest: Manifest, library: Files) -> dict[str, str]:
    """A PlatformIO library: put its folder under lib/ of a project."""
    return {
        **dict(_sources(library)),
        "library.json": _render("platformio_library.json.j2", manifest),
    }


PACKAGES: dict[str, Callable[[Manifest, Files], dict[str, str]]] = {
    "cmake": cmake,
    "arduino": arduino,
    "zephyr": zephyr,
    "platformio": platformio,
}
"""Value of --format -> layout."""


def _sources(library: Files) -> list[tuple[str, str]]:
    return [(path, text) for path, text in library.items() if path not in _HOST_ONLY]


def _render(template: str, manifest: Manifest, **more: object) -> str:
    name = manifest.name
    version = manifest.versions.get("edgekit", "")
    return render(template, name=name, upper=name.upper(), version=version, **more)
