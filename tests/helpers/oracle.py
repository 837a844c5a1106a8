"""Single-operator `.tflite` models, and the reference interpreters that run them.

The models are built with the flatbuffers object API that ai_edge_litert ships, so they owe nothing
to EdgeKit's own writer. Two interpreters answer:

    run_tflm            tflite-micro's reference kernels, in this process
    run_tflite_runtime  tflite-runtime 2.14 with BUILTIN_REF, in a process of its own

Both requantize with double rounding, which is what EdgeKit follows. Where a package is missing
the calling test is skipped with a reason. A typical test:

    x = Tensor((1, 8, 8, 3), scale=0.05, zero_point=-3)
    w = Tensor((4, 3, 3, 3), scale=[0.01, 0.02, 0.01, 0.03], axis=0, data=weights)
    b = Tensor((4,), "int32", scale=bias_scale(x, w), axis=0, data=bias)
    model = conv_model(x, w, b, Quant(0.1, 4), stride=(2, 2), padding="SAME", activation="RELU6")
    [expected] = run_tflm(model, [pixels])

Layouts are TFLite's: activations NHWC, convolution weights OHWI, depthwise weights 1HWC (C =
input channels x multiplier), fully connected weights OI. Pairs are (height, width).
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.helpers.single_operator import Array as Array
from tests.helpers.single_operator import Quant as Quant
from tests.helpers.single_operator import Tensor as Tensor
from tests.helpers.single_operator import schema_module
from tests.helpers.single_operator import single_operator as single_operator
from tests.helpers.single_operator import skip_without as skip_without

Pair = tuple[int, int]

UNIT_OUTPUTS = {
    "int8": Quant(1 / 256, -128),
    "int16": Quant(1 / 32768, 0, "int16"),
    "float32": Quant(0.0, 0, "float32"),
}
"""What SOFTMAX and LOGISTIC must give, by element type."""
Job = tuple[bytes, Sequence[Array]]

WORKER = Path(__file__).with_name("tflite_runtime_worker.py")


# ---------------------------------------------------------------- which interpreters are here


def missing_packages() -> str:
    """What is not installed, as a reason for a skip; empty when the oracle can work."""
    names = ("ai_edge_litert", "tflite_micro", "tflite_runtime")
    absent = [name for name in names if importlib.util.find_spec(name) is None]
    reason = f"the oracle needs {', '.join(absent)}: pip install -e '.[oracle,litert,rpi]'"
    return reason if absent else ""


def versions() -> dict[str, str]:
    """Versions of the interpreters, for the header of golden files."""
    return {name: importlib.metadata.version(name) for name in ("tflite-micro", "tflite-runtime")}


# ---------------------------------------------------------------------------------- running


def run_tflm(model: bytes, inputs: Sequence[Array]) -> list[Array]:
    """Outputs of `model` in tflite-micro (reference kernels, x86-64)."""
    skip_without("tflite_micro")
    from tflite_micro.python.tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(model, arena_size=(1 << 18) + 20 * len(model))
    for index, value in enumerate(inputs):
        interpreter.set_input(np.ascontiguousarray(value), index)
    interpreter.invoke()
    return [np.array(interpreter.get_output(i)) for i in range(_output_count(model))]


def run_tflite_runtime(jobs: Sequence[Job]) -> list[list[Array]]:
    """Outputs of each (model, inputs) in tflite-runtime with BUILTIN_REF.

    One process serves all jobs, because starting it costs about 0.3 s and because tflite_runtime
    and tensorflow cannot live in one process. Raises RuntimeError with the interpreter's message.
    """
    skip_without("tflite_runtime")
    with tempfile.TemporaryDirectory() as folder:
        request, reply = Path(folder, "request.npz"), Path(folder, "reply.npz")
        arrays = {f"{i}.model": np.frombuffer(model, np.uint8) for i, (model, _) in enumerate(jobs)}
        arrays |= {f"{i}.{j}": x for i, (_, xs) in enumerate(jobs) for j, x in enumerate(xs)}
        np.savez(request, **arrays)
        command = [sys.executable, str(WORKER), str(request), str(reply)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"tflite_runtime refused a model: {done.stderr[-2000:]}")
        with np.load(reply) as found:
            return [
                [found[f"{i}.{j}"] for j in range(_output_count(model))]
                for i, (model, _) in enumerate(jobs)
            ]


def _output_count(model: bytes) -> int:
    return int(schema_module().Model.GetRootAsModel(model, 0).Subgraphs(0).OutputsLength())


# ---------------------------------------------------------------------- one model per operator


def conv_model(
    x: Tensor,
    weights: Tensor,
    bias: Tensor | None,
    output: Quant,
    *,
    stride: Pair = (1, 1),
    dilation: Pair = (1, 1),
    padding: str = "VALID",
    activation: str = "NONE",
) -> bytes:
    """CONV_2D; `weights` is [output_c, h, w, input_c], per channel on axis 0 or per tensor."""
    options = _conv_options("Conv2DOptionsT", stride, dilation, padding, activation)
    n, h, w, _ = x.shape
    window = (weights.shape[1], weights.shape[2])
    oh, ow = output_size((h, w), window, stride, dilation, padding)
    y = _quantized((n, oh, ow, weights.shape[0]), output)
    return single_operator("CONV_2D", options, [x, weights, bias], y)


def depthwise_conv_model(
    x: Tensor,
    weights: Tensor,
    bias: Tensor | None,
    output: Quant,
    *,
    stride: Pair = (1, 1),
    dilation: Pair = (1, 1),
    padding: str = "VALID",
    activation: str = "NONE",
) -> bytes:
    """DEPTHWISE_CONV_2D; `weights` is [1, h, w, channels], per channel on axis 3 or per tensor."""
    options = _conv_options("DepthwiseConv2DOptionsT", stride, dilation, padding, activation)
    n, h, w, c = x.shape
    options.depthMultiplier = weights.shape[3] // c
    window = (weights.shape[1], weights.shape[2])
    oh, ow = output_size((h, w), window, stride, dilation, padding)
    y = _quantized((n, oh, ow, weights.shape[3]), output)
    return single_operator("DEPTHWISE_CONV_2D", options, [x, weights, bias], y)


def transpose_conv_model(
    x: Tensor,
    weights: Tensor,
    bias: Tensor | None,
    output: Quant,
    *,
    size: Pair,
    stride: Pair = (1, 1),
    padding: str = "VALID",
) -> bytes:
    """TRANSPOSE_CONV to (height, width); `weights` is [output_c, h, w, input_c]."""
    options = _options(
        "TransposeConvOptionsT", padding=_padding(padding), strideH=stride[0], strideW=stride[1]
    )
    shape = (x.shape[0], *size, weights.shape[0])
    y = _quantized(shape, output)
    return single_operator("TRANSPOSE_CONV", options, [_int32(shape), weights, x, bias], y)


def fully_connected_model(
    x: Tensor, weights: Tensor, bias: Tensor | None, output: Quant, *, activation: str = "NONE"
) -> bytes:
    """FULLY_CONNECTED; `x` is [rows, input_c], `weights` [output_c, input_c]."""
    options = _options("FullyConnectedOptionsT", fusedActivationFunction=_activation(activation))
    y = _quantized((x.shape[0], weights.shape[0]), output)
    return single_operator("FULLY_CONNECTED", options, [x, weights, bias], y)


def pool_model(
    kind: str,
    x: Tensor,
    *,
    window: Pair,
    stride: Pair = (1, 1),
    padding: str = "VALID",
    activation: str = "NONE",
) -> bytes:
    """AVERAGE_POOL_2D (`kind` "AVERAGE") or MAX_POOL_2D ("MAX"); output quantized as the input."""
    n, h, w, c = x.shape
    oh, ow = output_size((h, w), window, stride, (1, 1), padding)
    options = _options(
        "Pool2DOptionsT",
        padding=_padding(padding),
        strideH=stride[0],
        strideW=stride[1],
        filterHeight=window[0],
        filterWidth=window[1],
        fusedActivationFunction=_activation(activation),
    )
    y = _quantized((n, oh, ow, c), _quant_of(x))
    return single_operator(f"{kind}_POOL_2D", options, [x], y)


def mean_model(x: Tensor, output: Quant, *, axes: Sequence[int], keep_dims: bool = False) -> bytes:
    """MEAN over `axes`."""
    shape = tuple(
        1 if d in axes else n for d, n in enumerate(x.shape) if keep_dims or d not in axes
    )
    options = _options("ReducerOptionsT", keepDims=keep_dims)
    return single_operator("MEAN", options, [x, _int32(axes)], _quantized(shape, output))


def add_model(a: Tensor, b: Tensor, output: Quant, *, activation: str = "NONE") -> bytes:
    """ADD with broadcasting."""
    return _binary("ADD", "AddOptionsT", a, b, output, activation)


def mul_model(a: Tensor, b: Tensor, output: Quant, *, activation: str = "NONE") -> bytes:
    """MUL with broadcasting."""
    return _binary("MUL", "MulOptionsT", a, b, output, activation)


def sub_model(a: Tensor, b: Tensor, output: Quant, *, activation: str = "NONE") -> bytes:
    """SUB with broadcasting."""
    return _binary("SUB", "SubOptionsT", a, b, output, activation)


def choice_model(operator: str, a: Tensor, b: Tensor, output: Quant) -> bytes:
    """MAXIMUM or MINIMUM with broadcasting; all scales and zero points must be equal."""
    y = _quantized(tuple(np.broadcast_shapes(a.shape, b.shape)), output)
    return single_operator(operator, _options("MaximumMinimumOptionsT"), [a, b], y)


def prelu_model(x: Tensor, alpha: Tensor, output: Quant) -> bytes:
    """PRELU; `alpha` repeats over `x`."""
    return single_operator("PRELU", None, [x, alpha], _quantized(x.shape, output))


def leaky_relu_model(x: Tensor, output: Quant, *, alpha: float) -> bytes:
    """LEAKY_RELU."""
    options = _options("LeakyReluOptionsT", alpha=alpha)
    return single_operator("LEAKY_RELU", options, [x], _quantized(x.shape, output))


def pad_model(x: Tensor, paddings: Sequence[Pair]) -> bytes:
    """PAD with the input's zero point; `paddings` is (before, after) per axis."""
    shape = tuple(n + sum(pair) for n, pair in zip(x.shape, paddings, strict=True))
    table = Tensor((len(paddings), 2), "int32", data=np.array(paddings, np.int32))
    return single_operator(
        "PAD", _options("PadOptionsT"), [x, table], _quantized(shape, _quant_of(x))
    )


