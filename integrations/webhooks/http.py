"""The HTTP call of a webhook: no private addresses, no redirects, bounded in time and size."""

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from requests_hardened import Config, HTTPSession
from urllib3.exceptions import HTTPError

from integrations.webhooks.deadline import Deadline
from kernel import limits
from kernel.refusals import Refusal
from kernel.text import clipped, find_control_character, storable

TIMEOUT = (3, 10)
LONGEST_RESPONSE = 2000
LONGEST_RETRY_AFTER = 24 * 60 * 60
LONGEST_SHOWN = 200


class UrlRefused(Refusal):
    code = "url-refused"
    title = "URL not allowed"
    status = 422


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The outcome of a call: a status, or an error in words. :param retry_after: seconds, as the other side asks."""

    status: int | None
    milliseconds: int
    error: str = ""
    response: str = ""
    retry_after: float = 0.0
    hopeless: bool = False
    """Nothing was sent, and no further attempt would send it."""

    @classmethod
    def unsent(cls, error: str) -> "Answer":
        """Stand for a call that was never made."""
        return cls(status=None, milliseconds=0, error=error)

    @classmethod
    def undeliverable(cls, error: str) -> "Answer":
        """Stand for a call that will never be made, because there is nothing to send."""
        return cls(status=None, milliseconds=0, error=storable(error)[:500], hopeless=True)

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def require_url(url: str) -> None:
    """Refuse early what could not be stored, or what the guard would refuse at every call.

    :raises UrlRefused: for what is too long or no URL, another scheme than https, credentials, or a private address.
    """
    found = _wrong_with_scheme(url) or _wrong_with_form(url) or _wrong_with_address(str(urlsplit(url).hostname))
    if found:
        raise UrlRefused(found, field="url")


def _wrong_with_scheme(url: str) -> str:
    secure = url.lower().startswith(("https:", "http:") if settings.WEBHOOKS_MAY_BE_LOCAL else "https:")
    return "" if secure else f"events are sent over https only, not to {clipped(url, LONGEST_SHOWN)}"


def _wrong_with_form(url: str) -> str:
    if len(url) > limits.URL:
        return f"a URL has at most {limits.URL} characters, not {len(url)}"
    try:
        parts = urlsplit(url)
        if not parts.hostname or parts.username or parts.password:
            return "the URL names a host, and no user or password"
        if parts.port != 0 and find_control_character(url) is None:
            URLValidator(schemes=["https", "http"])(url)
            return ""
    except (ValueError, ValidationError):
        pass
    return f"{clipped(url, LONGEST_SHOWN)} is no URL: write it as https://example.com/path; a port is 1 to 65535"


def _wrong_with_address(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return ""
    public = address.is_global or (settings.WEBHOOKS_MAY_BE_LOCAL and address.is_loopback)
    return "" if public else f"{address} is not a public address"


def post(url: str, body: bytes, headers: dict[str, str]) -> Answer:
    """Send one event; never raises for the other side."""
    began = time.monotonic()
    with _session() as session, Deadline(session) as deadline:
        try:
            with session.post(url, data=body, headers=headers, stream=True) as answer:
                deadline.require()
                return Answer(
                    status=answer.status_code,
                    response=_beginning(answer),
                    milliseconds=_since(began),
                    retry_after=_seconds(answer.headers.get("Retry-After", "")),
                )
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            said = f"TimeoutError: {deadline}" if deadline.passed else f"{type(error).__name__}: {error}"
            return Answer(status=None, milliseconds=_since(began), error=storable(said)[:500])


def _beginning(answer: requests.Response) -> str:
    """Read what can be read of a body, for the record; the status shows whether the event was accepted."""
    body = bytearray()
    with suppress(HTTPError, OSError, ValueError):
        while len(body) < LONGEST_RESPONSE and (piece := answer.raw.read1(LONGEST_RESPONSE, decode_content=True)):
            body += piece
    return storable(body[:LONGEST_RESPONSE].decode(errors="replace"))


def _session() -> HTTPSession:
    """Make a session that takes only the trusted certificates from the environment, and neither proxies nor netrc.

    A deadline cuts the connections to the receiver, and would not cut those of a proxy that drips.
    """
    session = HTTPSession(
        Config(
            ip_filter_enable=True,
            ip_filter_allow_loopback_ips=settings.WEBHOOKS_MAY_BE_LOCAL,
            never_redirect=True,
            default_timeout=TIMEOUT,
            user_agent_override="Tillflow-Webhooks/1",
        )
    )
    session.trust_env = False
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    return session


def _seconds(header: str) -> float:
    """Read Retry-After: a number of seconds, or a date of HTTP (RFC 9110); at most a day, and 0 for anything else."""
    if header.isascii() and header.isdigit():
        return float(min(int(header[:9]), LONGEST_RETRY_AFTER))
    try:
        until = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return 0.0
    left = (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return min(max(left, 0.0), float(LONGEST_RETRY_AFTER))


def _since(began: float) -> int:
    return int((time.monotonic() - began) * 1000)
