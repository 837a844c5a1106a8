"""Damaged, foreign and unsupported files: a precise error each, never a crash."""

from __future__ import annotations

import contextlib
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgekit.converter.ir.graph import Quant
from edgekit.converter.ir.ops import Padding
from edgekit.converter.ir.verify import verify
from edgekit.converter.load.load import prepare
from edgekit.converter.tflite import list_operators, read_tflite, summarize, write_tflite
from edgekit.converter.tflite.flatbuf import Flatbuffer
from edgekit.errors import EdgeKitError, ModelError, UnsupportedError
from tests.helpers.int8_graphs import GraphBuilder
from tests.helpers.odd_tflite import Change, changed, operator_becomes, option_is, tensor_has
from tests.helpers.random_graphs import random_graph


def small_file() -> bytes:
    g = GraphBuilder("small")
    x = g.input((1, 4, 4, 2), Quant.per_tensor(0.1, 0))
    weights = np.arange(6, dtype=np.int8).reshape(3, 1, 1, 2)
    out = Quant.per_tensor(0.5, 1)
    y = g.conv(x, weights, Padding.SAME, out, bias=np.arange(3, dtype=np.int32), name="first")
    return write_tflite(g.graph(g.reshape(y, (1, 48), name="flat")))


SMALL = small_file()


def refused(data: bytes) -> ModelError:
    with pytest.raises(ModelError) as caught:
        verify(read_tflite(data, "m", subject="m.tflite"))
    return caught.value


# ------------------------------------------------------------------------------ foreign files


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"", "empty-model", "the file is empty"),
        (b"TFL", "not-tflite", "only 3 bytes"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "not-tflite", "an HDF5 file (.h5)"),
        (b"PK\x03\x04" + bytes(100), "not-tflite", "a zip archive (.keras perhaps)"),
        (b"\x7fELF" + bytes(100), "not-tflite", "an ELF program"),
        (b"\x1f\x8b" + bytes(100), "not-tflite", "a gzip archive"),
        (b"<!DOCTYPE html>" + bytes(9), "not-tflite", "an HTML or XML page"),
        (b"version https://git-lfs.github.com/spec/v1", "not-tflite", "a Git LFS pointer"),
        (b"just some text in a file", "not-tflite", "no TFLite mark"),
    ],
)
def test_other_kinds_of_file_are_named(data: bytes, code: str, words: str) -> None:
    error = refused(data)
    assert error.code == code
    assert words in error.found
    assert error.subject == "m.tflite"
    assert error.hint


# ------------------------------------------------------------------------------------ damage


@pytest.mark.parametrize("length", [8, 20, 60, len(SMALL) // 2, len(SMALL) - 2])
def test_truncated_files_are_called_damaged(length: int) -> None:
    error = refused(SMALL[:length])
    assert error.code == "damaged-model"
    assert "outside the file" in error.found


def test_wrong_schema_version() -> None:
    def older(module: Any, model: Any) -> None:
        model.version = 2

    assert "schema version 2 instead of 3" in refused(changed(SMALL, older)).found


def _set(target: str, index: int, **values: Any) -> Change:
    def change(module: Any, model: Any) -> None:
        for name, value in values.items():
            setattr(getattr(model.subgraphs[0], target)[index], name, value)

    return change


def _graph_has(**values: Any) -> Change:
    def change(module: Any, model: Any) -> None:
        for name, value in values.items():
            setattr(model.subgraphs[0], name, value)

    return change


def _without_subgraphs(module: Any, model: Any) -> None:
    model.subgraphs = []


def _scales(index: int, scales: list[float], zeros: list[int]) -> Change:
    def change(module: Any, model: Any) -> None:
        quant = model.subgraphs[0].tensors[index].quantization
        quant.scale, quant.zeroPoint = scales, zeros

    return change


def _code(index: int, number: int, deprecated: int) -> Change:
    def change(module: Any, model: Any) -> None:
        model.operatorCodes[index].builtinCode = number
        model.operatorCodes[index].deprecatedBuiltinCode = deprecated

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_without_subgraphs, "no subgraph"),
        (_set("operators", 0, opcodeIndex=9), "operator 0 has code 9 of 2"),
        (_set("operators", 0, inputs=[0, 99]), "operator 0 refers to tensor 99 of"),
        (_set("operators", 0, outputs=[-1]), "operator 0 refers to tensor -1 of"),
        (_set("operators", 0, builtinOptionsType=5), "options of type 5"),
        (_set("operators", 0, builtinOptionsType=0), "(CONV_2D) has no options"),
        (_graph_has(inputs=[77]), "refers to tensor 77 of"),
        (tensor_has(0, type=99), "tensor 0 has element type 99"),
        (tensor_has(0, buffer=99), "tensor 0 has buffer 99 of"),
        (tensor_has(0, shape=[1] * 20), "of rank 20"),
        (tensor_has(0, shape=[1, -5, 4, 2]), "tensor 0 has shape [1, -5, 4, 2]"),
        (tensor_has(1, shape=[3, 1, 1, 9]), "tensor c1 [3, 1, 1, 9] of 6 bytes"),
        (_scales(0, [0.1, 0.2], [0]), "tensor 0 has 2 scales and 1 zero points"),
        (_code(0, 127, 127), "an operator without its number"),
        (_code(0, -3, -3), "operator number -3"),
        (option_is(0, padding=7), "padding 7"),
        (option_is(0, fusedActivationFunction=77), "fused_activation_function 77"),
    ],
)
def test_contradictions_are_called_damaged(change: Change, words: str) -> None:
    error = refused(changed(SMALL, change))
    assert error.code == "damaged-model"
    assert words in error.found


