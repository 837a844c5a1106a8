"""What lowering hands to planning and emission: kernel calls over named buffers and constants.

A `Program` is the model as straight-line C: every step is one call of one kernel function, with
its arguments in call order. Names are C identifiers, unique within the program. Neighbouring steps
may form a cascade, which runs stripe by stripe: all its steps on a few rows, then on the next ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.bundle import Refusal
from edgekit.converter.fixed_point import Requant
from edgekit.converter.ir.graph import DType

if TYPE_CHECKING:
    from edgekit.converter.lower.select import Origin


class BufferKind(StrEnum):
    """What a buffer is for; the values are those of `artifacts.bundle.PlacedBuffer.kind`."""

    INPUT = "input"
    OUTPUT = "output"
    ACTIVATION = "activation"
    SCRATCH = "scratch"
    STATE = "state"


@dataclass(frozen=True, slots=True)
class Buffer:
    """Bytes in the arena. `shape` is for people: a buffer may be read under another shape."""

    name: str
    shape: tuple[int, ...]
    dtype: DType
    bytes: int
    kind: BufferKind = BufferKind.ACTIVATION

    @property
    def c_type(self) -> str:
        """The element type kernels see: float, int16_t, or int8_t for everything else."""
        return {DType.FLOAT32: "float", DType.INT16: "int16_t"}.get(self.dtype, "int8_t")


@dataclass(frozen=True, slots=True, eq=False)
class ConstArray:
    """A constant array of `c_type`; `values` keeps its natural shape, which sets the C rows.

    For `ek_requant_t` the last axis of `values` is (multiplier, shift).
    """

    name: str
    c_type: str
    values: NDArray[np.generic]
    what: str
    """In a word: "weights", "bias", "requantization", "table", "data"."""
    align: int = 1
    """Bytes; its address is a multiple, where a kernel loads more than one element at once."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Extents in elements of `c_type`."""
        return self.values.shape[:-1] if self.c_type == "ek_requant_t" else self.values.shape

    @property
    def length(self) -> int:
        """Number of elements of `c_type`."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def bytes(self) -> int:
        """Bytes the array takes in flash."""
        return int(self.values.size * self.values.itemsize)


FieldValue = int | float | tuple[int, ...] | Requant


@dataclass(frozen=True, slots=True)
class Params:
    """A kernel's parameter struct: its C type and its fields in the order of the header."""

    c_type: str
    fields: tuple[tuple[str, FieldValue], ...]


@dataclass(frozen=True, slots=True)
class ParamsArg:
    """The address of the step's own parameter struct."""


@dataclass(frozen=True, slots=True)
class ConstArg:
    """The constant array of this name."""

    array: str


@dataclass(frozen=True, slots=True)
class ReadArg:
    """A buffer the kernel reads through a pointer to `c_type`."""

    buffer: str
    c_type: str = "int8_t"


@dataclass(frozen=True, slots=True)
class WriteArg:
    """A buffer the kernel writes through a pointer to `c_type`."""

    buffer: str
    c_type: str = "int8_t"


@dataclass(frozen=True, slots=True)
class StateArg:
    """A state that the kernel reads and updates, through a pointer to `c_type`."""

    buffer: str
    c_type: str = "int8_t"


@dataclass(frozen=True, slots=True)
class ScratchArg:
    """A buffer that belongs to this step alone."""

    buffer: str


@dataclass(frozen=True, slots=True)
class NumberArg:
    """A literal: an int, or a float holding a float32 value exactly."""

    value: int | float


@dataclass(frozen=True, slots=True)
class ExpandedArg:
    """A constant that is stored coded, expanded in a buffer and read through a pointer to
    `c_type`."""

    buffer: str
    c_type: str = "int8_t"


Arg = ParamsArg | ConstArg | ExpandedArg | ReadArg | WriteArg | StateArg | ScratchArg | NumberArg


@dataclass(frozen=True, slots=True)
class StripeCall:
    """One call of a step in a cascade: it computes rows `first` to `end` (excluded) of the output.

    `reads` are the rows, counted in their buffers, at which the operands start, one for each buffer
    read; `write` is the row of its buffer where the output starts. Before the call `kept` rows of
    that buffer, from row `kept_from`, move to its start. A call of no rows is not made.
    """

    first: int
    end: int
    params: Params | None
    reads: tuple[int, ...]
    write: int
    kept: int = 0
    kept_from: int = 0

    @property
    def rows(self) -> int:
        """Rows computed."""
        return self.end - self.first


@dataclass(frozen=True, slots=True)
class Stripes:
    """How a step of a cascade is called, stripe by stripe.

    `read_rows` and `write_row` are elements of one row as the kernel sees them, 0 for an operand
    that every row reads whole.
    """

    calls: tuple[StripeCall, ...]
    read_rows: tuple[int, ...]
    write_row: int


