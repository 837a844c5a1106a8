"""What is opened by `with` and closed by its end."""

from __future__ import annotations

from types import TracebackType
from typing import Self


class Opened:
    """Opens on entering a `with` block, closes on leaving it, also when opening fails halfway."""

    def open(self) -> None:
        """Get hold of it."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of it; harmless when it is not open."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        try:
            self.open()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
