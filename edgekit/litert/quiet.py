"""Keep the interpreters' C++ libraries from talking on stderr."""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

KEPT = 4096
"""Bytes of the chatter that are given back."""


@contextmanager
def quiet() -> Iterator[Callable[[], str]]:
    """Keep the C++ libraries' chatter off stderr; yields a function that returns it."""
    sys.stderr.flush()
    try:
        saved = os.dup(2)
    except OSError:  # stderr is closed: nothing to keep clean
        yield lambda: ""
        return
    with tempfile.TemporaryFile() as sink:
        os.dup2(sink.fileno(), 2)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield lambda: text_in(sink.fileno(), KEPT)
        finally:
            sys.stderr.flush()
            os.dup2(saved, 2)
            os.close(saved)


def text_in(descriptor: int, most: int) -> str:
    """The beginning of an open file, at most so many bytes; who writes to it goes on at its end."""
    at = os.lseek(descriptor, 0, os.SEEK_CUR)
    os.lseek(descriptor, 0, os.SEEK_SET)
    data = os.read(descriptor, most)
    os.lseek(descriptor, at, os.SEEK_SET)
    return data.decode(errors="replace")
