"""A receiver says when it wants to be asked again: in seconds or by a date, and within bounds."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from integrations.models import WebhookDelivery, WebhookEndpoint
from integrations.webhooks import http
from integrations.webhooks.endpoints import create_endpoint
from integrations.webhooks.http import post
from integrations.webhooks.sending import BACKOFF, send_due
from tests.support.hooking import NOW, A, B, fail
from tests.support.receiving import answering

BUSY = b"HTTP/1.1 503 Busy\r\nRetry-After: %s\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture(autouse=True)
def _local(settings: Any) -> None:
    settings.WEBHOOKS_MAY_BE_LOCAL = True


def date_in(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


def written(header: str) -> bytes:
    """Put the date in so many seconds into a header that holds `+600`."""
    return re.sub(r"^([+-]\d+) date", lambda found: date_in(float(found[1])), header).encode("latin-1")


@pytest.mark.parametrize(
    ("header", "lowest", "highest"),
    [
        ("120", 120, 120),
        ("+600 date", 500, 600),
        ("-600 date", 0, 0),
        ("Fri, 31 Dec 2999 23:59:59 GMT", http.LONGEST_RETRY_AFTER, http.LONGEST_RETRY_AFTER),
        ("9" * 400, http.LONGEST_RETRY_AFTER, http.LONGEST_RETRY_AFTER),
        ("soon", 0, 0),
        ("", 0, 0),
        ("-5", 0, 0),
        ("1.5", 0, 0),
        ("\u00b2", 0, 0),
        ("Wed, 21 Oct 99999999999999999999999 07:28:00 GMT", 0, 0),
        ("Wed, 21 Oct 2026 07:28:00 +99999999999999999999", 0, 0),
        ("Wed, 21 Oct 2026 25:99:00 GMT", 0, 0),
    ],
)
def test_in11_seconds_and_dates_are_read_and_bounded(header: str, lowest: float, highest: float) -> None:
    with answering(BUSY % written(header)) as url:
        answer = post(url, b"{}", {})

    assert answer.status == 503
    assert lowest <= answer.retry_after <= highest


@pytest.mark.parametrize("header", ["600", "+600 date"])
def test_in11_an_endpoint_that_asks_for_time_is_left_alone_until_then(committed: object, header: str) -> None:
    with answering(BUSY % written(header)) as url:
        endpoint, _ = create_endpoint(url=url, now=NOW)
        fail(A)
        fail(B)

        now = datetime.now(UTC)
        assert send_due(endpoint_id=endpoint.id, now=now) == 1
        assert send_due(endpoint_id=endpoint.id, now=now + timedelta(seconds=400)) == 0

    rest = WebhookEndpoint.objects.get(id=endpoint.id).next_call_at
    assert rest is not None
    assert timedelta(seconds=500) < rest - now <= timedelta(seconds=600)
    waiting = WebhookDelivery.objects.get(attempts=1)
    assert timedelta(seconds=500) < waiting.next_attempt_at - now <= timedelta(seconds=600)


def test_in11_no_receiver_stops_an_endpoint_for_longer_than_an_hour(committed: object) -> None:
    with answering(BUSY % b"99999999") as url:
        endpoint, _ = create_endpoint(url=url, now=NOW)
        fail(A)
        now = datetime.now(UTC)
        send_due(endpoint_id=endpoint.id, now=now)

    rest = WebhookEndpoint.objects.get(id=endpoint.id).next_call_at
    assert rest == now + timedelta(seconds=BACKOFF.cap)
