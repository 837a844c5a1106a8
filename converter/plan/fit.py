"""Does a model fit a target, asked before anything is flashed?"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from edgekit.artifacts.bundle import ArenaBlock
from edgekit.artifacts.figures import Note
from edgekit.converter.lower.program import Program
from edgekit.converter.plan.lifetimes import ALIGNMENT
from edgekit.converter.plan.plan import MemoryPlan
from edgekit.converter.plan.split import Room
from edgekit.errors import DoesNotFitError
from edgekit.targets.model import Target
from edgekit.units import bytes_text

FIRMWARE_BYTES, STEP_BYTES, KERNEL_BYTES = 12 * 1024, 192, 1536
"""Flash set aside for firmware and C library, per step and per kernel, until a linker counts.

Rounded up from what arm-none-eabi-gcc 12 makes of it for Cortex-M0, M4 and M33 (kernels at -O3):
9.6 to 10.9 kB without a model, 150 B a step, 0.4 to 2.1 kB a kernel, the larger ones rarely alone.
"""
STATIC_BYTES = 3 * 1024
"""RAM set aside for the firmware's own variables (0.7 to 2.5 kB) besides arena and stack."""
MOST_BLOCKS = 8
"""Memories an arena may lie in: EK_MOST_BLOCKS of ek_model.h."""
GUARD_BYTES = 32
"""Before and behind a block of the arena, in the benchmark firmware."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a model asks of a target, in bytes. `code` and `static` are allowances.

    `inputs` is one set of inputs: the benchmark firmware keeps a copy, an application need not.
    """

    constants: int
    arena: int
    inputs: int = 0
    code: int = FIRMWARE_BYTES
    static: int = STATIC_BYTES
    blocks: tuple[ArenaBlock, ...] = ()
    """The arena by memory; empty where it is one block anywhere."""


@dataclass(frozen=True, slots=True)
class FitResult:
    """Needs against memories, in bytes; estimated, because code size is an allowance.

    `largest_ram` is the biggest single RAM, which an arena of one block must fit into. A target
    that states no memory of a kind has `None` there, and everything fits.
    """

    target: str
    flash_needed: int
    flash_available: int | None
    ram_needed: int
    ram_available: int | None
    arena_bytes: int
    largest_ram: int | None
    bench_ram_needed: int
    """With the benchmark firmware's copy of the inputs, in the largest RAM: what lies there."""
    spread: bool | None = None
    """Of an arena in stated memories: whether each of them has room for its block."""

    @property
    def flash_fits(self) -> bool:
        """Constants and code against all flash."""
        return self.flash_available is None or self.flash_needed <= self.flash_available

    @property
    def ram_fits(self) -> bool:
        """Arena, stack and variables against all RAM, and each block of it against its RAM."""
        if self.ram_available is None or self.largest_ram is None:
            return True
        if self.spread is not None:
            return self.spread
        return self.ram_needed <= self.ram_available and self.arena_bytes <= self.largest_ram

    @property
    def fits(self) -> bool:
        """Both."""
        return self.flash_fits and self.ram_fits

    @property
    def bench_fits(self) -> bool:
        """Whether the benchmark firmware fits too; it keeps its other data in the largest RAM."""
        fits = self.largest_ram is None or self.bench_ram_needed <= self.largest_ram
        return self.fits and fits


def footprint(program: Program, memory: MemoryPlan) -> Footprint:
    """The footprint of a planned program."""
    return Footprint(
        constants=program.constant_bytes,
        arena=memory.arena_bytes,
        inputs=sum(port.bytes for port in program.inputs),
        code=FIRMWARE_BYTES + STEP_BYTES * len(program.steps) + KERNEL_BYTES * len(program.kernels),
        blocks=memory.blocks,
    )


