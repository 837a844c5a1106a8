"""The benchmark of a bundle's program: on a Pi, on a phone, in an emulator, or on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace

from edgekit.artifacts.figures import Figure
from edgekit.artifacts.files import scratch_folder
from edgekit.artifacts.partial import BoardParts
from edgekit.artifacts.run import RunResult
from edgekit.deploy.bench import Measured, Progress
from edgekit.deploy.bench_board import board_energy
from edgekit.deploy.bench_options import BenchOptions
from edgekit.deploy.boards import joined, split_outputs
from edgekit.deploy.bundles import Bundle
from edgekit.deploy.closeness import same
from edgekit.deploy.inputs import Inputs, raw_bytes, reference_outputs
from edgekit.deploy.keeper import Keeper
from edgekit.deploy.programs import OpenProgram, launcher_for, program
from edgekit.errors import UsageError
from edgekit.runtime.devices.bench import BenchPlan
from edgekit.runtime.devices.bench_program import PROFILES, bench_program
from edgekit.runtime.devices.benchmark_model import run_tool, tool_figures
from edgekit.runtime.devices.cores import pinned
from edgekit.runtime.devices.counted import MOST_MACS, count_instructions
from edgekit.runtime.devices.launch import Here, Launcher
from edgekit.runtime.devices.phone import state_notes
from edgekit.runtime.devices.remote import Remote
from edgekit.runtime.measure.timing import NORMAL, QUICK
from edgekit.runtime.power.names import make_meter, parse_meter
from edgekit.runtime.runner import throttling
from edgekit.targets.model import Target


def run_runner(
    bundle: Bundle,
    target: Target,
    inputs: Inputs,
    options: BenchOptions,
    report: Progress,
    keeper: Keeper,
) -> Measured:
    """Check outputs, time every inference, profile; then energy windows when a meter was named."""
    with ExitStack() as stack:
        launcher = launcher_for(target, options.place)
        if options.cores and isinstance(launcher, Remote):
            launcher = pinned(launcher, options.cores)
        power = options.power and gauge_of(options.power, launcher)
        meter = make_meter(power, target) if power else None
        if meter is not None:
            stack.enter_context(meter)
        report("building and starting", 0, 1)
        opened = stack.enter_context(program(bundle, target, launcher))
        report("building and starting", 1, 1)
        runs = list(keeper.partial.runs)
        if not runs:
            run = measured(bundle, opened, inputs, report, options=options, keeper=keeper)
            run = with_starts(opened, run, inputs, options, report)
            runs = [_counted(bundle, opened, run, inputs, report)]
            keeper.runs(runs)
        figures = _tool(bundle, launcher, options, report)
        if meter is None:
            return Measured(tuple(runs), figures=figures)
        metered = board_energy(opened, meter, runs[0], options, report, keeper)
    return Measured(tuple(runs), metered.result, metered.trace, figures=figures)


def with_starts(
    opened: OpenProgram, run: RunResult, inputs: Inputs, options: BenchOptions, report: Progress
) -> RunResult:
    """The run with cold starts of its program, where it has time of its own."""
    if not options.starts or opened.launcher.simulated:
        return run
    report("cold starts", 0, 1)
    with scratch_folder("edgekit-") as folder:
        file = folder / "sample.bin"
        file.write_bytes(raw_bytes(inputs.samples[0]))
        starts = opened.launcher.starts(opened.image.elf, file, options.starts)
    report("cold starts", 1, 1)
    return replace(run, cold=starts)


def _tool(
    bundle: Bundle, launcher: Launcher, options: BenchOptions, report: Progress
) -> dict[str, Figure]:
    """The figures of LiteRT's benchmark_model on the same device, where it was given."""
    tool = options.benchmark_model
    if tool is None or not isinstance(launcher, Remote):
        return {}
    report("benchmark_model", 0, 1)
    times = run_tool(launcher, tool, bundle.model_path, QUICK if options.quick else NORMAL)
    report("benchmark_model", 1, 1)
    return tool_figures(tool, times)


def gauge_of(power: str, launcher: Launcher) -> str:
    """A meter's name, where it is a phone's own gauge that of the phone that runs the program.

    Raises UsageError where it names another phone.
    """
    spec = parse_meter(power)
    serial = launcher.serial if isinstance(launcher, Remote) else ""
    if spec.scheme != "android" or not serial or spec.place == serial:
        return power
    if spec.place:
        raise UsageError(
            f"--power {spec}",
            f"the gauge of another phone than the one that runs the program, {serial}",
            allowed=f"android:{serial}, or a meter beside the phone",
            hint="leave the serial number out: --power android:",
            code="other-phone",
        )
    return str(replace(spec, place=serial))


def _counted(
    bundle: Bundle, opened: OpenProgram, run: RunResult, inputs: Inputs, report: Progress
) -> RunResult:
    """The run with the instructions of an inference, where an emulator of 64-bit Arm can tell."""
    launcher, macs = opened.launcher, bundle.manifest.macs
    if not isinstance(launcher, Here) or not launcher.simulated:
        return run
    if opened.target.cpu.arch != "aarch64" or macs > MOST_MACS:
        return run
    report("counting instructions", 0, 1)
    name, data = bundle.manifest.name, raw_bytes(inputs.samples[0])
    count = count_instructions(opened.image.elf, launcher.prefix, name, data)
    report("counting instructions", 1, 1)
    if count is None:
        return run
    return replace(run, count_per_inference=count, counter_unit="instructions")


def measured(
    bundle: Bundle,
    opened: OpenProgram,
    inputs: Inputs,
    report: Progress,
    *,
    options: BenchOptions,
    device: str = "",
    keeper: Keeper | None = None,
) -> RunResult:
    """What an open runner yields; `device` is its name in the report where it does not tell it."""
    launcher, image = opened.launcher, opened.image
    expected = reference_outputs(bundle.graph, inputs.samples)
    told, before = launcher.identity(), launcher.state()
    if "phone" in told:
        device = f"{launcher.name}: {told['phone']}"
    plan = BenchPlan(
        inputs=[raw_bytes(sample) for sample in inputs.samples],
        expected=[joined(outputs) for outputs in expected],
        same=lambda a, b: same(split_outputs(bundle, a), split_outputs(bundle, b)),
        build_id=image.build_id,
        who="runner",
        profiles=PROFILES,
        load_name="frames on the runner's standard input",
        device=launcher.name if launcher.simulated else device,
        environment={"toolchain": image.toolchain, "optimization": image.optimization, **told},
        done=keeper.partial.board if keeper is not None else BoardParts(),
        keep=keeper.board if keeper is not None else None,
    )
    run = bench_program(
        opened.dut,
        bundle.manifest,
        opened.target,
        plan,
        engine=opened.engine(bundle),
        effort=QUICK if options.quick else NORMAL,
        simulated=launcher.simulated,
        sustained=options.sustained,
        watching=launcher.watching,
        progress=report,
    )
    return _between(run, launcher.name, before, launcher.state())


def _between(
    run: RunResult, name: str, before: Mapping[str, str], after: Mapping[str, str]
) -> RunResult:
    """A run with the states of the device around it, and what they mean for it."""
    notes = (*state_notes(name, before, after), *throttling.notes(name, before, after))
    return replace(
        run,
        environment={**run.environment, **throttling.around(before, after)},
        warnings=(*run.warnings, *notes),
    )
