"""Which header declares a kernel; the names say it."""

from __future__ import annotations

_TYPES = frozenset(("s8", "u8", "s16", "s32", "f32", "b1", "s8w4", "s8u8", "s16w8", "s16w4", "w8"))


def operation(family: str) -> str:
    """What a family of kernels computes: its name without the types.

    >>> operation("conv2d_s16w8"), operation("requantize_s16_s8"), operation("max_pool2d_s8")
    ('conv2d', 'requantize', 'max_pool2d')
    """
    return "_".join(word for word in family.split("_") if word not in _TYPES)


def header(function: str) -> str:
    """The header of a kernel function, below include/.

    Kernels of one ISA and number format share a header.

    >>> header("ek_conv2d_s8w4__ref"), header("ek_quantize_f32_s16__ref")
    ('ek_kernels_w4.h', 'ek_kernels_s16.h')
    >>> header("ek_add_f32__ref"), header("ek_quantize_f32_s8__ref")
    ('ek_kernels_f32.h', 'ek_kernels.h')
    >>> header("ek_conv2d_s8u8__ref")
    'ek_kernels_u8.h'
    >>> header("ek_conv2d_b1_s8__ref")
    'ek_kernels_b1.h'
    >>> header("ek_conv2d_s16w4__ref")
    'ek_kernels_s16.h'
    >>> header("ek_decode_rans_w8__ref")
    'ek_kernels_w8.h'
    >>> header("ek_add_s8__mve"), header("ek_conv2d_wide_s16w8__dsp")
    ('ek_kernels_mve.h', 'ek_kernels_dsp_s16.h')
    """
    stem, isa = function.removeprefix("ek_").split("__")
    base = "ek_kernels" if isa == "ref" else f"ek_kernels_{isa}"
    types = {word for word in stem.split("_") if word in _TYPES}
    if "b1" in types:
        return f"{base}_b1.h"
    if "w8" in types:
        return f"{base}_w8.h"
    if "s8w4" in types:
        return f"{base}_w4.h"
    if "s8u8" in types or "_up_" in stem:
        return f"{base}_u8.h"
    if types & {"s16", "s16w8", "s16w4"}:
        return f"{base}_s16.h"
    return f"{base}_f32.h" if types == {"f32"} else f"{base}.h"
