"""The one provider of TFLite interpreters.

Three packages offer the same interpreter: `ai_edge_litert`, its predecessor `tflite_runtime`, and
`tf.lite` inside TensorFlow. They are tried in this order and imported only when one is opened.
Which kernels computed a result matters as much as which package: XNNPACK, the optimized builtin
kernels and the reference kernels differ in the last bits, so an `Interpreter` says which it used.

Known traps, handled here: tflite_runtime 2.14 fails with numpy 2, fails when TensorFlow was
imported first, and crashes the process on a damaged file. It does not verify the flatbuffer, so
its offsets are checked here, and the model is opened once in a process of its own.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import DataError, MissingExtraError, ModelError, UnsupportedError, UsageError
from edgekit.litert.offsets import verify_offsets

Kernels = Literal["default", "builtin", "reference"]
"""What to ask for: XNNPACK where it applies, the builtin kernels alone, or the reference ones."""


@dataclass(frozen=True, slots=True)
class ProviderInfo:
    """A package that offers an interpreter: `problem` says why it cannot be used, or is empty."""

    name: str
    version: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class TensorDetails:
    """A tensor as the interpreter sees it, after any resize.

    `scales` and `zero_points` have one entry (per tensor), one per channel along `axis`, or none
    when the tensor is not quantized.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    scales: tuple[float, ...] = ()
    zero_points: tuple[int, ...] = ()
    axis: int = 0


@dataclass(frozen=True, slots=True)
class _Provider:
    name: str
    module: str
    distributions: tuple[str, ...]
    extra: str
    verifies: bool
    """Whether it checks the flatbuffer before reading it; if not, a damaged file may crash it."""

    @property
    def version(self) -> str:
        for distribution in self.distributions:
            try:
                return metadata.version(distribution)
            except metadata.PackageNotFoundError:
                continue
        return "unknown"

    @property
    def installed(self) -> bool:
        return importlib.util.find_spec(self.module.partition(".")[0]) is not None


_PROVIDERS = (
    _Provider(
        "ai_edge_litert", "ai_edge_litert.interpreter", ("ai-edge-litert",), "litert", verifies=True
    ),
    _Provider(
        "tflite_runtime", "tflite_runtime.interpreter", ("tflite-runtime",), "rpi", verifies=False
    ),
    _Provider(
        "tf.lite",
        "tensorflow.lite.python.interpreter",
        ("tensorflow-cpu", "tensorflow"),
        "convert",
        verifies=True,
    ),
)


def available() -> tuple[ProviderInfo, ...]:
    """The installed providers, best first. Imports none of them."""
    return tuple(
        ProviderInfo(row.name, row.version, _problem(row)) for row in _PROVIDERS if row.installed
    )


def load_provider(name: str | None = None) -> ProviderInfo:
    """Import the provider that `open_interpreter(provider=name)` would use; raises as it does."""
    chosen = _choose(name)
    with _quiet():
        _import(chosen)
    return ProviderInfo(chosen.name, chosen.version)


def _problem(provider: _Provider) -> str:
    """Why an installed provider cannot work in this process, or "" when it can."""
    if provider.name != "tflite_runtime":
        return ""
    if int(np.__version__.partition(".")[0]) >= 2:
        return f"needs numpy < 2, found {np.__version__}"
    if "tensorflow" in sys.modules and provider.module not in sys.modules:
        return "TensorFlow was imported first in this process"
    return ""


