"""The benchmark on a board over its serial line, with or without a power meter."""

from __future__ import annotations

import math
import time
from contextlib import ExitStack

from edgekit.artifacts.run import RunResult
from edgekit.deploy.bench import Measured, Progress, with_sleep
from edgekit.deploy.bench_options import BenchOptions
from edgekit.deploy.boards import OnEdge, OpenBoard, board, joined, split_outputs
from edgekit.deploy.build import image_sizes
from edgekit.deploy.bundles import Bundle
from edgekit.deploy.closeness import same
from edgekit.deploy.inputs import Inputs, raw_bytes, reference_outputs
from edgekit.deploy.keeper import Keeper
from edgekit.deploy.programs import OpenProgram
from edgekit.runtime.devices.bench import (
    MIN_INFERENCES,
    QUICK_WINDOW_S,
    WINDOW_S,
    BenchPlan,
    bench_device,
)
from edgekit.runtime.measure.metered import MeteredRun, WindowsRun, edge_listener, measure_energy
from edgekit.runtime.measure.windows import WINDOW_END, WINDOW_START
from edgekit.runtime.power.meter import Meter
from edgekit.runtime.power.names import make_meter
from edgekit.targets.model import Target


def run_board(
    bundle: Bundle,
    target: Target,
    inputs: Inputs,
    options: BenchOptions,
    report: Progress,
    keeper: Keeper | None = None,
) -> Measured:
    """Check outputs, count, profile; then energy windows when a meter was named.

    The meter opens first: a real board may get its power from it. Without a keeper nothing is kept.
    """
    keeper = keeper or Keeper.begin(None, {})
    with ExitStack() as stack:
        meter = make_meter(options.power, target) if options.power else None
        if meter is not None:
            stack.enter_context(meter)
        report("building and booting", 0, 1)
        opened = stack.enter_context(board(bundle, target, port=options.port))
        report("building and booting", 1, 1)
        run = bench_device(
            opened.dut,
            bundle.manifest,
            target,
            _plan(bundle, inputs, options, opened, keeper),
            progress=report,
        )
        sizes = image_sizes(opened.image) if opened.image else None
        if meter is None:
            return Measured((run,), sizes=sizes)
        metered = board_energy(opened, meter, run, options, report, keeper)
    return Measured((run,), metered.result, metered.trace, sizes)


def _plan(
    bundle: Bundle, inputs: Inputs, options: BenchOptions, opened: OpenBoard, keeper: Keeper
) -> BenchPlan:
    expected = reference_outputs(bundle.graph, inputs.samples)
    return BenchPlan(
        inputs=[raw_bytes(sample) for sample in inputs.samples],
        expected=[joined(outputs) for outputs in expected],
        same=lambda a, b: same(split_outputs(bundle, a), split_outputs(bundle, b)),
        build_id=opened.image.build_id if opened.image else "",
        quick=options.quick,
        load_input=opened.load_input,
        load_name=opened.load_name,
        device=opened.description,
        environment=_toolchain(opened),
        done=keeper.partial.board,
        keep=keeper.board,
    )


def _toolchain(opened: OpenBoard) -> dict[str, str]:
    if opened.image is None:
        return {}
    return {"toolchain": opened.image.toolchain, "optimization": opened.image.optimization}


def board_energy(
    opened: OpenBoard | OpenProgram,
    meter: Meter,
    run: RunResult,
    options: BenchOptions,
    report: Progress,
    keeper: Keeper,
) -> MeteredRun:
    """`options.windows` windows under the meter, each long enough for it."""
    window_s = QUICK_WINDOW_S if options.quick else WINDOW_S
    inferences = window_inferences(opened.target, run, quick=options.quick)
    extension = opened.dut.extension()
    counter_hz = int(extension.info()["counter_hz"])
    scale = opened.target.nominal_time_scale or 1.0
    feed = edge_listener(meter, opened.target)
    first, ran = len(keeper.partial.inferences), WindowsRun()
    program = isinstance(opened, OpenProgram)

    def listen(listener: OnEdge | None) -> None:
        if isinstance(opened, OpenBoard):
            opened.listen(listener)

    def edge(falls: bool) -> None:
        """Evidence for a meter that has no wire to the board; a board's own edges go before."""
        if feed is None:
            meter.mark(WINDOW_START if falls else WINDOW_END)
        elif program:
            feed(not falls, time.perf_counter())

    def run_windows() -> list[int]:
        listen(feed.from_board if feed else None)
        for index in range(first, options.windows):
            report("energy windows", index, options.windows)
            edge(True)
            ticks = extension.run(inferences, timeout=_patience(opened, window_s)).ticks
            edge(False)
            ran.add(meter, inferences, ticks / counter_hz * scale)
        report("energy windows", options.windows, options.windows)
        if feed is not None:
            feed.await_windows(options.windows - first)
        listen(None)
        return ran.inferences

    return measure_energy(
        meter,
        run_windows,
        ran=ran,
        before=keeper.before,
        rescue=keeper.rescue,
        min_window_s=window_s,
        duty=with_sleep(options.duty, opened.target),
    )


def _patience(opened: OpenBoard | OpenProgram, window_s: float) -> float:
    """How long a window may take: a real board's own time, an emulator's is anybody's guess."""
    return 60.0 + 30.0 * window_s if _is_virtual(opened) else 15.0 + 2.0 * window_s


def _is_virtual(opened: OpenBoard | OpenProgram) -> bool:
    return isinstance(opened, OpenBoard) and opened.virtual is not None


def window_inferences(target: Target, run: RunResult, *, quick: bool) -> int:
    """How many inferences fill a window of 10 s (1 s when quick) of the board's own time.

    For a virtual board that is the nominal time of the board it is modelled on.
    """
    seconds = QUICK_WINDOW_S if quick else WINDOW_S
    if run.latency_s:
        one = min(run.latency_s)
    else:
        one = (run.count_per_inference or 1.0) * (target.seconds_per_instruction or 1e-8)
    return max(1 if quick else MIN_INFERENCES, math.ceil(1.05 * seconds / max(one, 1e-9)))
