"""`edgekit convert`: a trained network becomes a bundle for a target."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgekit.cli import explanation, options, output, trust

if TYPE_CHECKING:
    from edgekit.artifacts.precision import PrecisionSummary
    from edgekit.converter.options import ConvertOptions
    from edgekit.deploy.convert import Converted
    from edgekit.errors import AccuracyError

NAME = "convert"

DATA = "Folder of images (subfolders = classes), .npz, .npy or .csv."
PREPARE = "Preparation of images"
ZOO = "Zoo models (mobilenet_v1, mobilenet_v2, squeezenet)"


def command(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="A .keras, .h5, .tflite, .joblib or .pkl file, SavedModel or zoo name.",
        ),
    ],
    target: options.Target,
    output_dir: options.OutputDir,
    precision: Annotated[
        str,
        typer.Option(
            help="int8; int4 (weights, W4A8); int16 (activations, W8A16); w4a16 (both); binary"
            " (signs, W1A1): all layers that can; auto: chosen for each layer within --max-drop;"
            " dynamic (int8 weights, float32 activations; no C); float32, or float16 (its weights"
            " halved), for targets with an FPU; no calibration."
        ),
    ] = "int8",
    prefer: Annotated[
        str, typer.Option(help="What --precision auto makes small: instructions, flash or ram.")
    ] = "instructions",
    layer_precision: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FORMAT,...",
            help="Format of single layers (int8, int4, int16, w4a16, binary; * in names), or a file"
            " of such lines; may be repeated.",
        ),
    ] = None,
    ranges: Annotated[
        str,
        typer.Option(
            help="Ranges of activations: minmax (all that was seen), percentile, mse or entropy"
            " (far values are clipped)."
        ),
    ] = "minmax",
    rounding: Annotated[
        str,
        typer.Option(
            help="How weights are rounded: nearest, gptq (closed form from the layer's inputs) or"
            " adaround (learned)."
        ),
    ] = "nearest",
    calibration: Annotated[
        str | None,
        typer.Option(
            help=f"Representative data for int8 ranges. {DATA} none: ranges from the model's own"
            " statistics."
        ),
    ] = None,
    calibration_samples: Annotated[
        int, typer.Option(min=1, help="At most this many, spread evenly.")
    ] = 256,
    eval_data: Annotated[
        str | None,
        typer.Option("--eval", help=f"Data to judge accuracy; default: --calibration. {DATA}"),
    ] = None,
    eval_samples: Annotated[int, typer.Option(min=1, help="At most this many.")] = 1000,
    min_agreement: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Refuse below this share of equal answers (no labels)."),
    ] = None,
    max_drop: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Refuse above this loss (labelled data)."),
    ] = None,
    gate: Annotated[bool, typer.Option("--gate/--no-gate", help="Refuse a bad result.")] = True,
    bias_correction: Annotated[
        bool,
        typer.Option(
            "--bias-correction/--no-bias-correction",
            help="Take each layer's mean error off its bias where that clearly helps.",
        ),
    ] = True,
    code_format: Annotated[
        str, typer.Option("--format", help="cmake, arduino, zephyr, platformio, esp-idf or tflm.")
    ] = "cmake",
    name: Annotated[str | None, typer.Option(help="Prefix of the C symbols.")] = None,
    ram_budget: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="Most bytes of the arena, such as 64K: trades instructions for RAM if it has to.",
        ),
    ] = None,
    arena: Annotated[
        str,
        typer.Option(
            help="auto: in several memories where one is too small; single: never; fast: what is"
            " touched most in tightly coupled memory."
        ),
    ] = "auto",
    all_channels: Annotated[
        bool,
        typer.Option(
            "--all-channels", help="Compute also channels that no input changes, for comparison."
        ),
    ] = False,
    binary_format: Annotated[
        str,
        typer.Option(
            help="Binarized layers in model.tflite: lce (Larq Compute Engine) or portable (TFLite's"
            " own operators)."
        ),
    ] = "lce",
    prune: Annotated[
        str | None,
        typer.Option(
            metavar="HOW",
            help="Zeros or fewer channels: 0.5 (share of the weights), layer:0.5, 2:4, channels:0.5"
            " or macs:0.5; then ,NAME=VALUE for single layers.",
        ),
    ] = None,
    prune_by: Annotated[
        str,
        typer.Option(help="auto: data if --calibration has any; magnitude; data."),
    ] = "auto",
    cluster: Annotated[
        int | None,
        typer.Option(
            metavar="K", help="At most K different int8 weights in a tensor, such as 16 or 32."
        ),
    ] = None,
    cluster_per: Annotated[
        str, typer.Option(help="tensor, or channel: K in each output channel.")
    ] = "tensor",
    compress_weights: Annotated[
        str | None,
        typer.Option(
            metavar="WHEN",
            help="Store the weights of the C coded, without loss. layer: expand them before each"
            " use; boot: once, into RAM.",
        ),
    ] = None,
    stream: Annotated[
        str | None,
        typer.Option(
            metavar="STEPS",
            help="Take only so many new time steps a call and keep the rest of the window; auto: as"
            " few as the network allows.",
        ),
    ] = None,
    stream_axis: Annotated[
        int, typer.Option(help="Axis of the input along which time runs; the batch is 0.")
    ] = 1,
    requantize: Annotated[
        bool, typer.Option("--requantize", help="Dequantize a quantized file and quantize it anew.")
    ] = False,
    resize: Annotated[
        str | None, typer.Option(help="stretch, crop or none.", rich_help_panel=PREPARE)
    ] = None,
    color: Annotated[
        str | None, typer.Option(help="rgb, bgr or gray.", rich_help_panel=PREPARE)
    ] = None,
    mean: Annotated[
        str | None,
        typer.Option(help="y = (x - mean) * scale; one or three.", rich_help_panel=PREPARE),
    ] = None,
    scale: Annotated[
        str | None, typer.Option(help="Such as 1/255 or 1/127.5.", rich_help_panel=PREPARE)
    ] = None,
    alpha: Annotated[
        float | None, typer.Option(help="Width multiplier; default 1.", rich_help_panel=ZOO)
    ] = None,
    input_size: Annotated[
        int | None, typer.Option(help="Height and width in pixels.", rich_help_panel=ZOO)
    ] = None,
    classes: Annotated[
        int | None, typer.Option(help="Outputs; default 1000.", rich_help_panel=ZOO)
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(help="Weights file; default: random.", rich_help_panel=ZOO)
    ] = None,
    dump: Annotated[
        Path | None, typer.Option(help="Write the graph as text after each pass here.")
    ] = None,
    explain: explanation.Explain = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Turn a trained network into an int8 bundle for a target.

    Quantizes with representative data, proves what that cost, and writes model.tflite and, for
    targets that run it, C. Exit 3 when the result is not accurate enough or does not fit.
    """
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    from edgekit.deploy.convert import convert
    from edgekit.errors import AccuracyError

    chosen = conversion_options(
        name=name,
        precision=precision,
        prefer=prefer,
        layer_precision=layer_precision,
        calibration=calibration,
        calibration_samples=calibration_samples,
        eval_data=eval_data,
        eval_samples=eval_samples,
        min_agreement=min_agreement,
        max_drop=max_drop,
        gate=gate,
        bias_correction=bias_correction,
        rounding=rounding,
        ranges=ranges,
        code_format=code_format,
        requantize=requantize,
        resize=resize,
        color=color,
        mean=mean,
        scale=scale,
        alpha=alpha,
        input_size=input_size,
        classes=classes,
        weights=weights,
        dump=dump,
        ram_budget=ram_budget,
        arena=arena,
        all_channels=all_channels,
        binary_format=binary_format,
        prune=prune,
        prune_by=prune_by,
        cluster=cluster,
        cluster_per=cluster_per,
        compress_weights=compress_weights,
        stream=stream,
        stream_axis=stream_axis,
    )
    trust.say_if_pickled(out, model)
    try:
        with out.working():
            result = convert(
                model, target=target, output_dir=output_dir, options=chosen, progress=out.advance
            )
    except AccuracyError as error:
        show_refused(out, error)
        raise
    _show(out, result, output_dir, explained=explain)


