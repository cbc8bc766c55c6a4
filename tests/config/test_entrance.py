"""Whatever is sent to whichever host: the web processes answer with a problem, and never break before Django."""

import io
import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from gunicorn.http.errors import InvalidChunkSize
from werkzeug.test import Client

from config.entrance import Entrance
from kernel.ids import new_id
from kernel.limits import LARGEST_BODY, MOST_LINES, TITLE
from kernel.tenancy import in_public_schema
from tenants.hosts import host_cache
from tenants.models import Tenant
from tests.support import make, wsgi
from tests.support.make import order_body
from tests.support.terminal import terminal

PROBLEM = "application/problem+json"


@pytest.fixture
def web(shop: Tenant) -> Iterator[Client]:  # noqa: ARG001
    make.variant("MUG", 1000)
    make.shift()
    with wsgi.client() as client:
        yield client


@pytest.fixture
def headers(web: Client) -> dict[str, str]:  # noqa: ARG001
    return {**terminal("north").headers, "Idempotency-Key": str(new_id()), "Content-Type": "application/json"}


def chunked(body: bytes, **environ: Any) -> dict[str, Any]:
    """The environment of a request whose body came in chunks, as gunicorn gives it."""
    return {
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        "HTTP_TRANSFER_ENCODING": "chunked",
        **environ,
    }


def post(web: Client, headers: dict[str, str], body: bytes, **environ: Any) -> Any:
    return web.post("/api/v1/orders", base_url="http://north.localhost", headers=headers, data=body, **environ)


def test_in02_a_body_in_chunks_is_read(web: Client, headers: dict[str, str]) -> None:
    body = json.dumps(order_body()).encode()

    answer = post(web, headers, b"", environ_overrides={**chunked(body), "CONTENT_LENGTH": ""})

    assert (answer.status_code, answer.json["status"]) == (201, "COMPLETED")


def test_in02_a_server_that_cannot_tell_the_end_of_a_body_asks_for_its_length(
    web: Client, headers: dict[str, str]
) -> None:
    environ = chunked(b"{}", CONTENT_LENGTH="", **{"wsgi.input_terminated": False})

    answer = post(web, headers, b"", environ_overrides=environ)

    assert (answer.status_code, answer.json["code"], answer.content_type) == (411, "length-required", PROBLEM)


def test_in02_chunks_that_cannot_be_read_are_a_problem(web: Client, headers: dict[str, str]) -> None:
    class Broken:
        def read(self, _size: int) -> bytes:
            raise InvalidChunkSize(b"x")

    answer = post(web, headers, b"", environ_overrides={**chunked(b""), "wsgi.input": Broken(), "CONTENT_LENGTH": ""})

    assert (answer.status_code, answer.json["code"]) == (400, "malformed-body")


def longest_order() -> bytes:
    """As many lines as an order may have, each as long as it may be, every character an escaped surrogate pair."""
    text = "\N{PILE OF POO}"
    lines = [
        {"description": text * TITLE, "unit_price": {"amount": 1}, "tax_name": "Zero", "quantity": "1"}
    ] * MOST_LINES
    return json.dumps(order_body(lines=lines, tenders=[], note=text * 500)).encode()


def test_in04_what_the_document_allows_is_taken(web: Client, headers: dict[str, str]) -> None:
    body = longest_order()

    answer = post(web, headers, body)

    assert len(body) > 4 * 1024 * 1024
    assert (answer.status_code, len(answer.json["lines"])) == (201, MOST_LINES)


@pytest.mark.parametrize("in_chunks", [False, True])
def test_in04_a_larger_body_is_a_problem(web: Client, headers: dict[str, str], in_chunks: bool) -> None:
    body = b" " * (LARGEST_BODY + 1)

    if in_chunks:
        answer = post(web, headers, b"", environ_overrides={**chunked(body), "CONTENT_LENGTH": ""})
    else:
        answer = post(web, headers, body)

    assert (answer.status_code, answer.json["code"], answer.content_type) == (413, "body-too-large", PROBLEM)


@pytest.mark.parametrize("host", ["north.localhost", "nobody.localhost", "localhost", "x" * 300, "\xff"])
@pytest.mark.parametrize("charset", ["zip", "hex", "utf-16", "idna", "no-such", "\xff", "x" * 100, "rot13", "\0"])
def test_in09_a_charset_that_is_none_of_ours_is_a_problem_at_every_host(web: Client, host: str, charset: str) -> None:
    environ = {"CONTENT_TYPE": f"text/plain; charset={charset}", "HTTP_HOST": host}

    answer = web.get("/api/v1/orders?limit=1", environ_overrides=environ)

    assert (answer.status_code, answer.json["code"], answer.content_type) == (400, "unsupported-charset", PROBLEM)


@pytest.mark.parametrize("host", ["north.localhost", "nobody.localhost", "localhost"])
@pytest.mark.parametrize(
    "parameter",
    [
        "x*=bogus''%41",
        "charset*=a'b'c'd",
        "x*=idna''%ff",
        "x*=\0''%41",
        "charset=utf-8; x*0*=bogus''a",
        "charset*=zip''a",
    ],
)
def test_in09_a_parameter_in_a_charset_that_cannot_be_read_is_a_problem(web: Client, host: str, parameter: str) -> None:
    for content_type in ("application/json", "multipart/form-data", "x"):
        environ = {"CONTENT_TYPE": f"{content_type}; {parameter}", "HTTP_HOST": host}

        answer = web.post("/api/v1/orders", environ_overrides=environ)

        assert (answer.status_code, answer.json["code"], answer.content_type) == (400, "unsupported-charset", PROBLEM)


