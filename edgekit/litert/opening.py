"""Open a model with any provider; what is no model, or a damaged one, is an error."""

from __future__ import annotations

import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from edgekit.errors import ModelError, UnsupportedError, UsageError
from edgekit.litert.interpreter import Interpreter, first_line
from edgekit.litert.offsets import verify_offsets
from edgekit.litert.providers import choose, import_provider
from edgekit.litert.quiet import quiet

Kernels = Literal["default", "builtin", "reference"]
"""What to ask for: XNNPACK where it applies, the builtin kernels alone, or the reference ones."""


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
    chosen = choose(provider)
    if not chosen.verifies:
        _verify(data, subject)
        _trial(data, chosen.module, subject)
    with quiet() as log:
        module = import_provider(chosen)
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
        raise UsageError(
            "threads",
            str(threads),
            allowed="1 or more",
            hint="leave it out for 1",
            code="threads",
        )
    if kernels not in ("default", "builtin", "reference"):
        raise UsageError(
            "kernels",
            repr(kernels),
            allowed="default, builtin, reference",
            hint="reference is the set that generated C equals",
            code="kernels",
        )
    if batch is not None and batch < 1:
        raise UsageError(
            "batch",
            str(batch),
            allowed="1 or more",
            hint="leave it out to keep the model's own",
            code="batch",
        )


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
            "not a TFLite file (no TFL3 mark)" if data else "the file is empty",
            hint="give the .tflite that `edgekit convert` wrote",
            code="not-tflite" if data else "empty-model",
        )
    return data, subject


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
    text = first_line(error) or log.strip()
    if "custom op" in text:
        return UnsupportedError(
            subject,
            f"holds an operator no interpreter here knows: {text}",
            allowed="TFLite's builtin operators",
            hint="convert the model again from its source: `edgekit convert` writes builtin"
            " operators, of binarized layers with --binary-format portable",
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
        hint="copy or convert the file again, or take another interpreter (docs/install.md)",
        code="interpreter-refused",
    )


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
