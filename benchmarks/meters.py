"""How fast the parsers of power meters are, and whether a recording keeps up with a stream.

    python -m benchmarks.meters [--samples 1000000] [--seconds 5] [--json FILE]
    python -m benchmarks.meters --soak SECONDS [--fast] [--trace FILE]      # see soak.py

Parsers: samples per second of processor time on one core, best of three. Recordings: an emulated
meter in a process of its own streams in real time; what counts is how many samples were lost and
the share of one core that the recording process took, decoding included. All figures are of this
run, on this machine.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks import soak
from edgekit.runtime.power import lpm01a_wire, ppk2_wire
from edgekit.runtime.power.lpm01a import Lpm01a, Lpm01aSettings
from edgekit.runtime.power.lpm01a_pieces import timeline
from edgekit.runtime.power.number_lines import parse_rows
from edgekit.runtime.power.ppk2 import Ppk2
from edgekit.runtime.power.spike_filter import filter_spikes
from edgekit.runtime.power.stream_meter import StreamMeter
from edgekit.runtime.power.virtual_ppk2 import CALIBRATION, encode

AIMS = {"PPK2": 1e6, "LPM01A ASCII": 500e3, "LPM01A binary": 500e3}
"""Samples per second of one core that were aimed at."""


def ppk2_bytes(count: int) -> bytes:
    """Currents that change range every few milliseconds."""
    rng = np.random.default_rng(0)
    amps = np.where(np.arange(count) // 500 % 2 == 0, 2e-3, 20e-3)
    amps = amps * rng.uniform(0.9, 1.1, count)
    return encode(amps, 3300, 0, 0, CALIBRATION).astype("<u4").tobytes()


def parse_ppk2(raw: bytes) -> int:
    words = ppk2_wire.decode(raw)
    amps = ppk2_wire.amps(words, CALIBRATION, 3300)
    filter_spikes(amps, words.range)
    return len(amps)


def lpm01a_ascii(count: int) -> bytes:
    values = np.random.default_rng(0).integers(1000, 9999, count).tolist()
    return b"".join(b"%04d-06\r\n" % value for value in values)


def parse_lpm01a_ascii(raw: bytes) -> int:
    stream = lpm01a_wire.decode_ascii(raw)
    timeline(stream, lpm01a_wire.ASCII_RATE)
    return len(stream.values)


def lpm01a_binary(count: int) -> bytes:
    words = np.random.default_rng(0).integers(0, 4096, count) | 4 << 12
    seconds = np.array_split(words.astype(">u2"), max(1, count // 100_000))
    stamp = b"\xf0\xf3%b\x02\xff\xff"
    parts = (
        stamp % (1000 * n).to_bytes(4, "big") + part.tobytes() for n, part in enumerate(seconds)
    )
    return b"".join(parts)


def parse_lpm01a_binary(raw: bytes) -> int:
    stream = lpm01a_wire.decode_binary(raw)
    timeline(stream, 100_000)
    return len(stream.values)


def bridge_lines(count: int) -> bytes:
    def line(n: int) -> bytes:
        text = b"%d,%d,3300000,%d,1" % (n % 65536, n * 1000, 12_000_000 + n % 977)
        return text + b",%d\r\n" % (sum(text) % 256)

    return b"".join(map(line, range(count)))


def parse_bridge(raw: bytes) -> int:
    return len(parse_rows(raw, 6, summed=True).values)


PARSERS: dict[str, tuple[Callable[[int], bytes], Callable[[bytes], int]]] = {
    "PPK2": (ppk2_bytes, parse_ppk2),
    "LPM01A ASCII": (lpm01a_ascii, parse_lpm01a_ascii),
    "LPM01A binary": (lpm01a_binary, parse_lpm01a_binary),
    "INA bridge": (bridge_lines, parse_bridge),
}


def parser_rates(count: int) -> dict[str, float]:
    """Samples per second of processor time, by parser."""
    rates = {}
    for name, (make, parse) in PARSERS.items():
        raw, best = make(count), np.inf
        for _ in range(3):
            began = time.process_time()
            found = parse(raw)
            best = min(best, time.process_time() - began)
            if found != count:
                raise AssertionError(f"{name}: {found} of {count} samples")
        rates[name] = count / best
    return rates


RECORDINGS: dict[str, Callable[[str], StreamMeter]] = {
    "ppk2": Ppk2,
    "lpm01a": lambda path: Lpm01a(
        path, Lpm01aSettings(rate=100_000, output="current", format="binary")
    ),
}


def recording(scheme: str, seconds: float) -> dict[str, float]:
    """What a recording of an emulated meter at 100 kS/s lost and took."""
    code = "from edgekit.cli.main import run; run()"
    command = [sys.executable, "-c", code, "meters", "emulate", scheme, "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as emulator:
        assert emulator.stdout is not None
        record = "".join(iter(emulator.stdout.readline, "}\n")) + "}"
        with RECORDINGS[scheme](json.loads(record)["port"]) as meter:
            began = time.process_time()
            meter.start()
            time.sleep(seconds)
            trace = meter.stop()
            taken = time.process_time() - began
        emulator.terminate()
    length = float(trace.t[-1] - trace.t[0])
    return {
        "samples": len(trace.t),
        "lost": trace.lost_samples,
        "seconds": length,
        "core_share": taken / length,
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--samples", type=int, default=1_000_000)
    arguments.add_argument("--seconds", type=float, default=5.0)
    arguments.add_argument("--json", type=Path)
    arguments.add_argument("--soak", type=float, help="seconds of one long recording instead")
    arguments.add_argument("--fast", action="store_true", help="as fast as the samples are read")
    arguments.add_argument("--trace", type=Path, help="write the long recording here")
    chosen = arguments.parse_args()
    if chosen.soak:
        sys.exit(soak.main(chosen))
    rates = parser_rates(chosen.samples)
    for name, rate in rates.items():
        aim = f"  (aim {AIMS[name] / 1e6:g})" if name in AIMS else ""
        print(f"{name:14} {rate / 1e6:8.2f} MS/s of one core{aim}")
    recordings = {scheme: recording(scheme, chosen.seconds) for scheme in RECORDINGS}
    for scheme, found in recordings.items():
        print(
            f"{scheme:14} {found['samples']:.0f} samples in {found['seconds']:.2f} s emulated, "
            f"{found['lost']:.0f} lost, {found['core_share']:.1%} of one core"
        )
    if chosen.json:
        text = json.dumps({"parsers": rates, "recordings": recordings}, indent=2, sort_keys=True)
        chosen.json.parent.mkdir(parents=True, exist_ok=True)
        chosen.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
