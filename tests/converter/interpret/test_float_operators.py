"""Every float32 operator against LiteRT's reference kernels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edgekit.converter.interpret import run
from edgekit.converter.tflite.reader import read_tflite
from tests.helpers import oracle
from tests.helpers.oracle import Array, Tensor, single_operator

Rng = np.random.Generator
Made = tuple[str, Any, list[Tensor | None], tuple[int, ...]]
ACTIVATIONS = ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")


def f32(*shape: int, data: Array | None = None) -> Tensor:
    return Tensor(shape, "float32", data=None if data is None else data.astype(np.float32))


def known(rng: Rng, *shape: int) -> Tensor:
    return f32(*shape, data=rng.standard_normal(shape))


def int32(values: Any) -> Tensor:
    array = np.array(values, np.int32)
    return Tensor(array.shape, "int32", data=array)


def options(name: str, **fields: object) -> Any:
    return oracle._options(name, **fields)


def fused(rng: Rng) -> int:
    return oracle._activation(str(rng.choice(ACTIVATIONS)))


def window(rng: Rng, kind: str, size: tuple[int, int], kernel: tuple[int, int]) -> Any:
    padding = str(rng.choice(["SAME", "VALID"]))
    stride = (int(rng.integers(1, 3)), int(rng.integers(1, 3)))
    fields = {
        "padding": oracle._padding(padding),
        "strideH": stride[0],
        "strideW": stride[1],
        "fusedActivationFunction": fused(rng),
    }
    return options(kind, **fields), oracle.output_size(size, kernel, stride, (1, 1), padding)


def conv(rng: Rng) -> Made:
    made, (h, w) = window(rng, "Conv2DOptionsT", (7, 8), (3, 2))
    made.dilationHFactor = made.dilationWFactor = 1
    weights, bias = known(rng, 5, 3, 2, 4), known(rng, 5)
    return "CONV_2D", made, [f32(1, 7, 8, 4), weights, bias], (1, h, w, 5)


def depthwise(rng: Rng) -> Made:
    made, (h, w) = window(rng, "DepthwiseConv2DOptionsT", (7, 8), (3, 2))
    made.dilationHFactor = made.dilationWFactor = 1
    made.depthMultiplier = 2
    weights, bias = known(rng, 1, 3, 2, 6), known(rng, 6)
    return "DEPTHWISE_CONV_2D", made, [f32(1, 7, 8, 3), weights, bias], (1, h, w, 6)


def fully_connected(rng: Rng) -> Made:
    made = options("FullyConnectedOptionsT", fusedActivationFunction=fused(rng))
    return "FULLY_CONNECTED", made, [f32(2, 9), known(rng, 4, 9), known(rng, 4)], (2, 4)


def keep_dims(rng: Rng) -> Made:
    made = options("FullyConnectedOptionsT", fusedActivationFunction=0, keepNumDims=True)
    return "FULLY_CONNECTED", made, [f32(1, 3, 9), known(rng, 4, 9), known(rng, 4)], (1, 3, 4)


def pool(kind: str) -> Callable[[Rng], Made]:
    def make(rng: Rng) -> Made:
        made, (h, w) = window(rng, "Pool2DOptionsT", (7, 8), (3, 2))
        made.filterHeight, made.filterWidth = 3, 2
        return f"{kind}_POOL_2D", made, [f32(1, 7, 8, 3)], (1, h, w, 3)

    return make


def mean(rng: Rng) -> Made:
    return "MEAN", options("ReducerOptionsT"), [f32(1, 5, 6, 3), int32([1, -2])], (1, 3)


def add(rng: Rng) -> Made:
    made = options("AddOptionsT", fusedActivationFunction=fused(rng))
    return "ADD", made, [f32(1, 3, 4, 5), known(rng, 5)], (1, 3, 4, 5)


def mul(rng: Rng) -> Made:
    made = options("MulOptionsT", fusedActivationFunction=fused(rng))
    return "MUL", made, [f32(1, 3, 4, 5), f32(1, 1, 1, 5)], (1, 3, 4, 5)


def sub(rng: Rng) -> Made:
    made = options("SubOptionsT", fusedActivationFunction=fused(rng))
    return "SUB", made, [f32(1, 3, 4, 5), known(rng, 5)], (1, 3, 4, 5)


def choice(kind: str) -> Callable[[Rng], Made]:
    def make(rng: Rng) -> Made:
        made = options("MaximumMinimumOptionsT")
        return kind, made, [f32(1, 3, 4, 5), known(rng, 4, 1)], (1, 3, 4, 5)

    return make


def prelu(rng: Rng) -> Made:
    return "PRELU", None, [f32(1, 3, 4, 5), known(rng, 1, 1, 5)], (1, 3, 4, 5)


def leaky_relu(rng: Rng) -> Made:
    return "LEAKY_RELU", options("LeakyReluOptionsT", alpha=0.3), [f32(2, 50)], (2, 50)


def hard_swish(rng: Rng) -> Made:
    return "HARD_SWISH", options("HardSwishOptionsT"), [f32(2, 50)], (2, 50)


def resize_bilinear(rng: Rng) -> Made:
    corners, centers = [(False, False), (True, False), (False, True)][int(rng.integers(3))]
    made = options("ResizeBilinearOptionsT", alignCorners=corners, halfPixelCenters=centers)
    return "RESIZE_BILINEAR", made, [f32(1, 3, 4, 5), int32([7, 6])], (1, 7, 6, 5)


def transpose_conv(rng: Rng) -> Made:
    made = options("TransposeConvOptionsT", padding=oracle._padding("SAME"), strideH=2, strideW=2)
    shape = int32([1, 8, 7, 5])
    operands = [shape, known(rng, 5, 3, 3, 2), f32(1, 4, 4, 2), known(rng, 5)]
    return "TRANSPOSE_CONV", made, operands, (1, 8, 7, 5)


def batch_matmul(rng: Rng) -> Made:
    made = options("BatchMatMulOptionsT", adjX=False, adjY=True)
    return "BATCH_MATMUL", made, [f32(2, 3, 4), f32(2, 5, 4)], (2, 3, 5)


def reduced(kind: str) -> Callable[[Rng], Made]:
    def make(rng: Rng) -> Made:
        made = options("ReducerOptionsT", keepDims=True)
        return kind, made, [f32(1, 5, 6, 3), int32([1, -1])], (1, 1, 6, 1)

    return make


def grouped(rng: Rng) -> Made:
    made, (h, w) = window(rng, "Conv2DOptionsT", (7, 8), (3, 2))
    made.dilationHFactor = made.dilationWFactor = 1
    return "CONV_2D", made, [f32(1, 7, 8, 4), known(rng, 6, 3, 2, 2), known(rng, 6)], (1, h, w, 6)


def pad(rng: Rng) -> Made:
    table = int32([[0, 0], [1, 2], [0, 3], [1, 0]])
    return "PAD", options("PadOptionsT"), [f32(1, 3, 4, 2), table], (1, 6, 7, 3)


def concatenation(rng: Rng) -> Made:
    made = options("ConcatenationOptionsT", axis=-1, fusedActivationFunction=0)
    return "CONCATENATION", made, [f32(1, 3, 2), f32(1, 3, 4)], (1, 3, 6)


def softmax(rng: Rng) -> Made:
    return "SOFTMAX", options("SoftmaxOptionsT", beta=0.7), [f32(2, 9)], (2, 9)


def unary(kind: str) -> Callable[[Rng], Made]:
    return lambda rng: (kind, None, [f32(2, 50)], (2, 50))


MAKERS: dict[str, Callable[[Rng], Made]] = {
    "conv": conv,
    "depthwise": depthwise,
    "fully_connected": fully_connected,
    "keep_dims": keep_dims,
    "average_pool": pool("AVERAGE"),
    "max_pool": pool("MAX"),
    "mean": mean,
    "add": add,
    "mul": mul,
    "pad": pad,
    "concatenation": concatenation,
    "softmax": softmax,
    "logistic": unary("LOGISTIC"),
    "relu": unary("RELU"),
    "relu6": unary("RELU6"),
    "resize_bilinear": resize_bilinear,
    "transpose_conv": transpose_conv,
    "batch_matmul": batch_matmul,
    "sum": reduced("SUM"),
    "reduce_max": reduced("REDUCE_MAX"),
    "grouped": grouped,
    "relu_n1_to_1": unary("RELU_N1_TO_1"),
    "relu_0_to_1": unary("RELU_0_TO_1"),
    "tanh": unary("TANH"),
    "hard_swish": hard_swish,
    "leaky_relu": leaky_relu,
    "prelu": prelu,
    "sub": sub,
    "maximum": choice("MAXIMUM"),
    "minimum": choice("MINIMUM"),
}


@pytest.mark.parametrize("operator", MAKERS)
def test_equals_litert_within_a_hundred_thousandth(operator: str) -> None:
    for seed in range(8):
        rng = np.random.default_rng([seed, *operator.encode()])
        name, made, operands, shape = MAKERS[operator](rng)
        model = single_operator(name, made, operands, f32(*shape))
        inputs = [
            (rng.standard_normal(t.shape) * 4).astype(np.float32)
            for t in operands
            if t is not None and t.data is None
        ]
        graph = read_tflite(model, operator)
        found = run(graph, inputs)[graph.outputs[0]]
        expected = run_litert(model, inputs)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def run_litert(model: bytes, inputs: list[Array]) -> Array:
    """The first output, by LiteRT's reference kernels."""
    oracle.skip_without("ai_edge_litert")
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=model, experimental_op_resolver_type=OpResolverType.BUILTIN_REF
    )
    interpreter.allocate_tensors()
    for details, value in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(details["index"], value)
    interpreter.invoke()
    return np.array(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))


def test_large_logits_do_not_overflow() -> None:
    model = single_operator("LOGISTIC", None, [f32(1, 4)], f32(1, 4))
    graph = read_tflite(model, "logistic")
    x = np.array([[-500, -90, 90, 500]], np.float32)
    with np.errstate(all="raise", under="ignore"):
        found = run(graph, [x])[graph.outputs[0]]
    np.testing.assert_allclose(found, [[0, 0, 1, 1]], atol=1e-30)
