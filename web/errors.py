"""Errors of the conversation with the API, as RFC 9457 names them."""

from typing import Any

from django.db.utils import OperationalError
from rest_framework import exceptions

TYPE_PREFIX = "urn:tillflow:problem:"
CONTENT_TYPE = "application/problem+json"


class ApiProblem(exceptions.APIException):
    """An error of the conversation itself: a missing header, a token of another tenant.

    :param members: extension members of the problem; `retry_after` (seconds) is answered as `Retry-After` as well.
    """

    def __init__(self, status_code: int, code: str, detail: str, **members: Any) -> None:
        super().__init__(detail, code)
        self.status_code = status_code
        self.problem_code = code
        self.members = members


def sqlstate_of(error: OperationalError) -> str:
    """Return PostgreSQL's code of an error; empty, where the error is not the server's."""
    return getattr(error.__cause__, "sqlstate", "") or ""


def title_of(code: str) -> str:
    return code.replace("-", " ").capitalize()


def problem(status: int, code: str, detail: str, path: str, **members: Any) -> dict[str, Any]:
    """Write a problem document. :param members: its extension members, and `title` where it is not the code's."""
    return {
        "type": TYPE_PREFIX + code,
        "title": members.pop("title", title_of(code)),
        "status": status,
        "detail": detail,
        "instance": path,
        "code": code,
        **members,
    }
