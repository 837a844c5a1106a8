"""The memory plan of a bundle, as text and as SVG."""

from __future__ import annotations

from pathlib import Path

from edgekit.artifacts.bundle import MemorySummary, read_manifest
from edgekit.artifacts.files import write_file
from edgekit.converter.plan.picture import plan_svg, plan_text
from edgekit.errors import ModelError


def memory_of(bundle: str | Path) -> MemorySummary:
    """The plan of a bundle's C. Raises ModelError where there is no bundle or no C in it."""
    manifest = read_manifest(Path(bundle))
    if manifest.memory is None:
        raise ModelError(
            str(bundle),
            "holds no generated C, so that no memory was planned",
            hint="convert for a target that runs C: `edgekit targets` lists them",
            code="no-c-bundle",
        )
    return manifest.memory


def memory_text(bundle: str | Path, svg: str | Path | None = None) -> str:
    """The plan as text; with `svg` it is drawn into that file as well. Raises OutputError."""
    memory = memory_of(bundle)
    if svg is not None:
        write_file(Path(svg), plan_svg(memory))
    return plan_text(memory)
