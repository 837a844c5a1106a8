"""A long recording at 100,000 samples a second: nothing lost, memory constant, one core at most.

    python -m benchmarks.meters --soak 3600            # an hour, in real time
    python -m benchmarks.meters --soak 3600 --fast     # as many samples, as fast as they are read

An emulated PPK2 in a process of its own streams through a pseudo-terminal; `meters record`'s road
is what is measured: bytes to disk while it records, then decoded part by part.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from edgekit.runtime.power import ppk2_wire as wire
from edgekit.runtime.power.emulators.load import Load
from edgekit.runtime.power.emulators.ppk2 import EmulatedPpk2
from edgekit.runtime.power.ppk2 import Ppk2, Ppk2Settings
from edgekit.runtime.power.trace_file import write_trace
from edgekit.runtime.power.trace_parts import summarize
from edgekit.runtime.power.virtual_ppk2 import CALIBRATION, encode

LOAD = Load.square()
PERIOD = 2 * round(LOAD.period_s * wire.SAMPLE_RATE)
"""Samples after which the bytes repeat: the load's period and the counter's 64 both go into it."""


class Repeating(EmulatedPpk2):
    """An emulated PPK2 that makes its samples once and sends them over and over."""

    _made = b""

    def block(self, first: int, count: int) -> bytes:
        if not self._made:
            self._made = super().block(0, PERIOD)
        begin = 4 * (first % PERIOD)
        made = self._made[begin : begin + 4 * count]
        while len(made) < 4 * count:
            made += self._made[: 4 * count - len(made)]
        return made


def feed(seconds: float, speed: float) -> None:
    """The process at the other end: says its port, and when all was taken."""
    with Repeating(LOAD, seconds=seconds, speed=speed) as device:
        print(device.path, flush=True)
        device.done.wait()
        print(f"sent {device.sent}", flush=True)
        sys.stdin.read()


@dataclass(frozen=True, slots=True)
class Soak:
    """What a long recording took. Bytes are peak resident memory of the recording process, seconds
    are of the wall or of one core."""

    sent: int
    samples: int
    lost: int
    energy_error: float
    """Of the energy found, as a share of that of the samples sent."""
    record_s: float
    record_core_s: float
    decode_s: float
    write_s: float
    rss_before: int
    rss_recorded: int
    rss_decoded: int
    trace_bytes: int

    @property
    def core_share(self) -> float:
        """Of one core while it recorded."""
        return self.record_core_s / self.record_s


def soak(seconds: float, *, fast: bool, trace: Path | None = None) -> Soak:
    """Record `seconds` of an emulated stream, add it up, and write it to `trace` where asked."""
    code = f"from benchmarks.soak import feed; feed({seconds!r}, {0.0 if fast else 1.0})"
    command = [sys.executable, "-c", code]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as feeder:
        assert feeder.stdout is not None
        try:
            return _recorded(feeder.stdout.readline().strip(), feeder, trace)
        finally:
            feeder.kill()


def _recorded(port: str, feeder: subprocess.Popen[str], trace: Path | None) -> Soak:
    assert feeder.stdout is not None
    settings = Ppk2Settings(silence_s=None)
    with Ppk2(port, settings) as meter:
        meter.folder = trace.parent if trace is not None else None
        before = _peak()
        began, core = time.monotonic(), time.process_time()
        meter.start()
        sent = int(feeder.stdout.readline().split()[1])
        record_s, record_core_s = time.monotonic() - began, time.process_time() - core
        with meter.stop_stored() as stored:
            if stored.failure is not None:
                raise stored.failure
            recorded = _peak()
            began = time.monotonic()
            found = summarize(stored.parts())
            decode_s = time.monotonic() - began
            decoded = _peak()
            began = time.monotonic()
            if trace is not None:
                write_trace(trace, stored.parts, found)
            write_s = time.monotonic() - began
    truth = _joules_sent(sent)
    return Soak(
        sent=sent,
        samples=found.samples,
        lost=found.lost,
        energy_error=found.joules / truth - 1,
        record_s=record_s,
        record_core_s=record_core_s,
        decode_s=decode_s,
        write_s=write_s,
        rss_before=before,
        rss_recorded=recorded,
        rss_decoded=max(decoded, _peak()),
        trace_bytes=trace.stat().st_size if trace is not None else 0,
    )


def _joules_sent(samples: int) -> float:
    """Energy of the samples that were sent, each for its period: that of the load but for the
    steps of the ADC."""
    amps = LOAD.mean_amps(np.arange(PERIOD + 1) / wire.SAMPLE_RATE)
    words = wire.decode(encode(amps, 1000 * LOAD.volts, 0, 0, CALIBRATION).astype("<u4").tobytes())
    watts = LOAD.volts * wire.amps(words, CALIBRATION, 1000 * LOAD.volts)
    rounds, rest = divmod(samples, PERIOD)
    return float(rounds * watts.sum() + watts[:rest].sum()) / wire.SAMPLE_RATE


def _peak() -> int:
    """Peak resident memory of this process so far, bytes."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def told(found: Soak) -> str:
    """The figures in words."""
    lines = [
        f"{found.samples:,} of {found.sent:,} samples, {found.lost} lost, energy off by "
        f"{found.energy_error:+.1e}",
        f"recorded in {found.record_s:.1f} s: {found.samples / found.record_s / 1e6:.3f} MS/s, "
        f"{found.core_share:.1%} of one core",
        f"added up in {found.decode_s:.1f} s: {found.samples / found.decode_s / 1e6:.2f} MS/s",
        f"peak memory {found.rss_before / 1e6:.0f} MB before, {found.rss_recorded / 1e6:.0f} MB "
        f"after recording, {found.rss_decoded / 1e6:.0f} MB after decoding",
    ]
    if found.trace_bytes:
        lines.append(f"trace of {found.trace_bytes / 1e6:.0f} MB written in {found.write_s:.1f} s")
    return "\n".join(lines)


def main(arguments: argparse.Namespace) -> int:
    """What `benchmarks.meters --soak` does: exit code 1 when a sample was lost."""
    found = soak(arguments.soak, fast=arguments.fast, trace=arguments.trace)
    print(told(found))
    if arguments.json:
        arguments.json.write_text(json.dumps(asdict(found), indent=2) + "\n", encoding="utf-8")
    return int(found.samples != found.sent or found.lost > 0)
