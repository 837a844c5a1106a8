"""Benchmarking a runner: the steps of a board's benchmark, with every inference timed alone.

    identify -> outputs of every input -> warm up, samples -> per-step profile -> memory

Under an emulator there is no time to measure: outputs, memory and the state of the guard words are
what is left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from statistics import median

from edgekit.artifacts.bundle import Manifest
from edgekit.artifacts.figures import Note, Provenance
from edgekit.artifacts.run import Batch, RunResult, SustainedWindow
from edgekit.runtime.devices.bench import Bench, BenchPlan, Progress
from edgekit.runtime.devices.counting import Counter
from edgekit.runtime.devices.launch import State
from edgekit.runtime.link.dut import Dut
from edgekit.runtime.measure import stats
from edgekit.runtime.measure import sustained as long_run
from edgekit.runtime.measure.timing import Effort, sample_count
from edgekit.runtime.runner import environment
from edgekit.targets.model import Target

PROFILES = 15
"""Inferences whose steps are timed; of each step the median counts."""
REQUEST_S = 1.0
"""About how long one request for samples runs, so that a lost device is noticed."""
Watching = Callable[[], AbstractContextManager[State]]


@contextmanager
def unwatched() -> Iterator[State]:
    """Of a device that tells nothing but what its runner does."""
    yield dict


def bench_program(
    dut: Dut,
    manifest: Manifest,
    target: Target,
    plan: BenchPlan,
    *,
    engine: str,
    effort: Effort,
    simulated: bool = False,
    sustained: float = 0.0,
    watching: Watching = unwatched,
    progress: Progress | None = None,
) -> RunResult:
    """Run a plan on an open runner; `engine` is its name in the report.

    `latency_s` holds one sample an inference, the empty window taken away; `sustained` seconds of a
    run without pauses follow, 0 for none, in which `watching` gives what tells of the device what
    the runner does not. Raises ProtocolError
    when the runner is of another model or build, or stops answering. Wrong outputs are counted,
    not raised.
    """
    bench = Bench(dut, manifest, target, plan, progress)
    facts = bench.identify()
    counter = Counter.of(target, facts)
    checked, equal, notes = bench.outputs()
    warmed, samples = (0, ()) if simulated else _samples(bench, plan, counter, effort)
    long: tuple[SustainedWindow, ...] = ()
    if sustained and samples:
        with watching() as more:
            long = _sustained(bench, counter, samples, sustained, more)
    steps = () if simulated else bench.steps(counter)
    machine = _state(bench.board.machine())
    return RunResult(
        device=plan.device or device_name(dut.name, machine),
        engine=engine,
        provenance=Provenance.SIMULATED if simulated else Provenance.MEASURED,
        latency_s=samples,
        counter_unit="s",
        steps=steps,
        batches=(Batch(_batch(manifest), samples),) if samples else (),
        warmup=warmed,
        memory=_memory(bench.memory(), machine, simulated),
        outputs_checked=checked,
        outputs_equal=equal,
        environment=_environment(facts, {} if simulated else machine, plan),
        warnings=notes
        + (_emulated(dut.name) if simulated else _notes(dut.name, machine, samples))
        + long_run.notes(long, engine),
        sustained=long,
    )


def device_name(name: str, machine: Mapping[str, str]) -> str:
    """A device in one line: "pi@raspberrypi: aarch64 Raspberry Pi 4 Model B Rev 1.4"."""
    kind = machine.get("board") or machine.get("cpu", "")
    return f"{name}: {' '.join(filter(None, (machine.get('machine', ''), kind)))}"


def _samples(
    bench: Bench, plan: BenchPlan, counter: Counter, effort: Effort
) -> tuple[int, tuple[float, ...]]:
    """Inferences to warm up, and seconds of each after them."""
    board, patience = bench.board, bench.patience
    bench.load(plan.inputs[0])
    bench.tell("timing", 0, 1)
    first = board.run(timeout=patience).net / counter.hz
    warmed = sample_count(Effort(0, effort.warmup_s, 1, effort.most), first)
    ticks = board.run(1, warmed, timeout=patience + 3 * effort.warmup_s).net
    one = min(first, ticks / counter.hz)
    total = sample_count(effort, one)
    most = min(int(board.machine()["samples"]), max(1, int(REQUEST_S / max(one, 1e-9))))
    found: list[float] = []
    while len(found) < total:
        bench.tell("timing", len(found), total)
        some = board.sample(min(most, total - len(found)), timeout=patience + 10 * REQUEST_S)
        found += [ticks / counter.hz for ticks in some.net]
    bench.tell("timing", total, total)
    return warmed + 1, tuple(found)


def _sustained(
    bench: Bench, counter: Counter, samples: tuple[float, ...], seconds: float, more: State
) -> tuple[SustainedWindow, ...]:
    """Blocks of inferences as long as the runner keeps times for, one request after another.
    Of each window's end there is what the runner tells, and `more`."""
    board, patience = bench.board, bench.patience
    wanted = long_run.BLOCK_S / max(median(samples), 1e-9)
    count = min(int(board.machine()["samples"]), max(1, int(wanted)))

    def take() -> list[float]:
        some = board.sample(count, timeout=patience + 10 * REQUEST_S)
        return [max(ticks, 1) / counter.hz for ticks in some.net]

    def told(done: int) -> None:
        bench.tell("sustained run", done, long_run.WINDOWS)

    def state() -> dict[str, str]:
        return board.machine() | more()

    return long_run.run_sustained(take, state, seconds, told=told)


def _batch(manifest: Manifest) -> int:
    shape = manifest.inputs[0].shape
    return shape[0] if shape else 1


def _memory(
    found: Mapping[str, int], machine: Mapping[str, str], simulated: bool
) -> dict[str, int]:
    """Bytes, with the peak of the process where that is the program alone; its stack is the
    system's."""
    peak = 0 if simulated else int(machine.get("peak_rss", "0"))
    own = {key: value for key, value in found.items() if not key.startswith("stack")}
    return own | ({"peak_rss": peak} if peak else {})


def _state(machine: Mapping[str, str]) -> dict[str, str]:
    """The load average alone, of what stands beside it."""
    load = machine.get("load_average", "").partition(" ")[0]
    return {**machine, **({"load_average": load} if load else {})}


def _environment(
    facts: Mapping[str, str], machine: Mapping[str, str], plan: BenchPlan
) -> dict[str, str]:
    own = {key: facts[key] for key in ("build", "model", "hash", "isa") if key in facts}
    told = {key: value for key, value in machine.items() if key not in ("samples", "peak_rss")}
    return {**own, **told, "input": plan.load_name, **plan.environment}


def _notes(name: str, machine: dict[str, str], samples: tuple[float, ...]) -> tuple[Note, ...]:
    slow = stats.notes(samples, subject="latency, generated C")
    return (*environment.notes(machine, 1, name), *slow)


def _emulated(name: str) -> tuple[Note, ...]:
    text = "the program ran in an emulator: its outputs count, times would mean nothing"
    return (Note("emulated", name, text, level="info"),)
