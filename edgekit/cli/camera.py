"""`edgekit camera`: frames through the firmware with a virtual camera."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from edgekit.cli import options, output
from edgekit.errors import UsageError

NAME = "camera"

Frames = Annotated[str, typer.Option(help="Folder of pictures, or .npy of uint8 frames.")]
Format = Annotated[
    str, typer.Option(help="rgb565, rgb565le, yuyv, uyvy, gray8, rggb, grbg, gbrg or bggr.")
]
Size = Annotated[str, typer.Option(metavar="WxH", help="Pixels of the frames.")]
Part = Annotated[
    str | None, typer.Option(metavar="X,Y,W,H", help="Part the model sees; default: all.")
]


def command(
    bundle: options.Bundle,
    frames: Frames,
    target: options.OptionalTarget = None,
    format: Format = "rgb565",
    size: Size = "160x120",
    region: Part = None,
    resample: Annotated[
        str, typer.Option(help="bilinear, as models are prepared; box or nearest.")
    ] = "bilinear",
    gate: Annotated[
        int | None,
        typer.Option(min=0, help="Skip still frames; threshold in 1/16 of an 8-bit level."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Take the first frames only.")] = None,
    output_dir: options.OptionalOutputDir = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Run pictures as camera frames on a virtual board. Exit 3 on a mismatch."""
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    from dataclasses import asdict
    from json import dumps

    from edgekit.artifacts.files import check_writable, write_file
    from edgekit.converter.camera.gate import GateSetting
    from edgekit.deploy.camera import run_camera

    if output_dir is not None:
        check_writable(output_dir)
    view = view_of(size, region)
    with out.working():
        result = run_camera(
            bundle,
            frames,
            target=target,
            format=format,
            **view,
            resample=resample,
            gate=None if gate is None else GateSetting(enter=gate, leave=gate // 2),
            limit=limit,
            progress=out.advance,
        )
    wrong = result.verdict()
    if output_dir is not None:
        write_file(output_dir / "camera.json", dumps(asdict(result), indent=2) + "\n")
    out.emit(asdict(result), wrong)
    out.say(f"{result.model} on {result.device}: {result.width}x{result.height} {result.format}")
    unit = f"({result.basis} {result.unit})"
    out.table(
        "",
        ("frame", "answer", ">score", ">blocks changed", ">conversion", ">inference"),
        [
            (
                frame.name,
                frame.label if frame.ran else f"({frame.label})",
                f"{frame.score:.3f}",
                str(frame.changed),
                f"{frame.convert:,.0f}",
                f"{frame.infer:,.0f}" if frame.ran else "skipped",
            )
            for frame in result.frames
        ],
    )
    out.say(f"inferences: {result.ran} of {len(result.frames)} frames {unit}")
    out.say(f"line buffers of the conversion: {result.work_bytes:,} B")
    if wrong is not None:
        raise wrong
    out.say("inputs, outputs and decisions equal the NumPy definition")


def view_of(size: str, region: str | None) -> dict[str, Any]:
    """`width` and `height` of the frames in pixels, and the `region` of them that the model sees.
    Raises UsageError."""
    from edgekit.converter.camera.plan import Region

    width, height = numbers("--size", size, "x", 2)
    seen = Region(*numbers("--region", region, ",", 4)) if region else None
    return {"width": width, "height": height, "region": seen}


def numbers(option: str, text: str, separator: str, count: int) -> tuple[int, ...]:
    """Numbers of an option. Raises UsageError when they are not `count` integers."""
    words = text.split(separator)
    try:
        values = tuple(int(word) for word in words)
    except ValueError:
        values = ()
    if len(values) != count:
        raise UsageError(
            f"{option} {text}",
            "cannot be read",
            allowed=separator.join("N" * count),
            hint="whole numbers of pixels",
            code="bad-option",
        )
    return values
