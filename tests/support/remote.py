"""Objects that live in another thread: each use of them runs there.

Playwright works inside an event loop, and Django keeps other connections, or none, for a thread that has one. So the
browser gets a thread, and tests ask the database in theirs.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

PLAIN = (str, bytes, int, float, list, dict, tuple, set, Path, type(None))


class Remote:
    """Stands for an object; what its members and calls give stands for theirs, but for plain values."""

    def __init__(self, thread: ThreadPoolExecutor, target: Any) -> None:
        self._thread, self._target = thread, target

    def __getattr__(self, name: str) -> Any:
        return self._there(lambda: getattr(self._target, name))

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        given = [_bare(each) for each in arguments]
        named = {name: _bare(each) for name, each in options.items()}
        return self._there(lambda: self._target(*given, **named))

    def __enter__(self) -> Any:
        return self._there(self._target.__enter__)

    def __exit__(self, *error: object) -> Any:
        return self._there(lambda: self._target.__exit__(*error))

    def _there(self, act: Callable[[], Any]) -> Any:
        given = self._thread.submit(act).result()
        return given if isinstance(given, PLAIN) else Remote(self._thread, given)


def _bare(value: Any) -> Any:
    return value._target if isinstance(value, Remote) else value
