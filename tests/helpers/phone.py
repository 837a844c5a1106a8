"""A stand-in for a phone behind `adbd`: a folder is its file system, an emulator its processor.

Paths below /data/local/tmp, /sys and /proc in a command are those of the folder. `getprop`,
`dumpsys`, `uname` and `mktemp` answer as the phone would. What is pushed as a program of 64- or
32-bit Arm starts in QEMU where the phone lists its ABI, and sees the folder's /sys and /proc too.
Services: `shell` (with the packets and exit codes of protocol v2, or without), `sync`.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import struct
import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tests.helpers.adbd import Adbd, Service, Stream, StreamClosed
from tests.helpers.adbd_sync import sync
from tests.helpers.neon_cases import EMULATOR

STDIN, STDOUT, STDERR, EXIT, CLOSE_STDIN = 0, 1, 2, 3, 4
"""Packets of shell protocol v2: the kind, the length as a word, the bytes."""
PACKET = struct.Struct("<BI")
HOME = "/data/local/tmp"
EMULATORS = {183: ("arm64-v8a", EMULATOR), 40: ("armeabi-v7a", "qemu-arm-static")}
"""ELF's number of the machine -> the ABI that a phone must list, and what runs it here."""

PIXEL = {
    "ro.product.manufacturer": "Google",
    "ro.product.model": "Pixel 6",
    "ro.product.cpu.abilist": "arm64-v8a,armeabi-v7a,armeabi",
    "ro.build.version.release": "13",
    "ro.build.version.sdk": "33",
}
ONLY_64 = {**PIXEL, "ro.product.model": "Pixel 7", "ro.product.cpu.abilist": "arm64-v8a"}
"""Phones since 2022 whose cores run no 32-bit programs."""
ONLY_32 = {
    "ro.product.manufacturer": "motorola",
    "ro.product.model": "moto e5",
    "ro.product.cpu.abilist": "armeabi-v7a,armeabi",
    "ro.build.version.release": "8.0.0",
    "ro.build.version.sdk": "26",
}
CPUFREQ = "/sys/devices/system/cpu/cpufreq"
CAP = f"{CPUFREQ}/policy6/scaling_max_freq"
FILES = {
    "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "sched_pixel",
    "/sys/class/thermal/thermal_zone0/temp": "41000",
    "/sys/class/thermal/thermal_zone0/type": "BIG",
    "/sys/class/thermal/thermal_zone1/temp": "36500",
    "/sys/class/thermal/thermal_zone1/type": "battery",
    f"{CPUFREQ}/policy0/related_cpus": "0 1 2 3 4 5",
    f"{CPUFREQ}/policy0/scaling_governor": "sched_pixel",
    f"{CPUFREQ}/policy0/scaling_cur_freq": "300000",
    f"{CPUFREQ}/policy0/scaling_max_freq": "1803000",
    f"{CPUFREQ}/policy0/cpuinfo_max_freq": "1803000",
    f"{CPUFREQ}/policy6/related_cpus": "6 7",
    f"{CPUFREQ}/policy6/scaling_governor": "sched_pixel",
    f"{CPUFREQ}/policy6/scaling_cur_freq": "2802000",
    CAP: "2802000",
    f"{CPUFREQ}/policy6/cpuinfo_max_freq": "2802000",
}
GAUGE = "/sys/class/power_supply/battery"
BATTERY = """Current Battery Service state:
  AC powered: false
  USB powered: true
  status: 2
  level: 83
  scale: 100
  voltage: 4180
  temperature: 291
  technology: Li-ion
"""
THERMAL = """IsStatusOverride: false
Thermal Status: {status}
Cached temperatures:
\tTemperature{{mValue=41.0, mType=0, mName=BIG, mStatus=0}}
"""

_CAT = """case "$1" in
*/current_now)
    time=$(/bin/cat {here}/readings)
    echo $((time + 1)) > {here}/readings
    echo -$((250000 + 1000 * (time % 7)))
    shift ;;
esac
[ $# = 0 ] || exec /bin/cat "$@"
"""

_DUMPSYS = """case "$1" in
battery) cat {here}/battery ;;
thermalservice)
    time=$(cat {here}/asked)
    echo $((time + 1)) > {here}/asked
    if [ -e {here}/thermal.$time ]; then cp {here}/thermal.$time {here}/thermal; fi
    cat {here}/thermal ;;
esac"""


