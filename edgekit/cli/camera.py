"""`edgekit camera`: frames through the firmware, of pictures or of a board's sensor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgekit.cli import camera_options, keeping, options, output, stations
from edgekit.errors import UsageError

if TYPE_CHECKING:
    from edgekit.deploy.camera_run import CameraRun
    from edgekit.targets.model import Target

NAME = "camera"
OF_FIRMWARE = "was decided when the firmware on the board was built"
USUAL_FRAMES = 10


def command(
    bundle: options.Bundle,
    frames: Annotated[
        str | None, typer.Option(help="Folder of pictures, or .npy of uint8 frames, to show.")
    ] = None,
    port: options.Port = None,
    target: options.OptionalTarget = None,
    format: camera_options.OptionalFormat = None,
    size: camera_options.OptionalSize = None,
    region: camera_options.Part = None,
    resample: camera_options.OptionalResample = None,
    gate: camera_options.Gate = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", "--count", min=1, help="So many frames; of a sensor 10."),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Bring a sensor's frames home as PNG, and compare."),
    ] = None,
    device: options.Device = None,
    lab: options.Lab = None,
    wait: options.Wait = 0.0,
    log: options.Log = None,
    output_dir: options.OptionalOutputDir = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Run frames through a bundle's camera firmware. Exit 3 on a mismatch.

    Pictures on a virtual board (--frames), or what the sensor of a board sees (--port), whose
    firmware `edgekit flash --camera` has written.
    """
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    from edgekit.artifacts.files import check_writable

    station = stations.only(device, lab, {"--target": target, "--port": port})
    if station is not None:
        port = station.port
    built = {"--format": format, "--size": size, "--region": region, "--resample": resample}
    if port is not None:
        camera_options.check_unused(built, OF_FIRMWARE, "build and flash it again with that option")
    if port is None or frames is not None:
        camera_options.check_unused({"--save": save}, "keeps frames of a sensor", "leave it out")
    if output_dir is not None:
        check_writable(output_dir)
    run = stations.logged("camera", station, target, bundle, output_dir)
    at = target if station is None else station.target
    with keeping.Keeping(out, log).logged(run):
        with out.working():
            if port is None:
                result = _shown(out, bundle, frames, at, built, gate, limit)
            else:
                result = _asked(out, bundle, port, frames, at, gate, limit, save, wait)
        _tell(out, result, output_dir)


def _shown(
    out: output.Output,
    bundle: Path,
    frames: str | None,
    target: str | Target | None,
    built: dict[str, Any],
    gate: int | None,
    limit: int | None,
) -> CameraRun:
    """Pictures on a virtual board."""
    from edgekit.deploy.camera import run_camera

    if frames is None:
        raise UsageError(
            "camera",
            "neither frames to show nor a board to ask",
            allowed="--frames DIR, or --port PORT",
            hint=f"edgekit camera {bundle} --frames pictures",
            code="camera-source",
        )
    return run_camera(
        bundle,
        frames,
        target=target,
        format=built["--format"] or "rgb565",
        **camera_options.view_of(built["--size"] or "160x120", built["--region"]),
        resample=built["--resample"] or "bilinear",
        gate=camera_options.gate_of(gate),
        limit=limit,
        progress=out.advance,
    )


def _asked(
    out: output.Output,
    bundle: Path,
    port: str,
    frames: str | None,
    target: str | Target | None,
    gate: int | None,
    limit: int | None,
    save: Path | None,
    wait: float,
) -> CameraRun:
    """Frames of a board's sensor."""
    from edgekit.deploy.camera import ask_camera

    return ask_camera(
        bundle,
        port,
        target=target,
        frames=frames,
        gate=camera_options.gate_of(gate),
        limit=limit or USUAL_FRAMES,
        save=save,
        wait_s=wait,
        progress=out.advance,
    )


def _tell(out: output.Output, result: CameraRun, output_dir: Path | None) -> None:
    """The frames on the terminal, in `output_dir` and as JSON; raise what is wrong with them."""
    from dataclasses import asdict
    from json import dumps

    from edgekit.artifacts.files import write_file

    wrong = result.verdict()
    record = asdict(result) | {"stages": [asdict(stage) for stage in result.stages()]}
    if output_dir is not None:
        write_file(output_dir / "camera.json", dumps(record, indent=2) + "\n")
    out.emit(record, wrong)
    out.say(
        f"{result.model} on {result.device}: {result.width}x{result.height} {result.format}"
        + f" of {result.camera}" * (result.basis == "measured")
    )
    headings = ("frame", "answer", ">score", ">blocks changed", ">conversion", ">inference")
    out.table("", headings, [_row(frame, result.unit) for frame in result.frames])
    unit = f"({result.basis} {result.unit})"
    out.say(f"inferences: {result.ran} of {len(result.frames)} frames {unit}")
    if result.hz:
        _tell_times(out, result)
    out.say(f"line buffers of the conversion: {result.work_bytes:,} B")
    _tell_faults(out, result)
    if wrong is not None:
        raise wrong
    if result.compared:
        out.say("inputs, outputs and decisions equal the NumPy definition")


def _row(frame: Any, unit: str) -> tuple[str, ...]:
    if frame.fault:
        return (frame.name, f"no frame: {frame.fault}", "", "", "", "")
    return (
        frame.name,
        frame.label if frame.ran else f"({frame.label})",
        f"{frame.score:.3f}",
        str(frame.changed),
        _count(frame.convert, unit),
        _count(frame.infer, unit) if frame.ran else "skipped",
    )


def _count(value: float, unit: str) -> str:
    return f"{1e3 * value:.3f} ms" if unit == "s" else f"{value:,.0f}"


def _tell_times(out: output.Output, result: CameraRun) -> None:
    """Each stage's time by the board's own clock."""
    names = {"take": "until the frame was there", "convert": "conversion", "infer": "inference"}
    rows = [
        (
            names[stage.name],
            str(stage.samples),
            *(
                f"{1e3 * value / result.hz:.3f}"
                for value in (stage.least, stage.median, stage.most)
            ),
        )
        for stage in result.stages()
    ]
    out.table("", (f"stage, {result.basis}", ">frames", ">least ms", ">median", ">most"), rows)


def _tell_faults(out: output.Output, result: CameraRun) -> None:
    """Why frames did not come, and what to look at."""
    from edgekit.runtime.link.camera import advice

    for reason, times in result.faults().items():
        out.say(f"no frame: {reason}, {times} of {len(result.frames)}: {advice(reason)}")
