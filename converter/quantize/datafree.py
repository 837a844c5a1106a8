"""Static quantization without data: `--calibration none`.

equalize       channels of neighbouring layers brought to one range      compress/equalize.py
absorb         what a RELU always lets through, into the next bias
ranges         from normalizations, followed through the graph           spreads.py
correct        each layer's expected error, from the expected inputs, off its bias
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from edgekit.artifacts.bundle import Preprocess
from edgekit.artifacts.figures import Note
from edgekit.converter.compress.equalize import absorb_biases, equalize
from edgekit.converter.data.candidates import CANDIDATES, Candidate
from edgekit.converter.data.images import is_image_shape
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.load.norms import Norm, match_norms
from edgekit.converter.quantize.int8 import QuantizeResult, check_quantizable, quantize_ranges
from edgekit.converter.quantize.params import MAX_BIAS, dequantize_array, float_tensor
from edgekit.converter.quantize.products import MATRICES, weight_matrices
from edgekit.converter.quantize.scheme import INT8, Scheme
from edgekit.converter.quantize.spreads import Spread, by_tap, spreads, weighted
from edgekit.errors import DataError

PIXEL_MEAN, PIXEL_DEVIATION = 115.0, 65.0
"""Of 8-bit photographs, roughly; ranges hold all of 0..255."""


@dataclass(frozen=True, slots=True)
class Equalized:
    """The float graph after equalization, the statistics that go with it, and what was done."""

    graph: Graph
    known: Mapping[str, Norm]
    note: Note


def equalized(graph: Graph, norms: tuple[Norm, ...]) -> Equalized:
    """The compressed float graph, equalized; it computes what it did before."""
    known: Mapping[str, Norm] = match_norms(graph, norms)
    layers = sum("weights" in node.op.INPUTS for node in graph.nodes)
    graph, known, pairs = equalize(graph, known)
    graph, known, absorbed = absorb_biases(graph, known)
    text = (
        f"ranges without data: {len(known)} of {layers} layers have a normalization's statistics, "
        f"{pairs} pairs of layers equalized, {absorbed} biases absorbed"
    )
    if known:
        return Equalized(graph, known, Note("data-free", graph.name, text, level="info"))
    advice = "convert the Keras model (.h5, .keras) it was made from, or give --calibration DATA"
    return Equalized(graph, known, Note("data-free-blind", graph.name, text, advice))


def quantize_without_data(
    given: Equalized, preprocess: Preprocess | None, *, biases: bool = True, scheme: Scheme = INT8
) -> QuantizeResult:
    """The integer graph with ranges from statistics; pixels of 0..255 are prepared as
    `preprocess` says, None where that is not known. With `biases`, each layer's expected error is
    taken off its bias.

    Raises DataError for inputs that are no images and for values that no rule gives a range.
    """
    graph = given.graph
    check_quantizable(graph)
    [name, *more] = graph.inputs
    if more or preprocess is None or not is_image_shape(graph[name].shape[1:]):
        raise DataError(
            "--calibration none",
            f"the range of input {name} {list(graph[name].shape)} is not known",
            allowed="models with one image as input, whose scaling is known",
            hint="give --calibration DATA, or say the scaling with --mean and --scale",
            code="data-free-input",
        )
    found = spreads(graph, {name: pixels(preprocess, graph[name].shape[-1])}, given.known)
    _check(graph, found)
    ranges = {key: spread.range for key, spread in found.items()}
    result = quantize_ranges(graph, ranges, scheme)
    result = replace(result, notes=(given.note, *result.notes))
    if not biases:
        return result
    return replace(result, graph=expected_biases(graph, result.graph, found))


def pixels(preprocess: Preprocess, channels: int) -> Spread:
    """What prepared photographs have in them, by channel."""
    mean, scale = (
        np.broadcast_to(np.asarray(values, np.float64), (channels,))
        for values in (preprocess.mean, preprocess.scale)
    )
    ends = np.sort([(0 - mean) * scale, (255 - mean) * scale], axis=0)
    return Spread((PIXEL_MEAN - mean) * scale, np.abs(PIXEL_DEVIATION * scale), ends[0], ends[1])


def fitting_candidate(graph: Graph, norms: tuple[Norm, ...]) -> Candidate | None:
    """The scaling of pixels at which the first layers' outputs have the means that their
    normalizations saw in training; None without such a layer."""
    known = match_norms(graph, norms)
    [name, *_] = graph.inputs
    first = [node for node in graph.consumers(name) if node.name in known]
    first = [node for node in first if isinstance(node.op, MATRICES)]
    channels = graph[name].shape[-1]
    if not first:
        return None
    fitting = [each for each in CANDIDATES if not each.coloured or channels == 3]
    return min(fitting, key=lambda each: sum(_misfit(graph, n, known[n.name], each) for n in first))


def expected_biases(exact: Graph, quantized: Graph, found: Mapping[str, Spread]) -> Graph:
    """Biases less the error that rounded weights make of the expected inputs:
    b + (W - W') E[x] (Nagel et al. 2019, section 4.2, the variant without data)."""
    references = {node.name: node for node in exact.nodes}
    for node in quantized.nodes:
        reference, bias = references.get(node.name), quantized.role(node, "bias")
        if reference is None or bias is None or not isinstance(node.op, MATRICES):
            continue
        x = found[str(reference.inputs[0])]
        stored = quantized.input(node, 1)
        assert stored.quant is not None
        assert bias.quant is not None
        real = exact.input(reference, 1).values.astype(np.float64)
        gap = real - dequantize_array(stored.values, stored.quant)
        matrices = weight_matrices(exact, reference, gap).astype(np.float64)
        groups, _, taps = matrices.shape
        shift = np.einsum("gct,gt->gc", matrices, by_tap(x.mean, groups, taps)).reshape(-1)
        moved = bias.values + np.rint(shift / np.array(bias.quant.scales))
        kept = np.clip(moved, -MAX_BIAS, MAX_BIAS).astype(bias.dtype.numpy)
        quantized = quantized.with_tensors(replace(bias, data=kept))
    return quantized


def _misfit(graph: Graph, node: Node, norm: Norm, candidate: Candidate) -> float:
    """Mean square difference of the means, in deviations."""
    made = Preprocess(mean=candidate.mean, scale=candidate.scale)
    x = pixels(made, graph.input(node).shape[-1])
    deviation = np.maximum(norm.deviation, 0.01 * norm.deviation.max(initial=1e-6))
    return float(np.square((weighted(graph, node, x).mean - norm.mean) / deviation).mean())


def _check(graph: Graph, found: Mapping[str, Spread]) -> None:
    for node in graph.nodes:
        for name in node.outputs:
            spread = found.get(name)
            known = spread is not None and np.isfinite(spread.range).all()
            if float_tensor(graph[name]) and not known:
                raise DataError(
                    "--calibration none",
                    f"{node.op.NAME} {node.name}: the range of its output follows from no rule",
                    hint="give --calibration DATA: some hundred typical inputs, without labels",
                    code="data-free-range",
                )
