"""Benchmark a bundle: on a board, a virtual board, or this machine; one report."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from edgekit import __version__
from edgekit.artifacts.figures import Figure, Note
from edgekit.artifacts.files import check_writable
from edgekit.artifacts.power import EnergyResult, PowerTrace
from edgekit.artifacts.report import Report
from edgekit.artifacts.run import RunResult
from edgekit.deploy.bench_options import BenchOptions, check_options
from edgekit.deploy.bundles import Bundle, open_bundle
from edgekit.deploy.claims import claimed
from edgekit.deploy.inputs import Inputs, random_inputs, real_inputs
from edgekit.deploy.keeper import Keeper, conditions, now
from edgekit.deploy.programs import check_place
from edgekit.deploy.stations import Station
from edgekit.errors import EdgeKitError, MismatchError, UsageError
from edgekit.runtime.lab.commit import commit_of
from edgekit.runtime.measure.duty import Duty
from edgekit.runtime.report.build import make_report
from edgekit.runtime.report.write import write_report
from edgekit.runtime.runner import environment
from edgekit.targets.model import Target

Progress = Callable[[str, int, int], None]


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
    Log and history are the command's: `edgekit.keep_report` adds a report to the history.
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
    check_options(target, options)
    return _runner(target, options)


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
            hint="say where it is (of several targets in a lab file: docs/lab.md), "
            "or run edgekit bench on the device itself",
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
    advice = f"for kernels chosen for it convert with --target {target.name}"
    return (Note("other-target", bundle.manifest.name, text, advice, level="info"),)
