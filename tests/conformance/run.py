"""Conformance from the command line; see docs/conformance.md.

python -m tests.conformance.run --seed 17                 one graph, shrunk where it fails
python -m tests.conformance.run --count 5000              seeds 0 to 4999
python -m tests.conformance.run --count 500 --board virtual-m55
python -m tests.conformance.run --models FOLDER           every .tflite in a folder
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from edgekit.converter.ir.graph import DType
from tests.conformance.boards import BOARDS
from tests.conformance.campaign import Campaign, Failure
from tests.conformance.files import check_files, models_folder
from tests.conformance.graphs import case
from tests.conformance.keep import keep

CHUNK = 300
MOST_SHRUNK = 10


def main(arguments: Sequence[str]) -> int:
    """0 when all is equal, 1 when something differs."""
    options = _parser().parse_args(arguments)
    if options.models is not None:
        return _models(Path(options.models) if options.models else models_folder())
    seeds = (
        [options.seed]
        if options.seed is not None
        else range(options.start, options.start + options.count)
    )
    failures = 0
    with tempfile.TemporaryDirectory() as folder, _campaign(options, Path(folder)) as campaign:
        for start in range(0, len(seeds), CHUNK):
            result = campaign.run(
                [case(seed, options.format) for seed in seeds[start : start + CHUNK]]
            )
            print(result.report, flush=True)
            for failure in result.failures[: max(0, MOST_SHRUNK - failures)]:
                print(_kept(campaign, failure, options), flush=True)
            failures += len(result.failures)
    return failures > 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.run")
    parser.add_argument("--seed", type=int, help="one seed")
    parser.add_argument("--start", type=int, default=0, help="the first of --count seeds")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--format", type=DType, help="int8, int16 or float32 for all graphs")
    parser.add_argument("--board", choices=sorted(BOARDS), help="in QEMU instead of on the host")
    parser.add_argument("--sanitize", action="store_true", help="AddressSanitizer and UBSan")
    parser.add_argument("--stripes", action="store_true", help="run steps stripe by stripe")
    parser.add_argument("--spread", action="store_true", help="arenas in several memories")
    parser.add_argument("--models", nargs="?", const="", help="a folder of .tflite files")
    return parser


def _campaign(options: argparse.Namespace, folder: Path) -> Campaign:
    board = BOARDS[options.board] if options.board else None
    return Campaign(
        folder,
        sanitize=options.sanitize,
        board=board,
        stripes=options.stripes,
        spreads=options.spread,
    )


def _kept(campaign: Campaign, failure: Failure, options: argparse.Namespace) -> str:
    extra = [f"--format {options.format}"] if options.format else []
    extra += [f"--board {options.board}"] if options.board else []
    extra += ["--sanitize"] * options.sanitize + ["--stripes"] * options.stripes
    extra += ["--spread"] * options.spread
    return keep(campaign, failure, extra)


def _models(folder: Path) -> int:
    rows = check_files(folder)
    for row in rows:
        print(row)
    return any(row.failed for row in rows)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