def conversion_options(
    *,
    layer_precision: list[str] | None,
    eval_data: str | None,
    eval_samples: int,
    mean: str | None,
    scale: str | None,
    ram_budget: str | None = None,
    stream: str | None = None,
    **same: Any,
) -> ConvertOptions:
    """What the flags say; `same` are called so there as well. Raises UsageError."""
    from edgekit.converter.options import ConvertOptions, hop, numbers, size

    return ConvertOptions(
        layer_precision=tuple(layer_precision or ()),
        evaluation=eval_data,
        evaluation_samples=eval_samples,
        mean=numbers("--mean", mean),
        scale=numbers("--scale", scale),
        ram_budget=size("--ram-budget", ram_budget),
        stream=hop("--stream", stream),
        **same,
    )


def _show(out: output.Output, result: Converted, folder: Path, *, explained: bool) -> None:
    """The summary a person reads, or the record a machine does."""
    from dataclasses import asdict

    from edgekit.deploy.explain import explain_manifest
    from edgekit.deploy.summary import conversion_rows

    record = {
        "bundle": str(folder),
        "manifest": asdict(result.manifest),
        "timings_s": result.timings,
        "peak_memory_bytes": result.peak_memory_bytes,
    }
    kernels = explain_manifest(result.manifest)
    out.emit(record | ({"explanation": kernels.record()} if explained else {}))
    out.table("", ("", ""), conversion_rows(result))
    if result.manifest.precision is not None:
        show_formats(out, result.manifest.precision)
    if explained and result.manifest.pruning is not None:
        from edgekit.deploy import pruned

        out.table("pruned layers", pruned.COLUMNS, pruned.layer_rows(result.manifest.pruning))
    if explained and result.manifest.streaming is not None:
        from edgekit.deploy import streaming

        out.table(
            "rows of a call", streaming.COLUMNS, streaming.layer_rows(result.manifest.streaming)
        )
        for line in streaming.end_lines(result.manifest.streaming):
            out.say(line)
    if explained:
        explanation.show(out, kernels)
    out.notes(result.manifest.warnings)
    out.say(f"bundle: {folder}")


def show_formats(out: output.Output, found: PrecisionSummary) -> None:
    """Every layer's format with its price, and where the figures come from."""
    from edgekit.deploy.formats import COLUMNS, format_lines, format_rows

    out.table("precision by layer", COLUMNS, format_rows(found))
    for line in format_lines(found):
        out.say(line)


def show_refused(out: output.Output, error: AccuracyError) -> None:
    """The formats that were tried, before the refusal itself."""
    from dataclasses import asdict

    from edgekit.artifacts.precision import PrecisionSummary

    if isinstance(error.precision, PrecisionSummary):
        out.emit({"precision": asdict(error.precision)}, error)
        show_formats(out, error.precision)
