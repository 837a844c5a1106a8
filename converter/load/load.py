"""Any model source -> a verified Graph."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.verify import verify, verify_structure
from edgekit.converter.load.centre import centre_weights
from edgekit.converter.load.clock import Clock
from edgekit.converter.load.computed import fold_computed_weights
from edgekit.converter.load.dequantize import dequantize_graph, fold_stored_weights
from edgekit.converter.load.detect import Format, Source, detect
from edgekit.converter.load.detections import real_detections
from edgekit.converter.load.infinite import finite_masks
from edgekit.converter.load.legacy import is_legacy, uint8_to_int8
from edgekit.converter.load.model import LoadedModel, ZooOptions, quantized_input_range
from edgekit.converter.load.rewire import own_biases
from edgekit.converter.lower.names import model_name
from edgekit.converter.tflite.names import identifier
from edgekit.converter.tflite.reader import read_tflite
from edgekit.errors import ModelError, UsageError


def load_model(
    source: str | Path,
    *,
    name: str | None = None,
    input_size: tuple[int, int] | None = None,
    zoo: ZooOptions | None = None,
    requantize: bool = False,
) -> LoadedModel:
    """Read a .tflite, .keras, .h5, .joblib, SavedModel folder or zoo name into a verified graph.

    `input_size` is (height, width), for the zoo and for models that leave them open; `name`
    becomes the graph's name (default: the file's). `requantize` turns a quantized model back
    into float32, to be quantized again.

    A .joblib or .pickle file runs code that is stored in it when it is read.

    Raises ModelError and UnsupportedError for what cannot be read or used, UsageError for
    options that do not apply, MissingExtraError where TensorFlow or scikit-learn is needed and
    absent.
    """
    found = detect(source)
    options = zoo or ZooOptions()
    _check_options(found, input_size, options)
    clock = Clock()
    graph_name = model_name(identifier(name or _stem(found.path), "model"))
    request = _Request(found, graph_name, input_size, options, clock)
    loaded = _READERS[found.format](request)
    graph, notes = prepare(loaded.graph, requantize=requantize)
    verify(graph)
    return replace(
        loaded,
        graph=graph,
        timings=clock.seconds,
        notes=(*loaded.notes, *notes),
        input_range=loaded.input_range or quantized_input_range(graph),
    )


def prepare(graph: Graph, *, requantize: bool = False) -> tuple[Graph, tuple[str, ...]]:
    """A read graph in the forms the rules allow, and notes about what was changed.

    Weights stored as float16 or as int8 in a float graph become float32; legacy uint8 becomes
    int8; with `requantize`, everything becomes float32. Detection heads read float32, no two nodes
    share a bias, int8 weights are symmetric, and masks of infinity are finite. Raises ModelError
    for a graph that contradicts itself and UnsupportedError for uint8 weights that do not fit int8.
    """
    verify_structure(graph)
    graph, notes = fold_stored_weights(graph)
    graph = fold_computed_weights(graph)
    graph, masks = finite_masks(graph)
    notes += masks
    graph = own_biases(graph)
    if requantize:
        return dequantize_graph(graph), notes
    graph = centre_weights(real_detections(graph))
    if is_legacy(graph):
        graph, more = uint8_to_int8(graph)
        notes += more
    return graph, notes


@dataclass(frozen=True, slots=True)
class _Request:
    found: Source
    name: str
    input_size: tuple[int, int] | None
    zoo: ZooOptions
    clock: Clock

    @property
    def path(self) -> Path:
        return self.found.path


def _stem(path: Path) -> str:
    return path.name.removesuffix(path.suffix).removesuffix(".weights") or path.name


def _check_options(found: Source, input_size: tuple[int, int] | None, zoo: ZooOptions) -> None:
    if found.format is not Format.ZOO and zoo != ZooOptions():
        raise UsageError(
            str(found.path),
            "alpha, classes, weights and seed are for zoo models",
            hint="leave them out: the file says them, or a zoo name goes in its place",
            code="zoo-options",
        )
    if input_size is not None and min(input_size) < 1:
        raise UsageError(
            "input size",
            f"{input_size[0]}x{input_size[1]}",
            allowed="1 or more",
            hint="give the size of an image in pixels, or leave --input-size out",
            code="input-size",
        )


def _tflite(request: _Request) -> LoadedModel:
    with request.clock.step("read"):
        data = request.path.read_bytes()
        graph = read_tflite(data, request.name, subject=str(request.path), size=request.input_size)
    return LoadedModel(
        graph=_with_source(graph, request.path.name),
        source=request.path.name,
        format=request.found.format,
        sha256=hashlib.sha256(data).hexdigest(),
        labels=packed_labels(data),
    )


def _keras(request: _Request) -> LoadedModel:
    from edgekit.converter.load import keras

    data = request.path.read_bytes()
    if request.found.format is Format.KERAS:
        exported = keras.export_keras(request.path, request.input_size, request.clock)
    else:
        exported = keras.export_h5(request.path, request.input_size, request.clock)
    return _from_export(request, exported, hashlib.sha256(data).hexdigest())


def _saved_model(request: _Request) -> LoadedModel:
    from edgekit.converter.load import saved_model

    exported = saved_model.export_saved_model(request.path, request.input_size, request.clock)
    return _from_export(request, exported, folder_sha256(request.path))


def _zoo(request: _Request) -> LoadedModel:
    from edgekit.converter.load import zoo

    exported = zoo.export_zoo(str(request.path), request.input_size, request.zoo, request.clock)
    loaded = _from_export(request, exported, exported.sha256)
    return replace(loaded, architecture=str(request.path))


def _estimator(request: _Request) -> LoadedModel:
    from edgekit.converter.load import estimator

    path = request.path
    with request.clock.step("read"):
        model, cautions = estimator.open_estimator(path)
        graph, classes, checked = estimator.estimator_graph(model, request.name, path.name)
    return LoadedModel(
        graph=graph,
        source=path.name,
        format=request.found.format,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        labels=classes,
        notes=(checked,),
        cautions=(*cautions, *estimator.class_notes(path.name, model)),
    )


def _weights_only(request: _Request) -> LoadedModel:
    from edgekit.converter.load.zoo_names import guess_command

    raise ModelError(
        str(request.path),
        "holds weights only, no architecture",
        allowed="a model saved whole: model.save('model.keras')",
        hint=f"name the architecture: {guess_command(request.path)}",
        code="weights-only",
    )


_READERS: dict[Format, Callable[[_Request], LoadedModel]] = {
    Format.TFLITE: _tflite,
    Format.KERAS: _keras,
    Format.HDF5: _keras,
    Format.HDF5_WEIGHTS: _weights_only,
    Format.SAVED_MODEL: _saved_model,
    Format.ZOO: _zoo,
    Format.ESTIMATOR: _estimator,
}


def _from_export(request: _Request, exported: object, sha256: str) -> LoadedModel:
    """The float .tflite that TensorFlow made, read back, with the layers' own names."""
    from edgekit.converter.load.export import Exported, restore_names

    assert isinstance(exported, Exported)
    with request.clock.step("read"):
        graph = read_tflite(exported.tflite, request.name, subject=str(request.path))
        graph = restore_names(graph, exported)
    return LoadedModel(
        graph=_with_source(graph, request.path.name),
        source=request.path.name,
        format=request.found.format,
        sha256=sha256,
        input_range=exported.input_range,
        notes=exported.notes,
        norms=exported.norms,
    )


def _with_source(graph: Graph, source: str) -> Graph:
    return replace(graph, metadata={**graph.metadata, "source": source})


def packed_labels(data: bytes) -> tuple[str, ...]:
    """Class names from the label file that TFLite's metadata tools append to a model as a zip."""
    try:
        archive = zipfile.ZipFile(BytesIO(data))
        names = [name for name in archive.namelist() if name.endswith(".txt")]
        label = next((name for name in names if "label" in name.lower()), None)
        text = archive.read(label).decode() if label else ""
    except (zipfile.BadZipFile, ValueError, OSError, RuntimeError, NotImplementedError):
        return ()
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def folder_sha256(folder: Path) -> str:
    """A hash over the names and contents of all files below a folder."""
    digest = hashlib.sha256()
    for path in sorted(entry for entry in folder.rglob("*") if entry.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
