"""How the weights of a bundle are stored, and what that saves and costs."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class StoredArray:
    """The weights of one step. `raw_bytes` is what kernels read, `flash_bytes` what is stored."""

    array: str
    step: str
    form: str
    """"raw", "palette" (indices of equal width), "rans" (bits by frequency) or "half" (floats as
    float16)."""
    raw_bytes: int
    flash_bytes: int
    values: int
    """Different bytes."""
    entropy_bits: float
    """Of a byte, by their frequencies alone."""


@dataclass(frozen=True, slots=True)
class CodingSummary:
    """Coded weights beside the same program with its weights as they are.

    `mode` is "layer" (expanded before each use) or "boot" (once). `flash` is all constant data,
    `arena` the RAM planned for, each as it would be and as it is. `decode_instructions` are paid
    per inference, or once at start-up; by the cost model.
    """

    mode: str
    raw_bytes: int
    weight_bytes: int
    """What the weights take in flash, tables included."""
    flash: tuple[int, int]
    arena: tuple[int, int]
    decode_instructions: int
    inference_instructions: int
    """Of one inference without decoding; by the cost model, 0 without an estimate."""
    baselines: dict[str, int] = field(default_factory=dict)
    """Bytes that general compressors make of the same weights."""
    planes: tuple[float, ...] = ()
    """Entropy of each bit of a weight given those above it, the highest first, in bits."""
    arrays: tuple[StoredArray, ...] = ()

    @property
    def saved(self) -> float:
        """The share of the weights' bytes that coding saves."""
        return 1 - self.weight_bytes / self.raw_bytes if self.raw_bytes else 0.0

    @property
    def coin_tosses(self) -> int:
        """How many of the lowest bits of a weight carry 0.95 bits of information or more each."""
        count = 0
        for plane in reversed(self.planes):
            if plane < 0.95:
                break
            count += 1
        return count
