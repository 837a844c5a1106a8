"""One truth about a bundle's numerics: every engine against the reference, byte by byte.

Float outputs count as equal within a hundred-thousandth of the largest (`closeness`): sums may be
taken in another order.

The reference is the NumPy interpreter, which equals TensorFlow Lite Micro (double rounding). Only
the generated C must equal it; LiteRT's kernel sets are shown because phones and Pis run them.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir.graph import Graph
from edgekit.converter.tflite import read_tflite, write_tflite
from edgekit.deploy.boards import board_engine, check_port
from edgekit.deploy.build import native_model
from edgekit.deploy.bundles import Bundle, open_bundle
from edgekit.deploy.claims import claimed, claims
from edgekit.deploy.closeness import FLOAT_TOLERANCE, apart
from edgekit.deploy.inputs import (
    ROW,
    Inputs,
    Sample,
    calls_of,
    last_of_row,
    random_inputs,
    real_windows,
    rows_of,
)
from edgekit.deploy.programs import PLACES, Place, check_place, launcher_for, program_engine
from edgekit.deploy.windows import window_engine
from edgekit.errors import EdgeKitError, MismatchError, MissingExtraError, ModelError
from edgekit.litert.lce import lce_python, open_lce
from edgekit.litert.quiet import quiet
from edgekit.targets.model import Target

Progress = Callable[[str, int, int], None]
Outputs = list[NDArray[Any]]
Row = tuple[Sample, ...]
Run = Callable[[Row], Outputs]
"""Outputs of the last of several inferences in a row, which start from the initial states."""
REFERENCE = "NumPy interpreter (double rounding, as TensorFlow Lite Micro)"


@dataclass(frozen=True, slots=True)
class EngineResult:
    """One engine against the reference over all inputs.

    `largest` is the largest difference of one output element in its own units (LSB for int8).
    `flips` counts inputs whose best class differs. `first_layer` names the first node whose
    output differs, "" when none does or it was not looked for. `must_equal` engines decide the
    verdict. `skipped` says why an engine was not run; what is `generated` is C of the bundle.
    """

    engine: str
    must_equal: bool
    inputs: int = 0
    inputs_equal: int = 0
    bytes_different: int = 0
    largest: float = 0.0
    flips: int = 0
    first_layer: str = ""
    skipped: str = ""
    generated: bool = False

    @property
    def equal(self) -> bool:
        """Whether every input gave the reference's bytes; False when nothing was run."""
        return self.inputs > 0 and self.inputs_equal == self.inputs


@dataclass(frozen=True, slots=True)
class Verification:
    """What `verify` found."""

    name: str
    reference: str
    inputs: str
    engines: tuple[EngineResult, ...]
    floats: bool = False
    """Whether an output is float32, so that equal means within `FLOAT_TOLERANCE`."""

    @property
    def equality(self) -> str:
        """What equal means here, to end the sentence "the generated C equals the reference"."""
        return f"within {FLOAT_TOLERANCE:g} of the largest output" if self.floats else "bit for bit"

    def rows(self) -> list[tuple[str, ...]]:
        """One row of strings per engine."""
        return [_row(result) for result in self.engines]

    def verdict(self) -> MismatchError | None:
        """The error to raise (exit 3) when generated C was run and differs."""
        for result in self.engines:
            if result.must_equal and result.inputs and not result.equal:
                return MismatchError(
                    f"{self.name}, {result.engine}",
                    f"{result.bytes_different} output bytes differ from the reference in "
                    f"{result.inputs - result.inputs_equal} of {result.inputs} inputs"
                    + (f", first in layer {result.first_layer}" if result.first_layer else ""),
                    allowed="0 bytes",
                    hint="this is a bug in EdgeKit: please report it with the bundle",
                )
        return None

    @property
    def proved(self) -> bool:
        """Whether generated C was run at all and equals the reference (floats: nearly)."""
        must = [result for result in self.engines if result.must_equal and not result.skipped]
        return any(r.generated for r in must) and all(result.equal for result in must)


