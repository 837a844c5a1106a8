"""What decoding stored weights costs, and the scratch it takes.

Costs are instructions on a Cortex-M4 (virtual-m4); others differ by their compilers' code only.
"""

from __future__ import annotations

from edgekit.converter.lower.variants import Cost, Request, ScratchSize

ENTRY_BYTES = 4 * 256
"""EK_RANS_ENTRIES of ek_kernels_w8.h."""


def _joined(request: Request) -> int:
    """4 instructions a byte to join lanes."""
    return 4 * request.number("bytes") * request.number("lanes")


def rans_cost(request: Request) -> int:
    """13 instructions a byte, 4 a word, and the tables laid out."""
    tables = (1 << request.number("bits")) + 30 * request.number("values")
    return 13 * request.number("bytes") + 4 * request.number("words") + tables + _joined(request)


def palette_cost(request: Request) -> int:
    """10 instructions a byte, 6 a word."""
    return 60 + 10 * request.number("bytes") + 6 * request.number("words") + _joined(request)


def half_cost(request: Request) -> int:
    """18 instructions a word."""
    return 60 + 18 * request.number("words")


COSTS: dict[str, Cost] = {
    "ref_rans": rans_cost,
    "ref_palette": palette_cost,
    "ref_half": half_cost,
}
SCRATCHES: dict[str, ScratchSize] = {
    "rans_tables": lambda request: ENTRY_BYTES + (1 << request.number("bits")),
}
