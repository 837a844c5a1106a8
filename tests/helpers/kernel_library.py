"""The C reference kernels as a shared library, called with NumPy arrays through ctypes.

Parameter structures are read from `ek_kernels.h`, so a test that uses a field which is not there
fails, and the order of fields cannot drift. Compiled once per test process with the host's `cc`.

    lib = load()
    lib.call("ek_lut_s8__ref", 4, table, x, y)
    lib.call("ek_max_pool2d_s8__ref", lib.struct("ek_pool2d_s8_t", batches=1, ...), x, y)
"""

from __future__ import annotations

import ctypes
import functools
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from edgekit.firmware_stubs import catalog

Array = npt.NDArray[Any]
SHIM = catalog.ROOT / "test" / "inline_shim.c"
FLAGS = ("-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{catalog.INCLUDE}")

_STRUCT = re.compile(r"typedef struct \{(.*?)\} (\w+);", re.DOTALL)
_FIELD = re.compile(r"(\w+)(?:\[(\d+)\])?")


class Requant(ctypes.Structure):
    """ek_requant_t."""

    _fields_ = (("multiplier", ctypes.c_int32), ("shift", ctypes.c_int32))


class KernelLibrary:
    """All `ref` kernels, and the inline helpers of the headers as `shim_<name>`."""

    def __init__(self, path: Path) -> None:
        self._library = ctypes.CDLL(str(path))
        self._structs = parse_structs((catalog.INCLUDE / "ek_kernels.h").read_text())

    def struct(self, name: str, **fields: Any) -> ctypes.Structure:
        """A parameter structure; every field must be given."""
        kind = self._structs[name]
        expected = {field[0] for field in kind._fields_}
        assert set(fields) == expected, f"{name}: {sorted(set(fields) ^ expected)}"
        values = {k: tuple(v) if isinstance(v, list | tuple) else v for k, v in fields.items()}
        return kind(**{k: _as_field(v) for k, v in values.items()})

    def call(self, function: str, *arguments: Any) -> int:
        """Call `function`; arrays and structures go by address, floats as C float."""
        entry = getattr(self._library, function)
        return int(entry(*[_argument(a) for a in arguments]))


def parse_structs(header: str) -> dict[str, type[ctypes.Structure]]:
    """Every `typedef struct` of the header whose fields are int32_t, float, ek_requant_t, or a
    structure that stands before it."""
    text = re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL)
    types: dict[str, Any] = {"int32_t": ctypes.c_int32, "float": ctypes.c_float}
    types["ek_requant_t"] = Requant
    structs: dict[str, type[ctypes.Structure]] = {}
    for body, name in _STRUCT.findall(text):
        fields: list[tuple[str, Any]] = []
        for line in filter(None, (part.strip() for part in body.split(";"))):
            base, names = line.split(maxsplit=1)
            for field, length in _FIELD.findall(names):
                fields.append((field, types[base] * int(length) if length else types[base]))
        structs[name] = type(name, (ctypes.Structure,), {"_fields_": fields})
        types.setdefault(name, structs[name])
    return structs


@functools.cache
def load() -> KernelLibrary:
    """The library, compiled on first use; skips where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler on this machine")
    folder = Path(tempfile.mkdtemp(prefix="ek-kernels-"))
    library = folder / "libkernels.so"
    sources = [str(catalog.kernel_source(name)) for name in catalog.kernel_functions("ref")]
    command = [compiler, *FLAGS, "-O2", "-fPIC", "-shared", "-o", str(library), str(SHIM), *sources]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    kernels = KernelLibrary(library)
    shutil.rmtree(folder)
    return kernels


def requants(q: Any) -> Array:
    """An array of (multiplier, shift) rows laid out as `ek_requant_t[]`."""
    return np.ascontiguousarray(np.asarray(q, np.int32).reshape(-1, 2))


def _as_field(value: Any) -> Any:
    if isinstance(value, tuple) and len(value) == 2:
        return Requant(*(int(v) for v in value))
    if isinstance(value, tuple):
        return (ctypes.c_int32 * len(value))(*(int(v) for v in value))
    return int(value)


def _argument(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        assert value.flags.c_contiguous
        return ctypes.c_void_p(value.ctypes.data)
    if isinstance(value, ctypes.Structure):
        return ctypes.byref(value)
    if isinstance(value, float | np.floating):
        return ctypes.c_float(value)
    return ctypes.c_int32(int(value))
