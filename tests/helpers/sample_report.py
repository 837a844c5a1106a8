"""A synthetic model, board, run and recording: fixed numbers for tests of reports."""

from __future__ import annotations

import numpy as np

from edgekit.artifacts.bundle import (
    AccuracySummary,
    Manifest,
    MemorySummary,
    PlacedBuffer,
    Refusal,
    StepInfo,
    TensorInfo,
)
from edgekit.artifacts.figures import Note, Provenance
from edgekit.artifacts.power import EnergyResult, EnergyWindow, Mark, PowerTrace
from edgekit.artifacts.report import Report
from edgekit.artifacts.run import Batch, RunResult, StepCost, Window
from edgekit.runtime.report.build import make_report
from edgekit.targets.model import Cpu, Link, Memory, Power, Target

CREATED = "2026-01-02T03:04:05+00:00"
IMAGE = {"flash.text": 20_480, "flash.rodata": 270_336, "ram.data": 1_024, "ram.bss": 61_440}
LABELS = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
BATCH_SIZES = (1, 2, 4, 8)


def board() -> Target:
    """A Cortex-M4 board of 1 MiB flash and 256 KiB RAM."""
    return Target(
        name="sample-m4",
        title="Sample board (Cortex-M4F)",
        family="cortex-m",
        cpu=Cpu(
            name="cortex-m4f",
            arch="armv7e-m",
            toolchain="arm-none-eabi",
            cycles_per_instruction=1.5,
            cycles_source="made up for tests",
        ),
        clock_hz=64_000_000,
        memories=(
            Memory(name="flash", kind="flash", start=0, size=1 << 20),
            Memory(name="sram", kind="ram", start=0x2000_0000, size=256 << 10),
        ),
        link=Link(kind="serial"),
        power=Power(rail_v=3.3, active_mw=20, source="made up for tests"),
        formats=("tflite", "c"),
    )


def this_machine() -> Target:
    """A host without stated memories."""
    return Target(
        name="host",
        title="this machine",
        family="host",
        cpu=Cpu(name="native", arch="x86_64", toolchain="native"),
        clock_hz=0,
        link=Link(kind="local"),
    )


def _operator(index: int, count: int) -> str:
    if index >= count - 2:
        return ("FULLY_CONNECTED", "SOFTMAX")[index - count]
    return "DEPTHWISE_CONV_2D" if index % 2 else "CONV_2D"


def _name(index: int, count: int) -> str:
    operator = _operator(index, count).lower().replace("_2d", "2d")
    return f"{operator}_{index}"


