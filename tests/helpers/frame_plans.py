"""Random plans for frames of cameras, and frames for them."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgekit.artifacts.bundle import Preprocess
from edgekit.converter.camera.formats import FORMATS
from edgekit.converter.camera.plan import FramePlan, Region, plan_frames
from edgekit.converter.camera.taps import RESAMPLES
from edgekit.converter.ir.graph import DType, Graph, Quant, Tensor

QUANTS = {
    DType.INT8: Quant.per_tensor(1 / 64, -3),
    DType.UINT8: Quant.per_tensor(1 / 255, 7),
    DType.INT16: Quant.per_tensor(1 / 4096, 0),
    DType.FLOAT32: None,
}


def image_graph(shape: tuple[int, int, int], dtype: DType = DType.INT8) -> Graph:
    """A graph of nothing but its input, an image of `shape`."""
    tensor = Tensor("image", (1, *shape), dtype, QUANTS[dtype])
    return Graph("image", {"image": tensor}, (), ("image",), ("image",))


def plan(
    shape: tuple[int, int, int], format: str, width: int, height: int, **options: Any
) -> FramePlan:
    """A plan for a graph of that input, prepared as images usually are."""
    preprocess = Preprocess(
        resize=options.pop("resize", "crop"),
        color=options.pop("color", "rgb" if shape[2] == 3 else "gray"),
        mean=options.pop("mean", (127.5,)),
        scale=options.pop("scale", (1 / 127.5,)),
    )
    graph = image_graph(shape, options.pop("dtype", DType.INT8))
    return plan_frames(graph, preprocess, format=format, width=width, height=height, **options)


def random_frame(found: FramePlan, seed: int) -> NDArray[np.uint8]:
    """Uniform bytes: every value of every format is a frame."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (found.height, found.width * found.format.pixel_bytes), np.uint8)


@st.composite
def plans(draw: st.DrawFn) -> FramePlan:
    """Any format, size, region, filter, preparation and type of input."""
    format = draw(st.sampled_from(sorted(FORMATS)))
    width, height = 2 * draw(st.integers(1, 30)), draw(st.integers(2, 60))
    left, top = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    region = Region(
        left, top, draw(st.integers(1, width - left)), draw(st.integers(1, height - top))
    )
    channels = draw(st.sampled_from([1, 3]))
    shape = (draw(st.integers(1, 40)), draw(st.integers(1, 40)), channels)
    mean = draw(st.tuples(*[st.floats(0, 255, width=32)] * channels))
    return plan(
        shape,
        format,
        width,
        height,
        region=draw(st.none() | st.just(region)),
        resample=draw(st.sampled_from(RESAMPLES)),
        resize=draw(st.sampled_from(["crop", "stretch"])),
        color=draw(st.sampled_from(["rgb", "bgr"])) if channels == 3 else "gray",
        mean=mean,
        scale=draw(st.tuples(*[st.floats(1 / 512, 1, width=32)] * channels)),
        dtype=draw(st.sampled_from(sorted(QUANTS, key=lambda dtype: dtype.value))),
    )
