"""The options several commands share, each stated once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

_TARGET = ("-t", "--target")
_OUTPUT = ("-o", "--output-dir")

Target = Annotated[
    str, typer.Option(*_TARGET, help="Target name, unique prefix, family or a .toml file.")
]
OptionalTarget = Annotated[
    str | None, typer.Option(*_TARGET, help="As for convert; default: the bundle's target.")
]
OutputDir = Annotated[
    Path, typer.Option(*_OUTPUT, help="Folder to write; replaced as a whole or not at all.")
]
OptionalOutputDir = Annotated[
    Path | None, typer.Option(*_OUTPUT, help="Folder to write; default: nothing is written.")
]
Port = Annotated[
    str | None, typer.Option("-p", "--port", help="Serial port or pyserial URL of the board.")
]
Host = Annotated[
    str | None,
    typer.Option(help="Where a Pi is, as ssh takes it: pi@raspberrypi.local; a phone's address."),
]
Serial = Annotated[
    str | None, typer.Option(help="Serial number of a phone, as `adb devices` lists it.")
]
Emulate = Annotated[
    bool,
    typer.Option("--emulate", help="Run a Pi's or phone's program in QEMU here: no time, outputs."),
]
Device = Annotated[
    str | None, typer.Option(help="Device of the lab file, in the place of --target and --port.")
]
Devices = Annotated[
    str | None, typer.Option("--device", help="Device of the lab file, or several: nano,pi.")
]
Log = Annotated[
    Path | None, typer.Option(help="Log of runs; off: none; default: $EDGEKIT_LOG, or your own.")
]
History = Annotated[
    Path | None,
    typer.Option(help="History of reports; off: none; default: $EDGEKIT_HISTORY, or your own."),
]
Wait = Annotated[
    float,
    typer.Option(min=0, help="Seconds to wait for a device that another run uses; default: none."),
]
ModelId = Annotated[
    str, typer.Option(help="MLPerf Tiny model id to answer with: vww01, ic01, kws01, ad01.")
]
Picture = Annotated[Path | None, typer.Option(help="Draw it here: .svg, or .png with Chromium.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print errors only.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Say more on stderr.")]
Bundle = Annotated[
    Path, typer.Argument(metavar="BUNDLE", help="Bundle folder written by `edgekit convert`.")
]
Bundles = Annotated[
    list[Path] | None,
    typer.Argument(metavar="BUNDLE...", help="Bundle folders; none needed with --mlperf --port."),
]
SeveralTargets = Annotated[
    str | None,
    typer.Option(*_TARGET, help="As for convert, or several: rpi4,virtual-m7; default: own."),
]
Lab = Annotated[
    Path | None, typer.Option(help="File that names devices; default: see `edgekit devices`.")
]


def given(context: typer.Context, names: Iterable[str]) -> dict[str, bool]:
    """Of parameters of the running command, by option: whether the user gave it."""
    sources = {name: context.get_parameter_source(name) for name in names}
    return {
        # By name: newer Typer brings a Click of its own, with an enumeration of its own.
        f"--{name.replace('_', '-')}": source is not None and source.name == "COMMANDLINE"
        for name, source in sources.items()
    }
