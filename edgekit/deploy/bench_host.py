"""The benchmark on this machine: the TFLite interpreter, and the generated C compiled here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from edgekit.artifacts.figures import Note
from edgekit.artifacts.run import RunResult
from edgekit.deploy.bench import Measured, Progress, with_sleep
from edgekit.deploy.bench_options import BenchOptions
from edgekit.deploy.bench_runner import measured, with_starts
from edgekit.deploy.build import native_model
from edgekit.deploy.bundles import Bundle, require_engine
from edgekit.deploy.closeness import same
from edgekit.deploy.inputs import Inputs, reference_outputs
from edgekit.deploy.keeper import Keeper
from edgekit.deploy.programs import program_here
from edgekit.errors import EdgeKitError, MissingExtraError, ToolError
from edgekit.runtime.measure.metered import MeteredRun, WindowsRun, measure_energy, timed_windows
from edgekit.runtime.power.meter import Meter
from edgekit.runtime.power.names import make_meter
from edgekit.runtime.runner import environment
from edgekit.runtime.runner.host import cold_starts, run_host
from edgekit.targets.model import Target

WINDOW_S, QUICK_S = 10.0, 1.0
SKIPPED = ("compiler-missing", "posix-only")
"""Codes of what keeps the generated C from running here, beside an interpreter that does."""


def run_here(
    bundle: Bundle,
    target: Target,
    inputs: Inputs,
    options: BenchOptions,
    report: Progress,
    keeper: Keeper,
) -> Measured:
    """The interpreter at each thread count, then the generated C; energy of the first of them.

    An engine that is not installed becomes a note; with none at all its error is raised.
    """
    notes: list[Note] = []
    # Made before anything runs: a name that is wrong is told at once.
    meter = make_meter(options.power, target) if options.power is not None else None
    runs = list(keeper.partial.runs)
    if not runs:
        own = None
        if options.runs("native"):
            own = _generated(bundle, inputs, options, report, notes)
        if options.runs("litert"):
            runs += interpreters(bundle, inputs, options, report, notes, alone=own is None)
        runs += [own] if own is not None else []
        keeper.runs(runs)
    metered = None
    if meter is not None:
        invoke = _headline_engine(bundle, runs[0], inputs)
        metered = _energy(invoke, meter, target, options, report, keeper)
        notes.append(_energy_of(runs[0]))
    return Measured(
        tuple(runs),
        metered.result if metered else None,
        metered.trace if metered else None,
        notes=tuple(notes),
    )


def interpreters(
    bundle: Bundle,
    inputs: Inputs,
    options: BenchOptions,
    report: Progress,
    notes: list[Note],
    *,
    alone: bool,
) -> list[RunResult]:
    """The interpreter at each thread count; a note where none is installed or where it does not
    know the operators, the error when it would be `alone`."""
    runs: list[RunResult] = []
    if bundle.custom:
        notes.append(not_for_litert(bundle))
        return runs
    for index, threads in enumerate(options.threads):
        report("interpreter", index, len(options.threads))
        try:
            run = run_host(
                bundle.model_path,
                threads=threads,
                batches=options.batches,
                inputs=inputs.samples[0],
                quick=options.quick,
                sustained=options.sustained,
            )
            if options.starts:
                report("cold starts", 0, 1)
                first, count = inputs.samples[0], options.starts
                starts = cold_starts(bundle.model_path, first, count=count, threads=threads)
                run = replace(run, cold=starts)
                report("cold starts", 1, 1)
        except MissingExtraError as error:
            if alone:
                raise
            notes.append(_skipped("interpreter", error))
            break
        runs.append(_checked_interpreter(bundle, run, inputs))
    report("interpreter", len(options.threads), len(options.threads))
    return runs


def _checked_interpreter(bundle: Bundle, run: RunResult, inputs: Inputs) -> RunResult:
    """The run with the count of inputs whose outputs equal the reference (floats: nearly)."""
    from edgekit.litert import open_interpreter

    opened = open_interpreter(bundle.model)
    expected = reference_outputs(bundle.graph, inputs.samples)
    equal = 0
    for sample, wanted in zip(inputs.samples, expected, strict=True):
        interpreter = open_interpreter(bundle.model) if bundle.graph.states else opened
        found = interpreter.run(sample)
        equal += same(found, wanted)
    return replace(run, outputs_checked=len(expected), outputs_equal=equal)


def not_for_litert(bundle: Bundle) -> Note:
    """Why an interpreter does not run a bundle of LCE's operators."""
    return Note(
        "engine-skipped",
        "interpreter",
        f"not run: model.tflite holds {', '.join(bundle.custom)} of the Larq Compute Engine, "
        "which LiteRT does not know",
        "convert with --binary-format portable for a model.tflite that any LiteRT runs",
        level="info",
    )


def _generated(
    bundle: Bundle, inputs: Inputs, options: BenchOptions, report: Progress, notes: list[Note]
) -> RunResult | None:
    """The generated C as a program of exactly this machine; a note where there is none or no
    compiler. Raises UnsupportedError or ToolError where nothing else could run the bundle."""
    alone = not options.runs("litert")
    if not bundle.has_c:
        require_engine(bundle, alone=alone)
        return None
    try:
        with program_here(bundle) as opened:
            device = environment.device_name()
            run = measured(bundle, opened, inputs, report, options=options, device=device)
            return with_starts(opened, run, inputs, options, report)
    except ToolError as error:
        if error.code not in SKIPPED or bundle.custom or alone:
            raise
        notes.append(_skipped("generated C", error))
        return None


def _headline_engine(bundle: Bundle, run: RunResult, inputs: Inputs) -> Callable[[], object]:
    """One inference of the engine the report's first run is of, inputs in place."""
    if run.engine.startswith("edgekit-c"):
        native = native_model(bundle, native=True)
        native.set_inputs(inputs.samples[0])
        return native.invoke
    from edgekit.litert import open_interpreter

    interpreter = open_interpreter(bundle.model, threads=run.threads)
    interpreter.set_inputs(inputs.samples[0])
    return interpreter.invoke


def _energy_of(run: RunResult) -> Note:
    text = f"measured while {run.engine} ran with {run.threads} thread(s)"
    return Note("energy-engine", "energy", text, level="info")


def _energy(
    invoke: Callable[[], object],
    named: Meter,
    target: Target,
    options: BenchOptions,
    report: Progress,
    keeper: Keeper,
) -> MeteredRun:
    """Windows of one engine's loop, shown to a virtual meter as edges, else by marks."""
    seconds = QUICK_S if options.quick else WINDOW_S
    left, ran = options.windows - len(keeper.partial.inferences), WindowsRun()
    report("energy windows", 0, 1)
    with named as meter:
        windows = partial(timed_windows, meter, invoke, windows=left, window_s=seconds, ran=ran)
        metered = measure_energy(
            meter,
            windows,
            ran=ran,
            before=keeper.before,
            rescue=keeper.rescue,
            min_window_s=seconds,
            duty=with_sleep(options.duty, target),
        )
    report("energy windows", 1, 1)
    return metered


def _skipped(engine: str, error: EdgeKitError) -> Note:
    return Note("engine-skipped", engine, f"not run: {error.subject}: {error.found}", error.hint)
