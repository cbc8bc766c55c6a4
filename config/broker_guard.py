"""A guard for one defect of Celery 5.7.0: the worker exits when Redis goes away while a message is unacknowledged."""

from typing import Any

import redis
from kombu.transport.redis import Channel

AFFECTED = "5.7."


def guard_lost_client(celery_version: str) -> None:
    """Make a channel whose connection has lost its client raise what the consumer recovers from."""
    if not celery_version.startswith(AFFECTED) or getattr(Channel, "tillflow_guarded", False):
        return
    guarded: Any = Channel
    unguarded = guarded._connparams  # noqa: SLF001 - the defect is in this method

    def connection_parameters(channel: Channel, *arguments: Any, **options: Any) -> Any:
        if channel.connection is None or channel.connection.client is None:
            message = "the connection to the broker is gone"
            raise redis.exceptions.ConnectionError(message)
        return unguarded(channel, *arguments, **options)

    guarded._connparams = connection_parameters  # noqa: SLF001
    guarded.tillflow_guarded = True