def verify(
    bundle: str | Path,
    *,
    target: str | Target | None = None,
    data: Any = None,
    samples: int = 100,
    board: bool = False,
    port: str | None = None,
    place: Place | None = None,
    wait_s: float = 0.0,
    seed: int = 0,
    progress: Progress | None = None,
) -> Verification:
    """Run `samples` random inputs, and as many of `data` when given, through every engine here.

    Engines: LiteRT's reference and default kernels, the generated C compiled for this machine,
    and the firmware on the target's virtual board with `board`, on the real one at `port`; of a Pi
    or phone its program, at `place` or with `board` in an emulator. LiteRT runs a binarized model
    in its portable form. What is not installed is listed as skipped, never as equal; a board that
    was asked for and cannot run is an error; one that another run uses is waited for, `wait_s`
    seconds. Raises ModelError, DataError, UsageError, ToolError,
    DeviceError.
    """
    opened = open_bundle(bundle)
    report = progress or (lambda stage, done, total: None)
    profile = opened.target(target)
    at = place or Place()
    if profile.family in PLACES and board and not at:
        at = Place(emulate=True)
    check_place(profile, at)
    if (board or port is not None) and not at:
        check_port(profile, port)
    rows, shown = _rows(opened, data, samples, seed)
    expected = _reference(opened.graph, rows, report)
    mine = claims(port=port, place=at, family=profile.family)
    what = f"verify {opened.manifest.name} on {profile.name}"
    with claimed(mine, what, wait_s=wait_s, progress=report):
        results = [
            _compare(opened, engine, rows, expected, report)
            for engine in _engines(opened, profile, board, port, at)
        ]
    floats = any(tensor.dtype == "float32" for tensor in opened.manifest.outputs)
    return Verification(opened.manifest.name, REFERENCE, shown, tuple(results), floats)


def _rows(bundle: Bundle, data: Any, samples: int, seed: int) -> tuple[tuple[Row, ...], str]:
    """The inferences to compare, and what they are in words. Real data of a streaming bundle are
    windows, of which each is a row."""
    graph, streaming = bundle.graph, bundle.manifest.streaming
    inputs = random_inputs(graph, samples, seed)
    shown = inputs.description
    windows: tuple[Row, ...] = ()
    if data is not None:
        real = real_windows(bundle, data, samples)
        shown += f", {real.description}"
        if streaming is None:
            inputs = Inputs((*inputs.samples, *real.samples), shown)
        else:
            windows = tuple(tuple(calls_of(sample, streaming)) for sample in real.samples)
    full = 0 if streaming is None else streaming.warm_up
    rows = rows_of(graph, inputs, full=full)
    if graph.states:
        longer = f", or {full + 1} and more" if full else ""
        shown += f", in rows of 1 to {ROW}{longer} inferences"
    return (*rows, *windows), shown


@dataclass(frozen=True, slots=True)
class _Engine:
    """How to start an engine; `kernels` is set for LiteRT, to find the first layer there. One
    that was `asked` for may not be skipped; what is `generated` is C of the bundle."""

    name: str
    must_equal: bool
    start: Callable[[], AbstractContextManager[tuple[Run, str]]]
    kernels: str = ""
    asked: bool = False
    generated: bool = False