@dataclass
class Phone:
    """`properties` are those of `getprop`; `thermal` is the thermal status that dumpsys tells, one
    for each time it is asked, the last for ever; `room` limits the bytes of one file."""

    folder: Path
    machine: str = "aarch64"
    properties: dict[str, str] = field(default_factory=lambda: dict(PIXEL))
    thermal: tuple[int, ...] = (0,)
    room: int | None = None
    features: str = "shell_v2,cmd,stat_v2"

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True)
        for name, text in FILES.items():
            path = self.folder / name[1:]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n")
        (self.folder / "images").mkdir()
        (self.folder / "battery").write_text(BATTERY)
        for time, status in enumerate(self.thermal):
            (self.folder / f"thermal.{time}").write_text(THERMAL.format(status=status))
        (self.folder / "asked").write_text("0")
        (self.folder / "readings").write_text("0")
        self._commands()

    @property
    def home(self) -> Path:
        return self.folder / HOME[1:]

    @property
    def banner(self) -> str:
        model = self.properties.get("ro.product.model", "")
        return f"device::ro.product.model={model};features={self.features}"

    def discharge(self, status: str = "Discharging") -> None:
        """Let the battery gauge tell another current each time it is asked."""
        for name, text in {"voltage_now": "3900000", "status": status}.items():
            path = self.path(f"{GAUGE}/{name}")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n")
        self._command("cat", _CAT.format(here=self.folder))

    def readings(self) -> int:
        """How often the gauge was asked."""
        text = (self.folder / "readings").read_text()
        return int(text or 0)

    def programs(self) -> list[int]:
        """Process ids of the programs that were started in the emulator, the last one last."""
        pids = self.folder / "pids"
        return [int(word) for word in pids.read_text().split()] if pids.exists() else []

    def masks(self) -> list[str]:
        """Those that programs were started with."""
        masks = self.folder / "masks"
        return masks.read_text().split() if masks.exists() else []

    def kill_program(self) -> None:
        """As Android does when it is short of memory."""
        os.kill(self.programs()[-1], signal.SIGKILL)

    def service(self, name: str) -> Service | None:
        """The service of a name, None for one that this phone does not have."""
        kind, _, rest = name.partition(":")
        if kind == "sync":
            return lambda stream: sync(stream, self)
        if kind.split(",")[0] != "shell":
            return None
        packets = "v2" in kind.split(",")
        return lambda stream: _shell(stream, self._start(rest), packets)

    def adbd(self, **options: object) -> Adbd:
        """The phone within reach; see Adbd for the options."""
        return Adbd(self.service, self.banner, **options)  # type: ignore[arg-type]

    def path(self, name: str) -> Path:
        """Where a file of the phone lies."""
        return self.folder / name.lstrip("/")

    def stored(self, path: Path) -> None:
        """A file has arrived; a program for the phone's processor becomes one that runs here."""
        head = path.read_bytes()[:20]
        abi, program = EMULATORS.get(int.from_bytes(head[18:20], "little"), ("", ""))
        abis = self.properties.get("ro.product.cpu.abilist", "").split(",")
        if head[:4] != b"\x7fELF" or abi not in abis or self.machine == "x86_64":
            return
        image = self.folder / "images" / str(len(list((self.folder / "images").iterdir())))
        shutil.move(path, image)
        image.chmod(0o700)
        emulator = shutil.which(program)
        path.write_text(
            f"#!/bin/sh\necho $$ >> {self.folder}/pids\n"
            f'exec {emulator} -0 "$0" -L {self.folder} {image} "$@"\n'
        )

    def _start(self, command: str) -> subprocess.Popen[bytes]:
        here = re.sub(r"(?<![\w/.])(/data/local/tmp|/sys/|/proc/)", rf"{self.folder}\1", command)
        return subprocess.Popen(
            ["/bin/sh", "-c", here],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            env={"PATH": f"{self.folder}/bin:/usr/bin:/bin"},
            bufsize=0,
            start_new_session=True,
        )

    def _commands(self) -> None:
        known = "".join(f"{key}) echo '{value}' ;;\n" for key, value in self.properties.items())
        real = 'PATH=/usr/bin:/bin mktemp "$@"'
        scripts = {
            "getprop": f'case "$1" in\n{known}*) echo ;;\nesac',
            "uname": f'case "$1" in -m) echo {self.machine} ;; *) echo Linux ;; esac',
            "mktemp": f'made=$({real}) || exit 1\necho "${{made#{self.folder}}}"',
            "taskset": f'echo "$1" >> {self.folder}/masks\nshift\nexec "$@"',
            "dumpsys": _DUMPSYS.format(here=self.folder),
        }
        for name, text in scripts.items():
            self._command(name, text)

    def _command(self, name: str, text: str) -> None:
        path = self.folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o700)


def _shell(stream: Stream, process: subprocess.Popen[bytes], packets: bool) -> None:
    outs = [(STDOUT, process.stdout), (STDERR, process.stderr)]
    pumps = [
        threading.Thread(target=_pump, args=(stream, kind, pipe, packets), daemon=True)
        for kind, pipe in outs
    ]
    feeder = threading.Thread(target=_feed, args=(stream, process, packets), daemon=True)
    for thread in (*pumps, feeder):
        thread.start()
    for thread in pumps:
        thread.join()
    status = process.wait()
    if packets:
        code = 128 - status if status < 0 else status
        stream.write(PACKET.pack(EXIT, 1) + bytes([code]))


def _pump(stream: Stream, kind: int, pipe: IO[bytes], packets: bool) -> None:
    with suppress(StreamClosed), pipe:
        while data := pipe.read(16384):
            stream.write(PACKET.pack(kind, len(data)) + data if packets else data)


def _feed(stream: Stream, process: subprocess.Popen[bytes], packets: bool) -> None:
    """What the computer writes, until it or the program ends."""
    assert process.stdin is not None
    with process.stdin, suppress(StreamClosed, BrokenPipeError):
        while True:
            if not packets:
                process.stdin.write(stream.read())
                continue
            kind, size = PACKET.unpack(stream.exactly(PACKET.size))
            data = stream.exactly(size)
            if kind == CLOSE_STDIN:
                return
            if kind == STDIN:
                process.stdin.write(data)
