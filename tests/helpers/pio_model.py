"""A state machine of RP2040's PIO as an interpreter of its instructions.

RP2040 Datasheet, chapter "PIO": "Instruction Set", "Functional Details" (autopush, forced
instructions, FIFO joining, input synchronisers). Side-set, OUT and IRQ are not there.
"""

from __future__ import annotations

from collections import deque

MASK = 0xFFFFFFFF
JUMP, WAIT, IN, PUSH_PULL, MOV, SET = 0, 1, 2, 4, 5, 7
PUSH = 0x80
INPUT_DELAY = 2
"""Cycles from a pin to the program: the synchroniser's two flip-flops."""


class StateMachine:
    """One machine; its settings are those of the registers, its pins come with each `cycle`."""

    def __init__(self) -> None:
        self.memory = [0] * 32
        self.wrap_bottom, self.wrap_top, self.jump_pin = 0, 31, 0
        self.autopush, self.right, self.threshold, self.depth = False, True, 32, 4
        self.in_base = 0
        self.pc = self.x = self.y = self.isr = self.count = self.delay = 0
        self.fifo: deque[int] = deque()
        self.stalled = False
        """RXSTALL: it had to wait for room in its FIFO."""
        self.forced: int | None = None
        """An instruction from outside that waits for room."""
        self.pipe = deque([0] * INPUT_DELAY)
        self.pins = 0

    def restart(self) -> None:
        """What SM_RESTART clears; the program counter it does not."""
        self.isr = self.count = self.delay = 0
        self.forced = None

    def force(self, word: int) -> None:
        """An instruction from outside, at once and in place of one that still waits."""
        self.forced = None if self.execute(word) else word

    def cycle(self, levels: int, *, runs: bool) -> None:
        """One cycle of the system clock, with `levels` on the pins."""
        self.pipe.append(levels)
        self.pins = self.pipe.popleft()
        if self.forced is not None:
            self.force(self.forced)
            return
        if not runs:
            return
        if self.delay:
            self.delay -= 1
            return
        word = self.memory[self.pc]
        before = self.pc
        if self.execute(word):
            self.delay = word >> 8 & 31
            if self.pc == before and word >> 13 != JUMP:
                self.pc = self.wrap_bottom if before == self.wrap_top else (before + 1) % 32

    def execute(self, word: int) -> bool:
        """Whether it is done; false where it has to be tried again in the next cycle."""
        kind, low = word >> 13, word & 0xFF
        if kind == JUMP:
            return self._jump(low)
        if kind == WAIT:
            return self._wait(low)
        if kind == IN:
            return self._in(low)
        if kind == PUSH_PULL and not low & PUSH:
            return self._push(low)
        if kind == MOV:
            return self._move(low)
        if kind == SET and low >> 5 in (1, 2):
            setattr(self, "xy"[(low >> 5) - 1], low & 31)
            return True
        raise NotImplementedError(f"PIO instruction {word:#06x}")

    def _pin(self, number: int) -> int:
        return self.pins >> number % 32 & 1

    def _jump(self, low: int) -> bool:
        taken = (
            True,
            self.x == 0,
            self.x != 0,
            self.y == 0,
            self.y != 0,
            self.x != self.y,
            bool(self._pin(self.jump_pin)),
        )[low >> 5]
        if low >> 5 == 2:
            self.x = (self.x - 1) & MASK
        if low >> 5 == 4:
            self.y = (self.y - 1) & MASK
        step = self.wrap_bottom if self.pc == self.wrap_top else (self.pc + 1) % 32
        self.pc = low & 31 if taken else step
        return True

    def _wait(self, low: int) -> bool:
        source, index = low >> 5 & 3, low & 31
        if source > 1:
            raise NotImplementedError("PIO: wait for an IRQ")
        return self._pin(index + (self.in_base if source else 0)) == low >> 7

    def _source(self, number: int) -> int:
        if number == 0:
            base = self.in_base
            return (self.pins >> base | self.pins << (32 - base)) & MASK
        return {1: self.x, 2: self.y, 3: 0, 6: self.isr}[number]

    def _in(self, low: int) -> bool:
        bits = low & 31 or 32
        full = self.autopush and self.count + bits >= self.threshold
        if full and len(self.fifo) == self.depth:
            self.stalled = True
            return False
        value = self._source(low >> 5) & (1 << bits) - 1
        if self.right:
            self.isr = (self.isr >> bits | value << (32 - bits)) & MASK
        else:
            self.isr = (self.isr << bits | value) & MASK
        self.count = min(32, self.count + bits)
        if full:
            self._out()
        return True

    def _out(self) -> None:
        self.fifo.append(self.isr)
        self.isr = self.count = 0

    def _push(self, low: int) -> bool:
        if low & 0x40 and self.count < self.threshold:
            return True
        if len(self.fifo) < self.depth:
            self._out()
            return True
        self.stalled = True
        if low & 0x20:
            return False
        self.isr = self.count = 0
        return True

    def _move(self, low: int) -> bool:
        value = self._source(low & 7)
        value = (value, ~value & MASK, int(f"{value:032b}"[::-1], 2))[low >> 3 & 3]
        target = low >> 5
        if target in (1, 2):
            setattr(self, "xy"[target - 1], value)
        elif target == 6:
            self.isr, self.count = value, 0
        elif target == 5:
            self.pc = value & 31
        else:
            raise NotImplementedError(f"PIO: mov to {target}")
        return True


def assemble(text: str) -> int:
    """The word of one line: wait, in, jmp without condition, mov isr, null."""
    words = text.replace(",", " ").split()
    if words[0] == "wait":
        source = {"gpio": 0, "pin": 1}[words[2]]
        return 0x2000 | int(words[1]) << 7 | source << 5 | int(words[3])
    if words[0] == "in":
        return 0x4000 | {"pins": 0, "x": 1, "y": 2, "null": 3}[words[1]] << 5 | int(words[2]) & 31
    if words[0] == "jmp":
        return int(words[1])
    return {"mov isr null": 0xA0C3}[" ".join(words)]
