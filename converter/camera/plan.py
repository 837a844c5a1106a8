"""How frames of a camera become a model's input, decided once: `plan_frames`; `convert_frame` does
it and is what the C is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.bundle import Preprocess
from edgekit.converter.camera.formats import FrameFormat, Pixels, Raw, frame_format
from edgekit.converter.camera.taps import Taps, make_taps
from edgekit.converter.data.images import crop_box, image_shape, normalize
from edgekit.converter.ir.graph import DType, Graph, Tensor
from edgekit.converter.quantize.params import quantize_input
from edgekit.errors import ModelError, UsageError

LEVELS = 256
STORED = (DType.INT8, DType.UINT8, DType.INT16, DType.FLOAT32)
"""Types of a model's input that frames become."""


@dataclass(frozen=True, slots=True)
class Region:
    """The part of a frame that the model sees, in pixels."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class FramePlan:
    """Frame -> pixels -> `across` -> `down` -> `stored`, channel by channel."""

    format: FrameFormat
    width: int
    height: int
    channels: int
    reverse: bool
    """The model takes blue, green, red."""
    across: Taps
    down: Taps
    stored: NDArray[Any]
    """(channels, 256): an 8-bit value as the input tensor holds it."""
    region: Region
    """What was asked for: `across` and `down` are made of these two."""
    resample: str

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of the model's input: height, width, channels."""
        return len(self.down.first), len(self.across.first), self.channels

    @property
    def frame_bytes(self) -> int:
        """Of one frame."""
        return self.width * self.height * self.format.pixel_bytes


def plan_frames(
    graph: Graph,
    preprocess: Preprocess,
    *,
    format: str,
    width: int,
    height: int,
    region: Region | None = None,
    resample: str = "bilinear",
) -> FramePlan:
    """The plan for frames of `width` x `height` and a model of one image input.

    Inside `region` (default: the whole frame) `preprocess.resize` says whether the middle of the
    model's proportions is taken or everything is stretched. Raises UsageError, ModelError and
    DataError.
    """
    found, tensor = frame_format(format), image_input(graph)
    rows, columns, channels = _shape(tensor, preprocess)
    part = region or Region(0, 0, width, height)
    _check(found, width, height, part)
    if preprocess.resize == "none" and (part.height, part.width) != (rows, columns):
        raise UsageError(
            f"a frame of {part.width}x{part.height}",
            "is not the model's size, and the bundle was converted with --resize none",
            allowed=f"{columns}x{rows}",
            hint="name that part of the frame with --region, or convert with --resize crop",
            code="frame-not-resized",
        )
    whole = (0.0, 0.0, float(part.width), float(part.height))
    cropped = preprocess.resize == "crop"
    left, top, right, bottom = (
        crop_box(part.height, part.width, rows, columns) if cropped else whole
    )
    across = make_taps(part.width, columns, resample, (left, right))
    down = make_taps(part.height, rows, resample, (top, bottom))
    levels = np.repeat(np.arange(LEVELS, dtype=np.uint8)[:, None], channels, axis=1)
    stored = quantize_input(normalize(levels, preprocess), tensor).T
    return FramePlan(
        format=found,
        width=width,
        height=height,
        channels=channels,
        reverse=preprocess.color == "bgr",
        across=across.shifted(-part.left),
        down=down.shifted(-part.top),
        stored=np.ascontiguousarray(stored),
        region=part,
        resample=resample,
    )


def resized(plan: FramePlan, raw: Raw) -> Pixels:
    """A frame's pixels at the model's size, before they are stored: uint8 `plan.shape`."""
    pixels = plan.format.unpack(raw, plan.channels)
    narrow = plan.across.apply(pixels.transpose(1, 0, 2)).transpose(1, 0, 2)
    return plan.down.apply(narrow)


def convert_frame(plan: FramePlan, raw: Raw) -> NDArray[Any]:
    """The model's input (1, height, width, channels) for a frame, in the input's own type."""
    pixels = resized(plan, raw)
    ordered = pixels[:, :, ::-1] if plan.reverse else pixels
    planes = [plan.stored[c][ordered[:, :, c]] for c in range(plan.channels)]
    stored: NDArray[Any] = np.stack(planes, axis=-1)[None]
    return stored


def image_input(graph: Graph) -> Tensor:
    """The one input of a model of images. Raises ModelError for other models."""
    tensors = [graph[name] for name in graph.inputs]
    if len(tensors) == 1 and tensors[0].dtype in STORED:
        return tensors[0]
    raise ModelError(
        graph.name,
        f"inputs {', '.join(f'{t.name} ({t.dtype.value})' for t in tensors)}",
        allowed="one image of " + ", ".join(dtype.value for dtype in STORED),
        hint="a camera feeds models with one image as input",
        code="not-an-image-model",
    )


def _shape(tensor: Tensor, preprocess: Preprocess) -> tuple[int, int, int]:
    rows, columns = image_shape(tensor.shape[1:], preprocess)
    return rows, columns, tensor.shape[3]


def _check(found: FrameFormat, width: int, height: int, part: Region) -> None:
    """Raise UsageError for a frame that cannot be, or a region outside it."""
    least = 2 if found.neighbours else 1
    if min(width, height) < least or max(width, height) > 0xFFFF or (found.even and width % 2):
        raise UsageError(
            f"frames of {width}x{height} {found.name}",
            "cannot be",
            allowed="an even width" if found.even else f"{least} to 65535 pixels each way",
            hint="give the size that the sensor's driver is set to",
            code="frame-size",
        )
    check_region(width, height, part)


def check_region(width: int, height: int, part: Region) -> None:
    """Raise UsageError for a region outside a frame of that size."""
    inside = (
        min(part.left, part.top) >= 0
        and min(part.width, part.height) > 0
        and part.left + part.width <= width
        and part.top + part.height <= height
    )
    if not inside:
        raise UsageError(
            f"region {part.left},{part.top},{part.width},{part.height}",
            f"is not inside a frame of {width}x{height}",
            allowed="left,top,width,height within the frame",
            hint="leave --region out to use the whole frame",
            code="frame-region",
        )
