"""An opened model: run it, look at its tensors, know which kernels compute it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import DataError, ModelError


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
            raise _failed(error) from None

    @contextmanager
    def invoking(self) -> Iterator[Callable[[], None]]:
        """The package's own call without anything around it, for loops that are timed; what it
        raises in the block becomes what `invoke` raises."""
        try:
            yield self._raw.invoke
        except (RuntimeError, ValueError) as error:
            raise _failed(error) from None

    def tensor(self, index: int) -> NDArray[Any]:
        """A copy of any tensor; intermediate ones need `preserve_all_tensors`."""
        return np.array(self._raw.get_tensor(index))

    def tensors(self) -> tuple[TensorDetails, ...]:
        """Every tensor of the main graph, weights included."""
        return tuple(_details(row) for row in self._raw.get_tensor_details())


def _failed(error: BaseException) -> ModelError:
    return ModelError(
        "model",
        f"failed while running: {first_line(error)}",
        hint="run `edgekit inspect` on the file and convert it again",
        code="model-failed",
    )


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


def first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0].strip()
