"""The HTTP call of a webhook: it ends, whatever the other side does, and what came of it is on record."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import trustme

from integrations.models import WebhookAttempt
from integrations.webhooks import deadline
from integrations.webhooks.endpoints import create_endpoint
from integrations.webhooks.http import post
from integrations.webhooks.sending import send_due
from tenants.models import Tenant
from tests.support.hooking import NOW, A, fail, states
from tests.support.receiving import Receiver, answering, dripping

GARBAGE = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\noops"
SHORT = b"HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\nonly this"
REFUSED = b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 99\r\n\r\nlater\0"
DRIPPING_HEADERS = [b"HTTP/1.1 200 OK\r\n", *[b"X: y\r\n"] * 90]
PROXIES = ("http_proxy", "https_proxy", "all_proxy")
DRIPPING_BODY = [b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", *[b"."] * 90]


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.WEBHOOKS_MAY_BE_LOCAL = True
    monkeypatch.setattr(deadline, "LONGEST_SECONDS", 0.4)


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """Whoever vouches for certificates that this process believes."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
    return authority


def test_an_answer_is_its_status_even_when_its_body_cannot_be_read() -> None:
    for answer, status in ((GARBAGE, 200), (SHORT, 201), (REFUSED, 503)):
        with answering(answer) as url:
            assert post(url, b"{}", {}).status == status


def test_what_was_readable_of_an_answer_is_kept() -> None:
    with answering(REFUSED) as url:
        answer = post(url, b"{}", {})

    assert answer.response == "later\N{REPLACEMENT CHARACTER}"
    assert answer.retry_after == 7.0


def test_who_drips_headers_is_cut_off() -> None:
    with answering(*DRIPPING_HEADERS, pause=0.1) as url:
        answer = post(url, b"{}", {})

    assert answer.status is None
    assert answer.error == "TimeoutError: no answer within 0.4 s"


def test_who_begins_no_answer_is_cut_off_for_the_same_reason() -> None:
    with answering() as url:
        answer = post(url, b"{}", {})

    assert answer.error == "TimeoutError: no answer within 0.4 s"


def test_who_drips_a_body_is_cut_off() -> None:
    with answering(*DRIPPING_BODY, pause=0.1) as url:
        answer = post(url, b"{}", {})

    assert answer.status == 200
    assert 0 < len(answer.response) < len(DRIPPING_BODY) / 2


def test_over_tls_too_the_call_is_cut_off(authority: trustme.CA) -> None:
    with answering(REFUSED, authority=authority) as url:
        assert post(url, b"{}", {}).status == 503
    with answering(*DRIPPING_HEADERS, pause=0.1, authority=authority) as url:
        assert post(url, b"{}", {}).error == "TimeoutError: no answer within 0.4 s"


def test_a_certificate_that_nobody_vouches_for_is_refused() -> None:
    with answering(REFUSED, authority=trustme.CA()) as url:
        answer = post(url, b"{}", {})

    assert answer.status is None
    assert "certificate verify failed" in answer.error


def test_a_delivery_whose_answer_cannot_be_read_has_arrived(shop: Tenant) -> None:
    with answering(GARBAGE) as url:
        endpoint, _ = create_endpoint(url=url, now=NOW)
        fail(A)
        assert send_due(endpoint_id=endpoint.id) == 1

    assert states(endpoint) == [(1, "DELIVERED")]
    assert [(each.number, each.status) for each in WebhookAttempt.objects.all()] == [(1, 200)]


def test_a_delivery_that_was_cut_off_is_a_failed_attempt(shop: Tenant) -> None:
    with answering(*DRIPPING_HEADERS, pause=0.1) as url:
        endpoint, _ = create_endpoint(url=url, now=NOW)
        fail(UUID(int=3))
        send_due(endpoint_id=endpoint.id, budget=0)

    endpoint.refresh_from_db()
    assert states(endpoint) == [(1, "PENDING")]
    assert endpoint.failures == 1


def test_f01_a_proxy_of_the_environment_is_not_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.setenv(name, "http://127.0.0.1:1")
        monkeypatch.setenv(name.upper(), "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")

    answer = post(receiver.url, b"{}", {})

    assert (answer.status, answer.error) == (204, "")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_f01_a_proxy_that_drips_is_never_connected_to(
    receiver: Receiver, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    with dripping() as proxy, answering(REFUSED, authority=authority) as secure:
        for name in PROXIES:
            monkeypatch.setenv(name, proxy.url)
            monkeypatch.setenv(name.upper(), proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")

        answer = post(receiver.url if scheme == "http" else secure, b"{}", {})

    assert (answer.status, proxy.visits) == (204 if scheme == "http" else 503, 0)


def test_f01_no_password_of_a_netrc_file_is_sent(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ada password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))

    answer = post(receiver.url, b"{}", {})

    assert answer.status == 204
    assert "Authorization" not in receiver.received[0].headers
