"""Keeping TensorFlow's chatter off the terminal without losing its errors."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from edgekit.litert.quiet import text_in

_KEPT = 1 << 16


@contextmanager
def quiet() -> Iterator[Callable[[], str]]:
    """Silence stdout, stderr (the C++ side's too), warnings and logs.

    Yields a function that returns what went to stderr, for error messages.
    """
    sys.stderr.flush()
    with tempfile.TemporaryFile() as sink, contextlib.ExitStack() as stack:
        stack.callback(_restore_stderr, _redirect_stderr(sink.fileno()))
        stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        stack.callback(logging.disable, logging.root.manager.disable)
        logging.disable(logging.ERROR)
        yield lambda: text_in(sink.fileno(), _KEPT)


def _redirect_stderr(target: int) -> int | None:
    """Point file descriptor 2 at `target`; the old one, or None where stderr is closed."""
    try:
        saved = os.dup(2)
    except OSError:
        return None
    os.dup2(target, 2)
    return saved


def _restore_stderr(saved: int | None) -> None:
    sys.stderr.flush()
    if saved is not None:
        os.dup2(saved, 2)
        os.close(saved)
