"""Random networks of binarized layers, from Keras to both forms and to C."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.converter.binary import layers
from edgekit.converter.binary.portable import portable
from edgekit.converter.compress.passes import compress
from edgekit.converter.interpret import run
from edgekit.converter.ir.ops import LceBconv2d
from edgekit.converter.ir.verify import verify
from edgekit.converter.load import load_model
from edgekit.converter.quantize.int8 import quantize_int8
from edgekit.converter.tflite import read_tflite, write_tflite
from edgekit.litert import open_interpreter
from tests.helpers.generated_c import build, generate, run_c
from tests.helpers.oracle import run_tflm

pytestmark = pytest.mark.tensorflow
tf: Any = pytest.importorskip("tensorflow")
keras = tf.keras
SIZE, DEPTH = 9, 5


@dataclass(frozen=True, slots=True)
class Block:
    """A binarized convolution, maybe a maximum, and a BatchNorm."""

    filters: int
    kernel: tuple[int, int]
    strides: tuple[int, int]
    dilation: int
    padding: str
    scale: str
    pool: bool


def blocks(paddings: tuple[str, ...]) -> st.SearchStrategy[Block]:
    """Blocks whose signs stay packed in between: only the last one may be padded with zeros."""
    pair = st.tuples(st.integers(1, 3), st.integers(1, 3))
    return st.builds(
        Block,
        filters=st.integers(1, 70).map(lambda n: 2 * n),
        kernel=pair,
        strides=st.sampled_from([(1, 1), (1, 1), (2, 1), (2, 2)]),
        dilation=st.sampled_from([1, 1, 2]),
        padding=st.sampled_from(paddings),
        scale=st.sampled_from(["", *layers.SCALES]),
        pool=st.booleans(),
    )


def network(first: list[Block], last: Block, rng: np.random.Generator) -> Any:
    """The blocks over images of random values, whose signs are read first."""
    given = x = keras.Input((SIZE, SIZE, DEPTH + 1))
    for block in (*first, last):
        x = convolution(block, x)(x)
        if block.pool:
            x = keras.layers.MaxPooling2D(2, padding="same")(x)
        norm = keras.layers.BatchNormalization()
        x = norm(x)
        # Behind a maximum a negative factor would leave values where signs are wanted.
        low = 0.2 if block.pool else -1.5
        count = block.filters
        norm.set_weights(
            [
                rng.uniform(low, 1.5, count),
                rng.normal(0, 1, count),
                rng.normal(0, 3, count),
                rng.uniform(1, 90, count),
            ]
        )
    return keras.Model(given, x)


def convolution(block: Block, x: Any) -> Any:
    """The layer, its dilation and its padding as far as the image allows."""
    apart = block.dilation if block.strides == (1, 1) else 1
    reach = (max(block.kernel) - 1) * apart + 1
    padding = "same" if block.padding == "valid" and min(x.shape[1:3]) < reach else block.padding
    return layers.BinaryConv2D(
        block.filters, block.kernel, block.strides, padding, apart, scale=block.scale
    )


# The same networks every time: a sum may lie so near to a threshold that float32 in Keras and here
# round it to different signs.
@settings(max_examples=6, deadline=None, derandomize=True)
@given(
    st.lists(blocks(("same", "valid")), max_size=3),
    blocks(layers.PADDINGS),
    st.integers(0, 2**32 - 1),
)
def test_both_forms_and_c_give_what_keras_gives(first: list[Block], last: Block, seed: int) -> None:
    rng = np.random.default_rng(seed)
    model = network(first, last, rng)
    batch = rng.normal(0, 1, (8, SIZE, SIZE, DEPTH + 1)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "net.keras")
        model.save(path)
        small = compress(load_model(path).graph)
        expected = model(batch).numpy()
        found = run(small, batch)[small.outputs[0]]
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)
        convolutions = [node for node in small.nodes if isinstance(node.op, LceBconv2d)]
        assert len(convolutions) == len(first) + 1
        assert all(small.role(node, "threshold") is not None for node in convolutions[:-1])
        graph = quantize_int8(small, [batch]).graph
        verify(graph)
        quant = graph[graph.inputs[0]].quant
        assert quant is not None
        codes = np.clip(np.rint(batch[:1] / quant.scale) + quant.zero_point, -128, 127)
        x = codes.astype(np.int8)
        wanted = run(graph, x)[graph.outputs[0]]

        lce = read_tflite(write_tflite(graph), "net")
        np.testing.assert_array_equal(run(lce, x)[lce.outputs[0]], wanted)
        generated = generate(graph, "net")
        [in_c] = run_c(build([generated], Path(folder)), generated, [x], poison=1)
        np.testing.assert_array_equal(in_c, wanted)
        stored = write_tflite(portable(graph))
        [in_litert] = open_interpreter(stored).run([x])
        [in_micro] = run_tflm(stored, [x])
        np.testing.assert_array_equal(in_micro, wanted)
        assert np.abs(in_litert.astype(np.int32) - wanted).max() <= 1
