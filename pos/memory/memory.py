"""What a process remembers of its shops, each value for one version of its shop."""

from collections.abc import Collection, Hashable, Mapping
from threading import Lock
from typing import Any

from cachetools import LRUCache

CAPACITY = 30_000
"""How many values a process remembers, of all shops together: at most some 50 MB."""


class Memory:
    """Values by shop, version, kind and key. Those that were asked for longest ago make room.

    A version that is no longer the shop's is never asked for again, so what is remembered for it is forgotten.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._values: LRUCache[Hashable, Any] = LRUCache(capacity)
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._values)

    def find(self, *of: Hashable, keys: Collection[Any]) -> dict[Any, Any]:
        with self._lock:
            found = {key: self._values.get((*of, key)) for key in keys}
        return {key: value for key, value in found.items() if value is not None}

    def put(self, *of: Hashable, values: Mapping[Any, Any]) -> None:
        with self._lock:
            for key, value in values.items():
                self._values[(*of, key)] = value

    def forget(self) -> None:
        with self._lock:
            self._values.clear()


process_memory = Memory()