def concatenation_model(xs: Sequence[Tensor], output: Quant, *, axis: int) -> bytes:
    """CONCATENATION along `axis`; tflite-micro wants all scales and zero points equal."""
    shape = list(xs[0].shape)
    shape[axis] = sum(x.shape[axis] for x in xs)
    options = _options("ConcatenationOptionsT", axis=axis, fusedActivationFunction=0)
    return single_operator("CONCATENATION", options, list(xs), _quantized(tuple(shape), output))


def softmax_model(x: Tensor, *, beta: float = 1.0) -> bytes:
    """SOFTMAX along the last axis; the output has the scale and zero point of its type."""
    y = _quantized(x.shape, UNIT_OUTPUTS[x.dtype])
    return single_operator("SOFTMAX", _options("SoftmaxOptionsT", beta=beta), [x], y)


def unary_model(operator: str, x: Tensor, output: Quant) -> bytes:
    """An operator of one int8 tensor; LOGISTIC's output must be 1/256, -128, TANH's 1/128, 0."""
    options = _options("HardSwishOptionsT") if operator == "HARD_SWISH" else None
    return single_operator(operator, options, [x], _quantized(x.shape, output))


def quantize_model(x: Tensor, output: Quant) -> bytes:
    """QUANTIZE of an int8 (requantize) or float32 (`dtype="float32"`) tensor to int8."""
    options = _options("QuantizeOptionsT")
    return single_operator("QUANTIZE", options, [x], _quantized(x.shape, output))


