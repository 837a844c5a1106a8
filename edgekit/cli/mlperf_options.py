"""What `bench --mlperf` takes of the options of `bench`, and what it does with them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from edgekit.artifacts.report import Report
    from edgekit.cli import output
    from edgekit.targets.model import Target

Mlperf = Annotated[
    bool, typer.Option("--mlperf", help="By the rules of MLPerf Tiny, on anyone's firmware.")
]
Mode = Annotated[
    str | None, typer.Option(help="With --mlperf: performance (default), accuracy or energy.")
]
ModelId = Annotated[
    str | None, typer.Option(help="With --mlperf, virtual board: kws01, vww01, ic01, ad01.")
]
Files = Annotated[
    int | None, typer.Option(min=1, help="With --mlperf --mode accuracy: only so many files.")
]
Baud = Annotated[int | None, typer.Option(min=300, help="With --mlperf: rate of the port.")]
NAMES = {"mode": "--mode", "model_id": "--model-id", "files": "--files", "baud": "--baud"}

DECIDED = (
    "battery",
    "every",
    "sleep",
    "price",
    "samples",
    "windows",
    "benchmark_model",
    "cores",
    "engine",
    "threads",
    "batch",
    "cold",
    "sustained",
)
"""Options of `bench` that the rules decide, or that mean nothing to them."""


def check_without(values: Mapping[str, Any]) -> None:
    """Raise UsageError for an option that means nothing without --mlperf."""
    from edgekit.errors import UsageError

    for key, name in NAMES.items():
        if values[key] is not None:
            raise UsageError(
                name,
                "without effect here: it belongs to --mlperf",
                hint="add --mlperf, or leave it out",
                code="option-unused",
            )


def check_with(given: Mapping[str, bool]) -> None:
    """Raise UsageError for a given option of `bench` that --mlperf decides itself."""
    from edgekit.errors import UsageError

    for name, is_given in given.items():
        if is_given:
            raise UsageError(
                name,
                "without effect here: the rules of MLPerf Tiny decide it",
                hint="leave it out, or leave --mlperf out",
                code="option-unused",
            )


def run(
    out: output.Output,
    bundle: Path | None,
    target: str | Target | None,
    output_dir: Path | None,
    data: str | None,
    **values: Any,
) -> Report:
    """Run the benchmark; the report."""
    from edgekit.deploy.mlperf import MlperfOptions, bench_mlperf

    chosen = {key: value for key, value in values.items() if value is not None}
    options = MlperfOptions(data=None if data is None else Path(data), **chosen)
    with out.working():
        return bench_mlperf(
            bundle, target=target, options=options, output_dir=output_dir, progress=out.advance
        )
