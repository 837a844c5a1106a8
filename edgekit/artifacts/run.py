"""What running a model yields: outputs, samples, counters."""

from __future__ import annotations

from dataclasses import dataclass, field

from edgekit.artifacts.figures import Note, Provenance


@dataclass(frozen=True, slots=True)
class StepCost:
    """One step's cost in one inference. `count` is in `RunResult.counter_unit`."""

    index: int
    name: str
    operator: str
    macs: int
    count: float


@dataclass(frozen=True, slots=True)
class Window:
    """N inferences back to back between two trigger edges. Seconds of the device's clock."""

    inferences: int
    seconds: float
    count: float
    """Counter difference over the window in `RunResult.counter_unit`."""


@dataclass(frozen=True, slots=True)
class StoredSamples:
    """Samples in the file beside the record: the array's name, how many, and their order
    statistics in seconds."""

    array: str
    count: int
    minimum_s: float
    p5_s: float
    median_s: float
    p95_s: float
    p99_s: float
    maximum_s: float


@dataclass(frozen=True, slots=True)
class Batch:
    """Throughput at one batch size: `seconds` holds one wall time per invocation."""

    batch: int
    seconds: tuple[float, ...]
    seconds_stored: StoredSamples | None = None
    """Where they are, when they are not in `seconds`."""


@dataclass(frozen=True, slots=True)
class ColdStart:
    """One start of a fresh process up to its first result, in seconds: until its own code runs
    with all libraries loaded, until the model is ready with its inputs in place, and the first
    inference until its outputs are there."""

    process_s: float
    load_s: float
    first_s: float

    @property
    def total_s(self) -> float:
        """From the start of the process to the first result."""
        return self.process_s + self.load_s + self.first_s


@dataclass(frozen=True, slots=True)
class SustainedWindow:
    """A part of a run without pauses. `start_s` counts from its beginning, `seconds` is the time
    the part took, `busy_s` that of its inferences alone, p50 to p99 their latencies, in seconds.
    `state` is what the machine told at its end: temperature_mc, frequency_khz, throttled, and of a
    phone thermal, its thermal status."""

    start_s: float
    seconds: float
    inferences: int
    busy_s: float
    p50_s: float
    p95_s: float
    p99_s: float
    state: dict[str, str] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Inferences per second of computing."""
        return self.inferences / self.busy_s


@dataclass(frozen=True, slots=True)
class RunResult:
    """Every sample of a run on one device with one engine.

    `latency_s` holds one sample per inference (host; the mean of several very short ones, with a
    note "samples-averaged") or per window (board), in seconds, and is empty where no time was
    measured. `counter_unit` is "instructions", "cycles" or "s".
    """

    device: str
    """What ran it: "QEMU 7.2.22 mps2-an386", "host x86_64 AMD EPYC"."""
    engine: str
    """Kernel set: "edgekit-c ref", "ai_edge_litert 2.3.0 XNNPACK"."""
    provenance: Provenance
    latency_s: tuple[float, ...] = ()
    windows: tuple[Window, ...] = ()
    counter_unit: str = "s"
    count_per_inference: float | None = None
    count_resolution: float = 0.0
    startup_count: float | None = None
    """Of what precedes the first inference: stored weights expanded, states set. None: not told."""
    steps: tuple[StepCost, ...] = ()
    batches: tuple[Batch, ...] = ()
    threads: int = 1
    warmup: int = 0
    memory: dict[str, int] = field(default_factory=dict)
    """Bytes: arena, stack_high_water, peak_rss, flash sections as "flash.text", ..."""
    outputs_checked: int = 0
    outputs_equal: int = 0
    environment: dict[str, str] = field(default_factory=dict)
    warnings: tuple[Note, ...] = ()
    latency_stored: StoredSamples | None = None
    """Where the samples are, when they are not in `latency_s`."""
    cold: tuple[ColdStart, ...] = ()
    """Starts of a fresh process each; empty where none was timed."""
    sustained: tuple[SustainedWindow, ...] = ()
    """A long run, part by part; empty where there was none."""

    @property
    def averaged(self) -> bool:
        """Whether a sample of `latency_s` is the mean of several inferences."""
        return any(note.code == "samples-averaged" for note in self.warnings)
