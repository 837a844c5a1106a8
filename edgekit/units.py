"""Numbers with units, as people read them. Standard library only."""

from __future__ import annotations

_SI = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"))


def si(value: float, unit: str, digits: int = 3) -> str:
    """`value` with an SI prefix and `digits` significant digits: si(0.0123, "s") -> '12.3 ms'."""
    if value == 0 or value != value:
        return f"{value:g} {unit}".rstrip()
    for factor, prefix in _SI:  # noqa: B007
        if abs(value) >= factor * 0.9995:
            break
    else:
        factor, prefix = _SI[-1]
    scaled = value / factor
    whole = len(str(int(abs(scaled))))
    return f"{scaled:.{max(0, digits - whole)}f} {prefix}{unit}".rstrip()


def bytes_text(count: int) -> str:
    """Exact below 10 KiB, else KiB, MiB or GiB: bytes_text(27648) -> '27.0 KiB'."""
    if abs(count) < 10240:
        return f"{count} B"
    if abs(count) < 1 << 20:
        return f"{count / 1024:.1f} KiB"
    if abs(count) < 1 << 30:
        return f"{count / (1 << 20):.2f} MiB"
    return f"{count / (1 << 30):.2f} GiB"


def count_text(count: float) -> str:
    """A count with thousands separators: count_text(7489664) -> '7,489,664'."""
    return f"{count:,.0f}"


def percent(fraction: float, digits: int = 2) -> str:
    """A fraction as per cent: percent(0.8697) -> '86.97 %'."""
    return f"{100 * fraction:.{digits}f} %"


def parse_size(text: str) -> int:
    """'256K', '1M', '0x20000' or '4096' as a byte count; K and M are powers of two.

    Raises ValueError with the text when it is none of these.
    """
    body = text.strip().upper().removesuffix("B").removesuffix("I")
    factor = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}.get(body[-1:], 1)
    digits = body[:-1] if factor != 1 else body
    try:
        return int(digits, 0) * factor
    except ValueError:
        raise ValueError(f"not a size: {text!r} (allowed: 4096, 0x1000, 256K, 1M)") from None
