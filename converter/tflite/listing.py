"""What any valid .tflite file holds, supported or not: for `inspect` and for targets that run
the file through LiteRT."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edgekit.converter.tflite import support
from edgekit.converter.tflite.dilated import join_dilations
from edgekit.converter.tflite.options import read_options
from edgekit.converter.tflite.raw import RawModel, RawOperator, RawTensor, read_raw
from edgekit.converter.tflite.reader import computed_inputs, variable_operands
from edgekit.converter.tflite.resolve import Resolved, resolve
from edgekit.converter.tflite.variables import VARIABLE_OPERATORS
from edgekit.errors import UnsupportedError


@dataclass(frozen=True, slots=True)
class ListedTensor:
    """A tensor as stored; -1 in `shape` is an extent known only at run time.

    `scale` and `zero_point` are the first ones; `channels` counts the scales (0: not quantized).
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    constant: bool
    bytes: int
    scale: float = 0.0
    zero_point: int = 0
    channels: int = 0


@dataclass(frozen=True, slots=True)
class OperatorInfo:
    """An operator as stored. `problem` says why EdgeKit's graphs cannot hold it, or is "";
    `advice` is then the cheapest rewrite."""

    index: int
    operator: str
    version: int
    inputs: tuple[ListedTensor | None, ...]
    outputs: tuple[ListedTensor, ...]
    problem: str = ""
    advice: str = ""

    @property
    def supported(self) -> bool:
        """Whether EdgeKit can turn it into C."""
        return not self.problem


@dataclass(frozen=True, slots=True)
class FileSummary:
    """A whole file: the borders of its main subgraph, and the operators in order."""

    description: str
    subgraphs: int
    inputs: tuple[ListedTensor, ...]
    outputs: tuple[ListedTensor, ...]
    operators: tuple[OperatorInfo, ...]
    constant_bytes: int

    @property
    def unsupported(self) -> tuple[OperatorInfo, ...]:
        """The operators that cannot be turned into C."""
        return tuple(row for row in self.operators if not row.supported)


def summarize(data: bytes, subject: str) -> FileSummary:
    """The content of any valid .tflite file. Raises ModelError for other or damaged files."""
    model = read_raw(data, subject)
    main = model.main
    return FileSummary(
        description=model.description,
        subgraphs=len(model.subgraphs),
        inputs=tuple(_listed(model, main.tensors[index]) for index in main.inputs),
        outputs=tuple(_listed(model, main.tensors[index]) for index in main.outputs),
        operators=list_operators(data, subject),
        constant_bytes=sum(length for _, length in model.buffers),
    )


def list_operators(data: bytes, subject: str) -> tuple[OperatorInfo, ...]:
    """The main subgraph's operators, supported or not. Raises ModelError as `summarize` does."""
    model = join_dilations(read_raw(data, subject))
    resolved = resolve(model)
    return tuple(_info(model, operator, resolved) for operator in model.main.operators)


def _info(model: RawModel, raw: RawOperator, resolved: Resolved) -> OperatorInfo:
    tensors = model.main.tensors
    problem, advice = _problem(model, raw, resolved)
    return OperatorInfo(
        raw.index,
        support.label(raw),
        raw.version,
        tuple(_listed(model, tensors[i]) if i >= 0 else None for i in raw.inputs),
        tuple(_listed(model, tensors[i]) for i in raw.outputs),
        problem,
        advice,
    )


def _problem(model: RawModel, raw: RawOperator, resolved: Resolved) -> tuple[str, str]:
    """What is wrong with an operator or one of its tensors, and the advice."""
    if not support.supported(raw):
        return "operator not supported", support.advice(raw, computed_inputs(model, raw))
    if raw.name in VARIABLE_OPERATORS:
        return "", ""
    for index in (*raw.inputs, *raw.outputs):
        if index < 0:
            continue
        tensor = model.main.tensors[index]
        if index in variable_operands([raw]):
            tensor = replace(tensor, variable=False)
        found = support.tensor_problem(tensor, open_shape=index in resolved.open)
        if found is not None:
            return f"{tensor.name}: {found.found}", found.hint
    try:
        read_options(raw, str(raw.index))
    except UnsupportedError as error:
        return error.found, error.hint
    return "", ""


def _listed(model: RawModel, raw: RawTensor) -> ListedTensor:
    shape = raw.signature if len(raw.signature) == len(raw.shape) else raw.shape
    count = 1
    for extent in raw.shape:
        count *= max(extent, 1)
    return ListedTensor(
        raw.name,
        shape,
        raw.dtype.lower(),
        model.constant(raw),
        (count * raw.bits + 7) // 8,
        raw.scales[0] if raw.scales else 0.0,
        raw.zero_points[0] if raw.zero_points else 0,
        len(raw.scales),
    )
