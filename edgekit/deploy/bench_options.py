"""What `bench` is asked to do: its options, their words as numbers, where each has an effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Any

from edgekit.deploy.programs import Place
from edgekit.errors import UsageError
from edgekit.runtime.devices.benchmark_model import check_tool
from edgekit.runtime.devices.cores import BIG, core_numbers
from edgekit.runtime.measure.duty import Duty
from edgekit.targets.model import Target
from edgekit.units import parse_battery, parse_seconds, parse_si


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """What to measure. `power` names a meter ("virtual", "ppk2:/dev/ttyACM1"); `data` is
    anything `open_dataset` takes; `samples` outputs are compared with the reference; `duty` is how
    the board will be used, for what the energy means then; `resume` goes on with a benchmark that
    broke off, from what it kept in the report's folder; `place` says where the program of a Pi or
    a phone runs, when that is not this machine; `wait_s` how many seconds to wait for a device that
    another run uses; `device` is its name in the lab file; `benchmark_model` is LiteRT's program of
    that name for the device, to be run there too; `cores` are those that the runner may use;
    `engine` is one of ENGINES, None for what is usual there: both here, the generated C on another
    machine; `cold` is how many starts of a fresh process are timed, None for what is usual;
    `sustained` is for how many seconds each engine then runs without pauses, 0 for none."""

    port: str | None = None
    place: Place = field(default_factory=Place)
    power: str | None = None
    data: Any = None
    samples: int = 3
    threads: tuple[int, ...] = (1,)
    batches: tuple[int, ...] = (1, 4, 16)
    windows: int = 5
    quick: bool = False
    duty: Duty = field(default_factory=Duty)
    resume: bool = False
    wait_s: float = 0.0
    device: str = ""
    benchmark_model: Path | None = None
    cores: str | None = None
    engine: str | None = None
    cold: int | None = None
    sustained: float = 0.0

    @property
    def starts(self) -> int:
        """How many cold starts are timed."""
        usual = 0 if self.quick else COLD_STARTS
        return usual if self.cold is None else self.cold

    def runs(self, engine: str) -> bool:
        """Whether "litert" or "native" is to run."""
        usual = "native" if self.place else "both"
        return (self.engine or usual) in (engine, "both")


COLD_STARTS = 5
"""Usual number of cold starts, without `quick`."""
ENGINES = ("litert", "native", "both")
"""What can run a bundle: LiteRT the model file, the generated C natively."""


def chooses_engine(target: Target, place: Place) -> bool:
    """Whether there is more than one engine to run the target's bundles with."""
    if place:
        return target.family == "rpi" and place.host is not None
    return target.family != "cortex-m"


def times_processes(target: Target, place: Place) -> bool:
    """Whether processes run there, with time of their own: they can be started again and again, and
    run on for as long as wanted, each inference timed."""
    return target.family != "cortex-m" and not place.emulate


FIELDS = {
    "--engine": "engine",
    "--threads": "threads",
    "--batch": "batches",
    "--cold": "cold",
    "--sustained": "sustained",
    "--power": "power",
    "--cores": "cores",
    "--benchmark-model": "benchmark_model",
    "--windows": "windows",
    "--battery": "duty.battery_wh",
    "--every": "duty.every_s",
    "--sleep": "duty.sleep_w",
    "--price": "duty.price_per_kwh",
}
"""Option -> where BenchOptions has it."""
Where = Callable[[Target, BenchOptions], bool]


@dataclass(frozen=True, slots=True)
class Idle:
    """Options without effect wherever `where` holds, and why."""

    options: tuple[str, ...]
    where: Where
    why: str


def _alone(target: Target, options: BenchOptions) -> bool:
    """The runner on another machine, or in an emulator, without LiteRT."""
    return bool(options.place) and not options.runs("litert")


def _litert_there(target: Target, options: BenchOptions) -> bool:
    """LiteRT on another machine, without the runner."""
    return bool(options.place) and not options.runs("native")