class Interpreter:
    """A model ready to run. Not safe for use from several threads at once.

    `name` and `version` are the provider's, `kernels` is "XNNPACK", "optimized" (builtin kernels
    without a delegate) or "reference".
    """

    def __init__(self, raw: Any, provider: str, version: str, kernels: str, threads: int) -> None:
        self._raw = raw
        self.name = provider
        self.version = version
        self.kernels = kernels
        self.threads = threads
        self.inputs = tuple(_details(row) for row in raw.get_input_details())
        self.outputs = tuple(_details(row) for row in raw.get_output_details())

    @property
    def description(self) -> str:
        """The kernel set as reports name it: "ai_edge_litert 2.3.0, XNNPACK"."""
        return f"{self.name} {self.version}, {self.kernels}"

    def run(self, inputs: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """One inference: arrays in the order of `inputs`, copies out in the order of `outputs`.

        Raises DataError when count, shape or dtype differ from the model's.
        """
        self.set_inputs(inputs)
        self.invoke()
        return [np.array(self._raw.get_tensor(row.index)) for row in self.outputs]

    def set_inputs(self, inputs: Sequence[NDArray[Any]]) -> None:
        """Copy the inputs in. Raises DataError as `run` does."""
        if len(inputs) != len(self.inputs):
            raise DataError(
                "model inputs",
                f"{len(inputs)} arrays given",
                allowed=str(len(self.inputs)),
                hint="give one array per input, in the model's order",
                code="input-count",
            )
        for row, array in zip(self.inputs, inputs, strict=True):
            _check_input(row, array)
            self._raw.set_tensor(row.index, array)

    def invoke(self) -> None:
        """Run on the inputs set before. Raises ModelError when the model fails inside."""
        try:
            self._raw.invoke()
        except (RuntimeError, ValueError) as error:
            raise ModelError(
                "model",
                f"failed while running: {_first_line(error)}",
                hint="run `edgekit inspect` on the file and convert it again",
                code="model-failed",
            ) from None

    def tensor(self, index: int) -> NDArray[Any]:
        """A copy of any tensor; intermediate ones need `preserve_all_tensors`."""
        return np.array(self._raw.get_tensor(index))

    def tensors(self) -> tuple[TensorDetails, ...]:
        """Every tensor of the main graph, weights included."""
        return tuple(_details(row) for row in self._raw.get_tensor_details())


def open_interpreter(
    model: bytes | Path,
    *,
    threads: int = 1,
    kernels: Kernels = "default",
    provider: str | None = None,
    preserve_all_tensors: bool = False,
    batch: int | None = None,
) -> Interpreter:
    """An interpreter with its tensors allocated.

    `batch` resizes the first axis of every input. `provider` forces one package, else the first
    that is installed and works is used.

    Raises MissingExtraError when no provider (or not the one asked for) is installed, UsageError
    for a wrong option, ModelError for a file that is missing, damaged or no TFLite model, and
    UnsupportedError for custom operators and for models that cannot change their batch size.
    """
    _check_options(threads, kernels, batch)
    data, subject = _read(model)
    chosen = _choose(provider)
    if not chosen.verifies:
        _verify(data, subject)
        _trial(data, chosen.module, subject)
    with _quiet() as log:
        module = _import(chosen)
        try:
            raw = module.Interpreter(
                model_content=data,
                num_threads=threads,
                experimental_op_resolver_type=_resolver(module, kernels),
                experimental_preserve_all_tensors=preserve_all_tensors,
            )
            if batch is not None:
                _resize(raw, batch)
            raw.allocate_tensors()
        except (RuntimeError, ValueError, SystemError) as error:
            raise _explain(subject, error, log(), batch) from None
    return Interpreter(raw, chosen.name, chosen.version, _kernel_set(raw, kernels), threads)


def _check_options(threads: int, kernels: str, batch: int | None) -> None:
    if threads < 1:
        raise UsageError("threads", str(threads), allowed="1 or more", code="threads")
    if kernels not in ("default", "builtin", "reference"):
        raise UsageError(
            "kernels", repr(kernels), allowed="default, builtin, reference", code="kernels"
        )
    if batch is not None and batch < 1:
        raise UsageError("batch", str(batch), allowed="1 or more", code="batch")


def _read(model: bytes | Path) -> tuple[bytes, str]:
    """The file's bytes and the name for messages; refuses what cannot be a TFLite file."""
    subject = "model" if isinstance(model, bytes) else str(model)
    try:
        data = model if isinstance(model, bytes) else model.read_bytes()
    except OSError as error:
        raise ModelError(
            subject,
            f"cannot be read: {error.strerror or error}",
            hint="check the path",
            code="model-missing",
        ) from None
    if data[4:8] != b"TFL3":
        raise ModelError(
            subject,
            "empty" if not data else "not a TFLite file (no TFL3 mark)",
            hint="give the .tflite that `edgekit convert` wrote",
            code="not-tflite",
        )
    return data, subject


def _choose(name: str | None) -> _Provider:
    names = [row.name for row in _PROVIDERS]
    if name is not None and name not in names:
        raise UsageError("provider", repr(name), allowed=", ".join(names), code="provider")
    wanted = [row for row in _PROVIDERS if name in (None, row.name)]
    installed = [row for row in wanted if row.installed]
    if not installed:
        first = wanted[0]
        raise MissingExtraError(first.name, first.extra, "running .tflite models")
    for row in installed:
        if not _problem(row):
            return row
    raise UsageError(
        installed[0].name,
        _problem(installed[0]),
        hint="use provider ai_edge_litert (pip install 'edgekit-sdk[litert]')",
        code="provider-unusable",
    )


def _import(provider: _Provider) -> Any:
    if provider.name == "tf.lite":
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        return importlib.import_module(provider.module)
    except ImportError as error:
        raise MissingExtraError(
            provider.name, provider.extra, f"running .tflite models ({error})"
        ) from None


def _resolver(module: Any, kernels: Kernels) -> Any:
    resolvers = module.OpResolverType
    return {
        "default": resolvers.AUTO,
        "builtin": resolvers.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        "reference": resolvers.BUILTIN_REF,
    }[kernels]


def _kernel_set(raw: Any, kernels: Kernels) -> str:
    """What will really compute: a delegate shows as an extra operator of that name."""
    if kernels == "reference":
        return "reference"
    operators: list[dict[str, Any]] = getattr(raw, "_get_ops_details", list)()
    delegated = any(row.get("op_name") == "DELEGATE" for row in operators)
    return "XNNPACK" if delegated else "optimized"


def _resize(raw: Any, batch: int) -> None:
    for row in raw.get_input_details():
        shape = [int(extent) for extent in row["shape"]]
        if shape:
            raw.resize_tensor_input(row["index"], [batch, *shape[1:]])


def _explain(subject: str, error: BaseException, log: str, batch: int | None) -> ModelError:
    """The interpreter's complaint as one of ours."""
    text = _first_line(error) or log.strip()
    if "custom op" in text:
        return UnsupportedError(
            subject,
            f"holds an operator no interpreter here knows: {text}",
            hint="convert the model with builtin operators only",
            code="custom-operator",
        )
    if batch not in (None, 1):
        return UnsupportedError(
            subject,
            f"cannot run with batch size {batch}: {text}",
            allowed="1",
            hint="measure it with batch size 1, or convert it with a dynamic batch",
            code="fixed-batch",
        )
    return _damaged(subject, text)


def _damaged(subject: str, why: str) -> ModelError:
    return ModelError(
        subject,
        f"damaged, or not for this interpreter: {why}",
        hint="copy or convert the file again",
        code="model-damaged",
    )


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0].strip()