def check_fit(sizes: Footprint, target: Target) -> FitResult:
    """The sizes against a target's memories; RAM includes the target's stack."""
    rams = [memory.size for memory in target.rams]
    flashes = [memory.size for memory in target.memories if memory.kind == "flash"]
    return FitResult(
        target=target.name,
        flash_needed=sizes.constants + sizes.code,
        flash_available=sum(flashes) if flashes else None,
        ram_needed=sizes.arena + target.stack_bytes + sizes.static,
        ram_available=sum(rams) if rams else None,
        arena_bytes=sizes.arena,
        largest_ram=max(rams, default=None),
        bench_ram_needed=_in_main(sizes, target) + target.stack_bytes + sizes.static + sizes.inputs,
        spread=_spread(sizes, target),
    )


def _in_main(sizes: Footprint, target: Target) -> int:
    """Bytes of the arena in the largest RAM."""
    main = target.main_ram
    if not sizes.blocks or main is None:
        return sizes.arena
    return sum(block.bytes + GUARD_BYTES for block in sizes.blocks if block.memory == main.name)


def _spread(sizes: Footprint, target: Target) -> bool | None:
    if not sizes.blocks:
        return None
    room = {room.memory: room.bytes for room in rooms(target)}
    return all(block.bytes <= room.get(block.memory, 0) for block in sizes.blocks)


def rooms(target: Target, beside: int = 0) -> tuple[Room, ...]:
    """What each RAM has for the arena, the one to fill first in front.

    Tightly coupled memories come first, then the largest RAM, then the others by size; a byte
    touched weighs as many places. Stack, variables and `beside` bytes lie in the largest.
    """
    main = target.main_ram
    order = sorted(target.rams, key=lambda m: (not m.tightly_coupled, -m.size, m.start))
    order = order[:MOST_BLOCKS]
    slow = [memory for memory in order if not memory.tightly_coupled]
    taken = target.stack_bytes + STATIC_BYTES + beside
    return tuple(
        Room(
            memory.name,
            max(memory.size - GUARD_BYTES - (taken if memory is main else 0), 0)
            // ALIGNMENT
            * ALIGNMENT,
            0 if memory.tightly_coupled else 1 + slow.index(memory),
        )
        for memory in order
    )


def require_fit(
    sizes: Footprint,
    target: Target,
    *,
    model: str,
    input_shape: tuple[int, ...] = (),
    others: Iterable[Target] = (),
    rescue: Callable[[], str] | None = None,
    unplaced: str = "",
) -> FitResult:
    """The fit, or DoesNotFitError (exit 3) naming what is too big and what would fit.

    `input_shape` (NHWC) makes the advice name an input size; `others` are targets to suggest, and
    `rescue` says what a RAM budget could do, asked only where RAM is short. `unplaced` says what
    several memories lack, where they were tried.
    """
    result = check_fit(sizes, target)
    if result.fits:
        return result
    advice = [_advice(sizes, result, target, input_shape, others)]
    if rescue is not None and not result.ram_fits:
        advice.insert(0, rescue())
    raise DoesNotFitError(
        f"{model} on {target.name}",
        "; ".join(_too_big(result, unplaced)),
        hint="; ".join(text for text in advice if text),
    )


def bench_note(
    result: FitResult, target: Target, model: str, ways: Callable[[int], Sequence[str]]
) -> Note | None:
    """That the benchmark firmware does not fit, though the model does.

    `ways` names the options with which it would, from the bytes that the arena may have then.
    """
    if result.bench_fits or result.largest_ram is None or target.family != "cortex-m":
        return None
    over = result.bench_ram_needed - result.largest_ram
    found = ways(result.arena_bytes - over)
    return Note(
        "bench-fit",
        model,
        "the model fits, the benchmark firmware with its copy of the inputs by estimate does"
        f" not: {bytes_text(over)} too much for one RAM",
        f"to run `edgekit bench` on {target.name} convert with {' or '.join(found)}"
        if found
        else "a smaller input or a thinner network needs less",
    )


