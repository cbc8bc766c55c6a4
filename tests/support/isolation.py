"""Tests touch nothing but what is theirs: the database `test_…`, a marked broker, loopback. All else is refused."""

import fcntl
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit

import pytest
import redis

from config.place import var

MARK = "tillflow: tests"
"""The comment on a database, and the key in a broker, that say that tests may delete everything there."""

NO_PLUGIN = "the plugin tests.support.embedded_stack is not active (run pytest with the options of pyproject.toml)"
WHY = "everything in this database may be deleted"


class OutsideTests(BaseException):
    """A test reached for something that is not the tests' own. No code under test may catch this."""


@dataclass
class Own:
    """What belongs to the tests of this process; empty when the plugin has not brought it."""

    database: str = ""
    beside: set[str] = field(default_factory=set)
    database_given: bool = False
    broker: str = ""
    presence: Any = None
    starts: bool = False
    hosts: set[str] = field(default_factory=lambda: {"localhost", "127.0.0.1", "::1", "0.0.0.0"})  # noqa: S104
    lock: Any = None


own = Own()


def refuse(sentence: str) -> NoReturn:
    """End the test run with one sentence, before anything is written."""
    if own.starts:
        raise SystemExit(f"tests refuse to run: {sentence}")
    pytest.exit(f"tests refuse to run: {sentence}", returncode=1)


def lock_folder() -> None:
    """Let no second test run use the same servers: the one that ends first would stop them."""
    var().mkdir(parents=True, exist_ok=True)
    own.lock = (var() / "lock").open("a")
    try:
        fcntl.flock(own.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        refuse(f"another test run uses {var()}; wait for it, or set TILLFLOW_VAR to another folder")


def tests_database(url: str) -> str:
    """Return the URL of the tests' database on the server that a URL names, and remember it."""
    parts = urlsplit(url)
    name = unquote(parts.path.removeprefix("/"))
    if not name:
        refuse("DATABASE_URL names no database")
    own.database = f"test_{name}"
    return parts._replace(path=f"/test_{parts.path.removeprefix('/')}").geturl()


def require_unused_broker(url: str) -> None:
    """Refuse a broker that somebody else keeps something in, or is connected to: tests flush it."""
    shown, database = urlsplit(url)._replace(netloc=urlsplit(url).netloc.rpartition("@")[2]).geturl(), _number(url)
    advice = "name a database number that nobody uses (redis://host:port/15), or leave REDIS_URL out"
    with redis.Redis.from_url(url, socket_timeout=5) as client:
        try:
            marked, keys, me = client.exists(MARK), client.dbsize(), client.client_id()
            clients = [one for one in client.client_list() if one["db"] == database and int(one["id"]) != me]
        except redis.RedisError as error:
            refuse(f"the broker at REDIS_URL ({shown}) cannot be used: {error}")
    if keys and not marked:
        refuse(f"the broker at REDIS_URL ({shown}) holds {keys} keys that are not the tests'; {advice}")
    if clients:
        refuse(f"{len(clients)} other clients are connected to the broker at REDIS_URL ({shown}); {advice}")


def claim_broker(url: str) -> None:
    """Mark the broker, and stay connected: another test run that is given the same one sees that it is in use."""
    own.broker = url
    own.presence = redis.Redis.from_url(url, single_connection_client=True)
    own.presence.set(MARK, WHY)


def flush_broker() -> None:
    """Empty the tests' broker, which must still carry the mark that this run has set."""
    if not own.broker:
        refuse(NO_PLUGIN)
    with redis.Redis.from_url(own.broker) as client:
        if not client.exists(MARK):
            refuse("the broker no longer carries the mark of the tests; somebody else uses it")
        client.pipeline().flushdb().set(MARK, WHY).execute()


def leave_broker() -> None:
    with suppress(redis.RedisError):
        if own.presence.exists(MARK):
            own.presence.flushdb()
        own.presence.close()


def require_own_stack() -> None:
    """Refuse settings that name another database or broker than the plugin has brought."""
    from django.conf import settings

    if not own.database:
        refuse(NO_PLUGIN)
    for alias, database in settings.DATABASES.items():
        if database["NAME"] != own.database:
            refuse(f"the database {alias!r} of the settings is {database['NAME']!r}, not the tests' {own.database!r}")
    if settings.REDIS_URL != own.broker:
        refuse("REDIS_URL in the settings is not the tests' broker")


def watch_connections(*, database_given: bool) -> None:
    """Close every database connection of this process that leads to another database than the tests'."""
    from django.db.backends.signals import connection_created

    own.database_given = database_given
    connection_created.connect(_require_tests_database, dispatch_uid="tests.support.isolation")


def stay_on_loopback(broker: str) -> None:
    """Refuse connections to other machines; the broker's host is reached when it was given."""
    own.hosts.add(urlsplit(broker).hostname or "localhost")
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def guarded(self: socket.socket, address: Any) -> None:
        _require_near(self, address)
        connect(self, address)

    def guarded_ex(self: socket.socket, address: Any) -> int:
        _require_near(self, address)
        return connect_ex(self, address)

    socket.socket.connect, socket.socket.connect_ex = guarded, guarded_ex  # type: ignore[method-assign]


def _require_tests_database(connection: Any, **_more: Any) -> None:
    name, administrative = connection.connection.info.dbname, connection.alias == "__no_db__"
    if name not in {own.database, *own.beside} and not administrative:
        connection.close()
        raise OutsideTests(f"a test opened the database {name!r}; tests work in {own.database!r} only")


def _require_near(opened: socket.socket, address: Any) -> None:
    if opened.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    host = str(address[0])
    if host in own.hosts or host.startswith("127."):
        return
    near = {found[4][0] for known in own.hosts for found in _addresses(known)}
    if host not in near:
        raise OutsideTests(f"a test connected to {host}:{address[1]}; tests reach this machine only")


def _addresses(host: str) -> list[Any]:
    try:
        return socket.getaddrinfo(host, None)
    except OSError:
        return []


def _number(url: str) -> str:
    with redis.Redis.from_url(url) as client:
        return str(client.get_connection_kwargs().get("db") or 0)
