"""How many bits bytes carry, and what general compressors make of them."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray


def entropy(counts: NDArray[np.int64]) -> float:
    """Bits per symbol of a source with these counts (Shannon 1948): sum of -p log2 p.

    >>> entropy(np.array([2, 2, 0, 4]))
    1.5
    """
    share = counts[counts > 0] / max(int(counts.sum()), 1)
    return float(-(share * np.log2(share)).sum()) + 0.0


def byte_counts(data: bytes) -> NDArray[np.int64]:
    """How often each of the 256 bytes occurs."""
    return np.bincount(np.frombuffer(data, np.uint8), minlength=256).astype(np.int64)


def plane_entropies(data: bytes) -> tuple[float, ...]:
    """Bits that each bit of a byte carries given the bits above it, the highest first.

    They add up to the entropy of the bytes (chain rule). A plane of 1.0 is like coin tosses: no
    coder without loss makes it smaller.

    >>> plane_entropies(bytes([0, 1, 2, 3, 0, 1, 2, 3]))
    (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0)
    """
    counts = byte_counts(data)
    above = [entropy(counts.reshape(1 << known, -1).sum(axis=1)) for known in range(9)]
    return tuple(round(above[plane + 1] - above[plane], 6) + 0.0 for plane in range(8))


def baselines(data: bytes) -> Mapping[str, int]:
    """Bytes that Python's gzip, bz2 and xz need at their best setting: for comparison only, none of
    their decoders fits a microcontroller beside a model."""
    return {
        "gzip": len(gzip.compress(data, 9, mtime=0)),
        "bz2": len(bz2.compress(data, 9)),
        "xz": len(lzma.compress(data, preset=9 | lzma.PRESET_EXTREME)),
    }
