"""Deadlines of calls: connections are cut when the time is over, however slowly the other side talks.

The timeouts of `requests` count from the last byte, so that one byte every few seconds holds a worker for hours.
"""

from contextlib import suppress
from contextvars import ContextVar
from socket import SHUT_RDWR, socket
from threading import Lock, Timer
from types import TracebackType
from typing import Self

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

LONGEST_SECONDS = 20.0


class Deadline:
    """Cuts what a session connects within it, when its seconds are over. `passed` says that they are."""

    def __init__(self, session: requests.Session) -> None:
        self.seconds = LONGEST_SECONDS
        self.passed = False
        self._connections: list[socket] = []
        self._lock = Lock()
        self._timer = Timer(self.seconds, self._cut)
        self._timer.daemon = True
        for adapter in session.adapters.values():
            assert isinstance(adapter, HTTPAdapter)
            adapter.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def __enter__(self) -> Self:
        self._outer = _current.set(self)
        self._timer.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _frames: TracebackType | None
    ) -> None:
        self._timer.cancel()
        _current.reset(self._outer)
        with self._lock:
            for connection in self._connections:
                connection.close()
            self._connections.clear()

    def require(self) -> None:
        """:raises TimeoutError: when the time is over."""
        if self.passed:
            raise TimeoutError(str(self))

    def watch(self, connection: socket) -> None:
        """Keep a second handle: TLS takes the first one over.

        :raises TimeoutError: when the time is over already.
        """
        with self._lock:
            self.require()
            self._connections.append(connection.dup())

    def __str__(self) -> str:
        return f"no answer within {self.seconds:g} s"

    def _cut(self) -> None:
        with self._lock:
            self.passed = True
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(SHUT_RDWR)


_current: ContextVar[Deadline] = ContextVar("deadline")


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket:
        connection = super()._new_conn()
        _current.get().watch(connection)
        return connection


class _SecureConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection
