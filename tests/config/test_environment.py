"""A setting that cannot be read is named in one sentence, with what it is set to (IN20)."""

import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.environment import Environment
from config.place import ROOT


@pytest.mark.parametrize("url", ["garbage", "mysql://u:p@h/n", "postgresql://", "sqlite:///x"])
@pytest.mark.filterwarnings("ignore:Engine not recognized")
def test_in20_a_database_that_is_none_is_named(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_URL", url)

    with pytest.raises(ImproperlyConfigured, match="SOME_URL is no URL of a database"):
        Environment().database("SOME_URL", default="")


@pytest.mark.parametrize("url", ["garbage", "http://127.0.0.1", ""])
def test_in20_a_broker_that_is_none_is_named(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_URL", url)

    with pytest.raises(ImproperlyConfigured, match="SOME_URL is no URL of a broker"):
        Environment().broker("SOME_URL", default="")


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "rediss://h", "unix:///run/valkey.sock"])
def test_urls_of_brokers_are_taken_as_they_are(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_URL", url)

    assert Environment().broker("SOME_URL", default="") == url


@pytest.mark.parametrize("variable", ["LIVE_STREAMS", "WEBHOOKS_SLOTS"])
def test_in20_a_command_names_the_setting_that_is_wrong(variable: str) -> None:
    typed = subprocess.run(
        [sys.executable, "-W", "ignore", "manage.py", "events", "list"], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, variable: "four"}, timeout=60, check=False,
    )  # fmt: skip

    assert (typed.returncode, typed.stdout) == (1, "")
    assert typed.stderr.startswith(f"the settings are wrong: {variable} is set to 'four': ")
    assert len(typed.stderr.splitlines()) == 1
