"""RFC 9457 problems: the one shape of every error that the API answers."""

import re
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import Http404
from psycopg.errors import NumericValueOutOfRange, UniqueViolation
from rest_framework import exceptions, status
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import exception_handler

from kernel.refusals import Refusal
from web.errors import CONTENT_TYPE, ApiProblem, problem, title_of

MOST_ERRORS = 100
SAID_ERRORS = 3
_NO_ROW = re.compile(r"No (\w+) matches the given query")


class Problem(Response):
    """A problem document: JSON, whatever else the view renders."""

    @property
    def rendered_content(self) -> Any:
        self.accepted_renderer, self.accepted_media_type = JSONRenderer(), JSONRenderer.media_type
        return super().rendered_content


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn an error into its problem document; None for a bug, which rises."""
    path = context["request"].path
    if isinstance(error, Refusal):
        return _response(error.status, error.code, error.title, error.detail, path, error.details)
    if isinstance(error, ApiProblem):
        code = error.problem_code
        return _response(error.status_code, code, title_of(code), str(error.detail), path, error.members)
    if isinstance(error, DatabaseError):
        return _database_response(error.__cause__, path)
    if isinstance(error, Http404):
        error = exceptions.NotFound(_missing(error, context.get("kwargs") or {}))
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    answered = exception_handler(error, context)
    if answered is None or not isinstance(error, exceptions.APIException):
        return None
    members: dict[str, Any] = {}
    detail = _sentence(error, context)
    if isinstance(error, exceptions.ValidationError):
        members["errors"] = list(islice(_pointed(error.detail, ""), MOST_ERRORS))
        detail = _in_words(members["errors"][:SAID_ERRORS])
    code = _CODES.get(type(error), "request-refused")
    response = _response(_status(error, answered), code, title_of(code), detail, path, members)
    for name in ("Retry-After", "WWW-Authenticate", "Allow"):
        if name in answered:
            response[name] = answered[name]
    return response


def _sentence(error: exceptions.APIException, context: dict[str, Any]) -> str:
    if isinstance(error, exceptions.MethodNotAllowed):
        allowed = ", ".join(context["view"].allowed_methods)
        return f"{context['request'].method} is not answered at this path; {allowed} are."
    if isinstance(error, exceptions.NotAcceptable):
        forms = ", ".join(dict.fromkeys(each.media_type for each in error.available_renderers or ()))
        return f"Nothing that `Accept` names is answered here; {forms} is: leave the header out, or name it."
    return str(error.detail)


def _missing(error: Http404, names: Mapping[str, Any]) -> str:
    """Say what there is not: Django names the class of the row, and the path its id."""
    row = _NO_ROW.match(str(error))
    if row is None or len(names) != 1:
        return "There is no such row in this shop: check the id in the path."
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", row[1]).lower()
    return f"This shop has no {words} {next(iter(names.values()))}: check the id in the path."


def _database_response(cause: BaseException | None, path: str) -> Response | None:
    """Answer what only the database can see of a request: an id that exists, a sum that is too large."""
    if isinstance(cause, UniqueViolation):
        detail = f"Nothing was recorded. {cause.diag.message_detail} (in {cause.diag.table_name})"
        return _response(status.HTTP_409_CONFLICT, "already-exists", "Already exists", detail, path, {})
    if isinstance(cause, NumericValueOutOfRange):
        detail = f"Nothing was recorded. A resulting number is too large: {cause.diag.message_primary}."
        code = "number-too-large"
        return _response(status.HTTP_422_UNPROCESSABLE_ENTITY, code, "Number too large", detail, path, {})
    return None


def _response(  # noqa: PLR0917 - the members of a problem, in their order
    status_code: int, code: str, title: str, detail: str, path: str, members: dict[str, Any]
) -> Response:
    document = problem(status_code, code, detail, path, title=title, **members)
    headers = {"Retry-After": str(members["retry_after"])} if "retry_after" in members else None
    return Problem(document, status=status_code, headers=headers, content_type=CONTENT_TYPE)


def _status(error: exceptions.APIException, answered: Response) -> int:
    if isinstance(error, exceptions.ValidationError):
        return status.HTTP_422_UNPROCESSABLE_ENTITY
    return answered.status_code


_CODES: dict[type[exceptions.APIException], str] = {
    exceptions.ValidationError: "validation-failed",
    exceptions.ParseError: "malformed-json",
    exceptions.NotAuthenticated: "device-token-missing",
    exceptions.AuthenticationFailed: "device-token-invalid",
    exceptions.PermissionDenied: "permission-denied",
    exceptions.NotFound: "not-found",
    exceptions.MethodNotAllowed: "method-not-allowed",
    exceptions.UnsupportedMediaType: "unsupported-media-type",
    exceptions.NotAcceptable: "not-acceptable",
    exceptions.Throttled: "rate-limited",
}


def first_errors(error: exceptions.ValidationError) -> str:
    """Say in a sentence what is wrong first in a body, and where."""
    return _in_words(islice(_pointed(error.detail, ""), SAID_ERRORS))


def _in_words(errors: Iterable[Mapping[str, str]]) -> str:
    return "; ".join(f"{each['pointer'] or '/'}: {each['detail']}" for each in errors)


def _pointed(detail: Any, pointer: str) -> Any:
    """Give each message of a nested validation error its JSON pointer (RFC 6901)."""
    if isinstance(detail, dict):
        for key, inner in detail.items():
            step = "" if key == "non_field_errors" else "/" + str(key)[:80].replace("~", "~0").replace("/", "~1")
            yield from _pointed(inner, pointer + step)
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, (dict, list))
            yield from _pointed(inner, f"{pointer}/{index}" if nested else pointer)
    else:
        yield {"pointer": pointer, "code": getattr(detail, "code", "invalid"), "detail": str(detail)}
