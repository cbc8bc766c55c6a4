"""The embedded stack: starts twice, after a kill -9, with stale pid files; leaves nothing behind."""

import os
import signal
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from demo.stack.broker import EmbeddedBroker
from demo.stack.postgres import EmbeddedPostgres
from demo.stack.processes import Program, Supervisor
from tests.support.waiting import wait_for


def test_postgres_starts_twice_after_a_kill_and_with_a_stale_pid_file(tmp_path: Path) -> None:
    postgres = EmbeddedPostgres(tmp_path / "postgres")
    url = postgres.start()
    try:
        assert postgres.start() == url
        with psycopg.connect(url) as connected:
            connected.execute("CREATE SCHEMA kept")
        pid = postgres.pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: postgres.pid() is None)

        assert EmbeddedPostgres(tmp_path / "postgres").start() == url

        with psycopg.connect(url) as connected:
            assert connected.execute("SELECT count(*) FROM pg_namespace WHERE nspname = 'kept'").fetchone() == (1,)
        postgres.stop()
        (tmp_path / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n")
        postgres.start()
        with psycopg.connect(url) as connected:
            row = connected.execute("SELECT current_setting('server_version'), current_user").fetchone()
        assert row is not None
        assert row[0].startswith("18")
        assert row[1] == "tillflow"
    finally:
        postgres.stop()
    assert postgres.pid() is None


def test_the_broker_starts_twice_and_after_a_kill_at_the_same_port(tmp_path: Path) -> None:
    broker = EmbeddedBroker(tmp_path / "broker")
    url = broker.start()
    try:
        assert broker.start() == url
        pid = broker.pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: broker.pid() is None)

        assert broker.start() == url

        assert redis.Redis.from_url(url).ping()
        assert redis.Redis.from_url(url).config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    finally:
        broker.stop()
    assert broker.pid() is None
    (tmp_path / "broker" / "pid").write_text("garbage")
    assert broker.pid() is None


def test_a_supervisor_revives_what_exits_and_stops_what_a_killed_one_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TILLFLOW_VAR", str(tmp_path))
    program = Program(name="sleeper", command=["sleep", "600"])
    supervisor = Supervisor([program])
    supervisor.start()
    assert program.process is not None
    first = program.process
    first.kill()
    first.wait()

    assert supervisor.revive() == ["sleeper"]
    left_over = program.process
    assert supervisor.revive() == []
    successor = Supervisor([Program(name="sleeper", command=["sleep", "600"])])
    successor.start()

    assert not psutil.pid_exists(left_over.pid)
    successor.stop()
    assert not successor.programs[0].runs()