def test_two_outputs_of_one_output_operator() -> None:
    error = refused(changed(SMALL, _set("operators", 0, outputs=[3, 4])))
    assert error.code == "damaged-model"
    assert "(CONV_2D) has 2 outputs" in error.found


def test_overlapping_vectors_do_not_take_for_ever() -> None:
    """A small file whose thousand tensors all point at one long shape costs a bounded time."""
    buffer = Flatbuffer(bytes(1000), "m.tflite")
    with pytest.raises(ModelError, match="overlap without end"):
        _visit(buffer, times=1000)


def _visit(buffer: Flatbuffer, times: int) -> None:
    for _ in range(times):
        buffer.check(0, 900, "Tensor.shape")


def test_operators_unknown_to_this_schema_are_refused_by_number() -> None:
    error = refused(changed(SMALL, _code(0, 900, 127)))
    assert isinstance(error, UnsupportedError)
    assert "BUILTIN_900" in error.found


# -------------------------------------------------------------------------------- unsupported


@pytest.mark.parametrize(
    ("operator", "rewrite"),
    [
        ("FLOOR_MOD", "FLOOR(a / b)"),
        ("WHERE", "all three arguments"),
        ("FILL", "constant extents"),
        ("REDUCE_ANY", "REDUCE_MAX"),
        ("ARG_MIN", "use ARG_MAX"),
        ("NON_MAX_SUPPRESSION_V4", "suppress boxes outside the network"),
        ("WHILE", "unroll=True"),
        ("TOPK_V2", "sort outside the network"),
        ("CONV_3D", "2-D convolutions"),
        ("LSTM", "over the time axis"),
    ],
)
def test_unsupported_operators_name_node_rewrite_and_targets(operator: str, rewrite: str) -> None:
    error = refused(changed(SMALL, operator_becomes(0, operator)))
    assert isinstance(error, UnsupportedError)
    assert error.code == "unsupported-operator"
    assert error.subject == "m.tflite: node 0 (first)"
    assert operator in error.found
    assert "CONV_2D" in error.allowed
    assert rewrite in error.hint
    assert "`host` and `rpi`" in error.hint


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("MaxPoolingWithArgmax2D", "export without custom operators"),
        ("FlexErf", "TFLite's builtin ones only, no SELECT_TF_OPS"),
        ("LceBsign", "convert it again with larq-compute-engine 0.16"),
        ("LqceBconv2d64", "convert it again with larq-compute-engine 0.16"),
    ],
)
def test_custom_operators_show_their_own_name(name: str, hint: str) -> None:
    error = refused(changed(SMALL, operator_becomes(0, "CUSTOM", name)))
    assert f"CUSTOM '{name}'" in error.found
    assert "LceBconv2d" in error.allowed
    assert hint in error.hint
    assert "`host`" not in error.hint  # LiteRT has it no more than we do


def test_operators_to_cut_before_say_at_which_tensors() -> None:
    error = refused(changed(SMALL, operator_becomes(0, "NON_MAX_SUPPRESSION_V5")))
    assert "cut the graph before it" in error.hint
    assert "export with 'x0' as outputs" in error.hint


def test_all_unsupported_operators_are_counted() -> None:
    data = changed(SMALL, operator_becomes(0, "TOPK_V2"), operator_becomes(1, "TOPK_V2"))
    assert "TOPK_V2 (2)" in refused(data).found


def _second_model(module: Any, model: Any) -> None:
    """Another subgraph, and a signature for each."""
    model.subgraphs.append(model.subgraphs[0])
    model.signatureDefs = [module.SignatureDefT(), module.SignatureDefT()]
    for index, signature in enumerate(model.signatureDefs):
        signature.signatureKey, signature.subgraphIndex = f"part_{index}", index
        signature.inputs, signature.outputs = [], []


def _blockwise(module: Any, model: Any) -> None:
    quant = model.subgraphs[0].tensors[1].quantization
    quant.details, quant.detailsType = module.BlockwiseQuantizationT(), 2


