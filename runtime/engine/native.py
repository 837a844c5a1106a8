"""Run generated C on this machine: a shared library loaded with ctypes.

Mirrors `firmware_stubs/include/ek_model.h`: the library defines `const ek_model_t <name>_model`.
What the structures say is checked before anything is called, so that a library built against
another header is an error and not a crash, as far as that can be told from outside.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import DataError, ModelError

ALIGNMENT = 64
"""Of the arena in bytes: the 16 that the header asks for, and a cache line."""
MOST_BLOCKS = 8
"""EK_MOST_BLOCKS."""
MOST_TENSORS = 256
"""More inputs, outputs or a larger count of steps than this mean a foreign structure."""

_DTYPES = ("int8", "float32", "uint8", "int16", "int32")


class _Tensor(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("bytes", ctypes.c_uint32),
        ("offset", ctypes.c_uint32),
        ("dtype", ctypes.c_int),
        ("scale", ctypes.c_float),
        ("zero_point", ctypes.c_int32),
    ]


class _Step(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("operation", ctypes.c_char_p),
        ("macs", ctypes.c_uint32),
    ]


_Run = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class _Block(ctypes.Structure):
    _fields_ = [("memory", ctypes.c_char_p), ("bytes", ctypes.c_uint32)]


class _Blocks(ctypes.Structure):
    _fields_ = [
        ("count", ctypes.c_uint16),
        ("block", ctypes.POINTER(_Block)),
        ("input", ctypes.POINTER(ctypes.c_uint8)),
        ("output", ctypes.POINTER(ctypes.c_uint8)),
        ("invoke", _Run),
        ("reset", _Run),
    ]


class _Model(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("hash", ctypes.c_char_p),
        ("arena_bytes", ctypes.c_uint32),
        ("inputs", ctypes.c_uint16),
        ("outputs", ctypes.c_uint16),
        ("steps", ctypes.c_uint16),
        ("input", ctypes.POINTER(_Tensor)),
        ("output", ctypes.POINTER(_Tensor)),
        ("step", ctypes.POINTER(_Step)),
        ("invoke", _Run),
        ("reset", _Run),
        ("blocks", ctypes.POINTER(_Blocks)),
    ]

    def several(self) -> _Blocks | None:
        """What there is besides where the arena is several blocks; older headers end before it."""
        return self.blocks.contents if not self.invoke and self.blocks else None


class NativeModel:
    """A generated model in a shared library, with an arena of its own.

    `isa` names the kernels it was built with, for reports. Not safe for several threads at once.
    """

    def __init__(self, path: Path, name: str, *, model_sha256: str = "", isa: str = "ref") -> None:
        """Load and check. `model_sha256`, when given, must begin with the library's hash.

        Raises ModelError when the file is no library for this machine, lacks the symbol, was
        built against another `ek_model.h`, or belongs to another model.
        """
        self.path, self.isa = path, isa
        self._library = _load(path)
        self._model = _find(self._library, path, name)
        _check(self._model, path, name)
        self.name = name
        self.hash = self._model.hash.decode()
        if model_sha256 and not model_sha256.startswith(self.hash):
            raise ModelError(
                str(path),
                f"built from another model (hash {self.hash})",
                allowed=model_sha256[:16],
                hint="the C is another conversion's: convert again into a new folder",
                code="native-hash",
            )
        self.arena_bytes = int(self._model.arena_bytes)
        several = self._model.several()
        self._runs = several or self._model
        self._blocks = [_aligned(size) for size in _block_bytes(self._model)]
        addresses = (ctypes.c_void_p * MOST_BLOCKS)(*(b.ctypes.data for b in self._blocks))
        self._arena = addresses if several else addresses[0]
        self.reset()

    @property
    def description(self) -> str:
        """The engine as reports name it: "edgekit-c ref, native"."""
        return f"edgekit-c {self.isa}, native"

    def run(
        self,
        inputs: Sequence[NDArray[Any]],
        *,
        shapes: Sequence[tuple[int, ...]] | None = None,
        fresh: bool = True,
    ) -> list[NDArray[Any]]:
        """One inference; copies of the outputs, flat, or of `shapes` when given.

        Unless `fresh`, states go on from the inference before.
        Raises DataError when an input's dtype or number of bytes is not the model's.
        """
        if fresh:
            self.reset()
        self.set_inputs(inputs)
        self.invoke()
        outputs = [
            self._view(row, block).view(_DTYPES[row.dtype]).copy()
            for row, block in _outputs(self._model)
        ]
        if shapes is None:
            return outputs
        return [array.reshape(shape) for array, shape in zip(outputs, shapes, strict=True)]

    def set_inputs(self, inputs: Sequence[NDArray[Any]]) -> None:
        """Copy the inputs into the arena. Raises DataError as `run` does."""
        count = self._model.inputs
        if len(inputs) != count:
            raise DataError(
                f"model {self.name}",
                f"{len(inputs)} arrays given",
                allowed=str(count),
                hint="give one array per input, in the model's order",
                code="input-count",
            )
        for (row, block), array in zip(_inputs(self._model), inputs, strict=True):
            _check_input(row, array)
            self._view(row, block)[:] = np.frombuffer(
                np.ascontiguousarray(array).tobytes(), np.uint8
            )

    def reset(self) -> None:
        """Put the states kept between inferences, if any, back to their first values."""
        if self._runs.reset:
            self._runs.reset(self._arena)

    def invoke(self) -> None:
        """Run on what lies in the arena. Inputs may be overwritten by it."""
        self._runs.invoke(self._arena)

    def _view(self, row: _Tensor, block: int) -> NDArray[np.uint8]:
        return self._blocks[block][row.offset : row.offset + row.bytes]


def _aligned(size: int) -> NDArray[np.uint8]:
    """Zeros at a multiple of the alignment, in a room of their own."""
    room = np.zeros(size + ALIGNMENT, np.uint8)
    start = -room.ctypes.data % ALIGNMENT
    return room[start : start + size]


def _block_bytes(model: _Model) -> list[int]:
    """Bytes of each block; of the arena where it is one."""
    several = model.several()
    if several is None:
        return [int(model.arena_bytes)]
    return [int(several.block[index].bytes) for index in range(several.count)]


def _load(path: Path) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(str(path.resolve(strict=True)))
    except OSError as error:
        reason = error.strerror or str(error).partition(": ")[2] or str(error)
        raise ModelError(
            str(path),
            f"cannot be loaded as a shared library: {reason}",
            hint="compile it for this machine, as `edgekit run BUNDLE INPUT --engine c` does",
            code="native-load",
        ) from None


def _find(library: ctypes.CDLL, path: Path, name: str) -> _Model:
    try:
        return _Model.in_dll(library, f"{name}_model")
    except ValueError:
        raise ModelError(
            str(path),
            f"does not define {name}_model",
            hint="give the name in the bundle's edgekit.json, and export that symbol",
            code="native-symbol",
        ) from None


def _check(model: _Model, path: Path, name: str) -> None:
    """The structure must make sense before a pointer in it is followed any further."""
    for rule, holds in _RULES:
        if not holds(model):
            raise ModelError(
                str(path),
                f"{name}_model does not look like an ek_model_t: {rule}",
                hint="build it against the ek_model.h of this EdgeKit",
                code="native-abi",
            )
    if model.name != name.encode():
        raise ModelError(
            str(path),
            f"{name}_model is named {model.name!r}",
            hint="compile the bundle's c folder again, and give the name in its edgekit.json",
            code="native-abi",
        )


def _inputs(model: _Model) -> list[tuple[_Tensor, int]]:
    """Each input and the block it lies in."""
    several = model.several()
    return [(model.input[i], several.input[i] if several else 0) for i in range(model.inputs)]


def _outputs(model: _Model) -> list[tuple[_Tensor, int]]:
    several = model.several()
    return [(model.output[i], several.output[i] if several else 0) for i in range(model.outputs)]


def _tensors(model: _Model) -> list[_Tensor]:
    return [row for row, _ in (*_inputs(model), *_outputs(model))]


def _inside(model: _Model) -> bool:
    blocks = _block_bytes(model)
    return all(
        block < len(blocks) and row.offset + row.bytes <= blocks[block]
        for row, block in (*_inputs(model), *_outputs(model))
    )


def _runnable(model: _Model) -> bool:
    several = model.several()
    if several is None:
        return bool(model.invoke)
    return bool(several.invoke) and bool(several.block) and 1 < several.count <= MOST_BLOCKS


def _typed(model: _Model) -> bool:
    rows = _tensors(model)
    return all(
        0 <= row.dtype < len(_DTYPES) and row.bytes % np.dtype(_DTYPES[row.dtype]).itemsize == 0
        for row in rows
    )


_RULES: tuple[tuple[str, Callable[[_Model], bool]], ...] = (
    ("the counts are wrong", lambda m: max(m.inputs, m.outputs) <= MOST_TENSORS and m.outputs > 0),
    ("a table is missing", lambda m: bool(m.input) and bool(m.output) and bool(m.step)),
    ("there is no invoke", _runnable),
    ("there is no name or hash", lambda m: bool(m.name) and bool(m.hash)),
    ("a tensor has no known dtype", _typed),
    ("a tensor lies outside the arena", _inside),
)


def _check_input(row: _Tensor, array: NDArray[Any]) -> None:
    dtype = _DTYPES[row.dtype]
    if array.dtype != np.dtype(dtype) or array.nbytes != row.bytes:
        raise DataError(
            f"input {row.name.decode()}",
            f"{array.dtype}, {array.nbytes} bytes",
            allowed=f"{dtype}, {row.bytes} bytes",
            hint="quantize and reshape the array first",
            code="input-shape",
        )
