"""What random graphs have found, each as the smallest graph that shows it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.interpret import run
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Quant, Tensor
from edgekit.converter.ir.ops import Padding
from edgekit.converter.ir.verify import verify, violations
from edgekit.converter.load.load import prepare
from edgekit.converter.tflite.reader import read_tflite
from edgekit.converter.tflite.writer import write_tflite
from tests.conformance.maker import Maker
from tests.helpers.generated_c import build, generate, run_c


def test_int16_product_with_a_scalar_does_not_wrap() -> None:
    m = Maker(0, DType.INT16)
    factor = m.constant(np.array(-1758, np.int16), Quant.per_tensor(0.0003, 0))
    x = m.input((1, 3))
    m.tensors[x] = Tensor(x, (1, 3), DType.INT16, Quant.per_tensor(0.0003, 0))
    y = m.add(ops.Mul(), [factor, x], Quant.per_tensor(0.0006, 0))
    values = np.array([[774, 30000, -20000]], np.int16)
    expected = np.rint(values * np.float64(-1758) * 0.0003 * 0.0003 / 0.0006)
    assert np.abs(run(m.graph("t", [y]), [values])[y] - expected).max() <= 1


def test_an_added_bias_of_an_int16_convolution_is_int64() -> None:
    """References round int16 results with an int32 bias in another way."""
    m = Maker(0, DType.INT16)
    x = m.input((1, 2, 2, 1))
    weights = m.constant(np.ones((1, 1, 1, 1), np.int8), Quant.per_tensor(0.01, 0))
    y = m.add(ops.Conv2D(Padding.SAME), [x, weights, None], m.quant())
    assert _bias(read_tflite(write_tflite(m.graph("t", [y])), "t")) is DType.INT64


def test_a_grouped_float_convolution_reads_its_own_weights_in_c(tmp_path: Path) -> None:
    """Every group is a convolution of its own; one kernel call would read weights not there."""
    m = Maker(0, DType.FLOAT32)
    x = m.input((2, 3, 2, 4))
    kernel = np.arange(2 * 1 * 2 * 2, dtype=np.float32).reshape(2, 1, 2, 2)
    weights = m.constant(kernel)
    graph = m.graph("t", [m.add(ops.Conv2D(Padding.SAME), [x, weights, None], None)])
    made = generate(graph, "grouped")
    assert [s.kernel for s in made.program.steps].count("ek_conv2d_f32__ref") == 2
    values = np.random.default_rng(0).normal(0, 1, (2, 3, 2, 4)).astype(np.float32)
    [found] = run_c(build([made], tmp_path), made, [values])
    np.testing.assert_allclose(found, run(graph, [values])[graph.outputs[0]], rtol=1e-5)


def test_a_float16_bias_that_two_layers_share_is_loaded() -> None:
    """TensorFlow stores equal biases once; behind its DEQUANTIZE it is no constant."""
    m = Maker(0, DType.FLOAT32)
    x = m.input((1, 2, 2, 1))
    stored = m.constant(np.array([0.5], np.float16))
    bias = m.add(ops.Dequantize(), [stored], None)
    weights = m.constant(np.ones((1, 1, 1, 1), np.float32))
    first = m.add(ops.Conv2D(Padding.SAME), [x, weights, bias], None)
    second = m.add(ops.Conv2D(Padding.SAME), [first, weights, bias], None)
    graph, _ = prepare(m.graph("t", [second]))
    verify(graph)
    assert len({node.inputs[2] for node in graph.nodes}) == 2
    values = np.ones((1, 2, 2, 1), np.float32)
    assert np.array_equal(run(graph, [values])[second], values + 1)


@pytest.mark.parametrize(("value", "fits"), [(0, True), (1, False)])
def test_a_bias_of_zeros_may_have_any_scale(value: int, fits: bool) -> None:
    """TensorFlow's converter lets layers share it, with the scale of one of them."""
    m = Maker(0, DType.INT8)
    x = m.input((1, 2, 2, 1))
    weights = m.constant(np.ones((1, 1, 1, 1), np.int8), Quant.per_tensor(0.01, 0))
    quant = Quant.per_tensor(m[x].quant.scale * 0.03, 0)  # type: ignore[union-attr]
    bias = m.constant(np.array([value], np.int32), quant)
    y = m.add(ops.Conv2D(Padding.SAME), [x, weights, bias], m.quant())
    codes = {error.code for error in violations(m.graph("t", [y]))}
    assert codes == (set() if fits else {"bias-scale"})


def _bias(graph: Graph) -> DType:
    return graph.input(graph.nodes[0], 2).dtype
