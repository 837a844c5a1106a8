"""Hand-made bundles, so that firmware and links are tested without the converter."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from edgekit.artifacts.bundle import Manifest, MemorySummary, StepInfo, TensorInfo

HERE = Path(__file__).parent
INCLUDE = HERE.parent.parent / "firmware_stubs" / "include"

TINY_HASH = "0123456789abcdef"
TINY_INPUT = bytes([1, 2, 3, 4, 251, 6, 7, 200])
_WEIGHTS = np.array(
    [
        [1, 2, 3, 4, 5, 6, 7, 8],
        [-1, -1, -1, -1, 1, 1, 1, 1],
        [0, 0, 0, 0, 0, 0, 0, 127],
        [9, -8, 7, -6, 5, -4, 3, -2],
    ]
)


def tiny_output(data: bytes) -> bytes:
    """What the model in tiny_c computes: trunc(W (not x) / 16), clamped to int8."""
    inverted = ~np.frombuffer(data, np.int8).astype(np.int64)
    sums = np.trunc(_WEIGHTS @ inverted / 16)
    return bytes(np.clip(sums, -128, 127).astype(np.int8))


def tiny_bundle(folder: Path) -> Path:
    """A bundle of two steps, 8 bytes in, 4 bytes out."""
    steps = (
        StepInfo(0, "invert", "NEG", "-", (8,), 0, 0, 0, (0, 8)),
        StepInfo(1, "scores", "FULLY_CONNECTED", "tiny_dense", (4,), 32, 32, 0, (16, 20)),
    )
    inputs = (TensorInfo("x", (1, 8), "int8", 0.5, 3),)
    outputs = (TensorInfo("y", (1, 4), "int8", 1 / 256, -128),)
    return _write(folder, "tiny", TINY_HASH, inputs, outputs, steps, 32)


def loop_bundle(folder: Path) -> Path:
    """A bundle whose one step executes 2,000,001 instructions (Cortex-M only)."""
    tensor = (TensorInfo("x", (1, 4), "int8", 1.0, 0),)
    steps = (StepInfo(0, "loop", "CUSTOM", "-", (4,), 0, 0, 0, (0, 4)),)
    return _write(folder, "counted_loop", "fedcba9876543210", tensor, tensor, steps, 16)


def _write(
    folder: Path,
    name: str,
    digest: str,
    inputs: tuple[TensorInfo, ...],
    outputs: tuple[TensorInfo, ...],
    steps: tuple[StepInfo, ...],
    arena: int,
) -> Path:
    source = HERE / {"tiny": "tiny_c", "counted_loop": "loop_c"}[name]
    shutil.copytree(source, folder / "c")
    shutil.copy(INCLUDE / "ek_model.h", folder / "c")
    manifest = Manifest(
        name=name,
        source={"name": f"{name}.tflite", "format": "tflite", "sha256": digest * 4},
        target={"name": "test"},
        recipe={},
        model_sha256=digest * 4,
        model_bytes=0,
        inputs=inputs,
        outputs=outputs,
        operators={},
        macs=sum(step.macs for step in steps),
        steps=steps,
        memory=MemorySummary(arena, arena),
    )
    (folder / "edgekit.json").write_text(manifest.to_json(), encoding="utf-8")
    return folder
