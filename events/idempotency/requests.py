"""Requests that take effect once: the Idempotency-Key header, committed with the effect."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db.utils import OperationalError
from rest_framework.request import Request
from rest_framework.response import Response

from events.idempotency import keys
from events.log.causes import acting_as
from events.publishing.unit_of_work import unit_of_work
from web.encoded import Encoded, encoded
from web.errors import ApiProblem, sqlstate_of
from web.places import named_place
from web.scopes import actor_of

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEY = re.compile(r'^"?([A-Za-z0-9_-]{8,64})"?$')
LONGEST_WAIT = "5s"
LOCK_NOT_AVAILABLE = "55P03"


@dataclass(kw_only=True)
class Claim:
    """A request's claim to its key. :param fingerprint: names what the request asks, whatever its key."""

    scope: str
    key: str
    fingerprint: str
    _response: Response | None = None

    @property
    def is_new(self) -> bool:
        """Whether the request has no answer yet: let it take effect, and answer it."""
        return self._response is None

    @property
    def response(self) -> Response:
        """The answer: of now, or of the time when the request came first."""
        assert self._response is not None, "the request took effect without an answer, so it is rolled back"
        return self._response

    def answer(self, data: Any, *, status: int = 200) -> None:
        """Answer the request, and store the answer with its effect: the bytes that are sent are those that are stored.

        :param data: what a serializer has made, or JSON as bytes.
        """
        assert self.is_new, "the request was answered before: its effect must not happen again"
        body = encoded(data)
        keys.remember(self.scope, self.key, status=status, body=body.decode())
        self._response = Encoded(body, status=status)

    def answer_again(self, data: Any, *, status: int) -> None:
        """Answer what the request was answered when it came first, and say so."""
        self._response = Encoded(encoded(data), status=status, headers={REPLAYED: "true"})


@contextmanager
def claimed(request: Request, scope: str) -> Iterator[Claim]:
    """Let a request take effect once, however often it comes: in one unit of work with its answer.

    A refusal is not stored: it changed nothing, and the same request is judged again.

    :raises ApiProblem: when the header is missing or malformed, or the first request still runs after five seconds.
    :raises IdempotencyKeyReused: when the key belongs to another request.
    """
    fingerprint = keys.fingerprint_of(str(request.method), request.path + named_place(request), request.data)
    claim = Claim(scope=scope, key=_key(request), fingerprint=fingerprint)
    with acting_as(actor_of(request)), unit_of_work():
        earlier = _claim(claim)
        if earlier:
            claim.answer_again(earlier.body, status=earlier.status)
        yield claim
        _ = claim.response


def _key(request: Request) -> str:
    header = request.headers.get(HEADER)
    if not header:
        raise ApiProblem(400, "idempotency-key-missing", f"This request moves money or stock: it needs an {HEADER}.")
    matched = KEY.match(header)
    if not matched:
        raise ApiProblem(400, "idempotency-key-invalid", f"The {HEADER} is 8 to 64 letters, digits, - and _.")
    return matched.group(1)


def _claim(claim: Claim) -> keys.Answer | None:
    try:
        return keys.claim(claim.scope, claim.key, claim.fingerprint, patience=LONGEST_WAIT)
    except OperationalError as error:
        if sqlstate_of(error) != LOCK_NOT_AVAILABLE:
            raise
        detail = "The first request with this key is still being worked on."
        raise ApiProblem(409, "idempotency-in-progress", detail, retry_after=1) from error
