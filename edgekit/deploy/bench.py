"""Benchmark a bundle: on a board, a virtual board, or this machine; one report."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from edgekit import __version__
from edgekit.artifacts.figures import Figure, Note
from edgekit.artifacts.files import check_writable
from edgekit.artifacts.power import EnergyResult, PowerTrace
from edgekit.artifacts.report import Report
from edgekit.artifacts.run import RunResult
from edgekit.deploy.bundles import Bundle, open_bundle
from edgekit.deploy.claims import claimed
from edgekit.deploy.inputs import Inputs, random_inputs, real_inputs
from edgekit.deploy.keeper import Keeper, conditions, now
from edgekit.deploy.programs import Place, check_place
from edgekit.deploy.stations import Station
from edgekit.errors import EdgeKitError, MismatchError, UsageError
from edgekit.runtime.devices.benchmark_model import check_tool
from edgekit.runtime.devices.cores import BIG, core_numbers
from edgekit.runtime.lab.commit import commit_of
from edgekit.runtime.measure.duty import Duty
from edgekit.runtime.report.build import make_report
from edgekit.runtime.report.write import write_report
from edgekit.runtime.runner import environment
from edgekit.targets.model import Target
from edgekit.units import parse_battery, parse_seconds, parse_si

Progress = Callable[[str, int, int], None]


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


@dataclass(frozen=True, slots=True)
class Measured:
    """What running yielded, whatever it ran on; `sizes` are bytes of the built image, `figures`
    those of other programs."""

    runs: tuple[RunResult, ...]
    energy: EnergyResult | None = None
    trace: PowerTrace | None = None
    sizes: dict[str, int] | None = None
    notes: tuple[Note, ...] = ()
    figures: Mapping[str, Figure] = field(default_factory=dict)


def bench(
    bundle: str | Path,
    *,
    target: str | Target | None = None,
    options: BenchOptions | None = None,
    output_dir: str | Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """Run a bundle on `target` (default: its own) and return the report, written to `output_dir`.

    Outputs are compared with the NumPy reference first; what differs is counted in the report.
    What was measured by a benchmark that breaks off stays in `output_dir` for one that resumes.
    Raises UsageError, ModelError, DataError, DeviceError, ToolError, MeterError, OutputError and
    DoesNotFitError.
    """
    chosen = options or BenchOptions()
    opened = open_bundle(bundle)
    profile = opened.target(target)
    run = runner(profile, chosen)
    report = progress or (lambda stage, done, total: None)
    if output_dir is not None:  # said now rather than after minutes of measuring
        check_writable(Path(output_dir))
    inputs = bench_inputs(opened, chosen)
    begin = Keeper.resume if chosen.resume else Keeper.begin
    keeper = begin(
        None if output_dir is None else Path(output_dir),
        conditions(opened, profile, inputs, chosen),
    )
    mine = Station(profile, chosen.device, chosen.port, chosen.place, chosen.power).claims
    what = f"bench {opened.manifest.name} on {profile.name}"
    try:
        with claimed(mine, what, wait_s=chosen.wait_s, progress=report):
            measured = run(opened, profile, inputs, chosen, report, keeper)
    except UsageError:
        raise
    except (EdgeKitError, KeyboardInterrupt) as error:
        keeper.broke(error)
        raise
    result = make_report(
        opened.manifest,
        profile,
        runs=measured.runs,
        energy=measured.energy,
        trace=measured.trace,
        sizes=measured.sizes,
        figures=measured.figures,
        warnings=(*keeper.resumed, *measured.notes, *_other_target(opened, profile)),
        created=now(),
        environment={
            **environment.describe(),
            "inputs": inputs.description,
            "effort": "quick" if chosen.quick else "full",
            **_origin(chosen),
            **keeper.facts,
        },
        tool=f"edgekit {__version__}",
    )
    if output_dir is not None:
        # As written it names the recording beside it by its hash.
        result = write_report(result, Path(output_dir), trace=measured.trace).record
    keeper.done()
    return result


def _origin(options: BenchOptions) -> dict[str, str]:
    """The device's name, and the commit of the repository that the command runs in."""
    found = {"device": options.device, "commit": commit_of(Path.cwd())}
    return {name: value for name, value in found.items() if value}


def runner(target: Target, options: BenchOptions) -> Callable[..., Measured]:
    """What runs on `target`. Raises UsageError where nothing says how to reach it, and for an
    option that would be without effect."""
    _check_options(target, options)
    return _runner(target, options)