@dataclass(frozen=True, slots=True)
class Cascade:
    """Steps first..last, both included, run stripe by stripe, from the top or `upward`.

    `rows` of the last step's output make a stripe. Buffers `held` keep rows from one stripe to the
    next; the others among the steps hold nothing between stripes.
    """

    first: int
    last: int
    stripes: int
    rows: int
    held: tuple[str, ...]
    upward: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One kernel call. `layer` and `operator` are the model's words, `name` the C identifier."""

    name: str
    layer: str
    operator: str
    kernel: str
    params: Params | None
    args: tuple[Arg, ...]
    output_shape: tuple[int, ...]
    macs: int
    constants: tuple[str, ...]
    """Constant arrays first used by this step."""
    weight_bytes: int
    """Bytes of those arrays."""
    scratch_bytes: int = 0
    in_place: tuple[str, ...] = ()
    """Buffers read here at whose very address the output may be written, if they die here."""
    cost: int = 0
    """Estimated instructions of the call; 0 when no estimate is made."""
    refused: tuple[Refusal, ...] = ()
    """The other kernels of the target that compute the same."""
    helpers: tuple[str, ...] = ()
    """Functions in files of their own that the kernel calls."""
    stripes: Stripes | None = None
    """How the step is called in a cascade; None for a single call."""
    origin: Origin | None = field(default=None, compare=False, repr=False)
    """What the step was made from: for rewriting it."""

    @property
    def reads(self) -> tuple[str, ...]:
        """Buffers read, in call order."""
        return tuple(arg.buffer for arg in self.args if isinstance(arg, ReadArg))

    @property
    def writes(self) -> tuple[str, ...]:
        """Buffers written, scratch excluded."""
        return tuple(arg.buffer for arg in self.args if isinstance(arg, WriteArg))

    @property
    def touches(self) -> tuple[str, ...]:
        """All buffers the call is given, scratch included."""
        kinds = (ReadArg, WriteArg, StateArg, ScratchArg, ExpandedArg)
        return tuple(arg.buffer for arg in self.args if isinstance(arg, kinds))


@dataclass(frozen=True, slots=True)
class Port:
    """A graph input or output: the tensor as the model file states it, and where it lives."""

    tensor: str
    buffer: str
    shape: tuple[int, ...]
    dtype: DType
    scale: float
    """0 when not quantized."""
    zero_point: int
    bytes: int


@dataclass(frozen=True, slots=True)
class KeptState:
    """A buffer that keeps its bytes between invocations. A reset copies the constant `array` into
    it, `times` times one after the other, or, without one, fills it with the byte `fill`. What a
    `decoder` writes instead, once, are weights that all invocations read."""

    buffer: str
    bytes: int
    fill: int = 0
    array: str = ""
    times: int = 1
    decoder: Step | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """How the weights of an array are stored: `form` "raw", "palette", "rans" or
    "half" (floats as float16).

    `data` are the bytes that kernels read, `step` reads them first; `flash` is the bytes they take
    there, tables included.
    """

    array: str
    step: str
    form: str
    data: bytes = field(repr=False)
    flash: int


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A model as kernel calls in execution order."""

    name: str
    buffers: tuple[Buffer, ...]
    constants: tuple[ConstArray, ...]
    steps: tuple[Step, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    states: tuple[KeptState, ...] = ()
    cascades: tuple[Cascade, ...] = ()
    stored: tuple[Stored, ...] = ()
    """Of a program with coded weights: all arrays of weights."""

    @property
    def decoders(self) -> tuple[Step, ...]:
        """Calls that are made once, when the model starts."""
        return tuple(s.decoder for s in self.states if s.decoder is not None)

    def buffer(self, name: str) -> Buffer:
        """The buffer of this name."""
        return next(buffer for buffer in self.buffers if buffer.name == name)

    def constant(self, name: str) -> ConstArray:
        """The constant array of this name."""
        return next(array for array in self.constants if array.name == name)

    @property
    def kernels(self) -> tuple[str, ...]:
        """The kernel functions called, sorted."""
        steps = (*self.steps, *self.decoders)
        called = {name for step in steps for name in (step.kernel, *step.helpers)}
        return tuple(sorted(called))

    @property
    def constant_bytes(self) -> int:
        """Bytes of all constant arrays: what the model costs in flash besides code."""
        return sum(array.bytes for array in self.constants)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return sum(step.macs for step in self.steps)

    @property
    def cost(self) -> int:
        """Estimated instructions of one inference, of the steps that have an estimate."""
        return sum(step.cost for step in self.steps)
