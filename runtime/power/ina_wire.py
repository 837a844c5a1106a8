"""The lines of EdgeKit's bridge for INA219, INA226 and INA228 (firmware_stubs/power_meter).

    host      `?` `rate HZ` `start` `stop`, each ended by a newline
    bridge    `# edgekit-power 1 chip=ina226 shunt_uohm=100000 rate=1000 lsb_na=25000 max_ua=819170
              cols=n,t_us,v_uv,i_na,mark,sum` in answer to the first two and when it boots, then
              `# start`, lines of integers in the order of cols, `# end n=COUNT missed=COUNT`

`n` counts samples modulo 65536 and `sum` the bytes of the line before its last comma modulo 256,
so that a lost line and a broken one are both seen; t_us is 32 bits wide; `mark` is the level of
the board's trigger pin. An INA228 adds `e_uj`, its own energy counter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

VERSION = 1
BAUD = 921600
_HEADER = re.compile(rb"# edgekit-power (\d+) ([^\r\n]*)\r?\n")
_NEEDED = ("chip", "rate", "lsb_na", "max_ua", "cols")


@dataclass(frozen=True, slots=True)
class Chip:
    """What a current sensor can do: steps of its bus and shunt voltages, full scale of the
    shunt, and samples a second at a 400 kHz bus."""

    title: str
    bus_nv: int
    shunt_nv: int
    full_uv: int
    most_hz: int


CHIPS = {
    "ina219": Chip("INA219", 4_000_000, 10_000, 320_000, 500),
    "ina226": Chip("INA226", 1_250_000, 2_500, 81_917, 1000),
    "ina228": Chip("INA228", 195_313, 313, 163_839, 2000),
}
SHUNT_UOHM = 100_000


@dataclass(frozen=True, slots=True)
class Header:
    """What the bridge says of itself."""

    version: int
    chip: str
    rate_hz: float
    lsb_a: float
    max_a: float
    columns: tuple[str, ...]


def parse_header(answer: bytes) -> Header | None:
    """The last header in what the bridge said, None when there is no whole one."""
    found = _HEADER.findall(answer)
    if not found:
        return None
    version, words = found[-1]
    values = dict(
        word.split("=", 1) for word in words.decode("ascii", "replace").split() if "=" in word
    )
    try:
        if any(key not in values for key in _NEEDED):
            return Header(int(version), values.get("chip", ""), 0, 0, 0, ())
        return Header(
            int(version),
            values["chip"],
            float(values["rate"]),
            float(values["lsb_na"]) / 1e9,
            float(values["max_ua"]) / 1e6,
            tuple(values["cols"].split(",")),
        )
    except ValueError:
        return None


def checksum(text: str) -> int:
    """The sum of a line, of the text before its last comma."""
    return sum(text.encode()) % 256