def _sparse(module: Any, model: Any) -> None:
    model.subgraphs[0].tensors[1].sparsity = module.SparsityParametersT()


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (_second_model, "several-subgraphs", "2 signatures over 2 subgraphs: part_0, part_1"),
        (tensor_has(3, isVariable=True), "variable-tensor", "kept between runs"),
        (_sparse, "sparse-tensor", "sparse format"),
        (_blockwise, "blockwise-quantization", "block-wise"),
        (tensor_has(0, type=5), "unsupported-dtype", "element type string"),
        (tensor_has(0, type=10), "unsupported-dtype", "element type float64"),
        (tensor_has(0, type=7), "activations-dtype", "input int16"),
        (tensor_has(0, shapeSignature=[-1, -1, 4, 2]), "dynamic-shape", "[-1, -1, 4, 2]"),
        (option_is(0, fusedActivationFunction=4), "unsupported-attribute", "activation TANH"),
    ],
)
def test_what_the_ir_cannot_hold_is_refused_by_name(change: Change, code: str, words: str) -> None:
    error = refused(changed(SMALL, change))
    assert isinstance(error, UnsupportedError)
    assert error.code == code
    assert words in error.found
    assert error.hint


def test_shuffled_weights_are_refused() -> None:
    g = GraphBuilder("dense")
    x = g.input((1, 6), Quant.per_tensor(0.1, 3))
    y = g.dense(x, np.ones((4, 6), np.int8), Quant.per_tensor(0.2, 0), name="dense")
    error = refused(changed(write_tflite(g.graph(y)), option_is(0, weightsFormat=1)))
    assert error.code == "unsupported-attribute"
    assert error.subject == "m.tflite: node dense (FULLY_CONNECTED)"
    assert "shuffled" in error.found


# ------------------------------------------------------------------------------------ listing


def test_listing_works_for_what_reading_refuses() -> None:
    data = changed(SMALL, operator_becomes(0, "TOPK_V2"), tensor_has(4, type=10))
    found = summarize(data, "m.tflite")
    assert [row.operator for row in found.operators] == ["TOPK_V2", "RESHAPE"]
    assert found.operators[0].problem == "operator not supported"
    assert "sort" in found.operators[0].advice
    assert len(found.unsupported) >= 1
    assert found.inputs[0].shape == (1, 4, 4, 2)
    assert found.inputs[0].scale == pytest.approx(0.1)
    assert found.constant_bytes >= 6 + 12


def test_listing_shows_dynamic_extents_and_attribute_problems() -> None:
    signature = tensor_has(0, shapeSignature=[-1, -1, 4, 2])
    rows = list_operators(changed(SMALL, signature), "m.tflite")
    assert rows[0].inputs[0] is not None
    assert rows[0].inputs[0].shape == (-1, -1, 4, 2)
    assert "dynamic shape" in rows[0].problem
    rows = list_operators(changed(SMALL, option_is(0, fusedActivationFunction=4)), "m.tflite")
    assert rows[0].problem == "fused activation TANH"
    assert not rows[0].supported
    assert rows[1].supported


def test_listing_agrees_with_reading_on_supported_files() -> None:
    for seed in range(5):
        data = write_tflite(random_graph(seed))
        assert not summarize(data, "m").unsupported


# ---------------------------------------------------------------------------------- mutations


def _survives(data: bytes) -> None:
    """Reading ends in a graph or in one of our errors; any other exception fails the test."""
    with contextlib.suppress(EdgeKitError):
        graph, _ = prepare(read_tflite(data, "m"))
        verify(graph)
        verify(read_tflite(write_tflite(graph), "m"))
    with contextlib.suppress(EdgeKitError):
        summarize(data, "m")


FILES = [SMALL] + [write_tflite(random_graph(seed, steps=4)) for seed in range(3)]
MUTATIONS = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8
)


@settings(max_examples=300, deadline=None)
@given(which=st.sampled_from(range(len(FILES))), mutations=MUTATIONS)
def test_mutated_bytes_never_crash(which: int, mutations: list[tuple[float, int]]) -> None:
    data = bytearray(FILES[which])
    for place, value in mutations:
        data[int(place * len(data))] = value
    _survives(bytes(data))


WORDS = st.sampled_from([0, 1, 4, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFF0, 1000])


@settings(max_examples=300, deadline=None)
@given(
    which=st.sampled_from(range(len(FILES))),
    place=st.floats(0, 1, exclude_max=True),
    word=WORDS,
    length=st.floats(0.2, 1),
)
def test_mutated_offsets_and_cuts_never_crash(
    which: int, place: float, word: int, length: float
) -> None:
    data = bytearray(FILES[which])
    struct.pack_into("<I", data, int(place * (len(data) - 4)) & ~3, word)
    _survives(bytes(data[: int(length * len(data))]))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(mutations=MUTATIONS)
def test_mutated_real_models_never_crash(
    test_data: Path, mutations: list[tuple[float, int]]
) -> None:
    """Mutations near both ends, where the tables are; the middle is weights."""
    data = bytearray((test_data / "models" / "tflm_micro_speech_int8.tflite").read_bytes())
    for place, value in mutations:
        half = 1200
        index = int(place * 2 * half)
        data[index if index < half else len(data) - (index - half) - 1] = value
    _survives(bytes(data))


def test_every_single_byte_of_a_small_file_mutated() -> None:
    for index in range(0, len(SMALL), 3):
        data = bytearray(SMALL)
        data[index] ^= 0xFF
        _survives(bytes(data))