def dequantize_model(x: Tensor) -> bytes:
    """DEQUANTIZE of an int8 tensor to float32."""
    y = Tensor(x.shape, "float32")
    return single_operator("DEQUANTIZE", _options("DequantizeOptionsT"), [x], y)


def reshape_model(x: Tensor, shape: Sequence[int]) -> bytes:
    """RESHAPE to `shape`, without -1."""
    options = _options("ReshapeOptionsT", newShape=list(shape))
    y = _quantized(tuple(shape), _quant_of(x))
    return single_operator("RESHAPE", options, [x, _int32(shape)], y)


def squeeze_model(x: Tensor, axes: Sequence[int]) -> bytes:
    """SQUEEZE of the named axes, each of extent 1."""
    shape = tuple(n for d, n in enumerate(x.shape) if d not in axes)
    options = _options("SqueezeOptionsT", squeezeDims=list(axes))
    return single_operator("SQUEEZE", options, [x], _quantized(shape, _quant_of(x)))


# ------------------------------------------------------------------------------------ helpers


def bias_scale(x: Tensor, weights: Tensor) -> npt.NDArray[np.float32]:
    """Scale of the int32 bias: input scale times weight scale, rounded to float32."""
    return (x.scales.astype(np.float64) * weights.scales.astype(np.float64)).astype(np.float32)


