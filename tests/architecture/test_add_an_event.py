"""docs/add-an-event.md is true: its commands, run in a copy of the source tree, end in green tests."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections

from config.place import ROOT
from tests.support.database import create_beside, drop_beside
from tests.support.isolation import own
from tests.support.processes import database_url

DOCUMENT = (ROOT / "docs" / "add-an-event.md").read_text()
UNUSED = ".git", ".venv", "var", "var-*", "__pycache__", ".*_cache", "dumps", "benchmarks"
SUFFIX = "new_event"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the source tree with the environment of this one, in which `make` finds nothing to install."""
    copy = shutil.copytree(ROOT, tmp_path / "tree", ignore=shutil.ignore_patterns(*UNUSED))
    environment = copy / ".venv"
    environment.mkdir()
    for part in ("bin", "lib", "pyvenv.cfg"):
        (environment / part).symlink_to(Path(sys.prefix, part))
    for done in ("installed", "installed-dev"):
        (environment / done).touch()
    return copy


@pytest.fixture
def settings_of_a_copy(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """The environment of a second test run, in a copy of the tests' database on the same server."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        url = database_url().replace(f"/{own.database}?", f"/{own.database.removeprefix('test_')}_{SUFFIX}?")
        connections.close_all()
        with connections["default"]._nodb_cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [own.database])
        name = create_beside(SUFFIX, template=own.database)
        yield {"DATABASE_URL": url}
        drop_beside(name)


def run(tree: Path, commands: str, **environment: str) -> str:
    inherited = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=tree, env={**inherited, "TILLFLOW_VAR": str(tree / "var"), **environment}, capture_output=True, text=True,
        check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_three_commands_add_an_event_and_a_subscriber_with_green_tests(
    tree: Path, settings_of_a_copy: dict[str, str]
) -> None:
    (commands,) = re.findall(r"```sh\n(.*?)```", DOCUMENT, re.DOTALL)
    (handler,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    subscribers = tree / "notifications" / "subscribers.py"

    output = run(tree, commands, **settings_of_a_copy)

    named = re.findall(r"^\| `([^`]+)` \|", DOCUMENT.partition("## Then")[0], re.MULTILINE)
    assert [f"wrote {path}" for path in named if path not in output] == []
    assert "`notifications.alert_drawer_opened`" in (tree / "docs" / "events.md").read_text()
    assert "2 passed" in output
    text = subscribers.read_text()
    subscribers.write_text(text[: text.index(handler.splitlines()[0])] + handler)
    (test,) = re.findall(r"pytest (\S+)", commands)
    contracts = "tests/events/contracts/test_versions.py tests/events/contracts/test_catalogue.py"
    output = run(
        tree,
        ".venv/bin/ruff check -q .; .venv/bin/ruff format --check -q .; .venv/bin/python manage.py schemas --check;"
        f".venv/bin/pytest {test} {contracts} -k 'drawer or names or listeners'",
        **settings_of_a_copy,
    )
    assert "passed" in output
