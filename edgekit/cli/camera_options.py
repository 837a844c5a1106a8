"""The options about cameras and their frames, which several commands share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgekit.errors import UsageError

if TYPE_CHECKING:
    from edgekit.converter.camera.gate import GateSetting
    from edgekit.converter.camera.plan import Region
    from edgekit.deploy.camera_choice import CameraChoice

Camera = Annotated[
    str | None,
    typer.Option(metavar="DRIVER", help="Build a camera in: a driver, or auto for the board's."),
]
Frames = Annotated[str, typer.Option(help="Folder of pictures, or .npy of uint8 frames.")]
_FORMATS = "rgb565, rgb565le, yuyv, uyvy, gray8, rggb, grbg, gbrg or bggr."
Format = Annotated[str, typer.Option(help=_FORMATS)]
OptionalFormat = Annotated[str | None, typer.Option(help=f"{_FORMATS[:-1]}; default: usual.")]
Size = Annotated[str, typer.Option(metavar="WxH", help="Pixels of the frames.")]
OptionalSize = Annotated[
    str | None, typer.Option(metavar="WxH", help="Pixels of the frames; default: the driver's.")
]
Part = Annotated[
    str | None, typer.Option(metavar="X,Y,W,H", help="Part the model sees; default: all.")
]
Resample = Annotated[str, typer.Option(help="bilinear, as models are prepared; box or nearest.")]
OptionalResample = Annotated[
    str | None, typer.Option(help="bilinear (usual), as models are prepared; box or nearest.")
]
Gate = Annotated[
    int | None,
    typer.Option(min=0, help="Skip still frames; threshold in 1/16 of an 8-bit level."),
]


def choice(
    camera: str | None,
    format: str | None,
    size: str | None,
    region: str | None,
    resample: str | None,
    gate: int | None,
) -> CameraChoice | None:
    """What these options say of the camera to build in; None: there is none. Raises UsageError."""
    named: dict[str, Any] = {"--format": format, "--size": size, "--region": region}
    named |= {"--resample": resample, "--gate": gate}
    if camera is None:
        check_unused(named, "is about a camera, and none is built in", "add --camera auto")
        return None
    from edgekit.deploy.camera_choice import CameraChoice

    width_height = numbers("--size", size, "x", 2) if size else None
    return CameraChoice(
        driver=camera,
        format=format,
        size=(width_height[0], width_height[1]) if width_height else None,
        region=region_of(region),
        resample=resample or "bilinear",
        gate=gate_of(gate),
    )


def sentence(camera: Mapping[str, Any]) -> str:
    """What a firmware's camera is set to."""
    sensor = f" ({camera['sensor']})" if camera["sensor"] else ""
    gate = f", gate {camera['gate']['enter']}" if camera["gate"] else ""
    return (
        f"camera: {camera['driver']}{sensor}, {camera['width']}x{camera['height']} "
        f"{camera['format']}, the model sees {','.join(map(str, camera['region']))}"
        f" {camera['resample']}{gate}; tried: {camera['exercised']}"
    )


def check_unused(named: dict[str, Any], found: str, hint: str) -> None:
    """Raise UsageError when one of the options was given."""
    given = [option for option, value in named.items() if value is not None]
    if given:
        raise UsageError(", ".join(given), found, hint=hint, code="camera-options")


def region_of(text: str | None) -> Region | None:
    """The part of a frame that `--region` names. Raises UsageError."""
    from edgekit.converter.camera.plan import Region

    return Region(*numbers("--region", text, ",", 4)) if text else None


def gate_of(threshold: int | None) -> GateSetting | None:
    """The gate for `--gate`: it stays open at half of what opens it."""
    from edgekit.converter.camera.gate import GateSetting

    return None if threshold is None else GateSetting(enter=threshold, leave=threshold // 2)


def view_of(size: str, region: str | None) -> dict[str, Any]:
    """`width` and `height` of the frames in pixels, and the `region` of them that the model sees.
    Raises UsageError."""
    width, height = numbers("--size", size, "x", 2)
    return {"width": width, "height": height, "region": region_of(region)}


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
