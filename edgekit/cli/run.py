"""`edgekit run`: inputs through a bundle, one by one, or a camera's pictures as they come."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgekit.cli import camera_options, options, output
from edgekit.errors import UsageError

if TYPE_CHECKING:
    from edgekit.deploy.watch import Seen, Watch

NAME = "run"


def command(
    bundle: options.Bundle,
    inputs: Annotated[
        list[str] | None, typer.Argument(metavar="INPUT...", help="Images or .npy files.")
    ] = None,
    frames: Annotated[
        str | None,
        typer.Option(metavar="SOURCE", help="JPEGs or PNGs of a pipe (-), a file or a folder."),
    ] = None,
    region: camera_options.Part = None,
    gate: camera_options.Gate = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Look at so many frames.")] = None,
    latest: Annotated[
        bool, typer.Option("--latest", help="Drop frames that a newer one has overtaken.")
    ] = False,
    engine: Annotated[
        str | None,
        typer.Option(help="litert (default), reference (NumPy) or c (the generated C)."),
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="How many classes to print.")] = 3,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Classify images (or .npy arrays) with a bundle on this machine.

    With --frames a camera's pictures, each when it comes; --json prints a line for each.
    """
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    if (frames is None) == (not inputs):
        raise UsageError(
            "run",
            "inputs and --frames together" if inputs else "nothing to run was named",
            allowed="images or .npy files, or --frames SOURCE",
            hint=f"edgekit run {bundle} picture.jpg, or --frames - for a camera's MJPEG",
            code="run-inputs",
        )
    if frames is not None:
        asked = {"limit": limit, "engine": engine, "top": top, "latest": latest}
        _watch(out, bundle, frames, region, gate, **asked)
        return
    only = {"--region": region, "--gate": gate, "--limit": limit, "--latest": latest or None}
    camera_options.check_unused(only, "is about a camera's frames", "add --frames SOURCE")
    from dataclasses import asdict

    from edgekit.deploy.classify import classify

    answers = classify(bundle, inputs or (), engine=engine, top=top)
    out.emit([asdict(answer) for answer in answers])
    for answer in answers:
        out.say(f"{answer.input}: {_ranked(answer.top)}")


def _ranked(top: tuple[tuple[str, float], ...]) -> str:
    return ", ".join(f"{label} {score:.3f}" for label, score in top)


def _watch(
    out: output.Output,
    bundle: Path,
    source: str,
    region: str | None,
    gate: int | None,
    **options: Any,
) -> None:
    """Pictures until there are no more; the summary comes after Ctrl-C, too."""
    from edgekit.deploy.watch import Watch, watch

    found, latencies, ran = Watch(), [], 0
    part = camera_options.region_of(region)
    try:
        for seen in watch(
            bundle, source, found, region=part, gate=camera_options.gate_of(gate), **options
        ):
            latencies.append(seen.latency)
            ran += seen.ran
            out.line(_line(seen))
            out.say(_sentence(seen))
    finally:
        if latencies:
            _summary(out, found, latencies, ran)


def _line(seen: Seen) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(seen) | {"latency": seen.latency}


def _sentence(seen: Seen) -> str:
    answer = _ranked(seen.top) if seen.ran else f"({_ranked(seen.top[:1])})"
    inference = f"inference {1e3 * seen.infer:.2f}" if seen.ran else "skipped"
    return (
        f"{seen.name}: {answer}  {1e3 * seen.latency:.2f} ms (decode {1e3 * seen.decode:.2f}, "
        f"prepare {1e3 * seen.prepare:.2f}, {inference})"
    )


def _summary(out: output.Output, found: Watch, latencies: list[float], ran: int) -> None:
    from statistics import median

    middle = median(latencies)
    counts = {"frames": len(latencies), "inferences": ran, "median_latency": middle}
    out.line({"summary": counts | found.record()})
    out.say(
        f"{len(latencies)} frames, {ran} inferences by {found.engine}; median latency "
        f"{1e3 * middle:.2f} ms, measured on this machine"
    )
    if found.dropped:
        out.say(f"dropped: {found.dropped}, which newer frames had overtaken")
    if found.unreadable or found.stream.broken:
        out.say(f"left out: {found.unreadable} unreadable, {found.stream.broken} cut short")
