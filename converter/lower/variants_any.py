"""The `any` variants: what they need of a call, their scratch, and what they cost.

Costs are instructions on a Cortex-M3 (virtual-m3) and up to a fifth more, as compilers set to small
code make of them for a Cortex-M4.
"""

from __future__ import annotations

from edgekit.converter.lower.calls import product
from edgekit.converter.lower.variants import Cost, Request, Requirement, ScratchSize

BASIS = "counts of whole layers on a Cortex-M3 (virtual-m3)"
"""What the costs below rest on; users read it."""
TABLE_FROM = 256
"""Elements of a softmax from which a table of 1 KB is worth its flash."""


def _elements(request: Request) -> int:
    return request.number("rows") * request.number("depth")


REQUIRES: dict[str, Requirement] = {
    "any_many_elements": Requirement(
        f"needs {TABLE_FROM} elements or more, as its table takes 1 KB",
        lambda request: _elements(request) >= TABLE_FROM,
    ),
    "any_apart": Requirement(
        "needs innermost elements apart, four or more",
        lambda request: request.numbers("stride")[3] != 1 and request.numbers("extent")[3] >= 4,
    ),
}


def choice_cost(request: Request) -> int:
    """8 instructions an output."""
    return 8 * product(request.numbers("extent"))


def lut_cost(request: Request) -> int:
    """29 instructions for eight elements."""
    return 20 + 29 * request.count // 8


def softmax_once_cost(request: Request) -> int:
    """185 instructions an element, 150 a row."""
    return 150 * request.number("rows") + 185 * _elements(request)


def softmax_table_cost(request: Request) -> int:
    """38 instructions an element, 150 a row."""
    return 150 * request.number("rows") + 38 * _elements(request)


def bilinear_cost(request: Request) -> int:
    """16 instructions an output, 60 a pixel."""
    pixels = product(tuple(request.number(n) for n in ("batches", "output_h", "output_w")))
    return pixels * (60 + 16 * request.number("channels"))


def strided_cost(request: Request) -> int:
    """4 instructions an element, 30 a row."""
    extent = request.numbers("extent")
    return product(extent[:3]) * (30 + 4 * extent[3])


COSTS: dict[str, Cost] = {
    "any_choice": choice_cost,
    "any_lut": lut_cost,
    "any_softmax_once": softmax_once_cost,
    "any_softmax_table": softmax_table_cost,
    "any_bilinear": bilinear_cost,
    "any_strided": strided_cost,
}
SCRATCHES: dict[str, ScratchSize] = {
    "any_row_of_words": lambda request: 4 * request.number("depth"),
}