def arena_room(target: Target) -> int | None:
    """Bytes the target's RAM has for an arena beside stack and variables; None without a limit."""
    rams = [memory.size for memory in target.rams]
    if not rams:
        return None
    return max(min(sum(rams) - target.stack_bytes - STATIC_BYTES, max(rams)), 0)


def _too_big(result: FitResult, unplaced: str) -> list[str]:
    found = []
    if not result.flash_fits and result.flash_available is not None:
        found.append(_short("flash", result.flash_needed, result.flash_available))
    if unplaced and not result.ram_fits:
        found.append(unplaced)
    elif result.ram_available is not None and result.ram_needed > result.ram_available:
        found.append(_short("RAM", result.ram_needed, result.ram_available))
    elif not result.ram_fits and result.largest_ram is not None:
        found.append(_short("arena in one RAM", result.arena_bytes, result.largest_ram))
    return found


def _short(what: str, needed: int, available: int) -> str:
    return (
        f"{what} needs {bytes_text(needed)} of {bytes_text(available)},"
        f" {bytes_text(needed - available)} too much"
    )


def _advice(
    sizes: Footprint,
    result: FitResult,
    target: Target,
    shape: tuple[int, ...],
    others: Iterable[Target],
) -> str:
    changes = [*_smaller_input(result, target, sizes, shape), *_thinner(result, target, sizes)]
    homes = _homes(sizes, target, others)
    advice = []
    if changes:
        advice.append("by rough estimate it would fit with " + " or ".join(changes))
    if homes:
        advice.append("it fits as it is on " + homes)
    return "; ".join(advice) or "use a smaller model: this target has too little even for its code"


HOMES = 6
"""Targets that are named; `edgekit targets` has the rest."""


def _homes(sizes: Footprint, target: Target, others: Iterable[Target]) -> str:
    """Where it fits: the target's own kind first, the smallest memory first."""
    sizes = replace(sizes, blocks=())
    fitting = [t for t in others if t.name != target.name and check_fit(sizes, t).fits]
    fitting.sort(key=lambda t: (t.family != target.family, t.total("ram") or math.inf, t.name))
    names = ", ".join(t.name for t in fitting[:HOMES])
    rest = len(fitting) - HOMES
    return f"{names} and {rest} more" if rest > 0 else names


def _room(result: FitResult, target: Target, sizes: Footprint) -> tuple[float, float]:
    """Shares of today's constants and arena that the target has room for; at most 1."""
    flash = ram = 1.0
    if result.flash_available is not None:
        flash = (result.flash_available - sizes.code) / max(sizes.constants, 1)
    if result.ram_available is not None and result.largest_ram is not None:
        free = min(result.ram_available - target.stack_bytes - sizes.static, result.largest_ram)
        ram = free / max(sizes.arena, 1)
    return min(flash, 1.0), min(ram, 1.0)


def _smaller_input(
    result: FitResult, target: Target, sizes: Footprint, shape: tuple[int, ...]
) -> list[str]:
    """Activations shrink with the square of the image's side; weights stay."""
    flash, ram = _room(result, target, sizes)
    if len(shape) != 4 or flash < 1 or not 0 < ram < 1:
        return []
    height, width = (int(extent * math.sqrt(ram)) // 8 * 8 for extent in shape[1:3])
    if min(height, width) < 8:
        return []
    return [f"an input of about {height}x{width} instead of {shape[1]}x{shape[2]}"]


def _thinner(result: FitResult, target: Target, sizes: Footprint) -> list[str]:
    """A width factor acts once on activations and twice, in and out, on weights."""
    flash, ram = _room(result, target, sizes)
    if min(flash, ram) <= 0:
        return []
    factor = min(math.sqrt(flash), ram)
    rounded = math.floor(factor * 20) / 20
    return [f"about {rounded:g} times its width (alpha)"] if 0 < rounded < 1 else []
