"""What the API's document says of problems and headers: each code once, with an example."""

from collections.abc import Iterator, Mapping
from typing import Any

from drf_spectacular.plumbing import ComponentRegistry, ResolvedComponent

from kernel.limits import LARGEST_BODY
from web.errors import CONTENT_TYPE, problem, title_of
from web.operations import Operation

Codes = Mapping[int, tuple[str, ...]]

ALWAYS: Codes = {
    400: ("unknown-parameter", "repeated-parameter", "unsupported-charset"),
    401: ("device-token-missing", "device-token-invalid", "device-revoked", "device-token-expired"),
    403: ("permission-denied", "tenant-mismatch", "tenant-suspended"),
    404: ("not-found",),
    406: ("not-acceptable",),
    429: ("rate-limited",),
    500: ("internal",),
    503: ("shop-busy",),
}
OF_PAGES: Codes = {400: ("cursor-invalid",), 422: ("validation-failed",)}
OF_QUERIES: Codes = {422: ("validation-failed",)}
OF_WRITING: Codes = {
    400: ("malformed-json", "repeated-member", "malformed-body"),
    401: ("staff-session-required", "staff-session-ended"),
    411: ("length-required",),
    413: ("body-too-large",),
    415: ("unsupported-media-type",),
    422: ("validation-failed",),
}
OF_BODIES: Codes = {409: ("already-exists",), 422: ("number-too-large",)}
OF_KEYS: Codes = {
    400: ("idempotency-key-missing", "idempotency-key-invalid"),
    409: ("idempotency-in-progress",),
    422: ("idempotency-key-reused",),
}

DETAILS = {
    "already-exists": "Nothing was recorded. Key (id)=(019340aa-…) already exists. (in pos_orderline)",
    "body-too-large": f"A body has at most {LARGEST_BODY} bytes: send less at once.",
    "cursor-invalid": "This is no cursor: follow the `next` and `previous` that a page has given.",
    "device-token-invalid": "Unknown or revoked device token.",
    "idempotency-in-progress": "The first request with this key is still being worked on.",
    "idempotency-key-missing": "This request moves money or stock: it needs an Idempotency-Key.",
    "malformed-json": "JSON parse error - Expecting value: line 1 column 1 (char 0)",
    "repeated-member": "The member 'quantity' is given twice in one object.",
    "tenant-mismatch": "This token belongs to another shop than the one at this host.",
    "unknown-parameter": "There is no parameter 'colour' here; known are cursor, limit.",
    "unsupported-charset": "The charset 'zip' cannot be read here: send UTF-8.",
    "validation-failed": "/lines/0/quantity: Ensure that there are no more than 3 decimal places.",
}
MEMBERS: dict[str, dict[str, Any]] = {
    "live-feeds-full": {"retry_after": 5},
    "shop-busy": {"retry_after": 1},
    "variant-not-heard-of": {"retry_after": 1},
    "idempotency-in-progress": {"retry_after": 1},
    "repeated-member": {"member": "quantity"},
    "unknown-parameter": {"parameter": "colour"},
    "validation-failed": {
        "errors": [
            {
                "pointer": "/lines/0/quantity",
                "code": "max_decimal_places",
                "detail": "Ensure that there are no more than 3 decimal places.",
            }
        ]
    },
}

