"""Nothing that is sent to the API makes an error on our side; and a key may do what its scopes name, and nothing else."""

import base64
import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from django.contrib.admin import site
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from kernel.ids import new_id
from staff.services import issue_api_key
from tenants.models import Tenant
from tests.support import make, people
from tests.support.document import is_for_terminals
from tests.support.terminal import terminal
from web.scopes import ALL_SCOPES
from web.throttles import DeviceThrottle

CURSORS = [
    base64.b64encode(cursor).decode() for cursor in (b"p=\0", b"p=x", b"p=99999999999999999999", b"o=-5&p=3", b"\xff")
]
QUERIES = ["%00", "%ED%A0%80", "9" * 40, "x", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00"]
PATHS = ["%00", "x", "%ED%A0%80", "9" * 40]
BODIES = [b"", b"null", b"[]", b'"x"', b"{", b"\xff", b"[" * 5000, b'{"id": NaN}', b'{"id": 1e400}']
VALUES = ["\0", "\ud800", 2**70, "x" * 70_000, [[]], None, "0001-01-01T00:00:00+14:00", "NaN"]
SAMPLES = {
    "uuid": str(new_id()), "date-time": "2026-11-25T00:00:00Z", "decimal": "1", "uri": "https://example.com/x",
    "integer": 1, "number": 1, "boolean": True,
}  # fmt: skip
WRITING = ("post", "put", "patch")
PARAMETER = re.compile(r"\{[^}]+\}")
Operation = tuple[str, str, dict[str, Any]]


@pytest.fixture(scope="module")
def document() -> Any:
    return SchemaGenerator(urlconf="config.urls", api_version="v1").get_schema(request=None, public=True)


@pytest.fixture
def token(shop: Tenant, monkeypatch: pytest.MonkeyPatch) -> str:  # noqa: ARG001
    monkeypatch.setattr(DeviceThrottle, "allow_request", lambda *_: True)
    make.variant()
    return terminal("north").headers["Authorization"]


@pytest.fixture
def key(shop: Tenant) -> str:  # noqa: ARG001
    return f"Bearer {issue_api_key(name='all', scopes=ALL_SCOPES)}"


def operations(document: Any) -> Iterator[Operation]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if not path.endswith("/stream"):
                yield method, path, operation


@cache
def client() -> Client:
    """The middleware is loaded once for thousands of requests."""
    return Client(raise_request_exception=False)


def ask(method: str, path: str, authorization: str, body: bytes = b"") -> int:
    client().cookies.clear()
    headers = {"Host": "north.localhost", "Authorization": authorization, "Idempotency-Key": str(new_id())}
    return client().generic(method.upper(), path, body, "application/json", headers=headers).status_code


def test_no_request_makes_an_error_on_our_side(document: Any, token: str, key: str) -> None:
    asked, broken = 0, []
    for method, path, operation in operations(document):
        authorization = token if is_for_terminals(operation) else key
        for url, body in hostile(method, path, operation, document["components"]["schemas"]):
            asked += 1
            if ask(method, url, authorization, body) >= 500:
                broken.append((method, url[:100], body[:60]))

    assert broken == []
    assert asked > 1000


def test_a_key_does_nothing_that_no_scope_names(document: Any, key: str) -> None:
    """Drawers, people and decisions are for terminals alone: no key has a scope for them."""
    refused = []
    for method, path, operation in operations(document):
        if operation["security"] == [{}]:
            continue
        status = ask(method, PARAMETER.sub(str(new_id()), path), key, b"{}")
        assert (status == 403) is not accepts_keys(operation), f"{method} {path}: {status}"
        refused += [path] if status == 403 else []

    assert {path.removeprefix("/api/v1/") for path in refused} == {
        "approvals", "device-sequence", "devices/self", "devices/self/heartbeat", "exceptions/{exception_id}/resolve",
        "held-commands/{command_id}/accept", "held-commands/{command_id}/reject", "parked-orders/{order_id}/claim",
        "parked-orders/{order_id}/release", "shifts", "shifts/current", "shifts/{shift_id}/cash-movements",
        "shifts/{shift_id}/close", "shifts/{shift_id}/no-sale", "shifts/{shift_id}/spot-counts",
        "shifts/{shift_id}/x-report", "shifts/{shift_id}/x-reports", "staff-sessions", "staff-sessions/current",
    }  # fmt: skip


VARIANTS_PRODUCT = "app_label=pos&model_name=variant&field_name=product"
# What a page of the admin is asked, and the parameters that are spoiled.
ADMIN: list[tuple[str, list[str]]] = [
    ("search/?", ["s"]),
    ("search/?s=a&", ["page", "extended"]),
    ("search/?s=a&extended=1&", ["page"]),
    (f"autocomplete/?{VARIANTS_PRODUCT}&", ["term", "page", "app_label", "model_name", "field_name"]),
    *((f"{page}?", ["next", "_popup"]) for page in ("", "jsi18n/", "login/", "password_change/", "pos/", "nowhere/")),
]
JUNK = [*QUERIES, "-1", "0", "99", "1.0", "a" * 3000, ""]


@pytest.mark.parametrize("host", [people.SHOP, people.PLATFORM])
def test_b2_no_request_to_the_admin_makes_an_error_on_our_side(shop: Tenant, host: str) -> None:
    make.variant()
    client = people.owner() if host == people.SHOP else people.operator()
    client.raise_request_exception = False
    lists = [f"{model._meta.app_label}/{model._meta.model_name}/" for model in site._registry]
    urls = [f"{asked}{name}={value}" for asked, names in ADMIN for name in names for value in JUNK]
    urls += [f"{page}{query}" for page in lists for query in ("?q=%00", "?p=x", "%00/change/", "x/history/")]

    answers = {url: client.get(f"/admin/{url}", headers={"Host": host}).status_code for url in urls}

    assert [url[:150] for url, status in answers.items() if status >= 500] == []
    assert {200, 302, 403, 404} <= set(answers.values())


def accepts_keys(operation: dict[str, Any]) -> bool:
    return any("apiKey" in scheme for scheme in operation["security"])


def hostile(method: str, path: str, operation: dict[str, Any], schemas: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    url = PARAMETER.sub(lambda _: str(new_id()), path)
    yield from ((PARAMETER.sub(junk, path), b"{}") for junk in PATHS if url != path)
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "query":
            junk = [*QUERIES, *(CURSORS if parameter["name"] == "cursor" else [])]
            yield from ((f"{url}?{parameter['name']}={value}", b"") for value in junk)
    if method in WRITING:
        yield from ((url, body) for body in BODIES)
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        for body in spoiled(sample(content["schema"], schemas)) if content else ():
            yield url, json.dumps(body).encode()


def sample(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """Make a body that is near to what is asked for."""
    while "$ref" in schema or "allOf" in schema or "oneOf" in schema:
        schema = (schema.get("allOf") or schema.get("oneOf") or [schema])[0]
        schema = schemas[schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "array":
        return [sample(schema["items"], schemas)]
    if kind == "object":
        fields = schema.get("properties", {}).items()
        return {name: sample(inner, schemas) for name, inner in fields if not inner.get("readOnly")}
    return SAMPLES.get(schema.get("format", ""), SAMPLES.get(kind, "x"))


def spoiled(body: Any) -> Iterator[Any]:
    """Put every bad value in every place of a body."""
    yield body
    if isinstance(body, dict):
        for name, inner in body.items():
            yield from ({**body, name: value} for value in VALUES)
            yield from ({**body, name: value} for value in spoiled(inner) if isinstance(inner, (dict, list)))
    elif isinstance(body, list) and body:
        yield body * 300
        yield from ([value] for value in spoiled(body[0]))