@pytest.mark.parametrize("charset", ["utf-8", "UTF8", '"utf-8"', "us-ascii"])
def test_in09_utf_8_is_read_by_every_name(web: Client, headers: dict[str, str], charset: str) -> None:
    headers["Content-Type"] = f"application/json; charset={charset}"

    answer = post(web, headers, json.dumps(order_body()).encode())

    assert answer.status_code == 201


ODD = [
    "a/b; x*=bogus''%41",
    "\xff",
    "\xed\xa0\x80",
    "%00",
    ",",
    ";q=",
    "*/*;q=x",
    "a" * 9000,
    "=?x?=",
    "\x7f",
    "bytes=0-",
    "-1",
    "1e400",
]
NAMES = [
    "Accept", "Accept-Language", "Accept-Encoding", "Authorization", "Content-Type", "Content-Length", "Cookie", "Host",
    "Idempotency-Key", "If-Modified-Since", "If-None-Match", "Last-Event-ID", "Origin", "Range", "Referer",
    "Traceparent", "Transfer-Encoding", "X-Forwarded-For", "X-Forwarded-Host", "X-HTTP-Method-Override", "X-Request-Id",
]  # fmt: skip
PATHS = [
    "/api/v1/orders", "/api/v1/events", "/api/v1/nowhere", "/api/schema", "/api/docs", "/healthz", "/metrics",
    "/admin/login/", "/", "/static/x",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_in09_nothing_odd_in_a_header_makes_an_error_on_our_side(
    web: Client, headers: dict[str, str], name: str
) -> None:
    variable = name.upper().replace("-", "_")
    variable = variable if variable in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{variable}"
    broken = []

    for path in PATHS:
        for host in ("north.localhost", "localhost", "nobody.localhost"):
            for value in ODD:
                environ = {"HTTP_HOST": host, variable: value}
                asked = headers if path.startswith("/api/") else {}
                answer = web.get(f"{path}?a=%ff&b=%00", headers=asked, environ_overrides=environ)
                if answer.status_code >= 500 or (
                    answer.status_code >= 400 and path.startswith("/api/") and answer.content_type != PROBLEM
                ):
                    broken.append((path, host, value[:20], answer.status_code, answer.content_type))

    assert broken == []


TURNED_AWAY = [
    (400, {"CONTENT_TYPE": "x; charset=zip"}),
    (411, chunked(b"", CONTENT_LENGTH="", **{"wsgi.input_terminated": False})),
    (413, {"CONTENT_LENGTH": str(LARGEST_BODY + 1)}),
    (404, {"HTTP_HOST": "nobody.localhost"}),
    (404, {"HTTP_HOST": "\xff"}),
    (404, {"PATH_INFO": "/api/v1/nowhere"}),
    (405, {"REQUEST_METHOD": "PUT"}),
    (401, {"HTTP_AUTHORIZATION": ""}),
]


@pytest.mark.parametrize(("status", "environ"), TURNED_AWAY)
@pytest.mark.parametrize("given", ["", "no id", "019340aa-0000-7000-8000-000000000001"])
def test_in09_every_answer_has_the_id_of_its_request(
    web: Client, headers: dict[str, str], status: int, environ: dict[str, Any], given: str
) -> None:
    answer = post(web, headers | {"X-Request-Id": given}, b"", environ_overrides=environ)

    ids = answer.headers.getlist("X-Request-Id")
    assert (answer.status_code, len(ids)) == (status, 1)
    assert UUID(ids[0])
    assert given not in {"019340aa-0000-7000-8000-000000000001"} - set(ids)


def test_in09_a_suspended_shop_answers_with_the_id(web: Client, headers: dict[str, str], shop: Tenant) -> None:
    with in_public_schema():
        Tenant.objects.filter(pk=shop.pk).update(status="SUSPENDED")
        host_cache.forget()
    try:
        answer = post(web, headers, b"")
    finally:
        host_cache.forget()

    assert (answer.status_code, answer.json["code"]) == (403, "tenant-suspended")
    assert UUID(answer.headers["X-Request-Id"])


def test_in09_what_is_refused_is_not_named_among_what_is_allowed(web: Client, headers: dict[str, str]) -> None:
    refused = web.options("/api/v1/orders", base_url="http://north.localhost", headers=headers)
    answered = web.get("/api/v1/orders", base_url="http://north.localhost", headers=headers)

    assert refused.status_code == 405
    assert refused.headers["Allow"] == answered.headers["Allow"] == "GET, POST, HEAD"


def test_a_request_that_is_let_in_reaches_django_as_it_came() -> None:
    seen: list[dict[str, Any]] = []
    environ = {"CONTENT_TYPE": "text/plain", "CONTENT_LENGTH": "5", "wsgi.input": io.BytesIO(b"hello")}

    Entrance(lambda environ, _start: seen.append(environ) or [b"done"])(environ, lambda *_: None)

    assert seen == [environ]
    assert environ["wsgi.input"].read() == b"hello"
