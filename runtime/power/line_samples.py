"""From rows of numbers to samples: what columns mean, and the clock they are on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgekit.runtime.power.recording import Capture

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

COLUMNS = {
    "t_us": ("t", 1e6), "t_ms": ("t", 1e3), "t_s": ("t", 1.0),
    "v_uv": ("v", 1e6), "v_mv": ("v", 1e3), "v_v": ("v", 1.0),
    "i_na": ("i", 1e9), "i_ua": ("i", 1e6), "i_ma": ("i", 1e3), "i_a": ("i", 1.0),
    "p_nw": ("p", 1e9), "p_uw": ("p", 1e6), "p_mw": ("p", 1e3), "p_w": ("p", 1.0),
    "e_nj": ("e", 1e9), "e_uj": ("e", 1e6), "e_mj": ("e", 1e3), "e_j": ("e", 1.0),
    "mark": ("mark", 1.0), "n": ("n", 1.0), "sum": ("sum", 1.0), "-": ("", 1.0),
}  # fmt: skip
"""Column name -> quantity, and how many of its units make one s, V, A, W or J.

`mark` is the level of the trigger pin, `n` a counter of samples modulo 65536, `sum` the check of
the line, `-` a column to pass over."""
COUNTER = 1 << 16
CLOCK = 1 << 32
"""Clocks of microcontrollers in us or ms are 32 bits wide and begin anew."""


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Arrays of shape (n,). `row` says of which row each is: a row whose time is no time is
    left out. `restarts` counts how often the clock began anew for no reason of its width."""

    t: Floats
    volts: Floats
    amps: Floats
    level: Ints
    row: Ints
    energy: Floats | None
    lost: int
    restarts: int
    rate_hz: float


def samples(
    values: Floats,
    position: Ints,
    columns: Sequence[str],
    capture: Capture,
    *,
    rate_hz: float = 0.0,
    volts: float = 0.0,
) -> Samples | None:
    """What rows of `columns` mean, None when fewer than two make sense.

    The clock is the column t, else `rate_hz`, else this computer's when the lines arrived. The
    voltage is the column v, else `volts`; the current i, else p / v, else the rise of e.
    """
    if len(values) < 2:
        return None
    named = {COLUMNS[name][0]: values[:, at] / COLUMNS[name][1] for at, name in enumerate(columns)}
    row = np.arange(len(values))
    if "t" in named:
        unit = next(COLUMNS[name][1] for name in columns if COLUMNS[name][0] == "t")
        t, row, restarts = _device_clock(named["t"], CLOCK / unit)
    else:
        t, restarts = _other_clock(capture, position, named.get("n"), rate_hz), 0
    if len(row) < 2:
        return None
    named = {quantity: column[row] for quantity, column in named.items()}
    supply = named["v"] if "v" in named else np.full(len(t), volts)
    spacing = float(np.median(np.diff(t)))
    return Samples(
        t=t - t[0],
        volts=supply,
        amps=_amps(named, supply, t),
        level=named["mark"].astype(np.int64) if "mark" in named else np.ones(len(t), np.int64),
        row=row,
        energy=named.get("e"),
        lost=_lost(named.get("n"), t, spacing),
        restarts=restarts,
        rate_hz=1 / spacing,
    )


def _amps(named: dict[str, Floats], volts: Floats, t: Floats) -> Floats:
    if "i" in named:
        return named["i"]
    safe = np.where(volts > 0, volts, np.inf)
    if "p" in named:
        amps: Floats = named["p"] / safe
        return amps
    watts = np.diff(named["e"]) / np.diff(t)
    # The rise of a counter is that of the time before it; nothing is known of the first.
    mean: Floats = np.concatenate((watts[:1], watts)) / safe
    return mean


def _device_clock(t: Floats, wrap: float) -> tuple[Floats, Ints, int]:
    """Times that rise, which rows they are, and how often the clock began anew.

    One time that fits neither of its neighbours is a broken line; a clock that goes back by
    nearly its width has wrapped, and one that goes back otherwise was started again.
    """
    row = np.flatnonzero(~_spikes(t))
    t = t[row]
    step = np.diff(t)
    step[step < -wrap / 2] += wrap
    restarts = int(np.count_nonzero(step < 0))
    usual = float(np.median(step[step > 0])) if (step > 0).any() else 1.0
    step[step < 0] = usual
    rising = np.concatenate(([True], step > 0))
    return np.concatenate(([0.0], np.cumsum(step)))[rising][: len(row)], row[rising], restarts


def _spikes(t: Floats) -> NDArray[np.bool_]:
    """Times that lie outside of their neighbours, which themselves are in order."""
    spike = np.zeros(len(t), np.bool_)
    before, here, after = t[:-2], t[1:-1], t[2:]
    spike[1:-1] = (after > before) & ((here > after) | (here < before))
    return spike


def _other_clock(
    capture: Capture, position: Ints, counter: Floats | None, rate_hz: float
) -> Floats:
    if rate_hz:
        return _counted(counter, len(position)) / rate_hz
    sizes = np.array([0, *(size for size, _ in capture.arrivals)], np.float64)
    times = np.array([0.0, *(seconds for _, seconds in capture.arrivals)], np.float64)
    here: Floats = np.interp(position, sizes, times) + 1e-12 * position
    return here


def _counted(counter: Floats | None, count: int) -> Floats:
    """Sample periods from the first, by the counter where there is one."""
    if counter is None or not count:
        return np.arange(count, dtype=np.float64)
    step = np.diff(counter) % COUNTER
    step[step == 0] = 1
    return np.concatenate(([0.0], np.cumsum(step)))


def _lost(counter: Floats | None, t: Floats, spacing: float) -> int:
    if counter is not None:
        return int(_counted(counter, len(t))[-1]) + 1 - len(t)
    missing = np.rint(np.diff(t) / spacing) - 1
    return int(missing[missing > 0].sum())
