"""LiteRT's own measuring program, `benchmark_model`, beside our runner on the same device.

The user brings it: the LiteRT documentation names the builds for Android and Linux. It is pushed
with the model, run, and removed. What it prints is read as its documentation shows it (TensorFlow
repository, lite/tools/benchmark/README.md, and `BenchmarkLoggingListener` beside it): statistics,
not every sample, so its figures stand beside ours and no interval is computed from them.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from edgekit.artifacts.figures import Figure, Provenance
from edgekit.errors import DeviceError, UsageError
from edgekit.runtime.devices.remote import Remote
from edgekit.runtime.measure.timing import Effort
from edgekit.units import si

THREADS = 1
"""As many as our runner has."""
WARMUP_RUNS, RUNS = 5, 50
MOST_S = 150.0
"""Of a whole phase, the tool's own limit."""
TOOL, MODEL = "benchmark_model", "model.tflite"
ELF_MACHINES = {"aarch64": 183, "armv7-a": 40}
"""Architecture of a core -> the machine that the header of its programs names."""

_STATISTICS = re.compile(r"\bcount=(\d+)((?: \w+=[-+.\de]+)+)")
_TIMINGS = re.compile(
    r"Inference timings in us: Init: ([\d.e+]+), First inference: ([\d.e+]+), "
    r"Warmup \(avg\): [\d.e+]+, Inference \(avg\): ([\d.e+]+)"
)
_MEMORY = re.compile(
    r"Memory footprint delta from the start of the tool \(MB\): .*overall=([\d.]+)"
)


@dataclass(frozen=True, slots=True)
class ToolTimes:
    """What benchmark_model printed, in seconds and bytes; None for what it did not print.

    Older builds print no median; `memory_bytes` is the growth of its own resident memory.
    """

    count: int
    init_s: float
    first_s: float
    mean_s: float
    median_s: float | None = None
    memory_bytes: int | None = None

    @property
    def typical_s(self) -> float:
        """The median where there is one, else the mean."""
        return self.mean_s if self.median_s is None else self.median_s


def parse_times(text: str) -> ToolTimes | None:
    """The figures in what the tool printed, None where its last line of timings is missing."""
    timings, phases = _TIMINGS.search(text), _STATISTICS.findall(text)
    if timings is None or not phases:
        return None
    init, first, mean = (float(value) * 1e-6 for value in timings.groups())
    count, words = phases[-1]  # warming up comes before
    values = dict(word.split("=") for word in words.split())
    memory = _MEMORY.search(text)
    return ToolTimes(
        count=int(count),
        init_s=init,
        first_s=first,
        mean_s=mean,
        median_s=float(values["median"]) * 1e-6 if "median" in values else None,
        memory_bytes=round(float(memory[1]) * (1 << 20)) if memory else None,
    )


def check_tool(tool: Path, arch: str) -> None:
    """Raise UsageError where `tool` is no program for a core of `arch`."""
    try:
        with tool.open("rb") as stream:
            head = stream.read(20)
    except OSError as error:
        raise UsageError(
            f"--benchmark-model {tool}",
            f"cannot be read: {error.strerror}",
            allowed="the file of LiteRT's benchmark_model for the device",
            hint="download the build for the device's ABI that the LiteRT documentation names",
            code="bad-benchmark-model",
        ) from None
    machine = int.from_bytes(head[18:20], "little") if head[:4] == b"\x7fELF" else None
    if machine != ELF_MACHINES.get(arch):
        what = "no ELF program" if machine is None else f"for ELF machine {machine}"
        raise UsageError(
            f"--benchmark-model {tool}",
            f"it is {what}",
            allowed=f"a program for {arch} (ELF machine {ELF_MACHINES.get(arch)})",
            hint="android_aarch64_benchmark_model is for arm64-v8a, android_arm for armeabi-v7a",
            code="bad-benchmark-model",
        )


def run_tool(device: Remote, tool: Path, model: Path, effort: Effort) -> ToolTimes:
    """Run `tool` on `model` on a device, with XNNPACK and one thread, for the time of `effort`, on
    the cores that the device's programs are held to.

    Raises DeviceError with what the tool said last when it prints no timings.
    """
    options = (
        f"--graph={MODEL} --num_threads={THREADS} --use_xnnpack=true"
        f" --warmup_runs={WARMUP_RUNS} --warmup_min_secs={effort.warmup_s:g}"
        f" --num_runs={RUNS} --min_secs={effort.seconds:g} --max_secs={MOST_S:g}"
    )
    files, command = {TOOL: tool, MODEL: model}, device.held(f"./{TOOL} {options}")
    text = device.output_of(files, f"{command} 2>&1 || true", seconds=3 * MOST_S)
    found = parse_times(text)
    if found is None:
        last = [line.strip() for line in text.splitlines() if line.strip()][-3:]
        raise DeviceError(
            f"{TOOL} on {device.name}",
            f"it printed no timings; its last words: {' / '.join(last)[:300] or 'none'}",
            allowed="a line `Inference timings in us: ...`",
            hint="run it by hand with this model; it knows no operators of other libraries",
            code="benchmark-model-failed",
        )
    return found


def tool_name(tool: Path) -> str:
    """It tells no version, so its file is named, and its content by 12 digits of the SHA-256."""
    return f"{tool.name} (SHA-256 {hashlib.sha256(tool.read_bytes()).hexdigest()[:12]})"


def tool_figures(tool: Path, times: ToolTimes) -> dict[str, Figure]:
    """Figures for a report, each with the tool's name in its basis."""
    name = tool_name(tool)
    kind = "mean" if times.median_s is None else "median"
    how = f"{name}, XNNPACK, {THREADS} thread"
    basis = (
        f"{how}: the {kind} it printed, of {times.count} inferences; "
        f"the first took {si(times.first_s, 's')}"
    )
    found = {
        "tool_latency": Figure(times.typical_s, "s", Provenance.MEASURED, basis, times.count),
        "tool_init": Figure(times.init_s, "s", Provenance.MEASURED, f"{how}: loading the model", 1),
    }
    if times.memory_bytes is not None:
        basis = f"{how}: growth of its resident memory, by its own account approximate"
        found["tool_memory"] = Figure(times.memory_bytes, "B", Provenance.MEASURED, basis, 1)
    return found
