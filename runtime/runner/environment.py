"""The machine a measurement ran on, and what about it may spoil the measurement."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import numpy as np

from edgekit.artifacts.figures import Note

HERE = "this machine"
"""Its name in notes about itself; another that asked for them puts its own name for it there."""
BUSY_SHARE = 0.5
"""Load average per core above which the machine counts as busy."""

_CPUINFO = Path("/proc/cpuinfo")
_GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
_DEVICE_TREE = Path("/proc/device-tree/model")
_STATUS = Path("/proc/self/status")
_MEMINFO = Path("/proc/meminfo")


def describe() -> dict[str, str]:
    """What identifies the machine and its state; values that are unknown here are left out."""
    known = {
        "cpu": cpu_name(),
        "machine": platform.machine(),
        "board": _text(_DEVICE_TREE).strip("\0"),
        "cores": str(cores()),
        "governor": _text(_GOVERNOR),
        "load_average": f"{load():.2f}",
        "memory": memory(),
        "os": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "numpy": np.__version__,
    }
    return {key: value for key, value in known.items() if value}


def device_name() -> str:
    """The machine in one line: "host x86_64 AMD EPYC"."""
    board = _text(_DEVICE_TREE).strip("\0")
    return " ".join(filter(None, ("host", platform.machine(), board or cpu_name())))


def cpu_name() -> str:
    """The CPU's name as Linux or the platform tells it, or ""."""
    rows = (line.partition(":") for line in _text(_CPUINFO).splitlines())
    names = {key.strip(): value.strip() for key, _, value in rows}
    return names.get("model name") or names.get("Model") or platform.processor()


def cores() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def load() -> float:
    """One-minute load average; 0.0 where the system has none."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def memory() -> str:
    """The machine's memory in bytes, or ""."""
    rows = (line.split() for line in _text(_MEMINFO).splitlines())
    return next((str(1024 * int(row[1])) for row in rows if row[0] == "MemTotal:"), "")


def peak_rss() -> int:
    """Peak resident memory of this process in bytes.

    Linux: VmHWM, which starts afresh at exec. `ru_maxrss` does not: a child inherits the size its
    parent had when it forked.
    """
    return _status("VmHWM") or _rusage_peak()


def current_rss() -> int:
    """Resident memory of this process in bytes; 0 where it is unknown."""
    return _status("VmRSS")


def notes(environment: dict[str, str], threads: int, name: str = HERE) -> tuple[Note, ...]:
    """What about the machine `name` speaks against trusting a latency."""
    found = []
    count = int(environment.get("cores", "1"))
    busy = float(environment.get("load_average", "0"))
    if busy > BUSY_SHARE * count:
        found.append(
            Note(
                "busy-machine",
                name,
                f"load average {busy:.2f} on {count} cores: other programs compete for the CPU",
                "stop them and measure again",
            )
        )
    governor = environment.get("governor", "performance")
    if governor != "performance":
        found.append(
            Note(
                "governor",
                name,
                f"frequency governor {governor}: the clock may change during the run",
                "a phone chooses for itself; else run: sudo cpupower frequency-set -g performance",
                level="info",
            )
        )
    if threads > count:
        found.append(
            Note(
                "too-many-threads",
                name,
                f"{threads} threads on {count} cores",
                f"use --threads {count} or fewer",
            )
        )
    return tuple(found)


def _status(key: str) -> int:
    for line in _text(_STATUS).splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024
    return 0


def _rusage_peak() -> int:
    """Bytes; 0 where the system does not say."""
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if platform.system() == "Darwin" else peak * 1024


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
