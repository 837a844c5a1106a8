"""`edgekit gate`: a threshold for the change gate, from a labelled clip."""

from __future__ import annotations

from typing import Annotated

import typer

from edgekit.cli import options, output
from edgekit.cli.camera_options import Format, Frames, Part, Size, numbers, view_of

NAME = "gate"


def command(
    bundle: options.Bundle,
    frames: Frames,
    labels: Annotated[str, typer.Option(help="Its events: CSV of start,end,label in frames.")],
    format: Format = "rgb565",
    size: Size = "160x120",
    region: Part = None,
    thresholds: Annotated[
        str | None, typer.Option(metavar="N,...", help="In 1/16 of an 8-bit level.")
    ] = None,
    blocks: Annotated[int, typer.Option(min=1, help="Blocks that have to change.")] = 1,
    hold: Annotated[int, typer.Option(min=0, help="Still frames looked at before it closes.")] = 2,
    refresh: Annotated[
        int, typer.Option(min=0, help="Look at a frame at least every N; 0: do not.")
    ] = 0,
    max_missed: Annotated[int, typer.Option(min=0, help="Events that may be missed.")] = 0,
    counts: Annotated[
        str | None, typer.Option(help="camera.json of `edgekit camera -o`: instructions.")
    ] = None,
    energy: Annotated[
        str | None, typer.Option(help="report.json of a bench with a power meter.")
    ] = None,
    output_dir: options.OptionalOutputDir = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Choose when to skip inference on still scenes. Exit 3 when none will do."""
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    from dataclasses import asdict
    from json import dumps

    from edgekit.artifacts.files import check_writable, write_file
    from edgekit.deploy.gate import THRESHOLDS, study_gate

    if output_dir is not None:
        check_writable(output_dir)
    view = view_of(size, region)
    wanted = (
        numbers("--thresholds", thresholds, ",", thresholds.count(",") + 1) if thresholds else ()
    )
    study = study_gate(
        bundle,
        frames,
        labels,
        format=format,
        **view,
        thresholds=wanted or THRESHOLDS,
        blocks=blocks,
        hold=hold,
        refresh=refresh,
        max_missed=max_missed,
        counts=counts,
        energy=energy,
    )
    wrong = study.verdict()
    if output_dir is not None:
        write_file(output_dir / "gate.json", dumps(asdict(study), indent=2) + "\n")
        write_file(output_dir / "gate.svg", study.picture())
    out.emit(asdict(study), wrong)
    out.say(f"{study.frames} frames, {len(study.events)} events; cost: {study.costs.basis}")
    out.table(
        "",
        (">threshold", ">inferences", ">saved", ">events missed", "which"),
        [
            (
                str(row.setting.enter),
                str(row.inferences),
                f"{100 * row.saved:.1f} %",
                str(len(row.missed)),
                ", ".join(f"{event.label} {event.start}..{event.end}" for event in row.missed[:3]),
            )
            for row in study.rows
        ],
    )
    if wrong is not None:
        raise wrong
    assert study.chosen is not None
    out.say(
        f"choose --gate {study.chosen.setting.enter}: {100 * study.chosen.saved:.1f} % saved, "
        f"{len(study.chosen.missed)} of {len(study.events)} events missed"
    )
