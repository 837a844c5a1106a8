"""What a bundle knows of a layer: operator, shape, format, kernel and why, cost, memory, noise."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from edgekit.artifacts.bundle import Manifest, StepInfo, read_manifest
from edgekit.deploy.explain import ExplainedStep, explain, short
from edgekit.errors import UsageError
from edgekit.units import bytes_text, count_text


@dataclass(frozen=True, slots=True)
class LayerExplanation:
    """The steps of a layer, one in most cases: (what, value) rows of each, and all kernels."""

    layer: str
    bundle: str
    steps: tuple[tuple[tuple[str, str], ...], ...]
    kernels: tuple[ExplainedStep, ...]

    def record(self) -> dict[str, Any]:
        """The same as plain values, for JSON."""
        return {
            "layer": self.layer,
            "bundle": self.bundle,
            "steps": [dict(rows) for rows in self.steps],
        }


def explain_layer(
    name: str, bundle: str | Path, *, report: str | Path | None = None
) -> LayerExplanation:
    """A layer by its name in the model, its step's name in the C or its step's number.

    `report` adds what `bench` counted. Raises UsageError with the nearest names, ModelError when
    `bundle` is no bundle or holds no C, DataError when the report is not of the same program.
    """
    kernels = explain(bundle, report=report).steps
    manifest = read_manifest(Path(bundle))
    pairs = [
        (step, kernel)
        for step, kernel in zip(manifest.steps, kernels, strict=True)
        if name in (step.layer, step.name, str(step.index))
    ]
    if not pairs:
        raise _unknown(name, manifest, str(bundle))
    return LayerExplanation(
        name,
        str(bundle),
        tuple(_rows(manifest, step, kernel) for step, kernel in pairs),
        tuple(kernel for _, kernel in pairs),
    )


def _rows(manifest: Manifest, step: StepInfo, kernel: ExplainedStep) -> tuple[tuple[str, str], ...]:
    first, end = step.arena
    of = f" of {step.memory}" if step.memory else ""
    rows = [
        ("step", f"{step.index}, {step.name}"),
        ("operator", step.operator),
        ("output", "x".join(map(str, step.output_shape))),
        ("MACs", count_text(step.macs) if step.macs else ""),
        ("precision", _precision(manifest, step)),
        ("kernel", short(step.kernel)),
        *((f"not {short(other.kernel)}", other.reason) for other in step.refused),
        ("estimated", _cost(kernel.estimate or None, kernel.estimate_per_mac)),
        ("counted", _cost(kernel.counted, kernel.counted_per_mac)),
        ("weights", bytes_text(step.weight_bytes) if step.weight_bytes else ""),
        ("output in arena", f"bytes {first} to {end}{of}"),
        ("scratch", bytes_text(step.scratch_bytes) if step.scratch_bytes else ""),
        ("signal to noise", _noise(manifest, step)),
    ]
    return tuple((what, value) for what, value in rows if value)


def _precision(manifest: Manifest, step: StepInfo) -> str:
    """The layer's own format and why it has it, or that of the whole model."""
    layers = manifest.precision.layers if manifest.precision is not None else ()
    found = next((row for row in layers if row.layer in (step.layer, step.name)), None)
    if found is not None:
        return f"{found.format}: {found.reason}"
    return str(manifest.recipe.get("widths") or manifest.recipe["precision"])


def _cost(instructions: int | None, per_mac: float | None) -> str:
    if instructions is None:
        return ""
    rate = f", {per_mac:.2f} per MAC" if per_mac is not None else ""
    return f"{count_text(instructions)} instructions{rate}"


def _noise(manifest: Manifest, step: StepInfo) -> str:
    noises = manifest.layers_sqnr_db
    key = next((name for name in (step.layer, step.name) if name in noises), None)
    value = noises[key] if key is not None else step.sqnr_db
    if value is None:
        return "exact" if key is not None else ""
    return f"{value:.1f} dB after quantization"


def _unknown(name: str, manifest: Manifest, bundle: str) -> UsageError:
    names = [step.layer or step.name for step in manifest.steps]
    close = get_close_matches(name, names, n=6, cutoff=0.3) or names[:6]
    return UsageError(
        name,
        f"no layer of {bundle} has this name",
        allowed=", ".join(close),
        hint=f"`edgekit inspect {bundle} --explain` lists all layers",
        code="explain-layer",
    )