def output_size(size: Pair, window: Pair, stride: Pair, dilation: Pair, padding: str) -> Pair:
    """Height and width after a window operation with TFLite's SAME or VALID padding."""
    spans = [(k - 1) * d + 1 for k, d in zip(window, dilation, strict=True)]
    if padding == "SAME":
        h, w = (-(-n // s) for n, s in zip(size, stride, strict=True))
    else:
        h, w = ((n - k) // s + 1 for n, k, s in zip(size, spans, stride, strict=True))
    return h, w


def same_padding(size: Pair, window: Pair, stride: Pair, dilation: Pair) -> Pair:
    """Top and left padding of TFLite's SAME; the odd element goes to the bottom and right."""
    out = output_size(size, window, stride, dilation, "SAME")
    top, left = (
        max((o - 1) * s + (k - 1) * d + 1 - n, 0) // 2
        for n, k, s, d, o in zip(size, window, stride, dilation, out, strict=True)
    )
    return top, left


def _binary(
    operator: str, options: str, a: Tensor, b: Tensor, output: Quant, activation: str
) -> bytes:
    y = _quantized(tuple(np.broadcast_shapes(a.shape, b.shape)), output)
    fused = _options(options, fusedActivationFunction=_activation(activation))
    return single_operator(operator, fused, [a, b], y)


def _conv_options(name: str, stride: Pair, dilation: Pair, padding: str, activation: str) -> Any:
    return _options(
        name,
        padding=_padding(padding),
        strideH=stride[0],
        strideW=stride[1],
        dilationHFactor=dilation[0],
        dilationWFactor=dilation[1],
        fusedActivationFunction=_activation(activation),
    )


def _options(name: str, **fields: Any) -> Any:
    options = getattr(schema_module(), name)()
    for field, value in fields.items():
        setattr(options, field, value)
    return options


def _activation(name: str) -> int:
    return int(getattr(schema_module().ActivationFunctionType, name))


def _padding(name: str) -> int:
    return int(getattr(schema_module().Padding, name))


def _quantized(shape: tuple[int, ...], quant: Quant) -> Tensor:
    if quant.dtype == "float32":
        return Tensor(shape, "float32")
    return Tensor(shape, quant.dtype, quant.scale, quant.zero_point)


def _quant_of(x: Tensor) -> Quant:
    if x.scale is None:
        return Quant(0.0, 0, x.dtype)
    return Quant(float(x.scales[0]), x.zero_point, x.dtype)


def _int32(values: Sequence[int]) -> Tensor:
    return Tensor((len(values),), "int32", data=np.array(values, np.int32))