_TRIAL = """
import importlib, sys
model = importlib.import_module(sys.argv[1]).Interpreter(model_content=sys.stdin.buffer.read())
model.allocate_tensors()
"""


def _verify(data: bytes, subject: str) -> None:
    try:
        verify_offsets(data)
    except ValueError as error:
        raise _damaged(subject, str(error)) from None


@lru_cache(maxsize=4)
def _trial(data: bytes, module: str, subject: str) -> None:
    """Open the model once in a process of its own, where a crash does no harm."""
    command = [sys.executable, "-c", _TRIAL, module]
    if subprocess.run(command, input=data, capture_output=True, check=False).returncode < 0:
        raise _damaged(subject, "it crashes the interpreter")


@contextmanager
def _quiet() -> Iterator[Callable[[], str]]:
    """Keep the C++ libraries' chatter off stderr; yields a function that returns it."""
    sys.stderr.flush()
    try:
        saved = os.dup(2)
    except OSError:  # stderr is closed: nothing to keep clean
        yield lambda: ""
        return
    with tempfile.TemporaryFile() as sink:
        os.dup2(sink.fileno(), 2)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield lambda: _content(sink.fileno())
        finally:
            sys.stderr.flush()
            os.dup2(saved, 2)
            os.close(saved)


def _content(descriptor: int) -> str:
    return os.pread(descriptor, 4096, 0).decode(errors="replace")


def _check_input(row: TensorDetails, array: NDArray[Any]) -> None:
    if array.shape != row.shape or array.dtype != np.dtype(row.dtype):
        raise DataError(
            f"input {row.name}",
            f"{array.dtype} of shape {list(array.shape)}",
            allowed=f"{row.dtype} of shape {list(row.shape)}",
            hint="quantize and reshape the array first",
            code="input-shape",
        )


def _details(row: dict[str, Any]) -> TensorDetails:
    parameters = row["quantization_parameters"]
    return TensorDetails(
        index=int(row["index"]),
        name=str(row["name"]),
        shape=tuple(int(extent) for extent in row["shape"]),
        dtype=np.dtype(row["dtype"]).name,
        scales=tuple(float(scale) for scale in parameters["scales"]),
        zero_points=tuple(int(zero) for zero in parameters["zero_points"]),
        axis=int(parameters["quantized_dimension"]),
    )