def steps(count: int) -> tuple[StepInfo, ...]:
    """`count` steps: convolutions and depthwise ones in turn, then dense and softmax."""
    side = [max(1, 48 >> (3 * i // count)) for i in range(count)]
    rows = []
    for i in range(count):
        channels = 8 << (3 * i // count)
        shape = (1, side[i], side[i], channels) if i < count - 2 else (1, 10)
        fast = Refusal("ek_conv2d_fast_s8__ref", "needs a 1x1 kernel, stride 1, no padding")
        macs = 0 if i == count - 1 else 40_000 * (1 + (7 * i) % 5) // (1 + 4 * (i % 2))
        rows.append(
            StepInfo(
                index=i,
                name=_name(i, count),
                operator=_operator(i, count),
                kernel=f"ek_{_operator(i, count).lower()}_s8__ref",
                output_shape=shape,
                macs=macs,
                weight_bytes=0 if i == count - 1 else 1_000 * (1 + i % 9),
                scratch_bytes=0,
                arena=(0, 18_432),
                sqnr_db=30.0 - (5 * i) % 17,
                estimate=500 + macs * (8 if i % 2 else 2),
                refused=(fast,) if i == 0 else (_slow(macs),) if macs else (),
            )
        )
    return tuple(rows)


def _slow(macs: int) -> Refusal:
    return Refusal("ek_slow_s8__ref", "is slower by estimate", 900 + 10 * macs)


def memory(count: int) -> MemorySummary:
    """Two halves of an arena used in turn, an input and a scratch buffer."""
    half = 27_648
    buffers = [PlacedBuffer("input", 0, 27_648, 0, 0, "input")]
    for i in range(count):
        size = max(512, half - 2_400 * (i % 11))
        kind = "output" if i == count - 1 else "activation"
        offset = half if i % 2 == 0 else 0
        buffers.append(PlacedBuffer(_name(i, count), offset, size, i, min(i + 1, count - 1), kind))
    buffers.append(PlacedBuffer("scratch", 55_296, 2_048, 2, 3, "scratch"))
    return MemorySummary(57_344, 55_296, tuple(buffers))


def confusion() -> tuple[tuple[int, ...], ...]:
    """10,000 samples of ten classes, 8,697 of them right."""
    rows = [[0] * 10 for _ in range(10)]
    for i, row in enumerate(rows):
        row[i] = 867 if i == 3 else 870
        row[(i + 1) % 10] = 40 + 9 * i
        row[(i + 5) % 10] = 1000 - row[i] - row[(i + 1) % 10]
    return tuple(map(tuple, rows))


def manifest(count: int = 10, *, name: str = "sample", accuracy: bool = True) -> Manifest:
    """A bundle's manifest with `count` layers."""
    rows = steps(count)
    return Manifest(
        name=name,
        source={"name": "sample.h5", "format": "keras-h5", "sha256": "ab" * 32},
        target={"name": "sample-m4", "cpu": "cortex-m4f", "profile_sha256": "cd" * 32},
        recipe={"precision": "int8", "calibration": "64 images", "per_channel": True},
        model_sha256="0123456789abcdef" * 4,
        model_bytes=333_288,
        inputs=(TensorInfo("input", (1, 96, 96, 3), "int8", 0.5, -1),),
        outputs=(TensorInfo("scores", (1, 10), "int8", 1 / 256, -128),),
        operators={"CONV_2D": 4, "DEPTHWISE_CONV_2D": 4, "FULLY_CONNECTED": 1, "SOFTMAX": 1},
        macs=sum(row.macs for row in rows),
        steps=rows,
        memory=memory(count),
        sizes={"model": 333_288, "weights": 220_000, "constants": 9_000, "arena": 57_344},
        labels=LABELS,
        accuracy=AccuracySummary(
            "top1", 0.8719, 0.8697, 10_000, "test.npz", 31.4, 0.04, confusion=confusion()
        )
        if accuracy
        else None,
        layers_sqnr_db={**{row.name: row.sqnr_db or 0.0 for row in rows}, rows[-1].name: np.inf},
        cost_basis={"ref": "counts of whole layers on a board made up for tests"},
        warnings=(Note("few-samples", "calibration", "only 64 images", "give 200 or more"),),
        versions={"edgekit": "0.1.0", "tensorflow": "2.21.0"},
    )


def board_run(count: int = 10) -> RunResult:
    """A run in an emulator: exact instructions, per step too, and no time."""
    costs = tuple(
        StepCost(row.index, row.name, row.operator, row.macs, _cost(row)) for row in steps(count)
    )
    total = sum(step.count for step in costs) + 1_200
    return RunResult(
        device="QEMU 7.2.22 mps2-an386",
        engine="edgekit-c ref",
        provenance=Provenance.SIMULATED,
        windows=tuple(Window(10, 0.5, 10 * total) for _ in range(5)),
        counter_unit="instructions",
        count_per_inference=total,
        count_resolution=4.0,
        steps=costs,
        memory={"stack_high_water": 612},
        outputs_checked=20,
        outputs_equal=20,
        environment={"compiler": "arm-none-eabi-gcc 12.2.1"},
    )


def _cost(row: StepInfo) -> float:
    return row.macs * (8.1 if row.operator.startswith("DEPTH") else 2.3) + 900


def host_run(samples: int = 400) -> RunResult:
    """A run on a host: skewed latencies with a few slow ones, and four batch sizes."""
    random = np.random.default_rng(4)
    times = 4e-4 + random.gamma(2.0, 8e-6, samples)
    times[:: max(1, samples // 4)] += 3e-4
    latency = tuple(np.round(times, 9).tolist())
    batches = [Batch(1, latency)]
    for size in BATCH_SIZES[1:]:
        rows = (3e-4 * size + 1e-4) * (1 + 0.02 * random.random(50))
        batches.append(Batch(size, tuple(np.round(rows, 9).tolist())))
    return RunResult(
        device="host x86_64 Sample CPU",
        engine="ai_edge_litert 2.3.0, XNNPACK",
        provenance=Provenance.MEASURED,
        latency_s=latency,
        batches=tuple(batches),
        threads=2,
        warmup=50,
        memory={"peak_rss": 59_666_432, "rss_before_model": 55_656_448},
        environment={"cpu": "Sample CPU", "cores": "2", "load_average": "0.10"},
    )


def trace(samples: int = 20_000) -> PowerTrace:
    """Two seconds: idle, three windows of work with ripple and needle peaks, and a gap."""
    t = np.linspace(0, 2, samples)
    busy = (np.floor(t / 0.3) % 2 == 1) & (t < 1.8)
    amps = np.where(busy, 6e-3, 8e-4) * (1 + 0.05 * np.sin(t * 2_000))
    amps[np.flatnonzero(busy)[::1500]] = 11e-3
    kept = (t < 0.7) | (t > 0.72)
    marks = tuple(Mark(0.3 * k, "trigger-fall" if k % 2 else "trigger-rise") for k in range(1, 7))
    volts = np.full(samples, 3.3)
    return PowerTrace(
        t[kept], volts[kept], amps[kept], marks,
        lost_samples=int((~kept).sum()), sample_rate_hz=samples / 2, meter="virtual PPK2",
        range_a=(2e-7, 1.0), provenance=Provenance.SIMULATED,
    )  # fmt: skip


def energy() -> EnergyResult:
    """Three windows of ten inferences each."""
    windows = tuple(
        EnergyWindow(0.3 + 0.6 * k, 0.6 + 0.6 * k, 5.94e-3 + 1e-5 * k, 10, "trigger")
        for k in range(3)
    )
    return EnergyResult(
        gross_j=5.95e-4, net_j=5.158e-4, low_j=5.94e-4, high_j=5.96e-4, idle_w=2.64e-3,
        average_w=0.0198, windows=windows, provenance=Provenance.SIMULATED,
        meter="virtual PPK2", lost_samples=200, net_low_j=5.12e-4, net_high_j=5.196e-4,
        warnings=(Note("lost-samples", "virtual PPK2", "200 samples were lost", level="info"),),
    )  # fmt: skip


def board_report(count: int = 10, *, name: str = "sample") -> Report:
    """The report of a bench on a virtual board with a virtual meter."""
    return make_report(
        manifest(count, name=name), board(), runs=(board_run(count),), energy=energy(),
        trace=trace(), sizes=IMAGE, created=CREATED, tool="edgekit 0.1.0",
        environment={"machine": "x86_64", "commit": "0123abc"},
    )  # fmt: skip


def host_report() -> Report:
    """The report of a bench on a host."""
    return make_report(
        manifest(10), this_machine(), runs=(host_run(),), created=CREATED, tool="edgekit 0.1.0"
    )


def bundle_report() -> Report:
    """The report inside a bundle: nothing was run."""
    return make_report(manifest(10, accuracy=False), board(), tool="edgekit 0.1.0")
