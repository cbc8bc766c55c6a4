"""The rule of every setting that is read from the environment: its form, and what is allowed, in words."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kernel.text import find_control_character

LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
HOST = rf"({LABEL}\.)*(?!\d+$){LABEL}"
TRUE, FALSE = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})
A_DAY, A_YEAR, TEN_YEARS = 24 * 3600, 366, 10 * 366


@dataclass(frozen=True, kw_only=True)
class Rule:
    """How a setting is written.

    :param allowed: completes the sentence "it is …". :param read: raises ValueError for what is not allowed.
    :param secret: its value is shown to nobody.
    """

    allowed: str
    read: Callable[[str], Any]
    secret: bool = False


def whole(lowest: int, highest: int) -> Rule:
    def read(text: str) -> int:
        number = int(text) if re.fullmatch(r"-?\d{1,15}", text, re.ASCII) else lowest - 1
        return _require(number, lowest <= number <= highest)

    return Rule(allowed=f"a whole number from {lowest} to {highest}", read=read)


def number(lowest: float, highest: float) -> Rule:
    def read(text: str) -> float:
        found = float(text) if re.fullmatch(r"-?\d{1,15}(\.\d{1,15})?", text, re.ASCII) else lowest - 1
        return _require(found, lowest <= found <= highest)

    return Rule(allowed=f"a number from {lowest:g} to {highest:g}", read=read)


def flag() -> Rule:
    return Rule(allowed="true or false", read=lambda text: _require(text.lower() in TRUE, text.lower() in TRUE | FALSE))


def one_of(*texts: str) -> Rule:
    return Rule(allowed=f"one of {', '.join(texts)}", read=lambda text: _require(text, text in texts))


def form(pattern: str, allowed: str, *, secret: bool = False) -> Rule:
    shape = re.compile(pattern)
    return Rule(allowed=allowed, read=lambda text: _require(text, bool(shape.fullmatch(text))), secret=secret)


def line(allowed: str, *, blank: bool = False, secret: bool = False) -> Rule:
    def read(text: str) -> str:
        return _require(text, find_control_character(text) is None and (blank or bool(text.strip())))

    return Rule(allowed=allowed, read=read, secret=secret)


def listed(pattern: str, allowed: str, *, secret: bool = False) -> Rule:
    shape = re.compile(pattern)

    def read(text: str) -> list[str]:
        items = [item.strip() for item in text.split(",") if item.strip()]
        return _require(items, all(shape.fullmatch(item) for item in items))

    return Rule(allowed=allowed, read=read, secret=secret)


def _require(value: Any, allowed: bool) -> Any:  # noqa: FBT001 - the name says it
    if not allowed:
        raise ValueError
    return value


ONE_ADDRESS = r"[^\s@<>,]+@[^\s@<>,]+"
SLOTS = whole(1, 1000)
RULES: dict[str, Rule] = {
    "DEBUG": flag(),
    "SECRET_KEY": line("a line of text", blank=True, secret=True),
    "SECRET_KEY_FALLBACKS": listed(r"\S+", "keys, separated by commas", secret=True),
    "BASE_DOMAIN": form(HOST, "a host in lower case, without scheme and port: example.com"),
    "ALLOWED_HOSTS": listed(
        rf"\*|\.?{HOST}|\d+(\.\d+){{3}}|\[[0-9a-f:]+\]",
        "hosts without scheme and port, separated by commas: .example.com",
    ),
    "PUBLIC_SCHEME": one_of("http", "https"),
    "TRUSTED_PROXIES": whole(0, 10),
    "HSTS_SECONDS": whole(0, TEN_YEARS * A_DAY),
    "SIGN_IN_FAILURES": whole(1, 1000),
    "SIGN_IN_FAILURES_PER_ADDRESS": whole(1, 100_000),
    "SIGN_IN_WAIT_MINUTES": whole(1, 7 * 24 * 60),
    "LONGEST_SESSION_SECONDS": whole(60, 31 * A_DAY),
    "AUDIT_DAYS": whole(0, 100 * A_YEAR),
    "DEVICE_THROTTLE": form(
        r"[1-9][0-9]{0,8}/(s|sec|second|m|min|minute|h|hour|d|day)",
        "a number of requests for sec, min, hour or day: 6000/min",
    ),
    "MAIL_FROM": form(rf"{ONE_ADDRESS}|[^\x00-\x1f<>@]+ <{ONE_ADDRESS}>", "a mail address: receipts@example.com"),
    "CARD_GATEWAY": form(r"([A-Za-z_]\w*\.)+[A-Za-z_]\w*", "the dotted path of a class"),
    "WEBHOOKS_MAY_BE_LOCAL": flag(),
    "CARDS_SLOTS": SLOTS,
    "MAIL_SLOTS": SLOTS,
    "WEBHOOKS_SLOTS": SLOTS,
    "HANDLER_SECONDS": number(0.1, 3600),
    "METRICS_TOKEN": form(r"[\x21-\x7e]*", "a word of ASCII", secret=True),
    "WEB_BIND": form(r"unix:.+|(\[[0-9a-f:]+\]|[\w.-]*):\d{1,5}", "HOST:PORT, or unix:FILE"),
    "WEB_PROCESSES": whole(1, 256),
    "WEB_THREADS": whole(1, 1000),
    "WEB_THREADS_OF_ONE": whole(1, 1000),
    "LIVE_STREAMS": whole(0, 1000),
    "LIVE_STREAMS_OF_ONE": whole(0, 1000),
    "LIVE_SECONDS": number(0.1, 3600),
    "BRIDGE_RABBITMQ_URL": form(r"(amqps?://\S+)?", "amqp://USER:PASSWORD@HOST/", secret=True),
    "BRIDGE_RABBITMQ_EXCHANGE": line("a name"),
    "BRIDGE_KAFKA_SERVERS": form(r"([\w.-]+:\d{1,5}(,\s*[\w.-]+:\d{1,5})*)?", "HOST:PORT, separated by commas"),
    "BRIDGE_KAFKA_TOPIC": form(r"[A-Za-z0-9._-]{1,249}", "a name of letters, digits, dots, underscores and dashes"),
    "BRIDGE_SNS_TOPIC_ARN": form(r"(arn:[\w-]+:sns:\S+)?", "arn:aws:sns:REGION:ACCOUNT:NAME"),
    "BRIDGE_SQS_QUEUE_URL": form(r"(https?://\S+)?", "the URL of a queue: https://…"),
    "RETENTION_MONTHS": whole(0, 1200),
    "ARCHIVE_DIR": line("a folder"),
    "READY_PENDING_SECONDS": number(0, 366 * A_DAY),
    "INSTANCE": form(r"[\x21-\x7e]{0,200}", "a word of ASCII, of at most 200 characters"),
    "LOG_LEVEL": one_of("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
    "BROKER_PREFIX": line("a text that keys begin with", blank=True),
    "WORKER_SOFT_SHUTDOWN_SECONDS": number(0, 3600),
}
