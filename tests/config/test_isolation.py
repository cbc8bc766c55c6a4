"""A test run cannot touch a database, a broker or a service that is not the tests' own (W13)."""

import ast
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from django.db import connections

from config.place import ROOT
from demo.stack.isolation import isolate_environment, known_settings
from tenants.models import Tenant
from tests.support.digests import digests
from tests.support.isolation import MARK, OutsideTests, own
from tests.support.processes import database_url

ONE_COMMITTED = "tests/events/maintenance/test_retention.py::test_the_command_and_the_task_keep_what_is_young"
DEPLOYMENT, BROKER = "deployment", 9


@pytest.fixture
def deployment(committed: Tenant) -> Iterator[str]:
    """A migrated database that has two shops, on the tests' server."""
    url = database_url().replace(f"/{own.database}?", f"/{DEPLOYMENT}?")
    connections.close_all()
    with psycopg.connect(database_url().replace(f"/{own.database}?", "/postgres?"), autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {DEPLOYMENT}")
        end_sessions(server, own.database)
        server.execute(f"CREATE DATABASE {DEPLOYMENT} TEMPLATE {own.database}")
        yield url
        for name in (DEPLOYMENT, f"test_{DEPLOYMENT}"):
            server.execute(f"DROP DATABASE IF EXISTS {name}")


def end_sessions(server: psycopg.Connection, database: str) -> None:
    """A database that somebody is connected to cannot be copied: processes that earlier tests killed may still be."""
    server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database])


@pytest.fixture
def broker() -> Iterator[redis.Redis]:
    """A database number that nobody uses, on the tests' broker."""
    with redis.Redis.from_url(broker_url()) as client:
        client.flushdb()
        client.connection_pool.disconnect()
        yield client
        client.flushdb()


def broker_url() -> str:
    return f"{own.broker.rpartition('/')[0]}/{BROKER}"


