"""Benchmarking one board, real or virtual, over the device protocol.

    identify -> outputs of every input -> timed windows -> per-step profile -> memory

A virtual board counts instructions exactly, so one inference per window is enough, repeated
once to show it. A real board needs windows of 10 s (MLPerf Tiny's rule), of which the median
of five counts; the number of inferences that fill one is measured first.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any, Protocol

from edgekit.artifacts.bundle import Manifest
from edgekit.artifacts.figures import Note, Provenance
from edgekit.artifacts.partial import BoardParts
from edgekit.artifacts.run import RunResult, StepCost, Window
from edgekit.errors import ProtocolError
from edgekit.runtime.devices.counting import Counter
from edgekit.runtime.link.dut import Dut
from edgekit.runtime.link.extension import Extension, StepTicks
from edgekit.targets.model import Target

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many are done, how many there are."""
LoadInput = Callable[[Extension, bytes], None]
"""Puts all input tensors into the board's buffer: over the line, or by a side door."""

WINDOW_S = 10.0
QUICK_WINDOW_S = 1.0
MIN_INFERENCES = 10
REAL_WINDOWS = 5
VIRTUAL_WINDOWS = 2


@dataclass(frozen=True, slots=True)
class BenchPlan:
    """What to run. `inputs` are all input tensors' bytes one after another, one per sample;
    `expected` the output tensors' bytes likewise, or empty for no comparison."""

    inputs: Sequence[bytes]
    expected: Sequence[bytes] = ()
    same: Callable[[bytes, bytes], bool] = operator.eq
    """Whether found outputs count as the expected ones."""
    build_id: str = ""
    who: str = "board"
    """What answers, a key of AGAIN."""
    quick: bool = False
    profile: bool = True
    profiles: int = 1
    """How often a profile is taken; of each step the median counts."""
    window_s: float | None = None
    """Length of a real board's window; None: 10 s, or 1 s when quick."""
    load_input: LoadInput | None = None
    """None: frames over the line."""
    load_name: str = "frames over the serial line"
    device: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    done: BoardParts = field(default_factory=BoardParts)
    """What an earlier run of this plan had when it broke off; it is not measured again."""
    keep: Callable[[BoardParts], None] | None = None
    """Called with all there is after every part."""


def bench_device(
    dut: Dut,
    manifest: Manifest,
    target: Target,
    plan: BenchPlan,
    *,
    progress: Progress | None = None,
) -> RunResult:
    """Run a plan on an open device.

    Raises ProtocolError when the board runs another model or build, or stops answering. Wrong
    outputs are counted, not raised: the caller decides.
    """
    bench = Bench(dut, manifest, target, plan, progress)
    facts = bench.identify()
    counter = Counter.of(target, facts)
    checked, equal, notes = bench.outputs()
    windows = bench.windows(counter)
    steps = bench.steps(counter)
    counts = [window.count / window.inferences for window in windows]
    real = target.emulator is None
    return RunResult(
        device=plan.device or facts.get("board", target.name),
        engine=kernel_sets(manifest),
        provenance=Provenance.MEASURED if real else Provenance.SIMULATED,
        latency_s=tuple(w.seconds / w.inferences for w in windows) if real else (),
        windows=windows,
        counter_unit=counter.unit,
        count_per_inference=median(counts),
        count_resolution=counter.resolution / windows[0].inferences,
        startup_count=_startup(facts, counter),
        steps=steps,
        memory=bench.memory(),
        outputs_checked=checked,
        outputs_equal=equal,
        environment=_environment(facts, counter, plan),
        warnings=notes + _window_notes(windows, plan, real),
    )


AGAIN = {
    "board": "flash this bundle again: edgekit flash BUNDLE --port PORT",
    "runner": "build it again from this bundle: edgekit build BUNDLE",
}
"""What answers -> how to get the right one there."""


