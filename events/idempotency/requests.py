"""Requests that take effect once: the Idempotency-Key header, committed with the effect."""

import json
import re
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.db.utils import OperationalError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from events.idempotency import keys
from events.log.causes import acting_as
from events.publishing.unit_of_work import unit_of_work
from web.errors import ApiProblem
from web.terminal import terminal_of

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEY = re.compile(r'^"?([A-Za-z0-9_-]{8,64})"?$')
LONGEST_WAIT = "5s"
LOCK_NOT_AVAILABLE = "55P03"
DEADLOCK = "40P01"
DEADLOCK_RETRIES = 2


def idempotent(request: Request, scope: str, effect: Callable[[str], Response]) -> Response:
    """Answer a request once, however often it comes; the effect is given the request's fingerprint.

    A refusal is not stored: it changed nothing, and the same request is judged anew.

    :raises ApiProblem: when the header is missing or malformed, or the first request still runs after five seconds.
    :raises IdempotencyKeyReused: when the key belongs to another request.
    """
    key = _key(request)
    fingerprint = keys.fingerprint_of(str(request.method), request.path, request.data)
    for _ in range(DEADLOCK_RETRIES):
        try:
            return _answer(request, scope, key, fingerprint, effect)
        except OperationalError as error:
            if _sqlstate(error) != DEADLOCK:
                raise
    return _answer(request, scope, key, fingerprint, effect)


def _answer(request: Request, scope: str, key: str, fingerprint: str, effect: Callable[[str], Response]) -> Response:
    with acting_as(terminal_of(request).actor), unit_of_work():
        answer = _claim(scope, key, fingerprint)
        if answer is None:
            response = effect(fingerprint)
            keys.remember(scope, key, keys.Answer(status=response.status_code, body=_plain(response)))
            return response
    return Response(answer.body, status=answer.status, headers={REPLAYED: "true"})


def _key(request: Request) -> str:
    header = request.headers.get(HEADER)
    if not header:
        raise ApiProblem(400, "idempotency-key-missing", f"This request moves money or stock: it needs an {HEADER}.")
    matched = KEY.match(header)
    if not matched:
        raise ApiProblem(400, "idempotency-key-invalid", f"The {HEADER} is 8 to 64 letters, digits, - and _.")
    return matched.group(1)


def _claim(scope: str, key: str, fingerprint: str) -> keys.Answer | None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LONGEST_WAIT}'")
    try:
        return keys.claim(scope, key, fingerprint)
    except OperationalError as error:
        if _sqlstate(error) != LOCK_NOT_AVAILABLE:
            raise
        detail = "The first request with this key is still being worked on."
        raise ApiProblem(409, "idempotency-in-progress", detail, retry_after=1) from error


def _sqlstate(error: OperationalError) -> str:
    return getattr(error.__cause__, "sqlstate", "") or ""


def _plain(response: Response) -> Any:
    """The body as JSON types, as the client will see it."""
    return json.loads(JSONRenderer().render(response.data))
