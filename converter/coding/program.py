"""A program whose weights are stored coded, and expanded into the arena before they are read.

"layer" puts a step before each step that has coded weights; what it expands lives until they are
read, so that layers share the bytes. "boot" expands all weights once, when the model starts; they
keep bytes of the arena for good. What is coded are the bytes as the kernels read them, packed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import chain, count

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.coding import halves, palette, rans
from edgekit.converter.coding.choose import Choice, flash, smallest
from edgekit.converter.ir.graph import DType
from edgekit.converter.lower.calls import Array, Call, Result
from edgekit.converter.lower.program import (
    Buffer,
    BufferKind,
    ConstArg,
    ConstArray,
    ExpandedArg,
    KeptState,
    Params,
    ParamsArg,
    Program,
    ScratchArg,
    Step,
    Stored,
    WriteArg,
)
from edgekit.converter.lower.select import SCRATCHES, choose, kernel_table
from edgekit.converter.lower.variants import Request
from edgekit.targets.model import Target

MODES = ("layer", "boot")
FORMS = {rans.Coded: "rans", palette.Coded: "palette", halves.Coded: "half"}
"""What each form is called in reports."""
OPERATOR = "DECODE"
"""What such steps are called where others have the model's operator."""


def coded_program(program: Program, target: Target, mode: str) -> Program:
    """The program with weights in their smallest form; those that no form makes smaller stay.

    It computes the same bit for bit. `stored` of the result says what became of each array.
    """
    assert mode in MODES, mode
    assert not program.cascades, "weights are coded before steps are put into cascades"
    writer = _Writer(program, target, mode == "boot")
    for step in program.steps:
        writer.add(step)
    return writer.program()


