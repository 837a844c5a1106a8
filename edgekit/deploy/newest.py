"""The newest of what comes, for one who is slower: what was not taken in time is dropped."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Newest(Generic[Item]):
    """Iterates over `items`, which a thread of its own takes as they come, so that their source
    never waits. One item is held; `dropped` counts those that a newer one has replaced.

    An error of `items` is raised when the item before it has been taken.
    """

    def __init__(self, items: Iterable[Item]) -> None:
        self.dropped = 0
        self._held: list[Item] = []
        self._over = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()
        threading.Thread(target=self._take, args=(items,), daemon=True).start()

    def __iter__(self) -> Iterator[Item]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._held or self._over)
                if not self._held:
                    break
                item = self._held.pop()
            yield item
        if self._error is not None:
            raise self._error

    def _take(self, items: Iterable[Item]) -> None:
        try:
            for item in items:
                with self._changed:
                    self.dropped += len(self._held)
                    self._held = [item]
                    self._changed.notify()
        except BaseException as error:  # it is the iterating thread's
            self._error = error
        with self._changed:
            self._over = True
            self._changed.notify()