def check_identity(
    dut: Named, facts: Mapping[str, str], model_hash: str, build_id: str, *, who: str = "board"
) -> None:
    """Raise ProtocolError unless the board (or runner) runs this model and, when given, this
    build."""
    wanted = (
        ("model", facts.get("hash", ""), model_hash, "wrong-model"),
        ("build", facts.get("build", ""), build_id, "wrong-build"),
    )
    for what, found, expected, code in wanted:
        if expected and found != expected:
            named = f" ({facts.get('model', 'unknown')})" if what == "model" else ""
            raise ProtocolError(
                dut.name,
                f"the {who} runs {what} {found or 'unknown'}{named}",
                allowed=expected,
                hint=AGAIN[who],
                code=code,
            )


class Named(Protocol):
    """A board with the name of its port."""

    @property
    def name(self) -> str: ...


class Bench:
    """The steps of one benchmark; they share the open board.

    `patience` is the longest that one inference may take, in seconds.
    """

    def __init__(
        self,
        dut: Dut,
        manifest: Manifest,
        target: Target,
        plan: BenchPlan,
        progress: Progress | None,
    ) -> None:
        if not plan.inputs:
            raise ValueError("a benchmark needs at least one input")
        self._dut, self._manifest, self._target, self._plan = dut, manifest, target, plan
        self._parts = plan.done
        self.tell: Progress = progress or (lambda what, done, total: None)
        self.board = dut.extension()
        self._output_bytes = sum(tensor.bytes for tensor in manifest.outputs)
        # generous: 20,000 multiplications a second is slower than any board we know
        self.patience = 30.0 + manifest.macs / 20e3 / (1 if target.emulator is None else 10)

    def identify(self) -> dict[str, str]:
        facts = self.board.info()
        wanted = self._manifest.model_sha256[:16], self._plan.build_id
        check_identity(self._dut, facts, *wanted, who=self._plan.who)
        return facts

    def load(self, data: bytes) -> None:
        if self._plan.load_input is None:
            self.board.write_input(data)
        else:
            self._plan.load_input(self.board, data)

    def outputs(self) -> tuple[int, int, tuple[Note, ...]]:
        """(compared, equal, a note about the first that differs)."""
        expected = self._plan.expected
        for index in range(self._parts.checked, len(expected)):
            self.tell("checking outputs", index, len(expected))
            self.load(self._plan.inputs[index])
            self.board.run(timeout=self.patience)
            found = self.board.read_output(self._output_bytes)
            alike = self._plan.same(found, expected[index])
            notes = self._parts.notes
            if not alike and not notes:
                notes = (_mismatch(index, found, expected[index]),)
            self._keep(checked=index + 1, equal=self._parts.equal + alike, notes=notes)
        self.tell("checking outputs", len(expected), len(expected))
        return self._parts.checked, self._parts.equal, self._parts.notes

    def windows(self, counter: Counter) -> tuple[Window, ...]:
        self.load(self._plan.inputs[0])
        real = self._target.emulator is None
        total = REAL_WINDOWS if real else VIRTUAL_WINDOWS
        inferences = self._inferences(counter) if real else 1
        timeout = self.patience + 3 * self._window_s() if real else self.patience
        for done in range(len(self._parts.windows), total):
            self.tell("timing", done, total)
            ticks = self.board.run(inferences, timeout=timeout).net
            window = Window(inferences, ticks / counter.hz, counter.count(ticks))
            self._keep(windows=(*self._parts.windows, window))
        self.tell("timing", total, total)
        return self._parts.windows

    def steps(self, counter: Counter) -> tuple[StepCost, ...]:
        if not self._plan.profile:
            return ()
        if self._parts.steps is not None:
            return self._parts.steps
        total = self._plan.profiles
        profiles = []
        for done in range(total):
            self.tell("profiling", done, total)
            profiles.append(self._profile())
        self.tell("profiling", total, total)
        steps = tuple(
            StepCost(
                index,
                rows[0].name,
                rows[0].operator,
                rows[0].macs,
                median(counter.count(row.ticks) for row in rows),
            )
            for index, rows in enumerate(zip(*profiles, strict=True))
        )
        self._keep(steps=steps)
        return steps

    def _profile(self) -> tuple[StepTicks, ...]:
        """Empty where the board has no hooks."""
        try:
            return self.board.profile(timeout=self.patience)
        except ProtocolError as error:
            if error.code != "device-no-profile":
                raise
            return ()

    def memory(self) -> dict[str, int]:
        if self._parts.memory is not None:
            return self._parts.memory
        self.tell("memory", 0, 1)
        found = self.board.memory(timeout=self.patience)
        self.board.check_guard(found.get("guard", 0))
        self.tell("memory", 1, 1)
        blocks = {
            key.replace("arena_used.", "arena_high_water."): value
            for key, value in found.items()
            if key.startswith(("arena.", "arena_used."))
        }
        memory = {
            **blocks,
            "arena": found.get("arena", 0),
            "arena_high_water": found.get("arena_used", 0),
            "input_buffer": found.get("input_buffer", 0),
            "stack": found.get("stack", 0),
            "stack_high_water": found.get("stack_used", 0),
        }
        self._keep(memory=memory)
        return memory

    def _keep(self, **parts: Any) -> None:
        self._parts = replace(self._parts, **parts)
        if self._plan.keep is not None:
            self._plan.keep(self._parts)

    def _inferences(self, counter: Counter) -> int:
        """How many fill a window, with a tenth to spare; as many as those kept held."""
        if self._parts.windows:
            return self._parts.windows[0].inferences
        one = self.board.run(timeout=self.patience).net / counter.hz
        return max(MIN_INFERENCES, math.ceil(1.1 * self._window_s() / max(one, 1e-6)))

    def _window_s(self) -> float:
        if self._plan.window_s is not None:
            return self._plan.window_s
        return QUICK_WINDOW_S if self._plan.quick else WINDOW_S


