"""A setting that cannot be read is named in one sentence, with what it is set to (IN20)."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.environment import Environment, setting
from config.logs import default_level
from config.place import ROOT
from config.rules import RULES
from payments.gateways.gateway import require_gateway


@pytest.mark.parametrize("url", ["garbage", "mysql://u:p@h/n", "postgresql://", "sqlite:///x"])
@pytest.mark.filterwarnings("ignore:Engine not recognized")
def test_in20_a_database_that_is_none_is_named(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_URL", url)

    with pytest.raises(ImproperlyConfigured, match="SOME_URL is not a database URL"):
        Environment().database("SOME_URL", default="")


@pytest.mark.parametrize("url", ["garbage", "http://127.0.0.1", ""])
def test_in20_a_broker_that_is_none_is_named(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_URL", url)

    with pytest.raises(ImproperlyConfigured, match="SOME_URL is not a broker URL"):
        Environment().broker("SOME_URL", default="")


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "rediss://h", "unix:///run/valkey.sock"])
def test_urls_of_brokers_are_taken_as_they_are(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_URL", url)

    assert Environment().broker("SOME_URL", default="") == url


NUMBERS = ["x", "-1", "1.5.2", "1e3", "nan", "inf", "²", "9" * 20, "4 ", "0x10"]
WRONG: dict[str, list[str]] = {
    "DEBUG": ["ture", "2", "None"],
    "SECRET_KEY": ["a\nb"],
    "SECRET_KEY_FALLBACKS": ["a b"],
    "BASE_DOMAIN": [
        "Shop.Example",
        "shop.example:8000",
        "http://shop.example",
        "shop..example",
        "127.0.0.1",
        ".example",
        "a b",
    ],
    "ALLOWED_HOSTS": ["http://a.example", "a.example:80", "*.example", "a b"],
    "PUBLIC_SCHEME": ["HTTPS", "ftp", "https://"],
    "TRUSTED_PROXIES": ["11"],
    "SIGN_IN_FAILURES": ["0"],
    "SIGN_IN_FAILURES_PER_ADDRESS": ["0"],
    "SIGN_IN_WAIT_MINUTES": ["0"],
    "LONGEST_SESSION_SECONDS": ["0", "59"],
    "DEVICE_THROTTLE": ["10/fortnight", "abc", "0/min", "-1/min", "10", "10/", "/min", "1.5/s"],
    "MAIL_FROM": ["nobody", "a@b@c", "a b@c", "x\n <a@b>"],
    "CARD_GATEWAY": ["gateway", "no such", "a.", ".a", "a..b"],
    "WEBHOOKS_MAY_BE_LOCAL": ["maybe"],
    "CARDS_SLOTS": ["0"],
    "MAIL_SLOTS": ["0"],
    "WEBHOOKS_SLOTS": ["0"],
    "HANDLER_SECONDS": ["0"],
    "METRICS_TOKEN": ["a b", "ä"],
    "WEB_BIND": ["localhost", "localhost:x", "http://a:1"],
    "WEB_PROCESSES": ["0"],
    "WEB_THREADS": ["0"],
    "WEB_THREADS_OF_ONE": ["0"],
    "LIVE_SECONDS": ["0"],
    "BRIDGE_RABBITMQ_URL": ["rabbitmq.example", "http://a"],
    "BRIDGE_RABBITMQ_EXCHANGE": ["a\x1b"],
    "BRIDGE_KAFKA_SERVERS": ["kafka", "kafka:x", "a:1 b:2"],
    "BRIDGE_KAFKA_TOPIC": ["a b", "a/b"],
    "BRIDGE_SNS_TOPIC_ARN": ["topic", "arn:aws:sqs:x"],
    "BRIDGE_SQS_QUEUE_URL": ["queue", "ftp://a"],
    "ARCHIVE_DIR": ["a\x00b"],
    "INSTANCE": ["a b", "x" * 201, "a\r\nSet-Cookie: b"],
    "LOG_LEVEL": ["NOISY", "info", "20"],
    "BROKER_PREFIX": ["a\nb"],
}
MAY_BE_BLANK = {
    "SECRET_KEY", "SECRET_KEY_FALLBACKS", "ALLOWED_HOSTS", "METRICS_TOKEN", "INSTANCE", "BROKER_PREFIX", "BRIDGE_RABBITMQ_URL",
    "BRIDGE_KAFKA_SERVERS", "BRIDGE_SNS_TOPIC_ARN", "BRIDGE_SQS_QUEUE_URL",
}  # fmt: skip
READ_ELSEWHERE = {
    "DJANGO_SETTINGS_MODULE", "ENV_FILE", "TILLFLOW_VAR", "TILLFLOW_URL", "OWNER_PASSWORD", "INSTANCE", "PATH", "LOG_LEVEL",
    "DATABASE_URL", "REDIS_URL", "EMAIL_URL", "OTEL_EXPORTER_OTLP_ENDPOINT", "PROMETHEUS_MULTIPROC_DIR", "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
}  # fmt: skip
"""Folders, files and URLs that other code refuses, and what belongs to libraries."""
IS_NUMBER = {name for name, rule in RULES.items() if " number from " in rule.allowed}


def mistakes() -> Iterator[Any]:
    for name in RULES:
        wrong = [*(NUMBERS if name in IS_NUMBER else []), *WRONG.get(name, [])]
        for value in [*wrong, *([] if name in MAY_BE_BLANK else [""])]:
            yield pytest.param(name, value, id=ascii(f"{name}={value[:30]}"))


def test_in20_every_setting_that_is_read_has_a_rule_and_wrong_values() -> None:
    read: set[str] = set()
    for path in ROOT.glob("*/**/*.py"):
        if path.relative_to(ROOT).parts[0] not in {"tests", "benchmarks", ".venv", "var"}:
            text = path.read_text()
            read |= set(re.findall(r"""os\.environ(?:\.get\(|\.setdefault\(|\[)\s*"([A-Z_]+)""", text))
            read |= set(re.findall(r"""\bsetting\(\s*"([A-Z_]+)\"""", text))

    assert read - set(RULES) - READ_ELSEWHERE == set()
    assert set(RULES) - IS_NUMBER - set(WRONG) == set()
    documented = set(re.findall(r"^#([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert documented - set(RULES) - READ_ELSEWHERE == {"WEB_PORT", "FLOWER_PORT"}


@pytest.mark.parametrize(("name", "value"), mistakes())
def test_in20_a_setting_that_breaks_its_rule_is_one_sentence(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.environ", {name: value})

    with pytest.raises(ImproperlyConfigured) as refused:
        setting(name, default=None)

    said = str(refused.value)
    assert said.startswith(f"{name} is set to ")
    assert said.endswith(f"; it takes {RULES[name].allowed}")
    assert len(said.splitlines()) == 1
    assert not (RULES[name].secret and value in said.removesuffix(RULES[name].allowed))


@pytest.mark.parametrize("line", (ROOT / ".env.example").read_text().splitlines())
def test_what_the_example_shows_is_allowed(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, _, value = line.removeprefix("#").partition("=")
    if name in RULES and not (value == "" and name not in MAY_BE_BLANK):
        monkeypatch.setattr("os.environ", {name: value})

        assert setting(name, default=None) is not None


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("DEBUG", "True", True),
        ("DEBUG", "off", False),
        ("HANDLER_SECONDS", "0.5", 0.5),
        ("AUDIT_DAYS", "0", 0),
        ("ALLOWED_HOSTS", ".localhost, 127.0.0.1,[::1]", [".localhost", "127.0.0.1", "[::1]"]),
        ("BASE_DOMAIN", "xn--mller-kva.example", "xn--mller-kva.example"),
        ("MAIL_FROM", "Ada's shop <till@example.com>", "Ada's shop <till@example.com>"),
        ("WEB_BIND", "unix:/run/tillflow.sock", "unix:/run/tillflow.sock"),
    ],
)
def test_what_a_rule_allows_is_read(name: str, value: str, read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)

    assert setting(name, default=None) == read


@pytest.mark.parametrize("url", ["foo", "http://mail.example", "smtp://mail.example:port"])
def test_in20_a_mail_server_that_is_none_is_named(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMAIL_URL", url)

    with pytest.raises(ImproperlyConfigured, match="^EMAIL_URL is not a mail server URL"):
        Environment().mail_server("EMAIL_URL", default="")


@pytest.mark.parametrize(
    "gateway", ["no.such", "payments.gateways.none.Gateway", "payments.gateways.simulator.transaction"]
)
def test_in20_a_card_gateway_that_is_none_is_named(gateway: str, settings: Any) -> None:
    settings.CARD_GATEWAY = gateway

    with pytest.raises(ImproperlyConfigured, match=f"CARD_GATEWAY is set to '{gateway}', which"):
        require_gateway()


def started(*command: str, **environment: str) -> tuple[int, str]:
    """Run a program with these variables and without those that are empty; return its exit code and what it said."""
    kept = {name: value for name, value in {**os.environ, **environment}.items() if value}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", *command], cwd=ROOT, capture_output=True, text=True, env=kept, timeout=60,
        check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


SERVING = {
    "worker": ["-m", "celery", "--app", "config.celery", "worker"],
    "beat": ["-m", "celery", "--app", "config.celery", "beat"],
    "web": ["-m", "gunicorn", "--config", "config/gunicorn.py", "--bind", "127.0.0.1:0", "--log-level", "critical",
            "config.wsgi"],
    "manage.py": ["manage.py", "verify"],
}  # fmt: skip


@pytest.mark.parametrize("service", SERVING)
def test_f8_every_program_names_a_wrong_setting_in_the_same_sentence(service: str) -> None:
    code, said = started(*SERVING[service], REDIS_URL="foo")

    assert (code, said) == (1, "the settings are wrong: REDIS_URL is not a broker URL: redis://HOST:PORT/NUMBER\n")


@pytest.mark.parametrize("service", ["worker", "beat", "web"])
def test_f8_nothing_serves_without_servers(tmp_path: Path, service: str) -> None:
    code, said = started(*SERVING[service], DATABASE_URL="", REDIS_URL="", TILLFLOW_VAR=str(tmp_path))

    assert code == 1
    assert said.endswith(
        "no embedded stack runs here, and these are not set: DATABASE_URL and REDIS_URL; make demo, make up, or set them\n"
    )
    assert "Traceback" not in said


@pytest.mark.parametrize("arguments", [["events", "lag"], ["events", "sweep"], ["verify"]])
def test_f8_where_nothing_runs_the_sentence_says_how_to_start_it(tmp_path: Path, arguments: list[str]) -> None:
    code, said = started("manage.py", *arguments, DATABASE_URL="", REDIS_URL="", TILLFLOW_VAR=str(tmp_path))

    assert code == 1
    assert "is named and no embedded stack runs here: make demo, make up, or set " in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("command", [["manage.py", "verify"], ["-m", "demo.stack", "up"], ["-m", "demo"]])
def test_f7_a_folder_that_is_none_is_one_sentence(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "file").write_text("")

    code, said = started(*command, TILLFLOW_VAR=str(tmp_path / "file" / "var"))

    assert code == 1
    assert f"TILLFLOW_VAR names {tmp_path}/file/var, which is no folder that can be used: Not a directory\n" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("variable", "value"),
    [("LOG_LEVEL", "NOISY"), ("CARD_GATEWAY", "no.such"), ("EMAIL_URL", "foo"), ("LIVE_STREAMS", "four")],
)
def test_in20_a_command_names_the_setting_that_is_wrong(variable: str, value: str) -> None:
    typed = subprocess.run(
        [sys.executable, "-W", "ignore", "manage.py", "events", "list"], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, variable: value}, timeout=60, check=False,
    )  # fmt: skip

    assert (typed.returncode, typed.stdout) == (1, "")
    assert typed.stderr.startswith(f"the settings are wrong: {variable} is ")
    assert len(typed.stderr.splitlines()) == 1


def test_f24_a_command_logs_only_what_went_wrong_unless_it_is_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["./manage.py", "device", "pair"])
    assert default_level() == "WARNING"

    monkeypatch.setattr(sys, "argv", ["/usr/bin/celery", "worker"])
    assert default_level() == "INFO"
