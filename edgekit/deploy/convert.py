"""Convert a model into a bundle on disk: the converter's result plus the kernels it calls."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from edgekit import __version__
from edgekit.artifacts.bundle import (
    LCE_MODEL_NAME,
    MANIFEST_NAME,
    WINDOW_MODEL_NAME,
    Manifest,
)
from edgekit.artifacts.files import output_folder
from edgekit.converter.convert import Conversion, convert_model
from edgekit.converter.emit.bundle import bundle_files
from edgekit.converter.emit.golden import Golden
from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.ops_binary import BINARY
from edgekit.converter.options import ConvertOptions, size
from edgekit.converter.tflite import write_tflite
from edgekit.deploy.closeness import FLOAT_TOLERANCE
from edgekit.deploy.inputs import random_inputs, reference_outputs
from edgekit.firmware_stubs.catalog import headers_for, kernel_source
from edgekit.runtime.runner.environment import peak_rss
from edgekit.targets.model import Target
from edgekit.targets.reader import list_targets, load_target

Progress = Callable[[str, int, int], None]
KERNEL_HEADERS = ("ek_model.h",)


@dataclass(frozen=True, slots=True)
class Converted:
    """A written bundle, with what it took: seconds by step, peak memory of this process."""

    bundle: Path
    manifest: Manifest
    target: Target
    timings: Mapping[str, float]
    peak_memory_bytes: int


def convert(
    source: str | Path,
    *,
    target: str | Target,
    output_dir: str | Path,
    options: ConvertOptions | None = None,
    calibration: object = None,
    ram_budget: int | str | None = None,
    progress: Progress | None = None,
) -> Converted:
    """Quantize a trained network to int8 and write a bundle for a target.

    `source` is a .tflite, .keras, .h5 or .joblib file, a SavedModel folder or a zoo name;
    `calibration` is short for `ConvertOptions(calibration=...)`, `ram_budget` (bytes, or "64K") for
    its namesake there. The bundle appears whole or not at all.

    Raises UsageError, ModelError, DataError, MissingExtraError, OutputError; AccuracyError and
    DoesNotFitError as verdicts.
    """
    began = time.perf_counter()
    chosen = options or ConvertOptions(calibration=calibration)
    if ram_budget is not None:
        chosen = replace(chosen, ram_budget=size("ram_budget", ram_budget))
    profile = load_target(target) if isinstance(target, str) else target
    folder = Path(output_dir)
    with output_folder(folder, marker=MANIFEST_NAME) as new:
        result = convert_model(
            source,
            profile,
            chosen,
            tool_version=__version__,
            others=list_targets(),
            progress=progress,
        )
        write(new, result, chosen, profile)
    timings = {**result.timings, "total": time.perf_counter() - began}
    return Converted(folder, result.manifest, profile, timings, peak_rss())


def write(folder: Path, result: Conversion, options: ConvertOptions, target: Target) -> None:
    """Write the bundle's files and its report into an empty folder."""
    write_contents(folder, contents(result, options, target))


def write_contents(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files by path into an empty folder."""
    for path, data in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)


def contents(result: Conversion, options: ConvertOptions, target: Target) -> dict[str, bytes]:
    """Every file of the bundle by path, its report included."""
    from edgekit.deploy.views import conversion_views

    views = conversion_views(result.manifest, target)
    return files_of(result, options) | {path: text.encode() for path, text in views.items()}


def files_of(result: Conversion, options: ConvertOptions) -> dict[str, bytes]:
    """Every file of the bundle except the report, by path."""
    source = result.code.source
    functions = source.kernels if source else ()
    sources = [kernel_source(name) for name in functions]
    headers = {path for name in functions for path in headers_for(name)}
    headers |= {path.with_name(name) for path in headers for name in KERNEL_HEADERS}
    files = bundle_files(
        result.manifest,
        result.model,
        c=source,
        kernels={f"{path.parent.name}/{path.name}": path.read_text("utf-8") for path in sources},
        headers={path.name: path.read_text("utf-8") for path in sorted(headers)},
        golden=golden_vector(result.graph) if source else None,
        package=options.code_format,
        extra=result.code.extra,
    )
    if options.binary_format == "portable" and any(
        isinstance(node.op, BINARY) for node in result.graph.nodes
    ):
        files[LCE_MODEL_NAME] = write_tflite(result.graph)
    if result.window is not None:
        files[WINDOW_MODEL_NAME] = result.window
    return files


def golden_vector(graph: Graph) -> Golden:
    """One random input, and what the NumPy interpreter makes of it."""
    sample = random_inputs(graph, 1).samples[0]
    [outputs] = reference_outputs(graph, (sample,))
    origin = "Outputs: EdgeKit's NumPy interpreter."
    return Golden(tuple(sample), tuple(outputs), origin, FLOAT_TOLERANCE)
