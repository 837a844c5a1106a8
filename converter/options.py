"""What the user chooses about a conversion, as opposed to what the target is.

A `Target` states facts about a machine; a `ConvertOptions` states the choices of one conversion.
Neither holds anything of the other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgekit.converter.mixed.choices import LayerChoice, parse_choices
from edgekit.converter.prune.spec import PRUNE_CRITERIA, check_prune
from edgekit.errors import UsageError
from edgekit.units import parse_size

CODE_FORMATS = ("cmake", "arduino", "zephyr", "platformio", "esp-idf", "tflm")
RESIZES = ("stretch", "crop", "none")
COLORS = ("rgb", "bgr", "gray")
BINARY_FORMATS = ("lce", "portable")
FLOAT_ACTIVATIONS = ("dynamic", "float16", "float32")
"""Precisions whose activations stay float32, so that no ranges are needed."""
PRECISIONS = ("int8", "int4", "int16", "w4a16", "binary", "auto", *FLOAT_ACTIVATIONS)
RANGES = ("minmax", "percentile", "mse", "entropy")
ROUNDINGS = ("nearest", "gptq", "adaround")
PREFERENCES = ("instructions", "flash", "ram")
ARENAS = ("auto", "single", "fast")
CLUSTER_SCOPES = ("tensor", "channel")
COMPRESSIONS = ("layer", "boot")
OPTIONS_OF_TARGETS = (
    *("name", "prefer", "code_format", "ram_budget", "arena", "all_channels"),
    *("compress_weights", "stream", "stream_axis"),
)
"""Options of a conversion that are about a target, its C or how it is called, not about how small
model.tflite is."""
LEAST_CLUSTERS, MOST_CLUSTERS = 2, 128
"""Indices of 8 bits would save nothing."""


@dataclass(frozen=True, slots=True)
class ConvertOptions:
    """The choices of one conversion; checked when made.

    `calibration` and `evaluation` are data specifications (a path, or an iterable of float
    arrays of the model's input shape without the batch axis). `mean` and `scale` are per
    channel or single, y = (x - mean) * scale with x in 0..255. `alpha`, `classes` and `weights`
    are for zoo models, `input_size` (pixels) for those and for models that leave it open.
    `calibration` "none" takes the ranges from the statistics of normalizations instead.
    `bias_correction` takes each layer's mean error off its bias where that helps. `precision`
    "int4" has int4 weights in CONV_2D and FULLY_CONNECTED, "int16" int16 activations, "w4a16" both,
    "binary" signs in every layer that can; "auto" chooses for each, so that what `prefer` names
    gets small within `max_drop`; "float32" leaves a float model as it is, "float16" halves its
    weights in model.tflite and the C's flash, "dynamic" has int8 weights under float32 activations
    (no C): these need no calibration.
    `layer_precision` gives single layers their format ("NAME=int4,..."). `rounding` "gptq" and
    "adaround" round weights so that each layer's output comes out close. `ranges` "percentile",
    "mse" and "entropy" clip far values of activations. `ram_budget` is the most
    bytes the arena may take; where it has to, C runs layers stripe by stripe. `arena` "auto" makes
    it one block where it fits one memory and else spreads it over several, "single" never does, and
    "fast" puts what is touched most into tightly coupled memory. `all_channels` keeps channels in
    the C that no input changes. `binary_format` says what binarized layers are in model.tflite:
    "lce" for the Larq Compute Engine's operators, "portable" for TFLite's own. `cluster` is how
    many different int8 weights a tensor, or each of its channels (`cluster_per`), may have.
    `compress_weights` stores the weights of the C coded: "layer" expands them before each use,
    "boot" once, when the model starts. `prune` sets weights to zero or removes channels before
    anything is quantized ("0.5", "layer:0.5", "2:4", "channels:0.5", "macs:0.5", then ",NAME=VALUE"
    for single layers), by what they add to the outputs on calibration data, or by "magnitude"
    (`prune_by`). `stream` is how many new time steps a call takes, of the window along
    `stream_axis` of the input, the others being kept; 0 is as few as the network allows.
    Raises UsageError.
    """

    name: str | None = None
    precision: str = "int8"
    prefer: str = "instructions"
    layer_precision: tuple[str, ...] = ()
    calibration: Any = None
    calibration_samples: int = 256
    evaluation: Any = None
    evaluation_samples: int = 1000
    min_agreement: float | None = None
    max_drop: float | None = None
    gate: bool = True
    bias_correction: bool = True
    rounding: str = "nearest"
    ranges: str = "minmax"
    code_format: str = "cmake"
    requantize: bool = False
    resize: str | None = None
    color: str | None = None
    mean: tuple[float, ...] | None = None
    scale: tuple[float, ...] | None = None
    alpha: float | None = None
    input_size: int | None = None
    classes: int | None = None
    weights: Path | None = None
    dump: Path | None = None
    ram_budget: int | None = None
    arena: str = "auto"
    all_channels: bool = False
    binary_format: str = "lce"
    cluster: int | None = None
    cluster_per: str = "tensor"
    compress_weights: str | None = None
    prune: str | None = None
    prune_by: str = "auto"
    stream: int | None = None
    stream_axis: int = 1

    def __post_init__(self) -> None:
        _one_of("--format", self.code_format, CODE_FORMATS)
        _one_of("--precision", self.precision, PRECISIONS)
        _one_of("--rounding", self.rounding, ROUNDINGS)
        _one_of("--ranges", self.ranges, RANGES)
        _one_of("--prefer", self.prefer, PREFERENCES)
        _one_of("--arena", self.arena, ARENAS)
        _one_of("--binary-format", self.binary_format, BINARY_FORMATS)
        _one_of("--cluster-per", self.cluster_per, CLUSTER_SCOPES)
        _one_of("--prune-by", self.prune_by, PRUNE_CRITERIA)
        if self.prune is not None:
            check_prune(self.prune, self.precision, data_free=self.data_free)
        if self.compress_weights is not None:
            _one_of("--compress-weights", self.compress_weights, COMPRESSIONS)
        if self.cluster is not None and not LEAST_CLUSTERS <= self.cluster <= MOST_CLUSTERS:
            raise UsageError(
                "--cluster",
                f"{self.cluster} different weights",
                allowed=f"{LEAST_CLUSTERS} to {MOST_CLUSTERS}",
                hint="16 or 32 are usual",
                code="bad-option",
            )
        choices = self.layer_choices
        if self.keeps_floats:
            self._check_floats(choices)
        if self.ranges != "minmax" and (self.data_free or self.mixes):
            raise UsageError(
                "--ranges",
                f"{self.ranges} is for one format in all layers, with calibration data",
                allowed="minmax with --calibration none and with formats by layer",
                hint="leave --ranges out",
                code="ranges-unused",
            )
        if self.data_free and self.mixes:
            raise UsageError(
                "--precision",
                "formats by layer are chosen by what each costs on data, and --calibration none"
                " gives none",
                allowed="int8, int4, int16 or w4a16",
                hint="give --calibration DATA",
                code="formats-without-data",
            )
        if self.data_free and self.rounding != "nearest":
            raise UsageError(
                "--rounding",
                f"{self.rounding} rounds by what enters each layer, and --calibration none gives"
                " no data",
                allowed="nearest",
                hint="give --calibration DATA, or leave --rounding out",
                code="rounding-without-data",
            )
        if self.resize is not None:
            _one_of("--resize", self.resize, RESIZES)
        if self.color is not None:
            _one_of("--color", self.color, COLORS)
        if self.ram_budget is not None and self.ram_budget <= 0:
            raise UsageError(
                "--ram-budget",
                f"{self.ram_budget} bytes hold nothing",
                allowed="a size such as 64K",
                hint="leave --ram-budget out to plan without one",
                code="bad-option",
            )
        if self.scale is not None and 0 in self.scale:
            raise UsageError(
                "--scale",
                "0 makes every input the same",
                allowed="not 0",
                hint="pixels as 0..1 are 1/255",
                code="bad-option",
            )

    def _check_floats(self, choices: tuple[LayerChoice, ...]) -> None:
        """Raise UsageError for what says nothing about float32 activations."""
        about = f"--precision {self.precision}"
        if choices:
            raise UsageError(
                "--layer-precision",
                f"is for quantized layers, and {about} quantizes none",
                hint="leave one of the two out",
                code="bad-option",
            )
        if self.cluster is not None:
            raise UsageError(
                "--cluster",
                f"clusters the weights of integer layers, and {about} has none",
                allowed="--precision int8",
                hint="leave one of the two out",
                code="bad-option",
            )
        for option, value, usual in (
            ("--ranges", self.ranges, "minmax"),
            ("--rounding", self.rounding, "nearest"),
        ):
            if value != usual:
                raise UsageError(
                    option,
                    f"{value} is for integer activations, and {about} keeps them float32",
                    allowed=usual,
                    hint="leave one of the two out",
                    code="bad-option",
                )

    @property
    def keeps_floats(self) -> bool:
        """Whether activations stay float32, so that no ranges are needed."""
        return self.precision in FLOAT_ACTIVATIONS

    @property
    def layer_choices(self) -> tuple[LayerChoice, ...]:
        """The rules of `layer_precision`. Raises UsageError for one that is not understood."""
        return parse_choices("--layer-precision", self.layer_precision)

    @property
    def mixes(self) -> bool:
        """Whether layers may differ in format."""
        return self.precision in ("binary", "auto") or bool(self.layer_precision)

    @property
    def data_free(self) -> bool:
        """Whether ranges are to come from statistics instead of data."""
        return isinstance(self.calibration, str) and self.calibration == "none"


def _one_of(option: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise UsageError(
            option,
            f"unknown value {value!r}",
            allowed=", ".join(allowed),
            hint="`edgekit convert --help` describes each",
            code="bad-option",
        )


def size(option: str, text: str | int | None) -> int | None:
    """'64K', '0x8000' or 65536 as bytes. Raises UsageError."""
    if text is None or isinstance(text, int):
        return text
    try:
        return parse_size(text)
    except ValueError:
        raise UsageError(
            option,
            f"not understood: {text!r}",
            allowed="bytes, or a size such as 64KiB or 1M",
            hint=f"for example {option} 64K",
            code="bad-option",
        ) from None


def hop(option: str, text: str | int | None) -> int | None:
    """'auto', which is 0, or a number of time steps. Raises UsageError."""
    if text is None or isinstance(text, int):
        return text
    if text != "auto" and not (text.isdecimal() and int(text)):
        raise UsageError(
            option,
            f"not understood: {text!r}",
            allowed="auto, or a number of new time steps a call",
            hint=f"{option} auto takes as few as the model allows",
            code="bad-option",
        )
    return 0 if text == "auto" else int(text)


def numbers(option: str, text: str | None) -> tuple[float, ...] | None:
    """'0.5', '1/255' or '123.7,116.8,103.9' as one or three numbers. Raises UsageError."""
    if text is None:
        return None
    try:
        values = tuple(_number(part) for part in text.split(","))
    except (ValueError, ZeroDivisionError):
        values = ()
    if len(values) not in (1, 3) or not all(map(math.isfinite, values)):
        raise UsageError(
            option,
            f"not understood: {text!r}",
            allowed="one or three numbers",
            hint=f"one for all channels, or one each: {option} 1/255, {option} 0.5,0.5,0.5",
            code="bad-option",
        )
    return values


def _number(text: str) -> float:
    above, slash, below = text.partition("/")
    return float(above) / float(below) if slash else float(above)
