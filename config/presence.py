"""Processes say on the platform's log that they came up."""

import os
import socket

import structlog
from django.db import DatabaseError

from events.bus.local import Follower
from events.events import ServiceStarted
from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from events.tasks import look_after_tables
from kernel.tenancy import in_public_schema

logger = structlog.get_logger(__name__)


def prepare_worker() -> None:
    """Make sure of the tables, report what the release step has not bound, and say that the worker is there."""
    try:
        look_after_tables()
    except DatabaseError as error:
        logger.warning("tables_not_looked_after", error=str(error))
    announce_service("worker")


def follow_platform() -> None:
    """Let this process hear, within a second, what any process has declared out of date."""
    Follower("events.cache_invalidated").start()


def announce_service(service: str) -> None:
    """Publish ServiceStarted. A database that is away does not keep the process from coming up."""
    try:
        with in_public_schema(), unit_of_work():
            publish(ServiceStarted(service=service, host=socket.gethostname(), pid=os.getpid()))
    except DatabaseError as error:
        logger.warning("service_not_announced", service=service, error=str(error))
