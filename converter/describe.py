"""The manifest: what was converted, how, and what came of it. No dates, no paths."""

from __future__ import annotations

import hashlib
import importlib.metadata
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from edgekit.artifacts.bundle import Manifest, StepInfo, TensorInfo
from edgekit.artifacts.figures import Note
from edgekit.artifacts.precision import PrecisionSummary
from edgekit.artifacts.pruning import PruneSummary
from edgekit.artifacts.streaming import StreamSummary
from edgekit.converter.generate import Code
from edgekit.converter.ir.cost import graph_cost
from edgekit.converter.ir.graph import Graph, Tensor
from edgekit.converter.judge import Judgement
from edgekit.converter.load.model import LoadedModel
from edgekit.converter.lower.select import bases
from edgekit.converter.options import ConvertOptions
from edgekit.converter.precision import precision_of, widths_of
from edgekit.converter.prepare import Prepared
from edgekit.converter.quantize.recorded import recorded_ranges
from edgekit.targets.model import Target
from edgekit.targets.reader import profile_sha256


def describe(
    loaded: LoadedModel,
    graph: Graph,
    target: Target,
    options: ConvertOptions,
    *,
    data: Prepared,
    model: bytes,
    code: Code,
    verdict: Judgement,
    formats: PrecisionSummary | None = None,
    pruning: PruneSummary | None = None,
    streaming: StreamSummary | None = None,
    notes: tuple[Note, ...],
    tool_version: str,
) -> Manifest:
    """The manifest of a finished conversion; equal inputs give equal manifests."""
    cost = graph_cost(graph)
    source = {"name": loaded.source, "format": loaded.format.value, "sha256": loaded.sha256}
    return Manifest(
        name=graph.name,
        source=source,
        target={
            "name": target.name,
            "cpu": target.cpu.name,
            "profile_sha256": profile_sha256(target),
        },
        recipe=_recipe(loaded, graph, options, data, code, formats),
        model_sha256=hashlib.sha256(model).hexdigest(),
        model_bytes=len(model),
        inputs=tuple(tensor_info(graph[name]) for name in graph.inputs),
        outputs=tuple(tensor_info(graph[name]) for name in graph.outputs),
        operators=dict(sorted(Counter(node.op.NAME for node in graph.nodes).items())),
        macs=cost.macs,
        preprocess=data.preprocess,
        labels=class_names(loaded, graph, data),
        steps=tuple(_with_sqnr(step, verdict.layers) for step in code.steps),
        memory=code.memory,
        coding=code.coding,
        pruning=pruning,
        streaming=streaming,
        sizes=_sizes(model, code),
        accuracy=verdict.accuracy,
        layers_sqnr_db={k: round(v, 2) for k, v in verdict.layers.items() if math.isfinite(v)},
        precision=formats,
        cost_basis=bases(_kernels(code)),
        warnings=notes,
        versions={"edgekit": tool_version, **_versions(loaded)},
    )


def _kernels(code: Code) -> Iterable[str]:
    return code.source.kernels if code.source is not None else ()


def tensor_info(tensor: Tensor) -> TensorInfo:
    """A tensor as the manifest records it."""
    quant = tensor.quant
    return TensorInfo(
        name=tensor.name,
        shape=tensor.shape,
        dtype=tensor.dtype.value,
        scale=quant.scale if quant else 0.0,
        zero_point=quant.zero_point if quant else 0,
    )


def class_names(loaded: LoadedModel, graph: Graph, data: Prepared) -> tuple[str, ...]:
    """Names of the output's classes: the file's, else those of the labelled data."""
    count = graph[graph.outputs[0]].shape[-1]
    found = [loaded.labels]
    found += [tuple(d.classes or ()) for d in (data.evaluation, data.calibration) if d]
    return next((names for names in found if names and len(names) == count), ())


def _recipe(
    loaded: LoadedModel,
    graph: Graph,
    options: ConvertOptions,
    data: Prepared,
    code: Code,
    formats: PrecisionSummary | None,
) -> dict[str, object]:
    """What shaped the result; only what was in force."""
    recipe: dict[str, object] = {"precision": precision_of(graph)}
    widths = widths_of(graph) if formats is None else formats.after.format
    if widths:
        recipe["widths"] = widths
    if loaded.quantized:
        recipe["quantized_by"] = "the source file"
    elif recorded_ranges(loaded.graph) and not options.keeps_floats:
        recipe["ranges"] = "recorded in quantization-aware training"
    elif options.data_free and not options.keeps_floats:
        recipe["calibration"] = "none: ranges from statistics of the model"
        recipe["bias_correction"] = options.bias_correction
    elif data.calibration is not None and not options.keeps_floats:
        recipe["calibration"] = data.calibration.description
        recipe["calibration_samples"] = data.calibration.count
        recipe["bias_correction"] = options.bias_correction
        if options.ranges != "minmax":
            recipe["ranges"] = options.ranges
        if options.rounding != "nearest":
            recipe["rounding"] = options.rounding
    for key in ("requantize", "alpha", "input_size", "classes", "ram_budget", "all_channels"):
        value = getattr(options, key)
        if value not in (None, False):
            recipe[key] = value
    if options.prune is not None:
        recipe |= {"prune": options.prune, "prune_by": options.prune_by}
    if options.cluster is not None:
        recipe |= {"cluster": options.cluster, "cluster_per": options.cluster_per}
    if code.coding is not None:
        recipe["compress_weights"] = code.coding.mode
    if formats is not None:
        recipe["asked"] = options.precision
        rules = [f"{rule.pattern}={rule.format}" for rule in options.layer_choices]
        recipe |= {"layer_precision": rules} if rules else {}
        recipe |= {"prefer": options.prefer} if options.precision == "auto" else {}
    if options.binary_format != "lce":
        recipe["binary_format"] = options.binary_format
    if options.arena != "auto":
        recipe["arena"] = options.arena
    if options.weights is not None:
        recipe["weights"] = Path(options.weights).name
    recipe["format"] = options.code_format
    return recipe


def _sizes(model: bytes, code: Code) -> dict[str, int]:
    sizes = {"model": len(model)}
    if code.memory is not None:
        sizes |= {
            "weights": code.weights_bytes,
            "constants": code.constants_bytes,
            "arena": code.memory.arena_bytes,
        }
    return sizes


def _with_sqnr(step: StepInfo, layers: Mapping[str, float]) -> StepInfo:
    found = layers.get(step.layer, math.inf)
    return replace(step, sqnr_db=round(found, 2)) if math.isfinite(found) else step


def _versions(loaded: LoadedModel) -> dict[str, str]:
    """Versions of what had a hand in the result."""
    names = ["numpy"]
    if "import_tensorflow" in loaded.timings:
        names += ["tensorflow", "tensorflow-cpu", "keras"]
    found = {}
    for name in names:
        try:
            found[name.removesuffix("-cpu")] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
