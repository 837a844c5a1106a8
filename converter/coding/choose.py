"""The smallest of the forms in which weights can be stored, by counting their bytes."""

from __future__ import annotations

from functools import lru_cache

from edgekit.converter.coding import palette, rans

CALL_BYTES = 40
"""Flash that a call of a decoder takes besides tables and words: parameters and code, rounded up
from what arm-none-eabi-gcc 12 makes of one for Cortex-M4."""

Coded = rans.Coded | palette.Coded


def flash(coded: Coded) -> int:
    """Bytes of tables and words."""
    words = 2 * len(coded.words)
    if isinstance(coded, rans.Coded):
        return words + 3 * len(coded.table.values)
    return words + len(coded.values)


@lru_cache(maxsize=512)
def smallest(data: bytes) -> Coded | None:
    """The form that takes the least flash; None where bytes as they are take no more.

    Kept, because a program is lowered several times.
    """
    if not data:
        return None
    forms: list[Coded | None] = [rans.encode(data), palette.encode(data)]
    best = min((form for form in forms if form is not None), key=flash)
    return best if flash(best) + CALL_BYTES < len(data) else None
