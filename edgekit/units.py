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


_PREFIXES = {"n": 1e-9, "u": 1e-6, "µ": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6}
_SECONDS = {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def parse_si(text: str, unit: str) -> float:
    """'5uW' or '1.2 mW' with unit 'W' as a number of that unit, not negative.

    Raises ValueError with the text when it is none.
    """
    body = text.strip()
    for prefix, factor in sorted(_PREFIXES.items(), reverse=True):
        if body.endswith(prefix + unit):
            return _not_negative(text, body.removesuffix(prefix + unit), unit) * factor
    raise ValueError(f"not a quantity: {text!r} (allowed: 5u{unit}, 1.2m{unit}, 3{unit})")


def parse_seconds(text: str) -> float:
    """'100ms', '10s', '5min', '1h' or '1d' as seconds. Raises ValueError with the text."""
    body = text.strip()
    for unit in sorted(_SECONDS, key=len, reverse=True):
        if body.endswith(unit):
            return _not_negative(text, body.removesuffix(unit), unit) * _SECONDS[unit]
    raise ValueError(f"not a time: {text!r} (allowed: 100ms, 10s, 5min, 1h, 1d)")


def parse_battery(text: str) -> float:
    """'1000mAh@3.7V' or '3.7Wh' as watt hours. Raises ValueError with the text."""
    charge, at, volts = text.partition("@")
    try:
        if not at:
            return parse_si(charge, "Wh")
        return parse_si(charge, "Ah") * parse_si(volts, "V")
    except ValueError:
        raise ValueError(f"not a battery: {text!r} (allowed: 1000mAh@3.7V, 3.7Wh)") from None


def _not_negative(text: str, number: str, unit: str) -> float:
    try:
        value = float(number)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise ValueError(f"not a number of {unit}: {text!r}")
    return value
