"""Database connections in workers: kept between tasks, dropped after a fork."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from celery import Celery
from celery.fixups import django as fixups
from django.db import Error, connections
from django_tenants.utils import get_public_schema_name

from events.log import log
from events.publishing.unit_of_work import unit_of_work
from events.subscriptions import cursors
from events.subscriptions.doorbells import doorbells
from kernel.tenancy import in_public_schema

DjangoFixup: Any = fixups.DjangoFixup
DjangoWorkerFixup: Any = getattr(fixups, "DjangoWorkerFixup")  # noqa: B009 - the stubs do not have it


class KeepingWorkerFixup(DjangoWorkerFixup):
    """Celery closes the connection around every task; Django's own rule closes only what is no longer good."""

    def _close_database(self) -> None:
        for connection in connections.all(initialized_only=True):
            connection.close_if_unusable_or_obsolete()

    def on_worker_process_init(self, **_options: Any) -> None:
        """Let go of what the fork inherited, without a word to the server: the parent still speaks on it."""
        for connection in connections.all(initialized_only=True):
            if connection.connection is not None:
                _disconnect_quietly(connection.connection.fileno())
                connection.close()
        doorbells.forget_connection()
        warm_up()


def warm_up() -> None:
    """Connect, and let the server load what every drain reads, before the process takes its first task.

    A new session's first statements take many times as long as its later ones; until they are made, tasks go to the
    other processes. Where the database is away, the first task will find out.
    """
    with suppress(Error), in_public_schema(), unit_of_work():
        cursors.lock(get_public_schema_name(), "")
        log.read(get_public_schema_name(), subscriber="", after=0, types=[""], limit=1)


def _disconnect_quietly(socket: int) -> None:
    """Put nothing in the socket's place: libpq says goodbye to it, and closes a descriptor that is its own.

    A descriptor that was merely closed may be another connection's by the time libpq closes it again.
    """
    with Path(os.devnull).open("r+b") as nothing:
        os.dup2(nothing.fileno(), socket)


class KeepingFixup(DjangoFixup):
    _worker_fixup: Any = None

    @property
    def worker_fixup(self) -> Any:
        if self._worker_fixup is None:
            self._worker_fixup = KeepingWorkerFixup(self.app)
        return self._worker_fixup

    @worker_fixup.setter
    def worker_fixup(self, value: Any) -> None:
        self._worker_fixup = value


def keep_connections(app: Celery) -> Any:
    return KeepingFixup(app).install()