_CURSOR = {"type": ["integer", "string"]}
PROBLEM = {
    "type": "object",
    "description": "RFC 9457. `code` is the last part of `type`; what stands beside it depends on the code.",
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "The path of the request"},
        "code": {"type": "string"},
        "errors": {
            "type": "array",
            "description": "What is wrong, and where",
            "items": {"$ref": "#/components/schemas/ProblemError"},
        },
        "retry_after": {"type": "integer", "description": "Seconds, as in Retry-After"},
        "parameter": {"type": "string", "description": "The parameter that was refused"},
        "member": {"type": "string", "description": "The member that was given twice"},
        "resume_after": {**_CURSOR, "description": "Give this as `after` to go on"},
        "epoch": {"type": "integer", "description": "The log's epoch now"},
        "withdrawn_after": {
            "type": "integer",
            "description": "What was read after this position does not exist any more",
        },
        "dropped_up_to": {"type": "integer", "description": "The last position that is in archives only"},
    },
    "required": ["type", "title", "status", "detail", "instance", "code"],
    "additionalProperties": True,
}
PROBLEM_ERROR = {
    "type": "object",
    "properties": {
        "pointer": {"type": "string", "description": "RFC 6901, from the body's root; empty for all of it"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
    },
    "required": ["pointer", "code", "detail"],
}
HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-Id": {
        "description": "The request's own id, or one that was made; events that it causes carry it",
        "schema": {"type": "string", "format": "uuid"},
    },
    "Retry-After": {
        "description": "Seconds until it is worth asking again",
        "schema": {"type": "integer", "minimum": 0},
    },
    "WWW-Authenticate": {"description": "How to authenticate", "schema": {"type": "string"}},
    "Idempotency-Replayed": {
        "description": "The request had taken effect before, and this is its answer",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "ETag": {"description": "Names this answer: see If-None-Match", "schema": {"type": "string"}},
    "Deprecation": {
        "description": "RFC 9745: the request used a name that was renamed, and that goes with the next release",
        "schema": {"type": "string"},
    },
}


def add_components(registry: ComponentRegistry) -> None:
    """Bring in the components that every operation refers to."""
    _add(registry, "Problem", ResolvedComponent.SCHEMA, PROBLEM)
    _add(registry, "ProblemError", ResolvedComponent.SCHEMA, PROBLEM_ERROR)
    for name, header in HEADERS.items():
        _add(registry, name, ResolvedComponent.HEADER, header)


def problems_of(operation: Operation, *, method: str) -> dict[int, dict[str, str]]:
    """Return the title of every problem that an operation may answer, by status and code."""
    titles: dict[int, dict[str, str]] = {}
    for kind in _kinds(operation, method=method):
        for status, codes in kind.items():
            titles.setdefault(status, {}).update({code: title_of(code) for code in codes})
    for refusal in operation.refuses:
        titles.setdefault(refusal.status, {})[refusal.code] = refusal.title
    return dict(sorted(titles.items()))


def _kinds(operation: Operation, *, method: str) -> Iterator[Codes]:
    yield ALWAYS
    if operation.paged:
        yield OF_PAGES
    if operation.query:
        yield OF_QUERIES
    if method != "GET":
        yield OF_WRITING
    if operation.body:
        yield OF_BODIES
    if operation.keyed:
        yield OF_KEYS
    if operation.at:
        yield {422: tuple(f"{operation.at}-{wrong}" for wrong in ("missing", "unknown", "not-its-own"))}
    yield {status: tuple(codes) for status, codes in operation.problems.items()}


def problem_answer(registry: ComponentRegistry, status: int, titles: Mapping[str, str]) -> dict[str, Any]:
    """Describe the answer of one status: its problems by code, each with an example."""
    for code, title in titles.items():
        example = problem(
            status, code, DETAILS.get(code, f"{title}."), "/api/v1/…", title=title, **MEMBERS.get(code, {})
        )
        _add(registry, f"{status}-{code}", ResolvedComponent.EXAMPLE, {"summary": title, "value": example})
    headers = ["X-Request-Id"]
    headers += ["WWW-Authenticate"] if status == 401 else ["Retry-After"] if status in {409, 429, 503} else []
    return {
        "description": "; ".join(f"`{code}`: {title}" for code, title in titles.items()),
        "headers": references(headers),
        "content": {
            CONTENT_TYPE: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {code: {"$ref": f"#/components/examples/{status}-{code}"} for code in titles},
            }
        },
    }


def references(headers: list[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in headers}


def _add(registry: ComponentRegistry, name: str, kind: str, schema: dict[str, Any]) -> None:
    registry.register_on_missing(ResolvedComponent(name=name, type=kind, schema=schema, object=name))
