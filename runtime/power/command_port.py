"""A program in the place of a port: each request runs it once, and what it prints is the answer."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from edgekit.errors import MeterError

END = b"\0"
"""Stands after each answer."""
PATIENCE_S = 10.0


class CommandPort:
    """A Port that runs `command`. Raises MeterError when it cannot be run or does not end."""

    def __init__(self, command: Sequence[str], *, needs: str) -> None:
        self._command, self._needs = list(command), needs
        self._answer = b""

    def read(self) -> bytes:
        answer, self._answer = self._answer, b""
        return answer

    def write(self, data: bytes) -> None:
        """Run the program, whatever the request says."""
        try:
            done = subprocess.run(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=PATIENCE_S,
                check=False,
            )
        except FileNotFoundError:
            raise self._error("is not installed here", "meter-no-program") from None
        except (OSError, subprocess.TimeoutExpired) as error:
            raise self._error(f"cannot be asked ({error})", "meter-program") from None
        self._answer += done.stdout + END

    def close(self) -> None:
        """Nothing is held between two requests."""

    def _error(self, found: str, code: str) -> MeterError:
        return MeterError(f"program {self._command[0]}", found, hint=self._needs, code=code)