def _startup(facts: Mapping[str, str], counter: Counter) -> float | None:
    """Counts before the first inference; None of firmware that does not say."""
    if "startup" not in facts:
        return None
    return counter.count(max(0, int(facts["startup"]) - int(facts.get("empty", 0))))


def _mismatch(index: int, found: bytes, wanted: bytes) -> Note:
    at = next((i for i, (a, b) in enumerate(zip(found, wanted, strict=False)) if a != b), 0)
    differing = sum(a != b for a, b in zip(found, wanted, strict=False))
    return Note(
        "outputs-differ",
        f"input {index}",
        f"{differing} of {len(wanted)} output bytes differ, the first at {at}: "
        f"{found[at : at + 1].hex()} instead of {wanted[at : at + 1].hex()}",
        "run `edgekit verify BUNDLE` for the first layer that differs",
    )


def _window_notes(windows: Sequence[Window], plan: BenchPlan, real: bool) -> tuple[Note, ...]:
    shortest = min(window.seconds for window in windows)
    if not real or shortest >= WINDOW_S:
        return ()
    return (
        Note(
            "short-windows",
            "timing",
            f"windows of {shortest:.3g} s; MLPerf Tiny asks for {WINDOW_S:g} s",
            "leave out --quick for a figure to publish",
            level="info" if plan.quick else "warning",
        ),
    )


def kernel_sets(manifest: Manifest) -> str:
    """The kernel sets in use, from the kernels' names: what follows the two underscores."""
    sets = {step.kernel.rpartition("__")[2] for step in manifest.steps if "__" in step.kernel}
    return " ".join(["edgekit-c", *sorted(sets)])


def _environment(facts: Mapping[str, str], counter: Counter, plan: BenchPlan) -> dict[str, str]:
    return {
        **{key: facts[key] for key in ("build", "model", "hash", "isa", "board") if key in facts},
        "counter": counter.description,
        "input": plan.load_name,
        **plan.environment,
    }
