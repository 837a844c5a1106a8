"""Which header declares a kernel; the names say it."""

from __future__ import annotations

_TYPES = frozenset(("s8", "u8", "s16", "s32", "f32", "s8w4", "s8u8", "s16w8"))


def header(function: str) -> str:
    """The header of a kernel function, below include/.

    Kernels of one ISA share a header; the portable ones are told apart by number format.

    >>> header("ek_conv2d_s8w4__ref"), header("ek_quantize_f32_s16__ref")
    ('ek_kernels_w4.h', 'ek_kernels_s16.h')
    >>> header("ek_add_f32__ref"), header("ek_quantize_f32_s8__ref")
    ('ek_kernels_f32.h', 'ek_kernels.h')
    >>> header("ek_conv2d_s8u8__ref")
    'ek_kernels_u8.h'
    """
    stem, isa = function.removeprefix("ek_").split("__")
    if isa != "ref":
        return f"ek_kernels_{isa}.h"
    types = {word for word in stem.split("_") if word in _TYPES}
    if "s8w4" in types:
        return "ek_kernels_w4.h"
    if "s8u8" in types or "_up_" in stem:
        return "ek_kernels_u8.h"
    if types & {"s16", "s16w8"}:
        return "ek_kernels_s16.h"
    return "ek_kernels_f32.h" if types == {"f32"} else "ek_kernels.h"
