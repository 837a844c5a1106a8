"""The benchmark on this machine: the TFLite interpreter, and the generated C compiled here."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from edgekit.artifacts.figures import Note
from edgekit.artifacts.run import RunResult
from edgekit.deploy.bench import BenchOptions, Measured, Progress
from edgekit.deploy.build import native_model
from edgekit.deploy.bundles import Bundle
from edgekit.deploy.inputs import Inputs, reference_outputs
from edgekit.errors import EdgeKitError, MissingExtraError, ToolError
from edgekit.runtime.engine.native import NativeModel
from edgekit.runtime.measure.metered import MeteredRun, edge_listener, measure_energy
from edgekit.runtime.measure.windows import WINDOW_END, WINDOW_START
from edgekit.runtime.power.meter import Meter, make_meter
from edgekit.runtime.runner.host import run_host
from edgekit.targets.model import Target

WINDOW_S, QUICK_S, PAUSE_S = 10.0, 1.0, 0.3


def run_here(
    bundle: Bundle, target: Target, inputs: Inputs, options: BenchOptions, report: Progress
) -> Measured:
    """The interpreter at each thread count, then the generated C; energy of the first of them.

    An engine that is not installed becomes a note; with none at all its error is raised.
    """
    runs: list[RunResult] = []
    notes: list[Note] = []
    failed: EdgeKitError | None = None
    sample = inputs.samples[0]
    for index, threads in enumerate(options.threads):
        report("interpreter", index, len(options.threads))
        try:
            run = run_host(
                bundle.model_path,
                threads=threads,
                batches=options.batches,
                inputs=sample,
                quick=options.quick,
            )
        except MissingExtraError as error:
            failed = error
            notes.append(_skipped("interpreter", error))
            break
        runs.append(_checked_interpreter(bundle, run, inputs))
    report("interpreter", len(options.threads), len(options.threads))
    native = _native(bundle, notes)
    if native is not None:
        report("generated C", 0, 1)
        runs.append(_run_native(bundle, native, inputs, options.quick))
        report("generated C", 1, 1)
    if not runs and failed is not None:
        raise failed
    metered = None
    if options.power is not None:
        invoke = _headline_engine(bundle, runs[0], native, inputs)
        metered = _energy(invoke, target, options, report)
        notes.append(_energy_of(runs[0]))
    return Measured(
        tuple(runs),
        metered.result if metered else None,
        metered.trace if metered else None,
        notes=tuple(notes),
    )


def _checked_interpreter(bundle: Bundle, run: RunResult, inputs: Inputs) -> RunResult:
    """The run with the count of inputs whose outputs equal the reference byte for byte."""
    from edgekit.litert import open_interpreter

    interpreter = open_interpreter(bundle.model)
    expected = reference_outputs(bundle.graph, inputs.samples)
    equal = 0
    for sample, wanted in zip(inputs.samples, expected, strict=True):
        found = interpreter.run(sample)
        equal += all((a == b).all() for a, b in zip(found, wanted, strict=True))
    return replace(run, outputs_checked=len(expected), outputs_equal=equal)


def _native(bundle: Bundle, notes: list[Note]) -> NativeModel | None:
    """The generated C for this machine; a note where there is none or no compiler."""
    if not bundle.has_c:
        return None
    try:
        return native_model(bundle, native=True)
    except ToolError as error:
        notes.append(_skipped("generated C", error))
        return None


def _run_native(bundle: Bundle, model: NativeModel, inputs: Inputs, quick: bool) -> RunResult:
    expected = reference_outputs(bundle.graph, inputs.samples)
    shapes = [tensor.shape for tensor in bundle.manifest.outputs]
    equal = 0
    for sample, wanted in zip(inputs.samples, expected, strict=True):
        found = model.run(sample, shapes=shapes)
        equal += all((a == b).all() for a, b in zip(found, wanted, strict=True))
    run = model.measure(inputs.samples[0], quick=quick)
    return replace(run, outputs_checked=len(expected), outputs_equal=equal)


def _headline_engine(
    bundle: Bundle, run: RunResult, native: NativeModel | None, inputs: Inputs
) -> Callable[[], object]:
    """One inference of the engine the report's first run is of, inputs in place."""
    if native is not None and run.engine == native.description:
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
    invoke: Callable[[], object], target: Target, options: BenchOptions, report: Progress
) -> MeteredRun:
    """Windows of one engine's loop, shown to a virtual meter as edges, else by marks."""
    seconds = QUICK_S if options.quick else WINDOW_S
    with make_meter(options.power or "", target) as meter:
        edge = _edges(meter, target)

        def run_windows() -> list[int]:
            found = []
            for index in range(options.windows):
                report("energy windows", index, options.windows)
                found.append(_window(invoke, edge, seconds))
                time.sleep(PAUSE_S)
            report("energy windows", options.windows, options.windows)
            return found

        return measure_energy(meter, run_windows, min_window_s=seconds)


def _window(invoke: Callable[[], object], edge: Callable[[bool], None], seconds: float) -> int:
    """Inferences in one window of at least `seconds`."""
    edge(False)
    end, count = time.perf_counter() + seconds, 0
    while count == 0 or time.perf_counter() < end:
        invoke()
        count += 1
    edge(True)
    return count


def _edges(meter: Meter, target: Target) -> Callable[[bool], None]:
    """A window's start and end: to a virtual meter as its trigger, to a real one as marks."""
    listener = edge_listener(meter, target)
    if listener is not None:
        return lambda level: listener(level, time.perf_counter())
    return lambda level: meter.mark(WINDOW_END if level else WINDOW_START)


def _skipped(engine: str, error: EdgeKitError) -> Note:
    return Note("engine-skipped", engine, f"not run: {error.subject}: {error.found}", error.hint)
