"""Driver of any device that prints lines of numbers: the columns are told in its name.

`csv:/dev/ttyUSB0?cols=t_us,v_mv,i_ua` reads `1200,3301,5210`. Lines that are none (headings,
words) are passed over and counted.
"""

from __future__ import annotations

from dataclasses import dataclass

from edgekit.errors import MeterError, UsageError
from edgekit.runtime.power.line_meter import LineMeter
from edgekit.runtime.power.line_samples import COLUMNS
from edgekit.runtime.power.names import METERS, MeterSpec, bad_option
from edgekit.runtime.power.recording import read_until
from edgekit.runtime.power.serial_port import Port
from edgekit.runtime.power.stream_meter import OpenPort, Timing
from edgekit.targets.model import Target

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "space": " "}
MOST_BAUD = 20_000_000


@dataclass(frozen=True, slots=True)
class CsvSettings:
    """Columns in their order; the supply in volts where no column tells it; samples a second
    where no column tells the time (0: by arrival)."""

    columns: tuple[str, ...]
    separator: str = ","
    baud: int = 115200
    volts: float = 0.0
    rate_hz: float = 0.0


def from_spec(spec: MeterSpec, target: Target | None) -> CsvLines:
    """The device that `spec` names; the target's rail is the voltage where nothing tells it."""
    columns = tuple(spec.options.get("cols", "").split(","))
    rail = target.power.rail_v if target is not None and target.power is not None else 0.0
    settings = CsvSettings(
        columns=columns,
        separator=SEPARATORS[spec.choice("sep", tuple(SEPARATORS))],
        baud=round(spec.number("baud", METERS["csv"].baud, 300, MOST_BAUD)),
        volts=spec.number("voltage", 1000 * rail, 0, 1e6) / 1000,
        rate_hz=spec.number("rate", 0, 0, 1e6),
    )
    _check(spec, settings)
    return CsvLines(spec.place, settings)


def _check(spec: MeterSpec, settings: CsvSettings) -> None:
    """Raise UsageError for columns that are unknown or say too little."""
    text = spec.options.get("cols", "")
    unknown = [name for name in settings.columns if name not in COLUMNS]
    if unknown:
        raise bad_option(spec, "cols", text, "names such as " + ", ".join(COLUMNS))
    quantities = [COLUMNS[name][0] for name in settings.columns if COLUMNS[name][0]]
    if len(set(quantities)) < len(quantities):
        raise bad_option(spec, "cols", text, "each quantity once")
    if not {"i", "p", "e"} & set(quantities):
        raise bad_option(
            spec, "cols", text, "a column of current, power or energy: i_ua, p_mw, e_uj"
        )
    if "v" not in quantities and not settings.volts:
        raise UsageError(
            "meter csv",
            "no column tells the voltage",
            allowed="a column v_mv, or voltage= in mV",
            hint="for example csv:/dev/ttyUSB0?cols=t_us,i_ua&voltage=3300",
            code="meter-no-voltage",
        )


class CsvLines(LineMeter):
    """A Meter at a port that prints by itself."""

    stops = False

    def __init__(
        self,
        place: str,
        settings: CsvSettings,
        timing: Timing | None = None,
        *,
        open_port: OpenPort | None = None,
    ) -> None:
        super().__init__("csv", place, timing or Timing(), open_port=open_port, baud=settings.baud)
        self.columns, self.separator = settings.columns, settings.separator
        self.rate_hz, self.supply_v = settings.rate_hz, settings.volts
        self.bytes_per_second = settings.baud // 10
        self._baud = settings.baud

    def _greet(self, port: Port, path: str) -> str:
        """Wait for a line that is one."""
        words = read_until(
            port, lambda data: len(self._rows([data]).values) > 0, self.timing.answer_s
        )
        if self._rows([words]).values.size:
            return ""
        if not words:
            raise MeterError(
                f"meter at {path}",
                "silent: not a byte came",
                hint=f"is it the right port, and does the device print at {self._baud} baud?",
                code="meter-silent",
            )
        lines = words.decode("ascii", "replace").split("\n")
        raise MeterError(
            f"meter at {path}",
            f"prints lines such as {lines[len(lines) // 2].strip()[:60]!r}, which are not "
            f"{len(self.columns)} numbers ({','.join(self.columns)})",
            hint="set cols= and sep= to what it prints, and baud= to its rate",
            code="meter-lines",
        )