def _no_device(target: Target, options: BenchOptions) -> bool:
    """No Pi or phone but an emulator, a board or this machine."""
    return not options.place or options.place.emulate


def _no_meter(target: Target, options: BenchOptions) -> bool:
    return options.power is None


IDLE = (
    Idle(
        ("--engine",),
        lambda target, options: not chooses_engine(target, options.place),
        "only a Pi with --host, and this machine, run more than the generated C",
    ),
    Idle(
        ("--threads", "--batch"),
        lambda target, options: target.family == "cortex-m",
        "{target} runs one inference at a time, without an interpreter",
    ),
    Idle(
        ("--threads", "--batch"),
        _alone,
        "the runner computes one inference after another, in one thread",
    ),
    Idle(
        ("--cold",),
        lambda target, options: not times_processes(target, options.place),
        "it times processes of this machine, of a Pi or of a phone",
    ),
    Idle(
        ("--sustained",),
        lambda target, options: not times_processes(target, options.place),
        "it watches programs of this machine, of a Pi or of a phone",
    ),
    Idle(
        ("--power",),
        lambda target, options: options.place.emulate,
        "an emulator has no power of its own, and no time",
    ),
    Idle(
        ("--power", "--cores", "--benchmark-model"),
        _litert_there,
        "it is for the generated C, which --engine both runs too",
    ),
    Idle(("--cores",), _no_device, "it is for a Pi or a phone, named by --host or --serial"),
    Idle(
        ("--benchmark-model",),
        _no_device,
        "it runs on a Pi or a phone, named by --host or --serial",
    ),
    Idle(("--windows",), _no_meter, "it counts the windows of a power measurement"),
    Idle(
        ("--battery", "--every", "--sleep", "--price"),
        _no_meter,
        "it needs the energy that --power measures",
    ),
)
"""The first row that holds for an option that was given is its error."""


def check_options(target: Target, options: BenchOptions) -> None:
    """Raise UsageError for an option that would be without effect, or is not understood."""
    if options.engine is not None and options.engine not in ENGINES:
        raise UsageError(
            "--engine",
            f"unknown engine {options.engine!r}",
            allowed=", ".join(ENGINES),
            hint="leave it out for the one that the target runs by itself",
            code="bad-option",
        )
    for row in IDLE:
        given = [name for name in row.options if _given(name, options)]
        if given and row.where(target, options):
            raise UsageError(
                given[0],
                f"without effect here: {row.why.format(target=target.name)}",
                hint="leave it out",
                code="option-unused",
            )
    if options.cores is not None and options.cores != BIG:
        core_numbers(options.cores)
    if options.benchmark_model is not None:
        check_tool(options.benchmark_model, target.cpu.arch)


def _given(option: str, options: BenchOptions) -> bool:
    """Whether it was given, as something else than what is usual."""
    value = attrgetter(FIELDS[option])
    return bool(value(options) != value(BenchOptions()))


def parse_duty(
    battery: str | None, every: str | None, sleep: str | None, price: float | None
) -> Duty:
    """The words of the options as numbers. Raises UsageError."""
    return Duty(
        _quantity("--battery", battery, parse_battery),
        _quantity("--every", every, parse_seconds),
        _quantity("--sleep", sleep, lambda text: parse_si(text, "W")),
        price,
    )


def _quantity(option: str, text: str | None, parse: Callable[[str], float]) -> float | None:
    if text is None:
        return None
    try:
        return parse(text)
    except ValueError as error:
        raise UsageError(
            option, str(error), hint="see `edgekit bench --help`", code="bad-option"
        ) from None


def counts(option: str, text: str, most: int) -> tuple[int, ...]:
    """'1,2,4' as numbers from 1 to `most`. Raises UsageError."""
    try:
        values = tuple(int(part) for part in text.split(","))
    except ValueError:
        values = ()
    if not values or min(values) < 1 or max(values) > most:
        raise UsageError(
            option,
            f"not understood: {text!r}",
            allowed=f"numbers from 1 to {most}",
            hint=f"separate several with commas: {option} 1,2,4",
            code="bad-option",
        )
    return values
