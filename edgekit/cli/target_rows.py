"""Targets as rows of text: one of the list, and everything about one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import fill

from edgekit.targets.model import Memory, Power, Target
from edgekit.units import bytes_text, si

WIDE = 110
"""Columns from which a target of the list takes one line."""

Row = tuple[str, ...]


def row(target: Target) -> Row:
    """Name, title, core, clock, flash, RAM, firmware."""
    flash, ram = target.total("flash"), target.total("ram")
    return (
        target.name,
        target.title,
        target.cpu.name,
        si(target.clock_hz, "Hz") if target.clock_hz else "-",
        bytes_text(flash) if flash else "-",
        bytes_text(ram) if ram else "-",
        _firmware(target),
    )


def narrow(columns: Row, rows: Sequence[Row]) -> tuple[Row, list[Row]]:
    """The list for a narrow terminal: the title below the name, the clock below the core."""
    _, _, cpu, clock, *rest = columns
    short = [
        (f"{name}\n{_indented(title)}", f"{core}\n  {hertz}", *others)
        for name, title, core, hertz, *others in rows
    ]
    return ("target", f"{cpu}, {clock.lstrip('>')}", *rest), short


def _indented(title: str) -> str:
    return fill(title, 28, initial_indent="  ", subsequent_indent="  ")


def _firmware(target: Target) -> str:
    if target.family != "cortex-m":
        return "-"
    if target.emulator is not None:
        return "QEMU"
    if target.boots_in is not None:
        return "yes, QEMU"
    return "yes" if target.port else "not yet"


def details(target: Target) -> Iterator[tuple[str, str]]:
    """(what, value) pairs of everything that the profile states."""
    yield "name", target.name
    if target.aliases:
        yield "also", ", ".join(target.aliases)
    yield "title", target.title
    yield "family", target.family
    yield from _cpu(target)
    if target.modelled_on:
        yield "modelled on", target.modelled_on
    for memory in target.memories:
        yield memory.kind if memory.kind == "flash" else "RAM", _memory(memory)
    if target.family == "cortex-m":
        yield "stack", f"{bytes_text(target.stack_bytes)} set aside"
    yield "runs", " and ".join({"tflite": "the .tflite", "c": "C"}[f] for f in target.formats)
    yield "link", _link(target)
    yield "firmware", _port(target)
    if target.flash is not None:
        yield "flashed by", " or ".join(target.flash.tools)
    if target.power is not None:
        yield "power", _power(target.power)
    if target.camera is not None:
        camera = target.camera
        yield "camera", f"{camera.sensor}, {camera.width}x{camera.height}, {camera.color}"
    for source in target.sources:
        yield "source", source
    if target.notes:
        yield "notes", target.notes


def _cpu(target: Target) -> Iterator[tuple[str, str]]:
    cpu = target.cpu
    clock = f", {si(target.clock_hz, 'Hz')}" if target.clock_hz else ""
    yield "cpu", f"{cpu.name} ({cpu.arch}){clock}"
    yield "kernels", f"{', '.join(cpu.isa)}; compiled with {cpu.optimization}"
    compiler = cpu.toolchain if cpu.toolchain == "native" else f"{cpu.toolchain}-gcc"
    yield "compiler", " ".join((compiler, *cpu.flags))
    if cpu.cycles_per_instruction is not None:
        yield "cycles", f"{cpu.cycles_per_instruction:g} per instruction; {cpu.cycles_source}"


def _memory(memory: Memory) -> str:
    name = memory.name + ", tightly coupled" * memory.tightly_coupled
    return f"{bytes_text(memory.size)} at {memory.start:#010x} ({name})"


def _link(target: Target) -> str:
    link = target.link
    if link.kind != "serial":
        return {"local": "this machine"}.get(link.kind, link.kind)
    usb = f", USB {', '.join(link.usb)}" if link.usb else ""
    return f"serial, {link.baud} baud{usb}"


def _port(target: Target) -> str:
    if target.emulator is not None:
        counter = si(target.emulator.timer_hz, "Hz")
        return f"{target.port}, in QEMU as {target.emulator.machine}, counter {counter}"
    if target.family != "cortex-m":
        return "none: an operating system runs there"
    boots = target.boots_in
    where = f", boots in QEMU's {boots.machine} ({boots.chip})" if boots is not None else ""
    return f"{target.port}{where}" if target.port else "not yet"


def _power(power: Power) -> str:
    states = (("active", power.active_mw), ("idle", power.idle_mw), ("asleep", power.sleep_mw))
    known = [f"{milliwatts:g} mW {state}" for state, milliwatts in states if milliwatts is not None]
    source = f"; {power.source}" if power.source else ""
    return f"{', '.join([f'{power.rail_v:g} V', *known])}{source}"
