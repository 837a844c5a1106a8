"""What is closed by the end of a `with` block."""

from __future__ import annotations

from types import TracebackType
from typing import Self


class Closed:
    """Closes on leaving a `with` block."""

    def close(self) -> None:
        """Let go of it; harmless when it is not open."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Opened(Closed):
    """Opens on entering a `with` block too; also closed when opening fails halfway."""

    def open(self) -> None:
        """Get hold of it."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        try:
            self.open()
        except BaseException:
            self.close()
            raise
        return self