def _engines(
    bundle: Bundle, target: Target, board: bool, port: str | None, place: Place
) -> Iterator[_Engine]:
    for kernels in ("reference", "default"):
        name = f"LiteRT {kernels}"
        if bundle.custom:
            yield _Engine(f"{name}, portable form", False, partial(_portable, bundle, kernels))
        else:
            layers = "" if bundle.portable else kernels
            yield _Engine(name, False, partial(_litert, bundle.model, kernels), layers)
    if importlib.util.find_spec("tflite_micro") is not None:
        yield _Engine("TensorFlow Lite Micro", False, partial(_tflm, bundle.model, bundle.graph))
    python = lce_python() if bundle.custom else None
    if python is not None:
        yield _Engine("Larq Compute Engine", False, partial(_lce, bundle.model, python))
    if bundle.window is not None:
        yield _Engine("whole window, NumPy", True, partial(window_engine, bundle, bundle.window))
    yield _Engine("generated C on this machine", True, partial(_native, bundle), generated=True)
    if place:
        launch = launcher_for(target, place)
        start = partial(program_engine, bundle, target, launch)
        name = f"generated C on {launch.name}"
        yield _Engine(name, True, start, asked=True, generated=True)
    elif board or port is not None:
        start = partial(board_engine, bundle, target, port)
        name = f"generated C on {target.name}"
        yield _Engine(name, True, start, asked=True, generated=True)


@contextmanager
def _litert(model: bytes, kernels: Any) -> Iterator[tuple[Run, str]]:
    from edgekit.litert import open_interpreter

    opened = open_interpreter(model, kernels=kernels)
    keeps = bool(read_tflite(model, "model").states)

    def run(row: Row) -> Outputs:
        interpreter = open_interpreter(model, kernels=kernels) if keeps else opened
        return [interpreter.run(sample) for sample in row][-1]

    yield run, opened.description


@contextmanager
def _portable(bundle: Bundle, kernels: Any) -> Iterator[tuple[Run, str]]:
    """LiteRT on the same network without LCE's operators, which it does not know. There int8
    outputs of binarized layers are rounded in fixed point, not in float32."""
    from edgekit.converter.binary.portable import portable

    with _litert(write_tflite(portable(bundle.graph)), kernels) as (run, name):
        yield run, f"{name}, portable form"


@contextmanager
def _lce(model: bytes, python: str) -> Iterator[tuple[Run, str]]:
    """The Larq Compute Engine's own interpreter."""
    with open_lce(model, python) as (run, name):
        yield (lambda row: [run(sample) for sample in row][-1]), name


@contextmanager
def _tflm(model: bytes, graph: Graph) -> Iterator[tuple[Run, str]]:
    """TensorFlow Lite Micro's own kernels on this machine, where its package is installed."""
    runtime = importlib.import_module("tflite_micro").runtime
    # Its own default, ten times the file, is too little for small files with large activations.
    arena = 10 * len(model) + 2 * sum(graph[name].bytes for name in graph.activations())

    def fresh() -> Any:
        return _refusing(lambda: runtime.Interpreter.from_bytes(model, arena_size=arena))

    opened = fresh()

    def run(row: Row) -> Outputs:
        interpreter = fresh() if graph.states else opened
        for sample in row:
            for index, array in enumerate(sample):
                interpreter.set_input(array, index)
            _refusing(interpreter.invoke)
        return [np.array(interpreter.get_output(index)) for index in range(len(graph.outputs))]

    yield run, f"tflite-micro {importlib.metadata.version('tflite-micro')}"


def _refusing(work: Callable[[], Any]) -> Any:
    """What `work` returns; a ModelError with the reason that the library prints when it fails."""
    with quiet() as log:
        try:
            return work()
        except RuntimeError as error:
            reason = next((line for line in log().splitlines() if line.strip()), str(error))
            raise ModelError(
                "tflite-micro", reason, hint="see the other engines", code="not-for-micro"
            ) from None


@contextmanager
def _native(bundle: Bundle) -> Iterator[tuple[Run, str]]:
    model = native_model(bundle)
    shapes = [tensor.shape for tensor in bundle.manifest.outputs]

    def run(row: Row) -> Outputs:
        found = [model.run(s, shapes=shapes, fresh=i == 0) for i, s in enumerate(row)]
        return found[-1]

    yield run, model.description


def _reference(graph: Graph, rows: Sequence[Row], report: Progress) -> list[Outputs]:
    answers: list[Outputs] = []
    for index, row in enumerate(rows):
        answers.append(last_of_row(graph, row))
        report("reference", index + 1, len(rows))
    return answers