def run_tests(folder: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    settings = {**inherited, "TILLFLOW_VAR": str(folder), **environment}
    command = [sys.executable, "-m", "pytest", "--no-cov", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_w13_a_run_of_committed_tests_alone_leaves_the_database_and_the_broker_of_a_deployment_as_they_are(
    deployment: str, broker: redis.Redis, tmp_path: Path
) -> None:
    before = digests(deployment)

    code, output = run_tests(tmp_path, ONE_COMMITTED, DATABASE_URL=deployment, REDIS_URL=broker_url())
    again = run_tests(tmp_path, ONE_COMMITTED, DATABASE_URL=deployment, REDIS_URL=broker_url())

    assert (code, again[0]) == (0, 0), output
    assert digests(deployment) == before
    assert broker.dbsize() == 0


def test_a_broker_that_holds_something_is_refused_and_left_as_it_is(broker: redis.Redis, tmp_path: Path) -> None:
    broker.set("doorbell", "rings")
    broker.connection_pool.disconnect()

    code, output = run_tests(tmp_path, ONE_COMMITTED, REDIS_URL=broker_url())

    assert (code, output.count("\n")) == (1, 1)
    assert output.startswith("tests refuse to run: the broker at REDIS_URL")
    assert "holds 1 keys that are not the tests'" in output
    assert broker.get("doorbell") == b"rings"


def test_a_broker_that_somebody_is_connected_to_is_refused(broker: redis.Redis, tmp_path: Path) -> None:
    broker.ping()

    code, output = run_tests(tmp_path, ONE_COMMITTED, REDIS_URL=broker_url())

    assert code == 1
    assert "1 other clients are connected to the broker at REDIS_URL" in output
    assert broker.dbsize() == 0


def test_a_broker_that_another_test_run_uses_is_refused(tmp_path: Path) -> None:
    code, output = run_tests(tmp_path, ONE_COMMITTED, REDIS_URL=own.broker)

    assert code == 1
    assert "other clients are connected to the broker at REDIS_URL" in output
    assert redis.Redis.from_url(own.broker).exists(MARK)


def test_a_database_test_something_that_tests_did_not_make_is_refused_and_left_as_it_is(
    deployment: str, tmp_path: Path
) -> None:
    theirs = deployment.replace(f"/{DEPLOYMENT}?", f"/test_{DEPLOYMENT}?")
    with psycopg.connect(deployment.replace(f"/{DEPLOYMENT}?", "/postgres?"), autocommit=True) as server:
        server.execute(f"ALTER DATABASE {DEPLOYMENT} RENAME TO test_{DEPLOYMENT}")
    before = digests(theirs)

    for options in ([], ["--create-db"]):
        code, output = run_tests(tmp_path, ONE_COMMITTED, *options, DATABASE_URL=deployment)

        assert code == 1
        assert f"COMMENT ON DATABASE test_{DEPLOYMENT} IS '{MARK}'" in output
    assert digests(theirs) == before


def test_without_the_plugin_nothing_runs(deployment: str, tmp_path: Path) -> None:
    before = digests(deployment)

    code, output = run_tests(tmp_path, "-o", "addopts=", ONE_COMMITTED, DATABASE_URL=deployment, REDIS_URL=own.broker)

    assert code == 1
    assert "tests refuse to run: the plugin tests.support.embedded_stack is not active" in output
    assert digests(deployment) == before


def test_a_second_run_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    folder = Path(os.environ["TILLFLOW_VAR"]).parent

    code, output = run_tests(folder, ONE_COMMITTED)

    assert code == 1
    assert output.startswith("tests refuse to run: another test run uses ")


def test_several_processes_do_not_share_a_server_that_is_given(deployment: str, tmp_path: Path) -> None:
    before = digests(deployment)

    code, output = run_tests(tmp_path, ONE_COMMITTED, "-n", "2", DATABASE_URL=deployment)

    assert (code, output.count("\n")) == (1, 1)
    assert "several processes would share what DATABASE_URL names; run them with -n 0" in output
    assert digests(deployment) == before


def test_no_setting_of_a_deployment_reaches_the_tests(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    deployed = {"BRIDGE_KAFKA_SERVERS": "kafka:9092", "CARD_GATEWAY": "real", "ARCHIVE_DIR": "/srv", "PATH": "/bin"}
    monkeypatch.setattr(os, "environ", {**deployed, "DATABASE_URL": "postgresql://db/x", "REDIS_URL": "redis://r/0"})

    isolate_environment(tmp_path, keep={"REDIS_URL"})

    assert os.environ == {
        "PATH": "/bin",
        "REDIS_URL": "redis://r/0",
        "ENV_FILE": "/dev/null",
        "EMAIL_URL": "memorymail://",
        "TILLFLOW_VAR": str(tmp_path),
    }


def test_every_setting_is_known_to_the_isolation() -> None:
    sources = [ROOT / "config" / "settings.py", *(ROOT / "config").glob("*.py")]
    read = {name for path in sources for name in re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', path.read_text())}

    assert read - known_settings() == set()


def test_a_connection_to_another_database_or_machine_is_refused(committed: Tenant) -> None:
    stranger = connections["default"].copy(alias="stranger")
    stranger.settings_dict["NAME"] = "postgres"

    with pytest.raises(OutsideTests, match="opened the database 'postgres'"):
        stranger.ensure_connection()
    with socket.socket() as opened, pytest.raises(OutsideTests, match=r"connected to 192\.0\.2\.1:25"):
        opened.connect(("192.0.2.1", 25))


def test_no_test_empties_a_broker_by_itself() -> None:
    allowed = {"tests/support/isolation.py", "tests/config/test_isolation.py", "tests/faults/strikes.py"}
    sources = {str(path.relative_to(ROOT)): path.read_text() for path in (ROOT / "tests").rglob("*.py")}

    assert {name for name, text in sources.items() if "flushdb(" in text or "flushall(" in text} - allowed == set()


def test_every_fixture_that_unblocks_the_database_has_it_set_up_first() -> None:
    safe = {"django_db_setup", "db", "committed", "migrated"}
    found = []
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                wanted = {argument.arg for argument in node.args.args}
                if "django_db_blocker" in wanted and not wanted & safe and node.name != "django_db_setup":
                    found.append(f"{path.name}:{node.name}")

    assert found == []
