"""The `edgekit` command: the list of commands, and how every failure becomes a line and a code.

Exit codes: 0 done, 1 failure, 2 usage, 3 negative verdict (does not fit, accuracy gate,
mismatch), 130 interrupted.
"""

from __future__ import annotations

import errno
import logging
import os
import sys
import warnings
from collections.abc import Sequence

import typer

from edgekit.cli import (
    baseline,
    bench,
    build,
    camera,
    compare,
    compress,
    convert,
    devices,
    doctor,
    explain,
    flash,
    gate,
    history,
    inspect,
    meters,
    mlperf,
    provision,
    report,
    signals,
    sweep,
    targets,
    tradeoff,
    train,
    verify,
)
from edgekit.cli import output as out
from edgekit.cli import run as run_command
from edgekit.errors import EdgeKitError, OutputError, UsageError

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system answers where nothing more can be written."""

app = typer.Typer(
    name="edgekit",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Put neural networks on phones, Raspberry Pis and microcontrollers, and measure the cost.",
)


def _version(show: bool) -> None:
    if show:
        from edgekit import __version__

        print(f"edgekit {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Put neural networks on phones, Raspberry Pis and microcontrollers, and measure the cost."""


_COMMANDS = (
    *(doctor, targets, inspect, baseline, train, compress, convert),
    *(sweep, build, flash, provision, bench, run_command, camera, gate, verify),
    *(report, compare, tradeoff, explain),
)
for _module in _COMMANDS:
    app.command(name=_module.NAME)(_module.command)
app.add_typer(devices.app, name=devices.NAME)
app.add_typer(history.app, name=history.NAME)
app.add_typer(meters.app, name=meters.NAME)
app.add_typer(mlperf.app, name=mlperf.NAME)


def run(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the console script; always raises SystemExit."""
    signals.install()
    # what was closed by the caller (>&-) is None
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115, PTH123
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115, PTH123
    words = sys.argv[1:] if arguments is None else arguments
    if not {"-v", "--verbose"} & set(words):
        # what libraries warn of and log is not the user's doing
        warnings.simplefilter("ignore")
        logging.lastResort = None
    sys.exit(main(words))


def main(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    words = list(arguments) or ["--help"]
    # The format is known before any option is parsed, so that usage errors keep to it too.
    out.use(json="--json" in words, quiet=False, verbose=False)
    try:
        _no_empty_words(words)
        result = app(args=words, prog_name="edgekit", standalone_mode=False)
        signals.again()
        sys.stdout.flush()
        if result == signals.Interrupted.exit_code:  # what the option parser makes of Ctrl-C
            return _interrupted()
        return result if isinstance(result, int) else 0
    except EdgeKitError as error:
        return _failed(error)
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - the reader went away
        return 0
    except OSError as error:
        if error.errno in NO_ROOM and error.filename is None:
            return _unprintable(error)
        return _other(error)
    except Exception as error:
        return _other(error)


def _no_empty_words(words: Sequence[str]) -> None:
    """An empty path would mean the current folder, which nobody asks for that way."""
    if "" in words:
        raise UsageError(
            f"argument {words.index('') + 1}",
            "is empty",
            hint="is a shell variable not set?",
            code="empty-argument",
        )


def _failed(error: EdgeKitError) -> int:
    out.current().error(error)
    return error.exit_code


def _interrupted() -> int:
    if sys.stderr.isatty():
        print(file=sys.stderr)  # the terminal has written ^C
    return _failed(signals.Interrupted("interrupted", "nothing was left half-written"))


def _unprintable(error: OSError) -> int:
    """Files have errors of their own: what is left is standard output, on a full disk."""
    with open(os.devnull, "wb") as nothing:  # noqa: PTH123 - what is still to be printed goes there
        os.dup2(nothing.fileno(), sys.stdout.fileno())
    out.use(json=False, quiet=False, verbose=False)
    return _failed(
        OutputError(
            "standard output",
            f"cannot be written: {error.strerror}",
            hint="free space, or send it elsewhere",
            code="cannot-write",
        )
    )


def _other(error: Exception) -> int:
    """Usage errors of the option parser, and our own bugs."""
    if type(error).__name__ == "Abort":  # the same in older versions of it
        return _interrupted()
    # typer carries its own copy of click's exceptions since 0.2x, so they are known by shape.
    if hasattr(error, "format_message"):
        path = getattr(getattr(error, "ctx", None), "command_path", "edgekit")
        found = str(error.format_message()).rstrip(".").replace("\n", " ")
        usage = getattr(error, "exit_code", 1) == 2
        kind = UsageError if usage else EdgeKitError
        mended = kind(path, found, hint=f"see `{path} --help`")
        return _failed(mended)
    if out.current().verbose or os.environ.get("EDGEKIT_DEBUG"):
        raise error
    bug = EdgeKitError(
        "internal error",
        f"{type(error).__name__}: {error}",
        hint="this is a bug in EdgeKit; run again with --verbose for the traceback and report it",
        code="internal",
    )
    return _failed(bug)
