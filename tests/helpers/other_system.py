"""Python as it is on Windows, as far as what is missing there goes: run as a program.

    python -m tests.helpers.other_system COMMANDS

COMMANDS is a JSON list of command lines. The answer is a JSON list of [exit code, standard output,
standard error], one for each. Modules and names that only POSIX systems have are gone before
EdgeKit is imported; what libraries, which have their own ways there, took from them before stays.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import select
import signal
import socket
import sys
import time
from types import ModuleType

MODULES = ("fcntl", "termios", "tty", "pty", "resource", "pwd", "grp", "readline", "syslog")
NAMES: dict[ModuleType, tuple[str, ...]] = {
    os: (
        *("getuid", "geteuid", "getgid", "fork", "forkpty", "pread", "pwrite", "openpty"),
        *("ttyname", "setsid", "getpgid", "killpg", "sched_getaffinity", "sched_setaffinity"),
        *("getloadavg", "sysconf", "statvfs", "uname", "O_CLOEXEC", "O_NONBLOCK", "O_NOCTTY"),
        *("set_blocking", "fchmod", "fchown", "chown", "mkfifo", "nice", "wait3", "wait4"),
    ),
    signal: (
        *("SIGKILL", "SIGHUP", "SIGALRM", "SIGUSR1", "SIGUSR2", "SIGPIPE", "SIGCHLD", "alarm"),
        *("setitimer", "pthread_sigmask", "sigwait"),
    ),
    time: ("clock_gettime", "clock_gettime_ns", "CLOCK_MONOTONIC", "CLOCK_MONOTONIC_RAW"),
    socket: ("AF_UNIX",),
    select: ("poll", "epoll"),
}
LIBRARIES = (
    *("platform", "sqlite3", "subprocess", "tempfile", "asyncio", "multiprocessing.util"),
    *("numpy", "PIL.Image", "pydantic", "typer", "rich.console", "jinja2", "flatbuffers"),
    *("serial", "serial.tools.list_ports", "platformdirs"),
)
"""Imported while the names are there."""


def strip() -> None:
    """Take the modules and names away."""
    for name in LIBRARIES:
        importlib.import_module(name)
    for name in MODULES:
        sys.modules[name] = None  # type: ignore[assignment]
    for owner, names in NAMES.items():
        for name in names:
            if hasattr(owner, name):
                delattr(owner, name)


def main() -> None:
    """Run the command lines, after every public name was looked up."""
    strip()
    package = importlib.import_module("edgekit")
    for name in package.__all__:
        getattr(package, name)
    run = importlib.import_module("edgekit.cli.main").main
    answers = []
    for words in json.loads(sys.argv[1]):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(words)
        answers.append((code, out.getvalue(), err.getvalue()))
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