@dataclass(slots=True)
class _Writer:
    """The program under construction, step by step."""

    source: Program
    target: Target
    boot: bool
    arrays: dict[str, ConstArray] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    buffers: list[Buffer] = field(default_factory=list)
    states: dict[str, KeptState] = field(default_factory=dict)
    stored: dict[str, Stored] = field(default_factory=dict)
    scratch: int = 0
    taken: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.arrays = {array.name: array for array in self.source.constants}
        self.taken = {b.name for b in self.source.buffers} | {s.name for s in self.source.steps}

    def add(self, step: Step) -> None:
        """A step, behind those that expand its weights."""
        args = []
        constants = step.constants
        for arg in step.args:
            array = self.arrays.get(arg.array) if isinstance(arg, ConstArg) else None
            form = self._form(step, array) if array is not None else None
            if array is None or form is None:
                args.append(arg)
                continue
            buffer, made = self._expanded(array, form)
            args.append(ExpandedArg(buffer, array.c_type))
            constants = tuple(
                name for old in constants for name in (made if old == array.name else (old,))
            )
        self.steps.append(self._step(step, replace(step, args=tuple(args), constants=constants)))

    def _step(self, before: Step, step: Step) -> Step:
        if step.args == before.args:
            return step
        return replace(step, weight_bytes=self._bytes(step.constants))

    def _bytes(self, names: tuple[str, ...]) -> int:
        return sum(self.arrays[name].bytes for name in names)

    def _form(self, step: Step, array: ConstArray) -> Choice | None:
        """How an array of weights is stored; None for other arrays and where nothing is gained."""
        if "weights" not in array.what:
            return None
        data = array.values.tobytes()
        choice = smallest(data, floats=array.c_type == "float")
        if array.name not in self.stored:
            form = choice.form if choice is not None else None
            size = len(data) if form is None else flash(form)
            kind = "raw" if form is None else FORMS[type(form)]
            self.stored[array.name] = Stored(array.name, step.name, kind, data, size)
        return choice

    def _expanded(self, array: ConstArray, choice: Choice) -> tuple[str, tuple[str, ...]]:
        """The buffer that holds the weights, and the constants that are first used by this step."""
        if array.name in self.states:
            return self.states[array.name].buffer, ()
        buffer = self._claim(array.name)
        kind = BufferKind.STATE if self.boot else BufferKind.SCRATCH
        self.buffers.append(Buffer(buffer, array.shape, DType.INT8, array.bytes, kind))
        call, arrays = _call(array.name, choice)
        fresh = tuple(a.name for a in arrays if a.name not in self.arrays)
        self.arrays |= {made.name: made for made in arrays}
        decoder = self._decoder(array, call, buffer, fresh)
        if self.boot:
            self.states[array.name] = KeptState(buffer, array.bytes, decoder=decoder)
            return buffer, fresh
        self.steps.append(decoder)
        return buffer, ()

    def _decoder(
        self, array: ConstArray, call: Call, buffer: str, constants: tuple[str, ...]
    ) -> Step:
        request = Request(call)
        choice = choose(kernel_table(), request, self.target.cpu.isa)
        name = self._claim(f"{array.name}_decode")
        suffixes = [arg.suffix for arg in call.args if isinstance(arg, Array)]
        tables = [ConstArg(f"{array.name}_{suffix}") for suffix in suffixes]
        size = SCRATCHES[choice.kernel.scratch](request)
        scratch = [ScratchArg(self._scratch(name, size))] if size else []
        return Step(
            name=name,
            layer="",
            operator=OPERATOR,
            kernel=choice.kernel.function,
            params=call.params,
            args=(ParamsArg(), *tables, WriteArg(buffer), *scratch),
            output_shape=array.shape,
            macs=0,
            constants=constants,
            weight_bytes=self._bytes(constants),
            scratch_bytes=size,
            cost=choice.cost,
            refused=choice.refused,
            helpers=choice.kernel.helper_functions,
        )

    def _scratch(self, step: str, size: int) -> str:
        """A step's own; at boot one decoder runs after the other, so that they share theirs."""
        if not self.boot:
            name = f"{step}_scratch"
            self.buffers.append(Buffer(name, (size,), DType.INT8, size, BufferKind.SCRATCH))
            return name
        self.scratch = max(self.scratch, size)
        return "decode_scratch"

    def _claim(self, wish: str) -> str:
        names = chain([wish], (f"{wish}_{number}" for number in count(2)))
        name = next(name for name in names if name not in self.taken)
        self.taken.add(name)
        return name

    def program(self) -> Program:
        """The finished program; constants that nothing names any more are gone."""
        size, kind = self.scratch, BufferKind.SCRATCH
        shared = [Buffer("decode_scratch", (size,), DType.INT8, size, kind)] if size else []
        decoders = [s.decoder for s in self.states.values() if s.decoder is not None]
        calls = (*self.steps, *decoders)
        used = {arg.array for step in calls for arg in step.args if isinstance(arg, ConstArg)}
        used |= {state.array for state in self.source.states}
        return replace(
            self.source,
            buffers=(*self.source.buffers, *self.buffers, *shared),
            constants=tuple(array for array in self.arrays.values() if array.name in used),
            steps=tuple(self.steps),
            states=(*self.source.states, *self.states.values()),
            stored=tuple(self.stored.values()),
        )


def _call(array: str, choice: Choice) -> tuple[Call, tuple[ConstArray, ...]]:
    """The call of the decoder of a form, and its constants named after the array."""
    form = choice.form
    words = Array("words", "coded weights", "uint16_t", _numbers(form.words, np.uint16))
    lanes = ("lanes", int(choice.lanes))
    tables: list[Array]
    fields: list[tuple[str, int]]
    if isinstance(form, halves.Coded):
        family, tables, fields = "decode_half_w8", [], []
    elif isinstance(form, rans.Coded):
        family, table = "decode_rans_w8", form.table
        values = _values(table.values)
        tables = [values, Array("counts", "slots", "uint16_t", _numbers(table.counts, np.uint16))]
        fields = [("values", len(table.values)), ("bits", table.bits), lanes]
    else:
        family, tables = "decode_palette_w8", [_values(form.values)]
        fields = [("bits", form.bits), lanes]
    sizes = (("bytes", form.size), ("words", len(form.words)), *fields)
    arrays = (*tables, words)
    made = tuple(ConstArray(f"{array}_{a.suffix}", a.c_type, a.values, a.what) for a in arrays)
    params = Params(f"ek_{family}_t", sizes)
    return Call(family, (ParamsArg(), *arrays, Result(array)), params), made


def _values(values: tuple[int, ...]) -> Array:
    return Array("values", "values", "int8_t", _numbers(values, np.uint8).view(np.int8))


def _numbers(numbers: tuple[int, ...], kind: type[np.generic]) -> NDArray[np.generic]:
    array = np.array(numbers, kind)
    array.flags.writeable = False
    return array