def _compare(
    bundle: Bundle,
    engine: _Engine,
    rows: Sequence[Row],
    expected: list[Outputs],
    report: Progress,
) -> EngineResult:
    """Run an engine over all inputs; one that is not installed is skipped with its reason, as
    is one that need not be equal and refuses the model."""
    with ExitStack() as stack:
        try:
            run, name = stack.enter_context(engine.start())
            return _measured(bundle, replace(engine, name=name), run, rows, expected, report)
        except EdgeKitError as error:
            if engine.asked or (engine.must_equal and bundle.has_c and not _missing(error)):
                raise
            return _skipped(engine, error)


def _missing(error: EdgeKitError) -> bool:
    """Whether something is not installed, as opposed to being wrong."""
    return isinstance(error, MissingExtraError) or error.code == "compiler-missing"


def _skipped(engine: _Engine, error: EdgeKitError) -> EngineResult:
    reason = f"{error.subject}: {error.found}"
    return EngineResult(engine.name, engine.must_equal, skipped=reason, generated=engine.generated)


def _measured(
    bundle: Bundle,
    engine: _Engine,
    run: Run,
    rows: Sequence[Row],
    expected: list[Outputs],
    report: Progress,
) -> EngineResult:
    equal = different = flips = 0
    largest, first = 0.0, -1
    total = len(rows)
    for index, (row, wanted) in enumerate(zip(rows, expected, strict=True)):
        found = run(row)
        count, gap = _difference(found, wanted)
        equal += count == 0
        different += count
        flips += int(np.argmax(found[0]) != np.argmax(wanted[0]))
        first = index if count and first < 0 else first
        largest = max(largest, gap)
        report(engine.name, index + 1, total)
    layer = ""
    if first >= 0 and engine.kernels and not bundle.graph.states:
        layer = first_difference(bundle.graph, rows[first][0], engine.kernels)
    return EngineResult(
        engine.name,
        engine.must_equal,
        total,
        equal,
        different,
        largest,
        flips,
        first_layer=layer,
        generated=engine.generated,
    )


def _difference(found: Outputs, wanted: Outputs) -> tuple[int, float]:
    """Differing bytes (of floats: of those too far apart), and an element's largest difference."""
    count, largest = 0, 0.0
    for left, right in zip(found, wanted, strict=True):
        a, b = np.ascontiguousarray(left), np.ascontiguousarray(right)
        differ = a.ravel().view(np.uint8) != b.ravel().view(np.uint8)
        if b.dtype.kind == "f":
            differ &= np.repeat(apart(a, b), b.dtype.itemsize)
        count += int(differ.sum())
        largest = max(largest, float(np.abs(a.astype(np.float64) - b.astype(np.float64)).max()))
    return count, largest


def first_difference(graph: Graph, sample: Sample, kernels: str) -> str:
    """The first node whose output differs between LiteRT's kernels and the reference.

    A copy of the model with every activation as an output is run, so that a delegate cannot hide
    them. "" when no node differs there.
    """
    from edgekit.converter.interpret import run

    names = tuple(node.output for node in graph.nodes)
    opened = read_tflite(write_tflite(replace(graph, outputs=names)), graph.name)
    with _litert(write_tflite(opened), kernels) as (engine, _):
        found = engine((sample,))
    wanted = run(graph, dict(zip(graph.inputs, sample, strict=True)), keep="all")
    for node, array in zip(graph.nodes, found, strict=True):
        if apart(array, wanted[node.output]).any():
            return node.name
    return ""


def _row(result: EngineResult) -> tuple[str, ...]:
    if result.skipped:
        return (result.engine, "skipped", "-", "-", "-", result.skipped)
    return (
        result.engine,
        f"{result.inputs_equal}/{result.inputs}",
        str(result.bytes_different),
        f"{result.largest:g}",
        str(result.flips),
        result.first_layer or ("-" if not result.bytes_different else "the last"),
    )