def _check_options(target: Target, options: BenchOptions) -> None:
    """Raise UsageError for an option that would be without effect."""
    usual = BenchOptions()
    unused = []
    if options.engine is not None and options.engine not in ENGINES:
        raise UsageError(
            "--engine", f"{options.engine!r}", allowed=", ".join(ENGINES), code="bad-option"
        )
    if not chooses_engine(target, options.place):
        why = "only a Pi with --host, and this machine, run more than the generated C"
        unused += [("--engine", why)] * (options.engine is not None)
    if target.family == "cortex-m":
        why = f"{target.name} runs one inference at a time, without an interpreter"
        unused += [("--threads", why)] * (options.threads != usual.threads)
        unused += [("--batch", why)] * (options.batches != usual.batches)
    if options.place and not options.runs("litert"):
        why = "the runner computes one inference after another, in one thread"
        unused += [("--threads", why)] * (options.threads != usual.threads)
        unused += [("--batch", why)] * (options.batches != usual.batches)
    if options.cold is not None and not starts_processes(target, options):
        why = "it times processes of this machine, or of LiteRT on a Pi with --host"
        unused += [("--cold", why)]
    if options.sustained and not runs_on(target, options.place):
        why = "it watches programs of this machine, of a Pi or of a phone"
        unused += [("--sustained", why)]
    if options.place.emulate and options.power is not None:
        unused += [("--power", "an emulator has no power of its own, and no time")]
    if options.place and not options.runs("native"):
        why = "it is for the generated C, which --engine both runs too"
        unused += [("--power", why)] * (options.power is not None)
        unused += [("--cores", why)] * (options.cores is not None)
        unused += [("--benchmark-model", why)] * (options.benchmark_model is not None)
    if options.cores is not None:
        if not options.place or options.place.emulate:
            unused += [("--cores", "it is for a Pi or a phone, named by --host or --serial")]
        elif options.cores != BIG:
            core_numbers(options.cores)
    if options.benchmark_model is not None:
        if not options.place or options.place.emulate:
            why = "it runs on a Pi or a phone, named by --host or --serial"
            unused += [("--benchmark-model", why)]
        else:
            check_tool(options.benchmark_model, target.cpu.arch)
    if options.power is None and options.windows != usual.windows:
        unused += [("--windows", "it counts the windows of a power measurement")]
    if options.power is None and options.duty != usual.duty:
        given = [
            name for name, key in DUTY_OPTIONS.items() if getattr(options.duty, key) is not None
        ]
        unused += [(name, "it needs the energy that --power measures") for name in given]
    for option, why in unused:
        raise UsageError(
            option, f"without effect here: {why}", hint="leave it out", code="option-unused"
        )


def chooses_engine(target: Target, place: Place) -> bool:
    """Whether there is more than one engine to run the target's bundles with."""
    if place:
        return target.family == "rpi" and place.host is not None
    return target.family != "cortex-m"


def starts_processes(target: Target, options: BenchOptions) -> bool:
    """Whether an engine is started that can be started again and again."""
    if options.place:
        return options.runs("litert")
    return target.family != "cortex-m"


def runs_on(target: Target, place: Place) -> bool:
    """Whether inferences can follow one another for as long as wanted, each timed."""
    return target.family != "cortex-m" and not place.emulate


DUTY_OPTIONS = {
    "--battery": "battery_wh",
    "--every": "every_s",
    "--sleep": "sleep_w",
    "--price": "price_per_kwh",
}


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


def with_sleep(duty: Duty, target: Target) -> Duty:
    """`duty` with the profile's power asleep where none is given."""
    power = target.power
    if duty.sleep_w is not None or power is None or power.sleep_mw is None:
        return duty
    return replace(duty, sleep_w=power.sleep_mw / 1000)


def _runner(target: Target, options: BenchOptions) -> Callable[..., Measured]:
    """Which way a target is run."""
    check_place(target, options.place)
    if target.family == "cortex-m":
        from edgekit.deploy.bench_board import run_board

        return run_board
    if options.port is not None:
        raise UsageError(
            "--port",
            f"given for {target.name}, which has no serial port to talk to",
            allowed="--port with Cortex-M targets",
            hint="leave it out",
            code="port-unused",
        )
    if options.place and options.runs("litert"):
        from edgekit.deploy.bench_far import run_far

        return run_far
    if options.place:
        from edgekit.deploy.bench_runner import run_runner

        return run_runner
    if target.family != "host" and not _is_here(target):
        raise UsageError(
            f"target {target.name}",
            f"not this machine ({platform.machine()})",
            allowed=f"{PLACES_SHOWN[target.family]}, or --target host to measure here",
            hint="say where it is, or run edgekit bench on the device itself",
            code="not-here",
        )
    from edgekit.deploy.bench_host import run_here

    return run_here


PLACES_SHOWN = {
    "rpi": "--host USER@PI, --emulate for QEMU's emulator of its programs",
    "android": "--serial NUMBER, --host ADDRESS, --emulate for QEMU's emulator of its programs",
}


def _is_here(target: Target) -> bool:
    """Whether this machine says it is the board of the profile (Linux device tree)."""
    model = Path("/proc/device-tree/model")
    if target.family != "rpi" or not model.exists():
        return False
    return "Raspberry Pi" in model.read_text(encoding="utf-8", errors="replace")


def bench_inputs(bundle: Bundle, options: BenchOptions) -> Inputs:
    """The inputs to check and time: of the data given, else random."""
    if options.data is not None:
        return real_inputs(bundle, options.data, options.samples)
    return random_inputs(bundle.graph, options.samples)


def verdict(report: Report) -> MismatchError | None:
    """The error to raise (exit 3) when generated C gave other outputs than the reference."""
    for run in report.runs:
        if run.engine.startswith("edgekit-c") and run.outputs_equal < run.outputs_checked:
            return MismatchError(
                f"{report.bundle.name}, {run.engine} on {run.device}",
                f"outputs of {run.outputs_checked - run.outputs_equal} of {run.outputs_checked} "
                "inputs differ from the reference",
                allowed="0",
                hint="run `edgekit verify BUNDLE`; if the C is as `edgekit convert` wrote it, this "
                "is a bug in EdgeKit: please report it with the bundle",
            )
    return None


def _other_target(bundle: Bundle, target: Target) -> tuple[Note, ...]:
    wanted = bundle.manifest.target["name"]
    if wanted == target.name:
        return ()
    text = f"converted for {wanted}, run on {target.name}"
    return (Note("other-target", bundle.manifest.name, text, level="info"),)


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
            allowed=f"numbers from 1 to {most} such as 1,2,4",
            code="bad-option",
        )
    return values
