"""What makes a profile believable: one table, used on every profile that is read.

A check returns what it found wrong, or "". Its sentence states the rule; it is what the user
is told is allowed. Checks marked `shipped` hold for EdgeKit's own profiles only.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise

from edgekit.targets.flashers import flashers
from edgekit.targets.model import Memory, Target

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
USB = re.compile(r"[0-9a-f]{4}:[0-9a-f]{4}")
LINK_OF_FAMILY = {"cortex-m": "serial", "rpi": "ssh", "android": "adb", "host": "local"}


@dataclass(frozen=True, slots=True)
class Check:
    """A named rule: `find` says what breaks it, or ""."""

    name: str
    sentence: str
    find: Callable[[Target], str]
    shipped: bool = False


def failures(target: Target, *, shipped: bool = False) -> tuple[tuple[Check, str], ...]:
    """Every check that `target` breaks, with what was found."""
    rows = (check for check in CHECKS if shipped or not check.shipped)
    found = ((check, check.find(target)) for check in rows)
    return tuple((check, text) for check, text in found if text)


def doubled_names(targets: Iterable[Target]) -> tuple[str, ...]:
    """Names and aliases that stand for more than one profile, or twice in one."""
    counts = Counter(name for target in targets for name in (target.name, *target.aliases))
    return tuple(sorted(name for name, count in counts.items() if count > 1))


def _names(target: Target) -> str:
    bad = [name for name in (target.name, *target.aliases) if not NAME.fullmatch(name)]
    return f"name or alias {bad[0]!r}" if bad else ""


def _title(target: Target) -> str:
    return "" if target.title.strip() else "title is empty"


def _family(target: Target) -> str:
    return "" if target.family in LINK_OF_FAMILY else f"family {target.family!r}"


def _link(target: Target) -> str:
    wanted = LINK_OF_FAMILY.get(target.family, target.link.kind)
    return "" if target.link.kind == wanted else f"{target.family} with link {target.link.kind!r}"


def _baud(target: Target) -> str:
    return "" if target.link.baud > 0 else f"baud {target.link.baud}"


def _usb(target: Target) -> str:
    bad = [pair for pair in target.link.usb if not USB.fullmatch(pair)]
    return f"usb {bad[0]!r}" if bad else ""


def _clock(target: Target) -> str:
    least = 0 if target.family in ("host", "android") else 1
    return "" if target.clock_hz >= least else f"clock_hz {target.clock_hz}"


def _toolchain(target: Target) -> str:
    bare = target.cpu.toolchain == "arm-none-eabi"
    fits = bare == (target.family == "cortex-m")
    return "" if fits else f"{target.family} with toolchain {target.cpu.toolchain!r}"


def _isa(target: Target) -> str:
    return "" if target.cpu.isa[-1:] == ("ref",) else f"isa {list(target.cpu.isa)}"


def _cycles(target: Target) -> str:
    cycles = target.cpu.cycles_per_instruction
    if cycles is None:
        return ""
    if not 0.25 <= cycles <= 8:
        return f"cycles_per_instruction {cycles:g}"
    return "" if target.cpu.cycles_source else "cycles_per_instruction without cycles_source"


def _formats(target: Target) -> str:
    if len(set(target.formats)) != len(target.formats) or not target.formats:
        return f"formats {list(target.formats)}"
    missing = target.family == "cortex-m" and "c" not in target.formats
    return 'a cortex-m target without "c"' if missing else ""


def _both_kinds(target: Target) -> str:
    if target.family != "cortex-m":
        return ""
    missing = [kind for kind in ("flash", "ram") if not target.total(kind)]
    return f"no memory of kind {missing[0]!r}" if missing else ""


def _extents(target: Target) -> str:
    for memory in target.memories:
        if memory.size <= 0 or memory.start < 0:
            return f"memory {memory.name!r}: start {memory.start}, size {memory.size}"
        if target.family == "cortex-m" and memory.start + memory.size > 1 << 32:
            return f"memory {memory.name!r} ends beyond 4 GiB"
    return ""


def _apart(target: Target) -> str:
    by_start = sorted(target.memories, key=lambda memory: memory.start)
    for low, high in pairwise(by_start):
        if low.start + low.size > high.start:
            return f"{_span(low)} overlaps {_span(high)}"
    return ""


def _span(memory: Memory) -> str:
    return f"{memory.name!r} (0x{memory.start:08x} to 0x{memory.start + memory.size - 1:08x})"


def _memory_names(target: Target) -> str:
    counts = Counter(memory.name for memory in target.memories)
    doubled = [name for name, count in counts.items() if count > 1 or not name]
    return f"memory {doubled[0]!r} twice" if doubled else ""


def _coupled(target: Target) -> str:
    bad = [m.name for m in target.memories if m.tightly_coupled and m.kind != "ram"]
    return f'memory {bad[0]!r} of kind "flash" is tightly_coupled' if bad else ""


def _stack(target: Target) -> str:
    rams = [memory.size for memory in target.rams]
    if target.stack_bytes <= 0:
        return f"stack_bytes {target.stack_bytes}"
    too_big = rams and target.stack_bytes >= max(rams)
    return f"stack_bytes {target.stack_bytes} of {max(rams)}" if too_big else ""


def _power_order(target: Target) -> str:
    if target.power is None:
        return ""
    if not 0 < target.power.rail_v <= 60:
        return f"rail_v {target.power.rail_v:g}"
    powers = (target.power.sleep_mw, target.power.idle_mw, target.power.active_mw)
    stated = [power for power in powers if power is not None]
    ordered = stated == sorted(stated) and all(power >= 0 for power in stated)
    return "" if ordered else f"sleep, idle, active of {stated} mW"


def _power_source(target: Target) -> str:
    power = target.power
    if power is None or power.source:
        return ""
    stated = any(x is not None for x in (power.active_mw, power.idle_mw, power.sleep_mw))
    return "a power figure without source" if stated else ""


def _camera(target: Target) -> str:
    camera = target.camera
    fits = camera is None or (camera.width > 0 and camera.height > 0 and camera.sensor)
    return "" if fits or camera is None else f"camera {camera.width}x{camera.height}"


def _virtual(target: Target) -> str:
    if target.emulator is None:
        return ""
    if not target.modelled_on:
        return "an emulator without modelled_on"
    if target.seconds_per_instruction is None:
        return "an emulator without clock or cycles_per_instruction"
    nominal = target.power is not None and target.power.active_mw is not None
    return "" if nominal else "an emulator without power.active_mw"


def _emulator(target: Target) -> str:
    emulator = target.emulator
    if emulator is None:
        return ""
    fits = emulator.machine and emulator.timer_hz > 0 and 0 <= emulator.icount_shift <= 10
    return "" if fits else f"emulator {emulator.machine!r}, timer {emulator.timer_hz} Hz"


def _boots_in(target: Target) -> str:
    boots = target.boots_in
    if boots is None:
        return ""
    if target.emulator is not None:
        return f"boots_in {boots.machine!r} beside an emulator"
    fits = target.port and boots.machine and boots.chip and 0 <= boots.serial < 8
    return "" if fits else f"boots_in {boots.machine!r}, {boots.chip!r}, serial {boots.serial}"


def _flash(target: Target) -> str:
    flash = target.flash
    if flash is None:
        return ""
    unknown = [tool for tool in flash.tools if tool not in flashers()]
    if unknown or not flash.tools:
        return f"flash.tools {list(flash.tools)}"
    rows = [flashers()[tool] for tool in flash.tools]
    unnamed = [r.name for r in rows if "{chip}" in r.command and r.name not in flash.chip]
    if unnamed:
        return f"flash.chip without {unnamed[0]}"
    drive = not (flash.uf2_family and flash.uf2_board)
    if drive and any(row.file == "uf2" for row in rows):
        return "flash by UF2 without uf2_family and uf2_board"
    if "daplink" in flash.tools and not flash.daplink:
        return "flash by daplink without the board's numbers, daplink"
    if any(row.bootloader for row in rows) and not (flash.bootloader and flash.enter):
        return "flash by a bootloader without bootloader and enter"
    bad = [pair for pair in flash.bootloader if not USB.fullmatch(pair)]
    return f"flash.bootloader {bad[0]!r}" if bad else ""


def _sources(target: Target) -> str:
    return "" if target.sources or target.family == "host" else "no sources"


CHECKS: tuple[Check, ...] = (
    Check("names", "lower-case letters and digits joined by hyphens", _names),
    Check("title", "a title people recognise the board by", _title),
    Check("family", "family: cortex-m, rpi, android or host", _family),
    Check("link", "cortex-m boards on serial, rpi on ssh, android on adb, host local", _link),
    Check("baud", "a positive baud rate", _baud),
    Check("usb", "VID:PID as four and four lower-case hexadecimal digits, as in 2341:805a", _usb),
    Check("clock", "a positive clock_hz (0, not stated, only for host and android)", _clock),
    Check("toolchain", "arm-none-eabi for cortex-m, and for nothing else", _toolchain),
    Check("isa", 'a list of kernel folders that ends with "ref"', _isa),
    Check("cycles", "cycles_per_instruction from 0.25 to 8, with cycles_source", _cycles),
    Check("formats", 'each format once, and "c" for cortex-m boards', _formats),
    Check("kinds", "cortex-m boards state flash and ram", _both_kinds),
    Check("extents", "memories with a positive size, below 4 GiB on cortex-m", _extents),
    Check("apart", "memories that do not overlap", _apart),
    Check("memory-names", "memories named apart", _memory_names),
    Check("coupled", "tightly_coupled for memories of kind ram only", _coupled),
    Check("stack", "a positive stack_bytes, smaller than the largest ram", _stack),
    Check("power-order", "rail_v up to 60 V, and sleep <= idle <= active", _power_order),
    Check("power-source", "a source for every power figure", _power_source),
    Check("camera", "a sensor with positive width and height", _camera),
    Check("virtual", "a virtual board borrows clock and power from a named real one", _virtual),
    Check("emulator", "a machine, a positive timer_hz, icount_shift 0 to 10", _emulator),
    Check("boots-in", "a machine, its chip and serial port, for boards with a port", _boots_in),
    Check("flash", "tools of flashers.toml, with the words each needs for this chip", _flash),
    Check("sources", "where the facts come from", _sources, shipped=True),
)
